package dev.ocelli.bench;

import dev.ocelli.model.KeyValueCache;
import dev.ocelli.model.Vlm;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The loss of given captions as decoding would meet it: the prompt in one pass, then word by word through the weights that single tokens
 * go through. What quantised weights cost shows here, and not in {@link Vlm#loss}.
 */
public record DecodedLoss(Vlm vlm) {
  /**
   * The summed cross-entropy of one photo's caption.
   *
   * @param features of the photo {@code [1, patches, imageHidden]}
   */
  public double of(Tensor features, Vlm.Example example) {
    int[] answer = example.answer();
    double[] loss = new double[1];
    Scope.run(
        () ->
            Scope.noGrad(
                () -> {
                  Tensor prompt = vlm.prompt(vlm.image(features, false), example.before(), example.after());
                  Tensor[] logits = new Tensor[answer.length];
                  try (KeyValueCache cache =
                      new KeyValueCache(vlm.language().config(), vlm.compute(), 1, prompt.size(1) + answer.length)) {
                    Tensor hidden = vlm.language().forward(prompt, vlm.lora(), false, cache);
                    for (int i = 0; i < answer.length; i++) {
                      logits[i] = vlm.language().logits(hidden.select(1, hidden.size(1) - 1)).to(ScalarType.Float);
                      if (i + 1 < answer.length) {
                        Tensor word = vlm.language().embed(vlm.compute().place(Tensors.of(new int[] {answer[i]}, 1, 1)));
                        hidden = vlm.language().forward(word, vlm.lora(), false, cache);
                      }
                    }
                  }
                  Tensor labels = vlm.compute().place(Tensors.of(answer, answer.length));
                  Tensor sum = torch.cross_entropy_loss(Tensors.cat(0, logits), labels, new TensorOptional(), 2, -100, 0);
                  loss[0] = sum.item_double();
                  return sum;
                }));
    return loss[0];
  }
}
