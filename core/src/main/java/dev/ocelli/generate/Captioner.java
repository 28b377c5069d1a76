package dev.ocelli.generate;

import dev.ocelli.data.Draws;
import dev.ocelli.model.KeyValueCache;
import dev.ocelli.model.Vlm;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.text.ChatPrompt;
import dev.ocelli.text.StreamDecoder;
import dev.ocelli.text.Tokenizer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Lets the model speak about pictures: the prompt goes through it once, then one token of every picture's answer at a time.
 *
 * @param end the token that ends an answer
 */
public record Captioner(Vlm vlm, Tokenizer tokenizer, int end) {
  /** One answer that is being written. */
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

  /** Answers to one prompt about several pictures; {@code features} is {@code [pictures, patches, imageHidden]}. */
  public List<String> answers(Tensor features, ChatPrompt.Ids prompt, SamplingSettings settings, long firstRow) {
    return answers(features, prompt, settings, firstRow, piece -> {});
  }

  /**
   * @param firstRow number of the first picture, which its draws follow from
   * @param heard gets each piece of text as it comes; with several pictures, of all of them mixed
   */
  public List<String> answers(
      Tensor features, ChatPrompt.Ids prompt, SamplingSettings settings, long firstRow, Consumer<String> heard) {
    List<Row> rows = new ArrayList<>();
    int[] words = concat(prompt.before(), prompt.after());
    for (int i = 0; i < features.size(0); i++) {
      long row = firstRow + i;
      rows.add(
          new Row(
              new Sampler(settings, step -> Draws.uniform(settings.seed(), "token", step, row)),
              tokenizer.stream(),
              new StopStrings(settings.stop()),
              heard,
              words,
              settings.maxTokens()));
    }
    Scope.noGrad(
        () -> {
          Tensor image = vlm.image(features, false);
          Tensor embeddings = vlm.prompt(image, prompt.before(), prompt.after());
          long room = embeddings.size(1) + settings.maxTokens();
          try (KeyValueCache cache = new KeyValueCache(vlm.language().config(), vlm.compute(), features.size(0), room)) {
            generate(embeddings, rows, settings, cache);
          }
          return image;
        });
    return rows.stream().map(r -> r.text.toString().strip()).toList();
  }

  private void generate(Tensor prompt, List<Row> rows, SamplingSettings settings, KeyValueCache cache) {
    int vocabulary = vlm.language().config().vocabulary();
    float[] scores = new float[vocabulary];
    int[] chosen = new int[rows.size()];
    for (int step = 0; step < settings.maxTokens() && rows.stream().anyMatch(r -> !r.done); step++) {
      boolean first = step == 0;
      try (Tensor logits = Scope.of(() -> next(first ? prompt : embed(chosen), cache))) {
        FloatBuffer all = Tensors.memory(logits).asFloatBuffer();
        for (int i = 0; i < chosen.length; i++) {
          if (!rows.get(i).done) {
            all.position(i * vocabulary).get(scores);
            chosen[i] = choose(rows.get(i), scores, step);
          }
        }
      }
    }
    rows.forEach(Captioner::finish);
  }

  private Tensor embed(int[] tokens) {
    return vlm.language().embed(vlm.compute().place(Tensors.of(tokens, tokens.length, 1)));
  }

  /** Logits after the last token, fp32 {@code [rows, vocabulary]}. */
  private Tensor next(Tensor embeddings, KeyValueCache cache) {
    Tensor hidden = vlm.language().forward(embeddings, vlm.lora(), false, cache);
    return vlm.language().logits(hidden.select(1, hidden.size(1) - 1)).cpu().to(ScalarType.Float).contiguous();
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

  private static int[] concat(int[] a, int[] b) {
    int[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }
}
