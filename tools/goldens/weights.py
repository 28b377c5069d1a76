#!/usr/bin/env python3
"""Writes the fixtures of core's weights tests with the libraries whose results ours must equal.

  python -m venv venv && venv/bin/pip install numpy torch safetensors gguf onnx transformers
  venv/bin/python tools/goldens/weights.py core/src/test/resources/goldens/weights

Written with numpy 2.4, torch 2.x, safetensors 0.6+, gguf 0.19, onnx 1.23. Runs are reproducible: numbers come from a fixed seed.
The block types get random bytes for their quantised numbers and sane half-precision scales, since gguf can only quantise some of them.
"""
import json, pathlib, sys
import gguf, numpy as np, onnx, torch
from gguf import GGMLQuantizationType as Q
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file

out = pathlib.Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(0)


def contiguous(tensors):
    return {name: torch.tensor(np.ascontiguousarray(value)) for name, value in tensors.items()}


def safetensors_dtypes():
    """Every plain dtype, and what PyTorch says its numbers are in fp32."""
    wide = torch.tensor(rng.standard_normal(24).reshape(2, 3, 4) * 3)
    whole = torch.tensor([[0, 1, 2], [100, 126, 127]])
    tensors = {"f64": wide, "f32": wide.float(), "f16": wide.half(), "bf16": wide.bfloat16()}
    # Every bit pattern of the small floats that isn't NaN, and the half-precision corners.
    for name, dtype in (("f8_e4m3", torch.float8_e4m3fn), ("f8_e5m2", torch.float8_e5m2)):
        every = torch.arange(256).to(torch.uint8).view(dtype)
        tensors[name] = every[~every.float().isnan()]
    halves = torch.tensor([0, 1, 2, 0x3FF, 0x400, 0x3C00, 0x7BFF, 0x7C00], dtype=torch.int16)
    tensors["f16_corners"] = torch.cat([halves, halves - 0x8000]).view(torch.float16)
    for name in ("int64", "int32", "int16", "int8"):
        tensors[name.replace("int", "i")] = -whole.to(getattr(torch, name))
    for name in ("uint8", "uint16", "uint32", "uint64"):
        tensors[name.replace("uint", "u")] = whole.to(getattr(torch, name)) * (2 if name == "uint8" else 1)
    tensors["bool"] = torch.tensor([True, False, True])
    tensors["scalar"] = torch.tensor(1.5)
    tensors["empty"] = torch.zeros(0, 4)
    save_file(tensors, out / "dtypes.safetensors", {"format": "pt", "note": "käse"})
    save_file({name: value.to(torch.float32) for name, value in tensors.items()}, out / "dtypes-expected.safetensors")


def safetensors_shards():
    parts = [{"a": torch.arange(6.0).reshape(2, 3)}, {"b": torch.arange(4.0), "c": torch.ones(1, 2)}]
    places = {}
    for i, part in enumerate(parts):
        name = f"sharded-{i + 1:05}-of-00002.safetensors"
        save_file(part, out / name, {"format": "pt"})
        places.update({key: name for key in part})
    (out / "sharded.safetensors.index.json").write_text(json.dumps({"metadata": {"total_size": 48}, "weight_map": places}, indent=1))


# Where each block type keeps its half-precision scales: random bytes there could be infinite.
SCALES = {Q.Q8_0: [0], Q.Q4_0: [0], Q.Q4_1: [0, 2], Q.Q5_0: [0], Q.Q5_1: [0, 2], Q.Q4_K: [0, 2], Q.Q5_K: [0, 2], Q.Q6_K: [208]}


def blocks(kind, rows, columns):
    per_block, size = gguf.GGML_QUANT_SIZES[kind]
    raw = rng.integers(0, 256, (rows, columns // per_block, size), dtype=np.uint8)
    for at in SCALES[kind]:
        raw[:, :, at:at + 2] = rng.standard_normal((rows, columns // per_block, 1)).astype(np.float16).view(np.uint8)
    return raw.reshape(rows, -1)


def gguf_quants():
    writer, expected = gguf.GGUFWriter(out / "quants.gguf", "test"), {}
    for key, add, value in (("t.u8", writer.add_uint8, 200), ("t.i8", writer.add_int8, -5), ("t.u16", writer.add_uint16, 60000),
                            ("t.i16", writer.add_int16, -300), ("t.u32", writer.add_uint32, 4000000000), ("t.i32", writer.add_int32, -7),
                            ("t.u64", writer.add_uint64, 2**63 + 1), ("t.i64", writer.add_int64, -2**40), ("t.f32", writer.add_float32, 1e-5),
                            ("t.f64", writer.add_float64, 0.1), ("t.bool", writer.add_bool, True), ("t.text", writer.add_string, "größe"),
                            ("t.words", writer.add_array, ["a", "b c", "ö"]), ("t.numbers", writer.add_array, [1, 2, 3])):
        add(key, value)
    for kind in SCALES:
        raw = blocks(kind, 2, 512)
        name = kind.name.lower()
        writer.add_tensor(name, raw, raw_dtype=kind)
        expected[name] = gguf.dequantize(raw, kind).reshape(2, 512)
    plain = rng.standard_normal((3, 8)).astype(np.float32)
    for kind in (Q.F32, Q.F16, Q.BF16):
        raw = gguf.quantize(plain, kind)
        writer.add_tensor(kind.name.lower(), raw, raw_dtype=kind)
        expected[kind.name.lower()] = gguf.dequantize(raw, kind).reshape(3, 8).astype(np.float32)
    finish(writer)
    save_file(contiguous(expected), out / "quants-expected.safetensors")


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def gguf_llama():
    """A llama of one layer, q and k reordered as llama.cpp's converter does, q as Q8_0; and a qwen3, which isn't reordered."""
    hidden, heads, kv, inner, vocab = 32, 4, 2, 64, 11
    size = hidden // heads
    shapes = {"self_attn.q_proj": (hidden, hidden), "self_attn.k_proj": (kv * size, hidden), "self_attn.v_proj": (kv * size, hidden),
              "self_attn.o_proj": (hidden, hidden), "mlp.gate_proj": (inner, hidden), "mlp.up_proj": (inner, hidden),
              "mlp.down_proj": (hidden, inner), "input_layernorm": (hidden,), "post_attention_layernorm": (hidden,)}
    theirs = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
              "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm",
              "post_attention_layernorm": "ffn_norm", "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm"}
    for arch in ("llama", "qwen3"):
        mine = dict(shapes)
        if arch == "qwen3":
            mine.update({"self_attn.q_norm": (size,), "self_attn.k_norm": (size,)})
        writer, expected = gguf.GGUFWriter(out / f"{arch}.gguf", arch), {}
        writer.add_context_length(128); writer.add_embedding_length(hidden); writer.add_block_count(1)
        writer.add_feed_forward_length(inner); writer.add_head_count(heads); writer.add_head_count_kv(kv)
        writer.add_layer_norm_rms_eps(1e-5); writer.add_bos_token_id(1); writer.add_eos_token_id(2)
        if arch == "llama":
            writer.add_rope_freq_base(100000.0)
        else:
            writer.add_key_length(size)

        def add(name, ours, shape):
            value = rng.standard_normal(shape).astype(np.float32)
            kind = Q.Q8_0 if "q_proj" in ours else Q.F32
            raw = gguf.quantize(value, kind)
            expected[ours] = gguf.dequantize(raw, kind).reshape(shape)
            if arch == "llama" and name.split(".")[-2] in ("attn_q", "attn_k"):
                n = heads if "attn_q" in name else kv
                raw = raw.reshape(n, 2, shape[0] // n // 2, -1).swapaxes(1, 2).reshape(shape[0], -1)
            writer.add_tensor(name, np.ascontiguousarray(raw), raw_dtype=kind)

        add("token_embd.weight", "model.embed_tokens.weight", (vocab, hidden))
        for ours, shape in mine.items():
            add(f"blk.0.{theirs[ours]}.weight", f"model.layers.0.{ours}.weight", shape)
        add("output_norm.weight", "model.norm.weight", (hidden,))
        if arch == "qwen3":
            add("output.weight", "lm_head.weight", (vocab, hidden))
        finish(writer)
        save_file(contiguous(expected), out / f"{arch}-expected.safetensors")


def onnx_small():
    """Two linear layers with anonymous matrices, one shared matrix, and initialisers of each storage."""
    first, second = (rng.standard_normal(s).astype(np.float32) for s in ((3, 5), (5, 2)))
    shared = rng.standard_normal((2, 2)).astype(np.float32)
    bias, bias2 = rng.standard_normal(5).astype(np.float32), rng.standard_normal(2).astype(np.float32)
    init = [numpy_helper.from_array(first, "onnx::MatMul_10"), numpy_helper.from_array(second, "onnx::MatMul_11"),
            numpy_helper.from_array(shared, "onnx::MatMul_12"), numpy_helper.from_array(bias, "net.fc1.bias"),
            helper.make_tensor("net.fc2.bias", TensorProto.FLOAT, [2], bias2.tolist()),
            helper.make_tensor("counts", TensorProto.INT64, [3], [1, -2, 2**40]),
            numpy_helper.from_array(bias.astype(np.float16), "half"),
            helper.make_tensor("half32", TensorProto.FLOAT16, [5], bias.astype(np.float16))]
    nodes = [helper.make_node("MatMul", ["x", "onnx::MatMul_10"], ["a"]), helper.make_node("Add", ["net.fc1.bias", "a"], ["b"]),
             helper.make_node("MatMul", ["b", "onnx::MatMul_11"], ["c"]), helper.make_node("Add", ["c", "net.fc2.bias"], ["d"]),
             helper.make_node("MatMul", ["d", "onnx::MatMul_12"], ["y"])]
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", 1, [1, 3])],
                              [helper.make_tensor_value_info("y", 1, [1, 2])], init)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="goldens")
    model.ir_version = 8
    onnx.checker.check_model(model)
    onnx.save(model, out / "small.onnx")
    save_file(contiguous({"net.fc1.weight": first.T, "net.fc2.weight": second.T, "onnx::MatMul_12": shared, "net.fc1.bias": bias,
                          "net.fc2.bias": bias2, "counts": np.array([1, -2, 2**40], np.float32),
                          "half": bias.astype(np.float16).astype(np.float32), "half32": bias.astype(np.float16).astype(np.float32)}),
              out / "small-expected.safetensors")
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL
    model.graph.initializer[0].ClearField("raw_data")
    entry = model.graph.initializer[0].external_data.add()
    entry.key, entry.value = "location", "elsewhere.bin"
    (out / "external.onnx").write_bytes(model.SerializeToString())


safetensors_dtypes()
safetensors_shards()
gguf_quants()
gguf_llama()
onnx_small()
