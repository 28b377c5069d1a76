package dev.ocelli.data.source;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import dev.ocelli.data.Picture;
import dev.ocelli.image.ImageReader;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/**
 * WebDataset's tars: files of one sample follow each other and share a key, the name up to the first dot. The picture is read where it
 * lies in the tar; the caption is in .txt or .caption, or under "caption" in .json. Nothing is unpacked. A picture is named by its tar,
 * key and ending, since keys may come again in another tar.
 */
record WebDataset(List<Path> tars) implements PairSource {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int MOST_TEXT = 1 << 24;

  @Override
  public String format() {
    return "WebDataset, " + tars.size() + (tars.size() == 1 ? " tar" : " tars");
  }

  @Override
  public Path file() {
    return tars.get(0);
  }

  @Override
  public List<Path> folders() {
    return List.of();
  }

  /** What is known of one sample so far. */
  private static final class Sample {
    final String key;
    final long number;
    Picture picture;
    String ending;
    String text;
    String json;

    Sample(String key, long number) {
      this.key = key;
      this.number = number;
    }
  }

  private static final class Counts {
    long textless;
    long pictureless;
  }

  @Override
  public Contents read(Sink sink) {
    SplitNames splits = new SplitNames(tars);
    RowDigest rows = new RowDigest(sink);
    Counts counts = new Counts();
    for (Path tar : tars) {
      read(tar, splits.of(tar), rows, counts);
    }
    List<String> notes = new ArrayList<>();
    if (counts.textless > 0) {
      notes.add(counts.textless + " samples of " + format() + " have no caption (.txt, .caption or \"caption\" in .json); skipped");
    }
    if (counts.pictureless > 0) {
      notes.add(counts.pictureless + " samples of " + format() + " have no picture; skipped");
    }
    return new Contents(rows.sha256(), splits.several(), notes);
  }

  private static void read(Path tar, String split, Sink sink, Counts counts) {
    Sample sample = null;
    refuseCut(tar);
    // Buffered little: pictures are skipped, and the file's own skip is a seek.
    try (TarArchiveInputStream in = new TarArchiveInputStream(new BufferedInputStream(Files.newInputStream(tar), 4096), "UTF-8")) {
      long number = 0;
      for (TarArchiveEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
        String name = entry.getName();
        String base = name.substring(name.lastIndexOf('/') + 1);
        int dot = base.indexOf('.');
        if (!entry.isFile() || dot < 1) {
          continue;
        }
        String key = name.substring(0, name.length() - base.length() + dot);
        String ending = base.substring(dot + 1).toLowerCase(Locale.ROOT);
        if (sample == null || !sample.key.equals(key)) {
          emit(tar, sample, split, sink, counts);
          sample = new Sample(key, ++number);
        }
        take(tar, sample, ending, entry, in);
      }
      emit(tar, sample, split, sink, counts);
    } catch (IOException | IllegalArgumentException e) {
      String reason = e instanceof IOException io ? AtomicFile.reason(io) : e.getMessage();
      throw new UserError(
          "Can't read " + tar + " as a tar: " + reason + (sample == null ? "" : ", behind sample " + sample.key) + ". Copy it again.", e);
    }
  }

  /** Within a header the library takes the end of the file for that of the tar. */
  private static void refuseCut(Path tar) {
    try {
      if (Files.size(tar) % 512 != 0) {
        throw UserError.of("%s is no tar, or cut short: its %d bytes are no whole blocks of 512. Copy it again.", tar, Files.size(tar));
      }
    } catch (IOException e) {
      throw new UserError("Can't read " + tar + ": " + AtomicFile.reason(e) + ".", e);
    }
  }

  private static void take(Path tar, Sample sample, String ending, TarArchiveEntry entry, TarArchiveInputStream in) throws IOException {
    if (ImageReader.EXTENSIONS.contains(ending)) {
      if (sample.picture == null) {
        if (entry.getSize() > Integer.MAX_VALUE - 16) {
          throw UserError.of("%s: %s is of %d bytes, too large for a picture.", tar, entry.getName(), entry.getSize());
        }
        sample.picture = new Picture.Slice(tar, in.getBytesRead(), (int) entry.getSize(), entry.getName());
        sample.ending = ending;
      }
    } else if (ending.equals("txt") || ending.equals("caption")) {
      sample.text = text(tar, entry, in);
    } else if (ending.equals("json")) {
      sample.json = text(tar, entry, in);
    }
  }

  private static String text(Path tar, TarArchiveEntry entry, TarArchiveInputStream in) throws IOException {
    if (entry.getSize() > MOST_TEXT) {
      throw UserError.of("%s: %s is of %d bytes, too large for a caption.", tar, entry.getName(), entry.getSize());
    }
    return new String(in.readNBytes((int) entry.getSize()), StandardCharsets.UTF_8);
  }

  private static void emit(Path tar, Sample sample, String split, Sink sink, Counts counts) {
    if (sample == null) {
      return;
    }
    List<String> captions = captions(tar, sample);
    if (sample.picture == null) {
      counts.pictureless++;
    } else if (captions.isEmpty()) {
      counts.textless++;
    } else {
      String shard = tar.getFileName().toString().replaceFirst("\\.[^.]*$", "");
      Place place = new Place(tar, "sample", sample.number);
      for (String caption : captions) {
        sink.pair(new Pair(shard + "/" + sample.key + "." + sample.ending, sample.picture, caption, split, place));
      }
    }
  }

  private static List<String> captions(Path tar, Sample sample) {
    if (sample.text != null) {
      return List.of(sample.text.strip());
    }
    if (sample.json == null) {
      return List.of();
    }
    try {
      JsonNode caption = JSON.readTree(sample.json).path("caption");
      List<String> captions = new ArrayList<>();
      if (caption.isArray()) {
        caption.forEach(one -> captions.add(one.asText("").strip()));
      } else if (caption.isTextual()) {
        captions.add(caption.asText().strip());
      }
      return captions;
    } catch (JsonProcessingException e) {
      throw new UserError(tar + ": " + sample.key + ".json is no JSON (" + e.getOriginalMessage() + ").", e);
    }
  }
}
