package dev.ocelli.cli;

import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import dev.ocelli.server.Limits;
import dev.ocelli.server.Server;
import dev.ocelli.server.ServerSettings;
import dev.ocelli.train.RunFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code ocelli serve}. */
@Command(
    name = "serve",
    mixinStandardHelpOptions = true,
    description = "Answers over HTTP, on this machine only unless told otherwise. The log is on standard output, a JSON object a line.",
    footer = {
      "",
      "Example:",
      "  ocelli serve --run runs/first",
      "  ocelli serve --run runs/first --run plants=runs/second --host 0.0.0.0 --token-file token"
    })
final class ServeCommand implements Callable<Integer> {
  private static final Pattern NAMED = Pattern.compile("([A-Za-z0-9][A-Za-z0-9._-]*)=(.+)");
  private static final long ASK_MILLIS = 100;

  private final Console console;

  @Option(
      names = "--run", required = true, paramLabel = "[NAME=]RUN",
      description = "A folder that ocelli train wrote. May be repeated; the first is the default. Its name is its folder's where none is given.")
  private List<String> runs;

  @Option(names = "--host", paramLabel = "HOST", defaultValue = "127.0.0.1", description = "Address to listen on (default: ${DEFAULT-VALUE}).")
  private String host;

  @Option(names = "--port", paramLabel = "N", defaultValue = "8080", description = "Port (default: ${DEFAULT-VALUE}); 0: any that is free.")
  private int port;

  @Option(names = "--token-file", paramLabel = "F", description = "File with the token that requests must bring.")
  private Path tokenFile;

  @Option(names = "--tls-key", paramLabel = "K", description = "PEM file of the private key, for https.")
  private Path tlsKey;

  @Option(names = "--tls-cert", paramLabel = "C", description = "PEM file of its certificate.")
  private Path tlsCertificate;

  @Option(
      names = "--image-hosts", paramLabel = "HOST[:PORT]", split = ",",
      description = "Hosts in private networks that pictures may be fetched from.")
  private List<String> imageHosts = List.of();

  @Option(names = "--cors-origin", paramLabel = "ORIGIN", split = ",", description = "Origins whose pages may call, as https://site.example.")
  private List<String> corsOrigins = List.of();

  @Option(names = "--batch", paramLabel = "N", description = "Answers written at the same time (default: 16).")
  private Integer batch;

  @Option(names = "--queue", paramLabel = "N", description = "Requests that may wait; more are sent away (default: 64).")
  private Integer queue;

  @Option(names = "--time-limit", paramLabel = "SECONDS", description = "Time a request has, with waiting (default: 25).")
  private Integer timeLimit;

  @Option(names = "--log-content", description = "Log prompts and answers, too. Pictures are never logged.")
  private boolean logContent;

  ServeCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    ServerSettings settings = settings();
    try (StopSignal stop = new StopSignal("Stopping once what runs is answered. Once more ends at once.", console::say);
        Server server = new Server(settings, console.pull(), console.out(), console::warn)) {
      server.start();
      console.say("Loading on " + server.address() + " ...");
      if (!server.awaitReady(stop)) {
        return Ocelli.FINE;
      }
      console.say("Serving " + String.join(", ", settings.runs().keySet()) + " on " + server.address() + ". Ctrl-C ends.");
      while (!stop.getAsBoolean()) {
        if (!server.alive()) {
          throw new IllegalStateException("The compute thread has ended; the log says why. Whoever watches over the server may start it anew.");
        }
        Thread.sleep(ASK_MILLIS);
      }
    }
    return Ocelli.FINE;
  }

  private ServerSettings settings() {
    Limits limits = Limits.defaults();
    limits =
        limits.with(
            batch == null ? limits.batch() : batch,
            queue == null ? limits.queue() : queue,
            timeLimit == null ? limits.request() : Duration.ofSeconds(timeLimit));
    return new ServerSettings(named(), host, port, token(), tlsKey, tlsCertificate, imageHosts, corsOrigins, logContent, limits);
  }

  private Map<String, Path> named() {
    Map<String, Path> named = new LinkedHashMap<>();
    for (String run : runs) {
      Matcher both = NAMED.matcher(run);
      boolean given = both.matches() && !Files.exists(Path.of(run));
      Path folder = Path.of(given ? both.group(2) : run);
      RunOption.check(folder);
      String name = given ? both.group(1) : folder.toAbsolutePath().normalize().getFileName().toString();
      if (named.put(name, folder) != null) {
        throw UserError.of("Two runs are named \"%s\". Name one of them: --run NAME=%s", name, folder);
      }
    }
    return named;
  }

  private String token() {
    if (tokenFile == null) {
      return null;
    }
    try {
      return Files.readString(tokenFile).strip();
    } catch (IOException e) {
      throw new UserError("Can't read the token in " + tokenFile + ": " + AtomicFile.reason(e) + ".", e);
    }
  }
}
