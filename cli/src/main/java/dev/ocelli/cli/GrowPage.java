package dev.ocelli.cli;

import dev.ocelli.UserError;
import dev.ocelli.data.Draws;
import dev.ocelli.data.Photo;
import dev.ocelli.data.Picture;
import dev.ocelli.grow.GrowReport;
import dev.ocelli.grow.Grown;
import dev.ocelli.grow.Growth;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.commons.csv.CSVFormat;

/** What {@code data grow} did, to look at: how much was kept, and fifty rows drawn from all that was written, kept or not. */
final class GrowPage {
  private static final int SHOWN = 50;
  private static final int SIDE = 160;
  private static final CSVFormat CSV = CSVFormat.RFC4180.builder().setRecordSeparator("\n").get();

  private static final String STYLE =
      """
      table { border-collapse: collapse; } td, th { padding: .4em .8em .4em 0; text-align: left; vertical-align: top; border-bottom: 1px solid #ddd; }
      .thrown { color: #a33; } .kept { color: #2a6; } small { color: #666; }
      """;

  private GrowPage() {}

  static String html(Growth.Result result, long seed) {
    Map<String, Picture> pictures = new HashMap<>();
    for (Photo photo : result.photos()) {
      pictures.put(photo.image(), photo.picture());
    }
    GrowReport report = result.report();
    StringBuilder body = new StringBuilder();
    body.append(
        String.format(
            Locale.ROOT, "<p>Judged by %s; kept from a score of %.3f on. %d held-out photos were left alone.</p>%n",
            report.judge(), report.threshold(), report.heldOut()));
    body.append("<table><tr><th></th><th>written</th><th>changed at all</th><th>kept</th><th>thrown away</th></tr>\n");
    share(body, "captions", report.captions());
    share(body, "paraphrases", report.paraphrases());
    share(body, "questions", report.questions());
    body.append("</table>\n<h2>Fifty rows, drawn from all that was written</h2>\n<table>\n");
    int[] order = Draws.permutation(seed, "grow page", 0, result.grown().size());
    for (int i = 0; i < Math.min(SHOWN, order.length); i++) {
      row(body, result.grown().get(order[i]), pictures);
    }
    return Html.page("What was grown", STYLE, body.append("</table>\n").toString());
  }

  private static void share(StringBuilder body, String what, GrowReport.Share share) {
    if (share != null) {
      body.append(
          String.format(
              Locale.ROOT, "<tr><td>%s</td><td>%d</td><td>%.1f%%</td><td>%d</td><td>%s</td></tr>%n",
              what, share.written(), 100 * share.changed(), share.kept(), Html.escape(share.thrown().toString())));
    }
  }

  private static void row(StringBuilder body, Grown one, Map<String, Picture> pictures) {
    body.append("<tr><td>").append(picture(pictures.get(one.image()))).append("</td><td>");
    if (one.question() != null) {
      body.append(Html.escape(one.question())).append("<br>");
    }
    body.append("<b>").append(Html.escape(one.text())).append("</b><br><small>").append(one.origin().word());
    if (!one.source().isEmpty()) {
      body.append(", of: ").append(Html.escape(one.source()));
    }
    if (!Double.isNaN(one.score())) {
      body.append(String.format(Locale.ROOT, ", score %.3f", one.score()));
    }
    body.append("</small></td><td class=\"").append(one.thrown() == null ? "kept\">kept" : "thrown\">" + Html.escape(one.thrown()));
    body.append("</td></tr>\n");
  }

  private static String picture(Picture picture) {
    try {
      return picture == null ? "" : "<img alt=\"\" src=\"" + Html.address(picture.rgb(), SIDE) + "\">";
    } catch (UserError gone) {
      return "";
    }
  }

  /** All that wasn't kept, as CSV. */
  static String thrown(List<Grown> grown) {
    StringBuilder text = new StringBuilder("image,origin,source,question,text,score,reason\n");
    for (Grown one : grown) {
      if (one.thrown() != null) {
        String score = Double.isNaN(one.score()) ? "" : String.format(Locale.ROOT, "%.4f", one.score());
        text.append(CSV.format(one.image(), one.origin().word(), one.source(), one.question(), one.text(), score, one.thrown())).append('\n');
      }
    }
    return text.toString();
  }
}
