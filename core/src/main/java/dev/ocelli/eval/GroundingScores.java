package dev.ocelli.eval;

/**
 * Whether a model looks at the photo: mean loss a token of the right captions.
 *
 * @param lossOwn with their own photos
 * @param lossShuffled with other photos
 * @param gap the difference: 0 for a model that is fluent and blind
 */
public record GroundingScores(double lossOwn, double lossShuffled, double gap, int photos, int tokens) {}
