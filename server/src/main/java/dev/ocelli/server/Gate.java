package dev.ocelli.server;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/** Who may come in, judged by a request's head, before any of its body is read. */
final class Gate {
  private static final String BEARER = "bearer ";
  private static final Pattern LOOPBACK = Pattern.compile("localhost|127(\\.\\d{1,3}){3}|\\[::1]");

  private final byte[] token;
  private final String host;
  private final List<String> origins;

  Gate(ServerSettings settings) {
    token = settings.token() == null ? null : digest(settings.token());
    host = settings.host().toLowerCase(Locale.ROOT);
    origins = settings.corsOrigins();
  }

  /**
   * @param open whether the address asked for needs no token
   * @return why the request is refused, or null
   */
  ApiError check(HttpRequest request, boolean open) {
    HttpHeaders headers = request.headers();
    List<String> codings = headers.getAll(HttpHeaderNames.TRANSFER_ENCODING);
    if (!codings.isEmpty() && !codings.equals(List.of("chunked"))) {
      return ApiError.invalid(400, "bad_request", "The request's transfer encoding isn't known.");
    }
    List<String> hosts = headers.getAll(HttpHeaderNames.HOST);
    if (hosts.size() > 1 || hosts.isEmpty() && request.protocolVersion().equals(HttpVersion.HTTP_1_1)) {
      return ApiError.invalid(400, "bad_request", "The request must have one Host header.");
    }
    String asked = hosts.isEmpty() ? "" : hosts.get(0).toLowerCase(Locale.ROOT);
    if (token == null && !asked.isEmpty() && !isHere(asked)) {
      // A page of another site may have had its name resolved to this machine to get at it (DNS rebinding).
      return ApiError.invalid(403, "host_refused", "Without a token this server answers to localhost and 127.0.0.1 only.");
    }
    String origin = headers.get(HttpHeaderNames.ORIGIN);
    if (origin != null && !origins.contains(origin) && !isSame(origin, asked)) {
      return ApiError.invalid(403, "origin_refused", "Pages of other sites may not call this server; --cors-origin can allow them.");
    }
    return open || allowed(headers.get(HttpHeaderNames.AUTHORIZATION))
        ? null
        : ApiError.unauthorized("This server needs its token: Authorization: Bearer TOKEN.");
  }

  /** The origin to name in Access-Control-Allow-Origin, or null. */
  String allowedOrigin(HttpRequest request) {
    String origin = request.headers().get(HttpHeaderNames.ORIGIN);
    return origin != null && origins.contains(origin) ? origin : null;
  }

  /** In time that doesn't depend on how much of the token is right. */
  private boolean allowed(String authorization) {
    if (token == null) {
      return true;
    }
    boolean bearer = authorization != null && authorization.regionMatches(true, 0, BEARER, 0, BEARER.length());
    return MessageDigest.isEqual(token, digest(bearer ? authorization.substring(BEARER.length()).strip() : ""));
  }

  private boolean isHere(String asked) {
    String name = asked.replaceFirst(":\\d{1,5}$", "");
    return LOOPBACK.matcher(name).matches() || name.equals(host);
  }

  private static boolean isSame(String origin, String asked) {
    int scheme = origin.indexOf("://");
    return scheme > 0 && !asked.isEmpty() && origin.substring(scheme + 3).equalsIgnoreCase(asked);
  }

  private static byte[] digest(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has SHA-256", e);
    }
  }
}
