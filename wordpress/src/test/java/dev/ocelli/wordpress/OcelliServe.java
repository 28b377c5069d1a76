package dev.ocelli.wordpress;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ocelli.testing.TinyTraining;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A real {@code ocelli serve} as a process of its own, with a run of tiny models named q-former-v2. */
final class OcelliServe implements AutoCloseable {
  static final String TOKEN = "a-token-of-many-characters";

  private static final Pattern READY = Pattern.compile("Serving .* on (https?://\\S+:(\\d+))\\.");
  private static Path root;
  private static OcelliServe shared;

  private final Process process;
  private final Path log;
  private String address;

  /** Without a token, for all tests of this JVM. */
  static synchronized OcelliServe shared() {
    if (shared == null) {
      shared = new OcelliServe("--image-hosts", "127.0.0.1");
    }
    return shared;
  }

  /** Folder with the run, and data/images/drawing-00.png and on. */
  static synchronized Path root() {
    if (root == null) {
      try {
        root = Files.createTempDirectory("ocelli-run");
        // Adapters that have moved far, so that pictures and questions make a difference.
        TinyTraining.train(root, "run", "seed=7", "stage2.rates.lora=0.3", "stage2.passes=6");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return root;
  }

  static Path drawing(int i) {
    return root().resolve(String.format("data/images/drawing-%02d.png", i));
  }

  OcelliServe(String... more) {
    String classes = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx1g", "-cp", classes));
    command.addAll(List.of("dev.ocelli.cli.Ocelli", "serve", "--run", "q-former-v2=" + root().resolve("run"), "--port", "0"));
    command.addAll(Arrays.asList(more));
    try {
      log = Files.createTempFile("ocelli-serve", ".log");
      ProcessBuilder builder = new ProcessBuilder(command);
      builder.environment().put("HF_HUB_OFFLINE", "1");
      process = Processes.start(log, builder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Processes.await(
        "the server",
        () -> {
          Matcher ready = READY.matcher(log());
          if (ready.find()) {
            address = ready.group(1);
            return true;
          }
          if (!process.isAlive()) {
            throw new AssertionError(log());
          }
          return false;
        });
  }

  String address() {
    return address;
  }

  String log() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What the server says itself of a picture. */
  String says(Path picture, String prompt) {
    try {
      String body = Site.JSON.writeValueAsString(java.util.Map.of("image", Base64.getEncoder().encodeToString(Files.readAllBytes(picture)), "prompt", prompt));
      HttpResponse<String> response =
          HttpClient.newHttpClient()
              .send(
                  HttpRequest.newBuilder(URI.create(address + "/v1/vision")).POST(HttpRequest.BodyPublishers.ofString(body)).build(),
                  HttpResponse.BodyHandlers.ofString());
      JsonNode json = Site.JSON.readTree(response.body());
      if (!json.path("text").isTextual()) {
        throw new AssertionError(response.body());
      }
      return json.get("text").asText();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    Processes.end(process);
  }
}
