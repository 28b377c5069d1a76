package dev.ocelli.server;

import dev.ocelli.UserError;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * @param runs folders by the name that requests use, the default first
 * @param host address to listen on
 * @param port 0 for any that is free
 * @param token that requests must bring, or null
 * @param tlsKey PEM file of the private key (PKCS #8), or null for plain HTTP
 * @param tlsCertificate PEM file of the certificate and its chain, or null
 * @param imageHosts {@code host} or {@code host:port} that pictures may be fetched from though their addresses are private
 * @param corsOrigins origins such as {@code https://site.example} whose pages may call; none by default
 * @param logContent whether prompts and answers are logged
 */
public record ServerSettings(
    Map<String, Path> runs,
    String host,
    int port,
    String token,
    Path tlsKey,
    Path tlsCertificate,
    List<String> imageHosts,
    List<String> corsOrigins,
    boolean logContent,
    Limits limits) {
  private static final int SHORTEST_TOKEN = 16;

  public ServerSettings {
    if (runs.isEmpty()) {
      throw new UserError("There is no run to serve. Name one by --run.");
    }
    if (port < 0 || port > 65535) {
      throw UserError.of("The port is %d; ports go up to 65535.", port);
    }
    if (token != null && token.length() < SHORTEST_TOKEN) {
      throw UserError.of("The token has %d characters; it must have %d or more. Make one: openssl rand -hex 24", token.length(), SHORTEST_TOKEN);
    }
    if (token != null && !token.chars().allMatch(c -> c > ' ' && c < 127)) {
      throw new UserError("The token has blanks or letters beyond ASCII, which a header can't carry. Make one: openssl rand -hex 24");
    }
    if ((tlsKey == null) != (tlsCertificate == null)) {
      throw new UserError("TLS needs both --tls-key and --tls-cert.");
    }
    if (token == null && !address(host).isLoopbackAddress()) {
      throw UserError.of("Listening on %s without a token would let anyone in. Give --token-file, or listen on 127.0.0.1.", host);
    }
    imageHosts = List.copyOf(imageHosts);
    corsOrigins = List.copyOf(corsOrigins);
  }

  InetAddress address() {
    return address(host);
  }

  private static InetAddress address(String host) {
    try {
      return InetAddress.getByName(host);
    } catch (UnknownHostException e) {
      throw new UserError("There is no address " + host + " to listen on. Give one of this machine's, such as 127.0.0.1.", e);
    }
  }
}
