package dev.ocelli.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Each mask cell by cell, and as the docs draw it. */
class AttentionMaskTest {
  private static final int QUERIES = 3;
  private static final int TOKENS = 4;
  private static final Path PICTURES = Path.of("../docs/masks");

  /** Rows of queries, then of tokens; "x" where the row sees the column. */
  private static String expected(AttentionMask mask) {
    return switch (mask) {
      case UNIMODAL -> """
          xxx....
          xxx....
          xxx....
          ...xxxx
          ...xxxx
          ...xxxx
          ...xxxx
          """;
      case BIDIRECTIONAL -> """
          xxxxxxx
          xxxxxxx
          xxxxxxx
          xxxxxxx
          xxxxxxx
          xxxxxxx
          xxxxxxx
          """;
      case MULTIMODAL_CAUSAL -> """
          xxx....
          xxx....
          xxx....
          xxxx...
          xxxxx..
          xxxxxx.
          xxxxxxx
          """;
    };
  }

  @ParameterizedTest
  @EnumSource
  void everyCellIsThePapers(AttentionMask mask) {
    StringBuilder cells = new StringBuilder();
    for (int row = 0; row < QUERIES + TOKENS; row++) {
      for (int column = 0; column < QUERIES + TOKENS; column++) {
        cells.append(mask.sees(row, column, QUERIES, false) ? 'x' : '.');
      }
      cells.append('\n');
    }
    assertThat(cells).hasToString(expected(mask));
    Scope.run(
        () -> {
          Tensor tensor = mask.tensor(QUERIES, TOKENS, false);
          assertThat(Tensors.shape(tensor)).containsExactly(QUERIES + TOKENS, QUERIES + TOKENS);
          float[] values = Tensors.floats(tensor);
          String flat = expected(mask).replace("\n", "");
          for (int i = 0; i < values.length; i++) {
            assertThat(values[i]).as(mask + " cell " + i).isEqualTo(flat.charAt(i) == 'x' ? 1 : 0);
          }
        });
  }

  /** All else is as in the paper. */
  @ParameterizedTest
  @EnumSource
  void queriesThatAreKeptApartSeeThemselvesAlone(AttentionMask mask) {
    for (int row = 0; row < QUERIES + TOKENS; row++) {
      for (int column = 0; column < QUERIES + TOKENS; column++) {
        boolean queries = row < QUERIES && column < QUERIES;
        assertThat(mask.sees(row, column, QUERIES, true)).isEqualTo(queries ? row == column : mask.sees(row, column, QUERIES, false));
      }
    }
  }

  @Test
  void oneQueryAndNoTextWorkToo() {
    Scope.run(() -> assertThat(Tensors.floats(AttentionMask.MULTIMODAL_CAUSAL.tensor(1, 0, true))).containsExactly(1));
  }

  /** On a difference the new picture lies in target/masks, to be looked at and copied. */
  @ParameterizedTest
  @EnumSource
  void theDocsDrawIt(AttentionMask mask) throws IOException {
    String name = mask.name().toLowerCase(Locale.ROOT).replace('_', '-') + ".svg";
    String drawn = picture(mask, 4, 6);
    Files.createDirectories(Path.of("target/masks"));
    Files.writeString(Path.of("target/masks").resolve(name), drawn);
    assertThat(PICTURES.resolve(name)).content().isEqualTo(drawn);
  }

  private static String picture(AttentionMask mask, int queries, int tokens) {
    int cell = 22;
    int margin = 34;
    int side = margin + (queries + tokens) * cell;
    StringBuilder svg = new StringBuilder();
    svg.append(
        String.format(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" font-family=\"sans-serif\" font-size=\"12\">\n",
            side + 2, side + 2, side + 2));
    svg.append(String.format("<title>%s: a row sees the columns that are filled</title>\n", mask));
    for (int i = 0; i < queries + tokens; i++) {
      String label = i < queries ? "q" + (i + 1) : "t" + (i - queries + 1);
      int middle = margin + i * cell + cell / 2;
      svg.append(String.format("<text x=\"%d\" y=\"24\" text-anchor=\"middle\" fill=\"#777\">%s</text>\n", middle, label));
      svg.append(String.format("<text x=\"26\" y=\"%d\" text-anchor=\"end\" fill=\"#777\">%s</text>\n", middle + 4, label));
      for (int j = 0; j < queries + tokens; j++) {
        String colour = !mask.sees(i, j, queries, false) ? "none" : j < queries ? "#3366aa" : "#dd9933";
        svg.append(
            String.format("<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\" stroke=\"#999\"/>\n",
                margin + j * cell, margin + i * cell, cell, cell, colour));
      }
    }
    return svg.append("</svg>\n").toString();
  }
}
