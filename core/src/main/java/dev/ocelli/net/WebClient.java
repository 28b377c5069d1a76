package dev.ocelli.net;

import dev.ocelli.net.FetchError.Kind;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;

/**
 * Gets what stands at an address that a stranger gave, without lending this machine's place in its network: http and https only, each host
 * resolved once and connected to by what was found and checked; private addresses and other ports only of hosts that the operator named.
 * Redirects are the caller's to follow, one checked call each. Its methods block; it is called by threads that may wait.
 */
public final class WebClient {
  /** How a host's name becomes addresses; blocks. */
  public interface Resolver {
    InetAddress[] resolve(String host) throws UnknownHostException;
  }

  /**
   * What a request asks for, and when to give up.
   *
   * @param most bytes of a body
   * @param until by {@link System#nanoTime()}
   */
  public record Request(String agent, String accept, int most, long until) {}

  private static final int LONGEST_HEADER = 16 << 10;

  private final EventLoopGroup loops;
  private final Executor waiting;
  private final List<String> trusted;
  private final Resolver resolver;
  private final SslContext tls;

  /**
   * @param loops carries the connections; the caller's to end
   * @param waiting runs what may block for long
   * @param trusted {@code host} or {@code host:port} that may have any address, and any port
   */
  public WebClient(EventLoopGroup loops, Executor waiting, List<String> trusted, Resolver resolver) {
    this.loops = loops;
    this.waiting = waiting;
    this.trusted = trusted.stream().map(WebAddress::plain).toList();
    this.resolver = resolver;
    try {
      tls = SslContextBuilder.forClient().endpointIdentificationAlgorithm("HTTPS").build();
    } catch (SSLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** One request and its answer, whatever its status. */
  public WebReply get(WebAddress address, Request request) {
    InetAddress found = resolve(address, request.until);
    CompletableFuture<WebReply> reply = new CompletableFuture<>();
    Bootstrap bootstrap =
        new Bootstrap()
            .group(loops)
            .channel(NioSocketChannel.class)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) Math.max(1, Math.min(Integer.MAX_VALUE, millis(request.until))))
            .handler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    if (address.secure()) {
                      channel.pipeline().addLast(tls.newHandler(channel.alloc(), address.host(), address.port()));
                    }
                    channel.pipeline().addLast(new HttpClientCodec(4096, LONGEST_HEADER, 8192)).addLast(new ReplyCollector(reply, request.most));
                  }
                });
    // An address, not a name: nothing is resolved again.
    Channel channel = bootstrap.connect(new InetSocketAddress(found, address.port())).addListener(
        (ChannelFuture connected) -> {
          if (connected.isSuccess()) {
            connected.channel().writeAndFlush(message(address, request));
          } else {
            reply.completeExceptionally(connected.cause());
          }
        }).channel();
    try {
      return await(reply, request.until);
    } finally {
      channel.close();
    }
  }

  private InetAddress resolve(WebAddress address, long until) {
    boolean named = trusted.contains(address.host()) || trusted.contains(address.host() + ":" + address.port());
    if (!named && !address.usualPort()) {
      throw new FetchError(Kind.PORT, "names port " + address.port() + "; only 80 and 443 are allowed");
    }
    CompletableFuture<InetAddress[]> found =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return resolver.resolve(address.host());
              } catch (UnknownHostException e) {
                return new InetAddress[0];
              }
            },
            waiting);
    InetAddress[] addresses = await(found, until);
    if (addresses.length == 0) {
      throw new FetchError(Kind.UNKNOWN_HOST, "names a host that isn't known");
    }
    for (InetAddress one : addresses) {
      if (!named && !PublicAddresses.contains(one)) {
        throw new FetchError(Kind.PRIVATE, "leads to a private network");
      }
    }
    return addresses[0];
  }

  private static HttpRequest message(WebAddress address, Request request) {
    HttpRequest message = new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, address.target());
    message.headers().set(HttpHeaderNames.HOST, address.authority());
    message.headers().set(HttpHeaderNames.USER_AGENT, request.agent);
    message.headers().set(HttpHeaderNames.ACCEPT, request.accept);
    message.headers().set(HttpHeaderNames.ACCEPT_ENCODING, "identity");
    message.headers().set(HttpHeaderNames.CONNECTION, "close");
    return message;
  }

  private static <T> T await(CompletableFuture<T> future, long until) {
    try {
      return future.get(Math.max(0, until - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw new FetchError(Kind.TOO_SLOW, "doesn't answer in time");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FetchError(Kind.STOPPED, "isn't waited for: the program is stopping");
    } catch (ExecutionException e) {
      if (e.getCause() instanceof FetchError known) {
        throw known;
      }
      throw new FetchError(Kind.CONNECTION, trouble(e.getCause()));
    }
  }

  private static String trouble(Throwable cause) {
    if (cause instanceof SSLException || cause.getCause() instanceof SSLException) {
      return "has no TLS that can be trusted";
    }
    if (cause instanceof ReplyCollector.Broken) {
      return cause.getMessage();
    }
    return cause instanceof ConnectException ? "can't be connected to" : "breaks off the connection";
  }

  private static long millis(long until) {
    return TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
  }
}
