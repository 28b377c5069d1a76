package dev.ocelli.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import dev.ocelli.UserError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PreprocessingTest {
  /** Every SAMPLE-th value is in the file, to show how far off a wrong result is. */
  private static final int SAMPLE = 997;

  private record Golden(String name, RgbImage source, int height, int width, int crc, float[] some) {
    Preprocessing recipe() {
      return Preprocessing.fromJson(Goldens.FOLDER.resolve("processors").resolve(name + ".json"));
    }

    boolean matches(float[] values) {
      return Goldens.crc(values) == crc;
    }
  }

  private static List<Golden> goldens() throws IOException {
    ByteBuffer in = Goldens.records("processors.bin");
    List<Golden> all = new ArrayList<>();
    while (in.hasRemaining()) {
      byte[] name = new byte[in.getInt()];
      in.get(name);
      RgbImage source = Goldens.picture(in.getInt(), in.getInt(), in.getInt());
      int height = in.getInt();
      int width = in.getInt();
      int crc = in.getInt();
      float[] some = new float[(3 * height * width + SAMPLE - 1) / SAMPLE];
      for (int i = 0; i < some.length; i++) {
        some[i] = in.getFloat();
      }
      all.add(new Golden(new String(name, java.nio.charset.StandardCharsets.US_ASCII), source, height, width, crc, some));
    }
    return all;
  }

  @Test
  void everyBitIsTransformers() throws IOException {
    List<Golden> goldens = goldens();
    assertThat(goldens).hasSize(14 * 7);
    for (Golden golden : goldens) {
      Preprocessing recipe = golden.recipe();
      String what = golden.name + " of " + golden.source.width() + "x" + golden.source.height();
      assertThat(List.of(recipe.height(), recipe.width())).as(what).isEqualTo(List.of(golden.height, golden.width));
      float[] values = recipe.apply(golden.source);
      for (int i = 0; i < golden.some.length; i++) {
        assertThat(values[i * SAMPLE]).as("%s, value %d", what, i * SAMPLE).isEqualTo(golden.some[i]);
      }
      assertThat(golden.matches(values)).as(what).isTrue();
    }
  }

  @Test
  void namedRecipesAreThoseOfTheirCheckpoints() {
    Path folder = Goldens.FOLDER.resolve("processors");
    assertThat(Preprocessing.dinov2()).isEqualTo(Preprocessing.fromJson(folder.resolve("dinov2.json")));
    assertThat(Preprocessing.vit()).isEqualTo(Preprocessing.fromJson(folder.resolve("vit.json")));
    assertThat(Preprocessing.resnet()).isEqualTo(Preprocessing.fromJson(folder.resolve("resnet.json")));
  }

  @Test
  void aWholePictureIsSqueezedWhereItsMiddleWasCutOut() throws IOException {
    Preprocessing middle = Preprocessing.dinov2();
    Preprocessing whole = middle.whole();
    RgbImage wide = goldens().stream().map(Golden::source).filter(picture -> picture.width() > picture.height()).findFirst().orElseThrow();
    assertThat(whole.geometry(wide).rgb())
        .isEqualTo(Resize.resize(wide, 224, 224, Filter.BICUBIC).rgb())
        .isNotEqualTo(middle.geometry(wide).rgb());
    assertThat(whole.window(300, 400)).isEqualTo(new Preprocessing.Window(0, 0, 400, 300));
    assertThat(whole.fingerprint()).isNotEqualTo(middle.fingerprint());
    assertThat(List.of(whole.mean(), whole.std(), whole.rescale())).isEqualTo(List.of(middle.mean(), middle.std(), middle.rescale()));
    assertThat(Preprocessing.vit().whole()).isEqualTo(Preprocessing.vit());
  }

  /** Each mistake that is easily made must fail the comparison above. */
  @Test
  void wrongRecipesAreNoticed() throws IOException {
    List<UnaryOperator<Preprocessing>> mistakes =
        List.of(
            p -> new Preprocessing(p.resize(), Filter.BILINEAR, p.crop(), p.rescale(), p.mean(), p.std()),
            p -> new Preprocessing(new Preprocessing.ShortestEdge(257), p.filter(), p.crop(), p.rescale(), p.mean(), p.std()),
            p -> new Preprocessing(p.resize(), p.filter(), p.crop(), 1 / 256.0, p.mean(), p.std()),
            p -> new Preprocessing(p.resize(), p.filter(), p.crop(), p.rescale(), p.std(), p.mean()),
            p -> {
              List<Double> m = p.mean();
              return new Preprocessing(p.resize(), p.filter(), p.crop(), p.rescale(), List.of(m.get(2), m.get(1), m.get(0)), p.std());
            });
    for (Golden golden : goldens()) {
      if (golden.name.equals("dinov2") && golden.source.width() > 1) {
        Preprocessing right = golden.recipe();
        for (UnaryOperator<Preprocessing> mistake : mistakes) {
          assertThat(golden.matches(mistake.apply(right).apply(golden.source))).isFalse();
        }
        float[] shifted = new float[3 * 224 * 224];
        System.arraycopy(right.apply(golden.source), 0, shifted, 1, shifted.length - 1);
        assertThat(golden.matches(shifted)).isFalse();
      }
    }
  }

  @Test
  void resultsLieAtTheirOffset() {
    Preprocessing recipe = Preprocessing.vit();
    RgbImage picture = Goldens.picture(30, 20, 1);
    float[] alone = recipe.apply(picture);
    float[] batch = new float[2 * alone.length];
    recipe.apply(picture, batch, alone.length);
    assertThat(java.util.Arrays.copyOfRange(batch, alone.length, batch.length)).isEqualTo(alone);
    assertThat(batch[alone.length - 1]).isZero();
  }

  /** Each pixel of a picture says by its colour where it is; what the encoder gets to see must come from where the window says. */
  @Test
  void windowsSayWhereWhatIsSeenWas() {
    Preprocessing padded =
        new Preprocessing(
            new Preprocessing.ShortestEdge(40), Filter.BILINEAR, new Preprocessing.Size(64, 64), 1, List.of(0.0, 0.0, 0.0), List.of(1.0, 1.0, 1.0));
    for (Preprocessing recipe : List.of(Preprocessing.dinov2(), Preprocessing.vit(), padded)) {
      for (int[] size : new int[][] {{250, 250}, {250, 90}, {77, 250}}) {
        byte[] rgb = new byte[3 * size[0] * size[1]];
        for (int y = 0; y < size[1]; y++) {
          for (int x = 0; x < size[0]; x++) {
            rgb[3 * (y * size[0] + x)] = (byte) x;
            rgb[3 * (y * size[0] + x) + 1] = (byte) y;
            rgb[3 * (y * size[0] + x) + 2] = (byte) 255;
          }
        }
        RgbImage seen = recipe.geometry(new RgbImage(size[0], size[1], rgb));
        Preprocessing.Window window = recipe.window(size[1], size[0]);
        int compared = 0;
        for (int y = 0; y < seen.height(); y += 7) {
          for (int x = 0; x < seen.width(); x += 7) {
            double fromX = window.x() + (x + 0.5) * window.width() / seen.width() - 0.5;
            double fromY = window.y() + (y + 0.5) * window.height() / seen.height() - 0.5;
            boolean inside = fromX > 4 && fromY > 4 && fromX < size[0] - 5 && fromY < size[1] - 5;
            int at = 3 * (y * seen.width() + x);
            if (inside) {
              assertThat((double) (seen.rgb()[at] & 255)).isCloseTo(fromX, offset(1.5));
              assertThat((double) (seen.rgb()[at + 1] & 255)).isCloseTo(fromY, offset(1.5));
              compared++;
            } else if (fromX < -4 || fromY < -4 || fromX > size[0] + 4 || fromY > size[1] + 4) {
              assertThat(seen.rgb()[at + 2]).as("filled up").isZero();
            }
          }
        }
        assertThat(compared).isGreaterThan(20);
      }
    }
  }

  @Test
  void fingerprintsAreStableAndTellRecipesApart() {
    assertThat(Preprocessing.dinov2().fingerprint())
        .isEqualTo(
            "image1 resize=shortest:256 filter=BICUBIC crop=224x224 rescale=0.00392156862745098"
                + " mean=[0.485, 0.456, 0.406] std=[0.229, 0.224, 0.225]");
    assertThat(Preprocessing.vit().fingerprint())
        .isEqualTo(
            "image1 resize=224x224 filter=BILINEAR crop=none rescale=0.00392156862745098 mean=[0.5, 0.5, 0.5] std=[0.5, 0.5, 0.5]");
  }

  @Test
  void oldFilesAreUnderstood(@TempDir Path folder) throws IOException {
    String resnet = "'feature_extractor_type': 'ConvNextFeatureExtractor', 'crop_pct': 0.875, 'resample': 3, 'size': 224,"
        + " 'image_mean': [0.485, 0.456, 0.406], 'image_std': [0.229, 0.224, 0.225]";
    assertThat(read(folder, resnet).fingerprint()).isEqualTo(Preprocessing.resnet().fingerprint());
    String vit = "'image_processor_type': 'ViTFeatureExtractor', 'size': 224, 'image_mean': 0.5, 'image_std': null";
    assertThat(read(folder, vit).fingerprint()).isEqualTo(Preprocessing.vit().fingerprint());
    String nested = "'image_processor': {'image_processor_type': 'ViTImageProcessorFast'}, 'processor_class': 'X'";
    assertThat(read(folder, nested).fingerprint()).isEqualTo(Preprocessing.vit().fingerprint());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "'image_processor_type': 'SamImageProcessor' | SamImageProcessor",
        "'size': 224 | image_processor_type",
        "'image_processor_type': 'ViTImageProcessor', 'resample': 9 | resample is 9",
        "'image_processor_type': 'ViTImageProcessor', 'size': {'longest_edge': 5} | longest_edge",
        "'image_processor_type': 'ViTImageProcessor', 'size': -3 | size is -3",
        "'image_processor_type': 'ViTImageProcessor', 'image_std': [1, 0, 1] | image_std is [1,0,1]",
        "'image_processor_type': 'ViTImageProcessor', 'do_resize': false | do_center_crop",
        "'image_processor_type': 'ViTImageProcessor', 'do_resize': 'yes' | do_resize is \"\"yes\"\"",
        "'image_processor_type': 'CLIPImageProcessor', 'do_pad': true | do_pad",
        "'image_processor_type': 'CLIPImageProcessor', 'do_center_crop': false | differing sizes",
      })
  void wrongSettingsAreNamed(String json, String part, @TempDir Path folder) {
    assertThatThrownBy(() -> read(folder, json))
        .isInstanceOf(UserError.class)
        .hasMessageContainingAll("p.json", part.replace("\"\"", "\""));
  }

  @Test
  void brokenFilesAreNamed(@TempDir Path folder) throws IOException {
    Path broken = Files.writeString(folder.resolve("broken.json"), "{");
    assertThatThrownBy(() -> Preprocessing.fromJson(broken)).isInstanceOf(UserError.class).hasMessageContaining("broken.json");
    Path none = folder.resolve("none.json");
    assertThatThrownBy(() -> Preprocessing.fromJson(none)).isInstanceOf(UserError.class).hasMessageContaining("none.json");
  }

  private static Preprocessing read(Path folder, String json) throws IOException {
    return Preprocessing.fromJson(Files.writeString(folder.resolve("p.json"), "{" + json.replace('\'', '"') + "}"));
  }
}
