#!/usr/bin/env python3
"""Makes the table of docs/objectives.md: what each objective of stage 1, each pair of them and all three buy, and what they cost.

  tools/objectives.py --data photos --out runs/objectives [--seeds 42] [--chosen 3 --chosen-seeds 42,43,44] [--set stage1.passes=4 ...]

Trains stage 1 once for every mixture and seed of --seeds, and looks at the held-out photos (--split test). Then the --chosen best mixtures
by recall (ranked again, where that finds more) are trained with the seeds of --chosen-seeds, and those of --stage2-seeds go through stage 2.
Everything is trained by `ocelli` into folders of --out: what
is finished there is not done again, so a stopped call goes on where it was. Prints the table, and writes it to OUT/table.md.

Needs nothing but Python 3.9. The rows without ITC have no recall: nothing has learnt to compare a photo with many captions at once. Times
are those of the training steps alone, without evaluation, and can be compared where the machine did nothing else.
"""
import argparse
import itertools
import json
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
NAMES = ("itc", "itm", "itg")
MIXTURES = [m for n in (1, 2, 3) for m in itertools.combinations(NAMES, n)]
RECALLS = ("i2t_r1", "i2t_r5", "i2t_r10", "t2i_r1", "t2i_r5", "t2i_r10")


def arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--data", required=True, help="folder with captions.csv and photos")
    p.add_argument("--out", required=True, type=pathlib.Path, help="folder of the runs")
    p.add_argument("--recipe", default="photos")
    p.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a value of the recipe, for all runs")
    p.add_argument("--only", help="these mixtures only, as in itc,itc+itm")
    p.add_argument("--seeds", default="42", help="of every mixture (default: 42)")
    p.add_argument("--chosen", type=int, default=0, help="so many of the best mixtures also go through stage 2 (default: none)")
    p.add_argument("--chosen-seeds", default="42", help="seeds of these (default: 42)")
    p.add_argument("--stage2-seeds", help="of those, the ones that go through stage 2 (default: all of them)")
    p.add_argument("--rerank", type=int, default=16, help="so many of the best are ranked again by matching (default: 16)")
    p.add_argument("--ocelli", default=str(ROOT / "ocelli"), help="the program")
    p.add_argument("--features", help="folder of feature stores")
    return p.parse_args()


class Runs:
    def __init__(self, a):
        self.a = a

    def ocelli(self, *words):
        """Runs ocelli with its progress shown; what it prints is returned."""
        print("$ ocelli " + " ".join(words), file=sys.stderr)
        done = subprocess.run([self.a.ocelli, *words], stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(done.returncode)
        return done.stdout

    def folder(self, mixture, seed):
        return self.a.out / ("+".join(mixture) + f"-seed{seed}")

    def train(self, mixture, seed, stage):
        """Stage "qformer" or "vlm", where it isn't finished."""
        folder = self.folder(mixture, seed)
        if finished(folder, stage):
            return folder
        values = [f"seed={seed}"] + [f"stage1.objectives.{n}={int(n in mixture)}" for n in NAMES] + self.a.set
        self.ocelli("train", stage, "--data", self.a.data, "--out", str(folder), *self.options(values))
        return folder

    def options(self, values):
        return ["--recipe", self.a.recipe] + [w for v in values for w in ("--set", v)] + self.features()

    def features(self):
        return ["--features", self.a.features] if self.a.features else []

    def measured(self, folder, name, *words):
        """The JSON that a command prints, kept in the run's folder."""
        kept = folder / f"measured-{name}.json"
        if not kept.exists():
            text = self.ocelli(*words, "--run", str(folder), "--data", self.a.data, "--json", *self.features())
            kept.with_suffix(".part").write_text(text)
            kept.with_suffix(".part").rename(kept)
        return json.loads(kept.read_text())

    def stage1(self, mixture, seed):
        folder = self.train(mixture, seed, "qformer")
        row = {"seconds": seconds(folder, "qformer")}
        if "itc" in mixture:
            row["plain"] = self.measured(folder, "retrieval", "eval", "retrieval")
            if "itm" in mixture:
                row["again"] = self.measured(folder, f"rerank{self.a.rerank}", "eval", "retrieval", "--rerank", str(self.a.rerank))
        return row

    def stage2(self, mixture, seed):
        folder = self.train(mixture, seed, "vlm")
        look = json.loads((folder / "summary.json").read_text())
        grounding = look["grounding"]
        return {"seconds": seconds(folder, "vlm"), "own": grounding["loss_own"], "gap": grounding["gap"], "cider": look["captions"]["cider"]}


def finished(folder, stage):
    """Stage 2 ends with a look at the held-out photos, kept in summary.json."""
    about = folder / "run.json"
    done = about.exists() and json.loads(about.read_text()).get(stage, {}).get("finished")
    return done and (stage == "qformer" or (folder / "summary.json").exists())


def seconds(folder, stage):
    """Of a stage's steps; a step that was done again after a kill counts once."""
    steps = {}
    for line in (folder / "metrics.jsonl").read_text().splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue  # a killed call's last line
        if row.get("stage") == stage and "seconds" in row and "step" in row:
            steps[row["step"]] = row["seconds"]
    return sum(steps.values())


def numbers(text):
    return [int(s) for s in text.split(",")]


def mean_recall(scores):
    return statistics.mean(scores[k] for k in RECALLS)


def told(values, digits):
    """The mean, with the standard deviation where there are several."""
    values = [v for v in values if v is not None]
    if not values:
        return "–"
    spread = f" ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.{digits}f}{spread}"


def recall_cells(rows, which):
    if not all(which in r for r in rows):
        return ["–", "–"]
    return [" / ".join(told([r[which][f"{side}_r{k}"] for r in rows], 1) for k in (1, 5, 10)) for side in ("i2t", "t2i")]


def main():
    a = arguments()
    runs = Runs(a)
    mixtures = MIXTURES if not a.only else [tuple(n for n in NAMES if n in m.split("+")) for m in a.only.split(",")]
    wrong = [m for m in (a.only or "").split(",") if m and set(m.split("+")) - set(NAMES)]
    if wrong:
        sys.exit(f"--only {wrong[0]}: objectives are {', '.join(NAMES)}, joined by +.")
    seeds, chosen_seeds = numbers(a.seeds), numbers(a.chosen_seeds)
    stage2_seeds = numbers(a.stage2_seeds) if a.stage2_seeds else chosen_seeds
    table = {m: {s: runs.stage1(m, s) for s in seeds} for m in mixtures}
    ranking = [m for m in mixtures if "itc" in m]
    best = lambda m: max(statistics.mean(mean_recall(r[way]) for r in table[m].values()) for way in ("plain", "again") if way in table[m][seeds[0]])
    chosen = sorted(ranking, key=best, reverse=True)[:a.chosen]
    stage2 = {m: {} for m in chosen}
    # What stage 2 makes of them is known before the further seeds of stage 1.
    for m, s in itertools.product(chosen, stage2_seeds):
        table[m][s] = table[m].get(s) or runs.stage1(m, s)
        stage2[m][s] = runs.stage2(m, s)
    for m, s in itertools.product(chosen, chosen_seeds):
        table[m][s] = table[m].get(s) or runs.stage1(m, s)
    base = statistics.mean(r["seconds"] for r in table[("itc",)].values()) if ("itc",) in table else None
    again = f"ranked again ({a.rerank})"
    lines = [
        f"| objectives | seeds | time | photo to caption, R@1 / 5 / 10 | caption to photo | photo to caption, {again} | caption to photo, {again} |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for m in mixtures:
        rows = list(table[m].values())
        time = statistics.mean(r["seconds"] for r in rows)
        share = f" ({time / base:.1f} x)" if base else ""
        cells = ["+".join(m), str(len(rows)), f"{time:.0f} s{share}", *recall_cells(rows, "plain"), *recall_cells(rows, "again")]
        lines.append("| " + " | ".join(cells) + " |")
    if stage2:
        lines += ["", "| objectives | seeds | stage 2 | loss with the own photo | gap to another's | CIDEr |", "| --- | --- | --- | --- | --- | --- |"]
        for m, by_seed in stage2.items():
            rows = list(by_seed.values())
            cells = ["+".join(m), str(len(rows)), told([r["seconds"] for r in rows], 0) + " s", told([r["own"] for r in rows], 3),
                     told([r["gap"] for r in rows], 3), told([r["cider"] for r in rows], 3)]
            lines.append("| " + " | ".join(cells) + " |")
    text = "\n".join(lines) + "\n"
    (a.out / "table.md").write_text(text)
    print(text, end="")


main()
