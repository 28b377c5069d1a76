package dev.ocelli.cli;

import dev.ocelli.Progress;
import dev.ocelli.UserError;
import dev.ocelli.model.EncoderLayers;
import dev.ocelli.model.FeatureFile;
import dev.ocelli.model.Pretrained;
import dev.ocelli.nn.Compute;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ocelli features}. */
@Command(
    name = "features",
    mixinStandardHelpOptions = true,
    description = "Writes what a vision encoder sees: one tensor [tokens, hidden] a photo, named by the photo's file name.",
    footer = {"", "Example:", "  ocelli features --model facebook/dinov2-small dog.jpg cat.png --out seen.safetensors"})
final class FeaturesCommand implements Callable<Integer> {
  /** How products are computed and what is written. */
  enum Precision {
    FP32,
    BF16;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final Console console;

  @Option(names = "--model", required = true, paramLabel = "NAME", description = "A ViT, DINOv2 or ResNet: name on the hub, or a folder.")
  private String model;

  @Parameters(arity = "1..*", paramLabel = "IMAGE", description = "JPEG, PNG, GIF, BMP or WebP.")
  private List<Path> images;

  @Option(names = "--out", required = true, paramLabel = "F.safetensors", description = "The file to write.")
  private Path out;

  @Option(
      names = "--layers",
      defaultValue = "1",
      paramLabel = "N",
      description = "The encoder's last N layers, side by side; a run's are in its recipe.yaml (default: 1).")
  private int layers;

  @Option(names = "--whole", description = "All of a photo, squeezed to the encoder's size: for a run whose recipe.yaml has features.show: whole.")
  private boolean whole;

  @Option(names = "--precision", defaultValue = "fp32", description = "${COMPLETION-CANDIDATES} (default: fp32).")
  private Precision precision;

  @Option(names = "--json", description = "Print what was written as JSON.")
  private boolean json;

  FeaturesCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    Images.check(images);
    if (layers < 1) {
      throw UserError.of("--layers is %d, but at least one layer is to be written.", layers);
    }
    Set<String> names = new HashSet<>();
    for (Path image : images) {
      if (!names.add(image.getFileName().toString())) {
        throw UserError.of("Two photos are named %s, and tensors are named by it. Give them in two calls.", image.getFileName());
      }
    }
    return console.compute(this::work);
  }

  private int work() {
    Progress progress = console.progress();
    Compute compute = Compute.of(precision.toString(), "cpu");
    Pretrained pretrained = new Pretrained(console.pull(), progress, compute, Set.of(), 0);
    Pretrained.Vision vision = pretrained.vision(model, new EncoderLayers(layers, EncoderLayers.Join.HIDDEN));
    long[] shape = new FeatureFile(whole ? vision.whole() : vision, compute, progress).write(images, out);
    if (json) {
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("out", out.toString());
      row.put("photos", images.size());
      row.put("shape", shape);
      row.put("model", vision.identity());
      console.json(row);
    } else {
      console.out().printf("%s: %d photos, [%d, %d] each%n", out, images.size(), shape[0], shape[1]);
    }
    return Ocelli.FINE;
  }
}
