package dev.ocelli.server;

import io.netty.handler.codec.http.HttpMethod;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** What can be asked for, by method and path. */
final class Routes {
  /** Answers a request, now or later. */
  interface Endpoint {
    /** @param body of the request, whole */
    void answer(Exchange exchange, byte[] body) throws Exception;
  }

  /**
   * @param path exact, or up to a final {@code *}, which stands for anything
   * @param open whether it needs no token
   * @param works whether it takes a place in the line and a thread that may wait; else it answers at once
   */
  record Route(HttpMethod method, String path, boolean open, boolean works, Endpoint endpoint) {
    boolean matches(String asked) {
      return path.endsWith("*") ? asked.startsWith(path.substring(0, path.length() - 1)) : asked.equals(path);
    }
  }

  private final List<Route> routes = new ArrayList<>();

  void add(Route route) {
    routes.add(route);
  }

  List<Route> all() {
    return List.copyOf(routes);
  }

  /** @throws ApiError 404 or 405 */
  Route find(HttpMethod method, String path) {
    List<Route> here = routes.stream().filter(r -> r.matches(path)).toList();
    if (here.isEmpty()) {
      throw ApiError.invalid(404, "not_found", "There is nothing at this address.");
    }
    HttpMethod as = method.equals(HttpMethod.HEAD) ? HttpMethod.GET : method;
    return here.stream()
        .filter(r -> r.method.equals(as))
        .findFirst()
        .orElseThrow(
            () ->
                ApiError.invalid(
                    405, "method_not_allowed", here.stream().map(r -> r.method.name()).collect(Collectors.joining(", ", "Use ", "."))));
  }
}
