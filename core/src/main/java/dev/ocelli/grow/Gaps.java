package dev.ocelli.grow;

import dev.ocelli.AtomicFile;
import dev.ocelli.Sha256;
import dev.ocelli.UserError;
import dev.ocelli.data.CaptionFolder;
import dev.ocelli.data.NearDuplicates;
import dev.ocelli.data.Part;
import dev.ocelli.data.Photo;
import dev.ocelli.image.ImageFiles;
import dev.ocelli.image.PictureHash;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The photos of a data folder that have no caption, but for those that are held out: by the column {@code split}, or because they look like a
 * held-out photo (a model that learns from a copy has seen it).
 *
 * @param photos without captions, by name
 * @param heldOut photos without captions that are held out
 * @param copies photos without captions that look like a held-out one
 * @param unreadable photos that can't be read
 */
record Gaps(List<Photo> photos, int heldOut, int copies, int unreadable) {
  /**
   * Photos that are held out: by the run's own split where it knows them, and by the table's, of which a run of other data knows nothing. Of
   * those that have come since the run began, the ones that look like one of these.
   */
  static Set<String> heldOut(CaptionFolder folder, UserTable table) {
    Set<String> held = new HashSet<>();
    for (Photo photo : folder.photos()) {
      if ((photo.part() == Part.TEST || photo.part() == Part.UNSEEN) && !folder.fresh().contains(photo.image())) {
        held.add(photo.image());
      }
    }
    for (int row = 0; row < table.size(); row++) {
      String split = table.get(row, "split");
      if (!split.isEmpty() && !split.equalsIgnoreCase("train")) {
        held.add(table.get(row, "image"));
      }
    }
    if (!folder.fresh().isEmpty()) {
      Looks looks = Looks.of(folder.photos().stream().filter(photo -> held.contains(photo.image())).toList());
      folder.photos().stream().filter(photo -> folder.fresh().contains(photo.image()) && looks.has(photo)).forEach(photo -> held.add(photo.image()));
    }
    return held;
  }

  /** What photos look like, and their bytes. */
  private record Looks(NearDuplicates pictures, Set<String> bytes) {
    static Looks of(List<Photo> photos) {
      Looks looks = new Looks(new NearDuplicates(), new HashSet<>());
      for (Photo photo : photos) {
        try {
          looks.bytes.add(Sha256.of(photo.picture().bytes()));
          looks.pictures.add(PictureHash.of(photo.picture().rgb()));
        } catch (UserError unreadable) {
          continue; // nothing looks like it
        }
      }
      return looks;
    }

    /** Whether one of them is this photo, or looks like it. */
    boolean have(Photo photo) {
      return bytes.contains(Sha256.of(photo.picture().bytes())) || !pictures.near(PictureHash.of(photo.picture().rgb())).isEmpty();
    }

    /** As {@link #have}; one that can't be read looks like none. */
    boolean has(Photo photo) {
      try {
        return have(photo);
      } catch (UserError unreadable) {
        return false;
      }
    }
  }

  static Gaps find(Path data, CaptionFolder folder, UserTable table, Set<String> held, int limit) {
    Set<Path> known = new HashSet<>();
    for (Photo photo : folder.photos()) {
      known.add(absolute(photo.picture().file()));
    }
    List<Photo> heldPhotos = folder.photos().stream().filter(photo -> held.contains(photo.image())).toList();
    Looks looks = Looks.of(heldPhotos);
    List<Photo> photos = new ArrayList<>();
    int[] counts = new int[3];
    for (Photo photo : files(data, table)) {
      if (known.contains(absolute(photo.picture().file()))) {
        continue;
      }
      if (held.contains(photo.image())) {
        counts[0]++;
      } else if (photos.size() < limit) {
        try {
          if (looks.have(photo)) {
            counts[1]++;
          } else {
            photos.add(photo);
          }
        } catch (UserError unreadable) {
          counts[2]++;
        }
      }
    }
    return new Gaps(photos, counts[0], counts[1], counts[2]);
  }

  /** All picture files of the folder, by name: the table's, where it has one without a caption, or as a captions file would. */
  private static List<Photo> files(Path data, UserTable table) {
    Path images = data.resolve("images");
    Map<Path, String> known = new HashMap<>();
    for (int row = 0; row < table.size(); row++) {
      for (Path base : List.of(data, images)) {
        known.putIfAbsent(absolute(base.resolve(table.get(row, "image"))), table.get(row, "image"));
      }
    }
    try {
      return ImageFiles.under(data).stream()
          .map(
              file -> {
                String name = known.get(absolute(file));
                Path inside = file.startsWith(images) ? images.relativize(file) : data.relativize(file);
                return new Photo(name == null ? name(inside) : name, file, List.of(), Part.TRAIN);
              })
          .sorted(java.util.Comparator.comparing(Photo::image))
          .toList();
    } catch (IOException e) {
      throw new UserError("Can't look through " + data + ": " + AtomicFile.reason(e) + ".", e);
    }
  }

  private static Path absolute(Path file) {
    return file.toAbsolutePath().normalize();
  }

  private static String name(Path relative) {
    return relative.toString().replace('\\', '/');
  }
}
