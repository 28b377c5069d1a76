package dev.ocelli.wordpress;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The plugin's code and words, without a WordPress. */
@Tag("system")
class StandardTest {
  @TempDir private Path folder;

  private static Processes.Ended standard(Path code) {
    return Processes.run("phpcs", "-q", "--standard=" + Site.PLUGIN.resolve("phpcs.xml.dist"), code.toString());
  }

  @Test
  void thePluginFollowsWordPressStandard() throws IOException {
    Processes.Ended ended = standard(Site.PLUGIN);
    assertThat(ended.code()).as(ended.out()).isZero();
    // And the rules do see what is against them.
    Path bad = folder.resolve("bad.php");
    Files.writeString(bad, Files.readString(Site.PLUGIN.resolve("includes/class-trouble.php")).replace("delete_option( self::OPTION )", "delete_option(self::OPTION)"));
    assertThat(standard(bad).code()).isNotZero();
  }

  @Test
  void filesAreSmall() throws IOException {
    try (Stream<Path> files = Files.walk(Site.PLUGIN)) {
      for (Path file : files.filter(f -> f.toString().matches(".*\\.(php|js|css)")).toList()) {
        assertThat(Files.readAllLines(file)).as(file.toString()).hasSizeLessThanOrEqualTo(400);
      }
    }
  }

  @Test
  void theTemplateForTranslatorsIsInStep() throws IOException {
    Path now = folder.resolve("now.pot");
    Processes.run(Site.MODULE.getParent().resolve("tools/wordpress_pot.sh").toString(), now.toString()).printed();
    assertThat(Site.PLUGIN.resolve("languages/ocelli-alt-text.pot")).hasSameTextualContentAs(now);
  }

  @Test
  void aTranslationIsUsed() throws IOException {
    Path words = folder.resolve("de.po");
    Files.writeString(words, "msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=UTF-8\\n\"\n\nmsgid \"Describe picture\"\nmsgstr \"Bild beschreiben\"\n");
    Site site = Site.shared();
    Path file = site.folder().resolve("wp-content/plugins/ocelli-alt-text/languages/ocelli-alt-text-de_DE.mo");
    Processes.run("msgfmt", "-o", file.toString(), words.toString()).printed();
    String html =
        site.php(
                """
                add_filter( 'plugin_locale', function () { return 'de_DE'; } );
                unload_textdomain( 'ocelli-alt-text' );
                Ocelli\\AltText\\plugin()->translate();
                return Ocelli\\AltText\\Media_Button::html( 1, new Ocelli\\AltText\\Queue( new Ocelli\\AltText\\Library( new Ocelli\\AltText\\Settings() ) ) );
                """)
            .asText();
    Files.delete(file);
    assertThat(html).contains("Bild beschreiben");
  }

  @Test
  void phpAndScriptsParse() throws IOException {
    try (Stream<Path> files = Files.walk(Site.PLUGIN)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".php")).toList()) {
        assertThat(Processes.run("", List.of("php", "-l", file.toString())).code()).as(file.toString()).isZero();
      }
    }
  }
}
