package dev.ocelli.text;

import dev.ocelli.UserError;
import dev.ocelli.data.Draws;
import java.util.List;

/** Several ways to ask for the same thing, so that training doesn't tie the answer to one wording. */
public record PromptPool(List<String> prompts) {
  public PromptPool {
    if (prompts.isEmpty()) {
      throw new UserError("The list of prompts is empty. Give at least one, for example \"Describe the image.\".");
    }
    prompts = List.copyOf(prompts);
  }

  /** One of the prompts, chosen by {@link Draws} from the key alone. */
  public String draw(long seed, String purpose, long step, long row) {
    return prompts.get(Draws.below(seed, purpose, step, row, prompts.size()));
  }
}
