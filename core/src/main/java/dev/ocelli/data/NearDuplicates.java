package dev.ocelli.data;

import dev.ocelli.image.PictureHash;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Finds pictures that look like earlier ones among many. Two hashes that differ in at most {@link PictureHash#NEAR_BITS} of 64 bits agree
 * in at least one of 7 pieces, so that only pictures of an equal piece are compared (multi-index hashing, Norouzi et al. 2012). About 200
 * bytes a picture. Not safe for several threads.
 */
public final class NearDuplicates {
  private static final int PIECES = PictureHash.NEAR_BITS + 1;

  private final List<PictureHash> hashes = new ArrayList<>();
  private final int[][] first = new int[PIECES][];
  private final List<int[]> next = new ArrayList<>();

  public NearDuplicates() {
    for (int piece = 0; piece < PIECES; piece++) {
      first[piece] = new int[1 << width(piece)];
      Arrays.fill(first[piece], -1);
    }
  }

  /** Adds a picture and says which earlier ones it is near to, by their numbers from 0 in the order of adding. */
  public List<Integer> add(PictureHash hash) {
    List<Integer> near = near(hash);
    int number = hashes.size();
    hashes.add(hash);
    int[] links = new int[PIECES];
    for (int piece = 0; piece < PIECES; piece++) {
      int key = key(hash.bits(), piece);
      links[piece] = first[piece][key];
      first[piece][key] = number;
    }
    next.add(links);
    return near;
  }

  /** The numbers of the pictures near to one, ascending, without adding it. */
  public List<Integer> near(PictureHash hash) {
    List<Integer> near = new ArrayList<>();
    for (int piece = 0; piece < PIECES; piece++) {
      for (int other = first[piece][key(hash.bits(), piece)]; other >= 0; other = next.get(other)[piece]) {
        if (firstEqualPiece(hash.bits(), hashes.get(other).bits()) == piece && hash.near(hashes.get(other))) {
          near.add(other);
        }
      }
    }
    near.sort(null);
    return near;
  }

  /** So that a pair that agrees in several pieces counts once. */
  private static int firstEqualPiece(long a, long b) {
    for (int piece = 0; piece < PIECES; piece++) {
      if (key(a, piece) == key(b, piece)) {
        return piece;
      }
    }
    return -1;
  }

  /** 64 bits in 7 pieces: one of 10 bits, six of 9. */
  private static int width(int piece) {
    return piece == 0 ? 10 : 9;
  }

  private static int key(long bits, int piece) {
    int shift = piece == 0 ? 0 : 10 + 9 * (piece - 1);
    return (int) (bits >>> shift) & (1 << width(piece)) - 1;
  }
}
