package dev.ocelli.server;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;

/** A file that is the same for everybody: the playground's page and its parts, and the API's description. */
final class StaticFile implements Routes.Endpoint {
  /** The page loads its own files and calls this server; nothing else is let in, and no other page may frame it. */
  private static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; base-uri 'none';"
          + " form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

  private static final Map<String, String> HEADERS =
      Map.of(
          "Content-Security-Policy", POLICY,
          "Referrer-Policy", "no-referrer",
          "Permissions-Policy", "camera=(self), microphone=(), geolocation=()",
          "Cross-Origin-Opener-Policy", "same-origin",
          "Cross-Origin-Resource-Policy", "same-origin",
          "Cache-Control", "no-cache");

  static final StaticFile OPENAPI = new StaticFile("openapi.json");

  private final String type;
  private final byte[] bytes;

  private StaticFile(String name) {
    type =
        switch (name.substring(name.lastIndexOf('.') + 1)) {
          case "html" -> "text/html; charset=utf-8";
          case "css" -> "text/css; charset=utf-8";
          case "js" -> "text/javascript; charset=utf-8";
          default -> "application/json";
        };
    try (InputStream in = StaticFile.class.getResourceAsStream(name)) {
      bytes = in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A part of the playground. */
  static StaticFile page(String name) {
    return new StaticFile("playground/" + name);
  }

  @Override
  public void answer(Exchange exchange, byte[] body) {
    exchange.send(200, type, bytes, HEADERS);
  }
}
