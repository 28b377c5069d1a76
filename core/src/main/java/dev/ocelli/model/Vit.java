package dev.ocelli.model;

import dev.ocelli.UserError;
import dev.ocelli.nn.Attention;
import dev.ocelli.nn.LayerNorm;
import dev.ocelli.nn.Linear;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.nn.Weights;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Vision transformers: ViT (Dosovitskiy et al. 2021) and DINOv2 (Oquab et al. 2023), which differs by names, a learnt scale after each
 * branch, and positions interpolated to the picture's size.
 *
 * <pre>
 *   pixels [batch, 3, height, width] → patches → + class token, positions → layers → norm → [batch, 1 + patches, hidden]
 * </pre>
 *
 * Names and arithmetic are those of transformers' {@code ViTModel} and {@code Dinov2Model}.
 */
public final class Vit implements VisionEncoder {
  /** Which of the two. */
  public enum Family {
    VIT,
    DINOV2
  }

  /**
   * @param image side of the square that the position table was trained for, in pixels
   * @param patch side of a patch, in pixels
   */
  public record Config(
      Family family, int hidden, int layers, int heads, int intermediate, int image, int patch, double epsilon) {}

  /** The scales are null for ViT. */
  private record Layer(
      LayerNorm before, Linear queryKeyValue, Linear out, Tensor scale1, LayerNorm after, Linear in, Linear project, Tensor scale2) {
    Tensor apply(Tensor x, long heads) {
      var qkv = queryKeyValue.apply(before.apply(x)).chunk(3, -1);
      Tensor seen = Attention.heads(qkv.get(0), qkv.get(1), qkv.get(2), heads, null);
      Tensor y = scaled(out.apply(seen), scale1).add(x);
      return scaled(project.apply(torch.gelu(in.apply(after.apply(y)))), scale2).add(y);
    }

    private static Tensor scaled(Tensor x, Tensor scale) {
      return scale == null ? x : x.mul(scale);
    }
  }

  private final Config config;
  private final EncoderLayers seen;
  private final CountedWeights counted;
  private final Tensor classToken;
  private final Tensor positions;
  private final Linear patches;
  private final List<Layer> layers = new ArrayList<>();
  private final LayerNorm norm;

  /** @param seen which layers the features are of */
  public Vit(Config config, EncoderLayers seen, Weights source) {
    if (seen.last() > config.layers()) {
      throw UserError.of("features.layers is %d, but the encoder has %d layers. Ask for fewer.", seen.last(), config.layers());
    }
    this.config = config;
    this.seen = seen;
    counted = new CountedWeights(source);
    Weights weights = counted;
    int d = config.hidden();
    int p = config.patch();
    int side = config.image() / p;
    classToken = weights.get(Weights.Kind.TABLE, "embeddings.cls_token", 1, 1, d);
    positions = weights.get(Weights.Kind.TABLE, "embeddings.position_embeddings", 1, 1 + (long) side * side, d);
    Tensor kernel = weights.get(Weights.Kind.MATRIX, "embeddings.patch_embeddings.projection.weight", d, 3, p, p);
    patches = new Linear(kernel, weights.get(Weights.Kind.BIAS, "embeddings.patch_embeddings.projection.bias", d));
    for (int i = 0; i < config.layers(); i++) {
      layers.add(layer("encoder.layer." + i + ".", weights));
    }
    norm = weights.layerNorm("layernorm", d, config.epsilon());
  }

  private Layer layer(String at, Weights weights) {
    int d = config.hidden();
    boolean dino = config.family() == Family.DINOV2;
    String attention = at + "attention.attention.";
    return new Layer(
        weights.layerNorm(at + (dino ? "norm1" : "layernorm_before"), d, config.epsilon()),
        weights.linears(d, new long[] {d, d, d}, attention + "query", attention + "key", attention + "value"),
        weights.linear(at + "attention.output.dense", d, d),
        dino ? weights.get(Weights.Kind.SCALE, at + "layer_scale1.lambda1", d) : null,
        weights.layerNorm(at + (dino ? "norm2" : "layernorm_after"), d, config.epsilon()),
        weights.linear(at + (dino ? "mlp.fc1" : "intermediate.dense"), d, config.intermediate()),
        weights.linear(at + (dino ? "mlp.fc2" : "output.dense"), config.intermediate(), d),
        dino ? weights.get(Weights.Kind.SCALE, at + "layer_scale2.lambda1", d) : null);
  }

  @Override
  public long parameters() {
    return counted.total();
  }

  @Override
  public int hidden() {
    return seen.width() * config.hidden();
  }

  @Override
  public EncoderLayers layers() {
    return seen;
  }

  @Override
  public float[] onPatches(float[] tokens) {
    int each = tokens.length / seen.rounds();
    float[] patches = new float[each - 1];
    for (int i = 0; i < tokens.length; i++) {
      if (i % each > 0) {
        patches[i % each - 1] += tokens[i];
      }
    }
    return patches;
  }

  @Override
  public Tensor forward(Tensor pixels) {
    ScalarType type = Tensors.type(patches.weight());
    long rows = pixels.size(2) / config.patch();
    long columns = pixels.size(3) / config.patch();
    return Scope.of(
        () -> {
          Tensor x = torch.add(Tensors.cat(1, classToken.to(type).expand(pixels.size(0), -1, -1), embed(pixels.to(type), rows, columns)),
              positionsFor(rows, columns).to(type));
          List<Tensor> last = new ArrayList<>();
          for (int i = 0; i < layers.size(); i++) {
            Layer layer = layers.get(i);
            Tensor in = x;
            x = Scope.of(() -> layer.apply(in, config.heads()));
            if (i >= layers.size() - seen.last()) {
              last.add(norm.apply(x));
            }
          }
          return seen.join(last);
        });
  }

  @Override
  public Grid grid(int height, int width) {
    return new Grid(1, height / config.patch(), width / config.patch(), config.patch());
  }

  /** Each patch as one row, times the kernel as one matrix: the convolution with stride and size of a patch. */
  private Tensor embed(Tensor pixels, long rows, long columns) {
    int p = config.patch();
    Tensor cut =
        pixels.narrow(2, 0, rows * p).narrow(3, 0, columns * p).reshape(pixels.size(0), 3, rows, p, columns, p)
            .permute(0, 2, 4, 1, 3, 5)
            .reshape(pixels.size(0), rows * columns, 3L * p * p);
    return new Linear(patches.weight().flatten(1, -1), patches.bias()).apply(cut);
  }

  /** The position table for a grid of patches: {@code [1, 1 + rows * columns, hidden]}, bicubic where the size differs from training. */
  private Tensor positionsFor(long rows, long columns) {
    long side = config.image() / config.patch();
    if (rows == side && columns == side) {
      return positions;
    }
    Tensor grid = positions.narrow(1, 1, side * side).to(ScalarType.Float).reshape(1, side, side, config.hidden()).permute(0, 3, 1, 2);
    Tensor resized =
        torch.upsample_bicubic2d(grid, new long[] {rows, columns}, false, new DoubleOptional(), new DoubleOptional());
    return Tensors.cat(
        1, positions.narrow(1, 0, 1).to(ScalarType.Float), resized.permute(0, 2, 3, 1).reshape(1, rows * columns, config.hidden()));
  }
}
