package dev.ocelli.wordpress;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Debian's MariaDB in a temporary folder, on a socket there and on no port. */
final class Database {
  private static Database shared;

  private final Path socket;

  static synchronized Database shared() {
    if (shared == null) {
      shared = new Database();
    }
    return shared;
  }

  private Database() {
    try {
      Path folder = Files.createTempDirectory("ocelli-db");
      Path data = folder.resolve("data");
      socket = folder.resolve("sock");
      String user = "--user=" + System.getProperty("user.name");
      Processes.run(
              "mariadb-install-db", "--no-defaults", user, "--datadir=" + data, "--auth-root-authentication-method=normal",
              "--skip-test-db")
          .printed();
      List<String> command = new ArrayList<>(List.of("/usr/sbin/mariadbd", "--no-defaults", user, "--datadir=" + data));
      command.addAll(List.of("--socket=" + socket, "--skip-networking", "--skip-grant-tables", "--pid-file=" + folder.resolve("pid")));
      command.addAll(List.of("--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=64M"));
      Process process = Processes.start(folder.resolve("log"), new ProcessBuilder(command));
      Processes.await(
          "the database",
          () -> {
            if (!process.isAlive()) {
              throw new AssertionError(log(folder));
            }
            return Processes.run("mariadb", "--no-defaults", "-S", socket.toString(), "-e", "select 1").code() == 0;
          });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String log(Path folder) {
    try {
      return Files.readString(folder.resolve("log"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Makes an empty database. */
  void create(String name) {
    Processes.run("mariadb", "--no-defaults", "-S", socket.toString(), "-e", "create database " + name + " character set utf8mb4").printed();
  }

  Path socket() {
    return socket;
  }
}
