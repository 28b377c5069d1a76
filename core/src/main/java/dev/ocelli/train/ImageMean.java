package dev.ocelli.train;

import dev.ocelli.model.PhotoFeatures;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.Scope;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * What all photos' features have in common, which the Q-Former is trained without. Files hold the same model for features as they come: with
 * {@code W (x - mean) + b = W x + (b - W mean)}, the biases of the cross-attention's keys and values make up for it.
 *
 * @param mean fp32 {@code [imageHidden]}; null: features stay as they are
 */
record ImageMean(Tensor mean) implements AutoCloseable {
  static final ImageMean NONE = new ImageMean(null);

  /** In stage 1's file: what its biases make up for, so that stage 2 can go on without it. */
  static final String NAME = "image_mean";

  private static final int MOST_PHOTOS = 512;
  private static final Pattern BIAS = Pattern.compile("(.*\\.crossattention\\.attention\\.(?:key|value)\\.)bias");

  /** The mean over all tokens of photos evenly spread over the given ones. */
  static ImageMean of(PhotoFeatures photos, Compute compute) {
    int all = photos.photos().size();
    int photosUsed = Math.min(all, MOST_PHOTOS);
    ByteBuffer one = photos.buffer(1);
    Tensor mean =
        Scope.noGrad(
            () -> {
              Tensor[] sum = new Tensor[1];
              for (int i = 0; i < photosUsed; i++) {
                photos.read((int) ((long) i * all / photosUsed), one.clear());
                Tensor before = sum[0];
                sum[0] =
                    Scope.of(
                        () -> {
                          Tensor own = photos.tensor(one, compute).to(ScalarType.Double).mean(0, 1);
                          return before == null ? own : own.add(before);
                        });
              }
              return sum[0].div(new Scalar((double) photosUsed)).to(ScalarType.Float);
            });
    return new ImageMean(Scope.keep(mean));
  }

  /** As a file of stage 1 has it beside the weights; {@link #NONE} where it has none. */
  static ImageMean from(Function<String, Tensor> file, Compute compute) {
    Tensor[] found = new Tensor[1];
    Scope.run(
        () -> {
          Tensor mean = file.apply(NAME);
          found[0] = mean == null ? null : Scope.keep(compute.place(mean));
        });
    return new ImageMean(found[0]);
  }

  /** Tensors as files have them. To be called in a scope, in which they are to be written. */
  List<Parameters.Named> fold(List<Parameters.Named> trained) {
    if (mean == null) {
      return trained;
    }
    Map<String, Tensor> all = new HashMap<>();
    trained.forEach(t -> all.put(t.name(), t.master()));
    List<Parameters.Named> out = new ArrayList<>();
    for (Parameters.Named t : trained) {
      Tensor common = common(t.name(), all::get);
      out.add(common == null ? t : new Parameters.Named(t.name(), t.part(), t.master().sub(common)));
    }
    return out;
  }

  /** Tensors of a file as they are trained. */
  Function<String, Tensor> unfold(Function<String, Tensor> file) {
    if (mean == null) {
      return file;
    }
    return name -> {
      Tensor common = common(name, file);
      return common == null ? file.apply(name) : file.apply(name).add(common.cpu());
    };
  }

  /** What the mean adds to a bias; null for other tensors. */
  private Tensor common(String name, Function<String, Tensor> tensors) {
    var bias = BIAS.matcher(name);
    return bias.matches() ? Scope.noGrad(() -> tensors.apply(bias.group(1) + "weight").to(mean.device(), ScalarType.Float).mv(mean)) : null;
  }

  @Override
  public void close() {
    if (mean != null) {
      mean.close();
    }
  }
}
