package dev.ocelli.generate;

import dev.ocelli.UserError;
import java.util.Arrays;
import java.util.function.LongToDoubleFunction;

/**
 * Chooses the next token from logits, in the order of Hugging Face transformers and in float32 as there: repetition penalty (Keskar et
 * al., "CTRL", 2019), temperature, top-k (Fan et al., "Hierarchical Neural Story Generation", 2018), top-p (Holtzman et al., "The Curious
 * Case of Neural Text Degeneration", 2020), then one draw.
 *
 * <p>Candidates come off a heap from the likeliest on, so that 49 thousand logits are never sorted, and all arrays are reused. One
 * sampler serves one row of text, in one thread.
 */
public final class Sampler {
  private final SamplingSettings settings;
  private final LongToDoubleFunction uniform;

  /** By token: the logit after penalty and temperature. */
  private float[] scores = new float[0];

  /** By token: the pass that last saw it, so that a token is penalised once however often it was said. */
  private int[] seen = new int[0];

  private int pass;

  /** Tokens; the first {@code heaped} of them are a max-heap. */
  private int[] heap = new int[0];

  private int heaped;

  /** The outcome of the filters: tokens with their weights (probabilities up to a common factor). */
  private int[] kept = new int[0];

  private double[] weights = new double[0];
  private int count;
  private double total;

  /**
   * @param uniform for a step a number in [0, 1), the same each time it is asked: a function of (seed, purpose, step, row), so that no
   *     generator state needs saving
   */
  public Sampler(SamplingSettings settings, LongToDoubleFunction uniform) {
    this.settings = settings;
    this.uniform = uniform;
  }

  /**
   * The next token. {@code logits} stays as it is.
   *
   * @param logits one a token of the vocabulary; minus infinity bars a token
   * @param previous the tokens so far, those of the prompt included, in the first {@code previousCount} places
   * @param step the number of the token within the answer, from 0
   */
  public int next(float[] logits, int[] previous, int previousCount, long step) {
    if (settings.temperature() == 0 && settings.repetitionPenalty() == 1) {
      return likeliest(logits);
    }
    penalise(logits, previous, previousCount);
    if (settings.temperature() == 0) {
      return likeliest(scores);
    }
    filter();
    double draw = uniform.applyAsDouble(step) * total;
    int last = -1;
    for (int i = 0; i < count; i++) {
      if (weights[i] > 0) {
        last = kept[i];
        draw -= weights[i];
        if (draw < 0) {
          return last;
        }
      }
    }
    return last; // rounding left a crumb of the draw
  }

  /** What {@link #next} draws from: the probability of each token. With temperature 0 all of it is the likeliest token's. */
  public double[] probabilities(float[] logits, int[] previous, int previousCount) {
    penalise(logits, previous, previousCount);
    double[] probabilities = new double[logits.length];
    if (settings.temperature() == 0) {
      probabilities[likeliest(scores)] = 1;
      return probabilities;
    }
    filter();
    for (int i = 0; i < count; i++) {
      probabilities[kept[i]] = weights[i] / total;
    }
    return probabilities;
  }

  /** Fills {@link #scores}: logits, penalised where said before, divided by the temperature. */
  private void penalise(float[] logits, int[] previous, int previousCount) {
    int n = logits.length;
    if (scores.length != n) {
      scores = new float[n];
      seen = new int[n];
      heap = new int[n];
      kept = new int[n];
      weights = new double[n];
      pass = 0;
    }
    System.arraycopy(logits, 0, scores, 0, n);
    if (settings.repetitionPenalty() != 1) {
      pass++;
      float penalty = (float) settings.repetitionPenalty();
      for (int i = 0; i < previousCount; i++) {
        int token = previous[i];
        // An image's place-holder may have an id outside the vocabulary.
        if (token >= 0 && token < n && seen[token] != pass) {
          seen[token] = pass;
          scores[token] = scores[token] < 0 ? scores[token] * penalty : scores[token] / penalty;
        }
      }
    }
    float temperature = settings.temperature() == 0 ? 1 : (float) settings.temperature();
    boolean possible = false;
    for (int i = 0; i < n; i++) {
      float score = scores[i] / temperature;
      if (Float.isNaN(score) || score == Float.POSITIVE_INFINITY) {
        throw broken(logits, i);
      }
      possible |= score != Float.NEGATIVE_INFINITY;
      scores[i] = score;
    }
    if (!possible) {
      throw new IllegalStateException("Every one of the " + n + " tokens is barred: no token can follow");
    }
  }

  private static int likeliest(float[] scores) {
    int best = 0;
    float most = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < scores.length; i++) {
      float score = scores[i];
      if (score > most) {
        most = score;
        best = i;
      } else if (score != score) {
        throw broken(scores, i);
      }
    }
    if (most == Float.POSITIVE_INFINITY) {
      throw broken(scores, best);
    }
    if (most == Float.NEGATIVE_INFINITY) {
      throw new IllegalStateException("Every one of the " + scores.length + " tokens is barred: no token can follow");
    }
    return best;
  }

  private static UserError broken(float[] logits, int token) {
    return UserError.of("The logit of token %d is %s: the weights are broken or the number type overflows.", token, logits[token]);
  }

  /** Fills {@link #kept} and {@link #weights}. */
  private void filter() {
    boolean limited = settings.topK() > 0 && settings.topK() < scores.length;
    count = 0;
    total = 0;
    if (!limited && settings.topP() == 1) {
      float top = scores[likeliest(scores)];
      for (int i = 0; i < scores.length; i++) {
        keep(i, top);
      }
      return;
    }
    buildHeap();
    float top = scores[heap[0]];
    if (limited) {
      float least = top;
      // All that equal the k-th score stay too, as in transformers.
      while (heaped > 0 && (count < settings.topK() || scores[heap[0]] == least)) {
        least = scores[heap[0]];
        keep(pop(), top);
      }
    } else {
      for (float score : scores) {
        total += Math.exp((double) score - top);
      }
    }
    if (settings.topP() < 1) {
      cut(limited, top);
    }
  }

  /** Keeps the likeliest until they reach top-p of {@link #total}: of those that top-k kept, or straight off the heap. */
  private void cut(boolean limited, float top) {
    double enough = settings.topP() * total;
    int candidates = limited ? count : heaped;
    count = 0;
    total = 0;
    while (count < candidates && (count == 0 || total < enough)) {
      if (limited) {
        total += weights[count++];
      } else {
        keep(pop(), top);
      }
    }
  }

  private void keep(int token, float top) {
    kept[count] = token;
    weights[count] = Math.exp((double) scores[token] - top);
    total += weights[count++];
  }

  private void buildHeap() {
    heaped = scores.length;
    Arrays.setAll(heap, i -> i);
    for (int i = heaped / 2 - 1; i >= 0; i--) {
      sink(i);
    }
  }

  private int pop() {
    int first = heap[0];
    heap[0] = heap[--heaped];
    heap[heaped] = first;
    sink(0);
    return first;
  }

  private void sink(int at) {
    int token = heap[at];
    for (int child = 2 * at + 1; child < heaped; child = 2 * at + 1) {
      if (child + 1 < heaped && before(heap[child + 1], heap[child])) {
        child++;
      }
      if (!before(heap[child], token)) {
        break;
      }
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = token;
  }

  /** At equal scores the earlier token comes first, as in greedy choice; transformers sorts unstably and leaves it open. */
  private boolean before(int a, int b) {
    return scores[a] > scores[b] || (scores[a] == scores[b] && a < b);
  }
}
