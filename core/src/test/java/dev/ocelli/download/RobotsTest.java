package dev.ocelli.download;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class RobotsTest {
  private static Robots of(String text) {
    return Robots.parse(text.getBytes(StandardCharsets.UTF_8), "ocelli");
  }

  /** What Python's protego says of the same files, made by tools/goldens/robots.py. */
  @Test
  void readsAsProtegoDoes() throws IOException {
    JsonNode cases = new ObjectMapper().readTree(Path.of("src/test/resources/goldens/robots.json").toFile());
    assertThat(cases.size()).isGreaterThan(20);
    for (JsonNode one : cases) {
      Robots robots = of(one.get("robots").asText());
      one.get("allowed").fields().forEachRemaining(
          path -> assertThat(robots.allows(path.getKey())).as("%s of\n%s", path.getKey(), one.get("robots").asText())
              .isEqualTo(path.getValue().asBoolean()));
      assertThat(robots.delay()).isEqualTo(one.get("delay").asDouble());
    }
  }

  @Test
  void isQuickWithWildPatterns() {
    Robots robots = of("User-agent: *\nDisallow: /" + "*a".repeat(200) + "b$\n");
    assertThat(robots.allows("/" + "a".repeat(4000))).isTrue();
  }

  @Test
  void headersForbidToo() {
    assertThat(Fetching.forbids(null)).isFalse();
    assertThat(Fetching.forbids(List.of("nofollow"))).isFalse();
    assertThat(Fetching.forbids(List.of("otherbot: noai"))).isFalse();
    assertThat(Fetching.forbids(List.of("nofollow, NoImageAI"))).isTrue();
    assertThat(Fetching.forbids(List.of("nofollow", "Ocelli: noindex"))).isTrue();
  }

  @Test
  void retryAfterIsSecondsOrADate() {
    Instant now = Instant.parse("2025-01-01T00:00:00Z");
    assertThat(RetryAfter.seconds(" 120 ", now)).isEqualTo(120);
    assertThat(RetryAfter.seconds("Wed, 01 Jan 2025 00:02:00 GMT", now)).isEqualTo(120);
    assertThat(RetryAfter.seconds("Wed, 01 Jan 2025 00:02:00 GMT", now.plus(Duration.ofHours(1)))).isZero();
    assertThat(RetryAfter.seconds("soon", now)).isEqualTo(-1);
    assertThat(RetryAfter.seconds("99999999999999999999", now)).isEqualTo(-1);
    assertThat(RetryAfter.seconds(null, now)).isEqualTo(-1);
  }
}
