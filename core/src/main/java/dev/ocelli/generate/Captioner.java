package dev.ocelli.generate;

import dev.ocelli.model.KeyValueCache;
import dev.ocelli.model.Prefix;
import dev.ocelli.model.Vlm;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.text.ChatPrompt;
import dev.ocelli.text.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Lets the model speak about pictures: the prompt goes through it once, then one token of every picture's answer at a time.
 *
 * @param end the token that ends an answer
 * @param prefix keeps what the last prompt began with
 */
public record Captioner(Vlm vlm, Tokenizer tokenizer, int end, Prefix prefix) implements AutoCloseable {
  public Captioner(Vlm vlm, Tokenizer tokenizer, int end) {
    this(vlm, tokenizer, end, vlm.prefix());
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
    List<ChatPrompt.Ids> prompts = Collections.nCopies(Math.toIntExact(features.size(0)), prompt);
    return answers(features, prompts, settings, firstRow, heard);
  }

  /** Answers to a prompt of each picture's own; all prompts have equally many tokens before the picture, and after it. */
  public List<String> answers(Tensor features, List<ChatPrompt.Ids> prompts, SamplingSettings settings, long firstRow) {
    return answers(features, prompts, settings, firstRow, piece -> {});
  }

  private List<String> answers(
      Tensor features, List<ChatPrompt.Ids> prompts, SamplingSettings settings, long firstRow, Consumer<String> heard) {
    int[] before = prompts.stream().flatMapToInt(p -> Arrays.stream(p.before())).toArray();
    int[] after = prompts.stream().flatMapToInt(p -> Arrays.stream(p.after())).toArray();
    List<int[]> words = prompts.stream().map(p -> concat(p.before(), p.after())).toList();
    // Before anything is made that is as long as the answer.
    int longest = words.stream().mapToInt(w -> w.length).max().orElse(0);
    vlm.language().config().checkRoom((long) longest + vlm.qformer().config().vectors() + settings.maxTokens());
    TextLoop loop = new TextLoop(tokenizer, end, settings, words, firstRow, heard);
    List<String> answers = new ArrayList<>();
    Scope.run(() -> Scope.noGrad(
        () -> {
          Tensor image = vlm.image(features, false);
          // Beginnings that all share are read once, and kept for the next call.
          boolean shared = prompts.stream().allMatch(p -> Arrays.equals(p.before(), prompts.get(0).before()));
          Tensor embeddings = vlm.prompts(image, shared ? new int[0] : before, after);
          int[] first = shared ? prompts.get(0).before() : new int[0];
          long room = first.length + embeddings.size(1) + (long) settings.maxTokens();
          try (KeyValueCache cache = new KeyValueCache(vlm.language().config(), vlm.compute(), features.size(0), room)) {
            if (first.length > 0) {
              prefix.begin(cache, first);
            }
            answers.addAll(loop.write(chosen -> Scope.of(() -> next(chosen == null ? embeddings : embed(chosen), cache))));
          }
          return image;
        }));
    return answers;
  }

  private Tensor embed(int[] tokens) {
    return vlm.language().embed(vlm.compute().place(Tensors.of(tokens, tokens.length, 1)));
  }

  /** Logits after the last token, fp32 {@code [rows, vocabulary]}. */
  private Tensor next(Tensor embeddings, KeyValueCache cache) {
    Tensor hidden = vlm.language().forward(embeddings, vlm.lora(), false, cache);
    return vlm.language().logits(hidden.select(1, hidden.size(1) - 1)).cpu().to(ScalarType.Float).contiguous();
  }

  @Override
  public void close() {
    prefix.close();
  }

  private static int[] concat(int[] a, int[] b) {
    int[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }
}
