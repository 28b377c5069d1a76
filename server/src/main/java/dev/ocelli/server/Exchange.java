package dev.ocelli.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** One request and the one answer to it, whole or as a stream. Any thread may answer; what comes after the end is dropped. */
final class Exchange {
  /** What a client that left gets in the log. */
  static final int LEFT = 499;

  private final Channel channel;
  private final HttpRequest request;
  private final String path;
  private final String origin;
  private final Consumer<Exchange> ended;
  private final long arrived = System.nanoTime();
  private final String id = UUID.randomUUID().toString();
  private final ObjectNode notes = Json.object();
  private final List<Runnable> cleanUp = new ArrayList<>();
  private Runnable whenLeft = () -> {};
  private boolean over;
  private boolean streaming;
  private boolean closes;
  private int status;
  private volatile String route = "other";

  /**
   * @param origin to name in the answer's CORS header, or null
   * @param ended called once, when the answer is on its way or nobody waits for it any more
   */
  Exchange(Channel channel, HttpRequest request, String origin, Consumer<Exchange> ended) {
    this.channel = channel;
    this.request = request;
    this.origin = origin;
    this.ended = ended;
    int query = request.uri().indexOf('?');
    path = query < 0 ? request.uri() : request.uri().substring(0, query);
    closes = !HttpUtil.isKeepAlive(request);
  }

  HttpMethod method() {
    return request.method();
  }

  String path() {
    return path;
  }

  HttpHeaders headers() {
    return request.headers();
  }

  /** When the request came, by {@link System#nanoTime()}. */
  long arrived() {
    return arrived;
  }

  /** The path as it stands among the routes, for counting: what strangers ask for has many names. */
  String route() {
    return route;
  }

  void route(String path) {
    route = path;
  }

  int status() {
    return status;
  }

  double millis() {
    return TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - arrived) / 1000.0;
  }

  String id() {
    return id;
  }

  /** What the log says of this request beside the usual. */
  synchronized ObjectNode notes() {
    return notes.deepCopy();
  }

  synchronized void note(String key, JsonNode value) {
    notes.set(key, value);
  }

  /** Has the connection end with this answer. */
  synchronized void closeAfter() {
    closes = true;
  }

  synchronized boolean closes() {
    return closes;
  }

  /** What to do when the client goes before its answer is whole; at once if it has gone. */
  void onLeave(Runnable action) {
    synchronized (this) {
      if (!over) {
        whenLeft = action;
        return;
      }
      if (status != LEFT) {
        return;
      }
    }
    action.run();
  }

  /** What to do when the exchange is over, whichever way. */
  void atEnd(Runnable action) {
    synchronized (this) {
      if (!over) {
        cleanUp.add(action);
        return;
      }
    }
    action.run();
  }

  /** The client has gone. */
  void left() {
    synchronized (this) {
      if (over) {
        return;
      }
      over = true;
      status = LEFT;
    }
    whenLeft.run();
    finish();
  }

  void json(int code, JsonNode body) {
    send(code, "application/json", Json.bytes(body), Map.of());
  }

  void send(int code, String contentType, byte[] body, Map<String, String> more) {
    synchronized (this) {
      if (over) {
        return;
      }
      over = true;
      status = code;
      ByteBuf content = request.method().equals(HttpMethod.HEAD) ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(body);
      DefaultFullHttpResponse response =
          new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(code), content);
      usual(response, contentType);
      more.forEach(response.headers()::set);
      response.headers().set(HttpHeaderNames.CONTENT_LENGTH, body.length);
      write(response);
    }
    finish();
  }

  /** Answers with what went wrong: {@link ApiError} as it is, all else without a word of what it was. */
  void fail(ApiError error) {
    boolean begun;
    synchronized (this) {
      begun = streaming && !over;
      if (!begun && !over) {
        note("error", Json.object().textNode(error.code()));
      }
    }
    if (begun) {
      event(Json.text(error.json()));
      closeStream();
      return;
    }
    Map<String, String> more =
        error.retryAfter() != ApiError.NO_RETRY
            ? Map.of("Retry-After", String.valueOf(error.retryAfter()))
            : error.status() == 401 ? Map.of("WWW-Authenticate", "Bearer") : Map.of();
    send(error.status(), "application/json", Json.bytes(error.json()), more);
  }

  /** Begins an answer of server-sent events (HTML standard, section 9.2). */
  synchronized void openStream() {
    if (over || streaming) {
      return;
    }
    streaming = true;
    status = 200;
    HttpResponse response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
    usual(response, "text/event-stream; charset=utf-8");
    response.headers().set(HttpHeaderNames.CACHE_CONTROL, "no-cache");
    response.headers().set("X-Accel-Buffering", "no"); // proxies would hold events back
    if (request.protocolVersion().equals(HttpVersion.HTTP_1_0)) {
      closes = true;
      response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    } else {
      HttpUtil.setTransferEncodingChunked(response, true);
    }
    write(response);
  }

  /** One event; its data must be one line. */
  synchronized void event(String data) {
    if (streaming && !over) {
      write(new DefaultHttpContent(Unpooled.copiedBuffer("data: " + data + "\n\n", StandardCharsets.UTF_8)));
    }
  }

  void closeStream() {
    synchronized (this) {
      if (over || !streaming) {
        return;
      }
      over = true;
      write(LastHttpContent.EMPTY_LAST_CONTENT);
    }
    finish();
  }

  private void usual(HttpResponse response, String contentType) {
    HttpHeaders headers = response.headers();
    headers.set(HttpHeaderNames.CONTENT_TYPE, contentType);
    headers.set("X-Content-Type-Options", "nosniff");
    headers.set("X-Request-Id", id);
    if (origin != null) {
      headers.set(HttpHeaderNames.ACCESS_CONTROL_ALLOW_ORIGIN, origin);
      headers.set(HttpHeaderNames.ACCESS_CONTROL_EXPOSE_HEADERS, "Retry-After, X-Request-Id");
      headers.set(HttpHeaderNames.VARY, "Origin");
    }
    HttpUtil.setKeepAlive(headers, request.protocolVersion(), !closes);
  }

  private void write(Object message) {
    ChannelFuture written = channel.writeAndFlush(message);
    written.addListener(
        done -> {
          if (!done.isSuccess()) {
            channel.close();
          }
        });
  }

  private void finish() {
    cleanUp.forEach(Runnable::run);
    ended.accept(this);
  }
}
