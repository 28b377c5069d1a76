package dev.ocelli.server;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;

/**
 * One client's connection: reads one request after the other, each judged by its head before its body is taken, and hands it on. Reading
 * goes on while an answer is made, so that a client who leaves is noticed. All methods run on the connection's event loop.
 */
final class Connection extends ChannelInboundHandlerAdapter {
  /** What a connection is doing. */
  private enum State {
    /** Waits for a request. */
    IDLE,
    /** Takes a request's body. */
    BODY,
    /** Waits for the answer. */
    BUSY,
    /** Has refused a request and ignores what is left of it. */
    REFUSED
  }

  /** How long what is left of a refused request is ignored before the connection closes. */
  private static final long REFUSED_SECONDS = 1;

  private final Dispatcher dispatcher;
  private final Limits limits;
  private final Deque<Object> held = new ArrayDeque<>();
  private State state = State.IDLE;
  private Exchange exchange;
  private Routes.Route route;
  private ByteBuf body;
  private long counted;
  private ScheduledFuture<?> timer;

  Connection(Dispatcher dispatcher, Limits limits) {
    this.dispatcher = dispatcher;
    this.limits = limits;
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    closeAfter(context, limits.head());
    context.fireChannelActive();
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (state == State.BUSY) {
      // The next request has come too early: hold it, and read no more.
      held.add(message);
      context.channel().config().setAutoRead(false);
      return;
    }
    try {
      if (state == State.REFUSED) {
        if (message instanceof LastHttpContent) {
          context.close();
        }
        return;
      }
      if (((HttpObject) message).decoderResult().isFailure()) {
        broken(context, ((HttpObject) message).decoderResult().cause());
        return;
      }
      if (message instanceof HttpRequest request) {
        head(context, request);
      }
      if (message instanceof HttpContent content && state == State.BODY) {
        body(context, content);
      }
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  private void head(ChannelHandlerContext context, HttpRequest request) {
    stopTimer();
    exchange = dispatcher.begin(context.channel(), request, over -> context.executor().execute(() -> answered(context, over)));
    try {
      route = dispatcher.judge(exchange, request);
      long length = HttpUtil.getContentLength(request, 0L);
      if (length > limits.body()) {
        throw tooLarge();
      }
    } catch (ApiError error) {
      refuse(context, error);
      return;
    } catch (NumberFormatException e) {
      refuse(context, ApiError.invalid(400, "bad_request", "The request's Content-Length is no number."));
      return;
    }
    state = State.BODY;
    body = Unpooled.buffer();
    Exchange waiting = exchange;
    timer =
        context.executor().schedule(() -> tooSlow(context, waiting), limits.request().toMillis(), TimeUnit.MILLISECONDS);
    if (HttpUtil.is100ContinueExpected(request)) {
      context.writeAndFlush(new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE, Unpooled.EMPTY_BUFFER));
    }
  }

  private void body(ChannelHandlerContext context, HttpContent content) {
    int bytes = content.content().readableBytes();
    if (bytes > 0) {
      counted += bytes;
      boolean room = dispatcher.hold(bytes);
      if (body.readableBytes() + bytes > limits.body()) {
        refuse(context, tooLarge());
        return;
      }
      if (!room) {
        refuse(context, ApiError.unavailable("too_many_bytes", 2, "Other requests' bodies fill the server's memory. Try again."));
        return;
      }
      // Copied: pieces of a byte each, kept as they come, would take a hundred times their size.
      body.writeBytes(content.content());
    }
    if (content instanceof LastHttpContent) {
      stopTimer();
      byte[] whole = new byte[body.readableBytes()];
      body.readBytes(whole);
      body.release();
      body = null;
      state = State.BUSY;
      long holding = counted;
      counted = 0;
      exchange.atEnd(() -> dispatcher.release(holding));
      dispatcher.dispatch(exchange, route, whole);
    }
  }

  private ApiError tooLarge() {
    return ApiError.invalid(413, "too_large", "The body is larger than " + (limits.body() >> 20) + " MB.");
  }

  /** Answers, and closes once the client has stopped sending: closing at once would cost it the answer. */
  private void refuse(ChannelHandlerContext context, ApiError error) {
    stopTimer();
    dropBody();
    state = State.REFUSED;
    exchange.closeAfter();
    exchange.fail(error);
    timer = context.executor().schedule(() -> context.close(), REFUSED_SECONDS, TimeUnit.SECONDS);
  }

  private void broken(ChannelHandlerContext context, Throwable cause) {
    if (state == State.IDLE) {
      exchange = dispatcher.begin(context.channel(), Dispatcher.UNREADABLE, over -> {});
    }
    boolean line = cause instanceof TooLongHttpLineException;
    refuse(
        context,
        line
            ? ApiError.invalid(414, "uri_too_long", "The request's first line is too long.")
            : cause instanceof TooLongHttpHeaderException
                ? ApiError.invalid(431, "headers_too_large", "The request's headers are too long.")
                : ApiError.invalid(400, "bad_request", "The request is no valid HTTP."));
  }

  private void tooSlow(ChannelHandlerContext context, Exchange waiting) {
    if (exchange == waiting && state == State.BODY) {
      refuse(context, ApiError.invalid(408, "too_slow", "The request's body didn't come in time."));
    }
  }

  private void answered(ChannelHandlerContext context, Exchange over) {
    if (over != exchange || state != State.BUSY) {
      return;
    }
    if (over.closes() || !context.channel().isActive()) {
      context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(done -> context.close());
      return;
    }
    state = State.IDLE;
    closeAfter(context, limits.idle());
    while (!held.isEmpty() && state != State.BUSY) {
      channelRead(context, held.remove());
    }
    if (held.isEmpty()) {
      context.channel().config().setAutoRead(true);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    stopTimer();
    dropBody();
    held.forEach(ReferenceCountUtil::release);
    held.clear();
    if (exchange != null) {
      exchange.left();
    }
    context.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    context.close();
  }

  private void dropBody() {
    if (body != null) {
      body.release();
      body = null;
    }
    dispatcher.release(counted);
    counted = 0;
  }

  private void closeAfter(ChannelHandlerContext context, Duration time) {
    stopTimer();
    timer =
        context.executor().schedule(
            () -> {
              if (state == State.IDLE) {
                context.close();
              }
            },
            time.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void stopTimer() {
    if (timer != null) {
      timer.cancel(false);
      timer = null;
    }
  }
}
