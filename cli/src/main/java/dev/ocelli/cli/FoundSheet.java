package dev.ocelli.cli;

import dev.ocelli.image.RgbImage;
import dev.ocelli.search.AttentionGrid;
import dev.ocelli.search.MatchRanking.Ranked;
import java.util.List;
import java.util.Locale;

/**
 * Photos that were found, best first, each with where the best fitting query looks: there the photo keeps its light, elsewhere it is dimmed.
 *
 * @param text that was searched for; null where a photo was
 * @param image that was searched for; null where a text was
 */
record FoundSheet(String text, RgbImage image, List<Item> items) {
  /**
   * @param photo as the encoder sees it; null where the file is gone
   * @param attention null as the photo
   */
  record Item(Ranked ranked, RgbImage photo, AttentionGrid attention) {}

  private static final int SIDE = 224;
  /** What is left of the light where nobody looks. */
  private static final double DIM = 0.25;

  private static final String STYLE =
      """
      .sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(13em, 1fr)); gap: 1.2em; padding: 0; list-style: none; }
      .sheet img, .gone { display: block; width: 100%; aspect-ratio: 1; object-fit: cover; border-radius: 4px; background: #eee; }
      .both { position: relative; } .both img + img { position: absolute; inset: 0; opacity: 0; transition: opacity .15s; }
      .both:hover img + img, .both:focus img + img { opacity: 1; }
      .gone { display: grid; place-items: center; color: #666; }
      .name { font-size: .85em; color: #555; overflow-wrap: anywhere; } .asked img { max-width: 12em; border-radius: 4px; }
      """;

  String html() {
    StringBuilder body = new StringBuilder();
    if (image != null) {
      body.append("<p class=\"asked\"><img alt=\"the photo searched for\" src=\"").append(Html.address(image, SIDE)).append("\"></p>\n");
    }
    body.append("<p>").append(explanation()).append("</p>\n<ol class=\"sheet\">\n");
    for (int i = 0; i < items.size(); i++) {
      body.append(item(i + 1, items.get(i)));
    }
    body.append("</ol>\n");
    return Html.page(text == null ? "Photos like this one" : text, STYLE, body.toString());
  }

  private String explanation() {
    String who = text == null ? "the queries look, on the whole" : "the query that fits the text best looks";
    return "Bright is where " + who + ". Point at a photo to see it plain.";
  }

  private static String item(int place, Item item) {
    String name = item.ranked.hit().photo().getFileName().toString();
    String match = item.ranked.probability() == null ? "" : String.format(Locale.ROOT, ", match %.2f", item.ranked.probability());
    String picture =
        item.photo == null
            ? "<div class=\"gone\">no longer there</div>"
            : String.format(
                "<div class=\"both\" tabindex=\"0\"><img alt=\"%s\" src=\"%s\"><img alt=\"\" src=\"%s\"></div>",
                Html.escape(name), Html.address(lit(item.photo, item.attention), SIDE), Html.address(item.photo, SIDE));
    return String.format(
        Locale.ROOT, "<li>%s<div><b>%d.</b> %.3f%s</div><div class=\"name\" title=\"%s\">%s</div></li>\n",
        picture, place, item.ranked.hit().similarity(), match, Html.escape(item.ranked.hit().photo().toString()), Html.escape(name));
  }

  /** The photo under the light of the attention, whose largest weight is full light. */
  static RgbImage lit(RgbImage photo, AttentionGrid grid) {
    float most = 0;
    for (float weight : grid.weights()) {
      most = Math.max(most, weight);
    }
    byte[] rgb = photo.rgb().clone();
    for (int y = 0; y < photo.height(); y++) {
      for (int x = 0; x < photo.width(); x++) {
        double light = most == 0 ? 1 : DIM + (1 - DIM) * at(grid, (x + 0.5) / photo.width(), (y + 0.5) / photo.height()) / most;
        for (int c = 0; c < 3; c++) {
          int i = 3 * (y * photo.width() + x) + c;
          rgb[i] = (byte) Math.round((rgb[i] & 255) * light);
        }
      }
    }
    return new RgbImage(photo.width(), photo.height(), rgb);
  }

  /** The weight at a place between the middles of patches, linear in both directions. */
  private static double at(AttentionGrid grid, double x, double y) {
    double column = Math.max(0, Math.min(grid.columns() - 1, x * grid.columns() - 0.5));
    double row = Math.max(0, Math.min(grid.rows() - 1, y * grid.rows() - 0.5));
    int left = (int) column;
    int top = (int) row;
    double above = mix(grid, top, left, column - left);
    double below = mix(grid, Math.min(top + 1, grid.rows() - 1), left, column - left);
    return above + (row - top) * (below - above);
  }

  private static double mix(AttentionGrid grid, int row, int left, double share) {
    float one = grid.weights()[row * grid.columns() + left];
    float other = grid.weights()[row * grid.columns() + Math.min(left + 1, grid.columns() - 1)];
    return one + share * (other - one);
  }
}
