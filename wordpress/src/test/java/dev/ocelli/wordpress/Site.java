package dev.ocelli.wordpress;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Debian's WordPress with the plugin in a temporary folder, served by PHP's own server. */
final class Site implements AutoCloseable {
  static final Path MODULE = Path.of("").toAbsolutePath();
  static final Path PLUGIN = MODULE.resolve("ocelli-alt-text");
  static final ObjectMapper JSON = new ObjectMapper();

  private static final Path SCRIPTS = MODULE.resolve("src/test/site");
  private static final Path DEBIAN = Path.of("/usr/share/wordpress");
  private static final AtomicInteger NUMBER = new AtomicInteger();
  private static Site shared;

  private final Path folder;
  private final String host;
  private final Process server;

  /** One site for all tests of this JVM that leave it as they found it. */
  static synchronized Site shared() {
    if (shared == null) {
      shared = new Site();
    }
    return shared;
  }

  Site() {
    try {
      if (!Files.exists(DEBIAN)) {
        throw new AssertionError("These tests need Debian's packages wordpress, mariadb-server, php-cli and more: see .ci/run");
      }
      folder = Files.createTempDirectory("ocelli-wp").resolve("site");
      host = "127.0.0.1:" + freePort();
      Processes.run("cp", "-rL", DEBIAN.toString(), folder.toString()).printed();
      Path content = folder.resolve("wp-content");
      for (String part : List.of("plugins", "mu-plugins", "uploads")) {
        Files.createDirectories(content.resolve(part));
      }
      Processes.run("cp", "-r", PLUGIN.toString(), content.resolve("plugins").toString()).printed();
      Files.copy(SCRIPTS.resolve("quiet.php"), content.resolve("mu-plugins/quiet.php"));
      String database = "site" + NUMBER.incrementAndGet();
      Database.shared().create(database);
      configure(database, "");
      Processes.run("php", SCRIPTS.resolve("install.php").toString(), folder.toString(), url()).printed();
      server = serve();
      activate("ocelli-alt-text/ocelli-alt-text.php");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes wp-config.php. @param more lines of it */
  void configure(String database, String more) throws IOException {
    String config =
        """
        <?php
        define( 'DB_NAME', '%s' );
        define( 'DB_USER', 'root' );
        define( 'DB_PASSWORD', '' );
        define( 'DB_HOST', 'localhost:%s' );
        define( 'DB_CHARSET', 'utf8mb4' );
        define( 'WP_DEBUG', true );
        define( 'WP_DEBUG_DISPLAY', false );
        define( 'WP_DEBUG_LOG', '%s' );
        define( 'WP_HTTP_BLOCK_EXTERNAL', true );
        define( 'WP_ACCESSIBLE_HOSTS', '127.0.0.1,localhost' );
        define( 'AUTOMATIC_UPDATER_DISABLED', true );
        define( 'AUTH_KEY', 'of a test' );
        define( 'SECURE_AUTH_KEY', 'of a test' );
        define( 'LOGGED_IN_KEY', 'of a test' );
        define( 'NONCE_KEY', 'of a test' );
        %s
        $table_prefix = 'wp_';
        if ( ! defined( 'ABSPATH' ) ) {
            define( 'ABSPATH', __DIR__ . '/' );
        }
        require_once ABSPATH . 'wp-settings.php';
        """;
    Files.writeString(folder.resolve("wp-config.php"), config.formatted(database, Database.shared().socket(), logFile(), more));
  }

  private Process serve() {
    List<String> command = List.of("php", "-d", "upload_max_filesize=20M", "-d", "post_max_size=20M", "-S", host, "-t", folder.toString());
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("PHP_CLI_SERVER_WORKERS", "6");
    Process process = Processes.start(folder.resolveSibling("server.log"), builder);
    Processes.await("the site", () -> Processes.run("curl", "-fs", "-o", "/dev/null", url() + "/wp-login.php").code() == 0);
    return process;
  }

  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  String url() {
    return "http://" + host;
  }

  String host() {
    return host;
  }

  Path folder() {
    return folder;
  }

  Path logFile() {
    return folder.resolveSibling("debug.log");
  }

  /** What PHP and the plugin have logged. */
  String log() {
    try {
      return Files.exists(logFile()) ? Files.readString(logFile()) : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Runs PHP inside the site. @return what it returns */
  JsonNode php(String code, Object... values) {
    String printed =
        Processes.run(String.format(code, values), List.of("php", SCRIPTS.resolve("run.php").toString(), folder.toString(), host)).printed();
    try {
      return JSON.readTree(printed.substring(printed.lastIndexOf('\n') + 1));
    } catch (IOException e) {
      throw new AssertionError(printed, e);
    }
  }

  /** Runs {@code wp ocelli ...} by the stand-in. */
  Processes.Ended wp(String... words) {
    List<String> command = new ArrayList<>(List.of("php", SCRIPTS.resolve("wp-cli.php").toString(), folder.toString(), host, "ocelli"));
    command.addAll(Arrays.asList(words));
    return Processes.run("", command);
  }

  void activate(String plugin) {
    JsonNode error = php("$e = activate_plugin( '%s' ); return is_wp_error( $e ) ? $e->get_error_message() : null;", plugin);
    if (!error.isNull()) {
      throw new AssertionError(error.asText());
    }
  }

  /** Changes settings of the plugin; the others get their defaults. Trouble and pauses are forgotten. */
  void set(String settings) {
    php(
        """
        update_option( 'ocelli_alt_text_settings', array_merge( Ocelli\\AltText\\Settings::defaults(), array( %s ) ) );
        delete_option( 'ocelli_alt_text_trouble' );
        delete_option( 'ocelli_alt_text_paused' );
        """,
        settings);
  }

  /** Takes all pictures out of the library and all events of the plugin out of the schedule. */
  void empty() {
    php(
        """
        foreach ( get_posts( array( 'post_type' => 'attachment', 'post_status' => 'any', 'numberposts' => -1, 'fields' => 'ids' ) ) as $id ) {
          wp_delete_attachment( $id, true );
        }
        wp_clear_scheduled_hook( 'ocelli_alt_text_work' );
        delete_option( 'ocelli_alt_text_trouble' );
        delete_option( 'ocelli_alt_text_paused' );
        """);
  }

  /** Puts a file into the library without the plugin's looking. @return its ID */
  int add(Path file) {
    return php(
            """
            remove_all_actions( 'add_attachment' );
            $upload = wp_upload_bits( '%s', null, file_get_contents( '%s' ) );
            $id = wp_insert_attachment( array( 'post_mime_type' => '%s', 'post_title' => 'added' ), $upload['file'] );
            wp_update_attachment_metadata( $id, wp_generate_attachment_metadata( $id, $upload['file'] ) );
            return $id;
            """,
            file.getFileName(), file, file.toString().endsWith("png") ? "image/png" : "image/jpeg")
        .asInt();
  }

  /** A picture's alternative text, caption, description and state. */
  record Texts(String alt, String caption, String description, String state) {}

  Texts texts(int image) {
    JsonNode found =
        php(
            """
            $p = get_post( %d );
            return array( get_post_meta( $p->ID, '_wp_attachment_image_alt', true ), $p->post_excerpt, $p->post_content,
              explode( ':', get_post_meta( $p->ID, '_ocelli_alt_text_state', true ) )[0] );
            """,
            image);
    return new Texts(found.get(0).asText(), found.get(1).asText(), found.get(2).asText(), found.get(3).asText());
  }

  /** Has WordPress look at its schedule as a visit does. */
  void visit() {
    Processes.run("curl", "-s", "-o", "/dev/null", "-m", "10", url() + "/wp-login.php");
  }

  @Override
  public void close() {
    Processes.end(server);
  }
}
