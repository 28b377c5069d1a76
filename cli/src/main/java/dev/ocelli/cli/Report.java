package dev.ocelli.cli;

import dev.ocelli.data.Photo;
import dev.ocelli.data.scenes.CaptionSlots;
import dev.ocelli.eval.AnswerScores;
import dev.ocelli.eval.RetrievalScores;
import dev.ocelli.train.Answers;
import dev.ocelli.train.Measurement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * A run in one page: scores, pictures with what was said of them, where the queries looked, losses, and what was trained on what.
 *
 * @param title of the page
 * @param measured part by part
 * @param pictures of a photo: the photo and where the queries looked, as addresses; the latter may be null
 * @param curves of the stages
 * @param onTheWay what was said while stage 2 learnt
 * @param about what was trained on what, name and text
 * @param recipe the recipe's text
 */
record Report(
    String title,
    List<Measurement> measured,
    Function<Photo, Pictures> pictures,
    List<LossCurves> curves,
    List<OnTheWay> onTheWay,
    Map<String, String> about,
    String recipe) {
  private static final int BEST = 6;
  private static final int EVENLY = 6;
  private static final int WORST = 6;

  /** Two images' addresses. */
  record Pictures(String photo, String gaze) {}

  /** What was said of a photo of the validation part, by step of stage 2. */
  record OnTheWay(Photo photo, Map<Long, String> said) {}

  private static final String STYLE =
      """
      p.lead { color: #555; max-width: 48em; } h2 { border-top: 1px solid #ddd; padding-top: .8em; }
      table { border-collapse: collapse; margin: .6em 0; } th, td { padding: .25em .8em; text-align: right; font-variant-numeric: tabular-nums; }
      th { font-weight: 600; } th:first-child, td:first-child { text-align: left; padding-left: 0; } tbody tr { border-top: 1px solid #eee; }
      tr.main td { font-weight: 600; } .wide { overflow-x: auto; }
      .cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(21em, 1fr)); gap: 1em; }
      .card { border: 1px solid #ddd; border-radius: 6px; padding: .7em; font-size: .92em; break-inside: avoid; }
      .card .two { display: grid; grid-template-columns: 1fr 1fr; gap: .4em; } .card img { width: 100%; display: block; border-radius: 3px; }
      .card p { margin: .5em 0 0; } .said { font-weight: 600; } .people { color: #666; }
      .card ul { margin: .5em 0 0; padding: 0; list-style: none; } .card li { border-top: 1px solid #f0f0f0; padding: .2em 0; }
      .right { color: #17702c; } .wrong { color: #b3261e; } .small { color: #777; font-size: .88em; }
      .plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(24em, 1fr)); gap: 1em; } svg { width: 100%; height: auto; }
      svg .grid { stroke: #e6e6e6; } svg text { font-size: 11px; fill: #666; } svg .left { text-anchor: end; } svg .below { text-anchor: middle; }
      svg .each { fill: none; stroke: #bcd0ea; stroke-width: 1; } svg .mean { fill: none; stroke: #1f5fae; stroke-width: 2; }
      svg .dot0 { fill: #d95f02; } svg .dot1 { fill: #1b9e77; } pre { background: #f7f7f7; padding: .8em; overflow-x: auto; font-size: .85em; }
      dl { display: grid; grid-template-columns: max-content 1fr; gap: .2em 1.2em; } dt { color: #666; } dd { margin: 0; }
      """;

  String html() {
    StringBuilder body = new StringBuilder();
    body.append("<p class=\"lead\">Measured on photos that were held out from training. Percent unless said otherwise.</p>\n");
    for (Measurement m : measured) {
      scores(body, m);
    }
    for (Measurement m : measured) {
      cards(body, m);
    }
    onTheWay(body);
    body.append("<h2>Losses</h2>\n<div class=\"plots\">\n");
    for (LossCurves curve : curves) {
      body.append("<div><p>").append(stageName(curve.stage())).append("</p>\n").append(curve.svg()).append("</div>\n");
    }
    body.append("</div>\n<p class=\"small\">Line: running mean over each step's loss (faint), in which captions and answers are mixed.</p>\n");
    body.append("<h2>What was trained on what</h2>\n<dl>\n");
    about.forEach((key, value) -> body.append("<dt>").append(e(key)).append("</dt><dd>").append(e(value)).append("</dd>\n"));
    body.append("</dl>\n<details><summary>Every figure of the recipe</summary><pre>").append(e(recipe)).append("</pre></details>\n");
    return Html.page(title, STYLE, body.toString());
  }

  private static String stageName(String stage) {
    return switch (stage) {
      case "qformer" -> "Stage 1: which caption belongs to which photo";
      case "vlm" -> "Stage 2: saying captions and answers";
      default -> e(stage);
    };
  }

  private static void scores(StringBuilder body, Measurement m) {
    body.append("<h2>").append(partName(m.split())).append("</h2>\n<div class=\"wide\">\n");
    if (m.retrieval() != null) {
      RetrievalScores r = m.retrieval();
      body.append("<table><thead><tr><th>Finding by stage 1</th><th>R@1</th><th>R@5</th><th>R@10</th><th>R@1 by chance</th></tr></thead><tbody>\n");
      row(body, "a photo's caption among " + r.captions(), false, r.i2tR1(), r.i2tR5(), r.i2tR10(), 100.0 / r.images());
      row(body, "a caption's photo among " + r.images(), false, r.t2iR1(), r.t2iR5(), r.t2iR10(), 100.0 / r.images());
      body.append("</tbody></table>\n");
    }
    if (m.slots() != null) {
      body.append("<table><thead><tr><th>Right in captions</th>");
      List.of("all", "object", "colour", "count", "relation").forEach(slot -> body.append("<th>").append(slot).append("</th>"));
      body.append("</tr></thead><tbody>\n");
      row(body, "of its own scene", true, slots(m.slots().own()));
      row(body, "of another scene: by chance", false, slots(m.slots().other()));
      body.append("</tbody></table>\n");
    }
    if (m.answers() != null) {
      answers(body, m.answers());
    }
    body.append("</div>\n<p>");
    if (m.captions() == null) {
      body.append(text("Stage 2 isn't trained: the captions below are those that stage 1 finds among the %d of these photos.", m.retrieval().captions()));
    } else {
      body.append(text("Captions: BLEU-4 %.1f, CIDEr %.2f, ROUGE-L %.1f over %d photos.", 100 * m.captions().bleu4(), m.captions().cider(),
          100 * m.captions().rougeL(), m.captions().captions()));
    }
    if (m.grounding() != null) {
      body.append(text(" Grounding: a right caption's loss a token is %.3f with its own photo and %.3f with another (gap %.3f; 0 would be blind).",
          m.grounding().lossOwn(), m.grounding().lossShuffled(), m.grounding().gap()));
    }
    body.append("</p>\n");
  }

  private static void answers(StringBuilder body, AnswerScores s) {
    List<String> kinds = new ArrayList<>(List.of(AnswerScores.ALL));
    s.counts().keySet().stream().filter(kind -> !kind.equals(AnswerScores.ALL)).forEach(kinds::add);
    body.append("<table><thead><tr><th>Right answers</th>");
    kinds.forEach(kind -> body.append("<th>").append(e(kind)).append("</th>"));
    body.append("</tr></thead><tbody>\n");
    row(body, "with the photo", true, by(kinds, s.accuracy()));
    row(body, s.blankIs().equals("trained") ? "trained without photos" : "this model, image slot blanked", false, by(kinds, s.blank()));
    if (s.guess() != null) {
      row(body, "always the likeliest answer", false, by(kinds, s.guess()));
    }
    if (s.photoSwapped() != null) {
      row(body, "with another photo", false, by(kinds, s.photoSwapped()));
    }
    body.append("<tr><td>questions</td>");
    kinds.forEach(kind -> body.append("<td>").append(s.counts().get(kind)).append("</td>"));
    body.append("</tr></tbody></table>\n");
    if (s.questionSwapped() != null) {
      body.append(
          text(
              "<p>Asked another photo's question, %.0f%% of the answers change (%.0f%% should), and %.0f%% still answer the first question.</p>\n",
              s.questionSwapped().answersChanged(), s.questionSwapped().shouldChange(), s.questionSwapped().answersStillRight()));
    }
  }

  private void cards(StringBuilder body, Measurement m) {
    List<Photo> photos = m.photos().photos();
    Map<String, List<Answers.Row>> asked = new LinkedHashMap<>();
    m.asked().forEach(row -> asked.computeIfAbsent(row.image(), i -> new ArrayList<>()).add(row));
    double[] quality =
        IntStream.range(0, photos.size())
            .mapToDouble(i -> quality(m, i, asked.getOrDefault(photos.get(i).image(), List.of())))
            .toArray();
    List<Integer> order = IntStream.range(0, photos.size()).boxed().sorted(Comparator.comparingDouble(i -> -quality[i])).toList();
    int n = order.size();
    int best = Math.min(BEST, (n + 1) / 2);
    int worst = Math.min(WORST, n - best);
    List<Integer> rest = order.subList(best, n - worst);
    int evenly = Math.min(EVENLY, rest.size());
    String part = partName(m.split());
    cards(body, part + ": the best", m, order.subList(0, best), asked);
    List<Integer> between = IntStream.range(0, evenly).mapToObj(i -> rest.get((2 * i + 1) * rest.size() / (2 * evenly))).toList();
    cards(body, part + ": evenly out of the rest", m, between, asked);
    cards(body, part + ": the worst", m, order.subList(n - worst, n), asked);
  }

  /** Of its caption, and the share of right answers. */
  private static double quality(Measurement m, int photo, List<Answers.Row> asked) {
    double answers = asked.isEmpty() ? 0 : (double) asked.stream().filter(Answers.Row::right).count() / asked.size();
    return Math.min(1, m.quality()[photo] / 3) + answers;
  }

  private void cards(StringBuilder body, String heading, Measurement m, List<Integer> which, Map<String, List<Answers.Row>> asked) {
    if (which.isEmpty()) {
      return;
    }
    body.append("<h2>").append(e(heading)).append("</h2>\n<div class=\"cards\">\n");
    for (int i : which) {
      Photo photo = m.photos().photos().get(i);
      Pictures shown = pictures.apply(photo);
      body.append("<div class=\"card\"><div class=\"two\"><img alt=\"").append(e(photo.image())).append("\" src=\"")
          .append(shown.photo()).append("\">");
      if (shown.gaze() != null) {
        body.append("<img alt=\"where the queries looked\" title=\"Lit up: where the queries looked\" src=\"").append(shown.gaze()).append("\">");
      }
      String judged = m.own() == null ? "" : m.own().get(i) ? " right" : " wrong";
      body.append("</div>\n<p class=\"said").append(judged).append("\">").append(judged.isEmpty() ? "" : m.own().get(i) ? "✓ " : "✗ ")
          .append(e(m.said().get(i))).append("</p>\n<p class=\"people\">")
          .append(e(photo.captions().get(0))).append("</p>\n");
      List<Answers.Row> rows = asked.getOrDefault(photo.image(), List.of());
      if (!rows.isEmpty()) {
        body.append("<ul>\n");
        for (Answers.Row row : rows) {
          body.append("<li>").append(e(row.question())).append(" <b class=\"").append(row.right() ? "right" : "wrong").append("\">")
              .append(row.right() ? "✓ " : "✗ ").append(e(row.answer())).append("</b>")
              .append(row.right() ? "" : " <span class=\"small\">(" + e(row.expected()) + ")</span>").append("</li>\n");
        }
        body.append("</ul>\n");
      }
      body.append("</div>\n");
    }
    body.append("</div>\n");
  }

  private void onTheWay(StringBuilder body) {
    if (onTheWay.isEmpty()) {
      return;
    }
    body.append("<h2>What it said on the way, by step of stage 2</h2>\n<div class=\"cards\">\n");
    for (OnTheWay one : onTheWay) {
      body.append("<div class=\"card\"><div class=\"two\"><img alt=\"").append(e(one.photo.image())).append("\" src=\"")
          .append(pictures.apply(one.photo).photo()).append("\"></div>\n<ul>\n");
      one.said.forEach((step, said) -> body.append("<li><span class=\"small\">").append(step).append("</span> ").append(e(said)).append("</li>\n"));
      body.append("</ul>\n<p class=\"people\">").append(e(one.photo.captions().get(0))).append("</p></div>\n");
    }
    body.append("</div>\n");
  }

  private static Double[] slots(CaptionSlots.Slots s) {
    return new Double[] {s.all().percent(), s.object().percent(), s.colour().percent(), s.count().percent(), s.relation().percent()};
  }

  private static Double[] by(List<String> kinds, Map<String, Double> percent) {
    return kinds.stream().map(percent::get).toArray(Double[]::new);
  }

  private static void row(StringBuilder body, String name, boolean main, Double... values) {
    body.append(main ? "<tr class=\"main\"><td>" : "<tr><td>").append(e(name)).append("</td>");
    for (Double value : values) {
      body.append("<td>").append(value == null ? "–" : text("%.1f", value)).append("</td>");
    }
    body.append("</tr>\n");
  }

  private static String partName(String split) {
    return switch (split) {
      case "test" -> "Test photos";
      case "unseen" -> "Unseen combinations";
      default -> e(split);
    };
  }

  private static String text(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }

  private static String e(String text) {
    return Html.escape(text);
  }
}
