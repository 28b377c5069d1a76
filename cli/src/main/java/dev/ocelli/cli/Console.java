package dev.ocelli.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import dev.ocelli.Progress;
import dev.ocelli.eval.ImageTextScores;
import dev.ocelli.weights.Pull;
import java.io.PrintStream;
import java.util.concurrent.Callable;
import java.util.function.Supplier;

/**
 * What commands share: results go to standard output, all else to standard error, and the work runs on one thread.
 *
 * @param settings where models come from
 */
record Console(PrintStream out, PrintStream err, Supplier<Pull.Settings> settings) {
  /** Says something to people, above a bar that may be showing. */
  void say(String line) {
    err.println((Terminal.errorIsTerminal() ? Terminal.CLEAR_LINE : "") + line);
  }

  /** After a stop, for a command that would otherwise begin anew when it is given again. */
  void sayLeaveOut(boolean overwrite) {
    if (overwrite) {
      say("Leave out --overwrite then: it would begin anew.");
    }
  }

  /** Two long texts that begin alike would look alike. */
  void warnCut(ImageTextScores scores, String text) {
    int tokens = scores.tokens(text);
    if (tokens > scores.maxTokens()) {
      warn(String.format("the text has %d tokens, of which the first %d count (stage1.max_tokens of the run)", tokens, scores.maxTokens()));
    }
  }

  void warn(String line) {
    say("ocelli: warning: " + line);
  }

  /** One JSON document in one line, in snake_case. */
  void json(Object value) {
    out.println(toJson(value));
    out.flush();
  }

  static String toJson(Object value) {
    try {
      return new ObjectMapper().setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  Progress progress() {
    return Terminal.errorIsTerminal() ? new BarProgress(err) : new LineProgress(err, System::nanoTime);
  }

  Pull pull() {
    return new Pull(settings.get());
  }

  /** Runs a command's work on the one thread that may call libtorch; what it throws is thrown here. */
  int compute(Callable<Integer> work) throws Exception {
    Throwable[] failure = new Throwable[1];
    int[] code = new int[1];
    Thread thread =
        new Thread(
            () -> {
              try {
                code[0] = work.call();
              } catch (Throwable e) {
                failure[0] = e;
              }
            },
            "ocelli-compute");
    thread.start();
    thread.join();
    if (failure[0] instanceof Error error) {
      throw error;
    }
    if (failure[0] != null) {
      throw (Exception) failure[0];
    }
    return code[0];
  }
}
