package dev.ocelli.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ocelli.UserError;
import dev.ocelli.embed.Ocelli;
import dev.ocelli.embed.Reply;
import dev.ocelli.embed.Turn;
import dev.ocelli.generate.SamplingSettings;
import dev.ocelli.testing.TinyTraining;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A run inside a program: many threads, several turns, what is wrong, what is closed. Core's own tests have no tiny run at hand. */
@Timeout(120)
class OcelliTest {
  @TempDir static Path root;

  private static Path run;
  private static Ocelli ocelli;

  @BeforeAll
  static void load() {
    run = TinyTraining.train(root, "run");
    ocelli = open();
  }

  @AfterAll
  static void close() {
    ocelli.close();
  }

  private static Ocelli open() {
    return Ocelli.load(
        run, TinyTraining.pull(root),
        line -> {
          throw new AssertionError(line);
        });
  }

  private static Path photo(int i) {
    return root.resolve(String.format("data/images/drawing-%02d.png", i));
  }

  private static SamplingSettings drawn(int seed, int tokens) {
    return new SamplingSettings(tokens, 1, 0, 1, 1, List.of(), seed);
  }

  private static Reply answer(Ocelli from, int i, SamplingSettings settings) {
    try {
      return from.answer(List.of(Turn.user("what is it?", Files.readAllBytes(photo(i)))), settings, piece -> {});
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void manyThreadsGetTheirOwnAnswers() throws Exception {
    List<Reply> alone = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      alone.add(answer(ocelli, i, drawn(i, 4 + 2 * i)));
    }
    List<CompletableFuture<Reply>> together = new ArrayList<>();
    for (int i = 0; i < 24; i++) {
      int which = i % 12;
      together.add(CompletableFuture.supplyAsync(() -> answer(ocelli, which, drawn(which, 4 + 2 * which)), task -> new Thread(task).start()));
    }
    for (int i = 0; i < 24; i++) {
      assertThat(together.get(i).get()).isEqualTo(alone.get(i % 12));
    }
    assertThat(alone.stream().map(Reply::text).distinct().count()).isGreaterThan(4);
  }

  @Test
  void piecesMakeTheAnswer() {
    StringBuilder heard = new StringBuilder();
    Thread caller = Thread.currentThread();
    String whole =
        ocelli.stream(
            photo(1), "what is it?",
            piece -> {
              assertThat(Thread.currentThread()).isSameAs(caller);
              heard.append(piece);
            });
    assertThat(heard.toString().strip()).isNotEmpty().isEqualTo(whole);
  }

  @Test
  void earlierTurnsAndTheSystemCount() throws IOException {
    byte[] picture = Files.readAllBytes(photo(2));
    SamplingSettings settings = drawn(3, 20);
    List<Turn> turns = List.of(Turn.user("what is it?", picture), Turn.assistant("a circle."), Turn.user("is it red?"));
    Reply first = ocelli.answer(turns, settings, piece -> {});
    assertThat(ocelli.answer(turns, settings, piece -> {})).isEqualTo(first);
    List<Turn> other = List.of(turns.get(0), Turn.assistant("a blue square on white."), turns.get(2));
    assertThat(ocelli.answer(other, settings, piece -> {}).text()).isNotEqualTo(first.text());
    List<Turn> told = new ArrayList<>(turns);
    told.add(0, Turn.system("you see blue."));
    assertThat(ocelli.answer(told, settings, piece -> {}).text()).isNotEqualTo(first.text());
    assertThat(ocelli.answer(List.of(Turn.user("red?")), settings, piece -> {}).promptTokens()).isLessThan(first.promptTokens());
  }

  @Test
  void mistakesAreNamed() {
    assertThatThrownBy(() -> Ocelli.load(root.resolve("data"))).isInstanceOf(UserError.class).hasMessageContaining("no run folder");
    assertThatThrownBy(() -> ocelli.caption(root.resolve("gone.png"))).isInstanceOf(UserError.class).hasMessageContaining("gone.png");
    assertThatThrownBy(() -> ocelli.caption(run.resolve("recipe.yaml"))).isInstanceOf(UserError.class).hasMessageContaining("picture");
    assertThatThrownBy(() -> answer(ocelli, 0, drawn(1, 100_000))).isInstanceOf(UserError.class).hasMessageContaining("positions");
    assertThat(ocelli.caption(photo(0))).isNotEmpty();
  }

  /** Whoever hears of an answer may fail: its answer is given up, and the next is not. */
  @Test
  void aListenerThatThrowsCostsItsOwnAnswerOnly() {
    assertThatThrownBy(
            () ->
                ocelli.stream(
                    photo(1), "what is it?",
                    piece -> {
                      throw new IllegalArgumentException("mine");
                    }))
        .hasMessage("mine");
    assertThat(ocelli.caption(photo(0))).isNotEmpty();
  }

  @Test
  void closingEndsWhatRunsAndWhatComesAfter() throws Exception {
    Ocelli other = open();
    CountDownLatch begun = new CountDownLatch(1);
    byte[] picture = Files.readAllBytes(photo(0));
    CompletableFuture<Reply> long1 =
        CompletableFuture.supplyAsync(
            () ->
                other.answer(
                    List.of(Turn.user("what?", picture)), drawn(1, 150),
                    piece -> {
                      begun.countDown();
                      try {
                        Thread.sleep(20);
                      } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                      }
                    }),
            task -> new Thread(task).start());
    begun.await(60, TimeUnit.SECONDS);
    other.close();
    try {
      assertThat(long1.get(60, TimeUnit.SECONDS).text()).as("it had come to its end").isNotEmpty();
    } catch (ExecutionException e) {
      assertThat(e.getCause()).isInstanceOf(IllegalStateException.class).hasMessageContaining("closed");
    }
    assertThatThrownBy(() -> answer(other, 0, drawn(1, 5))).isInstanceOf(IllegalStateException.class).hasMessageContaining("closed");
    other.close();
  }
}
