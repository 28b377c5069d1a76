"""Reads a run folder with Python's own libraries: whatever Ocelli wrote opens there, and gives the same numbers.

    python3 tools/check_run.py RUN                       safetensors and numpy only: every file opens, with finite numbers
    python3 tools/check_run.py RUN --features F.safetensors --expected E.safetensors
                                                         also torch and transformers: Blip2QFormerModel on the features of one photo
    python3 tools/check_run.py RUN --base GGUF|FOLDER    also peft: the adapter on its base weights

Prints one line a check and ends with 1 at the first that fails.
"""

import argparse
import json
import pathlib
import sys

import numpy
import safetensors.numpy


def open_all(run):
    """Every safetensors file of the run, checkpoints included."""
    files = sorted(run.rglob("*.safetensors"))
    assert files, f"{run} holds no safetensors file"
    for file in files:
        tensors = safetensors.numpy.load_file(file)
        assert tensors, f"{file} is empty"
        for name, tensor in tensors.items():
            assert numpy.isfinite(tensor.astype("float64")).all(), f"{file}: {name} is not finite"
        print(f"ok   {file.relative_to(run)}: {len(tensors)} tensors")
    for file in sorted(run.rglob("*.json")):
        json.loads(file.read_text())
    for line in (run / "metrics.jsonl").read_text().splitlines():
        json.loads(line)
    print("ok   JSON files and metrics.jsonl")


def qformer(folder):
    """transformers' Q-Former with our weights: no tensor missing, none left over but those that are ours alone."""
    import transformers

    model, report = transformers.Blip2QFormerModel.from_pretrained(folder, output_loading_info=True)
    assert not report["missing_keys"], f"missing: {report['missing_keys']}"
    ours = {"query_tokens"}
    left = {k for k in report["unexpected_keys"] if k not in ours}
    if (folder.parent.name == "vlm"):
        assert not left, f"left over: {left}"
    print(f"ok   Blip2QFormerModel opens {folder.name}; left over: {sorted(set(report['unexpected_keys']))[:4]}")
    return model.eval()


def query_outputs(folder, features):
    import torch

    model = qformer(folder)
    tensors = safetensors.numpy.load_file(folder / "model.safetensors")
    queries = torch.from_numpy(tensors["query_tokens"])
    with torch.no_grad():
        out = model(query_embeds=queries.expand(features.shape[0], -1, -1), encoder_hidden_states=features)
    return out.last_hidden_state


def relative(a, b):
    return float((a - b).norm() / b.norm())


def check_qformer(run, features_file, expected_file):
    import torch

    features = safetensors.numpy.load_file(features_file)
    expected = safetensors.numpy.load_file(expected_file)
    name = sorted(features)[0]
    seen = torch.from_numpy(features[name]).float()[None]
    out = query_outputs(run / "vlm" / "qformer", seen)
    error = relative(out[0], torch.from_numpy(expected[name]).float())
    assert error < 2e-2, f"Q-Former outputs differ by {error}"
    print(f"ok   Blip2QFormerModel on {name}: relative error {error:.1e}")


def check_adapter(run, base, text, loss):
    import peft
    import torch
    import transformers

    base = pathlib.Path(base)
    where = {"gguf_file": base.name} if base.suffix == ".gguf" else {}
    folder = base.parent if base.suffix == ".gguf" else base
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **where)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **where)
    ids = tokenizer(text, return_tensors="pt").input_ids[:, :512]

    def mean_loss(m):
        with torch.no_grad():
            return float(m(ids, labels=ids).loss)

    without = mean_loss(model)
    model = peft.PeftModel.from_pretrained(model, run / "vlm" / "adapter").eval()
    with_adapter = mean_loss(model)
    print(f"     loss of the text: {with_adapter:.4f} with the adapter, {without:.4f} without, over {ids.shape[1] - 1} tokens")
    if loss:
        for name, ours, theirs in (("loss_with", loss["loss_with"], with_adapter), ("loss_without", loss["loss_without"], without)):
            assert abs(ours - theirs) < 2e-2, f"{name}: ours {ours}, PEFT's {theirs}"
        assert loss["tokens"] == ids.shape[1] - 1, "another number of tokens"
    print("ok   PEFT loads the adapter" + (", with the same losses" if loss else ""))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("--features", help="what ocelli features wrote, for one photo")
    parser.add_argument("--expected", help="the Q-Former's outputs for it")
    parser.add_argument("--base", help="the base weights: a GGUF file or a folder")
    parser.add_argument("--text", type=pathlib.Path, help="a text of fewer than 512 tokens")
    parser.add_argument("--language", type=pathlib.Path, help="what ocelli eval language --json said of it")
    given = parser.parse_args()
    open_all(given.run)
    try:
        import transformers  # noqa: F401
    except ImportError:
        print("skip transformers is not installed")
        return
    qformer(given.run / "vlm" / "qformer")
    if given.features and given.expected:
        check_qformer(given.run, given.features, given.expected)
    if given.base:
        check_adapter(given.run, given.base, given.text.read_text(), json.loads(given.language.read_text()) if given.language else None)


if __name__ == "__main__":
    try:
        main()
    except AssertionError as mistake:
        print(f"FAIL {mistake}")
        sys.exit(1)
