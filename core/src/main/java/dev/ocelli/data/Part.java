package dev.ocelli.data;

/** What a photo is for: to learn from, to choose the best checkpoint by, or to measure on at the end. */
public enum Part {
  TRAIN,
  VALIDATION,
  TEST
}
