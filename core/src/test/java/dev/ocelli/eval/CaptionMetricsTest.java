package dev.ocelli.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.UserError;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Against pycocoevalcap 1.2; tools/goldens/metrics.py wrote the file. Each golden has a test that shows what it would catch. */
class CaptionMetricsTest {
  private static final double RELATIVE = 1e-9;

  private final JsonNode golden = read("/goldens/metrics/captions.json");
  private final List<String> captions = new ArrayList<>();
  private final List<List<String>> references = new ArrayList<>();

  CaptionMetricsTest() throws IOException {
    for (JsonNode photo : golden.get("photos")) {
      captions.add(photo.get("caption").asText());
      references.add(texts(photo.get("references")));
    }
  }

  @Test
  void splitsIntoTheSameWords() {
    for (JsonNode photo : golden.get("photos")) {
      assertThat(String.join(" ", CaptionTokens.of(photo.get("caption").asText()))).isEqualTo(photo.get("tokens").asText());
      for (int i = 0; i < photo.get("references").size(); i++) {
        assertThat(String.join(" ", CaptionTokens.of(photo.get("references").get(i).asText())))
            .isEqualTo(photo.get("referenceTokens").get(i).asText());
      }
    }
  }

  @Test
  void anotherSplittingWouldBeSeen() {
    long different = 0;
    for (JsonNode photo : golden.get("photos")) {
      String naive = String.join(" ", photo.get("caption").asText().toLowerCase().split("\\W+"));
      different += naive.equals(photo.get("tokens").asText()) ? 0 : 1;
    }
    assertThat(different).isGreaterThan(20);
  }

  @Test
  void scoresAsTheOriginal() {
    CaptionMetrics metrics = CaptionMetrics.of(captions, references);
    CaptionScores scores = metrics.scores();
    double[] bleu = {scores.bleu1(), scores.bleu2(), scores.bleu3(), scores.bleu4()};
    for (int n = 0; n < 4; n++) {
      assertThat(same(bleu[n], golden.get("bleu").get(n).asDouble())).as("BLEU-%d", n + 1).isTrue();
    }
    assertThat(same(scores.cider(), golden.get("cider").asDouble())).isTrue();
    assertThat(same(scores.rougeL(), golden.get("rougeL").asDouble())).isTrue();
    assertThat(scores.captions()).isEqualTo(200);
    assertThat(CaptionMetrics.score(captions, references)).isEqualTo(scores);
    assertThat(differing(metrics.cider(), "cider")).isZero();
    assertThat(differing(metrics.rougeL(), "rougeL")).isZero();
  }

  @Test
  void oneOtherWordChangesEveryFigure() {
    SplittableRandom random = new SplittableRandom(5);
    // Every tenth caption is a copy of one of its references, so that each of its words counts.
    for (int photo = 60; photo < 200; photo += 10) {
      String[] words = captions.get(photo).split(" ");
      words[1 + random.nextInt(words.length - 2)] = "zebra";
      List<String> mutated = new ArrayList<>(captions);
      mutated.set(photo, String.join(" ", words));
      CaptionMetrics metrics = CaptionMetrics.of(mutated, references);
      CaptionScores scores = metrics.scores();
      double[] bleu = {scores.bleu1(), scores.bleu2(), scores.bleu3(), scores.bleu4()};
      for (int n = 0; n < 4; n++) {
        assertThat(same(bleu[n], golden.get("bleu").get(n).asDouble())).as("BLEU-%d, photo %d", n + 1, photo).isFalse();
      }
      assertThat(same(scores.cider(), golden.get("cider").asDouble())).isFalse();
      assertThat(same(scores.rougeL(), golden.get("rougeL").asDouble())).isFalse();
      assertThat(differing(metrics.cider(), "cider")).isEqualTo(1);
      assertThat(differing(metrics.rougeL(), "rougeL")).isEqualTo(1);
    }
  }

  @Test
  void wrongConstantsWouldBeSeen() {
    List<Ngrams> hypotheses = captions.stream().map(text -> new Ngrams(CaptionTokens.of(text))).toList();
    List<List<Ngrams>> others =
        references.stream().map(photo -> photo.stream().map(text -> new Ngrams(CaptionTokens.of(text))).toList()).toList();
    assertThat(differing(Cider.score(hypotheses, others, 6), "cider")).isZero();
    assertThat(differing(Cider.score(hypotheses, others, 5.9), "cider")).isGreaterThan(50);
    double[] rouge = new double[captions.size()];
    Arrays.setAll(
        rouge, i -> RougeL.score(CaptionTokens.of(captions.get(i)), references.get(i).stream().map(CaptionTokens::of).toList(), 1.0));
    assertThat(differing(rouge, "rougeL")).isGreaterThan(50);
  }

  @Test
  void aMissingReferenceWouldBeSeen() {
    List<List<String>> fewer = new ArrayList<>(references);
    fewer.set(150, references.get(150).subList(0, 4));
    assertThat(same(CaptionMetrics.score(captions, fewer).cider(), golden.get("cider").asDouble())).isFalse();
  }

  @Test
  void saysWhatIsWrong() {
    assertThatThrownBy(() -> CaptionMetrics.score(List.of(), List.of())).isInstanceOf(UserError.class).hasMessageContaining("no captions");
    assertThatThrownBy(() -> CaptionMetrics.score(List.of("a", "b"), List.of(List.of("a"))))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("2 captions")
        .hasMessageContaining("1 photos");
    assertThatThrownBy(() -> CaptionMetrics.score(List.of("a", "b"), List.of(List.of("a"), List.of())))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("Photo 2 of 2");
  }

  private int differing(double[] values, String name) {
    int count = 0;
    for (int i = 0; i < values.length; i++) {
      count += same(values[i], golden.get("photos").get(i).get(name).asDouble()) ? 0 : 1;
    }
    return count;
  }

  private static boolean same(double a, double b) {
    return Math.abs(a - b) <= RELATIVE * Math.max(Math.abs(a), Math.abs(b));
  }

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(text -> texts.add(text.asText()));
    return texts;
  }

  private static JsonNode read(String resource) throws IOException {
    try (InputStream in = CaptionMetricsTest.class.getResourceAsStream(resource)) {
      return new ObjectMapper().readTree(in);
    }
  }
}
