package dev.ocelli.cli;

import dev.ocelli.UserError;
import dev.ocelli.data.CaptionFolder;
import dev.ocelli.data.Draws;
import dev.ocelli.data.Photo;
import dev.ocelli.data.check.DataReport;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The page of {@code data check --html}: what was found, photos that look alike side by side, and some photos drawn by lot.
 *
 * @param name of the data, for the title
 * @param seed of the draw
 */
record ContactSheet(CaptionFolder folder, DataReport report, String name, long seed) {
  private static final int PHOTOS = 60;
  private static final int GROUPS = 20;
  private static final int IN_A_GROUP = 6;
  private static final int THUMBNAIL = 160;
  private static final String STYLE =
      """
      .sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(170px, 1fr)); gap: 12px; }
      figure { margin: 0; font-size: 12px; overflow-wrap: anywhere; }
      figure img { max-width: 100%; display: block; margin-bottom: 4px; }
      figcaption b { font-weight: 600; } .part { color: #666; }
      .group { display: flex; flex-wrap: wrap; gap: 12px; border-top: 1px solid #ddd; padding: 8px 0; }
      .group figure { width: 165px; } .mend { color: #a00; } .look { color: #850; }
      """;

  String html() {
    Map<String, Photo> photos = new HashMap<>();
    folder.photos().forEach(photo -> photos.put(photo.image(), photo));
    StringBuilder body = new StringBuilder();
    body.append("<p>").append(Html.escape(report.format())).append(", ").append(report.pictures().photos()).append(" photos, ")
        .append(report.captions().count()).append(" captions. Verdict: <b>").append(report.verdict().word()).append("</b></p>\n<ul>\n");
    for (DataReport.Finding finding : report.findings()) {
      String word = finding.verdict().word();
      body.append("<li class=\"").append(word).append("\">").append(word).append(": ").append(Html.escape(finding.text())).append("</li>\n");
    }
    body.append("</ul>\n");
    bad(body, "Missing", report.pictures().missing());
    bad(body, "Broken", report.pictures().broken());
    if (!report.duplicates().groups().isEmpty()) {
      body.append("<h2>Equal and similar photos</h2>\n");
      for (DataReport.Group group : report.duplicates().groups().stream().limit(GROUPS).toList()) {
        body.append("<p>").append(group.exact() ? "equal" : "similar").append(group.crossing() ? ", across the split" : "").append(", ")
            .append(group.images().size()).append(" photos</p>\n<div class=\"group\">\n");
        group.images().stream().limit(IN_A_GROUP).forEach(image -> figure(body, photos.get(image)));
        body.append("</div>\n");
      }
    }
    body.append("<h2>Photos drawn by lot</h2>\n<div class=\"sheet\">\n");
    folder.photos().stream()
        .sorted(Comparator.comparingLong((Photo photo) -> Draws.bits(seed, "sheet " + photo.image(), 0, 0)))
        .limit(PHOTOS)
        .forEach(photo -> figure(body, photo));
    body.append("</div>\n");
    return Html.page("Check of " + name, STYLE, body.toString());
  }

  private static void bad(StringBuilder body, String title, List<DataReport.Bad> bad) {
    if (!bad.isEmpty()) {
      body.append("<h2>").append(title).append("</h2>\n<ul>\n");
      bad.stream().limit(50).forEach(one -> body.append("<li>").append(Html.escape(one.reason())).append("</li>\n"));
      body.append("</ul>\n");
    }
  }

  private static void figure(StringBuilder body, Photo photo) {
    body.append("<figure>");
    try {
      body.append("<img alt=\"\" src=\"").append(Html.address(photo.picture().rgb(), THUMBNAIL)).append("\">");
    } catch (UserError broken) {
      body.append("(can't be read)");
    }
    body.append("<figcaption><b>").append(Html.escape(photo.image())).append("</b> <span class=\"part\">")
        .append(photo.part().name().toLowerCase(Locale.ROOT)).append("</span><br>").append(Html.escape(photo.captions().get(0)))
        .append("</figcaption></figure>\n");
  }
}
