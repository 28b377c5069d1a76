#!/usr/bin/env python3
"""A small matrix in ggml's Q4_1, Q8_0 and bf16 by the gguf package: what BlockMatrixTest compares with.

    python tools/goldens/blocks.py core/src/test/resources/goldens/blocks
"""
import json, pathlib, sys

import gguf
import numpy as np

ROWS, COLUMNS = 19, 64  # not whole tiles of 16 rows

matrix = np.random.default_rng(3).standard_normal((ROWS, COLUMNS)).astype(np.float32)
matrix[2, :32] = 0  # a block without any scale
matrix[3, 32:] = 0.25
matrix[4, 5] = 9  # an outlier
matrix = np.round(matrix, 4).astype(np.float32)


def through(kind):
    return gguf.quants.dequantize(gguf.quants.quantize(matrix, kind), kind)


def plain(values):
    return [float(v) for v in values.flatten()]


folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
kinds = gguf.GGMLQuantizationType
golden = {"rows": ROWS, "matrix": plain(matrix), "INT4": plain(through(kinds.Q4_1)), "INT8": plain(through(kinds.Q8_0)),
          "BF16": plain(through(kinds.BF16))}
(folder / "blocks.json").write_text(json.dumps(golden))
