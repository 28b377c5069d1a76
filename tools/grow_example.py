#!/usr/bin/env python3
"""The gap-filling example: what synthetic captions are worth on a data set whose real ones are known.

    python3 tools/grow_example.py DATA WORK [--quantile 0.25] [--set KEY=VALUE ...] [--without-all]

DATA is a folder with captions.csv (image,caption,split) and images/, such as Flickr8k. In WORK it makes three data folders with the same
held-out photos, trains a run on each by the same recipe, and prints a table of the held-out scores:

    third    the captions of a third of the training photos, drawn from their names; the other photos lie there without
    grown    third, with the rest described by the run trained on it (ocelli data grow)
    all      every caption, as the most that filling could bring (--without-all leaves it out)

A run's passes go over its photos, so that a third of them means a third of the steps. The runs of third therefore take three times the
passes, and all runs take as many steps; --same-passes leaves that out. What is finished in WORK is kept, so that the same command
goes on after a stop. Needs nothing but Python and ./ocelli. Photos are linked, not copied, where the disk is the same.
"""
import argparse
import csv
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

OCELLI = str(pathlib.Path(__file__).resolve().parent.parent / "ocelli")


def run(*words):
    print("$ ocelli", *words, file=sys.stderr, flush=True)
    subprocess.run([OCELLI, *map(str, words)], check=True, stdout=subprocess.PIPE if "--json" in words else None)


def link(images, target):
    if (target / "images").exists():
        return
    part = target / "images.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for photo in images.iterdir():
        try:
            os.link(photo, part / photo.name)
        except OSError:
            shutil.copyfile(photo, part / photo.name)
    part.rename(target / "images")


def write(rows, target):
    part = target / "captions.csv.part"
    with open(part, "w", newline="") as out:
        csv.writer(out).writerows([["image", "caption", "split"], *rows])
    part.rename(target / "captions.csv")


def folders(data, work):
    """third and all, with the photos of both; returns how many training photos each has captions of."""
    rows = [(r["image"], r["caption"], r["split"]) for r in csv.DictReader(open(data / "captions.csv", newline=""))]
    train = sorted({r[0] for r in rows if r[2] == "train"}, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    third = set(train[: len(train) // 3])
    for name, kept in (("third", third), ("all", set(train))):
        target = work / name
        link(data / "images", target)
        write([r for r in rows if r[2] != "train" or r[0] in kept], target)
    return len(third), len(train)


def passes(recipe_sets, stage, factor):
    """The stage's passes times a factor, from --set or the recipe photos."""
    key = f"{stage}.passes"
    for one in recipe_sets:
        if one.startswith(key + "="):
            return f"{key}={round(float(one.split('=')[1]) * factor)}"
    recipe = (pathlib.Path(OCELLI).parent / "recipes" / "photos.yaml").read_text().splitlines()
    at = next(i for i, line in enumerate(recipe) if line.startswith(stage + ":"))
    line = next(line for line in recipe[at:] if line.strip().startswith("passes:"))
    return f"{key}={round(float(line.split(':')[1].split('#')[0]) * factor)}"


def train(work, name, settings):
    if (work / ("run-" + name) / "summary.json").exists():
        return
    words = [word for one in settings for word in ("--set", one)]
    run("train", "--data", work / name, "--out", work / ("run-" + name), "--features", work / "features", "--json", *words)


def scores(work, name):
    s = json.loads((work / ("run-" + name) / "summary.json").read_text())
    about = json.loads((work / ("run-" + name) / "run.json").read_text())
    retrieval = s.get("retrieval") or {}
    flat = {"steps": f"{about['qformer']['steps']} + {about['vlm']['steps']}"}

    def add(prefix, node):
        for key, value in node.items():
            if isinstance(value, dict):
                add(prefix + key + " ", value)
            elif isinstance(value, (int, float)) and not isinstance(value, bool):
                flat[prefix + key] = f"{value:.4g}"

    add("retrieval ", retrieval)
    add("grounding ", s.get("grounding") or {})
    add("captions ", s.get("captions") or {})
    return flat


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--quantile", default="0.25")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="of the recipe, for all three runs")
    parser.add_argument("--same-passes", action="store_true")
    parser.add_argument("--without-all", action="store_true", help="leave the third run out")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    third, whole = folders(args.data, args.work)
    print(f"{whole} training photos, {third} of them with their captions in 'third'", file=sys.stderr)
    factor = 1 if args.same_passes else whole / third
    more = [passes(args.set, stage, factor) for stage in ("stage1", "stage2")] if factor != 1 else []
    rest = [one for one in args.set if one.split("=")[0] not in ("stage1.passes", "stage2.passes")]
    train(args.work, "third", rest + more if more else args.set)
    if not (args.work / "grown" / "grow.json").exists():
        run("data", "grow", args.work / "third", "--run", args.work / "run-third", "--out", args.work / "grown", "--quantile", args.quantile,
            "--features", args.work / "features")
    train(args.work, "grown", args.set)
    names = ["third", "grown"]
    if not args.without_all:
        train(args.work, "all", args.set)
        names.append("all")
    print((args.work / "grown" / "grow.json").read_text())
    table = {name: scores(args.work, name) for name in names}
    keys = list(dict.fromkeys(key for row in table.values() for key in row))
    print("| held-out scores |", " | ".join(names), "|")
    print("| --- |", " | ".join("---" for name in names), "|")
    for key in keys:
        print("|", key, "|", " | ".join(table[name].get(key, "") for name in table), "|")


if __name__ == "__main__":
    main()
