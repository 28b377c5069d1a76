"""Writes golden probabilities of sampling: core/src/test/resources/goldens/generate/sampling.json.

Run from the repository's root with a Python that has torch and transformers:

    python tools/goldens/sampling.py

Small vectors of logits, some with ties and barred tokens, go through transformers' own logits processors in the order in which generate()
applies them; what remains after a softmax is the expected answer.
"""
import json
import os

import torch
from transformers import (
    LogitsProcessorList, RepetitionPenaltyLogitsProcessor, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper)

OUT = "core/src/test/resources/goldens/generate/sampling.json"
torch.manual_seed(11)


def expected(logits, previous, temperature, top_k, top_p, penalty):
    steps = LogitsProcessorList()
    if penalty != 1:
        steps.append(RepetitionPenaltyLogitsProcessor(penalty))
    if temperature != 1:
        steps.append(TemperatureLogitsWarper(temperature))
    if top_k > 0:
        steps.append(TopKLogitsWarper(top_k))
    if top_p < 1:
        steps.append(TopPLogitsWarper(top_p))
    scores = steps(torch.tensor([previous], dtype=torch.long), torch.tensor([logits]))
    return torch.softmax(scores.double(), -1)[0].tolist()


cases = []
settings = [
    (1.0, 0, 1.0, 1.0), (0.7, 0, 1.0, 1.0), (1.6, 5, 1.0, 1.0), (1.0, 1, 1.0, 1.0), (1.0, 0, 0.9, 1.0), (0.5, 0, 0.3, 1.0),
    (1.0, 0, 0.01, 1.0), (1.0, 0, 1.0, 1.3), (1.0, 0, 1.0, 0.8), (0.8, 6, 0.75, 1.2), (1.3, 50, 0.95, 1.1), (0.9, 12, 0.5, 2.0),
]
for kind in ("normal", "ties", "barred"):
    for temperature, top_k, top_p, penalty in settings:
        logits = torch.randn(24) * 3
        if kind == "ties":
            logits = torch.round(logits)
        if kind == "barred":
            logits[torch.randperm(24)[:9]] = float("-inf")
        previous = torch.randint(0, 24, (7,)).tolist()
        values = logits.tolist()
        cases.append({
            "logits": [None if v == float("-inf") else v for v in values], "previous": previous,
            # torch.sort is not stable: which of equal tokens top-p keeps is open, only how many and how likely is not.
            "open": kind == "ties" and top_p < 1, "temperature": temperature,
            "topK": top_k, "topP": top_p, "repetitionPenalty": penalty,
            "probabilities": expected(values, previous, temperature, top_k, top_p, penalty)})
os.makedirs(os.path.dirname(OUT), exist_ok=True)
with open(OUT, "w") as out:
    out.write("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
print(OUT, os.path.getsize(OUT), "bytes,", len(cases), "cases")
