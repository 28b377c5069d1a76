package dev.ocelli.eval;

/** 95% intervals of {@link RetrievalScores}' recalls, in percent. */
public record RetrievalIntervals(
    Bootstrap.Interval i2tR1,
    Bootstrap.Interval i2tR5,
    Bootstrap.Interval i2tR10,
    Bootstrap.Interval t2iR1,
    Bootstrap.Interval t2iR5,
    Bootstrap.Interval t2iR10) {}
