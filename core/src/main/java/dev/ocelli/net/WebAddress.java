package dev.ocelli.net;

import java.net.IDN;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

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
  private static final Pattern NAMED = Pattern.compile("([\\p{L}\\p{N}\\p{M}._-]+)(?::(\\d{1,5}))?");
  private static final Pattern HOST = Pattern.compile("^(?:[A-Za-z][A-Za-z0-9+.-]*:)?//[^/?#]*");

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
    boolean secure = scheme.equals("https");
    int usual = secure ? HTTPS : HTTP;
    if (uri.getHost() == null) {
      return named(uri, usual, secure);
    }
    if (uri.getRawUserInfo() != null) {
      throw wrong("holds a user's name");
    }
    String host = uri.getHost().startsWith("[") ? uri.getHost().substring(1, uri.getHost().length() - 1) : uri.getHost();
    if (host.contains("%")) {
      throw wrong("names a network interface");
    }
    return new WebAddress(uri, plain(host), uri.getPort() == -1 ? usual : uri.getPort(), secure);
  }

  /** A host that is none by the rules of addresses, though it is in use: with an underscore, or with letters beyond ASCII. */
  private static WebAddress named(URI uri, int usual, boolean secure) {
    String authority = uri.getRawAuthority() == null ? "" : uri.getRawAuthority();
    if (authority.contains("@")) {
      throw wrong("holds a user's name");
    }
    Matcher parts = NAMED.matcher(authority);
    try {
      if (parts.matches()) {
        int port = parts.group(2) == null ? usual : Integer.parseInt(parts.group(2));
        return new WebAddress(uri, plain(IDN.toASCII(parts.group(1), IDN.ALLOW_UNASSIGNED)), port, secure);
      }
    } catch (IllegalArgumentException e) {
      throw wrong("has no valid host");
    }
    throw wrong("has no valid host");
  }

  /** Where a redirect from here leads. */
  public WebAddress redirected(String location) {
    String address;
    try {
      address = uri.resolve(escaped(text(location))).toString();
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

  /** A header's letters are bytes, and those of addresses beyond ASCII are mostly UTF-8. */
  private static String text(String header) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(header.getBytes(StandardCharsets.ISO_8859_1))).toString();
    } catch (CharacterCodingException otherwise) {
      return header;
    }
  }

  /** Addresses in use often hold what they shouldn't, and browsers ask for all the same: written as they write it. */
  private static String escaped(String address) {
    String stripped = address.strip();
    Matcher host = HOST.matcher(stripped);
    int from = host.find() ? host.end() : 0;
    StringBuilder text = new StringBuilder(stripped.substring(0, from));
    boolean fragment = false;
    for (int i = from, c; i < stripped.length(); i += Character.charCount(c)) {
      c = stripped.codePointAt(i);
      boolean lone = c == '%' && !stripped.substring(i).matches("(?s)%[0-9A-Fa-f]{2}.*");
      if (lone || c == '#' && fragment || " \"<>\\^`{|}[]".indexOf(c) >= 0 || Character.isISOControl(c) || Character.isSpaceChar(c)) {
        for (byte b : Character.toString(c).getBytes(StandardCharsets.UTF_8)) {
          text.append(String.format("%%%02X", b & 255));
        }
      } else {
        text.appendCodePoint(c);
      }
      fragment |= c == '#';
    }
    return text.toString();
  }

  private static FetchError wrong(String why) {
    return new FetchError(FetchError.Kind.ADDRESS, why);
  }
}
