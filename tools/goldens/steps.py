#!/usr/bin/env python3
"""Writes the goldens of core's training tests: twelve steps of both stages on tiny random models, by PyTorch, transformers and PEFT.

  python -m venv venv && venv/bin/pip install torch transformers peft safetensors
  venv/bin/python tools/goldens/steps.py core/src/test/resources/goldens/steps

Written with torch 2.15, transformers 5.23, peft 0.21, safetensors 0.8, on a CPU. Seeded: numbers are reproducible, though safetensors shuffles
the metadata.

  contrast.safetensors        the loss alone: in.similarity, in.scale, in.photos; CASE.loss and its gradients CASE.g.similarity, CASE.g.scale
  stage1.safetensors          w.NAME initial weights, in.image [steps, pairs, patches, size], in.ids, in.mask, in.photos: shared by the cases
  stage1-CASE.safetensors     losses and norms (of the gradient, before clipping) in fp32, bf16.losses under torch.autocast, final.NAME weights
                              after the last step; metadata "case" holds the settings
  stage2.safetensors          w.NAME, lm.NAME (frozen), in.image [steps, micro-batches, rows, patches, size]; metadata "examples" holds
                              [step][micro-batch][row] = [before, after, answer]
  stage2-CASE.safetensors     as stage1-CASE
  schedule.safetensors        the factors of transformers' schedules

The schedule of the runs is Ocelli's: (step + 1) / (warm-up + 1) while it warms up, then as transformers. transformers' own begins with
step / warm-up, so that its first step moves nothing.
"""
import json, math, pathlib, sys

import peft, torch
import transformers as tf
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F
from transformers.models.blip_2.modeling_blip_2 import Blip2TextEmbeddings

torch.set_num_threads(1)
tf.logging.set_verbosity_error()
folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
STEPS = 12


def save(name, tensors, **metadata):
    save_file({k: v.detach().contiguous().clone() for k, v in tensors.items()}, folder / f"{name}.safetensors",
              {k: json.dumps(v) for k, v in metadata.items()})


def randomise(module, seed):
    torch.manual_seed(seed)
    with torch.no_grad():
        for key, p in module.named_parameters():
            if p.dim() == 1:
                p.normal_(0, 0.1).add_(0 if key.endswith("bias") else 1)
            elif any(part in key for part in ("query_tokens", "embed", "position")):
                p.normal_(0, 0.7)
            elif "lora_B" in key:
                p.zero_()
            else:
                p.normal_(0, 1 / math.sqrt(p[0].numel()))


class QFormer(nn.Module):
    """Queries, text embeddings and Blip2QFormerModel; with text also what Blip2ForImageTextRetrieval puts on top."""

    def __init__(self, text):
        super().__init__()
        config = tf.Blip2QFormerConfig(
            hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=12, encoder_hidden_size=6, vocab_size=17,
            max_position_embeddings=9, cross_attention_frequency=2, use_qformer_text_input=text, pad_token_id=None,
            hidden_dropout_prob=0, attention_probs_dropout_prob=0)
        self.query_tokens = nn.Parameter(torch.zeros(1, 3, 8))
        self.inner = tf.Blip2QFormerModel(config)
        if text:
            self.embeddings = Blip2TextEmbeddings(config)
            self.vision_projection, self.text_projection = nn.Linear(8, 6), nn.Linear(8, 6)
            self.logit_scale = nn.Parameter(torch.tensor([math.log(1 / 0.07)]))

    def queries(self, image):
        return self.inner(self.query_tokens.expand(len(image), -1, -1), encoder_hidden_states=image).last_hidden_state

    def text(self, ids, mask):
        return self.inner(self.embeddings(ids), query_length=0, attention_mask=mask).last_hidden_state


def contrast(similarity, scale, photos, smoothing, each=1):
    """Row by row over what competes: a twin (another caption, or pair, of the same photo) is no class at all. A pair has `each` captions,
    side by side, and each in turn is the one to find."""

    def one(logits, label, of):
        competing = [j for j in range(len(of)) if j == label or of[j] != of[label]]
        return F.cross_entropy(logits[competing], torch.tensor(competing.index(label)), label_smoothing=smoothing)

    captioned = photos.repeat_interleave(each)
    logits = similarity * scale
    to_text = [one(logits[k // each], k, captioned) for k in range(len(captioned))]
    to_image = [one(logits[:, k], k // each, photos) for k in range(len(captioned))]
    return (torch.stack(to_text).mean() + torch.stack(to_image).mean()) / 2


def factor(case, step):
    if step < case["warmup"]:
        return (step + 1) / (case["warmup"] + 1)
    return 1 if case["schedule"] == "constant" else (1 + math.cos(math.pi * (step - case["warmup"]) / (STEPS - case["warmup"]))) / 2


def train(case, named, part, micro_losses):
    """The loop. micro_losses(step) yields each micro-batch's share of the step's loss."""
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[case["optimiser"]]
    trained = {k: p for k, p in named.items() if p.requires_grad}
    groups = [{"params": [p for k, p in trained.items() if part(k) == name], "base": rate} for name, rate in case["rates"].items()]
    optimiser = kind(groups, lr=0, betas=(0.9, 0.999), eps=1e-8, weight_decay=case["decay"])
    losses, norms = [], []
    for step in range(STEPS):
        optimiser.zero_grad()
        total = 0
        for loss in micro_losses(step):
            loss.backward()
            total += loss.item()
        losses.append(total)
        assert all(p.grad is not None for p in trained.values())
        norms.append(nn.utils.clip_grad_norm_(trained.values(), case["clip"] or math.inf).item())
        for group in optimiser.param_groups:
            group["lr"] = group["base"] * factor(case, step)
        optimiser.step()
    return torch.tensor(losses), torch.tensor(norms)


def write(stage, case, build):
    """build() gives fresh (named parameters, part of a name, micro-batches' losses)."""
    named, part, micro = build()
    losses, norms = train(case, named, part, micro)
    final = {"final." + k: p.detach().clone() for k, p in named.items()}
    low, low_part, low_micro = build()

    def autocast(step):
        with torch.autocast("cpu", torch.bfloat16):
            yield from low_micro(step)

    low_losses, low_norms = train(case, low, low_part, autocast)
    save(f"{stage}-{case['name']}", {"losses": losses, "norms": norms, "bf16.losses": low_losses, "bf16.norms": low_norms} | final, case=case)
    print(stage, case["name"], [round(x, 3) for x in losses.tolist()], "norms", [round(x, 2) for x in norms.tolist()],
          "bf16 off by", f"{(low_losses - losses).abs().max():.1e}")


def plain(key):
    return key.removeprefix("inner.").replace(".lora_A.default.", ".lora_A.").replace(".lora_B.default.", ".lora_B.")


NEW = ("query_tokens", "crossattention", "_query.", "projection", "logit_scale")


def stage1():
    model = QFormer(True)
    randomise(model, 11)
    with torch.no_grad():
        model.logit_scale.fill_(math.log(1 / 0.07))
    start = {k: v.clone() for k, v in model.state_dict().items()}
    pairs = 6
    image = torch.randn(STEPS, pairs, 4, 6).bfloat16().float()
    ids = torch.randint(0, 17, (STEPS, pairs, 5))
    lengths = torch.randint(2, 6, (STEPS, pairs))
    mask = (torch.arange(5) < lengths[..., None]).long()
    photos = torch.arange(pairs).repeat(STEPS, 1)
    photos[::2, 4] = 1  # in every second step the second and fifth pair are of one photo
    image[::2, 4] = image[::2, 1]
    save("stage1", {"w." + plain(k): v for k, v in model.named_parameters()}
         | {"in.image": image, "in.ids": ids, "in.mask": mask, "in.photos": photos})

    def build(case):
        model.load_state_dict(start)
        model.logit_scale.requires_grad_(case["learn"])

        def micro(step):
            image_units = F.normalize(model.vision_projection(model.queries(image[step])).float(), dim=-1)
            text_units = F.normalize(model.text_projection(model.text(ids[step], mask[step])[:, 0]).float(), dim=-1)
            with torch.autocast("cpu", enabled=False):
                each = torch.einsum("iqd,td->iqt", image_units, text_units)
                whole = F.normalize(image_units.mean(1), dim=-1) @ text_units.T
                similarity = {"best": each.amax(1), "mean": each.mean(1), "whole": whole}[case["similarity"]]
                yield contrast(similarity, model.logit_scale.exp().clamp(max=100), photos[step], case["smoothing"])

        return {plain(k): p for k, p in model.named_parameters()}, lambda k: "new" if any(n in k for n in NEW) else "body", micro

    base = dict(rates={"body": 1e-3, "new": 4e-3}, decay=0.05, warmup=3, schedule="cosine", clip=1.0)
    for case in (
        dict(base, name="best", similarity="best", learn=True, smoothing=0.0, optimiser="adamw"),
        dict(base, name="mean", similarity="mean", learn=False, smoothing=0.1, optimiser="adam"),
        dict(base, name="fixed", similarity="best", learn=False, smoothing=0.1, optimiser="adamw", warmup=0, schedule="constant", clip=0),
        dict(base, name="whole", similarity="whole", learn=True, smoothing=0.0, optimiser="adamw"),
        dict(base, name="smooth", similarity="mean", learn=True, smoothing=0.1, optimiser="adamw", decay=0.2),
    ):
        write("stage1", case, lambda: build(case))


class Projector(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear_1, self.linear_2 = nn.Linear(8, 32), nn.Linear(32, 12)

    def forward(self, x):
        return self.linear_2(F.gelu(self.linear_1(x)))


def stage2():
    config = tf.LlamaConfig(
        hidden_size=12, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=4, intermediate_size=16, vocab_size=29,
        max_position_embeddings=64, rms_norm_eps=1e-5, tie_word_embeddings=True, attn_implementation="eager")
    base = tf.LlamaForCausalLM(config)
    randomise(base, 12)
    frozen = {"lm." + k: v.clone() for k, v in base.named_parameters()}
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"]
    language = peft.get_peft_model(
        base, peft.LoraConfig(r=2, lora_alpha=3, lora_dropout=0.0, target_modules=targets, task_type="CAUSAL_LM"))
    qformer, projector = QFormer(False), Projector()
    randomise(qformer, 13)
    randomise(projector, 14)
    torch.manual_seed(15)
    adapters = {k: p for k, p in language.named_parameters() if "lora_" in k}
    with torch.no_grad():
        for k, p in adapters.items():
            p.zero_() if "lora_B" in k else p.normal_(0, 0.5)
    named = {plain(k): p for k, p in qformer.named_parameters()} | {"projector." + k: p for k, p in projector.named_parameters()}
    named |= {plain(k): p for k, p in adapters.items()}
    start = {k: p.detach().clone() for k, p in named.items()}
    image = torch.randn(STEPS, 2, 3, 4, 6).bfloat16().float()
    draw = lambda low, high: torch.randint(0, 29, (int(torch.randint(low, high, ())),)).tolist()
    # The second micro-batch has the longer answers: a mean per micro-batch would weigh its tokens less.
    examples = [[[[draw(1, 5), draw(1, 4), draw(1, 4) if m == 0 else draw(4, 9)] for _ in range(3)] for m in range(2)] for _ in range(STEPS)]
    save("stage2", {"w." + k: v for k, v in start.items()} | frozen | {"in.image": image}, examples=examples, config=config.to_dict())

    def build():
        with torch.no_grad():
            for k, p in named.items():
                p.copy_(start[k])

        def micro(step):
            tokens = sum(len(e[2]) for rows in examples[step] for e in rows)
            for pictures, rows in zip(image[step], examples[step]):
                seen = projector(qformer.queries(pictures))
                words = language.get_input_embeddings()
                longest = max(len(b) + 3 + len(a) + len(c) for b, a, c in rows)
                inputs, labels, mask = [], [], []
                for i, (before, after, answer) in enumerate(rows):
                    tail = words(torch.tensor(after + answer))
                    whole = torch.cat([words(torch.tensor(before)), seen[i].to(tail.dtype), tail])
                    pad = longest - len(whole)
                    inputs.append(F.pad(whole, (0, 0, 0, pad)))
                    labels.append([-100] * (len(whole) - len(answer)) + answer + [-100] * pad)
                    mask.append([1] * len(whole) + [0] * pad)
                logits = language(inputs_embeds=torch.stack(inputs), attention_mask=torch.tensor(mask)).logits.float()
                target = torch.tensor(labels)[:, 1:]
                yield F.cross_entropy(logits[:, :-1].flatten(0, 1), target.flatten(), ignore_index=-100, reduction="sum") / tokens

        part = lambda k: "lora" if "lora_" in k else "projector" if k.startswith("projector.") else "qformer"
        return named, part, micro

    settings = dict(rates={"qformer": 2e-3, "projector": 1e-2, "lora": 5e-3}, warmup=3, schedule="cosine", clip=1.0)
    write("stage2", dict(settings, name="adamw", optimiser="adamw", decay=0.05), build)
    write("stage2", dict(settings, name="adam", optimiser="adam", decay=0.05), build)
    with torch.no_grad():
        for k, p in language.named_parameters():
            if "lora_" not in k:
                assert torch.equal(p, frozen["lm." + k.replace("base_model.model.", "", 1).replace(".base_layer", "")]), k


def losses():
    torch.manual_seed(16)
    photos = torch.tensor([0, 1, 2, 1, 3, 1])
    tensors = {"in.similarity": torch.rand(6, 6) * 2 - 1, "in.scale": torch.tensor([7.0]), "in.photos": photos}
    tensors["in.several"] = torch.rand(6, 18) * 2 - 1
    kinds = {"twins": ("in.similarity", photos, 1), "plain": ("in.similarity", torch.arange(6), 1), "several": ("in.several", photos, 3)}
    for smoothing in (0.0, 0.1):
        for kind, (start, of, each) in kinds.items():
            similarity, scale = tensors[start].clone().requires_grad_(), tensors["in.scale"].clone().requires_grad_()
            loss = contrast(similarity, scale, of, smoothing, each)
            loss.backward()
            case = f"{kind}-{smoothing}"
            tensors |= {case + ".loss": loss.reshape(1), case + ".g.similarity": similarity.grad, case + ".g.scale": scale.grad}
    save("contrast", tensors)


def schedules():
    tensors = {}
    for warmup, steps in ((0, 10), (4, 20), (20, 20)):
        optimiser = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1)
        cosine = tf.get_cosine_schedule_with_warmup(optimiser, warmup, steps)
        constant = tf.get_constant_schedule_with_warmup(torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1), warmup)
        for name, schedule in (("cosine", cosine), ("constant", constant)):
            tensors[f"{name}-{warmup}-{steps}"] = torch.tensor([schedule.lr_lambdas[0](s) for s in range(steps)])
    save("schedule", tensors)


for part in (losses, schedules, stage1, stage2):
    part()
print(sum(p.stat().st_size for p in folder.iterdir()) / 1000, "KB")
