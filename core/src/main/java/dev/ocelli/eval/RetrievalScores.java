package dev.ocelli.eval;

/**
 * Retrieval in both directions. Recall at k is the percentage (0 to 100) of queries that have a right answer among the first k; ranks
 * count from 1.
 *
 * @param i2tR1 photos with one of their captions ranked first among all captions; likewise the next two
 * @param t2iR1 captions with their photo ranked first among all photos; likewise the next two
 */
public record RetrievalScores(
    double i2tR1,
    double i2tR5,
    double i2tR10,
    double t2iR1,
    double t2iR5,
    double t2iR10,
    double i2tMedianRank,
    double t2iMedianRank,
    int images,
    int captions) {}
