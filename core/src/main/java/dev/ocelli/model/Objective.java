package dev.ocelli.model;

/** What the Q-Former can be trained by in stage 1 (BLIP-2, section 3.1). */
public enum Objective {
  /** Image-text contrast: which text belongs to which image, from a vector of each. */
  ITC,
  /** Image-text matching: whether an image and a text, seen together, belong to each other. */
  ITM,
  /** Image-grounded text generation: the text, word by word. */
  ITG
}
