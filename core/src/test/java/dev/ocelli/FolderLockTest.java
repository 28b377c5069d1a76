package dev.ocelli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderLockTest {
  @TempDir Path temp;

  /** Takes the lock and keeps it until killed. */
  static final class Holder {
    public static void main(String[] arguments) throws InterruptedException {
      try (FolderLock lock = FolderLock.take(Path.of(arguments[0]), "ocelli train")) {
        System.out.println("locked");
        Thread.sleep(600_000);
      }
    }
  }

  private void refused(Path run) {
    assertThatThrownBy(() -> FolderLock.take(run, "ocelli train"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(run.toString())
        .hasMessageContaining("another ocelli train");
  }

  @Test
  void oneWriterAFolder() {
    Path run = temp.resolve("run");
    try (FolderLock lock = FolderLock.take(run, "ocelli train");
        FolderLock elsewhere = FolderLock.take(temp.resolve("other"), "ocelli train")) {
      refused(run);
      refused(run);
    }
    FolderLock.take(run, "ocelli train").close();
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
    FolderLock.take(run, "ocelli train").close();
  }
}
