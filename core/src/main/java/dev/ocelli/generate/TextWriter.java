package dev.ocelli.generate;

import dev.ocelli.model.LanguageModel;
import dev.ocelli.model.Vlm;
import dev.ocelli.nn.Compute;
import dev.ocelli.text.Tokenizer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;

/**
 * Lets a language model answer many prompts of words alone, some at the same time.
 *
 * @param end the token that ends an answer
 */
public record TextWriter(LanguageModel model, Tokenizer tokenizer, int end, Compute compute) {
  private static final int AT_ONCE = 16;

  /** One answer a prompt, in their order. */
  public List<String> answers(List<int[]> prompts, SamplingSettings settings) {
    List<String> answers = new ArrayList<>(Collections.nCopies(prompts.size(), ""));
    Deque<Integer> waiting = new ArrayDeque<>();
    for (int i = 0; i < prompts.size(); i++) {
      waiting.add(i);
    }
    try (ContinuousBatch batch = new ContinuousBatch(new Vlm(null, null, model, null, compute), tokenizer, end)) {
      while (!waiting.isEmpty() || batch.size() > 0) {
        List<ContinuousBatch.Prompt> joining = new ArrayList<>();
        while (!waiting.isEmpty() && batch.size() + joining.size() < AT_ONCE) {
          int number = waiting.remove();
          joining.add(new ContinuousBatch.Prompt(List.of(prompts.get(number)), List.of(), settings, collector(answers, number)));
        }
        if (!joining.isEmpty()) {
          batch.join(joining);
        }
        if (batch.size() > 0) {
          batch.step();
        }
      }
    }
    return answers;
  }

  private static ContinuousBatch.Listener collector(List<String> answers, int number) {
    StringBuilder text = new StringBuilder();
    return new ContinuousBatch.Listener() {
      @Override
      public void piece(String piece) {
        text.append(piece);
      }

      @Override
      public void end(ContinuousBatch.End end, int tokens) {
        answers.set(number, text.toString());
      }
    };
  }
}
