package dev.ocelli.server;

import dev.ocelli.generate.ContinuousBatch;
import dev.ocelli.model.Pretrained;
import dev.ocelli.model.Vlm;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** The answers of one model under way, a token each at every step. For the compute thread only. */
final class Lane implements AutoCloseable {
  private final Vlm model;
  private final Pretrained.Language language;
  private final EngineEvents events;
  private final Map<Answer, ContinuousBatch.Listener> rows = new LinkedHashMap<>();
  private ContinuousBatch batch;

  /**
   * @param language whose words the model speaks
   * @param events hears of each answer's end
   */
  Lane(Vlm model, Pretrained.Language language, EngineEvents events) {
    this.model = model;
    this.language = language;
    this.events = events;
    batch = newBatch();
  }

  private ContinuousBatch newBatch() {
    return new ContinuousBatch(model, language.tokenizer(), language.end());
  }

  int size() {
    return rows.size();
  }

  /** Native memory of keys and values. */
  long bytes() {
    return batch.bytes();
  }

  /** Reads the prompts in one pass, and begins to answer. */
  void join(List<Answer> answers) {
    long now = System.nanoTime();
    Scope.run(
        () -> {
          List<List<Tensor>> pictures = see(model, answers);
          List<ContinuousBatch.Prompt> prompts = new ArrayList<>();
          for (int i = 0; i < answers.size(); i++) {
            Answer answer = answers.get(i);
            answer.joined(now);
            ContinuousBatch.Listener listener = listener(answer);
            rows.put(answer, listener);
            prompts.add(new ContinuousBatch.Prompt(answer.words, pictures.get(i), answer.settings, listener));
          }
          batch.join(prompts);
        });
  }

  private ContinuousBatch.Listener listener(Answer answer) {
    return new ContinuousBatch.Listener() {
      @Override
      public void piece(String text) {
        answer.said(System.nanoTime());
        answer.listener.piece(text);
      }

      @Override
      public void end(ContinuousBatch.End end, int tokens) {
        answer.said(System.nanoTime());
        answer.tokens(tokens);
        rows.remove(answer);
        // Counted before the client hears of it: who asks for the figures then finds it among them.
        events.answered(answer);
        answer.listener.end(answer, end == ContinuousBatch.End.STOP ? Answer.Finish.STOP : Answer.Finish.LENGTH);
      }
    };
  }

  void step() {
    batch.step();
  }

  /** Lets go of those who left and of those whose time is up. */
  void expire(long now) {
    for (Answer answer : List.copyOf(rows.keySet())) {
      if (answer.cancelled() || answer.expired(now)) {
        answer.tokens(batch.drop(rows.remove(answer)));
        if (!answer.cancelled()) {
          if (answer.begun()) {
            answer.listener.end(answer, Answer.Finish.TIME);
          } else {
            answer.listener.fail(ApiError.timedOut("The request's time was up before the first word."));
          }
        }
      }
    }
  }

  /** Ends all under way, and others, with an error. */
  void fail(Collection<Answer> also) {
    List<Answer> failed = new ArrayList<>(rows.keySet());
    also.stream().filter(a -> !rows.containsKey(a)).forEach(failed::add);
    rows.clear();
    batch.close();
    batch = newBatch();
    failed.stream().filter(a -> !a.cancelled()).forEach(a -> a.listener.fail(ApiError.internal()));
  }

  /** What the Q-Former makes of each answer's pictures, {@code [1, vectors, hidden]} each. The pictures of all go through the encoder at once. */
  static List<List<Tensor>> see(Vlm model, List<Answer> answers) {
    List<List<Tensor>> seen = new ArrayList<>();
    answers.forEach(a -> seen.add(new ArrayList<>()));
    List<float[]> pictures = answers.stream().flatMap(a -> a.pictures.stream()).toList();
    if (pictures.isEmpty()) {
      return seen;
    }
    var vision = answers.get(0).run.vision();
    int size = pictures.get(0).length;
    float[] pixels = new float[pictures.size() * size];
    for (int i = 0; i < pictures.size(); i++) {
      System.arraycopy(pictures.get(i), 0, pixels, i * size, size);
    }
    long[] shape = {pictures.size(), 3, vision.preprocessing().height(), vision.preprocessing().width()};
    Tensor all =
        Scope.noGrad(
            () -> {
              Tensor features = vision.encoder().forward(model.compute().place(Tensors.of(pixels, shape)));
              return model.image(features, false);
            });
    int at = 0;
    for (int i = 0; i < answers.size(); i++) {
      for (int p = 0; p < answers.get(i).pictures.size(); p++) {
        seen.get(i).add(all.narrow(0, at++, 1));
      }
    }
    return seen;
  }

  @Override
  public void close() {
    batch.close();
  }
}
