package dev.ocelli.eval;

import dev.ocelli.Progress;
import dev.ocelli.UserError;
import dev.ocelli.model.LanguageModel;
import dev.ocelli.model.Lora;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.text.Tokenizer;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The loss of plain text under the language model, with its adapters and without. */
public record LanguageLoss(LanguageModel model, Lora lora, Compute compute, Tokenizer tokenizer) {
  /** Tokens a window. Windows share one token, so that every token but the text's first is predicted once. */
  private static final int WINDOW = 512;

  /** Logits of a whole window would be 100 MB in fp32. */
  private static final int LOGITS_AT_ONCE = 128;

  /** What the text says stays plain text: names of control tokens are not read as such. */
  public LanguageScores score(String text, Progress progress) {
    int[] ids = tokenizer.encodeLiteral(text);
    if (ids.length < 2) {
      throw UserError.of("The text has %d tokens; predicting the next one needs at least 2.", ids.length);
    }
    double with = 0;
    double without = 0;
    try (Progress.Task task = progress.start("text", ids.length - 1L, "tokens")) {
      for (int from = 0; from < ids.length - 1; from += WINDOW - 1) {
        int[] window = Arrays.copyOfRange(ids, from, Math.min(ids.length, from + WINDOW));
        with += sum(window, lora);
        without += sum(window, null);
        task.advance(window.length - 1);
      }
    }
    int tokens = ids.length - 1;
    return new LanguageScores(with / tokens, without / tokens, (with - without) / tokens, tokens);
  }

  private double sum(int[] window, Lora adapters) {
    int asked = window.length - 1;
    int[] read = Arrays.copyOf(window, asked);
    int[] next = Arrays.copyOfRange(window, 1, window.length);
    double[] total = new double[1];
    Tensor hidden =
        Scope.noGrad(
            () -> model.forward(model.embed(compute.place(Tensors.of(read, 1, asked))), adapters, false, null).select(0, 0));
    try (hidden) {
      for (int from = 0; from < asked; from += LOGITS_AT_ONCE) {
        int[] labels = Arrays.copyOfRange(next, from, Math.min(asked, from + LOGITS_AT_ONCE));
        int start = from;
        try (Tensor loss = Scope.noGrad(() -> loss(hidden.narrow(0, start, labels.length), labels))) {
          total[0] += loss.item_double();
        }
      }
    }
    return total[0];
  }

  private Tensor loss(Tensor hidden, int[] labels) {
    long[] wide = Arrays.stream(labels).asLongStream().toArray();
    Tensor logits = model.logits(hidden).to(ScalarType.Float);
    return torch.cross_entropy_loss(logits, compute.place(Tensors.of(wide, wide.length)), new TensorOptional(), 2, -100, 0);
  }
}
