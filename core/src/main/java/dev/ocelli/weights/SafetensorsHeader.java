package dev.ocelli.weights;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ocelli.UserError;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The head of a safetensors file: 8 bytes of length (little-endian), then that much JSON, {@code {"name": {"dtype": "F32", "shape": [2, 3],
 * "data_offsets": [0, 24]}, ..., "__metadata__": {"format": "pt"}}}; offsets count from the end of the JSON. Read strictly: a header that
 * contradicts itself or the file's size is refused, as the reference implementation does.
 *
 * @see <a href="https://github.com/huggingface/safetensors#format">the format</a>
 */
record SafetensorsHeader(Map<String, Place> places, Map<String, String> metadata) {
  /** Above this, the reference implementation refuses too. */
  static final long LARGEST = 100_000_000;

  private static final String METADATA = "__metadata__";
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** Where a tensor lies in the file, counted from its first byte. */
  record Place(TensorInfo info, long offset, long length) {}

  static SafetensorsHeader read(MappedFile file) {
    if (file.size() < 8) {
      throw refuse(file, "is " + file.size() + " bytes long; its header alone needs 8");
    }
    long length = file.map("the header's length", 0, 8).getLong();
    if (length < 2 || length > LARGEST || length > file.size() - 8) {
      throw refuse(
          file,
          "announces a header of %s bytes; allowed are 2 to %d"
              .formatted(Long.toUnsignedString(length), Math.min(LARGEST, file.size() - 8)));
    }
    JsonNode root = json(file, file.map("the header", 8, length));
    Map<String, Place> places = new LinkedHashMap<>();
    Map<String, String> metadata = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : root.properties()) {
      if (field.getKey().equals(METADATA)) {
        readMetadata(file, field.getValue(), metadata);
      } else {
        places.put(field.getKey(), place(file, field.getKey(), field.getValue(), 8 + length));
      }
    }
    checkCover(file, places, 8 + length);
    return new SafetensorsHeader(places, metadata);
  }

  private static JsonNode json(MappedFile file, ByteBuffer bytes) {
    if (bytes.get(0) != '{') {
      throw refuse(file, "has a header that doesn't begin with '{'");
    }
    try {
      JsonNode root = JSON.readTree(StandardCharsets.UTF_8.newDecoder().decode(bytes).toString());
      if (!root.isObject()) {
        throw refuse(file, "has a header that is no JSON object");
      }
      return root;
    } catch (CharacterCodingException e) {
      throw refuse(file, "has a header that is no UTF-8 text");
    } catch (JsonProcessingException e) {
      throw refuse(file, "has a header that is no valid JSON (" + e.getOriginalMessage() + ")");
    }
  }

  private static void readMetadata(MappedFile file, JsonNode node, Map<String, String> out) {
    if (!node.isObject()) {
      throw refuse(file, "has a __metadata__ that is no JSON object");
    }
    for (Map.Entry<String, JsonNode> field : node.properties()) {
      if (!field.getValue().isTextual()) {
        throw refuse(file, "has a __metadata__ value that is no text: " + field.getKey());
      }
      out.put(field.getKey(), field.getValue().textValue());
    }
  }

  private static Place place(MappedFile file, String name, JsonNode node, long data) {
    if (!node.isObject() || !node.path("dtype").isTextual() || node.size() != 3) {
      throw refuse(file, "describes tensor " + name + " without exactly dtype, shape and data_offsets");
    }
    DType dtype = dtype(file, name, node.get("dtype").textValue());
    long[] shape = numbers(file, name, "shape", node.path("shape"));
    long[] offsets = numbers(file, name, "data_offsets", node.path("data_offsets"));
    if (offsets.length != 2 || offsets[1] < offsets[0] || offsets[1] > file.size() - data) {
      throw refuse(
          file,
          "puts tensor %s at data_offsets %s; the file has data from 0 to %d"
              .formatted(name, Arrays.toString(offsets), file.size() - data));
    }
    TensorInfo info = new TensorInfo(name, dtype, shape);
    long length = offsets[1] - offsets[0];
    long expected;
    try {
      expected = dtype.byteSize(info.elements());
    } catch (ArithmeticException e) {
      throw refuse(file, "gives tensor " + name + " the shape " + info.shapeText() + ", beyond 2^63 bytes");
    }
    if (expected != length) {
      throw refuse(
          file, "gives tensor %s %d bytes; %s %s takes %d".formatted(name, length, dtype, info.shapeText(), expected));
    }
    return new Place(info, data + offsets[0], length);
  }

  private static DType dtype(MappedFile file, String name, String text) {
    for (DType dtype : DType.values()) {
      if (!dtype.quantised() && dtype.name().equals(text)) {
        return dtype;
      }
    }
    List<DType> known = Arrays.stream(DType.values()).filter(dtype -> !dtype.quantised()).toList();
    throw refuse(file, "gives tensor %s the dtype %s; known are %s".formatted(name, text, known));
  }

  private static long[] numbers(MappedFile file, String name, String field, JsonNode node) {
    boolean good = node.isArray();
    long[] out = new long[node.size()];
    for (int i = 0; good && i < out.length; i++) {
      JsonNode number = node.get(i);
      good = number.isIntegralNumber() && number.canConvertToLong() && number.longValue() >= 0;
      out[i] = number.longValue();
    }
    if (!good) {
      String seen = node.toString();
      throw refuse(
          file,
          "gives tensor %s the %s %s; a list of whole numbers from 0 is allowed"
              .formatted(name, field, seen.substring(0, Math.min(80, seen.length()))));
    }
    return out;
  }

  /** Every byte of the data belongs to exactly one tensor: holes could hide content, overlaps could alias it. */
  private static void checkCover(MappedFile file, Map<String, Place> places, long data) {
    List<Place> sorted = new ArrayList<>(places.values());
    sorted.sort(Comparator.comparingLong(Place::offset).thenComparingLong(Place::length));
    long end = data;
    for (Place place : sorted) {
      if (place.offset() != end) {
        throw refuse(
            file,
            "%s before tensor %s: it begins at data byte %d, the one before ends at %d"
                .formatted(place.offset() < end ? "overlaps" : "has a hole", place.info().name(), place.offset() - data, end - data));
      }
      end += place.length();
    }
    if (end != file.size()) {
      throw refuse(file, "ends at byte %d, its tensors at %d".formatted(file.size(), end));
    }
  }

  private static UserError refuse(MappedFile file, String what) {
    return new UserError(file.path() + " " + what + ". It is damaged or no safetensors file: fetch it again.");
  }

  /** A key that no tensor may have. */
  static Set<String> reserved() {
    return Set.of(METADATA);
  }
}
