package dev.ocelli.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Splits a caption into the words that caption metrics count, as the tokenizer of pycocoevalcap does: Penn Treebank words in lower case,
 * without punctuation ("The dog's toys don't fit." → the, dog, 's, toys, do, n't, fit).
 *
 * <p>Published scores hang on these details, so they follow what that tokenizer was seen to answer, its oddities too: brackets stay
 * (<code>-lrb-</code>), so do runs of marks ("!!!"), a pound sign becomes "#" and a euro sign "$", and emoji vanish. A mixed number
 * ("1 1/2") is one token that holds a no-break space; BLEU and CIDEr split it, ROUGE-L does not (see {@link #words}).
 *
 * <p>The original reads all captions as one text, so that one that ends in an initial ("exit B.") comes out as "b." or "b" by the
 * first word of the next; here each caption stands alone and gives "b.". A number of rare forms differ too: smileys of more than three
 * characters, words glued to addresses, a contraction within a contraction.
 */
public final class CaptionTokens {
  private static final char NO_BREAK_SPACE = '\u00a0';

  /** The marks that metrics leave out. The comparison is after lower-casing, which is why brackets ("-lrb-") are not among them. */
  private static final Set<String> LEFT_OUT = Set.of("''", "'", "``", "`", ".", "?", "!", ",", ":", "-", "--", "...", ";");

  /** Abbreviations that keep their full stop. */
  private static final String ABBREVIATIONS =
      "adj|adm|adv|al|ala|alex|apr|ariz|assn|assoc|asst|atty|attys|aug|ave|bhd|bldg|blvd|brig|bros|calif|capt|cf|cie|cmdr|co|col|colo"
          + "|comdr|conn|corp|cos|cpl|ct|dak|dec|dept|det|dr|drs|elec|ens|esq|est|etc|ext|feb|fla|fri|ft|ga|gen|gov|govs|hon|inc|ind|insp"
          + "|intl|invt|jan|jos|jr|jul|jun|kan|kans|ky|lieut|lt|ltd|maj|mar|md|messrs|mfg|mich|minn|mlle|mme|mo|mon|mont|mr|mrs|ms|msgr|mt"
          + "|mtg|natl|neb|nev|nov|oct|okla|penn|pfc|ph\\.d|ph|plc|ppte|pptes|ppty|pptys|pres|prof|profs|pte|ptes|pty|ptys|pvt|rd|rep|reps"
          + "|rev|rt|sen|sens|sep|sept|seq|sfc|sgt|spc|sq|sr|st|ste|supt|supts|sys|tel|tenn|thu|thurs|treas|tue|tues|univ|va|vs|vt|wed|wis"
          + "|wisc|wm|wyo";

  /** Those that do so only in capitals, since in lower case they are words. */
  private static final String PROPER_ABBREVIATIONS = "Ark|Az|Del|Ill|La|Mass|Miss|Ore|Pa|Tex|Wash";

  /** Those that do so only before a number. */
  private static final String NUMBERED_ABBREVIATIONS = "art|ca|fig|figs|no|nos|op|pp|prop";

  /** Words that begin a sentence: "plan A. The" ends one, "J. Smith" does not. */
  private static final String SENTENCE_STARTS =
      "A|About|According|Additionally|After|An|As|At|But|Earlier|He|Her|Here|However|If|In|It|Last|Many|More|Now|Once|One|Other|Our|She"
          + "|Since|So|Some|Such|That|The|Their|Then|There|These|They|This|We|What|When|While|Yet|You";

  private static final String L = "[\\p{L}\\p{M}]";
  private static final String LD = "[\\p{L}\\p{M}\\p{Nd}]";
  private static final String FRACTION = "\\d{1,4}/\\d{1,4}";
  private static final String DASHED = "[A-Za-z0-9]+(?:-[A-Za-z]+){0,2}";

  /**
   * What a token may look like. The rule with the longest match wins, the earlier one at a tie, and what a rule looks ahead at counts as
   * matched: group 1 is the token, the whole match says how long. Groups repeat up to 200 times: Java's regular expressions take stack
   * for each, and a model gone wrong may say "a-a-a-a…" for ever.
   */
  private static final Pattern[] RULES = {
    // Markup, addresses and tags.
    rule("(</?[A-Za-z][^<>]*>)"),
    rule("(https?://[^\\s<>\"]*[^\\s<>\"'.,;:!?)])"),
    rule("((?:www\\.)?(?:[A-Za-z0-9]+\\.){1,200}(?i:com|net|org|edu)(?:/[^\\s<>\"]*[^\\s<>\"'.,;:!?)])?)(?!\\w)"),
    rule("([A-Za-z0-9][\\w.+-]*@[\\w-]+(?:\\.[\\w-]+){0,200})"),
    rule("(@[A-Za-z_]\\w*)"),
    rule("(#\\p{L}+)"),
    // Contractions. A word ends before its clitic.
    rule("(" + L + "*[\\p{L}\\p{M}&&[^nN]])(?i:n't)"),
    rule("(?i:(can)not)"),
    rule("(?i:(gon|wan)na)"),
    rule("(?i:(got)ta)"),
    rule("(?i:(gim|lem)me)"),
    rule("('(?i:t))(?i:is|was)"),
    rule("('(?i:till|til|em|cause|n'))"),
    rule("((?i:n)'[tT])"),
    rule("('[2-9]0s)(?!\\w)"),
    rule("('\\d\\d)(?:\\s|$)"),
    rule("('(?i:s|d|m|ll|re|ve))(?:[^A-Za-z]|$)"),
    rule("('(?i:n))"),
    rule("(" + LD + "+)'(?i:[sdm]|ll|re|ve)"),
    rule("([A-Za-z]*[A-Za-z][aeiouyAEIOUY]'[aeiouAEIOU][A-Za-z]*)"),
    rule("((?i:[dlno])'[A-Za-z]{2}[A-Za-z0-9]*)"),
    rule("((?:[DdLl]'[A-Za-z]{2,}|(?i:o'clock)|[Oo]'[A-Z][a-z]+)(?:-[A-Za-z]+){1,200})"),
    rule("((?i:c'mon|s'mores|e'er|ev'ry|li'l|ol'|somethin'|dunkin'))"),
    rule("([dDjlLyY]')(?:" + L + ")"),
    rule("([dDjJlL]')"),
    // Abbreviations and initials.
    rule("((?i:" + ABBREVIATIONS + ")\\.)"),
    rule("((?:" + PROPER_ABBREVIATIONS + "|(?:" + PROPER_ABBREVIATIONS.toUpperCase(Locale.ROOT) + "))\\.)"),
    rule("((?i:" + NUMBERED_ABBREVIATIONS + ")\\.)\\s*\\d"),
    rule("([A-Za-z](?:\\.[A-Za-z]){1,200}\\.)"),
    rule("([A-Za-z]\\.)"),
    rule("([A-Za-z])\\.\\s+(?=\\p{Lu})(?i:" + SENTENCE_STARTS + ")(?:\\s|$)"),
    rule("([A-Z]+(?:&[A-Z]+){1,200})"),
    rule("([Cc]\\+\\+|[Cc]#)"),
    rule("([A-Z]{1,3}\\$)"),
    // Words, compounds, numbers.
    rule("(" + L + LD + "*(?:[.!?]" + L + LD + "*){0,200})"),
    rule("(" + LD + "+)"),
    rule("(" + LD + "++(?:_" + LD + "++){0,200})"),
    rule(
        "(" + LD + "(?:" + LD + "++|[.,_](?=" + LD + ")|[.](?=[-\u2010\u2011])){0,200}(?:[-\u2010\u2011]" + LD + "++(?:_" + LD
            + "++){0,200}){1,200})"),
    rule("(" + LD + "+\\.),"),
    rule("(" + DASHED + "(?:\\\\?/" + DASHED + "){1,2})"),
    rule("((?:\\d{1,4}[-\\s])?" + FRACTION + ")"),
    rule("(\\d{1,2}/\\d{1,2}/\\d{2,4})"),
    rule("([+-]?\\d*(?:[.:,]\\d+){1,200})"),
    rule("([+-]?\\d+)"),
    rule("((?:\\d{2,4}[-\\s]|\\(\\d{2,3}\\)\\s?)\\d{3,4}[-\\s]\\d{3,5})(?!\\d)"),
    // Marks.
    rule("([<>]?[:;=]-?[()DPp|])(?![A-Za-z])"),
    rule("([\\^>oO]_[\\^<oO])"),
    rule("(&(?:amp|lt|gt|quot|apos|nbsp|#\\d+);)"),
    rule("(\\\\[*/])"),
    rule("(''|``|##+|@@+|<<|>>)"),
    rule("([!?]+)"),
    rule("(_+|\\*+|-+|\\.{3,})"),
    rule("(')(?:[A-Za-z][^ ])"),
    rule("(\\S)"),
  };

  /** What carries no word: white space, controls, format characters, emoji (all outside the basic plane), a few dashes. */
  private static final Pattern GAP =
      Pattern.compile("[\\s\\p{Z}\\p{Cc}\\p{Cf}\\p{Co}\\x{10000}-\\x{10ffff}\\ufe00-\\ufe0f\\ufffd\\u2012]+");

  private CaptionTokens() {}

  /** The words of {@code caption} in lower case, in order, without punctuation; empty where there are none. */
  public static List<String> of(String caption) {
    String text = plain(caption);
    List<String> tokens = new ArrayList<>();
    Matcher[] matchers = new Matcher[RULES.length];
    Matcher gap = GAP.matcher(text);
    for (int at = 0; at < text.length(); ) {
      if (gap.region(at, text.length()).lookingAt()) {
        at = gap.end();
        continue;
      }
      Matcher best = longest(matchers, text, at);
      String token = written(best.group(1).toLowerCase(Locale.ROOT));
      if (!token.isEmpty() && !LEFT_OUT.contains(token)) {
        tokens.add(token);
      }
      at = best.end(1);
    }
    return tokens;
  }

  /** The tokens with those that hold a no-break space split at it, as BLEU and CIDEr see them. */
  static List<String> words(List<String> tokens) {
    if (tokens.stream().noneMatch(token -> token.indexOf(NO_BREAK_SPACE) >= 0)) {
      return tokens;
    }
    return tokens.stream().flatMap(token -> java.util.Arrays.stream(token.split("" + NO_BREAK_SPACE))).toList();
  }

  private static Matcher longest(Matcher[] matchers, String text, int at) {
    Matcher best = null;
    for (int i = 0; i < RULES.length; i++) {
      if (matchers[i] == null) {
        matchers[i] = RULES[i].matcher(text).useTransparentBounds(true);
      }
      Matcher matcher = matchers[i].region(at, text.length());
      if (matcher.lookingAt() && (best == null || matcher.end() > best.end())) {
        best = matcher;
      }
    }
    return best;
  }

  private static Pattern rule(String regex) {
    return Pattern.compile(regex);
  }

  /** One spelling for each of the typographic variants, and none for soft hyphens. */
  private static String plain(String caption) {
    StringBuilder out = new StringBuilder(caption.length() + 8);
    for (int i = 0; i < caption.length(); i++) {
      char c = caption.charAt(i);
      switch (c) {
        case '\u00ad' -> { }
        case '\u2019', '\u0092' -> out.append('\'');
        case '\u2018', '\u201b', '\u0091', '\u2039', '\u203a' -> out.append('`');
        case '\u201c', '\u201d', '\u00ab', '\u00bb', '\u0093', '\u0094' -> out.append('"');
        case '\u2013', '\u2014', '\u2015', '\u0096', '\u0097' -> out.append("--");
        default -> out.append(c);
      }
    }
    return out.toString();
  }

  /** How the tokenizer writes a token. */
  private static String written(String token) {
    switch (token) {
      case "(": return "-lrb-";
      case ")": return "-rrb-";
      case "[": return "-lsb-";
      case "]": return "-rsb-";
      case "{": return "-lcb-";
      case "}": return "-rcb-";
      case "\"", "&quot;": return "''";
      case "&apos;": return "'";
      case "&amp;": return "&";
      case "&lt;": return "<";
      case "&gt;": return ">";
      case "&nbsp;": return "";
      case "\u2026": return "...";
      case "\u20ac": return "$";
      case "\u00a3": return "#";
      case "\u00a2": return "cents";
      case "\u00bd": return "1/2";
      case "\u00bc": return "1/4";
      case "\u00be": return "3/4";
      case "\u2153": return "1/3";
      case "\u2154": return "2/3";
      default:
    }
    if (token.startsWith("--")) {
      return "--";
    }
    if (token.startsWith("...")) {
      return "...";
    }
    String brackets = token.length() > 3 && token.charAt(0) != '(' ? token : token.replace(")", "-rrb-").replace("(", "-lrb-");
    return brackets.replaceAll("[ \\t]", "" + NO_BREAK_SPACE);
  }
}
