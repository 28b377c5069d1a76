"""Reads a run folder with Python's own libraries: whatever Ocelli wrote opens there, and gives the same numbers.

    python3 tools/check_run.py RUN                       safetensors and numpy only: every file opens, with finite numbers
    python3 tools/check_run.py RUN --base GGUF|FOLDER --features F.safetensors --data DIR --grounding G.json
                                                         also torch, transformers, peft, gguf: the whole path from features to the
                                                         captions' loss, by Blip2QFormerModel and PEFT
    python3 tools/check_run.py RUN --base GGUF|FOLDER --text T.txt --language L.json
                                                         the adapter alone, on plain text

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
    left = {k for k in report["unexpected_keys"] if not k.startswith(("query_tokens", "glance."))}
    if (folder.parent.name == "vlm"):
        assert not left, f"left over: {left}"
    print(f"ok   Blip2QFormerModel opens {folder.name}; left over: {sorted(set(report['unexpected_keys']))[:4]}")
    return model.eval()


def base_model(base):
    """The language model and its tokenizer, out of a GGUF file or a folder."""
    import torch
    import transformers

    base = pathlib.Path(base)
    where = {"gguf_file": base.name} if base.suffix == ".gguf" else {}
    folder = base.parent if base.suffix == ".gguf" else base
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **where)
    return model.eval(), transformers.AutoTokenizer.from_pretrained(folder, **where)


def tolerance(run):
    """Of a mean loss: Ocelli in bf16 differs from Python in fp32 by rounding."""
    return 1e-3 if json.loads((run / "run.json").read_text())["precision"] == "fp32" else 3e-2


def check_answers(run, base, features_file, data, expected):
    """The whole path in Python (Q-Former, projector, PEFT, prompt) against the loss that ocelli eval grounding printed."""
    import csv

    import peft
    import torch
    import yaml

    recipe = yaml.safe_load((run / "recipe.yaml").read_text())
    assert recipe["stage2"]["image"] == "after_prompt", "this script writes the image after the prompt only"
    features = safetensors.numpy.load_file(features_file)
    q = qformer(run / "vlm" / "qformer")
    weights = {k: torch.from_numpy(v) for k, v in safetensors.numpy.load_file(run / "vlm" / "qformer" / "model.safetensors").items()}
    said = json.loads((run / "vlm" / "qformer" / "config.json").read_text())
    apart = said.get("ocelli_queries_apart", False)
    mask = torch.eye(weights["query_tokens"].shape[1], dtype=torch.bool)[None, None] if apart else None  # each query sees itself alone
    projector = {k: torch.from_numpy(v) for k, v in safetensors.numpy.load_file(run / "vlm" / "projector.safetensors").items()}
    model, tokenizer = base_model(base)
    model = peft.PeftModel.from_pretrained(model, run / "vlm" / "adapter").eval()
    mark = "@@image@@"
    messages = [
        {"role": "system", "content": recipe["stage2"]["system"][0]},
        {"role": "user", "content": recipe["stage2"]["user"][0] + mark},
    ]
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    before, after = (tokenizer(t, add_special_tokens=False, return_tensors="pt").input_ids for t in text.split(mark))
    first = {}
    for row in csv.DictReader(open(data / "captions.csv", encoding="utf-8")):
        first.setdefault(row["image"], row["caption"])
    total, tokens = 0.0, 0
    embed = model.get_input_embeddings()
    for image, seen in features.items():
        caption = first[image].strip()
        caption = caption.rstrip(" .") if recipe["data"]["strip_stop"] else caption
        caption = caption.lower() if recipe["data"]["lowercase"] else caption
        answer = torch.tensor([tokenizer(caption, add_special_tokens=False).input_ids + [tokenizer.eos_token_id]])
        with torch.no_grad():
            seen = torch.from_numpy(seen).float()[None]
            out = q(query_embeds=weights["query_tokens"], attention_mask=mask, encoder_hidden_states=seen).last_hidden_state
            if said.get("ocelli_glance", False):
                both = torch.cat([seen[:, 0], seen[:, 1:].mean(1)], 1)
                glance = torch.nn.functional.linear(both, weights["glance.dense.weight"], weights["glance.dense.bias"])
                norm = weights["glance.LayerNorm.weight"], weights["glance.LayerNorm.bias"]
                out = torch.cat([out, torch.nn.functional.layer_norm(glance, norm[0].shape, *norm, said["layer_norm_eps"])[:, None]], 1)
            x = torch.nn.functional.linear(out, projector["linear_1.weight"], projector["linear_1.bias"])
            x = torch.nn.functional.linear(torch.nn.functional.gelu(x), projector["linear_2.weight"], projector["linear_2.bias"])
            whole = torch.cat([embed(before), x, embed(after), embed(answer)], 1)
            logits = model(inputs_embeds=whole).logits[0, -answer.shape[1] - 1 : -1]
            total += float(torch.nn.functional.cross_entropy(logits, answer[0], reduction="sum"))
            tokens += answer.shape[1]
    loss = total / tokens
    print(f"     loss_own {loss:.5f} here, {expected['loss_own']:.5f} by Ocelli, over {tokens} tokens")
    assert tokens == expected["tokens"], "another number of tokens"
    assert abs(loss - expected["loss_own"]) < tolerance(run), "another loss"
    print("ok   the whole path from features to the loss of the captions")


def check_adapter(run, base, text, loss):
    import peft
    import torch

    model, tokenizer = base_model(base)
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
            assert abs(ours - theirs) < tolerance(run), f"{name}: ours {ours}, PEFT's {theirs}"
        assert loss["tokens"] == ids.shape[1] - 1, "another number of tokens"
    print("ok   PEFT loads the adapter" + (", with the same losses" if loss else ""))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("--features", help="what ocelli features wrote of all photos, with --layers and --whole as recipe.yaml has them")
    parser.add_argument("--data", type=pathlib.Path, help="the data folder with captions.csv")
    parser.add_argument("--grounding", type=pathlib.Path, help="what ocelli eval grounding --split all --json said")
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
    if given.base and given.features:
        check_answers(given.run, given.base, given.features, given.data, json.loads(given.grounding.read_text()))
    if given.base and given.text:
        check_adapter(given.run, given.base, given.text.read_text(), json.loads(given.language.read_text()) if given.language else None)


if __name__ == "__main__":
    try:
        main()
    except AssertionError as mistake:
        print(f"FAIL {mistake}")
        sys.exit(1)
