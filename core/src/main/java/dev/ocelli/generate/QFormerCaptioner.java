package dev.ocelli.generate;

import dev.ocelli.UserError;
import dev.ocelli.model.ImageTextModel;
import dev.ocelli.model.QFormer;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.text.Tokenizer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The Q-Former's own captions (ITG), without any language model: the queries see the picture once, then the text looks back at their keys
 * and values and at its own, to which each token adds.
 *
 * @param model trained with ITG
 */
public record QFormerCaptioner(ImageTextModel model, Tokenizer tokenizer, Compute compute) {
  /** Keys and values so far, which outlive the step that made them. */
  private static final class Past {
    QFormer.Pass pass;
  }

  /**
   * A caption of each picture.
   *
   * @param features {@code [pictures, patches, imageHidden]}
   * @param firstRow number of the first picture, which its draws follow from
   * @param heard gets each piece of text as it comes; with several pictures, of all of them mixed
   */
  public List<String> captions(Tensor features, SamplingSettings settings, long firstRow, Consumer<String> heard) {
    int positions = model.qformer().config().positions();
    if (settings.maxTokens() > positions) {
      throw UserError.of("%d tokens are asked for, but the Q-Former has %d positions. Ask for fewer.", settings.maxTokens(), positions);
    }
    // As it was trained: the last of what the tokenizer puts around a text.
    int[] framed = tokenizer.encode("a", true);
    TextLoop loop = new TextLoop(
            tokenizer, framed[framed.length - 1], settings, Collections.nCopies(Math.toIntExact(features.size(0)), new int[0]), firstRow, heard);
    List<String> captions = new ArrayList<>();
    Scope.run(() -> Scope.noGrad(
        () -> {
          Past past = new Past();
          past.pass = model.qformer().see(model.qformer().look(features), false);
          captions.addAll(loop.write(chosen -> next(chosen, past)));
          return features;
        }));
    return captions;
  }

  private Tensor next(int[] chosen, Past past) {
    QFormer.Pass before = past.pass;
    long rows = before.states().size(0);
    List<Tensor> kept =
        Scope.all(
            () -> {
              // The start token needs no id.
              Tensor start = chosen == null ? model.words().start() : null;
              Tensor ids = compute.place(Tensors.of(chosen == null ? new int[0] : chosen, rows, chosen == null ? 0 : 1));
              QFormer.Pass now = model.qformer().tell(start, ids, before, false);
              List<Tensor> all = new ArrayList<>(now.keyValues());
              all.add(now.states());
              all.add(model.words().logits(now.states().select(1, 0)).cpu().to(ScalarType.Float).contiguous());
              return all;
            });
    before.keyValues().forEach(Tensor::close);
    before.states().close();
    int layers = before.keyValues().size();
    past.pass = new QFormer.Pass(kept.get(layers), kept.subList(0, layers));
    return kept.get(layers + 1);
  }
}
