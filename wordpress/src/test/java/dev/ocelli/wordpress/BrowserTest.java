package dev.ocelli.wordpress;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The plugin's pages, columns and buttons in a real browser. The server knows the captions of the drawings it is shown. */
@Tag("system")
class BrowserTest {
  private static final Site SITE = Site.shared();
  private static final Map<String, String> CAPTIONS = new HashMap<>();
  private static final List<Path> SCENES = new ArrayList<>();
  private static Chromium chromium;

  private StandIn server;

  @BeforeAll
  static void begin() throws IOException {
    Path folder = Files.createTempDirectory("ocelli-scenes").resolve("scenes");
    Processes.run(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp", System.getProperty("surefire.test.class.path"),
            "dev.ocelli.cli.Ocelli", "data", "scenes", "--out", folder.toString(), "--count", "40")
        .printed();
    for (String line : Files.readAllLines(folder.resolve("captions.csv")).stream().skip(1).toList()) {
      String[] parts = line.split(",", 3);
      Path file = Files.exists(folder.resolve(parts[0])) ? folder.resolve(parts[0]) : folder.resolve("images").resolve(parts[0]);
      String caption = line.replaceAll("^[^,]*,", "").replaceAll(",(train|val|test|unseen)?$", "").replace("\"", "");
      if (CAPTIONS.putIfAbsent(Base64.getEncoder().encodeToString(Files.readAllBytes(file)), caption) == null) {
        SCENES.add(file);
      }
    }
    chromium = new Chromium(SITE, "admin");
  }

  @AfterAll
  static void end() {
    chromium.close();
  }

  @BeforeEach
  void serve() {
    SITE.empty();
    server =
        new StandIn(
            asked ->
                asked.path().equals("/v1/models")
                    ? StandIn.Reply.json(200, "{\"object\": \"list\", \"data\": [{\"id\": \"scenes\"}, {\"id\": \"photos\"}]}")
                    : StandIn.Reply.text(caption(asked)));
    SITE.set("'address' => '" + server.address() + "', 'on_upload' => false");
  }

  @AfterEach
  void close() {
    server.close();
  }

  private static String caption(StandIn.Asked asked) {
    return CAPTIONS.getOrDefault(asked.json().get("image").asText(), "a red circle on white");
  }

  private static String caption(int scene) throws IOException {
    return UploadTest.capital(CAPTIONS.get(Base64.getEncoder().encodeToString(Files.readAllBytes(SCENES.get(scene)))));
  }

  @Test
  void theSettingsPageTestsTheServer() {
    SITE.set("'address' => 'http://127.0.0.1:9'");
    chromium.open("/wp-admin/options-general.php?page=ocelli-alt-text");
    chromium.click("#ocelli-test");
    chromium.says("#ocelli-test-said.notice-error", "cannot be reached");
    chromium.complaints(); // of the 502
    chromium.type("#ocelli-address", server.address());
    chromium.click("#ocelli-test");
    chromium.says("#ocelli-test-said.notice-success", "It works.");
    chromium.says("#ocelli-test-said.notice-success", "a red circle on white");
    chromium.run("window.scrollTo(0, 0);");
    chromium.picture("settings");
    chromium.click("#submit");
    chromium.says(".notice-success", "Settings saved.");
    assertThat(SITE.php("return get_option( 'ocelli_alt_text_settings' )['address'];").asText()).isEqualTo(server.address());
    assertThat(chromium.complaints()).isEmpty();
  }

  @Test
  void theLibraryHasAColumn() throws IOException {
    List<Integer> images = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      images.add(SITE.add(SCENES.get(i)));
    }
    SITE.php("update_post_meta( %d, '_wp_attachment_image_alt', 'Two shapes, drawn by hand' );", images.get(3));
    chromium.open("/wp-admin/upload.php?mode=list");
    String row = "#post-" + images.get(1);
    chromium.says(row + " .ocelli-alt", "None");
    chromium.click(row + " [data-ocelli-describe]");
    chromium.says(row + " .ocelli-alt", caption(1));
    assertThat(SITE.texts(images.get(1)).alt()).isEqualTo(caption(1));
    chromium.click("#post-" + images.get(0) + " [data-ocelli-decorative]");
    chromium.says("#post-" + images.get(0) + " .ocelli-said", "needs no text");
    // A human's text is replaced when somebody says so twice.
    String human = "#post-" + images.get(3);
    chromium.click(human + " [data-ocelli-describe]");
    chromium.says(human + " .ocelli-said", "There is a text already.");
    assertThat(SITE.texts(images.get(3)).alt()).isEqualTo("Two shapes, drawn by hand");
    chromium.run("window.scrollTo(0, 0);");
    chromium.picture("library");
    chromium.click(human + " .ocelli-said button");
    chromium.says(human + " .ocelli-alt", caption(3));
    assertThat(SITE.texts(images.get(3)).alt()).isEqualTo(caption(3));
    chromium.open("/wp-admin/upload.php?mode=list&ocelli_alt=none");
    assertThat(chromium.all("#the-list tr")).hasSize(2);
    // Many at once.
    chromium.click("#cb-select-" + images.get(2));
    chromium.run("document.querySelector('#bulk-action-selector-top').value = 'ocelli_alt_text_queue';");
    chromium.click("#doaction");
    chromium.find("#ocelli-queue");
    chromium.says("[data-ocelli=review-items] textarea", caption(2));
    assertThat(chromium.complaints()).isEmpty();
  }

  @Test
  void theQueueIsWatchedAndReviewed() throws IOException {
    Map<Integer, Integer> scenes = new HashMap<>();
    for (int i = 0; i < 5; i++) {
      scenes.put(SITE.add(SCENES.get(i)), i);
    }
    chromium.open("/wp-admin/upload.php?page=ocelli-alt-text-queue");
    chromium.says("[data-ocelli=summary]", "5 pictures, 5 without text.");
    chromium.click("[data-ocelli=start]");
    Processes.await("five texts", () -> chromium.all("[data-ocelli=review-items] li").size() == 5);
    int edited = Integer.parseInt(chromium.all("[data-ocelli=review-items] li").get(1).getDomAttribute("data-image"));
    chromium.type("li[data-image='" + edited + "'] textarea", "What I see myself");
    chromium.run("window.scrollTo(0, 0);");
    chromium.picture("queue");
    chromium.click("li[data-image='" + edited + "'] .button-primary");
    Processes.await("its end", () -> chromium.all("li[data-image='" + edited + "']").isEmpty());
    assertThat(SITE.texts(edited)).isEqualTo(new Site.Texts("What I see myself", "", "", ""));
    chromium.click("[data-ocelli=save-all]");
    Processes.await("their end", () -> chromium.all("[data-ocelli=review-items] li").isEmpty());
    for (Map.Entry<Integer, Integer> each : scenes.entrySet()) {
      if (each.getKey() != edited) {
        assertThat(SITE.texts(each.getKey()).alt()).isEqualTo(caption(each.getValue()));
      }
    }
    chromium.says("[data-ocelli=summary]", "5 pictures, 0 without text.");
    assertThat(chromium.complaints()).isEmpty();
  }

  @Test
  void theQueueSaysWhatIsWrong() {
    SITE.add(SCENES.get(0));
    SITE.add(SCENES.get(1));
    SITE.set("'address' => 'http://127.0.0.1:9'");
    chromium.open("/wp-admin/upload.php?page=ocelli-alt-text-queue");
    chromium.click("[data-ocelli=start]");
    chromium.says("[data-ocelli=trouble]", "cannot be reached");
    chromium.says("[data-ocelli=trouble]", "nothing is lost");
    chromium.says("[data-ocelli=progress]", "0 of 2 done.");
    chromium.picture("trouble");
    chromium.click("[data-ocelli=pause]");
    chromium.says("[data-ocelli=progress]", "Paused.");
    SITE.php("update_option( 'ocelli_alt_text_settings', array_merge( get_option( 'ocelli_alt_text_settings' ), array( 'address' => '%s' ) ) );", server.address());
    chromium.click("[data-ocelli=pause]");
    Processes.await("two texts", () -> chromium.all("[data-ocelli=review-items] li").size() == 2);
    assertThat(chromium.complaints()).isEmpty();
  }

  @Test
  void theMediaModalHasAButton() throws IOException {
    int image = SITE.add(SCENES.get(0));
    chromium.open("/wp-admin/upload.php?mode=grid");
    chromium.click("li.attachment[data-id='" + image + "']");
    server.manner(asked -> StandIn.Reply.json(503, "{}"));
    chromium.click(".media-modal [data-ocelli-describe]");
    chromium.says(".media-modal .ocelli-said.ocelli-failed", "too much to do now");
    chromium.complaints(); // of the 502
    server.manner(asked -> StandIn.Reply.text(caption(asked)));
    chromium.click(".media-modal [data-ocelli-describe]");
    chromium.says(".media-modal [data-setting=alt] textarea", caption(0));
    chromium.picture("modal");
    assertThat(SITE.texts(image).alt()).isEqualTo(caption(0));
    chromium.open("/wp-admin/post.php?post=" + image + "&action=edit");
    chromium.find(".compat-attachment-fields [data-ocelli-describe]");
    assertThat(chromium.complaints()).isEmpty();
  }

  private int post(int image, String alt) {
    return SITE.php(
            """
            return wp_insert_post( array( 'post_title' => 'A post', 'post_status' => 'draft', 'post_author' => 1, 'post_content' => sprintf(
              '<!-- wp:image {"id":%%1$d} --><figure class="wp-block-image"><img src="%%2$s" alt="%%3$s" class="wp-image-%%1$d"/></figure><!-- /wp:image -->',
              %1$d, wp_get_attachment_url( %1$d ), '%2$s' ) ) );
            """,
            image, alt)
        .asInt();
  }

  private void edit(int post) {
    chromium.open("/wp-admin/post.php?post=" + post + "&action=edit");
    Processes.await(
        "the editor",
        () -> Boolean.TRUE.equals(chromium.run("return !! ( window.wp && wp.data && wp.data.select('core/block-editor') && wp.data.select('core/block-editor').getBlocks().length );")));
    chromium.run(
        """
        wp.data.dispatch('core/preferences').set('core/edit-post', 'welcomeGuide', false);
        wp.data.dispatch('core/edit-post').openGeneralSidebar('edit-post/block');
        wp.data.dispatch('core/block-editor').selectBlock(wp.data.select('core/block-editor').getBlocks()[0].clientId);
        """);
  }

  private String blockAlt() {
    return String.valueOf(chromium.run("return wp.data.select('core/block-editor').getBlocks()[0].attributes.alt;"));
  }

  @Test
  void theImageBlockHasAButton() throws IOException {
    int image = SITE.add(SCENES.get(2));
    edit(post(image, ""));
    chromium.click(".ocelli-describe");
    String expected = caption(2);
    Processes.await("the block's text", () -> blockAlt().equals(expected));
    chromium.picture("block");
    assertThat(SITE.texts(image).alt()).as("the library has it, too").isEqualTo(expected);

    edit(post(image, "My own words"));
    chromium.click(".ocelli-describe");
    chromium.says(".ocelli-offer", expected);
    assertThat(blockAlt()).isEqualTo("My own words");
    chromium.click(".ocelli-offer button");
    Processes.await("the block's text", () -> blockAlt().equals(expected));

    server.manner(asked -> StandIn.Reply.error(401, "invalid_api_key", "This server needs its token"));
    chromium.click(".ocelli-describe");
    chromium.says(".ocelli-failure", "refuses the token");
    assertThat(blockAlt()).isEqualTo(expected);
    chromium.run("wp.data.dispatch('core/editor').savePost();");
    Processes.await("the saving", () -> Boolean.FALSE.equals(chromium.run("return wp.data.select('core/editor').isEditedPostDirty();")));
  }

  /** The text of a picture that was just uploaded comes into the block by itself. */
  @Test
  void theImageBlockWaitsForTheBackground() throws IOException {
    CountDownLatch gate = new CountDownLatch(1);
    server.manner(
        asked -> {
          gate.await();
          return StandIn.Reply.text(caption(asked));
        });
    SITE.set("'address' => '" + server.address() + "', 'timeout' => 120");
    int image = new Person(SITE, "admin").upload(SCENES.get(3));
    edit(post(image, ""));
    chromium.find(".ocelli-describe");
    assertThat(blockAlt()).isEmpty();
    // Whoever writes on has another block selected by then, or none.
    chromium.run("wp.data.dispatch('core/block-editor').clearSelectedBlock();");
    Processes.await("the panel's end", () -> Boolean.TRUE.equals(chromium.run("return document.querySelector('.ocelli-describe') === null;")));
    gate.countDown();
    String expected = caption(3);
    Processes.await("the block's text", () -> blockAlt().equals(expected));
    chromium.run("wp.data.dispatch('core/editor').savePost();");
    Processes.await("the saving", () -> Boolean.FALSE.equals(chromium.run("return wp.data.select('core/editor').isEditedPostDirty();")));
  }
}
