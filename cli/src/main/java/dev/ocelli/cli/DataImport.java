package dev.ocelli.cli;

import dev.ocelli.data.CaptionFolder;
import dev.ocelli.data.ImportedFolder;
import dev.ocelli.data.Questions;
import dev.ocelli.data.SplitSettings;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ocelli data import}. */
@Command(
    name = "import",
    mixinStandardHelpOptions = true,
    description = {
      "Makes a plain folder (images/, captions.csv, and questions.jsonl where there are questions) out of data in another format.",
      "There is no need to: train and eval read all formats themselves. It helps to look at the pictures, to mend captions or to add some. A"
          + " call that was stopped goes on.",
      "Formats: CSV, TSV or JSONL with photos; photo.jpg with photo.txt; Parquet with paths or pictures (Hugging Face datasets, img2dataset);"
          + " WebDataset tars; COCO captions; Flickr8k and Flickr30k token files; LLaVA conversations."
    },
    footer = {"", "Example:", "  ocelli data import downloads/coco --out coco"})
final class DataImport implements Callable<Integer> {
  private final Console console;

  @Parameters(paramLabel = "SOURCE", description = "A file or folder of one of the formats.")
  private Path source;

  @Option(names = "--out", required = true, paramLabel = "DIR", description = "The folder to make: new, empty, or of the same import.")
  private Path out;

  @Option(names = "--json", description = "Print what there is now as JSON.")
  private boolean json;

  DataImport(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    CaptionFolder data = CaptionFolder.read(source, new SplitSettings(0, 0, 0));
    Questions questions = Questions.read(source, data);
    data.warnings().forEach(console::warn);
    questions.warnings().forEach(console::warn);
    ImportedFolder.Result result = ImportedFolder.write(data, questions, out, console.progress());
    result.skipped().entrySet().stream().limit(5).forEach(e -> console.warn(e.getKey() + " is left out: " + e.getValue()));
    if (json) {
      console.json(result);
    } else {
      console.out().printf(
          "%s: %d photos of %s (%d written now, %d left out), %d captions, %d conversations%n",
          out, result.photos(), result.format(), result.written(), result.skipped().size(), result.captions(), result.conversations());
    }
    return Ocelli.FINE;
  }
}
