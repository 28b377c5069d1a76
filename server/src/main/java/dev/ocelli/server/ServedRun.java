package dev.ocelli.server;

import dev.ocelli.generate.SamplingSettings;
import dev.ocelli.model.Pretrained;
import dev.ocelli.model.Vlm;
import dev.ocelli.text.ChatPrompt;
import dev.ocelli.train.TrainedRun;

/**
 * A run that is loaded. What calls libtorch in it ({@code trained}, {@code vision}'s encoder, the models) belongs to the compute thread;
 * all else may be read by any.
 *
 * @param with the model with its adapters
 * @param without the same without them: the language model as it was
 * @param system the system prompt of conversations that bring none
 * @param question what is asked about a picture where nothing is
 * @param sampling the recipe's settings
 * @param slots tokens that a picture takes
 * @param context the most tokens of a conversation with its answer
 * @param created seconds since 1970 when the run was trained
 */
record ServedRun(
    String name,
    TrainedRun trained,
    Pretrained.Vision vision,
    Pretrained.Language language,
    Vlm with,
    Vlm without,
    ChatPrompt chat,
    String system,
    String question,
    SamplingSettings sampling,
    int slots,
    int context,
    long created) {}
