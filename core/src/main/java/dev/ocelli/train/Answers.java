package dev.ocelli.train;

import dev.ocelli.Progress;
import dev.ocelli.UserError;
import dev.ocelli.data.Dialogue;
import dev.ocelli.data.Part;
import dev.ocelli.data.Photo;
import dev.ocelli.data.Questions;
import dev.ocelli.eval.AnswerScores;
import dev.ocelli.eval.AnswerText;
import dev.ocelli.eval.GuessedAnswers;
import dev.ocelli.generate.QuestionAnswers;
import dev.ocelli.generate.SamplingSettings;
import dev.ocelli.model.PhotoFeatures;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Asks a run the questions of a data folder: each with its photo, with none, with another photo, and another photo's question instead.
 *
 * @param scores in percent
 * @param rows what was answered, question by question
 */
public record Answers(AnswerScores scores, List<Row> rows) {
  /** Answers are a word or two: longer ones aren't waited for. */
  private static final int MOST_TOKENS = 16;
  private static final int SHIFT = 37;

  /** One question and what was said to it; {@code blank} without a photo. */
  public record Row(String image, String kind, String question, String expected, String answer, boolean right, String blank) {}

  /** A turn with those before it, whose true answers are given. */
  private record Asked(Photo photo, List<Dialogue.Turn> earlier, Dialogue.Turn turn) {
    List<Dialogue.Turn> turns() {
      List<Dialogue.Turn> all = new ArrayList<>(earlier);
      all.add(turn);
      return all;
    }
  }

  /**
   * @param twin the same model trained without seeing; null: {@code run} itself is asked with its image slot blanked
   * @param parts which photos' questions
   * @param limit how many questions at most, evenly out of all
   * @param swaps whether to swap photos and questions too
   * @param stores folder of feature stores
   */
  public static Answers of(
      TrainedRun run, TrainedRun twin, Path data, Set<Part> parts, int limit, boolean swaps, Path stores, Progress progress) {
    Questions questions = run.data().questions(data);
    if (twin != null && !twin.recipe().stage2().blankImage()) {
      throw UserError.of("%s learnt with its photos. Name a run that was trained with stage2.blank_image=true.", twin.folder().path());
    }
    if (twin != null && !seen(twin).equals(seen(run))) {
      throw UserError.of(
          "%s sees photos otherwise than %s (models.vision, features.show, features.layers or features.join). Name a twin that was trained with the same.",
          twin.folder().path(), run.folder().path());
    }
    PhotoFeatures photos = run.forLanguage(run.data().photos(data, parts, stores));
    List<Asked> asked = some(photos.photos(), questions, limit);
    if (asked.isEmpty()) {
      throw UserError.of("%s has no questions about the photos asked for. Add questions.csv, or choose another --split.", data);
    }
    List<Photo> own = asked.stream().map(Asked::photo).toList();
    List<String> answers = ask(run, photos.with(own), asked, "answers", progress);
    List<String> blank = blank(twin == null ? run : twin, photos, asked, progress);
    List<String> guesses = guesses(run, data, questions, asked);
    List<String> otherPhoto = null;
    AnswerScores.Swapped swapped = null;
    if (swaps && own.stream().distinct().count() > 1) {
      int[] other = others(asked);
      otherPhoto = ask(run, photos.with(IntStream.of(other).mapToObj(own::get).toList()), asked, "answers with other photos", progress);
      List<Asked> exchanged = IntStream.of(other).mapToObj(asked::get).toList();
      swapped = swapped(asked, exchanged, answers, ask(run, photos.with(own), exchanged, "answers to other questions", progress));
    }
    List<String> kinds = asked.stream().map(a -> a.turn.kind()).toList();
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < asked.size(); i++) {
      Dialogue.Turn turn = asked.get(i).turn;
      rows.add(
          new Row(
              own.get(i).image(), turn.kind(), turn.question(), turn.answer(), answers.get(i), AnswerText.same(answers.get(i), turn.answer()),
              blank.get(i)));
    }
    return new Answers(
        new AnswerScores(
            asked.size(),
            counts(kinds),
            accuracy(asked, answers),
            accuracy(asked, blank),
            twin == null ? "evaluated" : "trained",
            guesses == null ? null : accuracy(asked, guesses),
            otherPhoto == null ? null : accuracy(asked, otherPhoto),
            swapped),
        rows);
  }

  /** What of photos a run looks at. */
  private static List<Object> seen(TrainedRun run) {
    Recipe.Features features = run.recipe().features();
    Object sha256 = run.folder().about().get("vision") instanceof Map<?, ?> vision ? vision.get("sha256") : null;
    return List.of(String.valueOf(sha256), features.show(), features.layers(), features.join());
  }

  private static List<Asked> some(List<Photo> photos, Questions questions, int limit) {
    List<Asked> all = new ArrayList<>();
    for (Photo photo : photos) {
      for (Dialogue dialogue : questions.of(photo)) {
        for (int t = 0; t < dialogue.turns().size(); t++) {
          all.add(new Asked(photo, dialogue.turns().subList(0, t), dialogue.turns().get(t)));
        }
      }
    }
    int n = Math.min(limit, all.size());
    return IntStream.range(0, n).mapToObj(i -> all.get((int) ((long) i * all.size() / n))).toList();
  }

  private static List<String> ask(TrainedRun run, PhotoFeatures photos, List<Asked> asked, String task, Progress progress) {
    SamplingSettings s = run.sampling();
    SamplingSettings brief =
        new SamplingSettings(Math.min(s.maxTokens(), MOST_TOKENS), 0, s.topK(), s.topP(), s.repetitionPenalty(), s.stop(), s.seed());
    Map<String, List<Dialogue.Turn>> turns = new LinkedHashMap<>();
    List<String> keys = asked.stream().map(a -> key(a, turns)).toList();
    return new QuestionAnswers(run.captioner(), key -> run.promptOf(turns.get(key)), brief, progress).of(photos, keys, task);
  }

  private static String key(Asked asked, Map<String, List<Dialogue.Turn>> turns) {
    StringBuilder key = new StringBuilder();
    asked.earlier.forEach(t -> key.append(t.question()).append('\n').append(t.answer()).append('\n'));
    turns.put(key.append(asked.turn.question()).toString(), asked.turns());
    return key.toString();
  }

  /** Without a photo, equal questions have equal answers. */
  private static List<String> blank(TrainedRun run, PhotoFeatures photos, List<Asked> asked, Progress progress) {
    Map<String, Asked> different = new LinkedHashMap<>();
    asked.forEach(a -> different.putIfAbsent(key(a, new LinkedHashMap<>()), a));
    List<Asked> once = List.copyOf(different.values());
    List<String> said =
        ask(run, photos.blanked().with(once.stream().map(Asked::photo).toList()), once, "answers without a photo", progress);
    Map<String, String> known = new LinkedHashMap<>();
    List<String> keys = List.copyOf(different.keySet());
    for (int i = 0; i < once.size(); i++) {
      known.put(keys.get(i), said.get(i));
    }
    return asked.stream().map(a -> known.get(key(a, new LinkedHashMap<>()))).toList();
  }

  /** Null where there is nothing to guess from. */
  private static List<String> guesses(TrainedRun run, Path data, Questions questions, List<Asked> asked) {
    List<Dialogue.Turn> training =
        run.data().trainingPhotos(data).stream().flatMap(p -> questions.of(p).stream()).flatMap(d -> d.turns().stream()).toList();
    if (training.isEmpty()) {
      return null;
    }
    GuessedAnswers guessed = new GuessedAnswers(training);
    return asked.stream().map(a -> guessed.of(a.turn)).toList();
  }

  /** For each question one about another photo. */
  private static int[] others(List<Asked> asked) {
    int n = asked.size();
    int[] others = new int[n];
    for (int i = 0; i < n; i++) {
      int j = (i + SHIFT) % n;
      while (asked.get(j).photo.image().equals(asked.get(i).photo.image())) {
        j = (j + 1) % n;
      }
      others[i] = j;
    }
    return others;
  }

  private static AnswerScores.Swapped swapped(List<Asked> asked, List<Asked> exchanged, List<String> answers, List<String> now) {
    int changed = 0;
    int should = 0;
    int still = 0;
    for (int i = 0; i < asked.size(); i++) {
      boolean differ = !AnswerText.same(asked.get(i).turn.answer(), exchanged.get(i).turn.answer());
      should += differ ? 1 : 0;
      changed += AnswerText.same(answers.get(i), now.get(i)) ? 0 : 1;
      still += differ && AnswerText.same(now.get(i), asked.get(i).turn.answer()) ? 1 : 0;
    }
    double n = asked.size() / 100.0;
    return new AnswerScores.Swapped(changed / n, should / n, still / n);
  }

  private static Map<String, Double> accuracy(List<Asked> asked, List<String> answers) {
    List<Boolean> right = new ArrayList<>();
    for (int i = 0; i < asked.size(); i++) {
      right.add(AnswerText.same(answers.get(i), asked.get(i).turn.answer()));
    }
    return AnswerScores.accuracy(asked.stream().map(a -> a.turn.kind()).toList(), right);
  }

  private static Map<String, Integer> counts(List<String> kinds) {
    Map<String, Integer> counts = new java.util.TreeMap<>();
    kinds.forEach(kind -> counts.merge(kind.isEmpty() ? "other" : kind, 1, Integer::sum));
    counts.put(AnswerScores.ALL, kinds.size());
    return counts;
  }
}
