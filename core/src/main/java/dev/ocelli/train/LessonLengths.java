package dev.ocelli.train;

import dev.ocelli.UserError;
import dev.ocelli.data.Dialogue;
import dev.ocelli.data.Photo;
import dev.ocelli.data.Questions;
import dev.ocelli.model.Pretrained;
import dev.ocelli.model.Vlm;
import dev.ocelli.text.ChatPrompt;
import java.util.List;

/** No caption or conversation may be longer than what the language model can read with the prompt and the picture. */
record LessonLengths(Recipe recipe, int positions, ChatPrompt chat, LessonWords words) {
  /** Of a language model that needn't be loaded yet. */
  static LessonLengths of(Recipe recipe, Pretrained.Speech speech) {
    ChatPrompt chat = chat(recipe, speech);
    return new LessonLengths(recipe, speech.config().positions(), chat, new LessonWords(recipe, chat, speech::answer, speech.end()));
  }

  /** Conversations with the picture where the recipe puts it. */
  static ChatPrompt chat(Recipe recipe, Pretrained.Speech speech) {
    return new ChatPrompt(speech.template(), speech.tokenizer(), recipe.stage2().image().equals("after_prompt"));
  }

  /** Refuses the first that is too long. */
  void check(List<Photo> photos, Questions questions) {
    int vectors = recipe.qformer().vectors();
    int most = positions - vectors;
    int prompt = 0;
    for (String system : recipe.stage2().system()) {
      for (String user : recipe.stage2().user()) {
        ChatPrompt.Ids ids = chat.ids(system, user);
        prompt = Math.max(prompt, ids.before().length + ids.after().length);
      }
    }
    if (prompt >= most) {
      throw UserError.of(
          "The longest of stage2's prompts has %d tokens; with a picture of %d the language model reads %d in all. Shorten it.",
          prompt, vectors, positions);
    }
    for (Photo photo : photos) {
      for (String caption : photo.captions()) {
        // A token is at least one byte, so that most captions need no counting.
        int tokens = caption.length() * 4 < most - prompt ? 0 : words.answer().apply(words.text(caption)).length;
        if (tokens > most - prompt) {
          throw UserError.of(
              "Photo %s has a caption of %d tokens (\"%.40s…\"); %d fit behind the prompt. Shorten it.",
              photo.image(), tokens, caption, most - prompt);
        }
      }
    }
    for (Photo photo : recipe.stage2().questions() > 0 ? photos : List.<Photo>of()) {
      for (Dialogue dialogue : questions.of(photo)) {
        int letters = dialogue.turns().stream().mapToInt(t -> t.question().length() + t.answer().length()).sum();
        // As above, with room for the template's own tokens.
        if ((letters * 4 + prompt * (dialogue.turns().size() + 1)) * recipe.stage2().turns() < most) {
          continue;
        }
        Vlm.Example example = words.dialogue(dialogue.turns());
        if (example.tokens(vectors) * recipe.stage2().turns() > positions) {
          throw UserError.of(
              "Photo %s has a conversation of %d tokens (\"%.40s…\"), and %d of them (stage2.turns) may stand together; %d fit. Shorten it, or"
                  + " lower stage2.turns.",
              photo.image(), example.tokens(vectors), dialogue.turns().get(0).question(), recipe.stage2().turns(), positions);
        }
      }
    }
  }
}
