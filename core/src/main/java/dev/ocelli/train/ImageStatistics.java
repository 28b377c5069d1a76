package dev.ocelli.train;

import dev.ocelli.model.Glance;
import dev.ocelli.model.ImageNorm;
import dev.ocelli.model.PhotoFeatures;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * What photos' features have in common, and in which directions they differ by how much: the Q-Former is trained without the former and with
 * the latter evened out. An encoder's features lie mostly in a few directions; a new cross-attention sees little else, and learns slowly.
 *
 * <p>Files hold the same model for features as they come: keys and values of {@code x} are {@code W T (x - mean) + b}, so the file has
 * {@code W T} for the weights and {@code b - W T mean} for the biases. A glance is taken off its own mean, and turned by nothing.
 */
record ImageStatistics(ImageNorm norm) implements AutoCloseable {
  static final ImageStatistics NONE = new ImageStatistics(ImageNorm.NONE);

  /** In stage 1's file: what its weights and biases make up for, so that stage 2 can go on in the same terms. */
  static final String MEAN = "image_mean";

  static final String WHITENING = "image_whitening";
  static final String GLANCE = "image_glance_mean";

  private static final int MOST_PHOTOS = 512;

  /** Photos in one product: enough for it to be fast, and few megabytes. */
  private static final int TOGETHER = 16;

  /** Directions with a smaller share of the largest variance than this count as if they had it: below are the encoder's roundings. */
  private static final double LEAST_SHARE = 1e-6;

  private static final Pattern TRAINED = Pattern.compile("(.*\\.crossattention\\.attention\\.(?:key|value)\\.)(weight|bias)");

  private static final String GLANCE_WEIGHT = "glance.dense.weight";
  private static final String GLANCE_BIAS = "glance.dense.bias";

  /**
   * Over all tokens of photos evenly spread over the given ones.
   *
   * @param power a direction of variance v is divided by v^power: 0 leaves all as they are, 0.5 makes all alike. What comes out has a variance
   *     of 1 on the mean
   * @param glances whether there are any
   */
  static ImageStatistics of(PhotoFeatures photos, double power, boolean glances, Compute compute) {
    double tokens = photos.store().tokens();
    Tensor mean = meanOf(photos, compute, x -> Tensors.scale(x.to(ScalarType.Double).sum(0, 1), 1 / tokens));
    Tensor glance = !glances ? null : meanOf(photos, compute, x -> Glance.input(x).to(ScalarType.Double).sum(0));
    if (power == 0) {
      return new ImageStatistics(new ImageNorm(mean, null, glance));
    }
    Tensor covariance =
        meanOf(
            photos,
            compute,
            x -> {
              Tensor centred = x.flatten(0, 1).to(ScalarType.Float).sub(mean);
              return Tensors.scale(centred.t().mm(centred).to(ScalarType.Double), 1 / tokens);
            });
    Tensor whitening = Scope.keep(Scope.noGrad(() -> compute.cast(whitening(covariance, power))));
    covariance.close();
    return new ImageStatistics(new ImageNorm(mean, whitening, glance));
  }

  /**
   * @param each from some photos {@code [photos, tokens, imageHidden]} to the sum over them of what the mean is wanted of, fp64
   * @return the mean, fp32
   */
  private static Tensor meanOf(PhotoFeatures photos, Compute compute, UnaryOperator<Tensor> each) {
    int all = photos.photos().size();
    int used = Math.min(all, MOST_PHOTOS);
    ByteBuffer some = photos.buffer(Math.min(used, TOGETHER));
    // One sum that grows: a sum is 19 MB for four layers of DINOv2-small, four times that for DINOv2-base.
    Tensor[] sum = new Tensor[1];
    for (int from = 0; from < used; from += TOGETHER) {
      some.clear();
      for (int i = from; i < Math.min(from + TOGETHER, used); i++) {
        photos.read((int) ((long) i * all / used), some);
      }
      Scope.run(
          () -> {
            Tensor own = Scope.noGrad(() -> each.apply(photos.tensor(some, compute)));
            if (sum[0] == null) {
              sum[0] = Scope.keep(own);
            } else {
              sum[0].add_(own);
            }
          });
    }
    return Scope.keep(
        Scope.noGrad(
            () -> {
              try (Tensor total = sum[0]) {
                return total.div(new Scalar((double) used)).to(ScalarType.Float);
              }
            }));
  }

  /** V diag(v^-power) Vᵀ, scaled, for the covariance V diag(v) Vᵀ. fp32 on the processor, {@code [imageHidden, imageHidden]}. */
  private static Tensor whitening(Tensor covariance, double power) {
    var directions = torch.linalg_eigh(covariance.cpu().to(ScalarType.Double));
    Tensor variance = directions.get0();
    Tensor floor = variance.clamp_min(new Scalar(variance.max().item().toDouble() * LEAST_SHARE));
    Tensor factor = floor.pow(new Scalar(-power));
    Tensor scaled = factor.div(variance.mul(factor).mul(factor).mean().sqrt());
    return symmetric(directions.get1(), scaled).to(ScalarType.Float);
  }

  /** As a file of stage 1 has it beside the weights; {@link #NONE} where it has none. */
  static ImageStatistics from(Function<String, Tensor> file, Compute compute) {
    Tensor[] found = new Tensor[3];
    Scope.run(
        () -> {
          Tensor mean = file.apply(MEAN);
          Tensor whitening = file.apply(WHITENING);
          found[0] = mean == null ? null : Scope.keep(compute.place(mean));
          found[1] = whitening == null ? null : Scope.keep(compute.cast(whitening));
          Tensor glance = file.apply(GLANCE);
          found[2] = glance == null ? null : Scope.keep(compute.place(glance));
        });
    return new ImageStatistics(new ImageNorm(found[0], found[1], found[2]));
  }

  /** Tensors as files have them. To be called in a scope, in which they are to be written. */
  List<Parameters.Named> fold(List<Parameters.Named> trained) {
    List<Parameters.Named> out = new ArrayList<>();
    Map<String, Tensor> all = new HashMap<>();
    trained.forEach(t -> all.put(t.name(), t.master()));
    trained.forEach(t -> out.add(new Parameters.Named(t.name(), t.part(), folded(t.name(), all::get))));
    return out;
  }

  /** Of a tensor by name: as the file has it. */
  private Tensor folded(String name, Function<String, Tensor> trained) {
    if (name.equals(GLANCE_BIAS) && norm.glance() != null) {
      return Scope.noGrad(() -> trained.apply(name).sub(trained.apply(GLANCE_WEIGHT).mv(norm.glance())));
    }
    var ours = TRAINED.matcher(name);
    if (norm.mean() == null || !ours.matches()) {
      return trained.apply(name);
    }
    return Scope.noGrad(
        () -> {
          Tensor weight = product(trained.apply(ours.group(1) + "weight"), norm.whitening());
          return ours.group(2).equals("weight") ? weight : trained.apply(name).sub(weight.mv(norm.mean()));
        });
  }

  /** Tensors of a file as they are trained. */
  Function<String, Tensor> unfold(Function<String, Tensor> file) {
    Tensor back = norm.whitening() == null ? null : Scope.noGrad(() -> inverse(norm.whitening().cpu().to(ScalarType.Double)));
    return name -> {
      if (name.equals(GLANCE_BIAS) && norm.glance() != null) {
        return Scope.noGrad(() -> file.apply(name).add(file.apply(GLANCE_WEIGHT).mv(norm.glance().cpu())));
      }
      var ours = TRAINED.matcher(name);
      if (norm.mean() == null || !ours.matches()) {
        return file.apply(name);
      }
      return Scope.noGrad(
          () -> {
            Tensor weight = file.apply(ours.group(1) + "weight");
            return ours.group(2).equals("weight") ? product(weight, back) : file.apply(name).add(weight.mv(norm.mean().cpu()));
          });
    };
  }

  /** Of a symmetric matrix. OpenBLAS's own inverse needs more stack than Java's threads have, and crashes from some 300 rows on. */
  private static Tensor inverse(Tensor matrix) {
    var directions = torch.linalg_eigh(matrix);
    return symmetric(directions.get1(), directions.get0().reciprocal());
  }

  private static Tensor symmetric(Tensor directions, Tensor sizes) {
    return directions.mul(sizes).mm(directions.t());
  }

  private static Tensor product(Tensor weight, Tensor matrix) {
    return matrix == null ? weight : weight.to(ScalarType.Double).mm(matrix.to(ScalarType.Double)).to(ScalarType.Float);
  }

  /** What {@link #from} reads, for the file of stage 1. */
  List<Parameters.Named> named(String part) {
    List<Parameters.Named> own = new ArrayList<>();
    if (norm.mean() != null) {
      own.add(new Parameters.Named(MEAN, part, norm.mean()));
    }
    if (norm.whitening() != null) {
      own.add(new Parameters.Named(WHITENING, part, norm.whitening().to(ScalarType.Float)));
    }
    if (norm.glance() != null) {
      own.add(new Parameters.Named(GLANCE, part, norm.glance()));
    }
    return own;
  }

  @Override
  public void close() {
    if (norm.mean() != null) {
      norm.mean().close();
    }
    if (norm.whitening() != null) {
      norm.whitening().close();
    }
    if (norm.glance() != null) {
      norm.glance().close();
    }
  }
}
