"""Repeats the training steps of an Ocelli run in plain PyTorch, and says how far the losses are apart.

    python -m venv venv && venv/bin/pip install torch transformers peft safetensors tokenizers gguf pyyaml
    python3 tools/compare_steps.py --run RUN --start START --data DIR --features STORES --stage 1 --steps 200
    python3 tools/compare_steps.py --run RUN --start START --data DIR --features STORES --stage 2 --steps 200 --base GGUF|FOLDER [--bf16]

RUN is a run of Ocelli, finished or stopped behind the last step asked for; stage 2 begins from its stage1/. Train it with the settings of PLAIN
below. STORES is the folder of feature stores (--features of ocelli train); --base the language model's weights.

START gives the weights before the first step. They depend on the recipe alone, not on the data, and a run at rate 0 ends with the weights it
began with. So train START with RUN's recipe on a few photos and with all rates 0:

    ocelli train --data FEW --out START ...as RUN... --set stage1.rates.body=0 --set stage1.rates.new=0 --set stage2.rates.qformer=0 \\
        --set stage2.rates.projector=0 --set stage2.rates.lora=0

Contrast by the best query is no smooth function: which of its nearly equal queries is best tips over by rounding, so curves part after a
few steps. --noise shows how far PyTorch parts from itself.

What is shared with Ocelli: weights, features, tokenizer files, and the draws (order, captions, prompts), which are computed here once more.
Forward and backward passes, clipping, optimiser and schedule are PyTorch's, transformers' and PEFT's.
"""

import argparse
import csv
import hashlib
import json
import math
import pathlib
import sys

import torch
import transformers
import yaml
from safetensors import safe_open
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional as F
from transformers.models.blip_2.modeling_blip_2 import Blip2QFormerLayer, Blip2TextEmbeddings

BITS = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15

# What isn't repeated here. Dropouts: each library draws its own. A glance's start: START knows nothing of it.
PLAIN = {
    "features.views": 0, "features.layers": 1, "qformer.centre": False, "qformer.whiten": 0, "qformer.dropout": 0, "qformer.word_dropout": 0,
    "stage1.captions_at_once": 1, "stage1.patches": 1, "stage1.glance.passes": 0,
    "stage2.captions_at_once": 1, "stage2.questions": 0, "stage2.lora.dropout": 0,
}


def check(recipe, stage):
    """Refuses what isn't repeated here. Recipes of older runs may lack a setting, and were plain then."""
    for key, plain in PLAIN.items():
        value, path = recipe, key.split(".")
        for part in path:
            value = value.get(part) if value else None
        concerns = path[0] in ("features", "qformer", stage) and (path[1] != "glance" or recipe["qformer"].get("glance"))
        assert not concerns or value is None or value == plain, f"{key} is {value}: train with --set {key}={plain}"


class Draws:
    """dev.ocelli.data.Draws: each draw is a function of (seed, purpose, step, row)."""

    @staticmethod
    def mix(z):
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & BITS
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & BITS
        return z ^ (z >> 31)

    @staticmethod
    def bits(seed, purpose, step, row):
        name = 0xCBF29CE484222325
        for letter in purpose:
            name = ((name ^ ord(letter)) * 0x100000001B3) & BITS
        h = Draws.mix((seed + GOLDEN) & BITS)
        for number, part in enumerate((name, step, row), 1):
            h = Draws.mix(((h + GOLDEN) & BITS) ^ Draws.mix((part + number * GOLDEN) & BITS))
        return h

    @staticmethod
    def below(seed, purpose, step, row, bound):
        return (Draws.bits(seed, purpose, step, row) >> 1) * (bound << 1) >> 64

    @staticmethod
    def permutation(seed, purpose, step, n):
        order = list(range(n))
        for i in range(n - 1, 0, -1):
            j = Draws.below(seed, purpose, step, i, i + 1)
            order[i], order[j] = order[j], order[i]
        return order


# The same numbers stand in DrawsTest.
assert Draws.bits(42, "prompt", 7, 3) == 2897019899943934236
assert Draws.permutation(42, "order", 1, 8) == [4, 7, 3, 6, 1, 0, 2, 5]


class Photos:
    """The training photos in Ocelli's order, with their captions and features."""

    def __init__(self, run, data, stores, recipe):
        skipped = {row["image"] for row in rows(run / "skipped.csv")} if (run / "skipped.csv").exists() else set()
        self.names = [r["image"] for r in rows(run / "split.csv") if r["split"] == "train" and r["image"] not in skipped]
        self.captions = {}
        for row in rows(next(data.glob("captions.[ct]sv"))):
            if row["caption"].strip():
                self.captions.setdefault(row["image"].strip(), {})[row["caption"].strip()] = None
        self.recipe, self.data = recipe, data
        self.places = {}
        noted = json.loads((run / "run.json").read_text())
        weights, ending = noted["vision"]["sha256"], {"bf16": "BFloat16", "fp32": "Float"}[noted["precision"]]
        whole = recipe["features"].get("show") == "whole"
        shards = [safe_open(shard, "pt") for shard in sorted(stores.glob("*/shard-*.safetensors"))]
        # Those that show photos as the run saw them come last, so that they count.
        for file in sorted(shards, key=lambda file: ("crop=none" in file.metadata()["preprocessing"]) == whole):
            about = file.metadata()
            if about["weights_sha256"] == weights and about["preprocessing"].endswith(ending):
                features = file.get_slice("features")
                self.places |= {picture: (features, row) for row, picture in enumerate(about["pictures"].split("\n"))}

    def features(self, photo):
        """[tokens, hidden], bf16."""
        name = self.names[photo]
        file = next(f for f in (self.data / name, self.data / "images" / name) if f.is_file())
        features, row = self.places[hashlib.sha256(file.read_bytes()).hexdigest()]
        return features[row : row + 1][0]

    def text(self, caption):
        data = self.recipe["data"]
        caption = caption.rstrip(" .") if data["strip_stop"] else caption
        return caption.lower() if data["lowercase"] else caption

    def said(self, photo):
        """All captions of a photo."""
        return {self.text(caption) for caption in self.captions[self.names[photo]]}

    def pairs(self, stage, settings, per_step):
        """step -> [(photo, caption)], and how many steps a pass has: dev.ocelli.train.Pairs."""
        seed, every = self.recipe["seed"], settings["captions"] == "all"
        items = [(p, c) for p, name in enumerate(self.names) for c in (range(len(self.captions[name])) if every else [None])]
        per_step = min(per_step, len(items))
        steps = len(items) // per_step
        orders = {}

        def pairs(step):
            turn = step // steps
            if turn not in orders:
                orders[turn] = Draws.permutation(seed, f"{stage} order", turn, len(items))
            found = []
            for at in orders[turn][step % steps * per_step :][:per_step]:
                photo, caption = items[at]
                captions = list(self.captions[self.names[photo]])
                if caption is None:
                    caption = Draws.below(seed, f"{stage} caption", turn, photo, len(captions))
                found.append((photo, self.text(captions[caption])))
            return found

        return pairs, steps * settings["passes"]


def rows(file):
    with open(file, encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t" if file.suffix == ".tsv" else ","))


class QFormer(nn.Module):
    """transformers' Q-Former with its queries, and in stage 1 with what Blip2ForImageTextRetrieval puts around it."""

    def __init__(self, folder, text):
        super().__init__()
        said = json.loads((folder / "config.json").read_text())
        config = transformers.Blip2QFormerConfig(**{**said, "use_qformer_text_input": text, "pad_token_id": None})
        self.inner = transformers.Blip2QFormerModel(config)
        first, every = said["ocelli_cross_attention_first"], config.cross_attention_frequency
        layers = range(config.num_hidden_layers)
        # A layer crosses where its index is a multiple of the frequency; transformers has no setting for another first layer.
        self.inner.encoder.layer = nn.ModuleList(Blip2QFormerLayer(config, (i - first) % every if i >= first else 1) for i in layers)
        assert first == 0 or every > 1
        self.apart = said.get("ocelli_queries_apart", False)
        self.query_tokens = nn.Parameter(torch.zeros(1, said["ocelli_queries"], config.hidden_size))
        if said.get("ocelli_glance", False):
            dense = nn.Linear(2 * config.encoder_hidden_size, config.hidden_size)
            self.glance = nn.ModuleDict({"dense": dense, "LayerNorm": nn.LayerNorm(config.hidden_size, config.layer_norm_eps)})
        if text:
            self.embeddings = Blip2TextEmbeddings(config)
            for head in ("vision", "text", *(("glance", "glance_text") if hasattr(self, "glance") else ())):
                setattr(self, head + "_projection", nn.Linear(config.hidden_size, said["ocelli_projection"]))
            self.logit_scale = nn.Parameter(torch.zeros(1))
        wanted = {plain(k): p for k, p in self.named_parameters()}
        weights = load_file(folder / "model.safetensors")
        weights = {k: w for k, w in weights.items() if not k.startswith("querybank.")}  # of evaluation alone
        assert wanted.keys() <= weights.keys(), f"missing: {sorted(wanted.keys() - weights.keys())[:4]}"
        assert not text or wanted.keys() == weights.keys(), f"left over: {sorted(weights.keys() - wanted.keys())[:4]}"
        with torch.no_grad():
            for name, p in wanted.items():
                p.copy_(weights[name])

    def queries(self, image):
        mask = torch.eye(self.query_tokens.shape[1], dtype=torch.bool).expand(len(image), 1, -1, -1) if self.apart else None
        seen = self.inner(self.query_tokens.expand(len(image), -1, -1), attention_mask=mask, encoder_hidden_states=image).last_hidden_state
        if not hasattr(self, "glance"):
            return seen
        whole = torch.cat([image[:, 0], image[:, 1:].mean(1)], 1)
        return torch.cat([seen, self.glance["LayerNorm"](self.glance["dense"](whole))[:, None]], 1)

    def text(self, ids, mask):
        return self.inner(self.embeddings(ids), query_length=0, attention_mask=mask).last_hidden_state


def plain(name):
    return name.removeprefix("inner.")


def contrast(similarity, fits, smoothing):
    """Row by row over the pairs that compete: what fits without being the pair's own is no class at all."""

    def one_way(logits, fits):
        losses = []
        for i in range(len(fits)):
            competing = [j for j in range(len(fits)) if j == i or not fits[i][j]]
            losses.append(F.cross_entropy(logits[i, competing], torch.tensor(competing.index(i)), label_smoothing=smoothing))
        return torch.stack(losses).mean()

    return (one_way(similarity, fits) + one_way(similarity.t(), list(zip(*fits)))) / 2


def stage1(given, recipe, photos):
    """(parameters by part, losses of a step's micro-batches, settings, steps)"""
    s = recipe["stage1"]
    model = QFormer(given.start / "stage1", True)
    model.logit_scale.requires_grad_(s["learn_temperature"])
    tokenizer = Tokenizer.from_file(str(given.run / "stage1" / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    pairs, steps = photos.pairs("stage 1", s, s["batch"])
    fresh = ("query_tokens", "crossattention", "vision_projection", "text_projection", "logit_scale", "glance")
    if "text" in recipe["models"]["random"]:
        fresh = ("",)  # nothing came from a text model
    named = {k: p for k, p in model.named_parameters() if p.requires_grad}
    parts = {"body": [p for k, p in named.items() if not any(f in k for f in fresh)]}
    parts["new"] = [p for k, p in named.items() if any(f in k for f in fresh)]

    def micro(step):
        batch = pairs(step)
        image = torch.stack([photos.features(photo) for photo, _ in batch]).float()
        texts = [tokenizer.encode(caption).ids for _, caption in batch]
        texts = [t if len(t) <= s["max_tokens"] else t[: s["max_tokens"] - 1] + t[-1:] for t in texts]
        longest = max(map(len, texts))
        ids = torch.tensor([t + [0] * (longest - len(t)) for t in texts])
        mask = torch.tensor([[1] * len(t) + [0] * (longest - len(t)) for t in texts])
        out, states = model.queries(image), model.text(ids, mask)
        seen = F.normalize(model.vision_projection(out[:, : model.query_tokens.shape[1]]).float(), dim=-1)
        said = F.normalize(model.text_projection(states[:, 0]).float(), dim=-1)
        if hasattr(model, "glance"):
            mean = (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
            looked = F.normalize(model.glance_projection(out[:, -1]).float(), dim=-1)
            told = F.normalize(model.glance_text_projection(mean).float(), dim=-1)
        with torch.autocast("cpu", enabled=False):
            each = torch.einsum("iqd,td->iqt", seen, said)
            whole = F.normalize(seen.mean(1), dim=-1) @ said.t()
            similarity = {"best": each.amax(1), "mean": each.mean(1), "whole": whole}[s["similarity"]]
            scale = model.logit_scale.exp().clamp(max=100)
            both = (similarity, looked @ told.t()) if hasattr(model, "glance") else (similarity,)
            fits = [[said in photos.said(photo) for _, said in batch] for photo, _ in batch]
            yield sum(contrast(x * scale, fits, s["label_smoothing"]) for x in both) / len(both)

    return parts, micro, s, steps


def prompt(tokenizer, image, system, user):
    """Ids before and after the picture. What people wrote is cut out of the template and encoded on its own, as Ocelli does."""
    marks = {"\ue000": system, "\ue001": user}
    slot = "\ue001\ue002" if image == "after_prompt" else "\ue002\ue001"
    messages = [{"role": "system", "content": "\ue000"}, {"role": "user", "content": slot}]
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    encode = lambda t: tokenizer(t, add_special_tokens=False).input_ids
    sides = []
    for side in text.split("\ue002"):
        for mark in marks:
            side = side.replace(mark, "\ue003" + mark + "\ue003")
        sides.append([i for piece in side.split("\ue003") for i in encode(marks.get(piece, piece))])
    return sides


def stage2(given, recipe, photos):
    import peft

    s = recipe["stage2"]
    assert "language" not in recipe["models"]["random"], "random language models are Ocelli's own"
    qformer = QFormer(given.run / "stage1", False)
    weights = load_file(given.start / "vlm" / "projector.safetensors")
    projector = nn.Sequential(*(nn.Linear(*weights[f"linear_{i}.weight"].shape[::-1]) for i in (1, 2)))
    projector.load_state_dict({f"{i - 1}.{kind}": weights[f"linear_{i}.{kind}"] for i in (1, 2) for kind in ("weight", "bias")})
    where = {"gguf_file": given.base.name} if given.base.suffix == ".gguf" else {}
    folder = given.base.parent if where else given.base
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **where)
    language = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **where)
    language = peft.PeftModel.from_pretrained(language, given.start / "vlm" / "adapter", is_trainable=True)
    words = language.get_input_embeddings()
    pairs, steps = photos.pairs("stage 2", s, s["batch"] * s["accumulate"])
    parts = {
        "qformer": list(qformer.parameters()),
        "projector": list(projector.parameters()),
        "lora": [p for p in language.parameters() if p.requires_grad],
    }
    prompts = {}

    def draw(step, row):
        system, user = (
            s[kind][Draws.below(recipe["seed"], f"stage 2 {kind} prompt", step, row, len(s[kind]))] for kind in ("system", "user")
        )
        if (system, user) not in prompts:
            prompts[system, user] = prompt(tokenizer, s["image"], system, user)
        return prompts[system, user]

    def micro(step):
        batch = pairs(step)
        size = min(s["batch"], len(batch))
        answers = [tokenizer(caption, add_special_tokens=False).input_ids + [tokenizer.eos_token_id] for _, caption in batch]
        tokens = sum(map(len, answers))
        for start in range(0, len(batch), size):
            chosen = range(start, min(start + size, len(batch)))
            seen = qformer.queries(torch.stack([photos.features(batch[row][0]) for row in chosen]).float())
            seen = projector[1](F.gelu(projector[0](seen)))
            inputs, labels, mask = [], [], []
            for at, row in enumerate(chosen):
                before, after = draw(step, start if s["prompt_per"] == "batch" else row)
                whole = torch.cat([words(torch.tensor(before)), seen[at].float(), words(torch.tensor(after + answers[row]))])
                inputs.append(whole)
                labels.append([-100] * (len(whole) - len(answers[row])) + answers[row])
                mask.append([1] * len(whole))
            longest = max(map(len, inputs))
            inputs = torch.stack([F.pad(i, (0, 0, 0, longest - len(i))) for i in inputs])
            target = torch.tensor([label + [-100] * (longest - len(label)) for label in labels])[:, 1:]
            mask = torch.tensor([m + [0] * (longest - len(m)) for m in mask])
            hidden = language.base_model.model.model(inputs_embeds=inputs, attention_mask=mask).last_hidden_state[:, :-1]
            # The head for the scored tokens alone: 49,152 words times all tokens would fill the memory.
            logits = language.base_model.model.lm_head(hidden[target != -100])
            yield F.cross_entropy(logits.float(), target[target != -100], reduction="sum") / tokens

    return parts, micro, s, steps


def factor(settings, step, steps):
    """dev.ocelli.train.Schedule"""
    warmup = settings["warmup"]
    if step < warmup:
        return (step + 1) / (warmup + 1)
    if settings["schedule"] == "constant":
        return 1
    return (1 + math.cos(math.pi * min(1, (step - warmup) / max(1, steps - warmup)))) / 2


def disturb(parts, noise):
    torch.manual_seed(1)
    with torch.no_grad():
        for p in (p for part in parts.values() for p in part):
            p.mul_(1 + noise * torch.randn_like(p))


def train(parts, micro, settings, steps, count, bf16):
    """Yields (loss, norm of the gradient before clipping), a step each."""
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[settings["optimiser"]]
    groups = [{"params": p, "part": part} for part, p in parts.items() if p]
    optimiser = kind(groups, lr=0, betas=(0.9, 0.999), eps=1e-8, weight_decay=settings["decay"])
    everything = [p for group in groups for p in group["params"]]
    for step in range(count):
        optimiser.zero_grad()
        total = 0.0
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            for loss in micro(step):
                with torch.autocast("cpu", enabled=False):
                    loss.backward()
                total += loss.item()
        norm = nn.utils.clip_grad_norm_(everything, settings["clip"] or math.inf).item()
        for group in optimiser.param_groups:
            group["lr"] = settings["rates"][group["part"]] * factor(settings, step, steps)
        optimiser.step()
        yield total, norm


def differences(signed):
    apart = [abs(x) for x in signed]
    worst = max(apart)
    return {"mean": sum(apart) / len(apart), "worst": worst, "worst_step": 1 + apart.index(worst), "mean_signed": sum(signed) / len(apart)}


def say(which, d):
    print(f"{which}: losses apart by {d['mean']:.1e} on the mean, {d['worst']:.1e} at worst (step {d['worst_step']}); "
          f"the mean with its sign {d['mean_signed']:+.1e}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=pathlib.Path, required=True)
    parser.add_argument("--start", type=pathlib.Path, required=True, help="a run of the same recipe with all rates 0")
    parser.add_argument("--data", type=pathlib.Path, required=True, help="RUN's data folder")
    parser.add_argument("--features", type=pathlib.Path, required=True, help="the folder of feature stores")
    parser.add_argument("--base", type=pathlib.Path, help="the language model: a GGUF file or a folder (stage 2)")
    parser.add_argument("--stage", type=int, choices=(1, 2), required=True)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--bf16", action="store_true", help="PyTorch under autocast, for runs with precision: bf16")
    parser.add_argument("--noise", type=float, help="train PyTorch again from weights off by so much (1e-7: as rounding), to see what that does")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--out", type=pathlib.Path, help="write both curves as JSON")
    given = parser.parse_args()
    if given.threads:
        torch.set_num_threads(given.threads)
    transformers.logging.set_verbosity_error()
    recipe = yaml.safe_load((given.run / "recipe.yaml").read_text())
    check(recipe, f"stage{given.stage}")
    photos = Photos(given.run, given.data, given.features, recipe)
    build = stage1 if given.stage == 1 else stage2
    parts, micro, settings, steps = build(given, recipe, photos)
    name = "qformer" if given.stage == 1 else "vlm"
    metrics = [json.loads(line) for line in (given.run / "metrics.jsonl").read_text().splitlines()]
    ours = {row["step"]: row for row in metrics if row["stage"] == name and "loss" in row}
    count = min(given.steps, steps)
    assert count in ours, f"{given.run} has not gone {count} steps of stage {given.stage}"
    print(f"stage {given.stage}: {count} of {steps} steps, PyTorch {torch.__version__}, {'bf16 autocast' if given.bf16 else 'fp32'}")
    print("  step   Ocelli    PyTorch   apart     norm: Ocelli  PyTorch")
    curves = []
    for step, (loss, norm) in enumerate(train(parts, micro, settings, steps, count, given.bf16), 1):
        row = ours[step]
        curves.append({"step": step, "ocelli": row["loss"], "pytorch": loss, "ocelli_norm": row["gradient_norm"], "pytorch_norm": norm})
        apart = abs(row["loss"] - loss)
        print(f"  {step:4d}  {row['loss']:.6f}  {loss:.6f}  {apart:.1e}      {row['gradient_norm']:.4f}  {norm:.4f}", flush=True)
    summary = {"ocelli": differences([c["ocelli"] - c["pytorch"] for c in curves])}
    say("Ocelli and PyTorch", summary["ocelli"])
    if given.noise:
        parts, micro, settings, steps = build(given, recipe, photos)
        disturb(parts, given.noise)
        again = [loss for loss, _ in train(parts, micro, settings, steps, count, given.bf16)]
        summary["noise"] = differences([loss - c["pytorch"] for loss, c in zip(again, curves)])
        say(f"PyTorch and itself from weights off by {given.noise:g}", summary["noise"])
    if given.out:
        given.out.write_text(json.dumps({"summary": summary, "steps": curves}, indent=1) + "\n")


if __name__ == "__main__":
    try:
        main()
    except AssertionError as mistake:
        print(f"FAIL {mistake}")
        sys.exit(1)
