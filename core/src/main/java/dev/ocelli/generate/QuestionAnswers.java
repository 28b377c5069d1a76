package dev.ocelli.generate;

import dev.ocelli.Progress;
import dev.ocelli.model.PhotoFeatures;
import dev.ocelli.nn.Scope;
import dev.ocelli.text.ChatPrompt;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Answers many questions about photos whose features are known, several at a time: those whose prompts are equally long, so that none waits
 * behind padding.
 *
 * @param prompt the tokens around the picture for a question
 */
public record QuestionAnswers(Captioner captioner, Function<String, ChatPrompt.Ids> prompt, SamplingSettings settings, Progress progress) {
  private static final int AT_ONCE = 16;

  /**
   * @param photos one a question; the same photo may come several times
   * @return the answers in the questions' order
   */
  public List<String> of(PhotoFeatures photos, List<String> questions, String task) {
    List<ChatPrompt.Ids> prompts = questions.stream().map(prompt).toList();
    List<Integer> order =
        IntStream.range(0, questions.size()).boxed()
            .sorted(Comparator.<Integer>comparingInt(i -> prompts.get(i).before().length).thenComparingInt(i -> prompts.get(i).after().length))
            .toList();
    String[] answers = new String[questions.size()];
    try (Progress.Task bar = progress.start(task, questions.size(), "questions")) {
      int from = 0;
      while (from < order.size()) {
        int to = from + 1;
        while (to < order.size() && to - from < AT_ONCE && sameLength(prompts.get(order.get(from)), prompts.get(order.get(to)))) {
          to++;
        }
        List<Integer> some = order.subList(from, to);
        Scope.run(
            () -> {
              ByteBuffer buffer = photos.buffer(some.size());
              some.forEach(i -> photos.read(i, buffer));
              List<String> said =
                  captioner.answers(
                      photos.tensor(buffer, captioner.vlm().compute()), some.stream().map(prompts::get).toList(), settings, some.get(0));
              for (int i = 0; i < said.size(); i++) {
                answers[some.get(i)] = said.get(i);
              }
            });
        bar.advance(to - from);
        from = to;
      }
    }
    return new ArrayList<>(Arrays.asList(answers));
  }

  private static boolean sameLength(ChatPrompt.Ids one, ChatPrompt.Ids other) {
    return one.before().length == other.before().length && one.after().length == other.after().length;
  }
}
