#!/usr/bin/env python3
"""A yardstick for stage 1: how well a linear map finds captions by photos, and photos by captions.

  python -m venv venv && venv/bin/pip install torch transformers safetensors
  venv/bin/python tools/linear_map.py --data photos --store FEATURES --text sentence-transformers/all-MiniLM-L6-v2 [--passes 10 --batch 128]

Each photo is its class token beside the mean of its patches, each caption the mean of its tokens as the text model alone gives it. Both
models stay as they are; two linear maps to one space learn by contrast, as stage 1 does, in seconds. What a Q-Former finds beyond this is
what looking closer, and learning more of words, have brought. Also printed: how well one caption of a photo finds another one of it.

DATA has captions.csv with a column "split" (train and dev or test) and the photos beside it or in images/. FEATURES is a folder of Ocelli's
feature stores, one encoder's (~/.cache/huggingface/ocelli/features/NAME), which holds all of these photos once stage 1 and
`ocelli eval retrieval` have gone through them. (A folder of altered views lacks those held out; its shards' "preprocessing" says "view".)
"""
import argparse
import csv
import hashlib
import json
import math
import pathlib
import time

import torch
import transformers
from safetensors import safe_open
from torch import nn
from torch.nn import functional as F


def arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--data", required=True, type=pathlib.Path)
    p.add_argument("--store", required=True, type=pathlib.Path)
    p.add_argument("--text", required=True, help="BERT-like text model: name on the hub, or a folder")
    p.add_argument("--passes", type=int, default=10)
    p.add_argument("--batch", type=int, default=128)
    p.add_argument("--rate", type=float, default=1e-3)
    p.add_argument("--dropout", type=float, default=0.0)
    p.add_argument("--seeds", default="42")
    p.add_argument("--json", action="store_true")
    return p.parse_args()


def captions(data):
    """Photos in their order, with their captions and whether they are trained on."""
    photos = {}
    rows = csv.DictReader(open(data / "captions.csv", encoding="utf-8"))
    missing = {"image", "caption", "split"} - set(rows.fieldnames or [])
    if missing:
        raise SystemExit(f"{data / 'captions.csv'} has no column {', '.join(sorted(missing))}. It takes image, caption and split.")
    for row in rows:
        text = row["caption"].lower().strip().rstrip(".").strip()
        photos.setdefault(row["image"], (row["split"] == "train", []))[1].append(text)
    return photos


def pooled(store, data, names):
    """[photos, 2 * hidden], centred and of deviation 1 on the whole."""
    sha = {name: hashlib.sha256(find(data, name).read_bytes()).hexdigest() for name in names}
    wanted, found = set(sha.values()), {}
    for shard in sorted(store.glob("*.safetensors")):
        with safe_open(shard, "pt") as file:
            pictures, features = file.metadata()["pictures"].split("\n"), file.get_tensor("features")
        for picture, x in zip(pictures, features):
            if picture in wanted:
                found[picture] = torch.cat([x[0].float(), x[1:].float().mean(0)])
    missing = [name for name in names if sha[name] not in found]
    if missing:
        raise SystemExit(f"{store} lacks {len(missing)} photos, {missing[0]} for one. Train stage 1 on them and run ocelli eval retrieval first; or is it a folder of views?")
    return torch.stack([found[sha[name]] for name in names])


def find(data, name):
    for file in (data / name, data / "images" / name):
        if file.exists():
            return file
    raise SystemExit(f"{data} has no photo {name}, nor has {data / 'images'}. Remove its rows or add it.")


def embedded(model, texts):
    """[texts, hidden]: the mean of each text's tokens, as the model stands."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    bert = transformers.AutoModel.from_pretrained(model).eval()
    out = torch.zeros(len(texts), bert.config.hidden_size)
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    with torch.no_grad():
        for start in range(0, len(order), 128):
            some = order[start : start + 128]
            batch = tokenizer([texts[i] for i in some], padding=True, truncation=True, max_length=32, return_tensors="pt")
            real = batch["attention_mask"].unsqueeze(-1).float()
            out[some] = (bert(**batch).last_hidden_state * real).sum(1) / real.sum(1)
    return F.normalize(out, dim=1)


def recall(similarity, owner):
    """R@1, 5, 10 both ways; ties count against."""
    best = torch.stack([row[owner == photo].max() for photo, row in enumerate(similarity)])
    own = similarity[owner, torch.arange(len(owner))]
    ranks = {"i2t": (similarity >= best[:, None]).sum(1), "t2i": (similarity >= own[None]).sum(0)}
    return {f"{side}_r{k}": round(100 * (r <= k).float().mean().item(), 1) for side, r in ranks.items() for k in (1, 5, 10)}


def learn(a, seed, photos, texts, rows):
    """Two linear maps by contrast of photos [n, size] with one caption of each, drawn; rows: each photo's captions among texts."""
    torch.manual_seed(seed)
    image, text = nn.Linear(photos.shape[1], texts.shape[1]), nn.Linear(texts.shape[1], texts.shape[1])
    scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))
    optimiser = torch.optim.AdamW([*image.parameters(), *text.parameters(), scale], lr=a.rate, weight_decay=0.05)
    steps, step = a.passes * (len(photos) // a.batch), 0
    for _ in range(a.passes):
        order = torch.randperm(len(photos))
        for start in range(0, len(photos) - a.batch + 1, a.batch):
            some = order[start : start + a.batch].tolist()
            drawn = [rows[i][torch.randint(len(rows[i]), (1,)).item()] for i in some]
            x, y = (F.normalize(m(F.dropout(v, a.dropout)), dim=1) for m, v in ((image, photos[some]), (text, texts[drawn])))
            logits, labels = x @ y.T * scale.exp(), torch.arange(len(some))
            loss = (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2
            for group in optimiser.param_groups:
                group["lr"] = a.rate * min(1, (step + 1) / 20) * (1 + math.cos(math.pi * step / steps)) / 2
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            step += 1
    return image, text


def main():
    a = arguments()
    photos = captions(a.data)
    names = list(photos)
    train = [i for i, name in enumerate(names) if photos[name][0]]
    held = [i for i, name in enumerate(names) if not photos[name][0]]
    if not held or len(train) < a.batch:
        raise SystemExit(f"{a.data} has {len(train)} photos of split train, for a batch of {a.batch}, and {len(held)} others. Give more, or a smaller --batch.")
    x = pooled(a.store, a.data, names)
    flat, rows = [], []
    for name in names:
        rows.append(list(range(len(flat), len(flat) + len(photos[name][1]))))
        flat += photos[name][1]
    y = embedded(a.text, flat)
    asked = [r for i in held for r in rows[i]]
    owner = torch.tensor([k for k, i in enumerate(held) for _ in rows[i]])
    # Each held photo's first caption stands in for the photo; what it is to find are the others.
    shown = [rows[i][0] for i in held]
    others = [k for k, r in enumerate(asked) if r != shown[owner[k]]]
    several = all(len(rows[i]) > 1 for i in held)
    report = {"one caption for the photo": recall(y[shown] @ y[asked][others].T, owner[others])} if several else {}
    x = x - x[train].mean(0)
    x = x / x[train].std()
    y = F.normalize(y - y.mean(0), dim=1) * math.sqrt(y.shape[1])
    for seed in map(int, a.seeds.split(",")):
        start = time.time()
        image, text = learn(a, seed, x[train], y, [rows[i] for i in train])
        seconds = time.time() - start
        with torch.no_grad():
            similarity = F.normalize(image(x[held]), dim=1) @ F.normalize(text(y[asked]), dim=1).T
        report[f"seed {seed}"] = recall(similarity, owner) | {"seconds": round(seconds, 1)}
    if a.json:
        print(json.dumps(report, indent=1))
        return
    for name, r in report.items():
        cells = ["  ".join(f"R@{k} {r[f'{side}_r{k}']:.1f}" for k in (1, 5, 10)) for side in ("i2t", "t2i")]
        print(f"{name}: photo to caption {cells[0]}   caption to photo {cells[1]}" + (f"   in {r['seconds']:.0f} s" if "seconds" in r else ""))


main()
