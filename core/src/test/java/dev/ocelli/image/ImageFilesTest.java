package dev.ocelli.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageFilesTest {
  @TempDir Path root;

  @Test
  void followsLinksAndPassesOverWhatIsHidden() throws IOException {
    assumeTrue(File.separatorChar == '/', "links are anybody's there");
    Path real = Files.createDirectories(root.resolve("disk/deep/.thumbnails"));
    Files.createFile(root.resolve("disk/a.jpg"));
    Files.createFile(root.resolve("disk/deep/b.PNG"));
    Files.createFile(root.resolve("disk/deep/notes.txt"));
    Files.createFile(root.resolve("disk/deep/._b.png"));
    Files.createFile(real.resolve("small.jpg"));
    Files.createSymbolicLink(root.resolve("disk/deep/around"), root.resolve("disk"));
    Files.createSymbolicLink(root.resolve("disk/gone.jpg"), root.resolve("nowhere.jpg"));
    Path link = Files.createSymbolicLink(root.resolve("photos"), root.resolve("disk"));
    assertThat(ImageFiles.under(link)).containsExactlyInAnyOrder(link.resolve("a.jpg"), link.resolve("deep/b.PNG"));
  }
}
