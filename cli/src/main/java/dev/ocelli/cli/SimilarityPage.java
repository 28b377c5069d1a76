package dev.ocelli.cli;

import dev.ocelli.eval.ImageTextScores;
import java.util.List;
import java.util.Locale;

/**
 * The article's picture: photos against captions, each cell the darker the better they fit. A model that sees has a dark diagonal.
 *
 * @param pictures addresses of the photos
 * @param captions one of each photo
 */
record SimilarityPage(List<String> pictures, List<String> captions, ImageTextScores.Matrix matrix) {
  private static final String STYLE =
      """
      table { border-collapse: collapse; } td { width: 4.2em; height: 3em; text-align: center; padding: 0; }
      th { padding: .3em; font-weight: normal; vertical-align: bottom; } th img { display: block; width: 72px; }
      tr th:first-child { text-align: right; max-width: 22em; vertical-align: middle; }
      td.own { outline: 2px solid #d60; outline-offset: -2px; } td.best { font-weight: bold; text-decoration: underline; }
      """;

  String html() {
    StringBuilder body = new StringBuilder();
    body.append("<p>A column a photo, a row a caption. Framed: the photo's own caption. Underlined: the caption's best photo.</p>\n");
    table(body, "Similarity (contrast)", matrix.similarity());
    if (matrix.probability() != null) {
      table(body, "Probability that they match (matching)", matrix.probability());
    }
    return Html.page("Photos and captions", STYLE, body.toString());
  }

  private void table(StringBuilder body, String title, float[][] values) {
    float least = Float.POSITIVE_INFINITY;
    float most = Float.NEGATIVE_INFINITY;
    for (float[] row : values) {
      for (float v : row) {
        least = Math.min(least, v);
        most = Math.max(most, v);
      }
    }
    body.append("<h2>").append(Html.escape(title)).append("</h2>\n<table>\n<tr><th></th>");
    for (int p = 0; p < pictures.size(); p++) {
      body.append("<th><img alt=\"photo ").append(p + 1).append("\" src=\"").append(pictures.get(p)).append("\"></th>");
    }
    body.append("</tr>\n");
    for (int c = 0; c < captions.size(); c++) {
      body.append("<tr><th>").append(Html.escape(captions.get(c))).append("</th>");
      for (int p = 0; p < pictures.size(); p++) {
        body.append(cell(values, p, c, most > least ? (values[p][c] - least) / (most - least) : 0));
      }
      body.append("</tr>\n");
    }
    body.append("</table>\n");
  }

  /** @param share from the least of all values (0, white) to the most (1, dark blue) */
  private static String cell(float[][] values, int photo, int caption, float share) {
    boolean best = true;
    for (float[] row : values) {
      best &= row[caption] <= values[photo][caption];
    }
    int red = Math.round(255 - 225 * share);
    int green = Math.round(255 - 180 * share);
    int blue = Math.round(255 - 110 * share);
    String classes = (photo == caption ? "own " : "") + (best ? "best" : "");
    return String.format(
        Locale.ROOT,
        "<td class=\"%s\" style=\"background:rgb(%d,%d,%d);color:%s\">%.2f</td>",
        classes.strip(), red, green, blue, share > 0.55 ? "#fff" : "#222", values[photo][caption]);
  }
}
