package dev.ocelli.download;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a site's robots.txt allows us, as RFC 9309 reads it: the groups of our own name, or else those for all; the longest rule that fits
 * decides, and allows where two are equally long. {@code Crawl-delay} isn't in the RFC; it is obeyed all the same.
 *
 * @param delay seconds between two requests that the site asks for, 0 where it doesn't
 */
record Robots(List<Rule> rules, double delay) {
  static final Robots ALL = new Robots(List.of(), 0);
  static final Robots NOTHING = new Robots(List.of(new Rule(false, "/")), 0);

  /** More rules than this are a mistake or an attack; the rest is passed over. */
  private static final int MOST_RULES = 5000;

  private static final double LONGEST_DELAY = 3600;

  /** @param pattern with {@code *} for anything and {@code $} for the end */
  record Rule(boolean allow, String pattern) {}

  /**
   * @param agent our name, such as "ocelli"
   */
  static Robots parse(byte[] file, String agent) {
    List<Rule> own = new ArrayList<>();
    List<Rule> others = new ArrayList<>();
    double ownDelay = 0;
    double othersDelay = 0;
    boolean named = false;
    boolean inOwn = false;
    boolean inOthers = false;
    boolean inNames = false;
    String text = new String(file, StandardCharsets.UTF_8);
    for (String line : (text.startsWith("\uFEFF") ? text.substring(1) : text).split("\r\n|\r|\n")) {
      String said = line.contains("#") ? line.substring(0, line.indexOf('#')) : line;
      int colon = said.indexOf(':');
      if (colon < 0) {
        continue;
      }
      String key = said.substring(0, colon).strip().toLowerCase(Locale.ROOT);
      String value = said.substring(colon + 1).strip();
      if (key.equals("user-agent")) {
        if (!inNames) {
          inOwn = false;
          inOthers = false;
        }
        inNames = true;
        boolean ours = token(value).equalsIgnoreCase(agent);
        named |= ours;
        inOwn |= ours;
        inOthers |= value.startsWith("*");
      } else if (key.equals("allow") || key.equals("disallow")) {
        inNames = false;
        if (!value.isEmpty()) {
          Rule rule = new Rule(key.equals("allow"), normal(value));
          add(own, rule, inOwn);
          add(others, rule, inOthers);
        }
      } else if (key.equals("crawl-delay")) {
        inNames = false;
        ownDelay = inOwn ? seconds(value, ownDelay) : ownDelay;
        othersDelay = inOthers ? seconds(value, othersDelay) : othersDelay;
      }
    }
    return named ? new Robots(List.copyOf(own), ownDelay) : new Robots(List.copyOf(others), othersDelay);
  }

  private static void add(List<Rule> rules, Rule rule, boolean here) {
    if (here && rules.size() < MOST_RULES) {
      rules.add(rule);
    }
  }

  /** A name ends where its version or anything else begins. */
  private static String token(String value) {
    int end = 0;
    while (end < value.length() && (Character.isLetter(value.charAt(end)) || value.charAt(end) == '-' || value.charAt(end) == '_')) {
      end++;
    }
    return value.substring(0, end);
  }

  private static double seconds(String value, double otherwise) {
    try {
      double seconds = Double.parseDouble(value);
      return seconds >= 0 ? Math.min(LONGEST_DELAY, seconds) : otherwise;
    } catch (NumberFormatException e) {
      return otherwise;
    }
  }

  /** @param target path and query, in ASCII */
  boolean allows(String target) {
    String path = normal(target);
    int longest = -1;
    boolean allowed = true;
    for (Rule rule : rules) {
      int length = rule.pattern.length();
      if (length >= longest && fits(rule.pattern, path) && (length > longest || rule.allow)) {
        longest = length;
        allowed = rule.allow;
      }
    }
    return allowed;
  }

  /** Whether the path begins with what the pattern describes. Takes time in proportion to both lengths multiplied, at worst. */
  private static boolean fits(String pattern, String path) {
    boolean toTheEnd = pattern.endsWith("$");
    String body = toTheEnd ? pattern.substring(0, pattern.length() - 1) : pattern + "*";
    int p = 0;
    int star = -1;
    int mark = 0;
    int i = 0;
    while (i < path.length()) {
      if (p < body.length() && body.charAt(p) == '*') {
        star = p++;
        mark = i;
      } else if (p < body.length() && body.charAt(p) == path.charAt(i)) {
        p++;
        i++;
      } else if (star >= 0) {
        p = star + 1;
        i = ++mark;
      } else {
        return false;
      }
    }
    while (p < body.length() && body.charAt(p) == '*') {
      p++;
    }
    return p == body.length();
  }

  /** The same place written the same way: other letters than ASCII's as %XX, needless %XX undone, hexadecimal in capitals. */
  private static String normal(String path) {
    byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < bytes.length; i++) {
      int b = bytes[i] & 255;
      if (b == '%' && i + 2 < bytes.length && Character.digit(bytes[i + 1], 16) >= 0 && Character.digit(bytes[i + 2], 16) >= 0) {
        int code = Character.digit(bytes[i + 1], 16) << 4 | Character.digit(bytes[i + 2], 16);
        i += 2;
        text.append(unreserved(code) ? String.valueOf((char) code) : String.format("%%%02X", code));
      } else {
        text.append(b < 128 && b > 32 ? String.valueOf((char) b) : String.format("%%%02X", b));
      }
    }
    return text.toString();
  }

  private static boolean unreserved(int c) {
    return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~';
  }
}
