package dev.ocelli.wordpress;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** {@code wp ocelli}, by a stand-in for WP-CLI. */
@Tag("system")
class CommandTest {
  private final Site site = Site.shared();

  @BeforeEach
  void empty() {
    site.empty();
  }

  @Test
  void picturesAreDescribed() {
    try (StandIn server = new StandIn(asked -> StandIn.Reply.text("a " + asked.json().path("prompt").asText("red") + " circle"))) {
      site.set("'address' => '" + server.address() + "'");
      int one = site.add(OcelliServe.drawing(0));
      int two = site.add(OcelliServe.drawing(1));
      site.php("update_post_meta( %d, '_wp_attachment_image_alt', 'By hand' );", two);
      assertThat(site.wp("generate", "--dry-run", "" + one).printed()).isEqualTo(one + ": alt: A red circle\n");
      assertThat(site.texts(one).alt()).isEmpty();
      assertThat(site.wp("generate", "" + one, "" + two).printed())
          .isEqualTo(one + ": alt: A red circle\n" + two + ": has its texts; --overwrite replaces them.\n");
      assertThat(site.texts(two).alt()).isEqualTo("By hand");
      site.wp("generate", "--overwrite", "--prompt=blue", "" + two).printed();
      assertThat(site.texts(two).alt()).isEqualTo("A blue circle");
      Processes.Ended failed = site.wp("generate", "" + one, "999999", "--overwrite");
      assertThat(failed.code()).isEqualTo(1);
      assertThat(failed.err()).contains("Warning: 999999: There is no such picture", "Error: 1 of 2 pictures");
    }
  }

  @Test
  void theLibraryIsFilled() {
    AtomicInteger calls = new AtomicInteger();
    try (StandIn server =
        new StandIn(
            asked ->
                calls.incrementAndGet() == 2
                    ? new StandIn.Reply(429, "application/json", "{}", Map.of("Retry-After", "1"))
                    : StandIn.Reply.text("words"))) {
      site.set("'address' => '" + server.address() + "'");
      int first = site.add(OcelliServe.drawing(0));
      site.add(OcelliServe.drawing(1));
      int last = site.add(OcelliServe.drawing(2));
      assertThat(site.wp("count").printed()).contains("pictures:   3\nlacking:    3\nwaiting:    0\n");
      assertThat(site.wp("backfill", "--limit=1").printed()).contains("Success: 1 pictures done, 0 failed.");
      assertThat(site.texts(last).alt()).isEqualTo("Words");
      Processes.Ended rest = site.wp("backfill", "--review");
      assertThat(rest.printed()).contains("Describing: 2", "Success: 2 pictures done, 0 failed.");
      assertThat(rest.err()).contains("Warning: The Ocelli server has too much to do now.");
      assertThat(site.texts(first)).isEqualTo(new Site.Texts("", "", "", "review"));
      assertThat(site.wp("count").printed()).contains("lacking:    2\nwaiting:    0\nto review:  2\n");
    }
  }

  @Test
  void whatWaitingCanNotMendEndsTheCommand() {
    try (StandIn server = new StandIn(asked -> StandIn.Reply.error(401, "invalid_api_key", "This server needs its token"))) {
      site.set("'address' => '" + server.address() + "'");
      int image = site.add(OcelliServe.drawing(0));
      Processes.Ended ended = site.wp("backfill");
      assertThat(ended.code()).isEqualTo(1);
      assertThat(ended.err()).contains("Error: The Ocelli server at " + server.address() + " refuses the token.");
      assertThat(site.texts(image).state()).isEqualTo("waiting");
    }
  }
}
