package dev.ocelli.server;

import dev.ocelli.UserError;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/** Takes whole requests from all connections to their endpoints, as many at once as the limits say. */
final class Dispatcher {
  /** Stands for a request that couldn't be read. */
  static final HttpRequest UNREADABLE = new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "", Unpooled.EMPTY_BUFFER);

  private static final Pattern HEADER_NAMES = Pattern.compile("[A-Za-z0-9-]{1,64}(, ?[A-Za-z0-9-]{1,64}){0,63}");

  /** How long after its time is up a request may still be answered by whoever works on it. */
  private static final long GRACE_MILLIS = 1000;

  /** The share of its time that a request may be expected to need: the pace is a mean, and answers differ in length. */
  private static final double LIKELY = 0.7;

  private final Gate gate;
  private final Routes routes;
  private final Limits limits;
  private final Executor workers;
  private final ScheduledExecutorService clock;
  private final Consumer<Exchange> log;
  private final Consumer<Throwable> failures;
  private final AtomicLong bodies = new AtomicLong();
  private final Pace pace = new Pace();

  private volatile boolean stopping;

  /**
   * @param workers threads that may wait
   * @param log hears of each exchange at its end
   * @param failures hears of what no client can mend
   */
  Dispatcher(
      Gate gate,
      Routes routes,
      Limits limits,
      Executor workers,
      ScheduledExecutorService clock,
      Consumer<Exchange> log,
      Consumer<Throwable> failures) {
    this.gate = gate;
    this.routes = routes;
    this.limits = limits;
    this.workers = workers;
    this.clock = clock;
    this.log = log;
    this.failures = failures;
  }

  /** Requests that are being worked on or wait in line. */
  int working() {
    return pace.working();
  }

  /** From now on new requests are refused. */
  void stop() {
    stopping = true;
  }

  Exchange begin(Channel channel, HttpRequest request, Consumer<Exchange> ended) {
    Exchange exchange = new Exchange(channel, request, gate.allowedOrigin(request), ended);
    // First of all that is done at its end: a server that stops once nothing is worked on has then told of everything.
    exchange.atEnd(() -> log.accept(exchange));
    return exchange;
  }

  /**
   * By its head alone, where a request goes.
   *
   * @throws ApiError where it goes nowhere
   */
  Routes.Route judge(Exchange exchange, HttpRequest request) {
    if (stopping) {
      throw ApiError.unavailable("stopping", 5, "The server is stopping.");
    }
    boolean preflight = request.method().equals(HttpMethod.OPTIONS) && gate.allowedOrigin(request) != null;
    Routes.Route route = null;
    ApiError nowhere = null;
    try {
      route = preflight ? new Routes.Route(HttpMethod.OPTIONS, exchange.path(), true, false, Dispatcher::preflight)
          : routes.find(request.method(), exchange.path());
    } catch (ApiError e) {
      nowhere = e;
    }
    // Who may not come in isn't told what there is.
    ApiError shut = gate.check(request, route != null && route.open());
    if (shut != null || nowhere != null) {
      throw shut != null ? shut : nowhere;
    }
    exchange.route(preflight ? "other" : route.path());
    return route;
  }

  private static void preflight(Exchange exchange, byte[] body) {
    exchange.send(
        204, "text/plain", new byte[0],
        Map.of(
            HttpHeaderNames.ACCESS_CONTROL_ALLOW_METHODS.toString(), "GET, POST",
            HttpHeaderNames.ACCESS_CONTROL_ALLOW_HEADERS.toString(), wanted(exchange.headers()),
            HttpHeaderNames.ACCESS_CONTROL_MAX_AGE.toString(), "600"));
  }

  /** The headers that the page will send: clients of OpenAI's have many of their own, which mean nothing here. */
  private static String wanted(HttpHeaders headers) {
    String asked = headers.get(HttpHeaderNames.ACCESS_CONTROL_REQUEST_HEADERS, "");
    return HEADER_NAMES.matcher(asked).matches() ? asked : "authorization, content-type";
  }

  /** Counts bytes of bodies in memory; false where there are too many. Counted either way, until {@link #release}. */
  boolean hold(long bytes) {
    return bodies.addAndGet(bytes) <= limits.bodies();
  }

  void release(long bytes) {
    bodies.addAndGet(-bytes);
  }

  void dispatch(Exchange exchange, Routes.Route route, byte[] body) {
    if (!route.works()) {
      run(exchange, route, body);
      return;
    }
    int ahead = pace.began(System.nanoTime());
    if (ahead >= limits.batch() + limits.queue() || isTooLong(ahead)) {
      pace.refused();
      exchange.fail(ApiError.busy(retryAfter(ahead)));
      return;
    }
    // Whatever goes wrong within, a client gets its answer.
    var late =
        clock.schedule(
            () -> exchange.fail(ApiError.timedOut("The request's time was up.")), limits.request().toMillis() + GRACE_MILLIS,
            TimeUnit.MILLISECONDS);
    exchange.atEnd(
        () -> {
          late.cancel(false);
          pace.ended(System.nanoTime());
        });
    workers.execute(() -> run(exchange, route, body));
  }

  private void run(Exchange exchange, Routes.Route route, byte[] body) {
    try {
      route.endpoint().answer(exchange, body);
    } catch (ApiError e) {
      exchange.fail(e);
    } catch (UserError e) {
      exchange.fail(ApiError.invalid(400, "invalid_request", e.getMessage()));
    } catch (Exception | OutOfMemoryError | StackOverflowError e) {
      failures.accept(e);
      exchange.fail(ApiError.internal());
    }
  }

  /** Whether one behind so many would hardly be answered in its time: better sent away now than after that time. */
  private boolean isTooLong(int ahead) {
    return ahead >= limits.batch() && pace.seconds(ahead + 1) > LIKELY * limits.request().toMillis() / 1e3;
  }

  /** Seconds after which there may be room: half of those ahead are done, at the pace of late. */
  private int retryAfter(int ahead) {
    return (int) Math.max(1, Math.min(60, Math.ceil(pace.seconds(ahead) / 2)));
  }
}
