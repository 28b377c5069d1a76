package dev.ocelli.server;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;

/**
 * Fetches a picture by its address without lending the server's place in its network to strangers: http and https only, each host resolved
 * once and connected to by what was found and checked, at every redirect anew; private addresses only of hosts that the operator named.
 * Its methods block; it is called by threads that may wait.
 */
final class ImageFetcher {
  /** How a host's name becomes addresses; blocks. */
  interface Resolver {
    InetAddress[] resolve(String host) throws UnknownHostException;
  }

  private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
  private static final int HTTP = 80;
  private static final int HTTPS = 443;
  private static final int LONGEST_ADDRESS = 4096;
  private static final int LONGEST_HEADER = 16 << 10;

  /** One answer: a picture's bytes, or where it has gone to. */
  private record Reply(int status, String location, byte[] body) {}

  /** An address taken apart. */
  private record Target(URI uri, String host, int port, boolean secure) {}

  private final EventLoopGroup loops;
  private final Executor waiting;
  private final List<String> trusted;
  private final Limits limits;
  private final Resolver resolver;
  private final SslContext tls;

  /**
   * @param waiting runs what may block for long
   * @param trusted {@code host} or {@code host:port} that may have any address
   */
  ImageFetcher(EventLoopGroup loops, Executor waiting, List<String> trusted, Limits limits, Resolver resolver) {
    this.loops = loops;
    this.waiting = waiting;
    this.trusted = trusted.stream().map(ImageFetcher::plain).toList();
    this.limits = limits;
    this.resolver = resolver;
    try {
      tls = SslContextBuilder.forClient().endpointIdentificationAlgorithm("HTTPS").build();
    } catch (SSLException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * The bytes at an address.
   *
   * @param deadline by {@link System#nanoTime()}
   * @throws ApiError where it isn't allowed, fails, is too large or takes too long
   */
  byte[] fetch(String address, long deadline) {
    long until = Math.min(deadline, System.nanoTime() + limits.fetch().toNanos());
    Target target = target(address);
    for (int hops = 0; hops <= limits.redirects(); hops++) {
      Reply reply = get(target, resolve(target, until), until);
      if (reply.status == 200) {
        return reply.body;
      }
      if (!REDIRECTS.contains(reply.status) || reply.location == null) {
        throw ApiError.invalid(400, "image_unreachable", "The picture's address answers with status " + reply.status + ".");
      }
      target = target(redirected(target, reply.location));
    }
    throw ApiError.invalid(400, "image_unreachable", "The picture's address leads through more than " + limits.redirects() + " redirects.");
  }

  private static String redirected(Target from, String location) {
    try {
      return from.uri.resolve(escaped(location)).toString();
    } catch (IllegalArgumentException e) {
      throw refused("is redirected to something that is no address");
    }
  }

  private static Target target(String address) {
    if (address.length() > LONGEST_ADDRESS) {
      throw refused("is longer than " + LONGEST_ADDRESS + " characters");
    }
    URI uri;
    try {
      uri = new URI(escaped(address));
    } catch (URISyntaxException e) {
      throw refused("is no valid address");
    }
    String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
    if (!scheme.equals("http") && !scheme.equals("https")) {
      throw refused("doesn't begin with http:// or https://");
    }
    if (uri.getRawUserInfo() != null || uri.getHost() == null) {
      throw refused(uri.getRawUserInfo() != null ? "holds a user's name" : "has no valid host");
    }
    String host = uri.getHost().startsWith("[") ? uri.getHost().substring(1, uri.getHost().length() - 1) : uri.getHost();
    if (host.contains("%")) {
      throw refused("names a network interface");
    }
    boolean secure = scheme.equals("https");
    return new Target(uri, plain(host), uri.getPort() == -1 ? secure ? HTTPS : HTTP : uri.getPort(), secure);
  }

  /** Addresses in use often hold blanks and letters that they shouldn't. */
  private static String escaped(String address) {
    StringBuilder escaped = new StringBuilder();
    String stripped = address.strip();
    int path = stripped.indexOf('/', stripped.indexOf("://") + 3);
    for (int i = 0; i < stripped.length(); i++) {
      char c = stripped.charAt(i);
      escaped.append(c == ' ' && path >= 0 && i > path ? "%20" : String.valueOf(c));
    }
    return escaped.toString();
  }

  private InetAddress resolve(Target target, long until) {
    boolean named = trusted.contains(target.host) || trusted.contains(target.host + ":" + target.port);
    if (!named && target.port != HTTP && target.port != HTTPS) {
      throw refused("names port " + target.port + "; only 80 and 443 are allowed but for hosts that the server's --image-hosts names");
    }
    CompletableFuture<InetAddress[]> found =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return resolver.resolve(target.host);
              } catch (UnknownHostException e) {
                return new InetAddress[0];
              }
            },
            waiting);
    InetAddress[] addresses = await(found, until);
    if (addresses.length == 0) {
      throw ApiError.invalid(400, "image_unreachable", "The host of the picture's address isn't known.");
    }
    for (InetAddress address : addresses) {
      if (!named && !PublicAddresses.contains(address)) {
        throw refused("leads to a private network; the server's --image-hosts can allow its host");
      }
    }
    return addresses[0];
  }

  private Reply get(Target target, InetAddress address, long until) {
    CompletableFuture<Reply> reply = new CompletableFuture<>();
    Bootstrap bootstrap =
        new Bootstrap()
            .group(loops)
            .channel(NioSocketChannel.class)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) Math.max(1, Math.min(limits.fetch().toMillis(), millis(until))))
            .handler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    if (target.secure) {
                      channel.pipeline().addLast(tls.newHandler(channel.alloc(), target.host, target.port));
                    }
                    channel.pipeline().addLast(new HttpClientCodec(4096, LONGEST_HEADER, 8192)).addLast(new Collector(reply, limits.picture()));
                  }
                });
    // An address, not a name: nothing is resolved again.
    Channel channel = bootstrap.connect(new InetSocketAddress(address, target.port)).addListener(
        (ChannelFuture connected) -> {
          if (connected.isSuccess()) {
            connected.channel().writeAndFlush(request(target));
          } else {
            reply.completeExceptionally(connected.cause());
          }
        }).channel();
    try {
      return await(reply, until);
    } finally {
      channel.close();
    }
  }

  private static HttpRequest request(Target target) {
    String path = target.uri.getRawPath() == null || target.uri.getRawPath().isEmpty() ? "/" : target.uri.getRawPath();
    String query = target.uri.getRawQuery() == null ? "" : "?" + target.uri.getRawQuery();
    URI ascii = URI.create(path + query);
    HttpRequest request = new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, ascii.toASCIIString());
    String bracketed = target.host.contains(":") ? "[" + target.host + "]" : target.host;
    boolean usual = target.port == (target.secure ? HTTPS : HTTP);
    request.headers().set(HttpHeaderNames.HOST, usual ? bracketed : bracketed + ":" + target.port);
    request.headers().set(HttpHeaderNames.USER_AGENT, "ocelli");
    request.headers().set(HttpHeaderNames.ACCEPT, "image/*");
    request.headers().set(HttpHeaderNames.ACCEPT_ENCODING, "identity");
    request.headers().set(HttpHeaderNames.CONNECTION, "close");
    return request;
  }

  private static <T> T await(CompletableFuture<T> future, long until) {
    try {
      return future.get(Math.max(0, until - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw ApiError.invalid(400, "image_unreachable", "The picture didn't come in time.");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ApiError.unavailable("stopping", 5, "The server is stopping.");
    } catch (ExecutionException e) {
      if (e.getCause() instanceof ApiError known) {
        throw known;
      }
      throw ApiError.invalid(400, "image_unreachable", "The picture can't be fetched from its address.");
    }
  }

  private static long millis(long until) {
    return TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
  }

  /** In lower case and without a final dot, which names the same host. */
  private static String plain(String host) {
    String lower = host.toLowerCase(Locale.ROOT);
    return lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
  }

  private static ApiError refused(String why) {
    return ApiError.invalid(400, "image_address_refused", "The picture's address " + why + ".");
  }

  /** Gathers one answer, up to a number of bytes; of anything but 200, the head only. */
  private static final class Collector extends SimpleChannelInboundHandler<HttpObject> {
    private final CompletableFuture<Reply> reply;
    private final int most;
    private final ByteArrayOutputStream body = new ByteArrayOutputStream();
    private boolean begun;

    Collector(CompletableFuture<Reply> reply, int most) {
      this.reply = reply;
      this.most = most;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, HttpObject message) throws IOException {
      if (message.decoderResult().isFailure()) {
        reply.completeExceptionally(new IOException("no HTTP"));
        context.close();
        return;
      }
      if (message instanceof HttpResponse head && head.status().code() >= 200) {
        begun = true;
        if (head.status().code() != 200) {
          reply.complete(new Reply(head.status().code(), head.headers().get(HttpHeaderNames.LOCATION), null));
          context.close();
        } else if (HttpUtil.getContentLength(head, 0L) > most) {
          tooLarge(context);
        }
      }
      if (begun && message instanceof HttpContent part && !reply.isDone()) {
        if (body.size() + part.content().readableBytes() > most) {
          tooLarge(context);
          return;
        }
        part.content().readBytes(body, part.content().readableBytes());
        if (message instanceof LastHttpContent) {
          reply.complete(new Reply(200, null, body.toByteArray()));
          context.close();
        }
      }
    }

    private void tooLarge(ChannelHandlerContext context) {
      reply.completeExceptionally(ApiError.invalid(400, "image_too_large", "The picture is larger than " + (most >> 20) + " MB."));
      context.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      reply.completeExceptionally(new IOException("closed"));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      reply.completeExceptionally(cause);
      context.close();
    }
  }
}
