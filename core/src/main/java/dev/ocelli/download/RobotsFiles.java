package dev.ocelli.download;

import dev.ocelli.net.FetchError;
import dev.ocelli.net.WebAddress;
import dev.ocelli.net.WebClient;
import dev.ocelli.net.WebReply;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** The robots.txt of each origin, fetched once. Safe for many threads. */
final class RobotsFiles {
  private static final int LARGEST = 1 << 20;
  private static final int MOST_HOPS = 5;
  private static final int MOST_KEPT = 50_000;

  private final Map<String, Robots> known =
      new LinkedHashMap<>(1024, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Robots> eldest) {
          return size() > MOST_KEPT;
        }
      };
  private final Set<String> fetching = new HashSet<>();

  /**
   * What a site answered.
   *
   * @param rules null where it must be asked again
   * @param retryAfter seconds that it asks for, -1 where it doesn't
   */
  record Answer(Robots rules, String detail, long retryAfter) {}

  /** The rules of an address's origin, or null where they haven't been read yet. */
  synchronized Robots known(WebAddress address) {
    return known.get(address.origin());
  }

  /** Whether the caller is the one to fetch them; if so it must call {@link #end}. */
  synchronized boolean begin(WebAddress address) {
    return fetching.add(address.origin());
  }

  /** @param rules null where none were got */
  synchronized void end(WebAddress address, Robots rules) {
    fetching.remove(address.origin());
    if (rules != null) {
      known.put(address.origin(), rules);
    }
  }

  /** As RFC 9309, 2.3.1: no such file allows all; a site that can't answer now allows nothing until it can. */
  Answer fetch(WebClient client, WebAddress address, long until) {
    try {
      return read(client, address, until);
    } catch (FetchError e) {
      if (e.kind() == FetchError.Kind.TOO_LARGE) {
        return new Answer(Robots.NOTHING, "", -1); // whatever it forbids, we haven't read all of it
      }
      throw e;
    }
  }

  private static Answer read(WebClient client, WebAddress address, long until) {
    WebAddress at = WebAddress.of(address.origin() + "/robots.txt");
    for (int hops = 0; hops <= MOST_HOPS; hops++) {
      WebReply reply = client.get(at, new WebClient.Request(Fetching.AGENT, "text/plain", LARGEST, until));
      if (reply.status() == 200) {
        return new Answer(Robots.parse(reply.body(), Fetching.AGENT), "", -1);
      }
      if (reply.status() == 429 || reply.status() >= 500) {
        return new Answer(null, "status " + reply.status(), RetryAfter.seconds(reply.header("Retry-After")));
      }
      if (reply.location() == null) {
        return new Answer(Robots.ALL, "", -1);
      }
      at = at.redirected(reply.location());
    }
    return new Answer(Robots.ALL, "", -1);
  }
}
