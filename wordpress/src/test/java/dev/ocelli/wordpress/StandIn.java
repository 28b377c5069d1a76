package dev.ocelli.wordpress;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;

/** A server that answers as a test wants, and keeps what it was asked. */
final class StandIn implements AutoCloseable {
  record Asked(String path, Map<String, List<String>> headers, JsonNode json) {}

  record Reply(int status, String type, String body, Map<String, String> headers) {
    static Reply json(int status, String body) {
      return new Reply(status, "application/json", body, Map.of());
    }

    static Reply text(String text) {
      return json(200, Site.JSON.createObjectNode().put("text", text).toString());
    }

    static Reply error(int status, String code, String message) {
      return json(status, "{\"error\": {\"message\": \"" + message + "\", \"type\": \"t\", \"param\": null, \"code\": \"" + code + "\"}}");
    }
  }

  interface Manner {
    Reply answer(Asked asked) throws Exception;
  }

  private final HttpServer server;
  private final List<Asked> asked = new CopyOnWriteArrayList<>();
  private volatile Manner manner;

  StandIn(Manner manner) {
    this.manner = manner;
    try {
      server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.setExecutor(Executors.newCachedThreadPool(task -> {
      Thread thread = new Thread(task, "stand-in");
      thread.setDaemon(true);
      return thread;
    }));
    server.createContext("/", this::answer);
    server.start();
  }

  void manner(Manner other) {
    manner = other;
  }

  String address() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  /** What it was asked, oldest first. */
  List<Asked> asked() {
    return asked;
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body = exchange.getRequestBody().readAllBytes();
      Asked now = new Asked(exchange.getRequestURI().getPath(), exchange.getRequestHeaders(), body.length == 0 ? null : Site.JSON.readTree(body));
      asked.add(now);
      Reply reply = manner.answer(now);
      byte[] bytes = reply.body.getBytes(StandardCharsets.ISO_8859_1);
      exchange.getResponseHeaders().set("Content-Type", reply.type);
      reply.headers.forEach(exchange.getResponseHeaders()::set);
      exchange.sendResponseHeaders(reply.status, bytes.length == 0 ? -1 : bytes.length);
      exchange.getResponseBody().write(bytes);
    } catch (IOException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException(e);
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
