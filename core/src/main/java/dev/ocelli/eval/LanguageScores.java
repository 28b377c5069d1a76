package dev.ocelli.eval;

/**
 * What training cost the language model's old knowledge: mean loss a token of plain text, in nats.
 *
 * @param lossWith with the adapters
 * @param lossWithout without
 * @param difference above 0: plain text became harder
 * @param tokens how many were predicted
 */
public record LanguageScores(double lossWith, double lossWithout, double difference, int tokens) {}
