package dev.ocelli.eval;

import dev.ocelli.model.AttentionMask;
import dev.ocelli.model.ImageTextHeads;
import dev.ocelli.model.ImageTextModel;
import dev.ocelli.model.MatchHead;
import dev.ocelli.model.PhotoFeatures;
import dev.ocelli.model.QFormer;
import dev.ocelli.model.TextBatch;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.text.Tokenizer;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * What a Q-Former of stage 1 thinks of photos and texts: their vectors, whose cosine is the similarity (ITC), and whether a photo and a text
 * match (ITM).
 *
 * @param similarity how a photo's many queries make one similarity
 * @param maxTokens where texts are cut
 * @param normalise what a text goes through before it is compared
 * @param bank by which similarities are told from what is usual; null: they are cosines
 */
public record ImageTextScores(
    ImageTextModel model,
    ImageTextHeads.Similarity similarity,
    Compute compute,
    Tokenizer tokenizer,
    int maxTokens,
    UnaryOperator<String> normalise,
    Querybank bank) {
  private static final int IMAGES_AT_ONCE = 64;
  private static final int TEXTS_AT_ONCE = 256;
  private static final int PAIRS_AT_ONCE = 32;

  /** Without a bank. */
  public ImageTextScores(
      ImageTextModel model, ImageTextHeads.Similarity similarity, Compute compute, Tokenizer tokenizer, int maxTokens, UnaryOperator<String> normalise) {
    this(model, similarity, compute, tokenizer, maxTokens, normalise, null);
  }

  /**
   * One photo and one text.
   *
   * @param similarity cosine, -1 to 1, or beyond what is usual; null without ITC
   * @param probability that they match, 0 to 1; null without ITM
   */
  public record Match(Double similarity, Double probability) {}

  /**
   * Photos against texts.
   *
   * @param similarity {@code [photo][text]}
   * @param probability that they match, {@code [photo][text]}; null without ITM
   */
  public record Matrix(float[][] similarity, float[][] probability) {}

  /** A few photos against a few texts, each with each. */
  public Matrix matrix(PhotoFeatures photos, List<String> texts) {
    float[][] cosines = similarities(photos, texts);
    if (model.match() == null) {
      return new Matrix(cosines, null);
    }
    float[][] matches = new float[cosines.length][];
    for (int i = 0; i < matches.length; i++) {
      int photo = i;
      Scope.run(() -> matches[photo] = Tensors.floats(MatchHead.probability(match(look(photos, photo), texts))));
    }
    return new Matrix(cosines, matches);
  }

  /** Similarity of photos and texts, each with each, {@code [photo][text]}. */
  public float[][] similarities(PhotoFeatures photos, List<String> texts) {
    float[][] cosines = new float[photos.photos().size()][];
    Scope.run(
        () -> {
          Tensor similarities = products(compared(photos, done -> {}), comparedTexts(texts, done -> {}));
          for (int p = 0; p < cosines.length; p++) {
            cosines[p] = Tensors.floats(similarities.select(0, p));
          }
        });
    return cosines;
  }

  /** Unit vectors of all photos, {@code [photos, queries, size]}. */
  public Tensor images(PhotoFeatures photos) {
    return inBlocks(
        photos.photos().size(),
        IMAGES_AT_ONCE,
        done -> {},
        (from, to) -> model.contrast().images(model.qformer().queries(features(photos, from, to), false)));
  }

  /** As {@link #compared(Tensor)}; {@code done} hears how many photos more are done. */
  Tensor compared(PhotoFeatures photos, LongConsumer done) {
    return inBlocks(
        photos.photos().size(),
        IMAGES_AT_ONCE,
        done,
        (from, to) -> compared(model.contrast().images(model.qformer().queries(features(photos, from, to), false))));
  }

  /**
   * What a text's vector of {@link #comparedTexts} is multiplied with; the largest product is the similarity.
   *
   * @param images as {@link #images} gives
   * @return {@code [photos, vectors, width]}: all queries' where the best one counts, else one a photo
   */
  public Tensor compared(Tensor images) {
    return Scope.noGrad(
        () -> {
          Tensor vectors =
              switch (similarity) {
                case BEST -> images;
                case MEAN -> images.mean(1).unsqueeze(1);
                case WHOLE -> model.contrast().whole(images).unsqueeze(1);
              };
          return bank == null ? vectors : bank.photos(vectors.squeeze(1)).unsqueeze(1);
        });
  }

  /** Vectors of texts as they are compared with photos, {@code [texts, width]}; {@code done} hears how many texts more are done. */
  Tensor comparedTexts(List<String> texts, LongConsumer done) {
    return Scope.noGrad(() -> bank == null ? texts(texts, done) : bank.texts(texts(texts, done)));
  }

  /** How many numbers a compared vector has. */
  public int width() {
    return model.contrast().width() + (bank == null ? 0 : Querybank.MORE);
  }

  /** Similarities of compared vectors, {@code [photos, texts]}. */
  static Tensor products(Tensor photos, Tensor texts) {
    return Scope.of(
        () -> torch.matmul(photos.flatten(0, 1), texts.t()).view(photos.size(0), photos.size(1), texts.size(0)).amax(new long[] {1}, false));
  }

  /** Unit vectors of photos that an encoder has seen, {@code [photos, tokens, imageHidden]} to {@code [photos, queries, size]}. */
  public Tensor images(Tensor features) {
    return Scope.noGrad(() -> model.contrast().images(model.qformer().queries(compute.place(features), false)));
  }

  /**
   * Which of a photo's queries fits a text best.
   *
   * @param features what an encoder has seen of the photo, {@code [1, tokens, imageHidden]}
   * @param text as {@link #textVectors} gives it
   */
  public int bestQuery(Tensor features, float[] text) {
    float[][] cosines = new float[1][];
    Scope.run(
        () -> {
          Tensor queries = images(features).squeeze(0);
          cosines[0] = Tensors.floats(queries.mv(compute.place(Tensors.of(text, text.length)).narrow(0, 0, queries.size(1))));
        });
    int best = 0;
    for (int query = 1; query < cosines[0].length; query++) {
      best = cosines[0][query] > cosines[0][best] ? query : best;
    }
    return best;
  }

  /** Unit vectors of texts, {@code [texts, size]}. */
  public Tensor texts(List<String> texts) {
    return texts(texts, done -> {});
  }

  /** @param done hears how many texts more are done */
  Tensor texts(List<String> texts, LongConsumer done) {
    return inBlocks(
        texts.size(),
        TEXTS_AT_ONCE,
        done,
        (from, to) -> {
          TextBatch batch = batch(texts.subList(from, to));
          Tensor real = batch.real(compute);
          return model.contrast().texts(model.qformer().text(batch.ids(compute), real, false), real);
        });
  }

  /** As they are compared with photos, in Java's memory: {@code [texts][width]}. */
  public List<float[]> textVectors(List<String> texts) {
    List<float[]> vectors = new ArrayList<>();
    Scope.run(
        () -> {
          Tensor all = comparedTexts(texts, done -> {});
          for (int i = 0; i < texts.size(); i++) {
            vectors.add(Tensors.floats(all.select(0, i)));
          }
        });
    return vectors;
  }

  /**
   * ITM's scores of one photo with several texts.
   *
   * @param image one row a text, or one for all
   * @return logits of "no match" and "match", fp32 {@code [texts, 2]}
   */
  public Tensor match(QFormer.Look image, List<String> texts) {
    TextBatch batch = batch(texts);
    return Scope.noGrad(
        () -> {
          Tensor ids = batch.ids(compute);
          Tensor states = model.qformer().together(image, ids, batch.real(compute), AttentionMask.BIDIRECTIONAL, false);
          return model.match().logits(states, model.qformer().config().queries());
        });
  }

  /**
   * What a similarity weighs beside {@link MatchHead#logOdds} when the best are ranked again: one over contrast's temperature, and with a
   * glance twice that, since queries and glance learn with it each by themselves, and the similarity is their mean. Contrast
   * learns the logarithm of how likely a text is with a photo, and matching, asked about pairs that contrast takes to fit, the logarithm of
   * how much likelier the right one is: so their sum ranks. (BLIP-2's own code adds the bare cosine to the logit of "match", so that
   * matching alone decides; one that has learnt little then spoils what contrast found.)
   */
  public double scale() {
    double[] scale = new double[1];
    Scope.run(() -> scale[0] = model.contrast().scale().item_double() * model.contrast().halves());
    return scale[0];
  }

  /** Both scores of one photo with one text; {@code features} is {@code [1, patches, imageHidden]}. */
  public Match of(Tensor features, String text) {
    Double[] found = new Double[2];
    Scope.run(() -> Scope.noGrad(
        () -> {
          QFormer.Look look = model.qformer().look(features);
          if (model.contrast() != null) {
            Tensor image = model.contrast().images(model.qformer().see(look, false).states());
            found[0] = products(compared(image), comparedTexts(List.of(text), done -> {})).item_double();
          }
          if (model.match() != null) {
            found[1] = MatchHead.probability(match(look, List.of(text))).item_double();
          }
          return features;
        }));
    return new Match(found[0], found[1]);
  }

  /** Both scores of each photo with the text of the same number. */
  public List<Match> pairs(PhotoFeatures photos, List<String> texts) {
    List<Match> matches = new ArrayList<>();
    for (int from = 0; from < texts.size(); from += PAIRS_AT_ONCE) {
      int first = from;
      int to = Math.min(texts.size(), from + PAIRS_AT_ONCE);
      List<String> own = texts.subList(first, to);
      Scope.run(
          () -> {
            Tensor seen = features(photos, first, to);
            float[] cosines = model.contrast() == null ? null : Tensors.floats(cosines(seen, own));
            float[] probabilities = model.match() == null ? null : Tensors.floats(Scope.noGrad(() -> probabilities(seen, own)));
            for (int i = 0; i < own.size(); i++) {
              matches.add(
                  new Match(cosines == null ? null : (double) cosines[i], probabilities == null ? null : (double) probabilities[i]));
            }
          });
    }
    return matches;
  }

  private Tensor cosines(Tensor features, List<String> texts) {
    return Scope.noGrad(
        () -> products(compared(model.contrast().images(model.qformer().queries(features, false))), comparedTexts(texts, done -> {})).diagonal());
  }

  private Tensor probabilities(Tensor features, List<String> texts) {
    return MatchHead.probability(match(model.qformer().look(features), texts));
  }

  /** What the cross-attention sees of one photo. */
  QFormer.Look look(PhotoFeatures photos, int photo) {
    try (AutoGradMode mode = new AutoGradMode(false)) {
      return model.qformer().look(features(photos, photo, photo + 1));
    }
  }

  /** Features of some photos, bf16 {@code [to - from, patches, imageHidden]}. */
  private Tensor features(PhotoFeatures photos, int from, int to) {
    ByteBuffer buffer = photos.buffer(to - from);
    for (int p = from; p < to; p++) {
      photos.read(p, buffer);
    }
    return photos.tensor(buffer, compute);
  }

  /** How many tokens a text has, with those at its ends. */
  public int tokens(String text) {
    return tokenizer.encode(normalise.apply(text), true).length;
  }

  private TextBatch batch(List<String> texts) {
    return TextBatch.of(tokenizer, texts.stream().map(normalise).toList(), maxTokens);
  }

  private interface Block {
    Tensor of(int from, int to);
  }

  private static Tensor inBlocks(int n, int size, LongConsumer done, Block block) {
    return Scope.noGrad(
        () -> {
          List<Tensor> parts = new ArrayList<>();
          for (int from = 0; from < n; from += size) {
            int start = from;
            int end = Math.min(n, start + size);
            parts.add(Scope.of(() -> block.of(start, end)));
            done.accept(end - start);
          }
          return torch.cat(new TensorVector(parts.toArray(Tensor[]::new)), 0);
        });
  }
}
