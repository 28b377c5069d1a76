#!/usr/bin/env python3
"""Writes the golden of stage 1's objectives: BLIP-2's three losses (Li et al. 2023, section 3.1) and their gradients, in plain PyTorch.

  python -m venv venv && venv/bin/pip install torch safetensors
  venv/bin/python tools/goldens/objectives.py core/src/test/resources/goldens/steps

Written with torch 2.15, safetensors 0.8, on a CPU in fp32. Seeded: numbers are reproducible, though safetensors shuffles the metadata.

Nothing is shared or cached here: each objective is one pass over queries and text together, with its mask written out as a matrix of who sees
whom. So it also checks what Ocelli computes once for several objectives.

  objectives.safetensors   w.NAME weights; in.image [pairs, patches, size], in.ids (padded with 0), in.lengths, in.photos, and the wrong
                           partners in.negative_images, in.negative_texts; CASE.loss, CASE.g.NAME; metadata "cases" holds the weights; in
                           "apart" no query sees another one, in "glance" a linear map of class token and mean patch stands beside them
"""
import json, math, pathlib, sys

import torch
from safetensors.torch import save_file
from torch.nn import functional as F

torch.set_num_threads(1)
folder = pathlib.Path(sys.argv[1])
HIDDEN, LAYERS, HEADS, FORWARD, WORDS, POSITIONS, QUERIES, IMAGE, SPACE = 8, 2, 2, 12, 17, 9, 3, 6, 5
PAIRS, PATCHES, TOKENS, SMOOTHING = 5, 4, 7, 0.1
CLS, SEP = 1, 2


def shapes():
    def linear(at, inputs, outputs):
        return {at + ".weight": (outputs, inputs), at + ".bias": (outputs,)}

    def norm(at):
        return {at + ".weight": (HIDDEN,), at + ".bias": (HIDDEN,)}

    all = {"query_tokens": (1, QUERIES, HIDDEN), "embeddings.word_embeddings.weight": (WORDS, HIDDEN),
           "embeddings.position_embeddings.weight": (POSITIONS, HIDDEN), "decoder_start": (1, HIDDEN), "logit_scale": (1,),
           "cls.predictions.bias": (WORDS,)}
    all |= norm("layernorm") | linear("vision_projection", HIDDEN, SPACE) | linear("text_projection", HIDDEN, SPACE)
    all |= linear("itm_head", HIDDEN, 2) | linear("cls.predictions.transform.dense", HIDDEN, HIDDEN) | norm("cls.predictions.transform.LayerNorm")
    for i in range(LAYERS):
        at = f"encoder.layer.{i}."
        for kind in ("attention", "crossattention") if i % 2 == 0 else ("attention",):
            for part in ("query", "key", "value"):
                all |= linear(f"{at}{kind}.attention.{part}", IMAGE if kind == "crossattention" and part != "query" else HIDDEN, HIDDEN)
            all |= linear(f"{at}{kind}.output.dense", HIDDEN, HIDDEN) | norm(f"{at}{kind}.output.LayerNorm")
        for half in ("", "_query"):
            all |= linear(f"{at}intermediate{half}.dense", HIDDEN, FORWARD) | linear(f"{at}output{half}.dense", FORWARD, HIDDEN)
            all |= norm(f"{at}output{half}.LayerNorm")
    all |= linear("glance.dense", 2 * IMAGE, HIDDEN) | norm("glance.LayerNorm")
    return all | linear("glance_projection", HIDDEN, SPACE) | linear("glance_text_projection", HIDDEN, SPACE)


def weights():
    torch.manual_seed(21)
    w = {}
    for name, shape in shapes().items():
        if name == "logit_scale":
            w[name] = torch.full(shape, math.log(1 / 0.2))
        elif len(shape) == 1:
            w[name] = torch.randn(shape) * 0.2 + (1 if "orm.weight" in name else 0)
        elif "embeddings" in name or name in ("query_tokens", "decoder_start"):
            w[name] = torch.randn(shape) * 0.7
        else:
            w[name] = torch.randn(shape) / math.sqrt(shape[1])
    return w


def qformer(w, image, text, sees):
    """image [n, patches, size], text vectors [n, tokens, hidden] before the norm, sees [n, all, all]; gives [n, queries + tokens, hidden]."""

    def linear(at, x):
        return x @ w[at + ".weight"].T + w[at + ".bias"]

    def norm(at, x):
        return F.layer_norm(x, (HIDDEN,), w[at + ".weight"], w[at + ".bias"], 1e-12)

    def attention(at, x, seen, sees):
        q, k, v = (linear(f"{at}.attention.{n}", s).unflatten(-1, (HEADS, -1)).transpose(1, 2) for n, s in (("query", x), ("key", seen), ("value", seen)))
        scores = q @ k.transpose(2, 3) / math.sqrt(HIDDEN / HEADS)
        if sees is not None:
            scores = scores.masked_fill(~sees[:, None], -math.inf)
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)
        return norm(at + ".output.LayerNorm", linear(at + ".output.dense", mixed) + x)

    def forward(at, half, x):
        y = linear(f"{at}.output{half}.dense", F.gelu(linear(f"{at}.intermediate{half}.dense", x)))
        return norm(f"{at}.output{half}.LayerNorm", y + x)

    x = norm("layernorm", torch.cat([w["query_tokens"].expand(len(image), -1, -1), text], 1))
    for i in range(LAYERS):
        at = f"encoder.layer.{i}"
        x = attention(at + ".attention", x, x, sees)
        queries, words = x[:, :QUERIES], x[:, QUERIES:]
        if i % 2 == 0:
            queries = attention(at + ".crossattention", queries, image, None)
        x = torch.cat([forward(at, "_query", queries), forward(at, "", words)], 1)
    return x


def embed(w, ids, start=False):
    x = w["embeddings.word_embeddings.weight"][ids]
    if start:  # the start token in [CLS]'s place
        x = torch.cat([w["decoder_start"].expand(len(ids), 1, -1), x[:, 1:]], 1)
    return x + w["embeddings.position_embeddings.weight"][: ids.shape[1]]


apart = False  # whether queries see themselves alone in place of each other
glance = False  # whether a linear map of the image stands beside them


def who(kind, lengths, tokens):
    """[n, all, all]; nobody sees padding, but padding sees itself so that its softmax is defined."""
    n, total = len(lengths), QUERIES + tokens
    sees = torch.zeros(n, total, total, dtype=torch.bool)
    for row in range(total):
        for column in range(total):
            row_text, column_text = row >= QUERIES, column >= QUERIES
            sees[:, row, column] = {"uni": row_text == column_text, "bi": True,
                                    "causal": not column_text or (row_text and column <= row)}[kind]
    if apart:
        sees[:, :QUERIES, :QUERIES] = torch.eye(QUERIES, dtype=torch.bool)
    for i, length in enumerate(lengths):
        sees[i, :, QUERIES + length :] = False
        for column in range(QUERIES + length, total):
            sees[i, column, column] = True
    return sees


def itc(w, image, ids, lengths, photos):
    states = qformer(w, image, embed(w, ids), who("uni", lengths, ids.shape[1]))
    images = F.normalize(states[:, :QUERIES] @ w["vision_projection.weight"].T + w["vision_projection.bias"], dim=-1)
    texts = F.normalize(states[:, QUERIES] @ w["text_projection.weight"].T + w["text_projection.bias"], dim=-1)
    logits = torch.einsum("iqd,td->iqt", images, texts).amax(1) * w["logit_scale"].exp()

    def one_way(logits):
        rows = []
        for i in range(len(photos)):
            competing = [j for j in range(len(photos)) if j == i or photos[j] != photos[i]]
            rows.append(F.cross_entropy(logits[i, competing], torch.tensor(competing.index(i)), label_smoothing=SMOOTHING))
        return torch.stack(rows).mean()

    loss = (one_way(logits) + one_way(logits.T)) / 2
    if glance:  # a contrast of its own, with the mean of the real tokens
        seen = torch.cat([image[:, 0], image[:, 1:].mean(1)], 1) @ w["glance.dense.weight"].T + w["glance.dense.bias"]
        seen = F.layer_norm(seen, (HIDDEN,), w["glance.LayerNorm.weight"], w["glance.LayerNorm.bias"], 1e-12)
        said = torch.stack([states[i, QUERIES : QUERIES + length].mean(0) for i, length in enumerate(lengths)])
        images = F.normalize(seen @ w["glance_projection.weight"].T + w["glance_projection.bias"], dim=-1)
        texts = F.normalize(said @ w["glance_text_projection.weight"].T + w["glance_text_projection.bias"], dim=-1)
        logits = images @ texts.T * w["logit_scale"].exp()
        loss = (loss + (one_way(logits) + one_way(logits.T)) / 2) / 2
    return loss


def itm(w, image, ids, lengths, negative_images, negative_texts):
    rows = torch.arange(len(ids))
    pictures = torch.cat([rows, negative_images, rows])
    texts = torch.cat([rows, rows, negative_texts])
    states = qformer(w, image[pictures], embed(w, ids[texts]), who("bi", lengths[texts], ids.shape[1]))
    logits = (states[:, :QUERIES] @ w["itm_head.weight"].T + w["itm_head.bias"]).mean(1)
    return F.cross_entropy(logits, (torch.arange(len(texts)) < len(ids)).long())


def itg(w, image, ids, lengths):
    states = qformer(w, image, embed(w, ids, start=True), who("causal", lengths, ids.shape[1]))[:, QUERIES:]
    x = F.gelu(states @ w["cls.predictions.transform.dense.weight"].T + w["cls.predictions.transform.dense.bias"])
    x = F.layer_norm(x, (HIDDEN,), w["cls.predictions.transform.LayerNorm.weight"], w["cls.predictions.transform.LayerNorm.bias"], 1e-12)
    logits = x @ w["embeddings.word_embeddings.weight"].T + w["cls.predictions.bias"]
    labels = ids.masked_fill(torch.arange(ids.shape[1]) >= lengths[:, None], -100)
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), label_smoothing=SMOOTHING, ignore_index=-100)


start = weights()
torch.manual_seed(22)
image = torch.randn(PAIRS, PATCHES, IMAGE).bfloat16().float()
lengths = torch.tensor([7, 4, 5, 3, 6])
photos = torch.tensor([0, 1, 2, 1, 3])
image[3] = image[1]
ids = torch.randint(3, WORDS, (PAIRS, TOKENS))
ids[:, 0] = CLS
ids[torch.arange(PAIRS), lengths - 1] = SEP
ids[torch.arange(TOKENS) >= lengths[:, None]] = 0
negative_images, negative_texts = torch.tensor([1, 2, 4, 0, 0]), torch.tensor([2, 0, 3, 4, 1])
tensors = {"w." + k: v for k, v in start.items()}
tensors |= {"in.image": image, "in.ids": ids, "in.lengths": lengths, "in.photos": photos,
            "in.negative_images": negative_images, "in.negative_texts": negative_texts}
cases = {"itc": (1, 0, 0), "itm": (0, 1, 0), "itg": (0, 0, 1), "all": (0.5, 1, 2), "apart": (0.5, 1, 2), "glance": (0.5, 1, 2)}
for case, (contrast, match, tell) in cases.items():
    apart, glance = case == "apart", case == "glance"
    w = {k: v.clone().requires_grad_() for k, v in start.items()}
    loss = contrast * itc(w, image, ids, lengths, photos) + match * itm(w, image, ids, lengths, negative_images, negative_texts)
    loss = loss + tell * itg(w, image, ids, lengths)
    loss.backward()
    tensors[case + ".loss"] = loss.detach().reshape(1)
    tensors |= {f"{case}.g.{k}": v.grad for k, v in w.items() if v.grad is not None and v.grad.norm() > 0}
    print(case, loss.item())
folder.mkdir(parents=True, exist_ok=True)
file = folder / "objectives.safetensors"
save_file({k: v.contiguous().clone() for k, v in tensors.items()}, file, {"cases": json.dumps(cases), "smoothing": str(SMOOTHING)})
print(file.stat().st_size / 1000, "KB")
