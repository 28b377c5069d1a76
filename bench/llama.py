"""llama.cpp's side of `ocelli bench`: an answer by the GGUF file that the starter language model comes from.

    venv/bin/pip install llama-cpp-python

llama.cpp may lay weights out anew for the processor. That is mostly faster, and on some virtual machines it crashes: both ways are tried,
each in a process of its own, and the faster one that runs counts. Prints one line of JSON.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from importlib import metadata

PROMPT = 64  # words and picture of peer.py


def measure(repack):
    """Tokens a second after the first."""
    import llama_cpp
    from llama_cpp import llama_cpp as native

    if not repack:
        # Llama's own constructor doesn't hand this setting on.
        defaults = native.llama_model_default_params

        def as_they_are():
            parameters = defaults()
            parameters.use_extra_bufts = False
            return parameters

        native.llama_model_default_params = as_they_are

    threads = os.cpu_count()
    model = llama_cpp.Llama(options.gguf, n_ctx=PROMPT + options.tokens + 64, n_threads=threads, n_threads_batch=threads, verbose=False)
    rates = []
    for turn in range(7):
        said = model.generate(list(range(1000, 1000 + PROMPT)), temp=0.0)  # greedy, and on past an end of turn
        next(said)
        begin = time.perf_counter()
        for _ in range(options.tokens - 1):
            next(said)
        if turn > 1:
            rates.append((options.tokens - 1) / (time.perf_counter() - begin))
    return statistics.median(rates)


def tried(layout):
    """The same in a process of its own; None where it crashes."""
    command = [sys.executable, __file__, options.gguf, "--tokens", str(options.tokens), "--layout", layout]
    child = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    return json.loads(child.stdout.splitlines()[-1])["tokens_per_s"] if child.returncode == 0 else None


parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("gguf")
parser.add_argument("--tokens", type=int, default=64, help="of each answer")
parser.add_argument("--layout", choices=["repacked", "plain"], help="of the weights (default: the faster that runs)")
options = parser.parse_args()
if options.layout:
    print(json.dumps({"tokens_per_s": measure(options.layout == "repacked")}))
else:
    ran = {layout: rate for layout in ("repacked", "plain") if (rate := tried(layout))}
    if not ran:
        sys.exit("llama.cpp does not run here, whatever the layout of its weights.")
    best = max(ran, key=ran.get)
    print(json.dumps({"tokens_per_s": ran[best], "layout": best, "version": metadata.version("llama-cpp-python")}))
