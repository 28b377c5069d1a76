package dev.ocelli.download;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.AtomicFile;
import dev.ocelli.Progress;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/**
 * Packs pictures into tars as WebDataset and img2dataset have them: 10,000 a tar, of each {@code KEY.jpg}, {@code KEY.txt} with the caption
 * and {@code KEY.json} with that, the address and the sizes. A tar that is there is whole; its pictures' own files go once it is.
 */
record Tars(DownloadFolder folder, Progress progress) {
  private static final int IN_A_TAR = 10_000;
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Hears pictures in the order of their rows. */
  interface Pictures {
    void picture(AddressTable.Row row, Entry entry);
  }

  private record Packed(AddressTable.Row row, Entry entry) {}

  /** Returns how many tars there are then. */
  int write(Consumer<Pictures> all) {
    List<Packed> waiting = new ArrayList<>();
    int[] tars = new int[1];
    try (Progress.Task task = progress.start("tars", -1, "pictures")) {
      all.accept(
          (row, entry) -> {
            waiting.add(new Packed(row, entry));
            if (waiting.size() == IN_A_TAR) {
              write(tars[0]++, waiting, task);
            }
          });
      if (!waiting.isEmpty()) {
        write(tars[0]++, waiting, task);
      }
    }
    return tars[0];
  }

  private void write(int number, List<Packed> pictures, Progress.Task task) {
    Path tar = folder.path().resolve(String.format(Locale.ROOT, "%05d.tar", number));
    if (!Files.exists(tar)) {
      AtomicFile.write(tar, out -> write(out, pictures));
    }
    pictures.forEach(picture -> Ending.delete(folder.picture(picture.row.number())));
    task.advance(pictures.size());
    pictures.clear();
  }

  private void write(OutputStream out, List<Packed> pictures) throws IOException {
    TarArchiveOutputStream tar = new TarArchiveOutputStream(out, "UTF-8");
    for (Packed picture : pictures) {
      String key = Entry.key(picture.row.number());
      add(tar, key + ".jpg", Files.readAllBytes(folder.picture(picture.row.number())));
      add(tar, key + ".txt", picture.row.caption().getBytes(StandardCharsets.UTF_8));
      add(tar, key + ".json", json(key, picture).getBytes(StandardCharsets.UTF_8));
    }
    tar.finish();
  }

  private static void add(TarArchiveOutputStream tar, String name, byte[] bytes) throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(name);
    entry.setSize(bytes.length);
    // The same pictures make the same tar, whoever makes it.
    entry.setModTime(0);
    entry.setUserName("");
    tar.putArchiveEntry(entry);
    tar.write(bytes);
    tar.closeArchiveEntry();
  }

  private static String json(String key, Packed picture) {
    return JSON.createObjectNode()
        .put("key", key)
        .put("caption", picture.row.caption())
        .put("url", picture.row.address())
        .put("width", picture.entry.picture().width())
        .put("height", picture.entry.picture().height())
        .put("sha256", picture.entry.picture().sha256())
        .toString();
  }
}
