package dev.ocelli.embed;

import dev.ocelli.AtomicFile;
import dev.ocelli.Progress;
import dev.ocelli.UserError;
import dev.ocelli.generate.SamplingSettings;
import dev.ocelli.image.ImageReader;
import dev.ocelli.text.ChatPrompt;
import dev.ocelli.train.TrainedRun;
import dev.ocelli.weights.Pull;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;

/**
 * A trained run inside a Java program, without a server:
 *
 * <pre>
 *   try (Ocelli ocelli = Ocelli.load(Path.of("runs/first"))) {
 *     System.out.println(ocelli.caption(Path.of("dog.jpg")));
 *   }
 * </pre>
 *
 * For any number of threads: each call waits for its own answer, and answers asked for at the same time are written together. Tensors live
 * outside Java's heap: close it when it is no longer needed.
 */
public final class Ocelli implements AutoCloseable {
  private final AnswerThread answers;
  private final AnswerThread.Model model;
  /** Conversations become tokens in their callers' threads: closing waits for those, and they see that it is closed. */
  private final ReadWriteLock open = new ReentrantReadWriteLock();

  private boolean closed;

  private Ocelli(AnswerThread answers) {
    this.answers = answers;
    model = answers.model();
  }

  /**
   * Loads a run as {@code ocelli caption} would; weights that aren't on this machine yet are fetched.
   *
   * @param run a folder that {@code ocelli train} wrote
   * @throws UserError where it is none, or its models can't be had
   */
  public static Ocelli load(Path run) {
    return load(run, new Pull(Pull.Settings.fromEnvironment()), System.err::println);
  }

  /**
   * @param pull where models are looked for
   * @param warn gets a line where the run may not answer as it was trained to
   */
  public static Ocelli load(Path run, Pull pull, Consumer<String> warn) {
    AnswerThread answers = new AnswerThread(() -> TrainedRun.open(run, pull, Progress.NONE, warn));
    try {
      return new Ocelli(answers);
    } catch (RuntimeException | Error e) {
      answers.close();
      throw e;
    }
  }

  /** Describes a photo, as the first of the questions that the run was trained with asks. */
  public String caption(Path photo) {
    return ask(photo, model.question());
  }

  /** Answers a question about a photo. */
  public String ask(Path photo, String question) {
    return stream(photo, question, piece -> {});
  }

  /**
   * As {@link #ask}.
   *
   * @param heard gets each piece of the answer as it comes, in the calling thread
   * @return the whole answer
   */
  public String stream(Path photo, String question, Consumer<String> heard) {
    try {
      return answer(List.of(Turn.user(question, Files.readAllBytes(photo))), sampling(), heard).text();
    } catch (IOException e) {
      throw new UserError("Can't read " + photo + ": " + AtomicFile.reason(e) + ".", e);
    }
  }

  /** The settings of the run's recipe. */
  public SamplingSettings sampling() {
    return model.sampling();
  }

  /**
   * The next turn of a conversation. Where no turn is the system's, the run's own system prompt comes first.
   *
   * @param heard gets each piece of the answer as it comes, in the calling thread
   * @throws UserError where a picture can't be read or the conversation is too long
   */
  public Reply answer(List<Turn> turns, SamplingSettings settings, Consumer<String> heard) {
    List<ChatPrompt.Turn> all = new ArrayList<>();
    if (turns.stream().noneMatch(t -> t.role().equals("system"))) {
      all.add(new ChatPrompt.Turn("system", model.system(), 0));
    }
    List<float[]> pictures = new ArrayList<>();
    for (Turn turn : turns) {
      all.add(new ChatPrompt.Turn(turn.role(), turn.text(), turn.pictures().size()));
      turn.pictures().forEach(bytes -> pictures.add(model.preprocessing().apply(ImageReader.read(bytes, "the picture"))));
    }
    return answers.answer(words(all), pictures, settings, heard);
  }

  private List<int[]> words(List<ChatPrompt.Turn> turns) {
    open.readLock().lock();
    try {
      if (closed) {
        throw new IllegalStateException("This Ocelli is closed");
      }
      return model.chat().conversation(turns);
    } finally {
      open.readLock().unlock();
    }
  }

  /** Lets go of the models. Answers under way end with an {@link IllegalStateException}. */
  @Override
  public void close() {
    open.writeLock().lock();
    closed = true;
    open.writeLock().unlock();
    answers.close();
  }
}
