package dev.ocelli.net;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;

/**
 * An http or https address taken apart.
 *
 * @param host in lower case, without a final dot, an IPv6 address without brackets
 * @param port the scheme's own where the address names none
 * @param secure whether it is https
 */
public record WebAddress(URI uri, String host, int port, boolean secure) {
  private static final int HTTP = 80;
  private static final int HTTPS = 443;
  private static final int LONGEST = 4096;

  /** @throws FetchError where it is no plain address of a website */
  public static WebAddress of(String address) {
    if (address.length() > LONGEST) {
      throw wrong("is longer than " + LONGEST + " characters");
    }
    URI uri;
    try {
      uri = new URI(escaped(address));
    } catch (URISyntaxException e) {
      throw wrong("is no valid address");
    }
    String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
    if (!scheme.equals("http") && !scheme.equals("https")) {
      throw wrong("doesn't begin with http:// or https://");
    }
    if (uri.getRawUserInfo() != null || uri.getHost() == null) {
      throw wrong(uri.getRawUserInfo() != null ? "holds a user's name" : "has no valid host");
    }
    String host = uri.getHost().startsWith("[") ? uri.getHost().substring(1, uri.getHost().length() - 1) : uri.getHost();
    if (host.contains("%")) {
      throw wrong("names a network interface");
    }
    boolean secure = scheme.equals("https");
    return new WebAddress(uri, plain(host), uri.getPort() == -1 ? secure ? HTTPS : HTTP : uri.getPort(), secure);
  }

  /** Where a redirect from here leads. */
  public WebAddress redirected(String location) {
    String address;
    try {
      address = uri.resolve(escaped(location)).toString();
    } catch (IllegalArgumentException e) {
      throw wrong("is redirected to something that is no address");
    }
    return of(address);
  }

  /** Scheme, host and port: what one robots.txt speaks of. */
  public String origin() {
    return (secure ? "https://" : "http://") + authority();
  }

  /** Path and query as a request names them, in ASCII. */
  public String target() {
    // Not by an address of the path alone: "//" would be a host there.
    String all = uri.toASCIIString();
    String rest = all.substring(all.indexOf("://") + 3).replaceFirst("^[^/?#]*", "").replaceFirst("#.*$", "");
    return rest.startsWith("/") ? rest : "/" + rest;
  }

  /** The host as a request names it, with its port where that isn't the scheme's own. */
  String authority() {
    String bracketed = host.contains(":") ? "[" + host + "]" : host;
    return port == (secure ? HTTPS : HTTP) ? bracketed : bracketed + ":" + port;
  }

  boolean usualPort() {
    return port == HTTP || port == HTTPS;
  }

  /** In lower case and without a final dot, which names the same host. */
  static String plain(String host) {
    String lower = host.toLowerCase(Locale.ROOT);
    return lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
  }

  /** Addresses in use often hold blanks that they shouldn't. */
  private static String escaped(String address) {
    String stripped = address.strip();
    int path = stripped.indexOf('/', stripped.indexOf("://") + 3);
    return path < 0 ? stripped : stripped.substring(0, path) + stripped.substring(path).replace(" ", "%20");
  }

  private static FetchError wrong(String why) {
    return new FetchError(FetchError.Kind.ADDRESS, why);
  }
}
