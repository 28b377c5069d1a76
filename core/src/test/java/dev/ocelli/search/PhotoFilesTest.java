package dev.ocelli.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ocelli.UserError;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PhotoFilesTest {
  @TempDir Path root;

  private Path file(String name) throws IOException {
    Path file = root.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, name);
  }

  @Test
  void photosAtAnyDepthByTheEndsOfTheirNames() throws IOException {
    Path b = file("b.JPG");
    Path deep = file("a/deep/c.webp");
    Path old = file("a/deep/d.jfif");
    Path named = file("elsewhere/photo-without-end");
    file("a/notes.txt");
    file("a/.hidden.jpg");
    file("a/.thumbnails/d.jpg");
    file("a/jpg");
    List<String> warnings = new ArrayList<>();
    List<PhotoFiles.Found> found = PhotoFiles.find(List.of(root.resolve("a"), root.resolve("a/../b.JPG"), root.resolve("a/deep"), named), (file, why) -> warnings.add(file + ": " + why), file -> {});
    assertThat(found.stream().map(PhotoFiles.Found::file)).containsExactly(deep, old, b, named);
    assertThat(found.get(2).size()).isEqualTo(5);
    assertThat(found.get(2).modified()).isEqualTo(Files.getLastModifiedTime(b).toMillis());
    assertThat(warnings).isEmpty();
  }

  @Test
  void aNameOfOtherLettersIsSaidAndLeftOut() throws Exception {
    assumeTrue(File.separatorChar == '/' && System.getProperty("sun.jnu.encoding").equals("UTF-8"), "names are bytes there");
    Path fine = file("d/ä.jpg");
    Process make = new ProcessBuilder("sh", "-c", ": > \"$(printf 'd/Gr\\374n.jpg')\"; : > \"$(printf 'd/Gr\\334n.jpg')\"").directory(root.toFile()).start();
    assumeTrue(make.waitFor() == 0, "a file system that has such names");
    List<Path> nameless = new ArrayList<>();
    List<PhotoFiles.Found> found = PhotoFiles.find(List.of(root), (file, why) -> {}, nameless::add);
    assertThat(found.stream().map(PhotoFiles.Found::file)).containsExactly(fine);
    assertThat(nameless).hasSize(2);
    Files.delete(fine);
    assertThatThrownBy(() -> PhotoFiles.find(List.of(root), (file, why) -> {}, file -> {})).isInstanceOf(UserError.class).hasMessageContaining("letters");
  }

  @Test
  void aFolderWithoutPhotosIsRefusedSinceItsDiskMayBeGone() throws IOException {
    file("a.jpg");
    Path empty = Files.createDirectories(root.resolve("empty"));
    assertThatThrownBy(() -> PhotoFiles.find(List.of(root, empty), (file, why) -> {}, file -> {})).isInstanceOf(UserError.class).hasMessageContaining("has no photo");
    assertThatThrownBy(() -> PhotoFiles.find(List.of(root.resolve("none")), (file, why) -> {}, file -> {})).isInstanceOf(UserError.class).hasMessageContaining("no photo or folder");
  }
}
