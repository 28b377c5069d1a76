package dev.ocelli.cli.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ocelli.cli.bench.Comparison.Figure;
import dev.ocelli.train.DecodingWeights;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;

/**
 * The rows of answering.
 *
 * @param run the run that answers
 * @param tokens of each answer
 * @param work folder for what processes say, and for photos
 */
record AnsweringRows(Table table, Path run, Peer peer, int tokens, Path work) {
  /**
   * One photo described.
   *
   * @param gguf the file that the language model comes from, for llama.cpp; null where there is none
   */
  void decoding(Path gguf) {
    Comparison first = table.row("one caption, first token", "Python peer", "ms", true, 2);
    Map<DecodingWeights, Comparison> rates = new EnumMap<>(DecodingWeights.class);
    for (DecodingWeights each : DecodingWeights.values()) {
      rates.put(each, table.row(decoding(each), "Python peer", "tokens/s", false, 3));
    }
    // The file has four bits a weight, so that is what it is compared with.
    Comparison same = gguf == null ? null : table.row(decoding(DecodingWeights.INT4), "llama.cpp, same GGUF", "tokens/s", false, 1.2);
    for (int i = 0; i < table.repeats(); i++) {
      JsonNode theirs = peer.run("decode", "--tokens", Integer.toString(tokens));
      JsonNode llama = gguf == null ? null : peer.llama(gguf, tokens);
      for (DecodingWeights each : DecodingWeights.values()) {
        JsonNode figures = DecodingSpeed.of(run, each, tokens, work);
        if (each == DecodingWeights.BF16) {
          first.add(Peer.figure(figures, "first_ms"), Peer.figure(theirs, "first_ms"));
          table.say(first, i);
        }
        rates.get(each).add(Peer.figure(figures, "tokens_per_s"), Peer.figure(theirs, "tokens_per_s"));
        table.say(rates.get(each), i);
        if (each == DecodingWeights.INT4 && llama != null) {
          same.add(Peer.figure(figures, "tokens_per_s"), new Figure(llama.get("tokens_per_s").asDouble(), "Q4_1, " + llama.get("layout").asText()));
          table.say(same, i);
        }
      }
    }
  }

  private static String decoding(DecodingWeights weights) {
    return "one caption, decoding" + (weights == DecodingWeights.BF16 ? "" : ", " + weights + " weights");
  }

  /**
   * A folder of photos described, the peer in batches of its best size.
   *
   * @param photos how many
   */
  void folder(int photos) throws IOException {
    Path folder = BenchData.photos(work.resolve("photos"), photos);
    Comparison row = table.row("a folder of " + photos + " photos, " + tokens + " tokens each", "Python peer", "photos/s", false, 3);
    String[] batches = {"8", "16", "32"};
    for (int i = 0; i < table.repeats(); i++) {
      JsonNode theirs = peer.folder(folder, tokens, batches);
      // Which size is best doesn't change from turn to turn.
      batches = new String[] {theirs.get("batch").asText()};
      row.add(Peer.figure(FolderSpeed.of(run, folder, tokens, work), "photos_per_s"), Peer.figure(theirs, "photos_per_s"));
      table.say(row, i);
    }
    table.note("The peer describes a folder in batches of " + batches[0] + ", the best of 8, 16 and 32.");
  }
}
