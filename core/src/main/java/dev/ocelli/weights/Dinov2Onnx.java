package dev.ocelli.weights;

import dev.ocelli.UserError;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A DINOv2 encoder in ONNX under the names of the hub's {@code facebook/dinov2-*} checkpoints ({@code
 * encoder.layer.0.attention.attention.query.weight} and so on; transformers 5 calls that one {@code attention.q_proj} once loaded and
 * maps the name while loading). Whatever follows {@code backbone.layernorm} in the graph is left out, as is the mask token, which the
 * export lacks.
 *
 * <p>What was found in {@code vit_s_focus.onnx} (PyTorch 2.7 export, opset 14, fp32):
 *
 * <ul>
 *   <li>Nothing is folded but the split of the position table: the class token is {@code backbone.embeddings.cls_token}; position 0
 *       is the constant that is concatenated before the resized table ({@code onnx::Concat_1957}, [1, 1, 384]); positions 1 to 1369 are
 *       {@code onnx::Reshape_1962}, row-major over a 37 x 37 grid, unresized.
 *   <li>Layer norms keep weight and bias (epsilon 1e-6), layer scales are separate, GELU is the exact one (erf), q and k are each scaled by
 *       64^-0.25 before their product.
 *   <li>Positions are resized inside the graph to (height / 14, width / 14) by bicubic interpolation with A = -0.75, half-pixel centres,
 *       the target size given (no scale factor with the historic +0.1), no antialiasing, in fp32: that is PyTorch's {@code
 *       interpolate(size=(16, 16), mode="bicubic", align_corners=False)}, which current transformers calls too. At 224 x 224
 *       the relative norm of the difference of the resized tables was 5.8e-8; scale factors with +0.1 gave 6.5e-2, antialiasing 2.2e-1.
 *   <li>The features of transformers' Dinov2Model (5.23, fp32) with these tensors differed from those of onnxruntime by 7.6e-7 in
 *       relative norm; with +0.1 by 4.1e-3, with antialiasing by 1.5e-2.
 * </ul>
 */
public final class Dinov2Onnx {
  private static final String PREFIX = "backbone.";
  private static final String POSITIONS = "embeddings.position_embeddings";
  private static final int HEAD = 64;

  private Dinov2Onnx() {}

  /**
   * A view of the file; closing it closes the file. Position embeddings are {@code [1, 1 + grid * grid, hidden]}, class first.
   *
   * @throws UserError where the file holds no such encoder
   */
  public static TensorFile asTransformers(Onnx file) {
    Map<String, TensorView.Entry> entries = new LinkedHashMap<>();
    for (String name : file.names()) {
      if (name.endsWith("register_tokens")) {
        throw UserError.of("%s holds a DINOv2 with registers (%s); one without is read.", file.path(), name);
      }
      if (name.startsWith(PREFIX)) {
        String ours = name.substring(PREFIX.length());
        entries.put(ours, TensorView.Entry.renamed(file, name, ours));
      }
    }
    entries.put(POSITIONS, positions(file));
    return new TensorView(file.path(), entries, file.metadata(), List.of(file));
  }

  /** A config as transformers' {@code config.json} would hold it: sizes are read off the tensors, the rest is every DINOv2's. */
  public static Map<String, Object> config(Onnx file) {
    long[] patches = file.info(PREFIX + "embeddings.patch_embeddings.projection.weight").shape();
    if (patches.length != 4 || patches[0] < HEAD || patches[0] % HEAD != 0 || patches[0] > 1 << 16 || patches[2] > 1 << 10) {
      throw UserError.of("%s has patches of %s; [hidden, 3, size, size] with hidden a multiple of %d is read.",
          file.path(), file.info(PREFIX + "embeddings.patch_embeddings.projection.weight").shapeText(), HEAD);
    }
    int hidden = (int) patches[0];
    int layers = 0;
    while (file.names().contains(PREFIX + "encoder.layer." + layers + ".norm1.weight")) {
      layers++;
    }
    long grid = Math.round(Math.sqrt(positions(file).info().shape()[1] - 1));
    long inner = file.info(PREFIX + "encoder.layer.0.mlp.fc1.weight").shape()[0];
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("model_type", "dinov2");
    out.put("hidden_size", hidden);
    out.put("num_hidden_layers", layers);
    out.put("num_attention_heads", hidden / HEAD);
    out.put("mlp_ratio", (int) (inner / hidden));
    out.put("hidden_act", "gelu");
    out.put("layer_norm_eps", 1e-6);
    out.put("image_size", (int) (grid * patches[2]));
    out.put("patch_size", (int) patches[2]);
    out.put("num_channels", (int) patches[1]);
    out.put("qkv_bias", true);
    out.put("use_swiglu_ffn", false);
    return out;
  }

  /** Both parts are found by their place in the graph: their names are numbers that change with every export. */
  private static TensorView.Entry positions(Onnx file) {
    String first = constantInput(file, "Concat", false);
    String table = constantInput(file, "Reshape", true);
    TensorInfo info = file.info(table);
    long[] shape = {1, 1 + info.shape()[1], info.shape()[2]};
    if (file.info(first).shape()[2] != shape[2] || file.info(first).dtype() != info.dtype()) {
      throw UserError.of("%s: the class position %s doesn't fit the table %s.", file.path(), file.info(first), info);
    }
    TensorInfo joined = new TensorInfo(POSITIONS, info.dtype(), shape);
    return new TensorView.Entry(
        joined, () -> join(file, first, table), () -> Floats.decode(file.path(), joined, join(file, first, table)));
  }

  private static ByteBuffer join(Onnx file, String first, String table) {
    ByteBuffer a = file.bytes(first);
    ByteBuffer b = file.bytes(table);
    return ByteBuffer.allocate(a.remaining() + b.remaining()).put(a).put(b).flip().asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The initialiser of shape [1, 1, hidden] ({@code many}: [1, more, hidden]) that is the first input of such an operator. */
  private static String constantInput(Onnx file, String op, boolean many) {
    for (OnnxHeader.Node node : file.nodes()) {
      String input = node.inputs().isEmpty() ? "" : node.inputs().get(0);
      // A fixed batch size would have the class token itself concatenated first; it is not a position.
      if (node.op().equals(op) && file.names().contains(input) && !input.endsWith("cls_token")) {
        long[] shape = file.info(input).shape();
        if (shape.length == 3 && shape[0] == 1 && shape[1] > 1 == many) {
          return input;
        }
      }
    }
    throw UserError.of(
        "%s has no position table of a DINOv2 (a %s of a constant [1, %s, hidden]). Take the model's safetensors instead.",
        file.path(), op, many ? "positions" : "1");
  }
}
