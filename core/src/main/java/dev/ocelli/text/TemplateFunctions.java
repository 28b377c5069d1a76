package dev.ocelli.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.hubspot.jinjava.interpret.InterpretException;
import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.filter.AdvancedFilter;
import com.hubspot.jinjava.lib.filter.Filter;
import com.hubspot.jinjava.lib.tag.Tag;
import com.hubspot.jinjava.tree.Node;
import com.hubspot.jinjava.tree.TagNode;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What transformers adds to Jinja for chat templates, and the filters in which Jinjava differs from Jinja. */
public final class TemplateFunctions {
  private static final ObjectMapper JSON = new ObjectMapper();

  private TemplateFunctions() {}

  /** How a template refuses its messages. */
  static final class Refused extends InterpretException {
    Refused(String message) {
      super(message);
    }
  }

  /** Called by templates; public because Jinjava calls it by reflection. */
  public static Object raiseException(Object message) {
    throw new Refused(String.valueOf(message));
  }

  /** Today in Python's strftime notation, called by templates; the directives without locale are known. */
  public static String strftimeNow(String format) {
    return strftime(format, LocalDateTime.now());
  }

  static String strftime(String format, LocalDateTime when) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%' || i + 1 == format.length()) {
        out.append(c);
        continue;
      }
      char directive = format.charAt(++i);
      boolean bare = directive == '-' && i + 1 < format.length(); // glibc's "%-d": without leading zero
      if (bare) {
        directive = format.charAt(++i);
      }
      String pattern =
          switch (directive) {
            case 'Y' -> "uuuu";
            case 'y' -> "uu";
            case 'm' -> bare ? "M" : "MM";
            case 'd' -> bare ? "d" : "dd";
            case 'H' -> bare ? "H" : "HH";
            case 'I' -> bare ? "h" : "hh";
            case 'M' -> bare ? "m" : "mm";
            case 'S' -> bare ? "s" : "ss";
            case 'p' -> "a";
            case 'b' -> "MMM";
            case 'B' -> "MMMM";
            case 'a' -> "EEE";
            case 'A' -> "EEEE";
            case 'j' -> bare ? "D" : "DDD";
            case '%' -> "'%'";
            default -> throw new Refused("strftime_now doesn't know %" + directive);
          };
      out.append(when.format(DateTimeFormatter.ofPattern(pattern, Locale.US)));
    }
    return out.toString();
  }

  /** JSON as Python's json.dumps writes it: a space after comma and colon, characters as they are. */
  static final class ToJson implements AdvancedFilter {
    @Override
    public String getName() {
      return "tojson";
    }

    @Override
    public Object filter(Object value, JinjavaInterpreter interpreter, Object[] arguments, Map<String, Object> named) {
      Object indent = named.getOrDefault("indent", arguments.length > 1 ? arguments[1] : null);
      StringBuilder out = new StringBuilder();
      write(value, indent instanceof Number n ? n.intValue() : -1, 0, out);
      return out.toString();
    }

    private static void write(Object value, int indent, int depth, StringBuilder out) {
      if (value instanceof Map<?, ?> map) {
        writeAll('{', '}', map.entrySet().iterator(), indent, depth, out);
      } else if (value instanceof List<?> list) {
        writeAll('[', ']', list.iterator(), indent, depth, out);
      } else {
        try {
          out.append(JSON.writeValueAsString(value instanceof CharSequence ? value.toString() : value));
        } catch (JsonProcessingException e) {
          throw new Refused("tojson can't write a " + value.getClass().getSimpleName());
        }
      }
    }

    private static void writeAll(char open, char close, Iterator<?> items, int indent, int depth, StringBuilder out) {
      out.append(open);
      boolean any = items.hasNext();
      while (items.hasNext()) {
        breakLine(indent, depth + 1, out);
        Object item = items.next();
        if (item instanceof Map.Entry<?, ?> entry) {
          write(String.valueOf(entry.getKey()), indent, depth, out);
          out.append(": ");
          item = entry.getValue();
        }
        write(item, indent, depth + 1, out);
        if (items.hasNext()) {
          out.append(indent < 0 ? ", " : ",");
        }
      }
      if (any) {
        breakLine(indent, depth, out);
      }
      out.append(close);
    }

    private static void breakLine(int indent, int depth, StringBuilder out) {
      if (indent >= 0) {
        out.append('\n').append(" ".repeat(indent * depth));
      }
    }
  }

  /** Jinjava's own trim stops at Java's idea of white space. */
  static final class Trim implements Filter {
    @Override
    public String getName() {
      return "trim";
    }

    @Override
    public Object filter(Object value, JinjavaInterpreter interpreter, String... arguments) {
      String text = value == null ? "" : value.toString();
      int start = 0;
      int end = text.length();
      while (start < end && PythonResolver.isSpace(text.charAt(start))) {
        start++;
      }
      while (end > start && PythonResolver.isSpace(text.charAt(end - 1))) {
        end--;
      }
      return text.substring(start, end);
    }
  }

  /** {@code {% generation %}} marks for transformers what the assistant says; it renders as its content. */
  static final class Generation implements Tag {
    private static final long serialVersionUID = 1;

    @Override
    public String getName() {
      return "generation";
    }

    @Override
    public String getEndTagName() {
      return "endgeneration";
    }

    @Override
    public String interpret(TagNode tag, JinjavaInterpreter interpreter) {
      StringBuilder out = new StringBuilder();
      for (Node child : tag.getChildren()) {
        out.append(child.render(interpreter).getValue());
      }
      return out.toString();
    }
  }
}
