package dev.ocelli.eval;

import com.fasterxml.jackson.annotation.JsonUnwrapped;

/**
 * Retrieval with how sure its figures are.
 *
 * @param rerank how many of the best were ranked again by matching; 0 for none
 */
public record RetrievalReport(@JsonUnwrapped RetrievalScores scores, RetrievalIntervals interval95, int rerank) {}
