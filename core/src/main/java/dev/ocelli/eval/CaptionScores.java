package dev.ocelli.eval;

/**
 * Caption metrics of a whole set, on the scale of pycocoevalcap.
 *
 * @param bleu1 corpus BLEU-1, 0 to 1; likewise the next three
 * @param cider mean CIDEr-D, 0 to 10 (people write of "110" where this is 1.10)
 * @param rougeL mean ROUGE-L, 0 to 1
 * @param captions how many captions were scored
 */
public record CaptionScores(double bleu1, double bleu2, double bleu3, double bleu4, double cider, double rougeL, int captions) {}
