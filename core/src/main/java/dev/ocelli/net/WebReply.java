package dev.ocelli.net;

import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One answer over HTTP.
 *
 * @param headers values by name, found in whatever case
 * @param body of status 200 only, otherwise null
 */
public record WebReply(int status, Map<String, List<String>> headers, byte[] body) {
  private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);

  /** The first value of a header, or null. */
  public String header(String name) {
    List<String> values = headers.get(name);
    return values == null ? null : values.get(0);
  }

  /** Where it sends us to, or null where it doesn't. */
  public String location() {
    return REDIRECTS.contains(status) ? header("Location") : null;
  }
}
