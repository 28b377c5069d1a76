package dev.ocelli.data.source;

import dev.ocelli.UserError;
import java.nio.file.Path;
import java.util.List;

/**
 * Pictures with captions in one of the formats that people have them in, read from front to back, one pair at a time: what a source
 * holds in memory doesn't grow with its captions (COCO's and Flickr's formats keep the names of their pictures).
 */
public sealed interface PairSource
    permits DelimitedTable, JsonRows, CocoCaptions, FlickrTokens, TextFiles, WebDataset, ParquetTables {

  /** What receives the pairs, in the source's order. */
  interface Sink {
    void pair(Pair pair);

    /** Questions and answers; only some sources have them. */
    default void conversation(Conversation conversation) {}
  }

  /**
   * What was read.
   *
   * @param sha256 of what it says: names, captions, splits (of a captions.csv: its bytes)
   * @param hasSplit whether the source itself says which pictures are for training
   * @param notes what was passed over, one line each
   */
  record Contents(String sha256, boolean hasSplit, List<String> notes) {}

  /** What it is and how much of it, for people: "WebDataset, 3 tars". */
  String format();

  /** The file that errors name. */
  Path file();

  /** Where pictures lie that are only named. */
  List<Path> folders();

  /** Reads all of it; throws {@link UserError} with the place where it isn't as it should be. */
  Contents read(Sink sink);

  /** Finds out what a file or folder holds. */
  static PairSource open(Path data) {
    return new SourceFinder(data).find();
  }
}
