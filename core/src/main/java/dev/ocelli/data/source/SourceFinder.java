package dev.ocelli.data.source;

import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Tells formats apart, by names first and by the first bytes where names don't do. */
record SourceFinder(Path data) {
  private static final String KNOWN =
      "captions.csv, .tsv or .jsonl; metadata.csv or .jsonl; .parquet files; WebDataset .tar files; COCO's captions_….json; Flickr's token"
          + " files; LLaVA's .json; or photo.jpg with photo.txt";

  PairSource find() {
    if (Files.isDirectory(data)) {
      return folder();
    }
    if (!Files.exists(data)) {
      throw UserError.of("There is no folder %s. Give the folder that holds captions.csv and the photos.", data);
    }
    PairSource source = one(data);
    if (source == null) {
      throw UserError.of("%s is of no known format. Give a folder or file of: %s.", data, KNOWN);
    }
    return source;
  }

  private PairSource folder() {
    for (String stem : List.of("captions", "metadata")) {
      for (String ending : List.of(".csv", ".tsv", ".jsonl", ".parquet")) {
        Path file = data.resolve(stem + ending);
        if (Files.isRegularFile(file)) {
          // As this format has it: photos beside the table or in images/.
          List<Path> places = List.of(data, data.resolve("images"));
          return ending.equals(".jsonl") ? new JsonRows(List.of(file), places)
              : ending.equals(".parquet") ? new ParquetTables(List.of(file), places) : new DelimitedTable(List.of(file), places);
        }
      }
    }
    List<Path> tables = ofSplits("metadata.csv");
    if (!tables.isEmpty()) {
      return new DelimitedTable(tables, places(data), data);
    }
    List<Path> lines = ofSplits("metadata.jsonl");
    if (!lines.isEmpty()) {
      return new JsonRows(lines, places(data), data);
    }
    List<Path> files = files();
    List<Path> tars = ending(files, ".tar");
    if (!tars.isEmpty()) {
      return new WebDataset(tars);
    }
    if (files.stream().anyMatch(file -> name(file).matches(".*\\.(tar\\.gz|tgz|tar\\.zst)"))) {
      throw UserError.of("%s: tars that are compressed can't be read in place. Unpack them to .tar first (gunzip, zstd -d).", data);
    }
    List<Path> parquets = ending(files, ".parquet").stream().filter(ParquetTables::matches).toList();
    if (!parquets.isEmpty()) {
      return new ParquetTables(parquets, places(data));
    }
    // Flickr8k comes with its captions twice: as people wrote them, and with each word in its basic form, which nobody would say.
    List<Path> texts =
        files.stream().filter(file -> name(file).matches(".*\\.(txt|token)")).sorted(Comparator.comparing(file -> name(file).contains("lemma"))).toList();
    for (Path text : texts) {
      if (FlickrTokens.matches(text)) {
        return new FlickrTokens(text, FlickrTokens.lists(texts), places(data));
      }
    }
    for (String table : List.of("captions.txt", "results.csv")) {
      if (Files.isRegularFile(data.resolve(table))) {
        return new DelimitedTable(List.of(data.resolve(table)), places(data));
      }
    }
    List<Path> coco = json(files, SourceFinder::isCoco);
    if (!coco.isEmpty()) {
      return new CocoCaptions(coco, places(data));
    }
    List<Path> rows = new ArrayList<>(json(files, SourceFinder::isRows));
    if (!rows.isEmpty()) {
      return new JsonRows(SplitNames.sorted(rows), places(data));
    }
    List<Path> split = files.stream().filter(f -> name(f).matches("(train|val|valid|validation|dev|test|unseen)\\.(csv|tsv)")).toList();
    if (!split.isEmpty()) {
      return new DelimitedTable(split, places(data));
    }
    if (TextFiles.matches(data)) {
      return new TextFiles(data);
    }
    throw UserError.of(
        "%s has neither captions.csv nor captions.tsv, nor another format that is known (%s). Add one, with the columns image and caption.",
        data, KNOWN);
  }

  /** A file of this name in each folder that is named after a split, as Hugging Face's imagefolder has it: beside the photos that it names. */
  private List<Path> ofSplits(String table) {
    return list(data).stream()
        .filter(folder -> !SplitNames.word(name(folder)).isEmpty())
        .map(folder -> folder.resolve(table))
        .filter(Files::isRegularFile)
        .filter(file -> table.endsWith(".jsonl") ? isRows(file) : DelimitedTable.hasCaptions(file))
        .toList();
  }

  /** The name of a photo that lies beside {@code file}, from {@code root} on; as it is where that is null, or the photo lies elsewhere. */
  static String fromRoot(Path root, Path file, String image) {
    return root == null || !Files.isRegularFile(file.resolveSibling(image))
        ? image : root.relativize(file.getParent()).toString().replace('\\', '/') + "/" + image;
  }

  private static PairSource one(Path file) {
    String name = name(file);
    Path parent = file.toAbsolutePath().getParent();
    List<Path> places = places(parent);
    if (name.endsWith(".csv") || name.endsWith(".tsv")) {
      return new DelimitedTable(List.of(file), places);
    }
    if (name.endsWith(".parquet")) {
      return new ParquetTables(List.of(file), places);
    }
    if (name.endsWith(".tar")) {
      return new WebDataset(List.of(file));
    }
    if (name.endsWith(".json") || name.endsWith(".jsonl")) {
      if (isCoco(file)) {
        boolean annotations = parent.getFileName() != null && parent.getFileName().toString().equals("annotations");
        return new CocoCaptions(List.of(file), annotations ? places(parent.getParent()) : places);
      }
      return isRows(file) ? new JsonRows(List.of(file), places) : null;
    }
    if (FlickrTokens.matches(file)) {
      return new FlickrTokens(file, FlickrTokens.lists(list(parent).stream().filter(f -> name(f).endsWith(".txt")).toList()), places);
    }
    return name.endsWith(".txt") ? new DelimitedTable(List.of(file), places) : null;
  }

  /** Files of the folder, of data/, annotations/ and Flickr8k_text/ in it, and of folders that are named after splits. */
  private List<Path> files() {
    List<Path> files = new ArrayList<>();
    for (Path path : list(data)) {
      String name = name(path);
      if (Files.isRegularFile(path)) {
        files.add(path);
      } else if (name.equals("data") || name.equals("annotations") || !SplitNames.word(name).isEmpty()) {
        list(path).stream().filter(Files::isRegularFile).filter(file -> !name(file).endsWith(".txt")).forEach(files::add);
      } else if (name.endsWith("_text")) {
        list(path).stream().filter(Files::isRegularFile).forEach(files::add);
      }
    }
    return files;
  }

  private static List<Path> ending(List<Path> files, String ending) {
    return files.stream().filter(file -> name(file).endsWith(ending)).toList();
  }

  private static List<Path> json(List<Path> files, Predicate<Path> kind) {
    return files.stream().filter(file -> name(file).endsWith(".json") || name(file).endsWith(".jsonl")).filter(kind).toList();
  }

  private static boolean isCoco(Path file) {
    boolean[] captions = {false};
    try {
      if (name(file).endsWith(".jsonl")) {
        return false;
      }
      JsonItems.read(file, "annotations", (number, item) -> {
        captions[0] = item.has("caption");
        return false;
      });
      if (!captions[0]) {
        JsonItems.read(file, "images", (number, item) -> {
          captions[0] = item.has("sentences");
          return false;
        });
      }
    } catch (UserError e) {
      return false; // some other file
    }
    return captions[0];
  }

  private static boolean isRows(Path file) {
    boolean[] rows = {false};
    try {
      JsonItems.read(file, null, (number, item) -> {
        rows[0] = item.has("conversations") || Columns.IMAGE.stream().anyMatch(item::has) && Columns.CAPTION.stream().anyMatch(item::has);
        return false;
      });
    } catch (UserError e) {
      return false; // some other file
    }
    return rows[0];
  }

  /** A folder, its images/, and every other folder in it: data sets call them train2017, Images, flickr30k-images. */
  private static List<Path> places(Path folder) {
    List<Path> places = new ArrayList<>(List.of(folder, folder.resolve("images")));
    list(folder).stream().filter(Files::isDirectory).filter(inner -> !places.contains(inner)).forEach(places::add);
    if (Files.isDirectory(folder.resolve("images"))) {
      list(folder.resolve("images")).stream().filter(Files::isDirectory).forEach(places::add);
    }
    return places;
  }

  private static String name(Path file) {
    return file.getFileName() == null ? "" : file.getFileName().toString().toLowerCase(Locale.ROOT);
  }

  private static List<Path> list(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> !file.getFileName().toString().startsWith(".")).sorted().toList();
    } catch (IOException e) {
      throw new UserError("Can't read the folder " + folder + ": " + AtomicFile.reason(e) + ".", e);
    }
  }
}
