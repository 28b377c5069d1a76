package dev.ocelli.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** Many clients at once, each asking about a picture, reading the answer as a stream, and asking again. */
final class Load {
  /** How a request ended, beside the statuses of HTTP. */
  static final int CUT = -1;

  static final int NO_CONNECTION = -2;

  /**
   * @param begun by {@link System#nanoTime()}
   * @param status of HTTP; {@link #CUT} where an answer that had begun didn't end, {@link #NO_CONNECTION} where none began
   * @param first seconds to the first word, of answers
   */
  record Outcome(long begun, int status, double first, double seconds, int tokens) {}

  /** @param seconds that the clients took, the last answer included */
  record Result(List<Outcome> outcomes, double seconds) {
    List<Outcome> answered() {
      return outcomes.stream().filter(o -> o.status == 200).toList();
    }

    double answersPerSecond() {
      return answered().size() / seconds;
    }

    double tokensPerSecond() {
      return answered().stream().mapToInt(Outcome::tokens).sum() / seconds;
    }

    /** Seconds to the first word. */
    double first(double quantile) {
      double[] sorted = answered().stream().mapToDouble(Outcome::first).sorted().toArray();
      return sorted.length == 0 ? Double.NaN : sorted[(int) Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))];
    }

    Map<Integer, Long> statuses() {
      Map<Integer, Long> counts = new TreeMap<>();
      outcomes.forEach(o -> counts.merge(o.status, 1L, Long::sum));
      return counts;
    }

    @Override
    public String toString() {
      return String.format(
          Locale.ROOT, "%d answers in %.0f s: %.2f/s, %.1f tokens/s; first word after %.2f s (median), %.2f s (99th percentile); statuses %s",
          answered().size(), seconds, answersPerSecond(), tokensPerSecond(), first(0.5), first(0.99), statuses());
    }
  }

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int TOKENS = 24;

  private final URI address;
  private final List<String> pictures = new ArrayList<>();
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(10)).build();

  /** @param folder of pictures, sent in turn */
  Load(String address, Path folder) throws IOException {
    this.address = URI.create(address + "/v1/chat/completions");
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.sorted().limit(16).toList()) {
        pictures.add(Base64.getEncoder().encodeToString(Files.readAllBytes(file)));
      }
    }
  }

  /** Runs some clients for some seconds; each goes on to the end of its last answer. One that is sent away waits as it is told. */
  Result run(int clients, int seconds) throws InterruptedException {
    List<Outcome> outcomes = Collections.synchronizedList(new ArrayList<>());
    AtomicInteger number = new AtomicInteger();
    long begin = System.nanoTime();
    long until = begin + seconds * 1_000_000_000L;
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      Thread thread = new Thread(() -> client(number, until, outcomes));
      thread.start();
      threads.add(thread);
    }
    for (Thread thread : threads) {
      thread.join();
    }
    return new Result(List.copyOf(outcomes), (System.nanoTime() - begin) / 1e9);
  }

  private void client(AtomicInteger number, long until, List<Outcome> outcomes) {
    try {
      while (System.nanoTime() < until) {
        long wait = ask(number.getAndIncrement(), outcomes);
        if (wait > 0) {
          Thread.sleep(Math.min(wait, Math.max(0, (until - System.nanoTime()) / 1_000_000)));
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private HttpRequest request(int number) {
    String body =
        "{\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"text\", \"text\": \"What is in this image?\"}, {\"type\": \"image_url\", "
            + "\"image_url\": {\"url\": \"data:image/png;base64," + pictures.get(number % pictures.size())
            + "\"}}]}], \"stream\": true, \"stream_options\": {\"include_usage\": true}, \"max_tokens\": "
            + TOKENS + "}";
    return HttpRequest.newBuilder(address).timeout(Duration.ofSeconds(60)).POST(HttpRequest.BodyPublishers.ofString(body)).build();
  }

  /** @return milliseconds to wait before the next request */
  private long ask(int number, List<Outcome> outcomes) throws InterruptedException {
    long begin = System.nanoTime();
    HttpResponse<Stream<String>> response;
    try {
      response = client.send(request(number), HttpResponse.BodyHandlers.ofLines());
    } catch (IOException e) {
      outcomes.add(new Outcome(begin, NO_CONNECTION, 0, seconds(begin), 0));
      return 1000;
    }
    double first = 0;
    int tokens = 0;
    boolean whole = false;
    boolean failed = false;
    try (Stream<String> lines = response.body()) {
      for (Iterator<String> all = lines.iterator(); all.hasNext(); ) {
        String line = all.next();
        if (line.startsWith("data: {")) {
          JsonNode event = JSON.readTree(line.substring(6));
          first = first == 0 && !event.at("/choices/0/delta/content").asText("").isEmpty() ? seconds(begin) : first;
          tokens = event.at("/usage/completion_tokens").asInt(tokens);
          failed |= event.has("error");
        }
        whole |= line.equals("data: [DONE]");
      }
    } catch (IOException | UncheckedIOException e) {
      whole = false;
    }
    int status = response.statusCode() != 200 ? response.statusCode() : whole && !failed ? 200 : CUT;
    outcomes.add(new Outcome(begin, status, first == 0 ? seconds(begin) : first, seconds(begin), tokens));
    return status == 200 ? 0 : 1000 * response.headers().firstValueAsLong("retry-after").orElse(1);
  }

  private static double seconds(long begin) {
    return (System.nanoTime() - begin) / 1e9;
  }

  /** {@code Load ADDRESS FOLDER CLIENTS SECONDS}, for a look by hand. */
  public static void main(String[] args) throws Exception {
    System.out.println(Arrays.toString(args) + " " + new Load(args[0], Path.of(args[1])).run(Integer.parseInt(args[2]), Integer.parseInt(args[3])));
  }
}
