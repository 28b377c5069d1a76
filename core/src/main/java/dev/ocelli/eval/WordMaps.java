package dev.ocelli.eval;

import dev.ocelli.model.VisionEncoder;
import dev.ocelli.model.Vlm;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * Where in the picture the model looked for each token of an answer:
 *
 * <pre>
 *   language model:  the token's position attends to the picture's slots     s [tokens, queries]   mean over layers and heads
 *   Q-Former:        the query behind each slot attends to the patches       p [queries, patches]  mean over layers and heads
 *   map of a token:  s · p                                                   [tokens, patches]
 * </pre>
 *
 * The class token, which is no place, is left out of p, and the words out of s; each row of both is made to sum to 1, and so does each map. A
 * glance among the slots has looked at all patches alike. Means over all layers and heads let those that attend to the picture most count most.
 * One pass over prompt and answer; no token is drawn.
 *
 * @param grid where the encoder's tokens lie
 */
public record WordMaps(Vlm vlm, VisionEncoder.Grid grid) {
  /**
   * Maps over the patches, row by row; each sums to 1.
   *
   * @param tokens one map a token of the answer {@code [tokens][patches]}
   * @param average where the queries look on average, whatever is said {@code [patches]}
   */
  public record Maps(float[][] tokens, float[] average) {
    /** The map of several tokens in a row: their mean. */
    public float[] mean(int firstToken, int endToken) {
      float[] mean = new float[average.length];
      for (int t = firstToken; t < endToken; t++) {
        for (int i = 0; i < mean.length; i++) {
          mean[i] += tokens[t][i] / (endToken - firstToken);
        }
      }
      return mean;
    }
  }

  /**
   * @param features of one picture {@code [1, tokens, imageHidden]}
   * @param before ids of the prompt up to the picture
   * @param after ids of the prompt behind it
   * @param answer ids of the answer, at least one
   */
  public Maps of(Tensor features, int[] before, int[] after, int[] answer) {
    float[][] flat = new float[2][];
    Scope.run(
        () -> {
          List<Tensor> both = attentions(features, before, after, answer);
          Tensor slots = rows(both.get(0));
          Tensor patches = withGlance(rows(both.get(1)), both.get(0).size(3));
          flat[0] = Tensors.floats(torch.matmul(slots, patches));
          flat[1] = Tensors.floats(patches.mean(new long[] {0}, false, new ScalarTypeOptional()));
        });
    float[][] tokens = new float[answer.length][grid.patches()];
    for (int t = 0; t < tokens.length; t++) {
      System.arraycopy(flat[0], t * grid.patches(), tokens[t], 0, grid.patches());
    }
    return new Maps(tokens, flat[1]);
  }

  /** A glance, the last of the slots, sees all patches alike. */
  private static Tensor withGlance(Tensor patches, long slots) {
    if (slots == patches.size(0)) {
      return patches;
    }
    return Tensors.cat(0, patches, torch.ones_like(patches.narrow(0, 0, 1)).div(new Scalar((double) patches.size(1))));
  }

  /** Mean over layers and heads, then rows that sum to 1: {@code [layers, heads, a, b]} to {@code [a, b]}. */
  private static Tensor rows(Tensor attention) {
    Tensor mean = attention.mean(new long[] {0, 1}, false, new ScalarTypeOptional());
    return mean.div(mean.sum(new long[] {1}, true, new ScalarTypeOptional()));
  }

  /**
   * The two attentions, fp32, on the CPU: of the answer's tokens to the picture's slots {@code [layers, heads, tokens, queries]}, and of the
   * queries to the patches {@code [layers with cross-attention, heads, queries, patches]}.
   */
  List<Tensor> attentions(Tensor features, int[] before, int[] after, int[] answer) {
    List<Tensor> patches = new ArrayList<>();
    List<Tensor> slots = new ArrayList<>();
    try {
      return Scope.all(
          () -> {
            Tensor states =
                vlm.qformer().queries(features, (layer, p) -> patches.add(kept(onPatches(p))));
            Tensor image = vlm.projector().apply(states).to(vlm.language().type());
            Tensor said = vlm.language().embed(vlm.compute().place(Tensors.of(answer, 1, answer.length)));
            Tensor all = Tensors.cat(1, vlm.prompt(image, before, after), said);
            long first = all.size(1) - answer.length;
            vlm.language()
                .forward(
                    all, vlm.lora(),
                    (layer, p) -> slots.add(kept(p.narrow(2, first, answer.length).narrow(3, before.length, image.size(1)))));
            return List.of(stacked(slots), stacked(patches));
          });
    } finally {
      slots.forEach(Tensor::close);
      patches.forEach(Tensor::close);
    }
  }

  /** Where the encoder gives several layers' features one behind the other, a patch comes several times: its shares add up. */
  private Tensor onPatches(Tensor p) {
    Tensor rounds = p.view(p.size(0), p.size(1), p.size(2), -1, (long) grid.before() + grid.patches());
    return rounds.sum(new long[] {3}, false, new ScalarTypeOptional()).narrow(3, grid.before(), grid.patches());
  }

  private static Tensor kept(Tensor p) {
    return Scope.keep(Scope.noGrad(() -> p.select(0, 0).cpu().clone()));
  }

  private static Tensor stacked(List<Tensor> layers) {
    return torch.stack(new TensorVector(layers.toArray(Tensor[]::new)), 0);
  }
}
