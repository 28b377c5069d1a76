package dev.ocelli.model;

import dev.ocelli.nn.LayerNorm;
import dev.ocelli.nn.Linear;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.nn.Weights;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Scores of the next word, and the start token that a text begins with. As in BLIP-2's own code (LAVIS, {@code blip2_models/Qformer.py},
 * class {@code BertLMHeadModel}) this is BERT's head for masked words: a linear layer, GELU and a norm, then products with the word
 * embeddings, which are tied, plus a bias a word. A BERT's checkpoint has it under the same names; others begin at random.
 *
 * <p>BLIP-2 puts a word [DEC] for the start into the vocabulary. Here the start is a vector of its own, so that tokenizer and table stay
 * those of the text model; it is never a word to predict in either.
 */
public final class WordHead {
  private final Tensor start;
  private final Linear dense;
  private final LayerNorm norm;
  private final Tensor bias;
  private final Tensor words;

  /** @param qformer whose words it scores; built with its text half */
  public WordHead(QFormer qformer, Weights weights) {
    QFormer.Config c = qformer.config();
    start = weights.get(Weights.Kind.TABLE, "decoder_start", 1, c.hidden());
    dense = weights.linear("cls.predictions.transform.dense", c.hidden(), c.hidden());
    norm = weights.layerNorm("cls.predictions.transform.LayerNorm", c.hidden(), c.epsilon());
    bias = weights.get(Weights.Kind.BIAS, "cls.predictions.bias", c.vocabulary());
    words = qformer.words();
  }

  /** Vector of the start token, {@code [1, hidden]}, for {@link QFormer#tell}. */
  public Tensor start() {
    return start;
  }

  /** Text states {@code [..., hidden]} to scores of the word that follows, fp32 {@code [..., vocabulary]}. */
  public Tensor logits(Tensor states) {
    return Scope.of(
        () -> {
          Tensor x = norm.apply(torch.gelu(dense.apply(states)));
          ScalarType type = Tensors.type(dense.weight());
          return torch.linear(x.to(type), words.to(type), new TensorOptional(bias)).to(ScalarType.Float);
        });
  }
}
