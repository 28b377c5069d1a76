package dev.ocelli.train;

import dev.ocelli.data.Dialogue;
import dev.ocelli.model.Vlm;
import dev.ocelli.text.ChatPrompt;
import dev.ocelli.text.PromptPool;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Turns lessons into tokens.
 *
 * @param answer the tokens of an answer, with the one that ends a turn
 * @param end that token
 */
record LessonWords(Recipe recipe, ChatPrompt chat, Function<String, int[]> answer, int end) {
  /** A lesson, with the recipe's prompts as drawn for a row of a step. */
  Vlm.Example example(Lessons.Lesson lesson, long step, long row) {
    String system = new PromptPool(recipe.stage2().system()).draw(recipe.seed(), "stage 2 system prompt", step, row);
    if (lesson.captions().isEmpty()) {
      return dialogue(system, lesson.turns());
    }
    String user = new PromptPool(recipe.stage2().user()).draw(recipe.seed(), "stage 2 user prompt", step, row);
    ChatPrompt.Ids prompt = chat.ids(system, user);
    List<int[]> said = lesson.captions().stream().map(caption -> answer.apply(text(caption))).toList();
    return new Vlm.Example(prompt.before(), prompt.after(), said.get(0), said.subList(1, said.size()), List.of());
  }

  /** Questions with the recipe's first system prompt. */
  Vlm.Example dialogue(List<Dialogue.Turn> turns) {
    return dialogue(recipe.stage2().system().get(0), turns);
  }

  private Vlm.Example dialogue(String system, List<Dialogue.Turn> turns) {
    ChatPrompt.Dialogue words = chat.dialogue(system, turns.stream().map(Dialogue.Turn::question).toList(), end);
    List<Vlm.Turn> more = new ArrayList<>();
    for (int i = 1; i < turns.size(); i++) {
      more.add(new Vlm.Turn(words.next().get(i - 1), answer.apply(text(turns.get(i).answer()))));
    }
    return new Vlm.Example(words.first().before(), words.first().after(), answer.apply(text(turns.get(0).answer())), more);
  }

  /** A caption or an answer as it is trained on. */
  String text(String said) {
    return recipe.data().style().apply(said);
  }
}
