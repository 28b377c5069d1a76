package dev.ocelli.generate;

import dev.ocelli.data.Draws;
import dev.ocelli.nn.Tensors;
import dev.ocelli.text.StreamDecoder;
import dev.ocelli.text.Tokenizer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;

/** Writes several texts side by side, a token of each at a time, by whatever model gives the scores. */
final class TextLoop {
  /** A model that reads along. */
  interface Scores {
    /**
     * Scores of the token that comes next.
     *
     * @param chosen each row's last token; null at the beginning
     * @return fp32 {@code [rows, vocabulary]}, on the CPU and contiguous; the caller closes it
     */
    Tensor after(int[] chosen);
  }

  /** One text that is being written. */
  private static final class Row {
    final Sampler sampler;
    final StreamDecoder decoder;
    final StopStrings stops;
    final StringBuilder text = new StringBuilder();
    final Consumer<String> heard;
    int[] tokens;
    int count;
    boolean done;

    Row(Sampler sampler, StreamDecoder decoder, StopStrings stops, Consumer<String> heard, int[] prompt, int room) {
      this.sampler = sampler;
      this.decoder = decoder;
      this.stops = stops;
      this.heard = heard;
      this.tokens = Arrays.copyOf(prompt, prompt.length + room);
      this.count = prompt.length;
    }

    void say(String piece) {
      if (!piece.isEmpty()) {
        text.append(piece);
        heard.accept(piece);
      }
    }
  }

  private final SamplingSettings settings;
  private final int end;
  private final List<Row> rows = new ArrayList<>();

  /**
   * @param end the token that ends a text
   * @param prompts tokens before each text, which a repetition penalty counts too
   * @param firstRow number of the first row, which its draws follow from
   * @param heard gets each piece of text as it comes; with several rows, of all of them mixed
   */
  TextLoop(
      Tokenizer tokenizer, int end, SamplingSettings settings, List<int[]> prompts, long firstRow, Consumer<String> heard) {
    this.settings = settings;
    this.end = end;
    for (int i = 0; i < prompts.size(); i++) {
      long row = firstRow + i;
      this.rows.add(
          new Row(
              new Sampler(settings, step -> Draws.uniform(settings.seed(), "token", step, row)),
              tokenizer.stream(),
              new StopStrings(settings.stop()),
              heard,
              prompts.get(i),
              settings.maxTokens()));
    }
  }

  /** Writes until every text has ended, or is as long as the settings allow. */
  List<String> write(Scores model) {
    int[] chosen = new int[rows.size()];
    for (int step = 0; step < settings.maxTokens() && rows.stream().anyMatch(r -> !r.done); step++) {
      try (Tensor logits = model.after(step == 0 ? null : chosen)) {
        int vocabulary = Math.toIntExact(logits.size(1));
        float[] scores = new float[vocabulary];
        FloatBuffer all = Tensors.memory(logits).asFloatBuffer();
        for (int i = 0; i < chosen.length; i++) {
          if (!rows.get(i).done) {
            all.position(i * vocabulary).get(scores);
            chosen[i] = choose(rows.get(i), scores, step);
          }
        }
      }
    }
    rows.forEach(TextLoop::finish);
    return rows.stream().map(r -> r.text.toString().strip()).toList();
  }

  private int choose(Row row, float[] scores, int step) {
    int token = row.sampler.next(scores, row.tokens, row.count, step);
    row.tokens[row.count++] = token;
    if (token == end) {
      row.done = true;
      return token;
    }
    row.say(row.stops.accept(row.decoder.next(token)));
    row.done = row.stops.stopped();
    return token;
  }

  private static void finish(Row row) {
    if (!row.stops.stopped()) {
      row.say(row.stops.accept(row.decoder.finish()));
      row.say(row.stops.finish());
    }
  }
}
