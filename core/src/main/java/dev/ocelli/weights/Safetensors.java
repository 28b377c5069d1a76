package dev.ocelli.weights;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** A safetensors file, mapped: the format of the hub, of transformers and of Ocelli's own runs. */
public final class Safetensors implements TensorFile {
  private final MappedFile file;
  private final SafetensorsHeader header;

  private Safetensors(MappedFile file, SafetensorsHeader header) {
    this.file = file;
    this.header = header;
  }

  /**
   * Opens {@code *.safetensors}, or {@code *.safetensors.index.json} with the shards it lists beside it.
   *
   * @throws UserError for a missing file or a header that lies, naming the tensor
   */
  public static TensorFile open(Path path) {
    return path.toString().endsWith(".json") ? openIndex(path) : openFile(path);
  }

  /**
   * The shards an index names, sorted by name.
   *
   * @throws UserError where it isn't such an index, or names a file outside its own folder
   */
  public static Set<Path> shards(Path index) {
    return new TreeSet<>(shardOfName(index).values());
  }

  private static Safetensors openFile(Path path) {
    MappedFile file = MappedFile.open(path);
    try {
      return new Safetensors(file, SafetensorsHeader.read(file));
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private static TensorFile openIndex(Path index) {
    Map<Path, TensorFile> open = new LinkedHashMap<>();
    try {
      Map<String, TensorView.Entry> entries = new LinkedHashMap<>();
      Map<String, String> metadata = new LinkedHashMap<>();
      shardOfName(index)
          .forEach(
              (name, shard) -> {
                TensorFile file = open.computeIfAbsent(shard, Safetensors::openFile);
                if (!file.names().contains(name)) {
                  throw UserError.of("%s says that %s holds tensor %s; it doesn't. Fetch both again.", index, shard, name);
                }
                entries.put(name, TensorView.Entry.renamed(file, name, name));
              });
      open.values().forEach(file -> metadata.putAll(file.metadata()));
      return new TensorView(index, entries, Collections.unmodifiableMap(metadata), open.values());
    } catch (RuntimeException e) {
      open.values().forEach(TensorFile::close);
      throw e;
    }
  }

  private static Map<String, Path> shardOfName(Path index) {
    JsonNode map;
    try {
      map = new JsonMapper().readTree(Files.readAllBytes(index)).path("weight_map");
    } catch (JsonProcessingException e) {
      throw new UserError(index + " is no valid JSON (" + e.getOriginalMessage() + "). Fetch it again.", e);
    } catch (IOException e) {
      throw new UserError("Can't read " + index + ": " + AtomicFile.reason(e) + ".", e);
    }
    if (!map.isObject() || map.isEmpty()) {
      throw UserError.of("%s has no weight_map, so it is no index of shards. Name the *.safetensors file itself.", index);
    }
    Map<String, Path> shards = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : map.properties()) {
      String shard = field.getValue().asText();
      if (!shard.endsWith(".safetensors") || shard.contains("/") || shard.contains("\\")) {
        throw UserError.of("%s puts tensor %s into '%s'; a *.safetensors file beside it is allowed.", index, field.getKey(), shard);
      }
      shards.put(field.getKey(), index.resolveSibling(shard));
    }
    return shards;
  }

  @Override
  public Path path() {
    return file.path();
  }

  @Override
  public Set<String> names() {
    return Collections.unmodifiableSet(header.places().keySet());
  }

  @Override
  public TensorInfo info(String name) {
    return place(name).info();
  }

  @Override
  public ByteBuffer bytes(String name) {
    SafetensorsHeader.Place place = place(name);
    return file.map("tensor " + name, place.offset(), place.length());
  }

  @Override
  public float[] floats(String name) {
    return Floats.decode(file.path(), info(name), bytes(name));
  }

  @Override
  public Map<String, String> metadata() {
    return Collections.unmodifiableMap(header.metadata());
  }

  @Override
  public void close() {
    file.close();
  }

  private SafetensorsHeader.Place place(String name) {
    SafetensorsHeader.Place place = header.places().get(name);
    if (place == null) {
      throw Names.missing(file.path(), "tensor", name, header.places().keySet());
    }
    return place;
  }
}
