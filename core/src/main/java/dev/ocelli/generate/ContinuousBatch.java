package dev.ocelli.generate;

import dev.ocelli.data.Draws;
import dev.ocelli.model.KeyValueCache;
import dev.ocelli.model.Prefix;
import dev.ocelli.model.RowCache;
import dev.ocelli.model.Vlm;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.text.StreamDecoder;
import dev.ocelli.text.Tokenizer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Answers that are written at the same time, each beginning and ending when it will: every step gives each of them one token (Yu et al.
 * 2022, "Orca", section 3: scheduling by iteration). An answer is what it would be alone, but for the rounding of products of another
 * size. All calls come from the one thread that may call libtorch.
 */
public final class ContinuousBatch implements AutoCloseable {
  /** Why an answer ended. */
  public enum End {
    /** The model ended its turn, or a stop text came. */
    STOP,
    /** The tokens asked for are used up. */
    LENGTH
  }

  /** Hears an answer as it is written. */
  public interface Listener {
    /** The next piece of text, never empty. */
    void piece(String text);

    /** The last call. */
    void end(End end, int tokens);
  }

  /**
   * A conversation that waits for its answer.
   *
   * @param words token ids around the pictures: one piece more than there are pictures
   * @param pictures what the model sees of each, {@code [1, vectors, hidden]}, as {@link Vlm#image} gives; the caller's to close
   */
  public record Prompt(List<int[]> words, List<Tensor> pictures, SamplingSettings settings, Listener listener) {
    /** How many tokens the prompt has, those of its pictures included. */
    public int tokens() {
      return words.stream().mapToInt(w -> w.length).sum() + pictures.stream().mapToInt(p -> (int) p.size(1)).sum();
    }
  }

  /** One answer under way. */
  private static final class Row {
    final Listener listener;
    final SamplingSettings settings;
    final Sampler sampler;
    final StreamDecoder decoder;
    final StopStrings stops;
    /** Those of the prompt, then those of the answer. */
    final int[] tokens;
    final int prompt;
    int count;
    End end;

    Row(Prompt prompt, StreamDecoder decoder) {
      this.listener = prompt.listener;
      this.settings = prompt.settings;
      this.decoder = decoder;
      int[] said = prompt.words.stream().flatMapToInt(Arrays::stream).toArray();
      this.prompt = said.length;
      count = said.length;
      tokens = Arrays.copyOf(said, said.length + settings.maxTokens());
      sampler = new Sampler(settings, step -> Draws.uniform(settings.seed(), "token", step, 0));
      stops = new StopStrings(settings.stop());
    }

    int answered() {
      return count - prompt;
    }

    void choose(float[] scores, int ending) {
      int token = sampler.next(scores, tokens, count, answered());
      tokens[count++] = token;
      if (token == ending) {
        end = End.STOP;
      } else {
        say(stops.accept(decoder.next(token)));
        end = stops.stopped() ? End.STOP : answered() == settings.maxTokens() ? End.LENGTH : null;
      }
      if (end != null) {
        finish();
      }
    }

    private void finish() {
      if (!stops.stopped()) {
        say(stops.accept(decoder.finish()));
        say(stops.finish());
      }
      listener.end(end, answered());
    }

    private void say(String piece) {
      if (!piece.isEmpty()) {
        listener.piece(piece);
      }
    }
  }

  private final Vlm vlm;
  private final Tokenizer tokenizer;
  private final int ending;
  private final RowCache cache;
  private final Prefix prefix;
  private final List<Row> rows = new ArrayList<>();
  private final float[] scores;

  /**
   * @param ending the token that ends an answer
   */
  public ContinuousBatch(Vlm vlm, Tokenizer tokenizer, int ending) {
    this.vlm = vlm;
    this.tokenizer = tokenizer;
    this.ending = ending;
    cache = new RowCache(vlm.language().config(), vlm.compute());
    prefix = vlm.prefix();
    scores = new float[vlm.language().config().vocabulary()];
  }

  /** How many answers are under way. */
  public int size() {
    return rows.size();
  }

  /** Whether a listener's answer is under way. */
  public boolean has(Listener listener) {
    return rows.stream().anyMatch(row -> row.listener == listener);
  }

  /** Bytes of native memory that the answers under way hold. */
  public long bytes() {
    return cache.bytes();
  }

  /** Reads prompts, all in one pass, and says the first token of each answer. */
  public void join(List<Prompt> prompts) {
    long[] lengths = prompts.stream().mapToLong(Prompt::tokens).toArray();
    long needed = prompts.stream().mapToLong(p -> (long) p.tokens() + p.settings.maxTokens()).max().orElseThrow();
    vlm.language().config().checkRoom(needed);
    List<Row> fresh = prompts.stream().map(p -> new Row(p, tokenizer.stream())).toList();
    int first = rows.size();
    Scope.run(
        () -> {
          Tensor hidden =
              Scope.noGrad(
                  () -> {
                    KeyValueCache room = cache.add(lengths, needed);
                    int[] shared = sharedBeginning(prompts);
                    if (shared.length > 0) {
                      prefix.begin(room, shared);
                    }
                    Tensor all = vlm.language().forward(padded(prompts, lengths, shared.length), vlm.lora(), false, room);
                    Tensor[] last = new Tensor[lengths.length];
                    for (int i = 0; i < last.length; i++) {
                      last[i] = all.select(0, i).select(0, lengths[i] - shared.length - 1);
                    }
                    return torch.stack(new TensorVector(last), 0);
                  });
          rows.addAll(fresh);
          say(hidden, first);
        });
    leave();
  }

  /** One token more for each answer. */
  public void step() {
    int[] last = rows.stream().mapToInt(row -> row.tokens[row.count - 1]).toArray();
    Scope.run(
        () -> {
          Tensor hidden =
              Scope.noGrad(
                  () -> {
                    Tensor embeddings = vlm.language().embed(vlm.compute().place(Tensors.of(last, last.length, 1)));
                    return vlm.language().forward(embeddings, vlm.lora(), false, cache.next()).select(1, 0);
                  });
          say(hidden, 0);
        });
    leave();
  }

  /**
   * Ends an answer early; its listener hears no more.
   *
   * @return how many tokens it had
   */
  public int drop(Listener listener) {
    for (int i = 0; i < rows.size(); i++) {
      if (rows.get(i).listener == listener) {
        int tokens = rows.get(i).answered();
        remove(i);
        return tokens;
      }
    }
    return 0;
  }

  /** Hidden states {@code [rows, hidden]} of the rows from {@code first} on to their next tokens. */
  private void say(Tensor hidden, int first) {
    Tensor logits = Scope.noGrad(() -> vlm.language().logits(hidden).cpu().to(ScalarType.Float).contiguous());
    FloatBuffer all = Tensors.memory(logits).asFloatBuffer();
    for (int i = first; i < rows.size(); i++) {
      all.position((i - first) * scores.length).get(scores);
      rows.get(i).choose(scores, ending);
    }
  }

  /** Rows that have ended make room. From the last on, so that what moves into a gap has been looked at. */
  private void leave() {
    for (int i = rows.size() - 1; i >= 0; i--) {
      if (rows.get(i).end != null) {
        remove(i);
      }
    }
  }

  private void remove(int row) {
    cache.remove(row);
    Row last = rows.remove(rows.size() - 1);
    if (row < rows.size()) {
      rows.set(row, last);
    }
    if (rows.isEmpty()) {
      cache.clear();
    }
  }

  /** The words before the first picture, where they are the same in all prompts; else none. */
  private static int[] sharedBeginning(List<Prompt> prompts) {
    int[] first = prompts.get(0).words.get(0);
    boolean shared = prompts.stream().allMatch(p -> !p.pictures.isEmpty() && Arrays.equals(p.words.get(0), first));
    return shared ? first : new int[0];
  }

  /** Embeddings of prompts after {@code skipped} words, {@code [prompts, longest, hidden]}, zeros behind shorter ones. */
  private Tensor padded(List<Prompt> prompts, long[] lengths, int skipped) {
    long longest = Arrays.stream(lengths).max().orElseThrow() - skipped;
    Tensor all = vlm.compute().place(Tensors.zeros(vlm.language().type(), lengths.length, longest, vlm.language().config().hidden()));
    for (int i = 0; i < lengths.length; i++) {
      all.select(0, i).narrow(0, 0, lengths[i] - skipped).copy_(embeddings(prompts.get(i), skipped > 0));
    }
    return all;
  }

  /** {@code [tokens, hidden]}, without the first piece of words where that is {@code known}. */
  private Tensor embeddings(Prompt prompt, boolean known) {
    List<Tensor> parts = new ArrayList<>();
    for (int i = 0; i < prompt.words.size(); i++) {
      int[] words = prompt.words.get(i);
      if (words.length > 0 && !(known && i == 0)) {
        parts.add(vlm.language().embed(vlm.compute().place(Tensors.of(words, words.length))));
      }
      if (i < prompt.pictures.size()) {
        parts.add(prompt.pictures.get(i).select(0, 0).to(vlm.language().type()));
      }
    }
    return Tensors.cat(0, parts.toArray(Tensor[]::new));
  }

  @Override
  public void close() {
    cache.close();
    prefix.close();
  }
}
