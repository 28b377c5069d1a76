package dev.ocelli.weights;

import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;

/**
 * One model in the hub's own cache layout, which Python's huggingface_hub reads and writes too: {@code models--org--name/} with {@code
 * blobs/} (files by checksum), {@code snapshots/COMMIT/} (links to them by name) and {@code refs/main} (the commit).
 */
record HubCache(Path folder) {
  static HubCache of(Path hub, String model) {
    return new HubCache(hub.resolve("models--" + model.replace("/", "--")));
  }

  Path blob(String checksum) {
    return folder.resolve("blobs").resolve(checksum);
  }

  Path incomplete(String checksum) {
    return folder.resolve("blobs").resolve(checksum + ".incomplete");
  }

  Path snapshot(String commit) {
    return folder.resolve("snapshots").resolve(commit);
  }

  /** The snapshot of refs/main, or the only one; null where there is none. */
  Path current() {
    try {
      Path main = folder.resolve("refs").resolve("main");
      if (Files.isRegularFile(main)) {
        Path snapshot = snapshot(Files.readString(main).strip());
        return Files.isDirectory(snapshot) ? snapshot : null;
      }
      if (!Files.isDirectory(folder.resolve("snapshots"))) {
        return null;
      }
      try (Stream<Path> list = Files.list(folder.resolve("snapshots"))) {
        List<Path> all = list.toList();
        return all.size() == 1 ? all.get(0) : null;
      }
    } catch (IOException e) {
      throw new UserError("Can't read " + folder + ": " + AtomicFile.reason(e) + ".", e);
    }
  }

  void setMain(String commit) {
    AtomicFile.write(folder.resolve("refs").resolve("main"), commit);
  }

  /** Gives a blob its name in a snapshot: a relative link, or a copy on systems that don't let users make links. */
  void link(String commit, String file, String checksum) {
    Path link = snapshot(commit).resolve(file);
    try {
      Files.createDirectories(link.getParent());
      if (Files.exists(link)) {
        return;
      }
      Files.deleteIfExists(link); // A link to a blob that somebody deleted.
      try {
        Files.createSymbolicLink(link, link.getParent().relativize(blob(checksum)));
      } catch (FileAlreadyExistsException e) {
        return; // Another program was faster.
      } catch (IOException | UnsupportedOperationException e) {
        Path beside = link.resolveSibling(file + ".copying");
        Files.copy(blob(checksum), beside, StandardCopyOption.REPLACE_EXISTING);
        Files.move(beside, link, StandardCopyOption.ATOMIC_MOVE);
      }
    } catch (IOException e) {
      throw new UserError("Can't write " + link + ": " + AtomicFile.reason(e) + ".", e);
    }
  }
}
