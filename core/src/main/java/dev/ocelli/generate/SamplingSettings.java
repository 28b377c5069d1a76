package dev.ocelli.generate;

import dev.ocelli.UserError;
import java.util.List;

/**
 * How the next token is chosen and when to stop.
 *
 * @param maxTokens the most tokens to generate, at least 1
 * @param temperature what logits are divided by; 0 always takes the likeliest token (then top-k, top-p and the seed have no effect)
 * @param topK draw among the k likeliest tokens only; 0 = all
 * @param topP draw among the likeliest tokens that together reach this probability; 1 = all
 * @param repetitionPenalty above 1 makes tokens seen before less likely; 1 = off
 * @param stop texts that end generation and are not part of the answer
 * @param seed the same seed gives the same text
 */
public record SamplingSettings(
    int maxTokens, double temperature, int topK, double topP, double repetitionPenalty, List<String> stop, long seed) {
  public static final int DEFAULT_MAX_TOKENS = 64;

  public SamplingSettings {
    check(maxTokens >= 1, "max_tokens", maxTokens, "1 or more");
    check(temperature >= 0 && Double.isFinite(temperature), "temperature", temperature, "0 (greedy) or more");
    // Below this a float would become 0, and dividing by it would make every logit infinite.
    check(temperature == 0 || temperature >= 1e-6, "temperature", temperature, "0 (greedy), or at least 0.000001");
    check(topK >= 0, "top_k", topK, "0 (off) or more");
    check(topP > 0 && topP <= 1, "top_p", topP, "above 0 and up to 1 (off)");
    check(
        repetitionPenalty >= 0.01 && repetitionPenalty <= 100, "repetition_penalty", repetitionPenalty, "from 0.01 to 100, with 1 for off");
    for (String text : stop) {
      check(!text.isEmpty(), "stop", "\"\"", "texts of at least one character");
    }
    stop = List.copyOf(stop);
  }

  /** The same with no more tokens than so many. */
  public SamplingSettings atMost(int tokens) {
    return new SamplingSettings(Math.min(maxTokens, tokens), temperature, topK, topP, repetitionPenalty, stop, seed);
  }

  /** Greedy, {@value #DEFAULT_MAX_TOKENS} tokens, nothing else on: captions are best so. */
  public static SamplingSettings defaults() {
    return new SamplingSettings(DEFAULT_MAX_TOKENS, 0, 0, 1, 1, List.of(), 0);
  }

  private static void check(boolean good, String name, Object value, String range) {
    if (!good) {
      throw UserError.of("The sampling setting %s is %s, but it must be %s.", name, value, range);
    }
  }
}
