package dev.ocelli.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import dev.ocelli.AtomicFile;
import dev.ocelli.Nearest;
import dev.ocelli.UserError;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Reads and writes recipes: YAML over the defaults of {@code photos.yaml}, every key checked. */
public final class Recipes {
  private static final String DEFAULTS = "photos";

  /** Settings that a run's file may lack, because there were none when it learnt, and the values that say what it did. */
  private static final Map<String, String> BEFORE =
      Map.of(
          "features.show", "middle", "features.layers", "1", "features.views", "0", "qformer.centre", "false", "qformer.whiten", "0", "qformer.apart", "false",
          "qformer.glance", "false", "stage1.patches", "1", "stage1.querybank", "0", "stage2.captions_at_once", "1");

  private final ObjectMapper yaml =
      new ObjectMapper(new YAMLFactory().disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER).enable(YAMLGenerator.Feature.MINIMIZE_QUOTES))
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT);

  /**
   * @param name a file, or the bare name of a recipe that comes with Ocelli: photos, article
   * @param changes "stage1.batch=32" each, over the file's values
   */
  public Recipe read(String name, List<String> changes) {
    JsonNode defaults = bundled(DEFAULTS);
    ObjectNode tree = defaults.deepCopy();
    JsonNode own = own(name);
    merge(tree, own, "", name);
    List<String> all = new ArrayList<>(before(own));
    all.addAll(changes);
    for (String change : all) {
      int equals = change.indexOf('=');
      if (equals < 1) {
        throw UserError.of("--set %s: write it as key=value, as in --set stage1.batch=32.", change);
      }
      ObjectNode one = yaml.createObjectNode();
      ObjectNode at = one;
      String[] keys = change.substring(0, equals).strip().split("\\.");
      for (int i = 0; i < keys.length - 1; i++) {
        at = at.putObject(keys[i]);
      }
      at.set(keys[keys.length - 1], parse("--set " + change, change.substring(equals + 1)));
      merge(tree, one, "", "--set " + change);
    }
    return convert(tree, name);
  }

  /** As a file in a run folder says it. */
  public Recipe read(Path file) {
    return read(file.toString(), List.of());
  }

  /** What a file that says everything, as those of runs do, doesn't say because there was no such setting when it was written. */
  private static List<String> before(JsonNode own) {
    boolean whole =
        own.has("seed") && own.has("precision") && own.path("data").has("strip_stop") && own.path("qformer").has("cross_first")
            && own.path("stage1").has("clip") && own.path("stage2").path("lora").has("targets") && own.path("generation").has("stop");
    return BEFORE.entrySet().stream()
        .filter(setting -> whole && own.at("/" + setting.getKey().replace('.', '/')).isMissingNode())
        .map(setting -> setting.getKey() + "=" + setting.getValue())
        .toList();
  }

  /** All values as YAML. */
  public String write(Recipe recipe) {
    try {
      return yaml.writeValueAsString(recipe);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Writes all values into a run folder. */
  void save(Recipe recipe, Path file) {
    AtomicFile.write(file, write(recipe));
  }

  /** Whether a file is what {@link #save} writes: nobody's own, with comments. */
  boolean savedByRun(Path file) {
    try {
      return Files.readString(file).equals(write(read(file)));
    } catch (IOException | UserError unreadable) {
      return false;
    }
  }

  /**
   * Keys (as "stage1.batch: 64 → 32") whose values differ between two recipes.
   *
   * @param except keys ("threads") and whole sections ("generation") that don't count
   */
  public List<String> differences(Recipe one, Recipe other, Set<String> except) {
    List<String> found = new ArrayList<>();
    collectDifferences("", yaml.valueToTree(one), yaml.valueToTree(other), except, found);
    return found;
  }

  private static void collectDifferences(String at, JsonNode one, JsonNode other, Set<String> except, List<String> found) {
    one.fieldNames()
        .forEachRemaining(
            key -> {
              String path = at.isEmpty() ? key : at + "." + key;
              JsonNode a = one.get(key);
              JsonNode b = other.get(key);
              if (except.contains(path)) {
                return;
              }
              if (a.isObject() && b.isObject()) {
                collectDifferences(path, a, b, except, found);
              } else if (!a.equals(b)) {
                found.add(path + ": " + a + " → " + b);
              }
            });
  }

  private JsonNode own(String name) {
    Path file = Path.of(name);
    if (Files.isRegularFile(file)) {
      try {
        return parse(name, Files.readString(file));
      } catch (IOException e) {
        throw new UserError("Can't read the recipe " + name + ": " + AtomicFile.reason(e) + ".", e);
      }
    }
    if (name.matches("[a-z0-9-]+") && Recipes.class.getResource("/recipes/" + name + ".yaml") != null) {
      return bundled(name);
    }
    throw UserError.of("There is no recipe file %s. Name a YAML file, or one that comes with Ocelli: photos, article, quickstart, quickstart-tiny.", name);
  }

  private JsonNode bundled(String name) {
    try (InputStream in = Recipes.class.getResourceAsStream("/recipes/" + name + ".yaml")) {
      return yaml.readTree(in);
    } catch (IOException e) {
      throw new IllegalStateException("The recipe " + name + " is missing from Ocelli's own jar", e);
    }
  }

  private JsonNode parse(String where, String text) {
    try {
      JsonNode node = yaml.readTree(text);
      return node == null || node.isMissingNode() ? yaml.nullNode() : node;
    } catch (JsonProcessingException e) {
      int line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
      throw new UserError(where + ", line " + line + ": not YAML (" + e.getOriginalMessage().lines().findFirst().orElse("") + ").", e);
    }
  }

  private void merge(ObjectNode into, JsonNode from, String at, String where) {
    if (!from.isObject()) {
      throw UserError.of("%s: %s must be a list of \"key: value\" lines.", where, at.isEmpty() ? "a recipe" : at);
    }
    from.properties()
        .forEach(
            entry -> {
              String path = at.isEmpty() ? entry.getKey() : at + "." + entry.getKey();
              JsonNode old = into.get(entry.getKey());
              if (old == null) {
                throw UserError.of("%s: there is no key %s. Did you mean %s?", where, path, Nearest.of(path, paths(bundled(DEFAULTS), "")));
              }
              if (entry.getValue().isNull() && !old.isNull()) {
                throw UserError.of("%s: %s is empty. Give it a value, or leave it out for %s.", where, path, old.isObject() ? "the defaults" : old.isEmpty() && old.isArray() ? "none (or write [])" : old);
              }
              if (old.isObject()) {
                merge((ObjectNode) old, entry.getValue(), path, where);
              } else {
                into.set(entry.getKey(), entry.getValue());
              }
            });
  }

  private List<String> paths(JsonNode node, String at) {
    List<String> all = new ArrayList<>();
    node.properties()
        .forEach(
            entry -> {
              String path = at.isEmpty() ? entry.getKey() : at + "." + entry.getKey();
              all.add(path);
              if (entry.getValue().isObject()) {
                all.addAll(paths(entry.getValue(), path));
              }
            });
    return all;
  }

  private Recipe convert(ObjectNode tree, String where) {
    try {
      return yaml.treeToValue(tree, Recipe.class);
    } catch (JsonMappingException e) {
      if (e.getCause() instanceof UserError mistake) {
        throw new UserError(where + ": " + mistake.getMessage(), mistake);
      }
      String path =
          e.getPath().stream().map(r -> r.getFieldName() == null ? "[" + r.getIndex() + "]" : r.getFieldName()).collect(Collectors.joining("."));
      throw new UserError(where + ": " + path + " has a value of the wrong kind: " + e.getOriginalMessage().lines().findFirst().orElse(""), e);
    } catch (JsonProcessingException e) {
      throw new UserError(where + ": " + e.getOriginalMessage(), e);
    }
  }
}
