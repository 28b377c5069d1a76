package dev.ocelli.data;

/**
 * What a photo is for: to learn from, to choose the best checkpoint by, or to measure on at the end. {@code UNSEEN} are photos to measure
 * on apart, which show things in combinations that training never does.
 */
public enum Part {
  TRAIN,
  VALIDATION,
  TEST,
  UNSEEN
}
