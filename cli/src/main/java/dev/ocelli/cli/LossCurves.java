package dev.ocelli.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A stage's losses as a drawing: each step a faint line, a running mean over it, and evaluations as dots.
 *
 * @param losses a step each
 * @param validation losses on the validation part, where the stage has them, by figure and step
 * @param seconds that the steps took together
 */
record LossCurves(String stage, List<Double> losses, Map<String, List<Point>> validation, double seconds) {
  private static final int WIDTH = 520;
  private static final int HEIGHT = 230;
  private static final int LEFT = 46;
  private static final int BOTTOM = 30;
  private static final int TOP = 12;
  private static final int RIGHT = 12;

  /** A value at a step. */
  record Point(long step, double value) {}

  /**
   * Of one stage, out of a run's metrics.jsonl.
   *
   * @param figures of validation that are losses of the same kind, such as "loss_own", and what to call each
   */
  static LossCurves read(Path metrics, String stage, Map<String, String> figures) {
    List<Double> losses = new ArrayList<>();
    Map<String, List<Point>> validation = new LinkedHashMap<>();
    double seconds = 0;
    for (JsonNode row : MetricsFile.rows(metrics, stage)) {
      if (row.has("loss")) {
        losses.add(row.get("loss").asDouble());
        seconds += row.path("seconds").asDouble();
      }
      for (Map.Entry<String, String> figure : figures.entrySet()) {
        if (row.path("validation").has(figure.getKey())) {
          validation.computeIfAbsent(figure.getValue(), f -> new ArrayList<>())
              .add(new Point(row.get("step").asLong(), row.get("validation").get(figure.getKey()).asDouble()));
        }
      }
    }
    return new LossCurves(stage, losses, validation, seconds);
  }

  /** The drawing, to stand in a page. */
  String svg() {
    double most =
        Math.max(
            losses.stream().mapToDouble(Double::doubleValue).max().orElse(1),
            validation.values().stream().flatMap(List::stream).mapToDouble(Point::value).max().orElse(0));
    double top = ceiling(most);
    StringBuilder svg = new StringBuilder();
    svg.append(
        String.format(
            Locale.ROOT, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"loss by step, %s\">%n", WIDTH, HEIGHT, Html.escape(stage)));
    for (int i = 0; i <= 4; i++) {
      double value = top * i / 4;
      double y = y(value, top);
      svg.append(String.format(Locale.ROOT, "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" class=\"grid\"/>%n", LEFT, WIDTH - RIGHT, y, y));
      svg.append(String.format(Locale.ROOT, "<text x=\"%d\" y=\"%.1f\" class=\"left\">%s</text>%n", LEFT - 6, y + 4, number(value)));
    }
    for (int i = 0; i <= 4; i++) {
      long step = Math.round((double) losses.size() * i / 4);
      svg.append(String.format(Locale.ROOT, "<text x=\"%.1f\" y=\"%d\" class=\"below\">%d</text>%n", x(step), HEIGHT - 10, step));
    }
    List<Point> each = new ArrayList<>();
    List<Point> mean = new ArrayList<>();
    double running = losses.isEmpty() ? 0 : losses.get(0);
    // Of long runs a part is enough: the page stays small.
    int every = Math.max(1, losses.size() / 1000);
    double keep = Math.pow(0.1, 1.0 / Math.max(5, losses.size() / 25.0));
    for (int i = 0; i < losses.size(); i++) {
      running = keep * running + (1 - keep) * losses.get(i);
      if (i % every == 0 || i == losses.size() - 1) {
        each.add(new Point(i + 1L, losses.get(i)));
        mean.add(new Point(i + 1L, running));
      }
    }
    svg.append(line(each, top, "each")).append(line(mean, top, "mean"));
    int kind = 0;
    for (Map.Entry<String, List<Point>> figure : validation.entrySet()) {
      for (Point p : figure.getValue()) {
        svg.append(
            String.format(
                Locale.ROOT, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" class=\"dot%d\"><title>%s after step %d: %.3f</title></circle>%n",
                x(p.step), y(p.value, top), kind, Html.escape(figure.getKey()), p.step, p.value));
      }
      svg.append(
          String.format(
              Locale.ROOT, "<circle cx=\"%d\" cy=\"%d\" r=\"4\" class=\"dot%d\"/><text x=\"%d\" y=\"%d\">%s</text>%n",
              LEFT + 12 + 220 * kind, HEIGHT - BOTTOM - 12, kind, LEFT + 20 + 220 * kind, HEIGHT - BOTTOM - 8, Html.escape(figure.getKey())));
      kind++;
    }
    return svg.append("</svg>\n").toString();
  }

  private String line(List<Point> points, double top, String kind) {
    StringBuilder path = new StringBuilder();
    for (Point p : points) {
      path.append(String.format(Locale.ROOT, "%s%.1f %.1f", path.isEmpty() ? "M" : "L", x(p.step), y(p.value, top)));
    }
    return path.isEmpty() ? "" : "<path d=\"" + path + "\" class=\"" + kind + "\"/>\n";
  }

  private double x(long step) {
    return LEFT + (double) (WIDTH - LEFT - RIGHT) * step / Math.max(1, losses.size());
  }

  private static double y(double value, double top) {
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / top;
  }

  /** A round number not below. */
  private static double ceiling(double value) {
    double power = Math.pow(10, Math.floor(Math.log10(Math.max(value, 1e-9))));
    for (double step : new double[] {1, 1.2, 1.6, 2, 2.4, 3.2, 4, 5, 6, 8, 10}) {
      if (step * power >= value) {
        return step * power;
      }
    }
    return 10 * power;
  }

  private static String number(double value) {
    if (value == Math.rint(value)) {
      return String.valueOf((long) value);
    }
    return String.format(Locale.ROOT, "%.3f", value).replaceAll("0+$", "");
  }
}
