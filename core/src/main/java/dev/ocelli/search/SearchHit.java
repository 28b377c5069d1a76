package dev.ocelli.search;

import java.nio.file.Path;

/**
 * A photo that was found.
 *
 * @param similarity of the text and this photo, beyond what is usual where the run has a querybank; cosine of the other photo and this one
 * @param query which of the photo's query vectors fits a text best; -1 where their mean counts
 */
public record SearchHit(Path photo, String sha256, float similarity, int query) {}
