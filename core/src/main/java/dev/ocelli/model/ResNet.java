package dev.ocelli.model;

import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.nn.Weights;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * ResNet with bottleneck blocks (He et al. 2016), stride in the 3 x 3 convolution: transformers' {@code ResNetModel}. The last map's places
 * are its feature vectors: a 224 x 224 photo gives 49 of 2,048.
 */
public final class ResNet implements VisionEncoder {
  /**
   * @param embedding channels after the first convolution
   * @param sizes channels after each stage
   * @param depths blocks in each stage
   */
  public record Config(int embedding, int[] sizes, int[] depths) {}

  /** Convolution without bias, then batch norm by its running statistics (which is an affine map per channel), then ReLU or nothing. */
  private record Convolution(Tensor kernel, Tensor scale, Tensor shift, Tensor mean, Tensor variance, long stride, boolean relu) {
    Tensor apply(Tensor x) {
      long padding = kernel.size(2) / 2;
      Tensor y =
          torch.conv2d(
              x, kernel, new TensorOptional(), new long[] {stride, stride}, new long[] {padding, padding}, new long[] {1, 1}, 1);
      y =
          torch.batch_norm(
              y, new TensorOptional(scale), new TensorOptional(shift), new TensorOptional(mean), new TensorOptional(variance), false, 0,
              1e-5, false);
      return relu ? torch.relu(y) : y;
    }
  }

  private record Block(Convolution shortcut, Convolution reduce, Convolution middle, Convolution widen) {
    Tensor apply(Tensor x) {
      Tensor branch = widen.apply(middle.apply(reduce.apply(x)));
      return torch.relu(branch.add(shortcut == null ? x : shortcut.apply(x)));
    }
  }

  private final Config config;
  private final CountedWeights counted;
  private final Convolution first;
  private final List<Block> blocks = new ArrayList<>();

  public ResNet(Config config, Weights source) {
    this.config = config;
    counted = new CountedWeights(source);
    Weights weights = counted;
    first = convolution("embedder.embedder", weights, 3, config.embedding(), 7, 2, true);
    int in = config.embedding();
    for (int stage = 0; stage < config.sizes().length; stage++) {
      int out = config.sizes()[stage];
      for (int i = 0; i < config.depths()[stage]; i++) {
        String at = "encoder.stages." + stage + ".layers." + i + ".";
        int stride = i == 0 && stage > 0 ? 2 : 1;
        boolean shortcut = i == 0 && (in != out || stride != 1);
        blocks.add(
            new Block(
                shortcut ? convolution(at + "shortcut", weights, in, out, 1, stride, false) : null,
                convolution(at + "layer.0", weights, in, out / 4, 1, 1, true),
                convolution(at + "layer.1", weights, out / 4, out / 4, 3, stride, true),
                convolution(at + "layer.2", weights, out / 4, out, 1, 1, false)));
        in = out;
      }
    }
  }

  private static Convolution convolution(String at, Weights weights, int in, int out, int size, int stride, boolean relu) {
    String norm = at + ".normalization.";
    return new Convolution(
        weights.get(Weights.Kind.MATRIX, at + ".convolution.weight", out, in, size, size),
        weights.get(Weights.Kind.SCALE, norm + "weight", out),
        weights.get(Weights.Kind.SHIFT, norm + "bias", out),
        weights.get(Weights.Kind.SHIFT, norm + "running_mean", out),
        weights.get(Weights.Kind.SCALE, norm + "running_var", out),
        stride,
        relu);
  }

  @Override
  public long parameters() {
    return counted.total();
  }

  @Override
  public int hidden() {
    return config.sizes()[config.sizes().length - 1];
  }

  @Override
  public Grid grid(int height, int width) {
    // The first convolution and the pooling halve it, and each stage but the first.
    int side = 4 << config.sizes().length - 1;
    return new Grid(0, (height + side - 1) / side, (width + side - 1) / side, side);
  }

  @Override
  public EncoderLayers layers() {
    return EncoderLayers.LAST;
  }

  @Override
  public float[] onPatches(float[] tokens) {
    return tokens.clone();
  }

  @Override
  public Tensor forward(Tensor pixels) {
    ScalarType type = Tensors.type(first.kernel());
    return Scope.of(
        () -> {
          Tensor x = first.apply(pixels.to(type));
          x = torch.max_pool2d(x, new long[] {3, 3}, new long[] {2, 2}, new long[] {1, 1}, new long[] {1, 1}, false);
          for (Block block : blocks) {
            Tensor in = x;
            x = Scope.of(() -> block.apply(in));
          }
          return x.flatten(2, 3).transpose(1, 2).contiguous();
        });
  }
}
