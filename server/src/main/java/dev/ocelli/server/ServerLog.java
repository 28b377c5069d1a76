package dev.ocelli.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Instant;

/** One JSON object a line. Neither pictures nor addresses of pictures stand in it, and prompts and answers only where they were noted. */
final class ServerLog {
  private final PrintStream out;

  ServerLog(PrintStream out) {
    this.out = out;
  }

  void exchange(Exchange exchange) {
    ObjectNode line = line("request");
    line.put("id", exchange.id()).put("method", exchange.method().name()).put("path", exchange.path());
    line.put("status", exchange.status()).put("ms", exchange.millis());
    line.setAll(exchange.notes());
    write(line);
  }

  void event(String what) {
    write(line(what));
  }

  void failed(Throwable cause) {
    StringWriter trace = new StringWriter();
    cause.printStackTrace(new PrintWriter(trace));
    write(line("failure").put("trace", trace.toString()));
  }

  private static ObjectNode line(String event) {
    return Json.object().put("time", Instant.now().toString()).put("event", event);
  }

  private synchronized void write(ObjectNode line) {
    out.println(Json.text(line));
    out.flush();
  }
}
