package dev.ocelli.wordpress;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The queue. */
@Tag("system")
class BackfillTest {
  private static final String QUEUE = "/ocelli-alt-text/v1/queue";

  private final Site site = Site.shared();

  @BeforeEach
  void empty() {
    site.empty();
  }

  /** Puts drawings into the library without the plugin's looking. */
  private List<Integer> library(int pictures) {
    JsonNode ids =
        site.php(
            """
            remove_all_actions( 'add_attachment' );
            $ids = array();
            for ( $i = 0; $i < %d; $i++ ) {
              $upload = wp_upload_bits( "photo-$i.png", null, file_get_contents( sprintf( '%s/drawing-%%02d.png', $i %% 16 ) ) );
              $ids[]  = wp_insert_attachment( array( 'post_mime_type' => 'image/png', 'post_title' => "Photo $i" ), $upload['file'] );
            }
            return $ids;
            """,
            pictures, OcelliServe.drawing(0).getParent());
    List<Integer> list = new ArrayList<>();
    ids.forEach(id -> list.add(id.asInt()));
    return list;
  }

  private JsonNode add(Person editor, String options) {
    return editor.post(QUEUE + "/add", options).json();
  }

  private JsonNode status(Person editor) {
    return editor.get(QUEUE).json();
  }

  private static int waits(JsonNode status) {
    return status.at("/counts/waiting").asInt() + status.at("/counts/working").asInt();
  }

  /** Has the queue worked off by WordPress's schedule alone. */
  private void workedOff(Person editor) {
    Processes.await("the end of the queue", () -> {
      site.visit();
      return waits(status(editor)) == 0;
    });
  }

  /** A hundred photos, some with texts of a human, two of them broken, and a server that now and then has too much to do. */
  @Test
  void aHundredPhotos() {
    OcelliServe serve = OcelliServe.shared();
    AtomicInteger calls = new AtomicInteger();
    try (StandIn busy =
        new StandIn(
            asked -> {
              if (calls.incrementAndGet() % 30 == 0) {
                StandIn.Reply full = StandIn.Reply.error(429, "queue_full", "The queue is full.");
                return new StandIn.Reply(429, full.type(), full.body(), Map.of("Retry-After", "2"));
              }
              HttpResponse<String> real =
                  HttpClient.newHttpClient()
                      .send(
                          HttpRequest.newBuilder(URI.create(serve.address() + asked.path()))
                              .POST(HttpRequest.BodyPublishers.ofString(asked.json().toString()))
                              .build(),
                          HttpResponse.BodyHandlers.ofString());
              return StandIn.Reply.json(real.statusCode(), real.body());
            })) {
      site.set("'address' => '" + busy.address() + "'");
      List<Integer> photos = library(100);
      List<Integer> human = photos.subList(10, 15);
      human.forEach(id -> site.php("update_post_meta( %d, '_wp_attachment_image_alt', 'Written by hand' );", id));
      List<Integer> broken = photos.subList(50, 52);
      broken.forEach(id -> site.php("file_put_contents( get_attached_file( %d ), 'no picture' );", id));
      Person editor = new Person(site, "editor");
      JsonNode added = add(editor, "{\"review\": false}");
      assertThat(added.get("added").asInt()).isEqualTo(95);
      assertThat(added.at("/progress/total").asInt()).isEqualTo(95);
      workedOff(editor);
      JsonNode end = status(editor);
      assertThat(end.at("/counts/failed").asInt()).isEqualTo(2);
      assertThat(end.get("lacking").asInt()).isEqualTo(2);
      assertThat(end.get("trouble").asText()).isEmpty();
      JsonNode failed = editor.get(QUEUE + "/items?state=failed").json();
      assertThat(failed.findValuesAsText("error")).hasSize(2).allMatch(e -> e.startsWith("The Ocelli server cannot read this picture"));
      // Each photo once, and again where the server had no room: nothing is asked for twice.
      assertThat(calls.get()).isEqualTo(95 + calls.get() / 30);
      for (int id : human) {
        assertThat(site.texts(id).alt()).isEqualTo("Written by hand");
      }
      for (int i : new int[] {0, 37, 99}) {
        assertThat(site.texts(photos.get(i)).alt()).isEqualTo(UploadTest.capital(serve.says(OcelliServe.drawing(i % 16), "")));
      }
      int without =
          site.php(
                  "global $wpdb; return $wpdb->get_var( \"SELECT COUNT(*) FROM $wpdb->postmeta WHERE meta_key = '_wp_attachment_image_alt' AND meta_value <> ''\" );")
              .asInt();
      assertThat(without).isEqualTo(98);
    }
  }

  @Test
  void textsAreReviewedBeforeTheyAreSaved() {
    try (StandIn server = new StandIn(asked -> StandIn.Reply.text("the model's words"))) {
      site.set("'address' => '" + server.address() + "', 'fields' => array( 'alt', 'caption' )");
      List<Integer> photos = library(4);
      Person editor = new Person(site, "editor");
      add(editor, "{}");
      workedOff(editor);
      assertThat(status(editor).at("/counts/review").asInt()).isEqualTo(4);
      for (int id : photos) {
        assertThat(site.texts(id)).isEqualTo(new Site.Texts("", "", "", "review"));
      }
      JsonNode items = editor.get(QUEUE + "/items").json();
      assertThat(items.findValuesAsText("id")).containsExactlyInAnyOrderElementsOf(photos.stream().map(String::valueOf).toList());
      assertThat(items.get(0).get("texts").toString()).isEqualTo("{\"alt\":\"The model's words\",\"caption\":\"the model's words\"}");

      String images = "/ocelli-alt-text/v1/images/";
      editor.post(images + photos.get(0) + "/review", "{\"texts\": {\"alt\": \"The model's words\", \"caption\": \"the model's words\"}}");
      assertThat(site.texts(photos.get(0))).isEqualTo(new Site.Texts("The model's words", "the model's words", "", ""));
      editor.post(images + photos.get(1) + "/review", "{\"texts\": {\"alt\": \"Mended \\\\ \\\"so\\\" <b>\", \"caption\": \"\"}}");
      assertThat(site.texts(photos.get(1))).isEqualTo(new Site.Texts("Mended \\ \"so\"", "", "", ""));
      editor.post(images + photos.get(2) + "/review", "{\"discard\": true}");
      assertThat(site.texts(photos.get(2))).isEqualTo(new Site.Texts("", "", "", ""));
      editor.post("/wp/v2/media/" + photos.get(3), "{\"alt_text\": \"A human was faster\"}");
      Person.Answer kept = editor.post(images + photos.get(3) + "/review", "{\"texts\": {\"alt\": \"The model's words\"}}");
      assertThat(kept.json().get("saved")).isEmpty();
      assertThat(site.texts(photos.get(3)).alt()).isEqualTo("A human was faster");
      assertThat(editor.post(images + photos.get(3) + "/review", "{}").status()).isEqualTo(409);

      // A better model may renew what the former one said; what a human wrote or mended stays.
      server.manner(asked -> StandIn.Reply.text("better words"));
      add(editor, "{\"renew\": true, \"review\": false}");
      workedOff(editor);
      assertThat(site.texts(photos.get(0))).isEqualTo(new Site.Texts("Better words", "better words", "", ""));
      assertThat(site.texts(photos.get(1))).isEqualTo(new Site.Texts("Mended \\ \"so\"", "better words", "", ""));
      assertThat(site.texts(photos.get(2))).isEqualTo(new Site.Texts("Better words", "better words", "", ""));
      assertThat(site.texts(photos.get(3))).isEqualTo(new Site.Texts("A human was faster", "better words", "", ""));
    }
  }

  @Test
  void theQueueCanBePausedAndEmptied() {
    try (StandIn server = new StandIn(asked -> StandIn.Reply.text("words"))) {
      site.set("'address' => '" + server.address() + "'");
      library(6);
      Person editor = new Person(site, "editor");
      editor.post(QUEUE + "/pause", "{\"paused\": true}");
      add(editor, "{\"review\": false}");
      assertThat(editor.post(QUEUE + "/work", "{}").json().get("came").asText()).isEqualTo("paused");
      site.php("do_action( 'ocelli_alt_text_work' );");
      assertThat(server.asked()).isEmpty();
      assertThat(waits(status(editor))).isEqualTo(6);
      editor.post(QUEUE + "/clear", "{}");
      assertThat(waits(status(editor))).isZero();
      add(editor, "{\"review\": false}");
      editor.post(QUEUE + "/pause", "{\"paused\": false}");
      workedOff(editor);
      assertThat(status(editor).get("lacking").asInt()).isZero();
    }
  }

  @Test
  void aRetryAfterIsWaitedFor() {
    try (StandIn server =
        new StandIn(asked -> new StandIn.Reply(429, "application/json", "{}", Map.of("Retry-After", "600")))) {
      site.set("'address' => '" + server.address() + "'");
      library(3);
      Person editor = new Person(site, "editor");
      add(editor, "{\"review\": false}");
      Processes.await("a call", () -> {
        editor.post(QUEUE + "/work", "{}");
        return !server.asked().isEmpty();
      });
      // The page and the schedule may have taken a picture each before the first of them was told to wait.
      Processes.await("no run", () -> site.php("return false === get_transient( 'doing_cron' );").asBoolean());
      int asked = server.asked().size();
      assertThat(asked).isLessThanOrEqualTo(2);
      for (int i = 0; i < 3; i++) {
        assertThat(editor.post(QUEUE + "/work", "{}").json().get("came").asText()).isEqualTo("cooling");
        site.php("do_action( 'ocelli_alt_text_work' );");
      }
      assertThat(server.asked()).hasSize(asked);
      assertThat(status(editor).get("seconds").asInt()).isBetween(500, 600);
      assertThat(site.php("return wp_next_scheduled( 'ocelli_alt_text_work' ) - time();").asInt()).isBetween(400, 600);
      assertThat(waits(status(editor))).isEqualTo(3);
    }
  }

  /** Whoever took a picture was killed. */
  @Test
  void nothingIsLostWithAProcess() {
    try (StandIn server = new StandIn(asked -> StandIn.Reply.text("words"))) {
      site.set("'address' => '" + server.address() + "'");
      int image = library(1).get(0);
      site.php("update_post_meta( %1$d, '_ocelli_alt_text_state', 'working:' . ( time() - 400 ) . ':gone' );", image);
      assertThat(site.php("do_action( 'ocelli_alt_text_tick' ); return 1;").asInt()).isEqualTo(1);
      // Without a job it is known only that a human must look at the text.
      assertThat(site.texts(image).state()).isEqualTo("review");
    }
  }

  /** Whoever reads a picture's texts while it gets them finds all of them, or a picture that is not to be reviewed yet. */
  @Test
  void aTextIsThereBeforeItIsToBeReviewed() {
    try (StandIn server = new StandIn(asked -> StandIn.Reply.text("words"))) {
      site.set("'address' => '" + server.address() + "'");
      int image = library(1).get(0);
      String states =
          """
          $states = array();
          $note   = function ( $id, $image, $key ) use ( &$states ) {
            if ( '_ocelli_alt_text_job' === $key ) {
              $states[] = explode( ':', get_post_meta( $image, '_ocelli_alt_text_state', true ) )[0];
            }
          };
          add_action( 'added_post_meta', $note, 10, 3 );
          add_action( 'updated_post_meta', $note, 10, 3 );
          update_post_meta( %1$d, '_ocelli_alt_text_state', 'waiting' );
          do_action( 'ocelli_alt_text_work' );
          return $states;
          """;
      assertThat(site.php(states, image).toString()).isEqualTo("[\"working\"]");
      assertThat(site.texts(image).state()).isEqualTo("review");
    }
  }

  @Test
  void decorativePicturesAreLeftOut() {
    site.set("'address' => 'http://127.0.0.1:9'");
    List<Integer> photos = library(2);
    Person editor = new Person(site, "editor");
    editor.post("/ocelli-alt-text/v1/images/" + photos.get(0) + "/decorative", "{\"decorative\": true}");
    assertThat(status(editor).get("lacking").asInt()).isEqualTo(1);
    assertThat(add(editor, "{}").get("added").asInt()).isEqualTo(1);
    editor.post("/ocelli-alt-text/v1/images/" + photos.get(0) + "/decorative", "{\"decorative\": false}");
    assertThat(add(editor, "{}").get("added").asInt()).isEqualTo(1);
  }
}
