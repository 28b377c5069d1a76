package dev.ocelli.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ocelli.UserError;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunLockTest {
  @TempDir Path temp;

  /** Takes the lock and keeps it until killed. */
  static final class Holder {
    public static void main(String[] arguments) throws InterruptedException {
      try (RunLock lock = RunLock.take(Path.of(arguments[0]))) {
        System.out.println("locked");
        Thread.sleep(600_000);
      }
    }
  }

  private void refused(Path run) {
    assertThatThrownBy(() -> RunLock.take(run))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(run.toString())
        .hasMessageContaining("another ocelli train");
  }

  @Test
  void oneTrainerAFolder() {
    Path run = temp.resolve("run");
    try (RunLock lock = RunLock.take(run);
        RunLock elsewhere = RunLock.take(temp.resolve("other"))) {
      refused(run);
      refused(run);
    }
    RunLock.take(run).close();
  }

  @Test
  void aKilledProcessHoldsNothing() throws Exception {
    Path run = temp.resolve("run");
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Process other =
        new ProcessBuilder(java, "-cp", System.getProperty("java.class.path"), Holder.class.getName(), run.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      assertThat(other.inputReader().readLine()).isEqualTo("locked");
      refused(run);
    } finally {
      other.destroyForcibly().waitFor();
    }
    RunLock.take(run).close();
  }
}
