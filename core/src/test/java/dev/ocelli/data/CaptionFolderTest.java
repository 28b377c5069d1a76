package dev.ocelli.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.ocelli.UserError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CaptionFolderTest {
  private static final SplitSettings SPLIT = new SplitSettings(0.2, 0.1, 7);

  @TempDir Path dir;

  private CaptionFolder read(String captions, String... photos) throws IOException {
    for (String photo : photos) {
      Path file = dir.resolve(photo);
      Files.createDirectories(file.getParent());
      Files.writeString(file, "");
    }
    Files.writeString(dir.resolve("captions.csv"), captions);
    return CaptionFolder.read(dir, SPLIT);
  }

  private void refused(String captions, String... parts) {
    assertThatThrownBy(() -> read(captions, "a.jpg", "b.jpg")).isInstanceOf(UserError.class).hasMessageContainingAll(parts);
  }

  @Test
  void readsQuotesMarksAndAnyColumnOrder() throws IOException {
    CaptionFolder folder =
        read("\uFEFFCaption,image\r\n\"a \"\"red\"\", small\r\ndog\",a.jpg\r\n one ,a.jpg\r\n", "a.jpg");
    assertThat(folder.photos()).hasSize(1);
    assertThat(folder.photos().get(0).captions()).containsExactly("a \"red\", small\r\ndog", "one");
  }

  @Test
  void readsTsvAndTheImagesFolder() throws IOException {
    Files.createDirectories(dir.resolve("images"));
    Files.writeString(dir.resolve("images/a.jpg"), "");
    Files.writeString(dir.resolve("captions.tsv"), "image\tcaption\na.jpg\ta dog, a cat\na.jpg\ta dog, a cat\n");
    Photo photo = CaptionFolder.read(dir, SPLIT).photos().get(0);
    assertThat(photo.picture().file()).isEqualTo(dir.resolve("images/a.jpg"));
    assertThat(photo.captions()).containsExactly("a dog, a cat");
  }

  @Test
  void theSplitGoesByImageAndNotByTheOrderOfRows() throws IOException {
    List<String> rows = new ArrayList<>();
    List<String> photos = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      photos.add("p" + i + ".jpg");
      rows.add("p" + i + ".jpg,first");
      rows.add("p" + i + ".jpg,second");
    }
    CaptionFolder one = read("image,caption\n" + String.join("\n", rows), photos.toArray(String[]::new));
    Collections.shuffle(rows, new java.util.Random(1));
    CaptionFolder two = read("image,caption\n" + String.join("\n", rows));
    assertThat(one.photos(Part.TEST)).hasSize(20);
    assertThat(one.photos(Part.VALIDATION)).hasSize(8);
    assertThat(one.photos(Part.TRAIN)).hasSize(72);
    assertThat(two.photos().stream().map(p -> p.image() + p.part()).toList())
        .isEqualTo(one.photos().stream().map(p -> p.image() + p.part()).toList());
    assertThat(two.sha256()).isNotEqualTo(one.sha256());
    assertThat(CaptionFolder.read(dir, new SplitSettings(0.2, 0.1, 8)).photos(Part.TEST)).isNotEqualTo(two.photos(Part.TEST));
    Path split = dir.resolve("run/split.csv");
    one.writeSplit(split);
    CaptionFolder again = CaptionFolder.read(dir, new SplitSettings(0.5, 0.5, 99), split);
    assertThat(again.photos(Part.TEST).stream().map(Photo::image)).isEqualTo(one.photos(Part.TEST).stream().map(Photo::image).toList());
    assertThat(again.sha256()).isEqualTo(two.sha256());
    Files.writeString(dir.resolve("new.jpg"), "");
    Files.writeString(dir.resolve("captions.csv"), "image,caption\nnew.jpg,x\np1.jpg,y\n");
    assertThatThrownBy(() -> CaptionFolder.read(dir, SPLIT, split)).isInstanceOf(UserError.class).hasMessageContaining("new.jpg");
    CaptionFolder grown = CaptionFolder.readGrown(dir, SPLIT, split);
    Part before = one.photos().stream().filter(p -> p.image().equals("p1.jpg")).findFirst().orElseThrow().part();
    assertThat(grown.photos()).extracting(Photo::image, Photo::part).containsExactly(tuple("new.jpg", Part.TEST), tuple("p1.jpg", before));
    assertThat(grown.warnings()).anyMatch(warning -> warning.contains("new.jpg"));
    Files.writeString(dir.resolve("captions.csv"), "image,caption,split\nnew.jpg,x,train\np1.jpg,y,unseen\n");
    assertThat(CaptionFolder.readGrown(dir, SPLIT, split).photos())
        .extracting(Photo::image, Photo::part).containsExactly(tuple("new.jpg", Part.TRAIN), tuple("p1.jpg", before));
  }

  @Test
  void takesAGivenSplit() throws IOException {
    CaptionFolder folder =
        read("image,caption,split\na.jpg,x,train\nb.jpg,y,Val\nc.jpg,z,holdout\nd.jpg,w,train\n", "a.jpg", "b.jpg", "c.jpg", "d.jpg");
    assertThat(folder.photos(Part.TEST)).extracting(Photo::image).containsExactly("b.jpg", "c.jpg");
    assertThat(folder.photos(Part.VALIDATION)).hasSize(1);
    assertThat(folder.photos(Part.TRAIN)).hasSize(1);
    refused("image,caption,split\na.jpg,x,train\nb.jpg,x,train\na.jpg,y,test\n", "a.jpg", "train data in row 2", "test data in row 4");
    refused("image,caption,split\na.jpg,x,trian\n", "row 2", "\"trian\"");
  }

  @Test
  void unseenPhotosAreAPartOfTheirOwn() throws IOException {
    String table = "image,caption,split\na.jpg,x,train\nb.jpg,y,test\nc.jpg,z,unseen\nd.jpg,w,train\n";
    CaptionFolder folder = read(table, "a.jpg", "b.jpg", "c.jpg", "d.jpg");
    assertThat(folder.photos(Part.TEST)).extracting(Photo::image).containsExactly("b.jpg");
    assertThat(folder.photos(Part.UNSEEN)).extracting(Photo::image).containsExactly("c.jpg");
    Path split = dir.resolve("run/split.csv");
    folder.writeSplit(split);
    assertThat(CaptionFolder.read(dir, SPLIT, split).photos(Part.UNSEEN)).extracting(Photo::image).containsExactly("c.jpg");
    refused("image,caption,split\na.jpg,x,unseen\na.jpg,y,test\n", "a.jpg", "unseen data in row 2", "test data in row 3");
  }

  @Test
  void saysWhatIsWrong() throws IOException {
    assertThatThrownBy(() -> CaptionFolder.read(dir.resolve("no"), SPLIT)).isInstanceOf(UserError.class).hasMessageContaining("no folder");
    assertThatThrownBy(() -> CaptionFolder.read(dir, SPLIT)).hasMessageContainingAll("captions.csv", "captions.tsv");
    refused("", "empty");
    refused("image,caption\n", "no rows");
    refused("file,caption\na.jpg,x\n", "\"image\"", "file, caption");
    refused("image;caption\na.jpg;x\n", "image;caption");
    refused("image,caption\na.jpg,a dog, a cat\n", "row 2", "3 fields");
    refused("image,caption\na.jpg,\"a dog\" runs\n", "row 2", "quote");
    refused("image,caption\n,x\n", "row 2", "no image");
    refused("image,caption\na.jpg, \n", "no photo with a caption");
    for (String name : List.of("../a.jpg", "/etc/passwd", "x/../../a.jpg", "C:\\a.jpg", "..\\a.jpg")) {
      refused("image,caption\n" + name + ",x\n", "row 2", name);
    }
    Files.write(dir.resolve("captions.csv"), "image,caption\na.jpg,caf\u00e9\n".getBytes(StandardCharsets.ISO_8859_1));
    assertThatThrownBy(() -> CaptionFolder.read(dir, SPLIT)).isInstanceOf(UserError.class).hasMessageContainingAll("row 2", "0xE9");
    assertThatThrownBy(() -> new SplitSettings(1.5, 0, 0)).isInstanceOf(UserError.class).hasMessageContaining("test is 1.5");
  }

  @Test
  void passesOverAFewMissingPhotosAndEmptyCaptions() throws IOException {
    CaptionFolder folder = read("image,caption\na.jpg,x\na.jpg,  \nphoto.jpg,y\nb.jpg,z\n", "a.jpg", "b.jpg", "Photo.JPG");
    assertThat(folder.photos()).hasSize(2);
    assertThat(folder.warnings()).hasSize(2);
    assertThat(folder.warnings().get(0)).contains("row 3", "empty");
    assertThat(folder.warnings().get(1)).contains("row 4", "photo.jpg", "did you mean Photo.JPG?");
    assertThat(folder.missing()).containsOnlyKeys("photo.jpg");
    assertThat(folder.missing().get("photo.jpg")).contains("captions.csv, row 4");
    refused("image,caption\na.jpg,x\nq.jpg,y\nr.jpg,z\n", "2 of the 3 photos", "row 3");
  }

  @Test
  void saysWhichPhotosAreMissingAndWhereACaptionStands() throws IOException {
    StringBuilder rows = new StringBuilder("image,caption\n");
    List<String> photos = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      rows.append("p").append(i).append(".jpg,first ").append(i).append('\n');
      rows.append("p").append(i).append(".jpg,second\n");
      if (i % 5 < 3) {
        photos.add("p" + i + ".jpg");
      }
    }
    CaptionFolder folder = read(rows.toString(), photos.toArray(String[]::new));
    assertThat(folder.missing()).hasSize(120).containsKeys("p3.jpg", "p299.jpg");
    assertThat(folder.warnings()).hasSize(1);
    assertThat(folder.warnings().get(0)).contains("row 8", "p3.jpg", "119 others");
    Photo photo = folder.photos().stream().filter(p -> p.image().equals("p10.jpg")).findFirst().orElseThrow();
    assertThat(folder.place(photo, "second")).endsWith("captions.csv, row 23");
  }

  @Test
  void aTextNeedsSomethingToBeSeen() {
    for (String nothing : List.of("", " ", "\u200b", "\u00a0\t", "\u0007", "\u0301", "\ufffd", "\u2028", "\ue000")) {
      assertThat(Captions.hasWords(nothing)).as("%s", (Object) nothing.codePoints().toArray()).isFalse();
    }
    for (String text : List.of("a", "7", "!", "\u200bx", "\u732b", "\ud83d\udc15")) {
      assertThat(Captions.hasWords(text)).as(text).isTrue();
    }
  }

  @Test
  void captionsThatWouldBeWrongOfTheMirroredPhoto() {
    for (String side : List.of("A man on the left.", "the RIGHT hand", "leftmost dog", "two left-handed players", "turning counter-clockwise", "a car moves rightwards",
        "Ein Hund läuft nach links.", "der rechte Arm", "het linker been", "aan de linkerkant van de straat", "in zijn rechterhand", "rechtsonder een hond", "à gauche, un chien", "sa main droite", "a la izquierda", "el lado derecho", "à esquerda", "la mano destra")) {
      assertThat(Captions.saysSide(side)).as(side).isTrue();
    }
    for (String any : List.of("A bright lantern.", "a cleft rock", "lefto", "a copyright sign", "o'clock", "ein rechteckiges Schild", "an orchestra", "das Gelenk")) {
      assertThat(Captions.saysSide(any)).as(any).isFalse();
    }
  }

  @Test
  void normalisesCaptions() {
    assertThat(Captions.normalise(" A Dog. . ", true, true)).isEqualTo("a dog");
    assertThat(Captions.normalise(" A Dog. ", false, false)).isEqualTo("A Dog.");
    assertThat(new CaptionStyle(false, true).apply("...")).isEmpty();
  }

  @Test
  void stopsAtTooManyBadPhotos() throws IOException {
    Path file = dir.resolve("run/skipped.csv");
    BadPhotos bad = new BadPhotos(2, file);
    bad.add("a.jpg", "truncated");
    bad.add("a.jpg", "truncated");
    bad.add("b,c.jpg", "not \"JPEG\"");
    assertThat(Files.readString(file)).isEqualTo("image,reason\na.jpg,truncated\n\"b,c.jpg\",\"not \"\"JPEG\"\"\"\n");
    BadPhotos resumed = new BadPhotos(2, file);
    assertThat(resumed.count()).isEqualTo(2);
    assertThat(resumed.contains("b,c.jpg")).isTrue();
    assertThatThrownBy(() -> resumed.add("d.jpg", "empty"))
        .isInstanceOf(UserError.class)
        .hasMessageContainingAll("3 photos", "max_bad_photos is 2", "a.jpg: truncated", "d.jpg: empty");
  }
}
