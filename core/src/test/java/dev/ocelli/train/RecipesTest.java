package dev.ocelli.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ocelli.UserError;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RecipesTest {
  /** What runs' recipes did not always have. Stage 1 has had {@code captions_at_once} for longer, and always one. */
  private static final String SINCE =
      "\n  (show|layers|views|centre|whiten|apart|glance|patches|querybank): .*|\n  glance:(\n    .*)+|\n  captions_at_once: [2-9]";

  @TempDir Path folder;

  private final Recipes recipes = new Recipes();

  private Path yaml(String text) throws Exception {
    return Files.writeString(folder.resolve("my.yaml"), text);
  }

  private Recipe set(String... changes) {
    return recipes.read("photos", List.of(changes));
  }

  @ParameterizedTest
  @ValueSource(strings = {"photos", "article"})
  void whatIsWrittenReadsTheSame(String name) throws Exception {
    Recipe recipe = recipes.read(name, List.of());
    recipes.save(recipe, folder.resolve("recipe.yaml"));
    assertThat(recipes.read(folder.resolve("recipe.yaml"))).isEqualTo(recipe);
    assertThat(recipes.differences(recipe, recipes.read(folder.resolve("recipe.yaml")), Set.of())).isEmpty();
  }

  @Test
  void aRunFromBeforeThereWasASettingStaysWithoutIt() throws Exception {
    Path file = folder.resolve("recipe.yaml");
    Files.writeString(file, recipes.write(set()).replaceFirst("\n  whiten: .*", ""));
    assertThat(recipes.read(file).qformer().whiten()).isZero();
    assertThat(recipes.read(file).qformer().apart()).isTrue();
    Files.writeString(file, recipes.write(set()).replaceFirst("\n  apart: .*", ""));
    assertThat(recipes.read(file).qformer().apart()).isFalse();
    assertThat(set().qformer().whiten()).isPositive();
    Files.writeString(file, recipes.write(set()).replaceFirst("\n  layers: .*", ""));
    assertThat(recipes.read(file).features().layers()).isEqualTo(1);
    assertThat(set().features().layers()).isGreaterThan(1);
    // From before there was any of them.
    Files.writeString(file, recipes.write(set("stage2.captions_at_once=3")).replaceAll(SINCE, ""));
    assertThat(Files.readString(file)).doesNotContain("glance").doesNotContain("captions_at_once: 3");
    Recipe old = recipes.read(file);
    assertThat(old)
        .isEqualTo(
            set(
                "features.show=middle", "features.layers=1", "features.views=0", "qformer.centre=false", "qformer.whiten=0", "qformer.apart=false", "qformer.glance=false",
                "stage1.patches=1", "stage1.querybank=0", "stage2.captions_at_once=1"));
    assertThat(recipes.read(file.toString(), List.of("seed=7")).features().show()).as("as --recipe").isEqualTo("middle");
  }

  @Test
  void aFileSaysOnlyWhatDiffers() throws Exception {
    Recipe mine = recipes.read(yaml("seed: 7\nstage1:\n  rates:\n    new: 1.0e-3\nmodels:\n  random: [text]\n"));
    Recipe base = set();
    assertThat(mine.seed()).isEqualTo(7);
    assertThat(mine.stage1().rates()).isEqualTo(new Recipe.Stage1Rates(base.stage1().rates().body(), 1e-3));
    assertThat(mine.models().random()).containsExactly("text");
    assertThat(mine.stage2()).isEqualTo(base.stage2());
    assertThat(recipes.read(yaml("# nothing but a comment\nseed: 42\n"))).isEqualTo(base);
  }

  @ParameterizedTest
  @CsvSource({
    "stage1.bach=2, stage1.batch",
    "stage2.lora.ranks=2, stage2.lora.rank",
    "sead=1, seed",
    "features.view=1, features.views",
    "stage1.rates.nwe=1, stage1.rates.new",
    "stage1.objectives.itmm=1, stage1.objectives.itm",
    "generation.topk=1, generation.top_k"
  })
  void aMisspeltKeyNamesTheNearest(String change, String meant) {
    assertThatThrownBy(() -> set(change))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("Did you mean " + meant + "?")
        .hasMessageContaining(change.substring(0, change.indexOf('=')));
  }

  @ParameterizedTest
  @CsvSource({
    "stage1.batch=many, batch",
    "stage1.batch=2.5, batch",
    "stage1.batch=, batch",
    "seed=[1], seed",
    "stage1.rates=1, stage1.rates",
    "stage1=, stage1",
    "stage2.lora.dropout=low, dropout",
    "stage1.learn_temperature=perhaps, learn_temperature",
    "stage1.batch=1, stage1.batch is 1",
    "stage1.similarity=worst, stage1.similarity is \"worst\"",
    "data.test=1.5, data.test is 1.5",
    "models.random=[sight], models.random is \"sight\"",
    "stage2.system=[], stage2.system",
    "stage1.temperature=.nan, stage1.temperature",
    "stage1.objectives.itm=-1, stage1.objectives.itm is -1",
    "stage1.objectives.itc=0, stage1.objectives are all 0",
    "stage1.micro_batch=-1, stage1.micro_batch is -1"
  })
  void aWrongValueIsNamed(String change, String named) {
    assertThatThrownBy(() -> set(change)).isInstanceOf(UserError.class).hasMessageContaining(named);
  }

  @Test
  void changesComeOverTheFile() throws Exception {
    Path file = yaml("stage1:\n  batch: 8\nseed: 1\n");
    Recipe recipe = recipes.read(file.toString(), List.of("stage1.batch=16", "stage1.rates.body = 1e-5", "stage2.lora.targets=[q_proj]"));
    assertThat(recipe.seed()).isEqualTo(1);
    assertThat(recipe.stage1().batch()).isEqualTo(16);
    assertThat(recipe.stage1().rates().body()).isEqualTo(1e-5);
    assertThat(recipe.stage2().lora().targets()).isEqualTo(Set.of("q_proj"));
    assertThat(set("seed=1", "seed=2").seed()).isEqualTo(2);
    assertThatThrownBy(() -> set("seed")).isInstanceOf(UserError.class).hasMessageContaining("key=value");
    assertThatThrownBy(() -> set("=3")).isInstanceOf(UserError.class).hasMessageContaining("key=value");
  }

  @Test
  void anEmptyValueIsNamed() throws Exception {
    assertThatThrownBy(() -> set("models.vision=")).isInstanceOf(UserError.class).hasMessageContainingAll("models.vision is empty", "dinov2-small");
    Path file = yaml("precision:\n");
    assertThatThrownBy(() -> recipes.read(file)).isInstanceOf(UserError.class).hasMessageContainingAll("precision is empty", "auto");
    Path section = yaml("stage1:\n");
    assertThatThrownBy(() -> recipes.read(section)).isInstanceOf(UserError.class).hasMessageContaining("stage1 is empty");
  }

  @Test
  void whatIsNoYamlNamesItsLine() throws Exception {
    Path file = yaml("seed: 1\nstage1: [\n");
    assertThatThrownBy(() -> recipes.read(file)).isInstanceOf(UserError.class).hasMessageContaining("my.yaml, line ");
    Path list = yaml("- seed\n");
    assertThatThrownBy(() -> recipes.read(list)).isInstanceOf(UserError.class).hasMessageContaining("key: value");
    assertThatThrownBy(() -> recipes.read("nowhere.yaml", List.of())).isInstanceOf(UserError.class).hasMessageContaining("nowhere.yaml");
  }

  @Test
  void differencesNameKeysAndBothValues() {
    Recipe other = set("stage1.batch=32", "stage1.rates.new=0.25", "device=cuda", "stage2.lora.rank=2");
    assertThat(recipes.differences(set(), other, Set.of()))
        .containsExactlyInAnyOrder(
            "stage1.batch: 64 → 32", "stage1.rates.new: 5.0E-4 → 0.25", "device: \"cpu\" → \"cuda\"", "stage2.lora.rank: 16 → 2");
    assertThat(recipes.differences(set(), other, Set.of("device", "stage2", "stage1.rates"))).containsExactly("stage1.batch: 64 → 32");
  }
}
