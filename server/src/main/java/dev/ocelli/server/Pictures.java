package dev.ocelli.server;

import dev.ocelli.UserError;
import dev.ocelli.image.ImageReader;
import dev.ocelli.image.PictureHeader;
import dev.ocelli.image.Preprocessing;
import dev.ocelli.image.RgbImage;
import java.util.Base64;
import java.util.Locale;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Gets pictures in whatever way a request names them, and makes the encoder's input of them. Blocks; called by threads that may wait. */
final class Pictures {
  private static final String BASE64 = ";base64,";

  private final ImageFetcher fetcher;
  private final Limits limits;
  /** Pixels whose unpacking is one permit; each takes about 6 bytes. */
  private static final long PIXELS_A_PERMIT = 1 << 20;

  /** Unpacking takes memory, of which a part of Java's may go to it, and a core. */
  private final int permits = Math.toIntExact(Math.max(1, Math.min(1 << 20, Runtime.getRuntime().maxMemory() / 2 / (6 * PIXELS_A_PERMIT))));
  private final Semaphore unpacking = new Semaphore(permits, true);

  Pictures(ImageFetcher fetcher, Limits limits) {
    this.fetcher = fetcher;
    this.limits = limits;
  }

  /**
   * The bytes behind an http, https or data address.
   *
   * @param deadline by {@link System#nanoTime()}
   */
  byte[] at(String address, long deadline) {
    if (!address.regionMatches(true, 0, "data:", 0, 5)) {
      return fetcher.fetch(address, deadline);
    }
    int comma = address.indexOf(',');
    if (comma < 0 || !address.substring(0, comma + 1).toLowerCase(Locale.ROOT).endsWith(BASE64)) {
      throw ApiError.invalid(400, "invalid_image", "A data address must hold base64: data:image/jpeg;base64,...");
    }
    return decoded(address.substring(comma + 1));
  }

  /** The bytes of a picture in base64, with or without "data:...;base64," before it. */
  byte[] base64(String text) {
    if (text.regionMatches(true, 0, "data:", 0, 5)) {
      return at(text, 0);
    }
    return decoded(text);
  }

  /** Not {@link #base64}: a data address within a data address, and so on, would cost a copy of the rest each. */
  private byte[] decoded(String text) {
    if (text.length() / 4 * 3L > limits.picture()) {
      throw tooLarge();
    }
    try {
      return Base64.getDecoder().decode(text.indexOf('\n') < 0 ? text : text.replaceAll("\\s", ""));
    } catch (IllegalArgumentException e) {
      throw ApiError.invalid(400, "invalid_image", "The picture is no valid base64.");
    }
  }

  /**
   * The encoder's input, and how large the picture was, in pixels, once upright.
   *
   * @param pixels {@code [3, height, width]} of the encoder
   */
  record Unpacked(float[] pixels, int width, int height) {}

  /** The encoder's input, {@code [3, height, width]}. */
  float[] unpack(byte[] bytes, Preprocessing preprocessing, long deadline) {
    return read(bytes, preprocessing, deadline).pixels;
  }

  /** As {@link #unpack}, with the picture's size. */
  Unpacked read(byte[] bytes, Preprocessing preprocessing, long deadline) {
    if (bytes.length > limits.picture()) {
      throw tooLarge();
    }
    int share = 0;
    boolean turn = false;
    try {
      PictureHeader.check(bytes, limits.unpacked(), "the picture");
      long size = PictureHeader.of(bytes).map(header -> (long) header.width() * header.height()).orElse(0L);
      share = permits(size, permits, Runtime.getRuntime().availableProcessors());
      turn = unpacking.tryAcquire(share, Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
      if (!turn) {
        throw ApiError.timedOut("The request's time was up before its picture was read.");
      }
      RgbImage image = ImageReader.read(bytes, "the picture");
      return new Unpacked(preprocessing.apply(image), image.width(), image.height());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ApiError.unavailable("stopping", 5, "The server is stopping.");
    } catch (UserError e) {
      throw ApiError.invalid(400, "invalid_image", e.getMessage());
    } finally {
      if (turn) {
        unpacking.release(share);
      }
    }
  }

  /**
   * Of all permits those that a picture needs: by its size, and so many that hardly more pictures than cores are unpacked at once. One that is
   * larger than all of them waits until it is alone.
   */
  static int permits(long pixels, int all, int cores) {
    long bySize = (pixels + PIXELS_A_PERMIT - 1) / PIXELS_A_PERMIT;
    long byCore = Math.max(1, all / cores);
    return (int) Math.min(all, Math.max(bySize, byCore));
  }

  private ApiError tooLarge() {
    return ApiError.invalid(400, "image_too_large", "The picture is larger than " + (limits.picture() >> 20) + " MB.");
  }
}
