package dev.ocelli.download;

import dev.ocelli.AtomicFile;
import dev.ocelli.Progress;
import dev.ocelli.UserError;
import dev.ocelli.data.NearDuplicates;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.commons.csv.CSVFormat;

/**
 * Makes a data folder of what was fetched. Goes through the rows in their own order, so that of several like pictures the first row's stays
 * whatever came first. Each step may be killed and done again: nothing is removed before what stands for it is written.
 */
final class Ending {
  private static final CSVFormat CSV = CSVFormat.RFC4180.builder().setRecordSeparator("\n").get();

  private final AddressTable table;
  private final DownloadSettings settings;
  private final DownloadFolder folder;
  private final Journal journal;
  private final Progress progress;

  Ending(AddressTable table, DownloadSettings settings, DownloadFolder folder, Journal journal, Progress progress) {
    this.table = table;
    this.settings = settings;
    this.folder = folder;
    this.journal = journal;
    this.progress = progress;
  }

  /** A row and how it ended. */
  private interface Listener {
    /** @param entry of a picture, or with the reason why there is none */
    void ended(AddressTable.Row row, Entry entry) throws IOException;
  }

  /** What can be said of a download that goes on later; with a folder of what there is, so that it can be used meanwhile. */
  DownloadReport soFar() {
    DownloadReport.Count count = new DownloadReport.Count();
    List<Entry> duplicates = new ArrayList<>();
    write(count, duplicates);
    return count.report(0);
  }

  /** The whole data folder. */
  DownloadReport end() {
    DownloadReport.Count count = new DownloadReport.Count();
    List<Entry> duplicates = new ArrayList<>();
    write(count, duplicates);
    for (Entry duplicate : duplicates) {
      journal.add(duplicate);
    }
    table.forEach(
        row -> {
          Entry entry = journal.at(row.number());
          if (entry != null && entry.failure() != null) {
            delete(folder.picture(row.number()));
          }
          return true;
        });
    int tars = settings.tars() ? new Tars(folder, progress).write(this::pictures) : 0;
    tidy();
    return count.report(tars);
  }

  /** Writes captions.csv (where no tars are wanted) and failed.csv, and finds duplicates that the journal doesn't know yet. */
  private void write(DownloadReport.Count count, List<Entry> duplicates) {
    AtomicFile.write(
        folder.failed(),
        failed -> {
          BufferedWriter why = writer(failed);
          why.write("row,address,reason,detail\n");
          Listener failures =
              (row, entry) -> {
                if (entry.failure() == null) {
                  count.picture();
                } else {
                  count.failed(entry.failure(), row.number(), row.address(), entry.detail());
                  String address = row.address() == null ? "" : row.address();
                  why.write(CSV.format(row.number() + 1, address, entry.failure().code(), entry.detail()) + "\n");
                }
              };
          if (settings.tars()) {
            forEach(failures, duplicates);
          } else {
            captions(failures, duplicates);
          }
          why.flush();
        });
  }

  private void captions(Listener also, List<Entry> duplicates) {
    AtomicFile.write(
        folder.captions(),
        captions -> {
          BufferedWriter out = writer(captions);
          out.write("image,caption,address\n");
          forEach(
              (row, entry) -> {
                also.ended(row, entry);
                if (entry.failure() == null) {
                  out.write(CSV.format(Entry.image(row.number()), row.caption(), row.address()) + "\n");
                }
              },
              duplicates);
          out.flush();
        });
  }

  /** All rows that have ended, each once, in their order. */
  private void forEach(Listener listener, List<Entry> duplicates) throws IOException {
    Map<String, Integer> files = new HashMap<>();
    NearDuplicates looks = new NearDuplicates();
    List<Integer> rows = new ArrayList<>();
    IOException[] broken = new IOException[1];
    table.forEach(
        row -> {
          Entry entry = journal.at(row.number());
          try {
            if (entry != null && entry.failure() == null) {
              Entry duplicate = duplicate(entry, files, looks, rows);
              if (duplicate != null) {
                duplicates.add(duplicate);
              }
              listener.ended(row, duplicate == null ? entry : duplicate);
            } else if (entry != null) {
              listener.ended(row, entry);
            }
          } catch (IOException e) {
            broken[0] = e;
            return false;
          }
          return true;
        });
    if (broken[0] != null) {
      throw broken[0];
    }
  }

  private static Entry duplicate(Entry entry, Map<String, Integer> files, NearDuplicates looks, List<Integer> rows) {
    Integer same = files.putIfAbsent(entry.picture().sha256(), entry.row());
    if (same != null) {
      return Entry.failed(entry.row(), Failure.DUPLICATE, "row " + (same + 1));
    }
    List<Integer> near = looks.near(entry.picture().hash());
    if (!near.isEmpty()) {
      return Entry.failed(entry.row(), Failure.NEAR_DUPLICATE, "row " + (rows.get(near.get(0)) + 1));
    }
    looks.add(entry.picture().hash());
    rows.add(entry.row());
    return null;
  }

  /** The rows with a picture, once duplicates are known. */
  private void pictures(Tars.Pictures listener) {
    table.forEach(
        row -> {
          Entry entry = journal.at(row.number());
          if (entry != null && entry.failure() == null) {
            listener.picture(row, entry);
          }
          return true;
        });
  }

  private static BufferedWriter writer(OutputStream out) {
    return new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8));
  }

  /** Removes what kills left half written, and folders without pictures. */
  private void tidy() {
    if (!Files.isDirectory(folder.images())) {
      return;
    }
    try (Stream<Path> files = Files.list(folder.images())) {
      for (Path place : files.toList()) {
        try (Stream<Path> pictures = Files.list(place)) {
          pictures.filter(file -> file.getFileName().toString().endsWith(".part")).forEach(Ending::delete);
        }
        place.toFile().delete(); // does nothing while there are files in it
      }
      folder.images().toFile().delete();
    } catch (IOException e) {
      throw new UserError("Can't tidy " + folder.images() + ": " + AtomicFile.reason(e) + ".", e);
    }
  }

  static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UserError("Can't delete " + file + ": " + AtomicFile.reason(e) + ".", e);
    }
  }
}
