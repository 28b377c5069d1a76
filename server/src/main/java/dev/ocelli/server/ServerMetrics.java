package dev.ocelli.server;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.Pointer;

/** What the server counts, as Prometheus reads it ({@code GET /metrics}). */
final class ServerMetrics implements Routes.Endpoint {
  private static final Duration[] SECONDS = {
    Duration.ofMillis(50), Duration.ofMillis(100), Duration.ofMillis(250), Duration.ofMillis(500), Duration.ofSeconds(1),
    Duration.ofMillis(2500), Duration.ofSeconds(5), Duration.ofSeconds(10), Duration.ofSeconds(25)
  };

  private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final Timer firstToken =
      Timer.builder("ocelli.first.token").description("From the request to the first token").serviceLevelObjectives(SECONDS).register(registry);
  private final Timer queued =
      Timer.builder("ocelli.queue.time").description("Time in line").serviceLevelObjectives(SECONDS).register(registry);
  private final Counter promptTokens = counter("ocelli.prompt.tokens", "Tokens of prompts, those of pictures included");
  private final Counter answerTokens = counter("ocelli.answer.tokens", "Tokens of answers");
  private final DistributionSummary pace =
      DistributionSummary.builder("ocelli.tokens.per.second").description("Of each answer, after its first token").register(registry);

  private volatile int waiting;
  private volatile int active;
  private volatile long cacheBytes;

  ServerMetrics() {
    Gauge.builder("ocelli.queue.waiting", () -> waiting).description("Requests in line").register(registry);
    Gauge.builder("ocelli.answers.active", () -> active).description("Answers under way").register(registry);
    Gauge.builder("ocelli.cache.bytes", () -> cacheBytes).description("Native memory of keys and values").register(registry);
    Gauge.builder("ocelli.resident.bytes", Pointer::physicalBytes).description("Resident memory").register(registry);
    Gauge.builder("ocelli.native.bytes", ServerMetrics::nativeBytes)
        .description("Resident memory beside Java's heap, of which all that is reserved counts")
        .register(registry);
    Gauge.builder("ocelli.heap.bytes", ServerMetrics::heapBytes).description("Java's heap in use").register(registry);
  }

  private Counter counter(String name, String description) {
    return Counter.builder(name).description(description).register(registry);
  }

  private static double nativeBytes() {
    return Math.max(0, Pointer.physicalBytes() - Runtime.getRuntime().totalMemory());
  }

  private static double heapBytes() {
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }

  void state(int waiting, int active, long cacheBytes) {
    this.waiting = waiting;
    this.active = active;
    this.cacheBytes = cacheBytes;
  }

  void answered(Answer answer) {
    firstToken.record((long) (answer.firstTokenMillis() * 1000), TimeUnit.MICROSECONDS);
    queued.record((long) (answer.queueMillis() * 1000), TimeUnit.MICROSECONDS);
    promptTokens.increment(answer.promptTokens());
    answerTokens.increment(answer.answerTokens());
    double rest = answer.totalMillis() - answer.firstTokenMillis();
    if (answer.answerTokens() > 1 && rest > 0) {
      pace.record(1000 * (answer.answerTokens() - 1) / rest);
    }
  }

  void exchange(Exchange exchange) {
    Timer.builder("ocelli.requests")
        .description("Requests answered")
        .tag("path", exchange.route())
        .tag("status", String.valueOf(exchange.status()))
        .register(registry)
        .record((long) (exchange.millis() * 1000), TimeUnit.MICROSECONDS);
  }

  @Override
  public void answer(Exchange exchange, byte[] body) {
    exchange.send(
        200, "text/plain; version=0.0.4; charset=utf-8", registry.scrape().getBytes(StandardCharsets.UTF_8), Map.of());
  }
}
