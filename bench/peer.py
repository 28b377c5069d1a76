"""The Python side of `ocelli bench`: the same work in torch, transformers and PEFT, as their users write it.

    python3 -m venv venv && venv/bin/pip install -r bench/requirements.txt
    ocelli bench --python venv/bin/python

Training is measured twice: with the frozen encoder run at every step, as the article's code and most others do, and with its features
given for free. Answers come from a smaller encoder, with LoRA merged. Weights are random; speed does not depend on them. Prints one line
of JSON.
"""

import argparse
import json
import platform
import resource
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from itertools import islice
from pathlib import Path

import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F
from transformers import Dinov2Config, Dinov2Model, LlamaConfig, LlamaForCausalLM, ViTConfig, ViTModel

QUERIES = 32
PIXELS = (3, 224, 224)
PROMPT = 32  # words around a picture
LORA = ("q_proj", "k_proj", "v_proj", "o_proj")
WIDTH, LAYERS, HEADS, FORWARD, WORDS = 768, 6, 12, 3072, 30522  # DistilBERT


class Attention(nn.Module):
    def __init__(self, width, source):
        super().__init__()
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(source, 2 * width)
        self.out = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)

    def forward(self, x, source, mask=None):
        q = self.query(x)
        k, v = self.key_value(source).chunk(2, -1)
        q, k, v = (t.unflatten(-1, (HEADS, -1)).transpose(1, 2) for t in (q, k, v))
        seen = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.norm(x + self.out(seen.transpose(1, 2).flatten(2)))


class FeedForward(nn.Sequential):
    def __init__(self, width, inner):
        super().__init__(nn.Linear(width, inner), nn.GELU(), nn.Linear(inner, width))
        self.norm = nn.LayerNorm(width)

    def forward(self, x):
        return self.norm(x + super().forward(x))


class Layer(nn.Module):
    def __init__(self, vision, crosses):
        super().__init__()
        self.self_attention = Attention(WIDTH, WIDTH)
        self.cross_attention = Attention(WIDTH, vision) if crosses else None
        self.queries, self.text = FeedForward(WIDTH, FORWARD), FeedForward(WIDTH, FORWARD)

    def forward(self, x, image, mask):
        x = self.self_attention(x, x, mask)
        queries, text = x[:, :QUERIES], x[:, QUERIES:]
        if self.cross_attention is not None:
            queries = self.cross_attention(queries, image)
        queries = self.queries(queries)
        return torch.cat([queries, self.text(text)], 1) if text.shape[1] else queries


class QFormer(nn.Module):
    def __init__(self, vision):
        super().__init__()
        self.query_tokens = nn.Parameter(0.02 * torch.randn(1, QUERIES, WIDTH))
        self.words, self.positions = nn.Embedding(WORDS, WIDTH), nn.Embedding(512, WIDTH)
        self.norm, self.dropout = nn.LayerNorm(WIDTH), nn.Dropout(0.1)
        self.layers = nn.ModuleList(Layer(vision, i % 2 == 1) for i in range(LAYERS))
        self.image_head, self.text_head = nn.Linear(WIDTH, 256), nn.Linear(WIDTH, 256)

    def forward(self, image, ids=None):
        x, mask = self.norm(self.query_tokens).expand(len(image), -1, -1), None
        if ids is not None:
            n = ids.shape[1]
            x = torch.cat([x, self.dropout(self.norm(self.words(ids) + self.positions.weight[:n]))], 1)
            side = torch.arange(QUERIES + n) < QUERIES
            mask = (side[:, None] == side[None, :]).expand(len(ids), 1, -1, -1)
        for layer in self.layers:
            x = layer(x, image, mask)
        return x

    def contrast(self, image, ids):
        x = self(image, ids)
        images = F.normalize(self.image_head(x[:, :QUERIES]), dim=-1)
        texts = F.normalize(self.text_head(x[:, QUERIES]), dim=-1)
        logits = torch.einsum("bqd,cd->bcq", images, texts).amax(-1) / 0.07
        own = torch.arange(len(ids))
        return (F.cross_entropy(logits, own) + F.cross_entropy(logits.t(), own)) / 2


def vision(name):
    if name == "vit-base":
        return ViTModel(ViTConfig(), add_pooling_layer=False)
    return Dinov2Model(Dinov2Config(hidden_size=384, num_hidden_layers=12, num_attention_heads=6, image_size=224))


def language():
    config = LlamaConfig(vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9,
                         num_key_value_heads=3, max_position_embeddings=8192, rope_theta=100000.0, tie_word_embeddings=True)
    config._attn_implementation = options.attention
    return LlamaForCausalLM(config)


def adapted(model):
    from peft import LoraConfig, get_peft_model
    return get_peft_model(model, LoraConfig(r=64, lora_alpha=128, lora_dropout=0.1, target_modules=list(LORA), task_type="CAUSAL_LM"))


def faster():
    """bf16 where the processor multiplies faster in it than in fp32: with AVX2 alone it takes seven times as long."""
    times = {torch.float32: [], torch.bfloat16: []}
    for _ in range(4):  # in turns, and the best of each: what else the machine does must not decide, nor the first product
        for kind in times:
            a, b = torch.ones(256, 576, dtype=kind), torch.ones(576, 576, dtype=kind)
            begin = time.perf_counter()
            F.linear(a, b)
            times[kind].append(time.perf_counter() - begin)
    return min(times, key=lambda kind: min(times[kind]))


def amp():
    return torch.autocast("cpu", torch.bfloat16, enabled=TYPE == torch.bfloat16)


def median_seconds(step, cycle):
    times = []
    for n in range(options.warmup + options.steps):
        begin = time.perf_counter()
        for _ in range(cycle):
            step()
        if n >= options.warmup:
            times.append(time.perf_counter() - begin)
    return statistics.median(times)


def training(step_of, cycle):
    """Pairs a second, with the encoder at every step and with its features for free."""
    encoder = vision("vit-base").eval().requires_grad_(False).to(TYPE)
    pixels = torch.rand(options.batch, *PIXELS).to(TYPE)
    with torch.no_grad():
        kept = encoder(pixels).last_hidden_state

    def encoded():
        with torch.no_grad():
            return encoder(pixels).last_hidden_state

    pairs = options.batch * cycle
    own = pairs / median_seconds(step_of(encoded), cycle)
    free = pairs / median_seconds(step_of(lambda: kept), cycle)
    return {"pairs_per_s": own, "pairs_per_s_features_free": free}


def stage1():
    qformer = QFormer(768)
    adam = torch.optim.Adam(qformer.parameters(), 1e-4)
    ids = torch.randint(1000, 30000, (options.batch, 32))

    def step_of(features):
        def step():
            with amp():
                loss = qformer.contrast(features(), ids)
            loss.backward()
            adam.step()
            adam.zero_grad()
        return step

    return training(step_of, 1)


def stage2():
    qformer, projector = QFormer(768), nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, 576))
    model = adapted(language().to(TYPE))
    words = model.get_input_embeddings()
    trained = [p for m in (qformer, projector, model) for p in m.parameters() if p.requires_grad]
    adam = torch.optim.AdamW(trained, 1e-4)
    prompt, answer = (torch.randint(0, 49152, (options.batch, n)) for n in (PROMPT, 24))
    labels = torch.cat([torch.full((options.batch, PROMPT + QUERIES), -100), answer], 1)
    calls = 0

    def step_of(features):
        def step():
            nonlocal calls
            with amp():
                x = torch.cat([words(prompt), projector(qformer(features())), words(answer)], 1)
                loss = model(inputs_embeds=x, labels=labels).loss / options.accumulate
            loss.backward()
            calls += 1
            if calls % options.accumulate == 0:
                nn.utils.clip_grad_norm_(trained, 1.0)
                adam.step()
                adam.zero_grad()
        return step

    return training(step_of, options.accumulate)


def gemm():
    """The machine's best product, TFLOP/s, over the shapes of a decoder's layer."""
    best = 0.0
    for rows, width, out in ((704, 576, 3072), (2048, 768, 3072), (2048, 2048, 2048), (4096, 4096, 4096)):
        a, b = torch.rand(rows, width).to(TYPE), torch.rand(out, width).to(TYPE)
        for _ in range(3):
            F.linear(a, b)
        begin, n = time.perf_counter(), 0
        while time.perf_counter() - begin < 1.0:
            F.linear(a, b)
            n += 1
        best = max(best, n * 2 * rows * width * out / (time.perf_counter() - begin) / 1e12)
    return {"tflops": best}


def speaker():
    """What describes pictures `[n, 3, 224, 224]` in so many tokens each, LoRA merged."""
    encoder, qformer = vision("dinov2-small").eval().to(TYPE), QFormer(384).eval().to(TYPE)
    projector = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, 576)).to(TYPE)
    model = adapted(language()).merge_and_unload().eval().to(TYPE)
    words = model.get_input_embeddings()
    prompt = torch.randint(0, 49152, (1, PROMPT))

    def say(pixels, tokens):
        with torch.inference_mode():
            seen = projector(qformer(encoder(pixels.to(TYPE)).last_hidden_state))
            x = torch.cat([words(prompt).expand(len(pixels), -1, -1), seen], 1)
            mask = torch.ones(x.shape[:2], dtype=torch.long)
            said = model.generate(inputs_embeds=x, attention_mask=mask, min_new_tokens=tokens, max_new_tokens=tokens, do_sample=False,
                                  pad_token_id=0)
        assert said.shape == (len(pixels), tokens), said.shape

    return say


def decode():
    """One photo described: milliseconds to the first token, tokens a second after it."""
    say, pixels = speaker(), torch.rand(1, *PIXELS)

    def seconds(tokens):
        begin = time.perf_counter()
        say(pixels, tokens)
        return time.perf_counter() - begin

    for _ in range(8):
        seconds(4)
    first = statistics.median(seconds(1) for _ in range(5))
    rest = statistics.median(seconds(options.tokens) for _ in range(5)) - first
    return {"first_ms": 1e3 * first, "tokens_per_s": (options.tokens - 1) / rest}


def picture(file):
    """The middle of a photo as DINOv2 reads it, `[3, 224, 224]`."""
    image = Image.open(file).convert("RGB")
    scale = 256 / min(image.size)
    image = image.resize([int(scale * side) for side in image.size], Image.Resampling.BICUBIC)
    left, top = ((side - 224) // 2 for side in image.size)
    image = image.crop((left, top, left + 224, top + 224))
    pixels = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8).view(224, 224, 3).permute(2, 0, 1) / 255
    return (pixels - torch.tensor([0.485, 0.456, 0.406])[:, None, None]) / torch.tensor([0.229, 0.224, 0.225])[:, None, None]


def folder():
    """A folder of photos described: photos a second, reading included, by the best of some sizes of batch."""
    say, files = speaker(), sorted(Path(options.photos).glob("*.jpg"))

    def rate(size):
        begin = time.perf_counter()
        with ThreadPoolExecutor() as readers:
            photos = readers.map(picture, files)  # read ahead while others are described
            while some := list(islice(photos, size)):
                say(torch.stack(some), options.tokens)
        return len(files) / (time.perf_counter() - begin)

    say(torch.stack([picture(file) for file in files[:8]]), 2)
    rates = {size: rate(size) for size in options.batches}
    best = max(rates, key=rates.get)
    return {"photos_per_s": rates[best], "batch": best, "tried": rates}


def versions():
    def version(package):
        try:
            return metadata.version(package)
        except metadata.PackageNotFoundError:
            return None

    return {"python": platform.python_version()} | {p: version(p) for p in ("torch", "transformers", "peft", "llama-cpp-python")}


parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("what", choices=["stage1", "stage2", "gemm", "decode", "folder", "versions"])
parser.add_argument("--batch", type=int, default=8)
parser.add_argument("--accumulate", type=int, default=4)
parser.add_argument("--steps", type=int, default=8, help="optimiser steps measured")
parser.add_argument("--warmup", type=int, default=2, help="optimiser steps before")
parser.add_argument("--attention", default="sdpa", choices=["sdpa", "eager"], help="of the language model")
parser.add_argument("--tokens", type=int, default=64, help="of each answer")
parser.add_argument("--photos", help="folder of *.jpg")
parser.add_argument("--batches", type=int, nargs="+", default=[8, 16, 32], help="photos described together; the best counts")
options = parser.parse_args()
torch.manual_seed(0)
TYPE = faster()
result = globals()[options.what]()
result["precision"] = "bf16" if TYPE == torch.bfloat16 else "fp32"
result["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps(result))
