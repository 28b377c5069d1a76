package dev.ocelli.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ocelli.UserError;
import dev.ocelli.net.WebClient;
import dev.ocelli.weights.Pull;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.timeout.WriteTimeoutHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.PrintStream;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import javax.net.ssl.SSLException;

/** The HTTP server: listens from the start, answers once the runs are loaded. */
public final class Server implements AutoCloseable {
  private static final long ASK_MILLIS = 100;
  private static final int LONGEST_LINE = 8192;
  private static final int LONGEST_HEADERS = 16 << 10;
  private static final int CHUNK = 64 << 10;

  private final ServerSettings settings;
  private final ServerLog log;
  private final ServerMetrics metrics = new ServerMetrics();
  private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, daemon("ocelli-http"), NioIoHandler.newFactory());
  private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private final ExecutorService workers = Executors.newCachedThreadPool(daemon("ocelli-request"));
  private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(daemon("ocelli-clock"));
  private final Engine engine;
  private final Dispatcher dispatcher;
  private final Routes routes;
  private final SslContext tls;
  private Channel listening;

  /**
   * @param out where the log goes, a JSON object a line
   * @param warn gets a line where a run may not answer as it was trained to
   */
  public Server(ServerSettings settings, Pull pull, PrintStream out, Consumer<String> warn) {
    this(settings, pull, out, warn, InetAddress::getAllByName);
  }

  Server(ServerSettings settings, Pull pull, PrintStream out, Consumer<String> warn, WebClient.Resolver resolver) {
    this.settings = settings;
    Limits limits = settings.limits();
    tls = tls(settings);
    log = new ServerLog(out);
    engine = new Engine(settings.runs(), pull, limits, events(), warn);
    ImageFetcher fetcher = new ImageFetcher(new WebClient(loops, workers, settings.imageHosts(), resolver), limits);
    Asking asking = new Asking(engine, new Pictures(fetcher, limits), limits, settings.logContent());
    routes = routes(asking);
    dispatcher = new Dispatcher(new Gate(settings), routes, limits, workers, clock, this::over, log::failed);
  }

  private void over(Exchange exchange) {
    log.exchange(exchange);
    metrics.exchange(exchange);
  }

  private Routes routes(Asking asking) {
    Routes routes = new Routes();
    ModelsEndpoint models = new ModelsEndpoint(asking);
    routes.add(new Routes.Route(HttpMethod.POST, "/v1/vision", false, true, new VisionEndpoint(asking)));
    routes.add(new Routes.Route(HttpMethod.POST, "/v1/chat/completions", false, true, new ChatEndpoint(asking)));
    routes.add(new Routes.Route(HttpMethod.POST, "/v1/embeddings", false, true, new EmbeddingsEndpoint(asking, engine)));
    routes.add(new Routes.Route(HttpMethod.POST, "/v1/maps", false, true, new MapsEndpoint(asking, engine)));
    routes.add(new Routes.Route(HttpMethod.GET, ModelsEndpoint.PATH, false, false, models));
    routes.add(new Routes.Route(HttpMethod.GET, ModelsEndpoint.PATH + "/*", false, false, models));
    routes.add(new Routes.Route(HttpMethod.GET, "/metrics", false, false, metrics));
    routes.add(new Routes.Route(HttpMethod.GET, "/health", true, false, (exchange, body) -> health(exchange)));
    routes.add(new Routes.Route(HttpMethod.GET, "/health/ready", true, false, (exchange, body) -> health(exchange)));
    routes.add(
        new Routes.Route(
            HttpMethod.GET, "/health/live", true, false, (exchange, body) -> exchange.json(200, Json.object().put("live", true))));
    routes.add(new Routes.Route(HttpMethod.GET, "/", true, false, StaticFile.page("index.html")));
    for (String file : List.of("playground.css", "playground.js", "picture.js", "answer.js", "snippets.js")) {
      routes.add(new Routes.Route(HttpMethod.GET, "/playground/" + file, true, false, StaticFile.page(file)));
    }
    routes.add(new Routes.Route(HttpMethod.GET, "/openapi.json", true, false, StaticFile.OPENAPI));
    return routes;
  }

  private void health(Exchange exchange) {
    boolean ready = engine.ready();
    ObjectNode json = Json.object().put("live", true).put("ready", ready);
    exchange.json(ready ? 200 : 503, json);
  }

  private EngineEvents events() {
    return new EngineEvents() {
      @Override
      public void state(int waiting, int active, long cacheBytes) {
        metrics.state(waiting, active, cacheBytes);
      }

      @Override
      public void answered(Answer answer) {
        metrics.answered(answer);
      }

      @Override
      public void failed(Throwable cause) {
        log.failed(cause);
      }
    };
  }

  private static SslContext tls(ServerSettings settings) {
    if (settings.tlsKey() == null) {
      return null;
    }
    try {
      return SslContextBuilder.forServer(settings.tlsCertificate().toFile(), settings.tlsKey().toFile())
          .protocols("TLSv1.3", "TLSv1.2")
          .build();
    } catch (SSLException | IllegalArgumentException e) {
      throw new UserError(
          "Can't use the TLS key " + settings.tlsKey() + " with the certificate " + settings.tlsCertificate()
              + ". Both must be PEM, the key as PKCS #8 without a password: openssl pkcs8 -topk8 -nocrypt -in old.pem -out key.pem",
          e);
    }
  }

  /** Begins to listen and to load. */
  public void start() {
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(loops)
            .channel(NioServerSocketChannel.class)
            .option(ChannelOption.SO_BACKLOG, 1024)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    connected(channel);
                  }
                });
    try {
      listening = bootstrap.bind(new InetSocketAddress(settings.address(), settings.port())).sync().channel();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserError("Interrupted before listening.", e);
    } catch (Exception e) {
      // Netty throws what bind threw, checked or not.
      if (e instanceof BindException) {
        throw new UserError(
            "Can't listen on " + settings.host() + ":" + settings.port() + ": " + e.getMessage() + ". Choose another --port.", e);
      }
      throw e;
    }
    engine.start();
  }

  private void connected(Channel channel) {
    if (connections.size() >= settings.limits().connections()) {
      channel.close();
      return;
    }
    connections.add(channel);
    if (tls != null) {
      channel.pipeline().addLast(tls.newHandler(channel.alloc()));
    }
    channel
        .pipeline()
        .addLast(new WriteTimeoutHandler(settings.limits().idle().toMillis(), TimeUnit.MILLISECONDS))
        .addLast(new HttpResponseEncoder())
        .addLast(new StrictDecoder())
        .addLast(new Connection(dispatcher, settings.limits()));
  }

  /**
   * Waits until the runs are loaded.
   *
   * @param stop asked meanwhile: true gives up
   * @return whether they are
   * @throws UserError where one can't be
   */
  public boolean awaitReady(BooleanSupplier stop) {
    try {
      while (!engine.loaded().isDone()) {
        if (stop.getAsBoolean()) {
          return false;
        }
        Thread.sleep(ASK_MILLIS);
      }
      engine.loaded().join();
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }

  /** Whether requests can still be answered. One that can't must be started anew. */
  public boolean alive() {
    return engine.alive();
  }

  /** The port listened on. */
  public int port() {
    return ((InetSocketAddress) listening.localAddress()).getPort();
  }

  /** Requests that are worked on or wait. */
  int working() {
    return dispatcher.working();
  }

  /** All that can be asked for. */
  List<Routes.Route> routes() {
    return routes.all();
  }

  Engine engine() {
    return engine;
  }

  /** Where people find the server. */
  public String address() {
    String host = settings.address().getHostAddress();
    return (tls == null ? "http://" : "https://") + (host.contains(":") ? "[" + host + "]" : host) + ":" + port();
  }

  /** Refuses new requests, answers those that came before, and ends. */
  @Override
  public void close() {
    dispatcher.stop();
    if (listening != null) {
      listening.close().syncUninterruptibly();
    }
    long until = System.nanoTime() + settings.limits().request().toNanos();
    try {
      while (dispatcher.working() > 0 && System.nanoTime() < until) {
        Thread.sleep(20);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    engine.close();
    connections.close().awaitUninterruptibly(1, TimeUnit.SECONDS);
    workers.shutdownNow();
    clock.shutdownNow();
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
    log.event("stopped");
  }

  /** Takes no request that says the length of its body in two ways: whoever stands before this server may have believed the other one. */
  private static final class StrictDecoder extends HttpRequestDecoder {
    StrictDecoder() {
      super(LONGEST_LINE, LONGEST_HEADERS, CHUNK);
    }

    @Override
    protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
      throw new IllegalArgumentException("both Content-Length and Transfer-Encoding");
    }
  }

  private static DefaultThreadFactory daemon(String name) {
    return new DefaultThreadFactory(name, true);
  }
}
