#!/usr/bin/env python3
"""Writes the goldens of core's model tests: tiny random models of transformers and PEFT, with what they answer and how they learn.

  python -m venv venv && venv/bin/pip install torch transformers peft safetensors
  venv/bin/python tools/goldens/models.py core/src/test/resources/goldens/models

Written with torch 2.15, transformers 5.23, peft 0.21, safetensors 0.8, on a CPU in fp32. Every case is seeded by its own name: numbers are
reproducible, though safetensors shuffles the metadata.

One file a case:
  w.NAME    a weight under the name that save_pretrained writes (the hub's)
  in.NAME   an input
  r.NAME    fixed random numbers; the loss is the sum over outputs of sum(out.NAME * r.NAME)
  out.NAME  an output
  g.NAME    the loss's gradient by the weight or the input of that name
Its metadata holds "config", the config.json that save_pretrained writes, and "bf16", the error ||a - b|| / ||b|| that transformers' own bf16
makes on each output and gradient against its fp32. LoRA's cases keep their base's weights in the base's file, and PEFT's adapter file beside.

Weights are far from their usual start (a deviation of 0.02 makes attention uniform), so that a swapped name or a lost mask shows.
"""
import contextlib, copy, io, json, math, pathlib, shutil, sys, tempfile, zlib

import peft, torch
import transformers as tf
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F
from transformers.models.blip_2.modeling_blip_2 import Blip2TextEmbeddings

torch.set_num_threads(1)  # the same sums in the same order each time
tf.logging.set_verbosity_error()
tf.logging.disable_progress_bar()
folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)


def randomise(module, name, gain=1.0):
    """Weights that make every part of the model matter, from a seed that is the case's name."""
    torch.manual_seed(zlib.crc32(name.encode()))
    with torch.no_grad():
        for key, p in list(module.named_parameters()) + list(module.named_buffers()):
            if not p.is_floating_point() or "inv_freq" in key:
                continue
            if key.endswith("running_var"):
                p.uniform_(0.5, 1.5)
            elif key.endswith("running_mean"):
                p.normal_(0, 0.3)
            elif "lambda1" in key:
                p.normal_(0.6, 0.2)
            elif p.dim() == 1:
                p.normal_(0, 0.1).add_(0 if key.endswith("bias") else 1)
            elif any(part in key for part in ("token", "position", "word_embeddings")) and "proj" not in key:
                p.normal_(0, 0.7)
            else:
                p.normal_(0, gain / math.sqrt(p[0].numel()))
    return module.eval()


def saved(model):
    """The tensors that save_pretrained writes, by their names there, and config.json."""
    if not hasattr(model, "save_pretrained"):
        return {k: v.detach().clone() for k, v in model.state_dict().items()}, {}
    with tempfile.TemporaryDirectory() as d, contextlib.redirect_stderr(io.StringIO()):
        model.save_pretrained(d)
        file = next(p for p in pathlib.Path(d).iterdir() if p.suffix == ".safetensors")
        config = next(p for p in pathlib.Path(d).iterdir() if p.name in ("config.json", "adapter_config.json"))
        tensors = {k: v for k, v in load_file(file).items() if "num_batches" not in k}
        settings = json.loads(config.read_text())
        if "target_modules" in settings:
            settings["target_modules"].sort()  # PEFT keeps a set
        return tensors, settings


def slopes(model):
    """The gradients by the names of save_pretrained: they take the weights' places in a copy, and that is saved."""
    double = copy.deepcopy(model)
    present = set()
    with torch.no_grad():
        for (_, target), (_, p) in zip(double.named_parameters(), model.named_parameters()):
            target.copy_(torch.full_like(p, math.nan) if p.grad is None else p.grad)
        for b in double.buffers():
            if b.is_floating_point():
                b.fill_(math.nan)
    return {k: v for k, v in saved(double)[0].items() if not v.isnan().any()}


def run(modules, inputs, forward, randoms, dtype):
    """Outputs and gradients in one type; randoms are drawn on the first call."""
    modules = [copy.deepcopy(m).to(dtype) for m in modules]
    inputs = {k: (v.detach().clone().to(dtype).requires_grad_() if v.is_floating_point() else v) for k, v in inputs.items()}
    outputs, kept = forward(*modules, **inputs)
    loss = 0
    for k, out in outputs.items():
        if k not in randoms:
            randoms[k] = torch.randn(out.shape)
            if "mask" in inputs and out.shape[:2] == inputs["mask"].shape:
                randoms[k] *= inputs["mask"][..., None]
        if "mask" in inputs and out.shape[:2] == inputs["mask"].shape:
            outputs[k] = out * inputs["mask"][..., None]
        loss = loss + (out.float() * randoms[k]).sum()
    loss.backward()
    found = {"out." + k: v.detach().float() for k, v in outputs.items()}
    for m in modules:
        found |= {"g." + k: v.float() for k, v in slopes(m).items()}
    for k, v in (inputs | kept).items():
        if v.is_floating_point() and v.grad is not None:
            found["g." + k] = v.grad.float()
    return found


def write(name, modules, inputs, forward, weights=True, extra=None, also=None):
    """also: outputs that are no part of the loss."""
    randoms = {}
    found = run(modules, inputs, forward, randoms, torch.float32)
    low = run(modules, inputs, forward, randoms, torch.bfloat16)
    errors = {k: ((low[k] - v).norm() / v.norm()).item() if v.norm() > 0 else 0.0 for k, v in found.items()}
    tensors, config = dict(found), {}
    for m in modules:
        state, own = saved(m)
        config = config or own
        tensors |= {"w." + k: v for k, v in state.items()} if weights else {}
    tensors |= {"in." + k: v for k, v in inputs.items()} | {"r." + k: v for k, v in randoms.items()}
    metadata = {"config": json.dumps(config, sort_keys=True), "bf16": json.dumps({k: float(f"{v:.3g}") for k, v in errors.items()})} | (extra or {})
    tensors |= {"out." + k: v for k, v in (also or {}).items()}
    save_file({k: v.contiguous().clone() for k, v in tensors.items()}, folder / f"{name}.safetensors", metadata)
    worst = max(errors, key=errors.get)
    outs = ", ".join(f"{k[4:]} {v:.1e}" for k, v in errors.items() if k.startswith("out."))
    print(f"{name}: {len(tensors)} tensors; transformers' bf16: {outs}; worst {worst} {errors[worst]:.1e}")


def vit():
    config = tf.ViTConfig(hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=18, image_size=12, patch_size=4)
    model = randomise(tf.ViTModel(config, add_pooling_layer=False), "vit")
    write("vit", [model], {"pixels": torch.randn(2, 3, 12, 12)}, lambda m, pixels: ({"features": m(pixels).last_hidden_state}, {}))


def dinov2():
    config = tf.Dinov2Config(
        hidden_size=12, num_hidden_layers=2, num_attention_heads=2, mlp_ratio=2, image_size=12, patch_size=4, use_mask_token=False)
    model = randomise(tf.Dinov2Model(config), "dinov2")
    inputs = {"pixels": torch.randn(2, 3, 12, 12), "other": torch.randn(1, 3, 20, 17)}  # 17: the last column of pixels is not used
    write("dinov2", [model], inputs,
          lambda m, pixels, other: ({"features": m(pixels).last_hidden_state, "other": m(other).last_hidden_state}, {}))
    # The last two layers as transformers' backbone gives them: apply_layernorm, without taking away the class token.
    backbone = tf.Dinov2Backbone(tf.Dinov2Config(
        hidden_size=12, num_hidden_layers=2, num_attention_heads=2, mlp_ratio=2, image_size=12, patch_size=4, use_mask_token=False,
        out_indices=[1, 2], reshape_hidden_states=False))
    backbone.load_state_dict(model.state_dict(), strict=True)
    backbone.eval()
    write("dinov2-layers", [backbone], {"pixels": inputs["pixels"]},
          lambda m, pixels: (dict(zip(("first", "second"), m(pixels).feature_maps)), {}), weights=False)


def resnet():
    config = tf.ResNetConfig(embedding_size=8, hidden_sizes=[12, 16], depths=[1, 2], layer_type="bottleneck")
    model = randomise(tf.ResNetModel(config), "resnet", gain=math.sqrt(2))
    write("resnet", [model], {"pixels": torch.randn(2, 3, 32, 24)},
          lambda m, pixels: ({"features": m(pixels).last_hidden_state.flatten(2).transpose(1, 2)}, {}))


class Embeddings(nn.Module):
    """What stands around Blip2QFormerModel in Blip2ForImageTextRetrieval, under its names there."""

    def __init__(self, config, queries):
        super().__init__()
        self.query_tokens = nn.Parameter(torch.zeros(1, queries, config.hidden_size))
        self.embeddings = Blip2TextEmbeddings(config)


def plain_qformer(w, config, first, x, length, mask=None, image=None):
    """Blip2QFormerModel's arithmetic on named tensors, with the first cross-attention where one likes."""
    heads, eps = config.num_attention_heads, config.layer_norm_eps

    def linear(at, x):
        return F.linear(x, w[at + ".weight"], w[at + ".bias"])

    def norm(at, x):
        return F.layer_norm(x, x.shape[-1:], w[at + ".weight"], w[at + ".bias"], eps)

    def attention(at, x, seen, mask):
        q, k, v = (linear(f"{at}.attention.{n}", s).unflatten(-1, (heads, -1)).transpose(1, 2) for n, s in (("query", x), ("key", seen), ("value", seen)))
        scores = q @ k.transpose(2, 3) / math.sqrt(q.shape[-1])
        if mask is not None:
            scores = scores.masked_fill(~mask[:, None, None, :].bool(), -math.inf)
        out = (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)
        return norm(at + ".output.LayerNorm", linear(at + ".output.dense", out) + x)

    x = norm("layernorm", x)
    for i in range(config.num_hidden_layers):
        at = f"encoder.layer.{i}"
        x = attention(at + ".attention", x, x, mask)
        if length and i >= first and (i - first) % config.cross_attention_frequency == 0:
            x = attention(at + ".crossattention", x, image, None)
        half = "_query" if length else ""
        y = linear(f"{at}.output{half}.dense", F.gelu(linear(f"{at}.intermediate{half}.dense", x)))
        x = norm(f"{at}.output{half}.LayerNorm", y + x)
    return x


class PlainQFormer(nn.Module):
    """A state dict of Blip2QFormerModel whose cross-attention begins in another layer."""

    def __init__(self, config, first):
        super().__init__()
        self.config, self.first = config, first
        model = tf.Blip2QFormerModel(config)
        cross = model.encoder.layer[0].crossattention
        for i, layer in enumerate(model.encoder.layer):
            layer.crossattention = copy.deepcopy(cross) if i >= first and (i - first) % config.cross_attention_frequency == 0 else None
        self.encoder, self.layernorm = model.encoder, model.layernorm

    def forward(self, query_embeds, query_length=None, attention_mask=None, encoder_hidden_states=None):
        length = query_embeds.shape[1] if query_length is None else query_length
        w = dict(self.named_parameters())
        return plain_qformer(w, self.config, self.first, query_embeds, length, attention_mask, encoder_hidden_states)


def qformer(first):
    config = tf.Blip2QFormerConfig(
        hidden_size=12, num_hidden_layers=3, num_attention_heads=3, intermediate_size=18, encoder_hidden_size=14, vocab_size=19,
        max_position_embeddings=9, cross_attention_frequency=2, use_qformer_text_input=True, pad_token_id=None)
    name = "qformer" if first == 0 else "qformer-article"
    around = Embeddings(config, 5)
    inner = tf.Blip2QFormerModel(config) if first == 0 else PlainQFormer(config, first)
    randomise(nn.ModuleList([around, inner]), name)
    inputs = {
        "image": torch.randn(2, 7, 14),
        "ids": torch.randint(0, 19, (2, 6)),
        "mask": torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0]]),
    }

    def forward(around, inner, image, ids, mask):
        last = lambda out: out if isinstance(out, torch.Tensor) else out.last_hidden_state
        queries = last(inner(around.query_tokens.expand(2, -1, -1), encoder_hidden_states=image))
        text = last(inner(around.embeddings(ids), query_length=0, attention_mask=mask))
        if first == 0:  # the plain arithmetic is transformers' where the two can be compared
            w = dict(inner.named_parameters())
            plain = plain_qformer(w, config, 0, around.query_tokens.expand(2, -1, -1), 5, None, image)
            assert (plain - queries).norm() / queries.norm() < (1e-5 if image.dtype == torch.float32 else 2e-2)
        return {"queries": queries, "text": text}, {}

    looks = None
    if first == 0:
        eager, seen = copy.deepcopy(inner), []  # other implementations don't keep the weights
        eager.set_attn_implementation("eager")
        for layer in eager.encoder.layer:
            if layer.has_cross_attention:
                layer.crossattention.attention.register_forward_hook(lambda module, given, out: seen.append(out[1].detach().mean(1)))
        eager(around.query_tokens.expand(2, -1, -1), encoder_hidden_states=inputs["image"])
        looks = {"attention": torch.stack(seen, 1)}
    settings = config.to_dict() | {"queries": 5, "cross_first": first}
    write(name, [around, inner], inputs, forward, extra={"config": json.dumps(settings)}, also=looks)


def language(name, config, kind):
    model = randomise(kind(config), name, gain=0.6)
    inputs = {"ids": torch.randint(0, config.vocab_size, (2, 7)), "mask": torch.tensor([[1] * 7, [1, 1, 1, 1, 0, 0, 0]])}

    def forward(m, ids, mask):
        embeddings = m.get_input_embeddings()(ids)
        embeddings.retain_grad()
        return {"logits": m(inputs_embeds=embeddings, attention_mask=mask).logits}, {"embeddings": embeddings}

    with torch.no_grad():  # what the Java test relies on: cached decoding is the whole forward
        whole, past = model(inputs["ids"][:1]).logits, None
        for i in range(7):
            step = model(inputs["ids"][:1, i : i + 1], past_key_values=past, use_cache=True)
            past = step.past_key_values
            assert torch.allclose(step.logits[:, 0], whole[:, i], atol=1e-5)
    write(name, [model], inputs, forward)
    return model, inputs


def lora(name, base, inputs, targets):
    model = peft.get_peft_model(
        copy.deepcopy(base), peft.LoraConfig(r=2, lora_alpha=3, lora_dropout=0.0, target_modules=targets, task_type="CAUSAL_LM"))
    torch.manual_seed(zlib.crc32(name.encode()))
    with torch.no_grad():
        for key, p in model.named_parameters():
            if "lora_" in key:
                p.normal_(0, (0.3 if "lora_B" in key else 1) / math.sqrt(p.shape[1]))

    def forward(m, ids, mask):
        embeddings = m.get_input_embeddings()(ids).detach().requires_grad_()
        return {"logits": m(inputs_embeds=embeddings, attention_mask=mask).logits}, {"embeddings": embeddings}

    with torch.no_grad():
        merged = copy.deepcopy(model).merge_and_unload()(inputs["ids"]).logits
        assert torch.allclose(merged, model(inputs["ids"]).logits, atol=1e-5)
    write(name, [model], inputs, forward, weights=False)
    with tempfile.TemporaryDirectory() as d:
        model.save_pretrained(d)
        shutil.copy(pathlib.Path(d) / "adapter_model.safetensors", folder / f"{name}.adapter_model.safetensors")


def decoders():
    sizes = dict(hidden_size=18, num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=2, head_dim=4, intermediate_size=21,
                 vocab_size=31, max_position_embeddings=16, rms_norm_eps=1e-5)
    language("llama-tied", tf.LlamaConfig(**sizes, tie_word_embeddings=True), tf.LlamaForCausalLM)
    base, inputs = language(
        "llama", tf.LlamaConfig(**sizes, tie_word_embeddings=False, rope_parameters={"rope_type": "default", "rope_theta": 500.0}),
        tf.LlamaForCausalLM)
    language("qwen3", tf.Qwen3Config(**sizes, tie_word_embeddings=True), tf.Qwen3ForCausalLM)
    lora("lora-attention", base, inputs, ["q_proj", "k_proj", "v_proj", "o_proj"])
    lora("lora-all", base, inputs, ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"])
    lora("lora-query-value", base, inputs, ["q_proj", "v_proj", "up_proj"])


class Projector(nn.Module):
    def __init__(self, size, out):
        super().__init__()
        self.projector = nn.ModuleDict({"linear_1": nn.Linear(size, 4 * size), "linear_2": nn.Linear(4 * size, out)})

    def forward(self, x):
        return self.projector["linear_2"](F.gelu(self.projector["linear_1"](x)))


def projector():
    model = randomise(Projector(12, 10), "projector")
    write("projector", [model], {"queries": torch.randn(2, 5, 12)}, lambda m, queries: ({"embeddings": m(queries)}, {}))


def text_encoders():
    """BERTs that a Q-Former begins from: its text half must then answer as they do."""
    inputs = {"ids": torch.randint(0, 19, (2, 6)), "mask": torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0]])}
    forward = lambda m, ids, mask: ({"text": m(input_ids=ids, attention_mask=mask).last_hidden_state}, {})
    bert = tf.BertConfig(hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=20, vocab_size=19,
                         max_position_embeddings=9, type_vocab_size=2)
    distil = tf.DistilBertConfig(dim=16, n_layers=2, n_heads=4, hidden_dim=20, vocab_size=19, max_position_embeddings=9)
    for name, model in (("bert", tf.BertModel(bert, add_pooling_layer=False)), ("distilbert", tf.DistilBertModel(distil))):
        randomise(model, name)
        with torch.no_grad():
            text = model(input_ids=inputs["ids"], attention_mask=inputs["mask"]).last_hidden_state * inputs["mask"][..., None]
        tensors, config = saved(model)
        tensors = {"w." + k: v for k, v in tensors.items()} | {"in." + k: v for k, v in inputs.items()} | {"out.text": text}
        save_file({k: v.contiguous() for k, v in tensors.items()}, folder / f"{name}.safetensors", {"config": json.dumps(config)})
        print(f"{name}: {len(tensors)} tensors")


def optimisers():
    """Five steps of torch.optim's AdamW and Adam with weight decay over given gradients."""
    torch.manual_seed(5)
    start, gradients = torch.randn(40), torch.randn(5, 40)
    tensors = {"start": start, "gradients": gradients}
    for name, kind in (("adamw", torch.optim.AdamW), ("adam", torch.optim.Adam)):
        p = nn.Parameter(start.clone())
        optimiser = kind([p], lr=0.02, betas=(0.9, 0.95), eps=1e-6, weight_decay=0.1)
        steps = []
        for g in gradients:
            p.grad = g.clone()
            optimiser.step()
            steps.append(p.detach().clone())
        tensors[name] = torch.stack(steps)
    save_file(tensors, folder / "adam.safetensors")


for case in (optimisers, vit, dinov2, resnet, lambda: qformer(0), lambda: qformer(1), decoders, projector, text_encoders):
    case()
print(sum(p.stat().st_size for p in folder.iterdir()) / 1000, "KB")
