package dev.ocelli.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ocelli.Progress;
import dev.ocelli.generate.PhotoAnswers;
import dev.ocelli.testing.TinyTraining;
import dev.ocelli.train.TrainedRun;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The examples say what the command line says. */
class ExamplesTest {
  private static final String QUESTION = "what is the shape?";

  @TempDir static Path root;

  private static String run;
  private static String photo;

  private interface Example {
    void main(String[] args) throws Exception;
  }

  @BeforeAll
  static void train() {
    run = TinyTraining.train(root, "run").toString();
    photo = root.resolve("data/images/drawing-03.png").toString();
  }

  private static String expected(String question) {
    try (TrainedRun trained = TrainedRun.open(Path.of(run), TinyTraining.pull(root), Progress.NONE, line -> {})) {
      return new PhotoAnswers(trained.features(), trained.captioner(), trained.prompt(question), trained.sampling()).of(Path.of(photo), piece -> {});
    }
  }

  private static String said(Example example, String... args) throws Exception {
    PrintStream before = System.out;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
    try {
      example.main(args);
    } finally {
      System.setOut(before);
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void captionPhoto() throws Exception {
    assertThat(said(CaptionPhoto::main, run, photo).strip()).isNotEmpty().isEqualTo(expected(null));
  }

  @Test
  void askAboutPhoto() throws Exception {
    assertThat(said(AskAboutPhoto::main, run, photo, QUESTION)).startsWith(expected(QUESTION) + System.lineSeparator()).contains("tokens)");
  }

  @Test
  void langChainPhoto() throws Exception {
    assertThat(said(LangChainPhoto::main, run, photo, QUESTION).strip()).isEqualTo(expected(QUESTION));
  }
}
