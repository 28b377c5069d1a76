#!/usr/bin/env python3
"""How time and memory grow with the number of pairs, the batch, the Q-Former and the length of answers: docs/growth.md and its picture.

    python3 tools/growth.py --work DIR --out docs [--ocelli ./ocelli] [--only pairs,batch,qformer,length]

Pictures and captions are drawn at random here; each figure comes from an `ocelli train` of its own. What is measured already (DIR/growth.json)
isn't again. Needs nothing but Python 3.9 and Linux. Let nothing else run meanwhile.
"""
import argparse
import json
import pathlib
import random
import shutil
import statistics
import struct
import subprocess
import time
import zlib

WORDS = "a the red blue small big old dog cat man girl boat tree house runs sits jumps stands in on under near with snow grass water".split()
PAIRS = (1_000, 10_000, 50_000)
BATCHES = (2, 4, 16, 64, 256)
LENGTHS = (64, 128, 256, 512, 1024)
QFORMERS = ("sentence-transformers/all-MiniLM-L6-v2", "distilbert/distilbert-base-uncased", "google-bert/bert-base-uncased")
# Tokens of the prompt and the picture, beside an answer. The shortest answer has 8 words.
FRAME = 64


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--work", required=True, type=pathlib.Path, help="folder for data and runs")
    p.add_argument("--out", required=True, type=pathlib.Path, help="folder of growth.md and growth.svg")
    p.add_argument("--ocelli", default="./ocelli", help="the program")
    p.add_argument("--only", default="pairs,batch,qformer,length", help="parts to measure")
    return p.parse_args()


# For all runs: as docs/growth.md was measured, and nothing between a pair and its step that isn't asked about.
SETTINGS = [
    "data.validation=0", "features.show=middle", "features.layers=1", "features.views=0", "qformer.glance=false",
    "stage1.patches=1", "stage1.querybank=0", "stage2.captions_at_once=1", "stage2.accumulate=1",
]


def picture(path, seed, side=96):
    """A PNG of coloured patches, other ones for each seed."""
    draw = random.Random(seed)
    colours = [bytes(draw.randrange(256) for _ in range(3)) for _ in range(64)]
    rows = b"".join(b"\0" + b"".join(colours[y * 8 // side * 8 + x * 8 // side] for x in range(side)) for y in range(side))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b""))


def data(folder, photos, captions, words):
    """A data folder, two photos of which are held out."""
    done = folder / "captions.csv"
    if not done.exists():
        (folder / "images").mkdir(parents=True, exist_ok=True)
        draw = random.Random(7)
        rows = ["image,caption,split"]
        for i in range(photos + 2):
            picture(folder / "images" / f"{i:06}.png", i)
            part = "train" if i < photos else "test"
            rows += [f"{i:06}.png,{' '.join(draw.choices(WORDS, k=words))},{part}" for _ in range(captions)]
        done.write_text("\n".join(rows) + "\n")
    return folder


def run(ocelli, stage, recipe, data, out, features, settings):
    """Trains, and returns what it took: seconds in all, median seconds a step after the first quarter, peak MiB."""
    command = [ocelli, "train", stage, "--recipe", recipe, "--data", str(data), "--out", str(out), "--features", str(features)]
    for setting in SETTINGS + settings:
        command += ["--set", setting]
    began = time.time()
    peak = 0
    with open(out.parent / (out.name + ".log"), "w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        while process.poll() is None:
            try:
                status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
                peak = max([peak, *(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))])
            except (FileNotFoundError, ProcessLookupError):
                pass
            time.sleep(0.2)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed: see {log.name}")
    metrics = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    steps = [m["seconds"] for m in metrics if m.get("stage") == stage and "seconds" in m]
    return {"seconds": time.time() - began, "step": statistics.median(steps[len(steps) // 4:]), "peak_mib": peak / 1024}


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder


def pairs(a, n):
    """A pass of stage 1 over all pairs with the tiny models, whose encoder takes little of the time; features computed, then kept."""
    models = a.work / "tiny"
    if not (models / "report.html").exists():
        subprocess.run([a.ocelli, "quickstart", "--tiny", "--out", str(models)], check=True)
    folder = data(a.work / f"pairs-{n}", n // 5, 5, 10)
    settings = [f"models.{kind}={(models / 'models' / kind).resolve()}" for kind in ("vision", "text", "language")]
    settings += ["stage1.passes=1", "stage1.captions=all"]
    features = fresh(a.work / f"features-{n}")
    cold = run(a.ocelli, "qformer", "quickstart-tiny", folder, fresh(a.work / "run"), features, settings)
    warm = run(a.ocelli, "qformer", "quickstart-tiny", folder, fresh(a.work / "run"), features, settings)
    disk = sum(f.stat().st_size for f in features.rglob("*") if f.is_file())
    return {"ms": 1000 * warm["step"] / 64, "mib": warm["peak_mib"], "seconds": warm["seconds"], "cold_seconds": cold["seconds"], "disk_mib": disk / 2**20}


def stage1(a, batch, settings):
    folder = data(a.work / "few", 256, 1, 10)
    settings = [f"stage1.batch={batch}", f"stage1.passes={max(1, 6 * batch // 256)}", *settings]
    got = run(a.ocelli, "qformer", "photos", folder, fresh(a.work / "run"), a.work / "features", settings)
    return {"ms": 1000 * got["step"] / batch, "mib": got["peak_mib"]}


def length(a, tokens):
    """Stage 2, two pairs a step, beside a stage 1 of two steps."""
    folder = data(a.work / f"length-{tokens}", 12, 1, max(8, tokens - FRAME))
    settings = ["stage1.batch=6", "stage1.passes=1", "stage2.batch=2", "stage2.passes=1", "generation.max_tokens=1"]
    out = fresh(a.work / "run")
    run(a.ocelli, "qformer", "photos", folder, out, a.work / "features", settings)
    got = run(a.ocelli, "vlm", "photos", folder, out, a.work / "features", settings)
    return {"ms": 1000 * got["step"] / 2, "mib": got["peak_mib"]}


PARTS = {
    "pairs": ("pairs in the data (tiny models)", PAIRS, pairs),
    "batch": ("pairs in a batch of stage 1", BATCHES, lambda a, x: stage1(a, x, [])),
    "qformer": ("Q-Former, batch 16", QFORMERS, lambda a, x: stage1(a, 16, ["models.random=[text]", f"models.text={x}"])),
    "length": ("tokens of a pair in stage 2, batch 2", LENGTHS, length),
}


def name(x):
    return f"{x:,}" if isinstance(x, int) else x.split("/")[1].replace("-uncased", "").replace("all-", "").replace("-v2", "")


def panel(left, top, title, points, unit):
    """One line over its places, from 0 up."""
    wide, high = 190, 120
    most = max(value for _, value in points) * 1.25
    at = [(left + 20 + i * (wide - 40) / max(1, len(points) - 1), top + high - value / most * high) for i, (_, value) in enumerate(points)]
    out = [f'<text x="{left}" y="{top - 10}" class="title">{title}</text>']
    out.append(f'<path class="axis" d="M{left} {top}V{top + high}H{left + wide}"/>')
    out.append('<path class="line" d="M' + "L".join(f"{x:.1f} {y:.1f}" for x, y in at) + '"/>')
    for (x, y), (label, value) in zip(at, points):
        shown = f"{value:.0f}" if value >= 100 else f"{value:.3g}"
        out.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/><text x="{x:.1f}" y="{y - 7:.1f}" class="value">{shown}</text>')
        out.append(f'<text x="{x:.1f}" y="{top + high + 14}" class="value">{label}</text>')
    out.append(f'<text x="{left + wide}" y="{top + 4}" class="unit">{unit}</text>')
    return out


def plot(results):
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 400" font-family="sans-serif" font-size="10">']
    out.append("<style>.title{font-weight:bold}.value{text-anchor:middle}.unit{text-anchor:end;fill:#777}.axis{fill:none;stroke:#999}"
               ".line{fill:none;stroke:#1f6fb2;stroke-width:2}circle{fill:#1f6fb2}</style>")
    out.append('<rect width="900" height="400" fill="#fff"/>')
    for column, (part, figures) in enumerate(results.items()):
        for row, (key, unit) in enumerate((("ms", "ms a pair"), ("mib", "MiB, peak"))):
            points = [(name(x).split("-")[0] if part == "qformer" else x if part != "pairs" else f"{x // 1000}k", f[key]) for x, f in figures]
            out += panel(20 + column * 222, 40 + row * 190, PARTS[part][0], points, unit)
    return "\n".join(out + ["</svg>"]) + "\n"


def table(part, figures):
    columns = {"ms": "ms a pair", "mib": "peak memory, MiB", "seconds": "whole run, s", "cold_seconds": "with features computed, s", "disk_mib": "features, MiB"}
    keys = [k for k in columns if k in figures[0][1]]
    lines = [f"| {PARTS[part][0]} | " + " | ".join(columns[k] for k in keys) + " |", "| --- |" + " --- |" * len(keys)]
    for x, f in figures:
        lines.append(f"| {name(x)} | " + " | ".join(f"{f[k]:,.0f}" if f[k] >= 100 else f"{f[k]:.3g}" for k in keys) + " |")
    return "\n".join(lines) + "\n"


def main():
    a = arguments()
    a.work.mkdir(parents=True, exist_ok=True)
    kept = a.work / "growth.json"
    measured = json.loads(kept.read_text()) if kept.exists() else {}
    results = {}
    for part in a.only.split(","):
        _, places, measure = PARTS[part]
        for x in places:
            key = f"{part} {x}"
            if key not in measured:
                measured[key] = measure(a, x)
                kept.write_text(json.dumps(measured, indent=1))
                print(key, {k: round(v, 2) for k, v in measured[key].items()}, flush=True)
        results[part] = [(x, measured[f"{part} {x}"]) for x in places]
    (a.out / "growth.svg").write_text(plot(results))
    page = a.out / "growth.md"
    text = page.read_text() if page.exists() else "# Growth\n\n<!-- tables -->\n<!-- end -->\n"
    before, rest = text.split("<!-- tables -->")
    page.write_text(before + "<!-- tables -->\n\n" + "\n".join(table(p, f) for p, f in results.items()) + "\n<!-- end -->" + rest.split("<!-- end -->")[1])


if __name__ == "__main__":
    main()
