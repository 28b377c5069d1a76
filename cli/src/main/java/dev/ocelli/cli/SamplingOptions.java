package dev.ocelli.cli;

import dev.ocelli.generate.SamplingSettings;
import java.util.List;
import picocli.CommandLine.Option;

/** How the text is chosen. What isn't given here stands in the run's recipe. */
final class SamplingOptions {
  @Option(names = "--max-tokens", paramLabel = "N", description = "The most tokens of an answer.")
  private Integer maxTokens;

  @Option(names = "--temperature", paramLabel = "T", description = "0 takes the likeliest token; higher is bolder.")
  private Double temperature;

  @Option(names = "--top-k", paramLabel = "K", description = "Draw among the K likeliest tokens; 0 is off.")
  private Integer topK;

  @Option(names = "--top-p", paramLabel = "P", description = "Draw among the likeliest that together reach P; 1 is off.")
  private Double topP;

  @Option(names = "--repetition-penalty", paramLabel = "R", description = "Above 1 makes words said before less likely.")
  private Double repetitionPenalty;

  @Option(names = "--stop", paramLabel = "TEXT", description = "Ends the answer before this text. May be repeated.")
  private List<String> stop;

  @Option(names = "--seed", paramLabel = "N", description = "The same seed draws the same text.")
  private Long seed;

  /** The run's own settings with what was given instead. */
  SamplingSettings over(SamplingSettings recipe) {
    return new SamplingSettings(
        maxTokens != null ? maxTokens : recipe.maxTokens(),
        temperature != null ? temperature : recipe.temperature(),
        topK != null ? topK : recipe.topK(),
        topP != null ? topP : recipe.topP(),
        repetitionPenalty != null ? repetitionPenalty : recipe.repetitionPenalty(),
        stop != null ? stop : recipe.stop(),
        seed != null ? seed : recipe.seed());
  }

  /** Refuses values out of range before anything is loaded. */
  void check() {
    over(SamplingSettings.defaults());
  }
}
