package dev.ocelli.text;

import com.hubspot.jinjava.el.JinjavaInterpreterResolver;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import jinjava.javax.el.CompositeELResolver;
import jinjava.javax.el.ELContext;

/** The methods of Python's strings and dictionaries that chat templates call; everything else goes to Jinjava. */
final class PythonResolver extends CompositeELResolver {
  PythonResolver() {
    add(JinjavaInterpreterResolver.DEFAULT_RESOLVER_READ_ONLY);
  }

  @Override
  public Object invoke(ELContext context, Object base, Object method, Class<?>[] types, Object[] arguments) {
    Object result = null;
    if (base instanceof CharSequence text) {
      result = string(text.toString(), method.toString(), arguments);
    } else if (base instanceof Map<?, ?> map) {
      result = map(map, method.toString(), arguments);
    }
    if (result == null) {
      return super.invoke(context, base, method, types, arguments);
    }
    context.setPropertyResolved(true);
    return result;
  }

  private static Object string(String text, String method, Object[] arguments) {
    return switch (method) {
      case "strip" -> stripLeft(stripRight(text, arguments), arguments);
      case "lstrip" -> stripLeft(text, arguments);
      case "rstrip" -> stripRight(text, arguments);
      case "upper" -> text.toUpperCase(java.util.Locale.ROOT);
      case "lower" -> text.toLowerCase(java.util.Locale.ROOT);
      case "title" -> title(text);
      case "capitalize" ->
          text.isEmpty() ? "" : Character.toTitleCase(text.charAt(0)) + text.substring(1).toLowerCase(java.util.Locale.ROOT);
      case "startswith" -> any(arguments[0]).stream().anyMatch(text::startsWith);
      case "endswith" -> any(arguments[0]).stream().anyMatch(text::endsWith);
      case "replace" -> text.replace(arguments[0].toString(), arguments[1].toString());
      case "find" -> (long) text.indexOf(arguments[0].toString());
      case "split" -> split(text, arguments);
      default -> null;
    };
  }

  private static Object map(Map<?, ?> map, String method, Object[] arguments) {
    return switch (method) {
      case "items" -> map.entrySet().stream().map(entry -> Arrays.asList(entry.getKey(), entry.getValue())).toList();
      case "keys" -> new ArrayList<Object>(map.keySet());
      case "values" -> new ArrayList<Object>(map.values());
      case "get" -> map.get(arguments[0]) == null && arguments.length > 1 ? arguments[1] : map.get(arguments[0]);
      default -> null;
    };
  }

  private static List<String> any(Object prefix) {
    return prefix instanceof List<?> several ? several.stream().map(Object::toString).toList() : List.of(prefix.toString());
  }

  private static String stripLeft(String text, Object[] arguments) {
    int start = 0;
    while (start < text.length() && strips(text.charAt(start), arguments)) {
      start++;
    }
    return text.substring(start);
  }

  private static String stripRight(String text, Object[] arguments) {
    int end = text.length();
    while (end > 0 && strips(text.charAt(end - 1), arguments)) {
      end--;
    }
    return text.substring(0, end);
  }

  private static boolean strips(char c, Object[] arguments) {
    return arguments.length > 0 && arguments[0] != null ? arguments[0].toString().indexOf(c) >= 0 : isSpace(c);
  }

  /** Python's str.isspace for the Basic Multilingual Plane, where all white space lies. */
  static boolean isSpace(char c) {
    return Character.isSpaceChar(c) || c >= '\t' && c <= '\r' || c >= 0x1C && c <= 0x1F || c == 0x85;
  }

  private static List<String> split(String text, Object[] arguments) {
    long most = arguments.length > 1 ? ((Number) arguments[1]).longValue() : -1;
    List<String> parts = new ArrayList<>();
    if (arguments.length == 0 || arguments[0] == null) {
      String rest = stripLeft(text, new Object[0]);
      while (!rest.isEmpty() && most != parts.size()) {
        int end = 0;
        while (end < rest.length() && !isSpace(rest.charAt(end))) {
          end++;
        }
        parts.add(rest.substring(0, end));
        rest = stripLeft(rest.substring(end), new Object[0]);
      }
      if (!rest.isEmpty()) {
        parts.add(rest);
      }
      return parts;
    }
    String separator = arguments[0].toString();
    if (separator.isEmpty()) {
      throw new TemplateFunctions.Refused("split needs a separator");
    }
    int start = 0;
    for (int at = text.indexOf(separator); at >= 0 && most != parts.size(); at = text.indexOf(separator, start)) {
      parts.add(text.substring(start, at));
      start = at + separator.length();
    }
    parts.add(text.substring(start));
    return parts;
  }

  private static String title(String text) {
    StringBuilder titled = new StringBuilder();
    boolean inside = false;
    for (char c : text.toCharArray()) {
      titled.append(inside ? Character.toLowerCase(c) : Character.toTitleCase(c));
      inside = Character.isLetter(c);
    }
    return titled.toString();
  }
}
