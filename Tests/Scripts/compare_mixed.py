"""Compares `sotto quantize --mixed` with uniform bits on a trained model (for developers).

    python compare_mixed.py MODEL.gguf TEXT [--bits 3,4]

MODEL.gguf has Llama's architecture and a byte-level vocabulary, such as the default model. Its numbers are written to a
folder of safetensors, which counts as the original. For every number of bits the divergence of the mixed copy is
printed beside that of a uniform copy of the same size, which lies between those of the two neighbouring numbers of bits
on a logarithmic scale. Needs the gguf package and safetensors. `SOTTO` is the path of the binary.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import subprocess
import tempfile
from pathlib import Path

import gguf
import numpy as np
from safetensors.numpy import save_file

SOTTO = os.environ["SOTTO"]
LAYERS = {
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj", "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"}
OTHERS = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}


def unpack(model: Path, folder: Path) -> None:
    """The model as a folder in the form of its public checkpoint."""
    reader = gguf.GGUFReader(model)

    def value(key: str):
        return reader.fields[key].contents()

    heads, keys = value("llama.attention.head_count"), value("llama.attention.head_count_kv")
    weights = {}
    for tensor in reader.tensors:
        numbers = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        numbers = numbers.reshape([int(extent) for extent in reversed(tensor.shape)])
        parts = tensor.name.split(".")
        if parts[0] != "blk":
            weights[f"{OTHERS[parts[0]]}.weight"] = numbers
            continue
        if parts[2] in ("attn_q", "attn_k"):
            count = heads if parts[2] == "attn_q" else keys
            numbers = numbers.reshape(count, len(numbers) // count // 2, 2, -1).swapaxes(1, 2).reshape(numbers.shape)
        weights[f"model.layers.{parts[1]}.{LAYERS[parts[2]]}.weight"] = np.ascontiguousarray(numbers)
    save_file(weights, folder / "model.safetensors")
    config = dict(
        model_type="llama", hidden_size=value("llama.embedding_length"), num_attention_heads=heads,
        intermediate_size=value("llama.feed_forward_length"), num_hidden_layers=value("llama.block_count"),
        num_key_value_heads=keys, vocab_size=len(weights["model.embed_tokens.weight"]),
        rms_norm_eps=value("llama.attention.layer_norm_rms_epsilon"), rope_theta=value("llama.rope.freq_base"),
        max_position_embeddings=value("llama.context_length"), tie_word_embeddings="lm_head.weight" not in weights,
        torch_dtype="bfloat16")
    (folder / "config.json").write_text(json.dumps(config))
    tokens, types = value("tokenizer.ggml.tokens"), value("tokenizer.ggml.token_type")
    tokenizer = dict(
        added_tokens=[dict(id=i, content=t, special=True) for i, t in enumerate(tokens) if types[i] == 3],
        pre_tokenizer=dict(type="Sequence", pretokenizers=[
            dict(type="Digits", individual_digits=True), dict(type="ByteLevel", add_prefix_space=False, use_regex=True)]),
        decoder=dict(type="ByteLevel"),
        model=dict(type="BPE", vocab={t: i for i, t in enumerate(tokens)}, merges=value("tokenizer.ggml.merges")))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))


def measure(source: Path, text: Path, *options: str) -> tuple[float, float]:
    """The bits per parameter of a copy, and the logarithm of its divergence."""
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run(
            [SOTTO, "quantize", str(source), "--to", *options, "-o", f"{scratch}/copy", "--compare", str(text)],
            capture_output=True, text=True, check=True)
    bits = re.search(r"([\d.]+) bits per parameter", done.stdout)
    divergence = re.search(r"KL divergence from the original: ([\d.]+)", done.stdout)
    return float(bits[1]), math.log(float(divergence[1]))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("text", type=Path)
    parser.add_argument("--bits", default="3,4")
    options = parser.parse_args()
    worse = 0
    with tempfile.TemporaryDirectory() as temporary:
        source = Path(temporary)
        unpack(options.model, source)
        for bits in map(int, options.bits.split(",")):
            low, high = (measure(source, options.text, f"q{b}") for b in (bits, bits + 1 if bits < 6 else 8))
            mixed = measure(source, options.text, f"q{bits}", "--mixed")
            uniform = low[1] + (high[1] - low[1]) * (mixed[0] - low[0]) / (high[0] - low[0])
            worse += mixed[1] > uniform
            print(f"q{bits} --mixed: {mixed[0]:.2f} bits, {math.exp(mixed[1]):.4f} nats; "
                  f"uniform at this size {math.exp(uniform):.4f}", flush=True)
    return 1 if worse else 0


if __name__ == "__main__":
    raise SystemExit(main())
