package dev.ocelli.grow;

import dev.ocelli.Progress;
import dev.ocelli.data.Draws;
import dev.ocelli.data.Photo;
import dev.ocelli.generate.SamplingSettings;
import dev.ocelli.generate.TextWriter;
import dev.ocelli.grow.Grown.Origin;
import dev.ocelli.model.PhotoFeatures;
import dev.ocelli.model.Pretrained;
import dev.ocelli.text.ChatPrompt;
import dev.ocelli.train.TrainedRun;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/** What the language model alone, as it was before training, makes of captions: the same in other words, and questions. One of each a photo. */
final class Rewriting {
  private static final int AT_ONCE = 64;
  private static final SamplingSettings GREEDY = new SamplingSettings(48, 0, 0, 1, 1, List.of("\n"), 0);

  private final ChatPrompt chat;
  private final TextWriter writer;
  private final Drafts drafts;
  private final long seed;
  private final Progress progress;
  private final BooleanSupplier stop;

  Rewriting(TrainedRun run, Drafts drafts, long seed, Progress progress, BooleanSupplier stop) {
    Pretrained.Language language = run.language();
    chat = run.chat();
    writer = new TextWriter(language.model(), language.tokenizer(), language.end(), run.compute());
    this.drafts = drafts;
    this.seed = seed;
    this.progress = progress;
    this.stop = stop;
  }

  /** One caption of each photo written anew and asked of; null where it was stopped. */
  List<Grown> of(PhotoFeatures photos, Judge judge, double threshold, boolean paraphrases, boolean questions) {
    List<String> captions = new ArrayList<>();
    for (int i = 0; i < photos.photos().size(); i++) {
      List<String> all = photos.photos().get(i).captions();
      captions.add(all.get(Draws.below(seed, "grow caption", 0, i, all.size())));
    }
    List<Grown> grown = new ArrayList<>();
    if (paraphrases) {
      List<String> written = write("paraphrases", captions.stream().map(c -> new Task("paraphrase " + c, Paraphrase.prompt(c))).toList());
      if (written == null) {
        return null;
      }
      grown.addAll(paraphrased(photos, captions, written, judge, threshold));
    }
    if (questions) {
      List<Grown> asked = asked(photos, captions);
      if (asked == null) {
        return null;
      }
      grown.addAll(asked);
    }
    return grown;
  }

  private static List<Grown> paraphrased(
      PhotoFeatures photos, List<String> captions, List<String> written, Judge judge, double threshold) {
    List<String> texts = written.stream().map(Paraphrase::clean).toList();
    double[] scores = texts.isEmpty() ? new double[0] : judge.of(photos, texts);
    List<Grown> grown = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      Photo photo = photos.photos().get(i);
      String wrong = Paraphrase.wrong(captions.get(i), texts.get(i), photo.captions());
      String thrown = wrong != null ? wrong : scores[i] < threshold ? "unlikely" : null;
      grown.add(new Grown(photo.image(), Origin.PARAPHRASE, captions.get(i), null, texts.get(i), scores[i], thrown));
    }
    return grown;
  }

  private List<Grown> asked(PhotoFeatures photos, List<String> captions) {
    List<String> written = write("questions", captions.stream().map(c -> new Task("question " + c, QuestionOf.prompt(c))).toList());
    if (written == null) {
      return null;
    }
    List<QuestionOf.Asked> asked = written.stream().map(QuestionOf::read).toList();
    List<Task> again = new ArrayList<>();
    List<Integer> which = new ArrayList<>();
    String[] wrong = new String[captions.size()];
    for (int i = 0; i < wrong.length; i++) {
      wrong[i] = asked.get(i) == null ? "another form" : QuestionOf.wrong(captions.get(i), asked.get(i));
      if (wrong[i] == null) {
        which.add(i);
        String question = asked.get(i).question();
        again.add(new Task("answer " + captions.get(i) + " " + question, QuestionOf.again(captions.get(i), question)));
      }
    }
    List<String> answers = write("answers", again);
    if (answers == null) {
      return null;
    }
    for (int i = 0; i < answers.size(); i++) {
      if (!QuestionOf.same(asked.get(which.get(i)).answer(), answers.get(i))) {
        wrong[which.get(i)] = "another answer when asked again";
      }
    }
    List<Grown> grown = new ArrayList<>();
    for (int i = 0; i < wrong.length; i++) {
      QuestionOf.Asked one = asked.get(i) == null ? new QuestionOf.Asked("", written.get(i)) : asked.get(i);
      grown.add(
          new Grown(photos.photos().get(i).image(), Origin.QUESTION, captions.get(i), one.question(), one.answer(), Double.NaN, wrong[i]));
    }
    return grown;
  }

  /** @param of the draft's name */
  private record Task(String of, List<ChatPrompt.Turn> turns) {}

  /** One text a task; null where it was stopped. */
  private List<String> write(String name, List<Task> tasks) {
    try (Progress.Task bar = progress.start(name, tasks.size(), "captions")) {
      for (int from = 0; from < tasks.size(); from += AT_ONCE) {
        List<Task> block = tasks.subList(from, Math.min(tasks.size(), from + AT_ONCE));
        List<Task> missing = block.stream().filter(task -> drafts.get(task.of) == null).toList();
        if (!missing.isEmpty()) {
          if (stop.getAsBoolean()) {
            return null;
          }
          List<int[]> prompts = missing.stream().map(task -> chat.conversation(task.turns).get(0)).toList();
          drafts.add(missing.stream().map(Task::of).toList(), writer.answers(prompts, GREEDY));
        }
        bar.advance(block.size());
      }
    }
    return tasks.stream().map(task -> drafts.get(task.of)).toList();
  }
}
