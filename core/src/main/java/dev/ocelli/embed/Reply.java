package dev.ocelli.embed;

/**
 * An answer with what it took.
 *
 * @param promptTokens tokens of the conversation, those of its pictures included
 * @param answerTokens tokens of the answer
 * @param whole whether the model ended its turn or came to a stop text; false where the tokens asked for were used up
 */
public record Reply(String text, int promptTokens, int answerTokens, boolean whole) {}
