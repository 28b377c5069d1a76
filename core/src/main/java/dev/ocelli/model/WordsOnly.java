package dev.ocelli.model;

import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** A language model that is trained itself, on conversations without their pictures. */
public record WordsOnly(LanguageModel language, Compute compute) {
  /** The mean cross-entropy of the answers' tokens, with its graph. */
  public Tensor loss(List<Vlm.Example> examples) {
    // Without a picture, answers in one place have nothing to share that would be worth it.
    Sequences s = Sequences.of(examples.stream().flatMap(e -> e.apart().stream()).toList(), 0, false);
    Tensor all = language.embed(place(s.ids())).view(s.batch(), s.own(), -1);
    Tensor hidden = language.forward(all, null, true, null);
    Tensor answers = hidden.flatten(0, 1).index_select(0, place(s.asking()));
    Tensor logits = language.logits(answers).to(ScalarType.Float);
    return torch.cross_entropy_loss(logits, place(s.labels()), new TensorOptional(), 1, -100, 0);
  }

  private Tensor place(long[] indices) {
    return compute.place(Tensors.of(indices, indices.length));
  }
}
