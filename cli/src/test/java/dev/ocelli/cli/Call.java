package dev.ocelli.cli;

import dev.ocelli.weights.Pull;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** One call of the command line within this JVM, with what it wrote. */
record Call(int code, String out, String err) {
  /** With an empty cache and no network. */
  static Call of(Path cache, String... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Pull.Settings offline = new Pull.Settings(cache, cache.resolve("hub"), "http://127.0.0.1:9", null, "no-python", true);
    int code = Ocelli.run(List.of(arguments), print(out), print(err), () -> offline);
    return new Call(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  private static PrintStream print(ByteArrayOutputStream bytes) {
    return new PrintStream(bytes, true, StandardCharsets.UTF_8);
  }
}
