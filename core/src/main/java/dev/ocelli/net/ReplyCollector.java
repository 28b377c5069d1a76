package dev.ocelli.net;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/** Gathers one answer, up to a number of bytes; of anything but 200, the head only. */
final class ReplyCollector extends SimpleChannelInboundHandler<HttpObject> {
  /** An answer that isn't whole; the message goes on from "the address". */
  static final class Broken extends IOException {
    Broken(String message) {
      super(message);
    }
  }

  private final CompletableFuture<WebReply> reply;
  private final int most;
  private ByteArrayOutputStream body;
  private Map<String, List<String>> headers;

  ReplyCollector(CompletableFuture<WebReply> reply, int most) {
    this.reply = reply;
    this.most = most;
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, HttpObject message) throws IOException {
    if (message.decoderResult().isFailure()) {
      reply.completeExceptionally(new Broken("doesn't answer in HTTP"));
      context.close();
      return;
    }
    if (message instanceof HttpResponse head && head.status().code() >= 200) {
      begin(context, head);
    }
    if (body != null && message instanceof HttpContent part && !reply.isDone()) {
      if (body.size() + part.content().readableBytes() > most) {
        tooLarge(context);
        return;
      }
      part.content().readBytes(body, part.content().readableBytes());
      if (message instanceof LastHttpContent) {
        reply.complete(new WebReply(200, headers, body.toByteArray()));
        context.close();
      }
    }
  }

  private void begin(ChannelHandlerContext context, HttpResponse head) {
    headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    head.headers().forEach(header -> headers.computeIfAbsent(header.getKey(), name -> new ArrayList<>()).add(header.getValue()));
    long length = HttpUtil.getContentLength(head, -1L);
    if (head.status().code() != 200) {
      reply.complete(new WebReply(head.status().code(), headers, null));
      context.close();
    } else if (length > most) {
      tooLarge(context);
    } else {
      // A length that is a lie must not cost memory either.
      body = new ByteArrayOutputStream((int) Math.max(1 << 10, Math.min(length, 1 << 16)));
    }
  }

  private void tooLarge(ChannelHandlerContext context) {
    String size = most >= 1 << 20 ? (most >> 20) + " MB" : (most >> 10) + " KB";
    reply.completeExceptionally(new FetchError(FetchError.Kind.TOO_LARGE, "sends more than " + size));
    context.close();
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    reply.completeExceptionally(new Broken(headers == null ? "closes the connection without an answer" : "ends its answer early"));
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    reply.completeExceptionally(cause);
    context.close();
  }
}
