package dev.ocelli.eval;

/**
 * Whether word maps hit what the words name, in percent: the mean over pictures of each picture's share of words.
 *
 * @param hits the map's highest point lies in a box of what its word names
 * @param averageHits the same of the queries' average map, which is one for all words of a picture
 * @param hitsMore the difference of the two
 * @param leans the map puts more of what it puts on the two objects on the named one than the average map does; 50 by chance
 */
public record WordScores(
    double hits,
    Bootstrap.Interval hits95,
    double averageHits,
    Bootstrap.Interval averageHits95,
    double hitsMore,
    Bootstrap.Interval hitsMore95,
    double leans,
    Bootstrap.Interval leans95,
    int words,
    int pictures) {}
