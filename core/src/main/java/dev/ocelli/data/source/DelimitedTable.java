package dev.ocelli.data.source;

import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import dev.ocelli.data.Utf8Reader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVRecord;

/**
 * Tables with a header, as RFC 4180 has them: .csv, .tsv, and the columns of Flickr30k's results.csv, which are parted by "|". Rows are
 * counted from 1, the header being row 1, as a spreadsheet shows them. A captions.txt is a table too; there, what follows the last column
 * belongs to it, since captions with commas often stand there without quotes.
 *
 * @param root a folder above the files, where each names photos that lie beside it; null where names don't depend on the file
 */
record DelimitedTable(List<Path> files, List<Path> folders, Path root) implements PairSource {
  DelimitedTable(List<Path> files, List<Path> folders) {
    this(files, folders, null);
  }

  @Override
  public String format() {
    return files.size() == 1 ? "table " + file().getFileName() : files.size() + " tables";
  }

  @Override
  public Path file() {
    return files.get(0);
  }

  @Override
  public Contents read(Sink sink) {
    SplitNames splits = new SplitNames(files);
    RowDigest rows = new RowDigest(sink);
    boolean hasSplit = splits.several();
    String bytes = "";
    for (Path file : files) {
      One one = new One(file, root, splits.of(file), rows);
      bytes = one.read();
      hasSplit |= one.split >= 0;
    }
    // Runs that began when captions.csv was the only format know it by its bytes.
    return new Contents(files.size() == 1 ? bytes : rows.sha256(), hasSplit, List.of());
  }

  /** One file on its way. */
  private static final class One {
    private final Path file;
    private final Path root;
    private final String fileSplit;
    private final Sink sink;
    private final char delimiter;
    private final boolean loose;
    private List<String> columns;
    private int image;
    private List<Integer> captions;
    private int split = -1;
    private int origin = -1;
    private long number;

    One(Path file, Path root, String fileSplit, Sink sink) {
      this.file = file;
      this.root = root;
      this.fileSplit = fileSplit;
      this.sink = sink;
      String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
      String first = firstLine();
      this.delimiter = name.endsWith(".tsv") ? '\t' : first.contains("|") && !first.contains(",") ? '|' : ',';
      this.loose = name.endsWith(".txt") || delimiter == '|';
    }

    /** Returns the SHA-256 of the file's bytes. */
    String read() {
      var builder = CSVFormat.RFC4180.builder().setDelimiter(delimiter).setIgnoreEmptyLines(true);
      CSVFormat format = delimiter == '|' ? builder.setQuote(null).get() : builder.get();
      try (Utf8Reader text = new Utf8Reader(file);
          var records = format.parse(text)) {
        for (CSVRecord row : records) {
          number++;
          if (number == 1) {
            header(row);
          } else {
            row(row.toList());
          }
        }
        if (number == 1) {
          throw UserError.of("%s has a header but no rows. Add a row for each caption.", file);
        }
        if (number == 0) {
          throw UserError.of("%s is empty. It needs a first row with the columns image and caption, and rows below it.", file);
        }
        return text.sha256();
      } catch (IOException | UncheckedIOException | IllegalStateException e) {
        throw new UserError(
            file + ", row " + (number + 1) + ": quotes don't match (" + e.getMessage() + "). Write a quote inside a quoted caption twice.",
            e);
      }
    }

    private String firstLine() {
      try (var lines = new java.io.BufferedReader(new Utf8Reader(file))) {
        String line = lines.readLine();
        return line == null ? "" : line;
      } catch (IOException e) {
        throw new UserError("Can't read " + file + ": " + AtomicFile.reason(e) + ".", e);
      }
    }

    private void header(CSVRecord row) {
      columns = row.stream().map(Columns::plain).toList();
      image = Columns.image(columns);
      captions = Columns.captions(columns);
      split = columns.indexOf(Columns.SPLIT);
      origin = columns.indexOf(Columns.ORIGIN);
      if (columns.stream().allMatch(String::isEmpty)) {
        throw UserError.of("%s is empty. It needs a first row with the columns image and caption, and rows below it.", file);
      }
      if (image < 0 || captions.isEmpty()) {
        throw UserError.of(
            "%s has no column \"%s\"; its first row has: %s. Name the columns in the first row.",
            file, image < 0 ? "image" : "caption", shortened(String.join(", ", columns)));
      }
    }

    private void row(List<String> row) {
      List<String> fields = row.size() == columns.size() || !loose ? row : mended(row);
      if (fields.size() != columns.size()) {
        throw UserError.of(
            "%s, row %d: %d fields where the header has %d (\"%s\"). Put captions with commas, quotes or line ends in double quotes.",
            file, number, fields.size(), columns.size(), shortened(String.join(String.valueOf(delimiter), fields)));
      }
      String name = fields.get(image).strip();
      if (name.isEmpty()) {
        throw UserError.of("%s, row %d: no image is named. Fill in the column image or remove the row.", file, number);
      }
      String photo = SourceFinder.fromRoot(root, file, name);
      String part = split < 0 ? fileSplit : fields.get(split).strip();
      String who = origin < 0 ? "" : fields.get(origin).strip();
      for (int caption : captions) {
        sink.pair(new Pair(photo, null, fields.get(caption).strip(), part, who, new Place(file, "row", number)));
      }
    }

    /** Too many fields are the last column's; one too few is a row of Flickr30k whose number and caption have run together. */
    private List<String> mended(List<String> row) {
      int last = columns.size() - 1;
      if (row.size() > columns.size()) {
        List<String> fields = new ArrayList<>(row.subList(0, last));
        fields.add(String.join(String.valueOf(delimiter), row.subList(last, row.size())));
        return fields;
      }
      String[] parts = row.get(row.size() - 1).strip().split("\\s+", 2);
      if (row.size() == last && parts.length == 2 && parts[0].matches("[0-9]+")) {
        List<String> fields = new ArrayList<>(row.subList(0, last - 1));
        fields.addAll(List.of(parts));
        return fields;
      }
      return row;
    }
  }

  /** Whether the first row of a .csv names a column of captions. */
  static boolean hasCaptions(Path csv) {
    try (var lines = new java.io.BufferedReader(new Utf8Reader(csv))) {
      String first = lines.readLine();
      return first != null && !Columns.captions(Arrays.stream(first.split(",")).map(Columns::plain).toList()).isEmpty();
    } catch (IOException | UserError e) {
      return true; // reading says why
    }
  }

  static String shortened(String text) {
    return text.length() <= 80 ? text : text.substring(0, 79) + "…";
  }
}
