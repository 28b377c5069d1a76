"""Trains what `ocelli quickstart` trains for several seeds, each beside a twin that never sees a photo, and prints their scores.

    python3 tools/quickstart_seeds.py --out DIR [--seeds 1 2 3] [--ocelli ./ocelli]

Each seed's stage 1 is trained once and shared with its twin. What is finished is not done again.
"""

import argparse
import json
import pathlib
import shutil
import subprocess

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--out", type=pathlib.Path, required=True)
parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
parser.add_argument("--ocelli", default="./ocelli")
parser.add_argument("--features", help="folder of feature stores")
parser.add_argument("--set", action="append", default=[], help="another value than the recipe's, as ocelli train takes it")
options = parser.parse_args()
stores = ["--features", options.features] if options.features else []


def ocelli(*arguments, capture=False):
    command = [options.ocelli, *map(str, arguments), *stores]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE if capture else None, text=True)
    return done.stdout


def settings(seed, *more):
    return [word for change in [f"seed={seed}", *options.set, *more] for word in ("--set", change)]


def finished(run, stage):
    about = run / "run.json"
    return about.exists() and json.loads(about.read_text()).get(stage, {}).get("finished", False)


results = {}
for seed in options.seeds:
    place = options.out / f"seed-{seed}"
    run, blind = place / "run", place / "blind"
    recipe = ["--recipe", "quickstart", "--data", place / "scenes"]
    subprocess.run([options.ocelli, "data", "scenes", "--out", str(place / "scenes"), "--count", "2000", "--questions"], check=True)
    if not finished(run, "qformer"):
        ocelli("train", "qformer", *recipe, "--out", run, *settings(seed))
    if not blind.exists():
        # Before stage 2 begins: from here on only it differs.
        shutil.rmtree(place / "blind.new", ignore_errors=True)
        shutil.copytree(run, place / "blind.new")
        (place / "blind.new").rename(blind)
    ocelli("quickstart", "--out", place, "--seed", seed, *[word for change in options.set for word in ("--set", change)])
    if not finished(blind, "vlm"):
        ocelli("train", "vlm", *recipe, "--out", blind, *settings(seed, "stage2.blank_image=true"))
    scores = {m["split"]: m for m in json.loads((place / "scores.json").read_text())}
    for split in ("test", "unseen"):
        answers = ocelli("eval", "answers", "--json", "--run", run, "--blank", blind, "--data", place / "scenes", "--split", split, capture=True)
        scores[split]["answers"] = json.loads(answers)
    results[seed] = scores
(options.out / "seeds.json").write_text(json.dumps(results, indent=1) + "\n")


def row(name, values):
    values = list(values)
    shown = "  ".join("    -" if v is None else f"{v:5.1f}" for v in values)
    known = [v for v in values if v is not None]
    print(f"  {name:34}{shown}   mean {sum(known) / len(known):5.1f}, least {min(known):5.1f}" if known else f"  {name:34}{shown}")


for split in ("test", "unseen"):
    print(f"{split}, seeds {', '.join(map(str, options.seeds))}")
    each = [results[seed][split] for seed in options.seeds]
    row("image to text R@1", (m["retrieval"]["i2t_r1"] for m in each))
    row("text to image R@1", (m["retrieval"]["t2i_r1"] for m in each))
    for slot in ("object", "colour", "count", "relation"):
        row(f"caption slots: {slot}", (m["slots"]["own"][slot]["percent"] for m in each))
        row("  by chance", (m["slots"]["other"][slot]["percent"] for m in each))
    for kind in each[0]["answers"]["accuracy"]:
        row(f"answers: {kind}", (m["answers"]["accuracy"][kind] for m in each))
        row("  trained without photos", (m["answers"]["blank"][kind] for m in each))
        row("  above it", (m["answers"]["accuracy"][kind] - m["answers"]["blank"][kind] for m in each))
