package dev.ocelli.data.source;

import dev.ocelli.UserError;
import dev.ocelli.data.Picture;
import dev.ocelli.data.parquet.ParquetFile;
import dev.ocelli.data.parquet.ParquetFile.Column;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Parquet tables, as one file or as shards: pictures are bytes in the column {@code image.bytes} (the layout of Hugging Face's datasets,
 * with a name in {@code image.path}) or in a column of bytes such as {@code jpg} (img2dataset), or a column of text names their files.
 * Captions are a column of text or of lists of text. Pictures are fetched from the table's pages when they are wanted.
 *
 * <p>Rows with the same {@code image.path} and the same bytes are one picture with several captions.
 */
record ParquetTables(List<Path> files, List<Path> folders) implements PairSource {
  private static final List<String> BYTES = List.of("image", "jpg", "jpeg", "png", "webp", "bytes", "image_bytes");

  /**
   * Where a table has what.
   *
   * @param bytes column of pictures, or null
   * @param name column of their names or files, or null
   * @param captions columns of captions
   * @param split column, or null
   */
  private record Layout(Column bytes, Column name, List<Column> captions, Column split) {
    static Layout of(ParquetFile table) {
      List<Column> columns = table.columns();
      Column bytes =
          columns.stream()
              .filter(c -> !c.text() && c.maxRepetition() == 0 && BYTES.contains(Columns.plain(c.name())))
              .filter(c -> c.path().size() == 1 || c.path().get(c.path().size() - 1).equals("bytes"))
              .findFirst()
              .orElse(null);
      Column beside =
          columns.stream()
              .filter(c -> bytes != null && c.text() && c.path().size() == 2 && c.name().equals(bytes.name()) && c.path().get(1).equals("path"))
              .findFirst()
              .orElse(null);
      // Lists of texts, but not lists within a struct, such as a caption's single words.
      List<Column> texts =
          columns.stream().filter(c -> c.text() && (c.path().size() == 1 || c.maxRepetition() == 1 && c.path().size() <= 3)).toList();
      List<String> names = texts.stream().map(c -> Columns.plain(c.name())).toList();
      List<Integer> captions = Columns.captions(names);
      int image = Columns.image(names);
      int split = names.indexOf(Columns.SPLIT);
      return new Layout(
          bytes,
          bytes != null ? beside : image < 0 ? null : texts.get(image),
          captions.stream().map(texts::get).toList(),
          split < 0 ? null : texts.get(split));
    }

    boolean usable() {
      return (bytes != null || name != null) && !captions.isEmpty();
    }
  }

  @Override
  public String format() {
    return "Parquet, " + files.size() + (files.size() == 1 ? " file" : " files");
  }

  @Override
  public Path file() {
    return files.get(0);
  }

  /** Whether a file has pictures, or their names, and captions. */
  static boolean matches(Path file) {
    return Layout.of(ParquetFile.open(file)).usable();
  }

  @Override
  public Contents read(Sink sink) {
    SplitNames splits = new SplitNames(files);
    RowDigest rows = new RowDigest(sink);
    boolean hasSplit = splits.several();
    Map<String, Picture> named = new HashMap<>();
    for (Path file : files) {
      ParquetFile table = ParquetFile.open(file);
      Layout layout = Layout.of(table);
      if (!layout.usable()) {
        throw UserError.of(
            "%s has no columns of pictures and captions, only: %s. Name them image and caption.",
            file, String.join(", ", table.columns().stream().map(c -> String.join(".", c.path())).toList()));
      }
      hasSplit |= layout.split != null;
      read(table, layout, splits.of(file), named, rows);
    }
    return new Contents(rows.sha256(), hasSplit, List.of());
  }

  private void read(ParquetFile table, Layout layout, String fileSplit, Map<String, Picture> named, Sink sink) {
    List<Column> wanted = new ArrayList<>(layout.captions);
    int name = layout.name == null ? -1 : wanted.size();
    if (name >= 0) {
      wanted.add(layout.name);
    }
    int split = layout.split == null ? -1 : wanted.size();
    if (split >= 0) {
      wanted.add(layout.split);
    }
    table.rows(
        wanted,
        (row, values) -> {
          Place place = new Place(table.file(), "row", row + 1);
          String given = name < 0 ? "" : text(values.get(name));
          Picture picture = layout.bytes == null ? null : new Picture.InParquet(table, layout.bytes, row);
          if (picture == null && given.isEmpty()) {
            throw UserError.of("%s: no image is named. Fill in the column %s or remove the row.", place, layout.name.name());
          }
          String image = picture == null ? given : image(table.file(), row, given, picture, named);
          String part = split < 0 ? fileSplit : text(values.get(split));
          Picture first = picture == null ? null : named.getOrDefault(image, picture);
          boolean any = false;
          for (int i = 0; i < layout.captions.size(); i++) {
            for (byte[] caption : values.get(i)) {
              any = true;
              sink.pair(new Pair(image, first, utf8(caption), part, place));
            }
          }
          if (!any) {
            sink.pair(new Pair(image, first, "", part, place));
          }
        });
  }

  /** The name in the table where that tells pictures apart, else the file's and the row's number. */
  private String image(Path file, long row, String given, Picture picture, Map<String, Picture> named) {
    String stem = file.getFileName().toString().replaceFirst("\\.parquet$", "");
    String numbered = String.format(Locale.ROOT, "%s/%07d", stem, row + 1);
    if (given.isEmpty()) {
      return numbered;
    }
    Picture before = named.putIfAbsent(given, picture);
    return before == null || Arrays.equals(before.bytes(), picture.bytes()) ? given : numbered + "-" + given;
  }

  private static String text(List<byte[]> values) {
    return values.isEmpty() ? "" : utf8(values.get(0));
  }

  private static String utf8(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8).strip();
  }
}
