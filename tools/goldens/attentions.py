#!/usr/bin/env python3
"""Writes the golden of core's word maps: what transformers' attentions give for the tiny models that models.py wrote.

  python -m venv venv && venv/bin/pip install torch transformers safetensors
  venv/bin/python tools/goldens/attentions.py core/src/test/resources/goldens/models

Reads qformer.safetensors and llama.safetensors there and writes word-maps.safetensors:
  w.NAME          a projector between the two
  in.NAME         image, ids of the prompt before and after the picture, ids of the answer
  out.slots       the answer's tokens over the picture's slots [layers, heads, tokens, queries]
  out.patches     the queries over the patches but the first, a class token [layers with cross-attention, heads, queries, patches]
  out.tokens      maps of the tokens [tokens, patches]
  out.average     the queries' average map [patches]

Written with torch 2.15, transformers 5.23, safetensors 0.8, on a CPU in fp32.
"""
import json, pathlib, sys

import torch
import transformers as tf
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch.nn import functional as F

torch.set_num_threads(1)
tf.logging.set_verbosity_error()
folder = pathlib.Path(sys.argv[1])


def golden(name):
    with safe_open(folder / f"{name}.safetensors", "pt") as f:
        config = json.loads(f.metadata()["config"])
    tensors = load_file(folder / f"{name}.safetensors")
    return config, {k[2:]: v for k, v in tensors.items() if k.startswith("w.")}, {k[3:]: v for k, v in tensors.items() if k.startswith("in.")}


config, weights, inputs = golden("qformer")
known = {k: v for k, v in config.items() if k not in ("queries", "cross_first")}
qformer = tf.Blip2QFormerModel(tf.Blip2QFormerConfig(**known, attn_implementation="eager")).eval()
missing = qformer.load_state_dict({k: v for k, v in weights.items() if k in qformer.state_dict()}, strict=False).missing_keys
assert not missing, missing
queries = weights["query_tokens"]
config, weights, _ = golden("llama")
language = tf.LlamaForCausalLM(tf.LlamaConfig(**config, attn_implementation="eager")).eval()
missing = language.load_state_dict(weights, strict=False).missing_keys
assert not missing, missing

torch.manual_seed(11)
a, b = queries.shape[-1], language.config.hidden_size
projector = {
    "linear_1.weight": torch.randn(4 * a, a) / a**0.5, "linear_1.bias": torch.randn(4 * a) / 10,
    "linear_2.weight": torch.randn(b, 4 * a) / (4 * a) ** 0.5, "linear_2.bias": torch.randn(b) / 10,
}
image, before, after, answer = inputs["image"][:1], torch.tensor([4, 9, 2]), torch.tensor([7, 1]), torch.tensor([3, 30, 12, 3])

with torch.no_grad():
    # Without dictionaries the cross-attentions are the last of what comes out.
    seen = qformer(queries, encoder_hidden_states=image, output_attentions=True, return_dict=True)
    patches = torch.stack([p for p in seen.cross_attentions if p is not None])[:, 0, :, :, 1:]
    x = F.linear(seen.last_hidden_state, projector["linear_1.weight"], projector["linear_1.bias"])
    x = F.linear(F.gelu(x), projector["linear_2.weight"], projector["linear_2.bias"])
    embed = language.get_input_embeddings()
    all_ = torch.cat([embed(before)[None], x, embed(after)[None], embed(answer)[None]], 1)
    attentions = torch.stack(language(inputs_embeds=all_, output_attentions=True).attentions)[:, 0]
    slots = attentions[:, :, -len(answer):, len(before):len(before) + queries.shape[1]]

# Plainly: means over layers and heads, shares of the slots and of the patches, their product.
s = slots.mean((0, 1))
s = s / s.sum(1, keepdim=True)
p = patches.mean((0, 1))
p = p / p.sum(1, keepdim=True)
tokens = torch.zeros(len(answer), p.shape[1])
for t in range(len(answer)):
    for q in range(len(p)):
        tokens[t] += s[t, q] * p[q]

out = {"slots": slots, "patches": patches, "tokens": tokens, "average": p.mean(0)}
tensors = {"w." + k: v for k, v in projector.items()} | {"out." + k: v for k, v in out.items()}
tensors |= {"in.image": image, "in.before": before, "in.after": after, "in.answer": answer}
save_file({k: v.contiguous().clone() for k, v in tensors.items()}, folder / "word-maps.safetensors", {"config": "{}", "bf16": "{}"})
print({k: tuple(v.shape) for k, v in out.items()}, "maps differ by", (tokens.max(0).values - tokens.min(0).values).max().item())
