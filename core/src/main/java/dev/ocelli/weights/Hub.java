package dev.ocelli.weights;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ocelli.AtomicFile;
import dev.ocelli.Progress;
import dev.ocelli.UserError;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.Timer;
import java.util.TimerTask;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Downloads from a hub that speaks Hugging Face's protocol: a list of files by {@code /api/models/NAME}, each file by {@code
 * /NAME/resolve/main/FILE}, its checksum in X-Linked-Etag (SHA-256 of large files) or ETag (git's SHA-1 of small ones). Interrupted files
 * stay as {@code CHECKSUM.incomplete} and go on where they stopped.
 */
final class Hub {
  private static final int MOST_REDIRECTS = 8;
  private static final int ATTEMPTS = 4;
  private static final Duration CONNECT = Duration.ofSeconds(5);
  private static final Duration ANSWER = Duration.ofSeconds(30);
  private static final long STALLED_MILLIS = 60_000;
  private static final long MB = 1_000_000;

  private final String endpoint;
  private final String token;
  private final HttpClient client;

  Hub(String endpoint, String token) {
    if (!endpoint.matches("https?://[^/].*")) {
      throw UserError.of("HF_ENDPOINT is '%s'; an address that begins with https:// or http:// is allowed", endpoint);
    }
    if (host(endpoint) == null) {
      throw UserError.of("HF_ENDPOINT is '%s', which names no host (an underscore isn't allowed there)", endpoint);
    }
    if (token != null && !token.matches("[!-~]+")) {
      throw new UserError("The hub's token (HF_TOKEN, or the file that HF_TOKEN_PATH names) is no single word. Save it anew.");
    }
    this.endpoint = endpoint.endsWith("/") ? endpoint.substring(0, endpoint.length() - 1) : endpoint;
    this.token = token;
    // Redirects are followed by hand: the checksum is in the first answer's headers, and the token must not go to another host.
    this.client = HttpClient.newBuilder().connectTimeout(CONNECT).followRedirects(HttpClient.Redirect.NEVER).build();
  }

  private static String host(String address) {
    try {
      return URI.create(address).getHost();
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** What the hub says of a file before it sends it; checksum and size are empty and -1 where it doesn't say. */
  private record Remote(URI place, String checksum, long size, String commit) {}

  /** The answer, after those that led to it. */
  private record Answer<T>(HttpResponse<T> last, List<HttpResponse<T>> all) {
    /** From the first that has it: only the hub itself sends such headers, not the store it leads to. Empty without. */
    String early(String name) {
      return all.stream().flatMap(response -> response.headers().firstValue(name).stream()).findFirst().orElse("");
    }

    String late(String name) {
      return last.headers().firstValue(name).orElse("");
    }
  }

  /** Brings the needed files of a model into the cache; returns the snapshot's folder. */
  Path download(String model, HubCache cache, Progress progress) {
    return PathLock.holding(cache.folder().resolve(".ocelli.lock"), () -> downloadAlone(model, cache, progress));
  }

  private Path downloadAlone(String model, HubCache cache, Progress progress) {
    try {
      JsonNode about = list(model);
      String commit = about.path("sha").asText("");
      if (!commit.matches("[0-9a-zA-Z_-]{1,64}")) {
        throw UserError.of("%s gave no commit of %s", endpoint, model);
      }
      Set<String> there = new LinkedHashSet<>();
      about.path("siblings").forEach(file -> there.add(file.path("rfilename").asText()));
      // Only plain names: a path could lead out of the cache.
      there.removeIf(file -> file.contains("/") || file.contains("\\") || file.isBlank() || file.startsWith("."));
      String weights = PulledModel.choose(endpoint + "/" + model, there);
      // Weights come last: once they are there, all is.
      for (String file : PulledModel.BESIDE) {
        if (there.contains(file)) {
          bring(model, file, commit, cache, progress);
        }
      }
      if (weights.endsWith(".json")) {
        bring(model, weights, commit, cache, progress);
        for (Path shard : Safetensors.shards(cache.snapshot(commit).resolve(weights))) {
          bring(model, shard.getFileName().toString(), commit, cache, progress);
        }
      } else {
        bring(model, weights, commit, cache, progress);
      }
      cache.setMain(commit);
      return cache.snapshot(commit);
    } catch (IOException e) {
      boolean silent = e instanceof ConnectException || e instanceof HttpTimeoutException;
      throw new UserError(endpoint + (silent ? " can't be reached (" : " failed (") + reason(e) + ")", e);
    }
  }

  private JsonNode list(String model) throws IOException {
    URI place = uri(endpoint + "/api/models/" + model);
    HttpResponse<byte[]> answer = send(place, "GET", Map.of(), HttpResponse.BodyHandlers.ofByteArray()).last();
    check(answer.statusCode(), model, model);
    try {
      return new JsonMapper().readTree(answer.body());
    } catch (JsonProcessingException e) {
      throw new UserError(endpoint + " answered with something that is no JSON. Is HF_ENDPOINT a hub?", e);
    }
  }

  private void bring(String model, String file, String commit, HubCache cache, Progress progress) throws IOException {
    URI place = uri(endpoint + "/" + model + "/resolve/main/" + file.replace(" ", "%20"));
    Answer<Void> head = send(place, "HEAD", Map.of(), HttpResponse.BodyHandlers.discarding());
    if (head.last().statusCode() / 100 != 3) {
      check(head.last().statusCode(), model, file);
    }
    boolean large = !head.early("X-Linked-Etag").isEmpty();
    String checksum = (large ? head.early("X-Linked-Etag") : head.late("ETag")).replaceFirst("^W/", "").replace("\"", "");
    if (!checksum.matches("[0-9a-zA-Z_-]{1,128}")) {
      throw UserError.of("%s gave no checksum of %s (header ETag or X-Linked-Etag)", endpoint, file);
    }
    // The length of an answer that leads elsewhere is not the file's.
    String length = head.last().statusCode() == 200 ? head.late("Content-Length") : "";
    String size = head.early("X-Linked-Size").isEmpty() ? length : head.early("X-Linked-Size");
    Remote remote = new Remote(place, checksum, size.matches("[0-9]{1,18}") ? Long.parseLong(size) : -1, head.early("X-Repo-Commit"));
    if (!remote.commit().isEmpty() && !remote.commit().equals(commit)) {
      throw UserError.of("%s changed while it was fetched (commit %s, then %s). Run it again", model, commit, remote.commit());
    }
    if (!Files.exists(cache.blob(checksum))) {
      Files.createDirectories(cache.blob(checksum).getParent());
      fetch(model, file, remote, cache.incomplete(checksum), progress);
      verify(file, checksum, cache.incomplete(checksum));
      Files.move(cache.incomplete(checksum), cache.blob(checksum), StandardCopyOption.ATOMIC_MOVE);
    }
    cache.link(commit, file, checksum);
  }

  /** Appends to the incomplete file until it is whole; a broken transfer goes on from its last byte. */
  private void fetch(String model, String file, Remote remote, Path target, Progress progress) throws IOException {
    try (Progress.Task task = progress.start(file, remote.size() < 0 ? -1 : Math.max(1, remote.size() / MB), "MB")) {
      task.advance(Files.exists(target) ? Files.size(target) / MB : 0);
      for (int attempt = 1; ; attempt++) {
        try {
          fetchRest(model, file, remote, target, task);
          return;
        } catch (IOException e) {
          if (attempt == ATTEMPTS) {
            throw new UserError(
                "the transfer of %s broke off %d times, at last after %d bytes (%s). Run it again to go on from there"
                    .formatted(file, ATTEMPTS, Files.exists(target) ? Files.size(target) : 0, reason(e)), e);
          }
          task.say("broke off, goes on");
        }
      }
    }
  }

  private void fetchRest(String model, String file, Remote remote, Path target, Progress.Task task) throws IOException {
    long have = Files.exists(target) ? Files.size(target) : 0;
    if (remote.size() >= 0 && have == remote.size() && have > 0) {
      return;
    }
    boolean resume = have > 0 && have < remote.size();
    Map<String, String> headers = resume ? Map.of("Range", "bytes=" + have + "-") : Map.of();
    HttpResponse<InputStream> answer = send(remote.place(), "GET", headers, HttpResponse.BodyHandlers.ofInputStream()).last();
    try (InputStream in = answer.body()) {
      check(answer.statusCode(), model, file);
      boolean append = answer.statusCode() == 206;
      if (append && !answer.headers().firstValue("Content-Range").orElse("").startsWith("bytes " + have + "-")) {
        throw UserError.of("%s sent another part of %s than was asked for", endpoint, file);
      }
      StandardOpenOption how = append ? StandardOpenOption.APPEND : StandardOpenOption.TRUNCATE_EXISTING;
      try (OutputStream out = Files.newOutputStream(target, StandardOpenOption.CREATE, StandardOpenOption.WRITE, how)) {
        copy(in, out, task);
      }
    }
    long got = Files.size(target);
    if (remote.size() >= 0 && got != remote.size()) {
      throw new IOException("it ended at byte " + got + " of " + remote.size());
    }
  }

  /** The client has no time limit for a body; a transfer that stands still is closed, so that its reader fails and goes on. */
  private static void copy(InputStream in, OutputStream out, Progress.Task task) throws IOException {
    AtomicLong lastMove = new AtomicLong(System.nanoTime());
    Timer watch = new Timer("hub-watch", true);
    watch.schedule(new TimerTask() {
      @Override
      public void run() {
        if (System.nanoTime() - lastMove.get() > STALLED_MILLIS * 1_000_000) {
          try {
            in.close();
          } catch (IOException e) {
            cancel();
          }
        }
      }
    }, 1000, 1000);
    try {
      byte[] block = new byte[1 << 17];
      long done = 0;
      for (int n = in.read(block); n >= 0; n = in.read(block)) {
        out.write(block, 0, n);
        task.advance((done + n) / MB - done / MB);
        done += n;
        lastMove.set(System.nanoTime());
      }
    } finally {
      watch.cancel();
    }
  }

  private void verify(String file, String checksum, Path content) throws IOException {
    String seen;
    if (checksum.matches("[0-9a-f]{64}")) {
      seen = digest("SHA-256", content, new byte[0]);
    } else if (checksum.matches("[0-9a-f]{40}")) {
      // How git names a file: its length first.
      seen = digest("SHA-1", content, ("blob " + Files.size(content) + "\0").getBytes(StandardCharsets.US_ASCII));
    } else {
      return; // A mirror's own mark, which says nothing of the content.
    }
    if (!seen.equals(checksum)) {
      Files.delete(content);
      throw UserError.of("%s arrived with checksum %s; %s announced %s. It was deleted: run it again", file, seen, endpoint, checksum);
    }
  }

  private static String digest(String algorithm, Path file, byte[] before) throws IOException {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance(algorithm);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has " + algorithm, e);
    }
    digest.update(before);
    byte[] block = new byte[1 << 20];
    try (InputStream in = Files.newInputStream(file)) {
      for (int n = in.read(block); n >= 0; n = in.read(block)) {
        digest.update(block, 0, n);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private <T> Answer<T> send(URI place, String method, Map<String, String> headers, HttpResponse.BodyHandler<T> body) throws IOException {
    List<HttpResponse<T>> all = new ArrayList<>();
    URI at = place;
    for (int i = 0; i <= MOST_REDIRECTS; i++) {
      HttpRequest.Builder request =
          HttpRequest.newBuilder(at).method(method, HttpRequest.BodyPublishers.noBody()).timeout(ANSWER).header("User-Agent", "ocelli");
      new TreeMap<>(headers).forEach(request::header);
      if (token != null && sameHost(at, place)) {
        request.header("Authorization", "Bearer " + token);
      }
      HttpResponse<T> response;
      try {
        response = client.send(request.build(), body);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new UserError("interrupted", e);
      }
      all.add(response);
      String next = response.headers().firstValue("Location").orElse("");
      if (response.statusCode() / 100 != 3 || next.isEmpty()) {
        return new Answer<>(response, all);
      }
      if (response.body() instanceof InputStream unread) {
        unread.close();
      }
      URI to = at.resolve(uri(next));
      if (to.getHost() == null) {
        throw UserError.of("%s leads on to '%s', which is no address", place, to);
      }
      if (method.equals("HEAD") && !sameHost(to, place)) {
        // What the hub itself says of the file is said; a store's signed address may refuse anything but GET.
        return new Answer<>(response, all);
      }
      at = to;
      if (!at.getScheme().equals("https") && !at.getScheme().equals(place.getScheme())) {
        throw UserError.of("%s leads on to %s, which isn't https", place, at);
      }
    }
    throw UserError.of("%s leads on more than %d times", place, MOST_REDIRECTS);
  }

  private static boolean sameHost(URI a, URI b) {
    return a.getScheme().equals(b.getScheme()) && a.getHost().equalsIgnoreCase(b.getHost()) && a.getPort() == b.getPort();
  }

  private void check(int status, String model, String file) throws IOException {
    if (status == 401 || status == 403) {
      throw UserError.of(
          "%s refuses %s (%d): it asks for a %s. Set HF_TOKEN, and accept the model's terms on its page if it has any",
          endpoint, model, status, token == null ? "token, or has no such model" : "token with access; the one given has none");
    }
    if (status == 404) {
      throw UserError.of("%s has no %s (404). Check the name", endpoint, file.equals(model) ? model : file + " of " + model);
    }
    if (status != 200 && status != 206) {
      throw new IOException("status " + status + " for " + file);
    }
  }

  private static URI uri(String text) {
    try {
      return URI.create(text);
    } catch (IllegalArgumentException e) {
      throw new UserError("'" + text + "' is no address. Check the model's name and HF_ENDPOINT", e);
    }
  }

  private static String reason(IOException e) {
    return e instanceof ConnectException ? "no connection" : AtomicFile.reason(e);
  }
}
