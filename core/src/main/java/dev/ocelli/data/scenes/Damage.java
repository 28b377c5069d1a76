package dev.ocelli.data.scenes;

/**
 * What the picture has suffered.
 *
 * @param blur standard deviation of the Gaussian it is smoothed with, in pixels; 0 for none
 * @param noise standard deviation of the noise on brightness, of 255; 0 for none
 * @param jpegQuality from 1 to 100; 92 for as good as none
 */
public record Damage(double blur, double noise, int jpegQuality) {
  private static final double[] BLUR = {0, 0.7, 1.1, 1.6};
  private static final double[] NOISE = {0, 4, 9, 16};
  private static final int[] QUALITY = {92, 60, 35, 18};
  private static final double[] WEIGHTS = {0.6, 0.2, 0.12, 0.08};

  /** Together no more than one kind alone may have: beyond that nobody could tell the smaller objects. */
  private static final int MOST = 3;

  /** Each kind by degree: none, slight, clear, heavy. */
  static Damage draw(Dice dice) {
    int blur;
    int noise;
    int jpeg;
    do {
      blur = dice.weighted(WEIGHTS);
      noise = dice.weighted(WEIGHTS);
      jpeg = dice.weighted(WEIGHTS);
    } while (blur + noise + jpeg > MOST);
    return new Damage(BLUR[blur], NOISE[noise], QUALITY[jpeg]);
  }
}
