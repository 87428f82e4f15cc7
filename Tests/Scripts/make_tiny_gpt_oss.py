"""Writes small random GPT-OSS models with reference logits, for the tests: make_tiny_gpt_oss.py OUT_ROOT

    python make_tiny_gpt_oss.py Tests/ModelsTests/Fixtures/tiny

Three directories in the format of make_tiny_models.py, one for each layout of published models:

    gpt-oss-openai   OpenAI's checkpoint: MXFP4 blocks and scales, alternating gate and up rows, attention in bfloat16
    gpt-oss-mlx      an MLX conversion: MXFP4 experts, all other matrices in 8-bit affine groups of 64
    gpt-oss-gguf     MXFP4 experts and Q8_0, as written by llama.cpp's converter

The logits are computed by transformers in float32 with the stored weights; those of the GGUF file agree with
llama.cpp to 1e-5 (compare_gpt_oss.py). For developers: requires transformers, torch, mlx, gguf, safetensors, numpy
from PyPI.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import zlib
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import mlx.core as mx
import numpy as np
from safetensors.numpy import save_file

import gpt_oss_gguf as made

PREFILL, DECODE = 40, 8
#: The minimum margin of the router logits, whose standard deviation is near 1.
MARGIN = 0.02
#: The window is shorter than the text, and the range of YaRN ends between two pairs.
SHAPE = made.Shape(
    layers=2, hidden=64, inner=32, heads=4, kv_heads=2, head_size=32, experts=5, chosen=2, vocabulary=272, window=16,
    theta=10_000.0, factor=4.0, original=64, context=256)


def save(out: Path, tensors: dict[str, mx.array], config: dict) -> None:
    mx.save_safetensors(str(out / "model.safetensors"), tensors, {"format": "mlx"})
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def unpacked(codes: mx.array, scales: mx.array) -> np.ndarray:
    """Dequantises MXFP4 in groups of 32."""
    numbers = mx.dequantize(codes, scales, group_size=32, bits=4, mode="mxfp4", dtype=mx.float32)
    return np.array(numbers)


def openai(out: Path, weights: dict[str, np.ndarray]) -> tuple[dict, dict[str, np.ndarray]]:
    """Stores the weights in the layout of OpenAI's checkpoint; returns config.json and the stored values."""
    stored, plain = {}, {}
    for name, w in weights.items():
        if name.endswith(("gate_up_proj", "down_proj")):
            codes, scales = mx.quantize(mx.array(np.ascontiguousarray(w.swapaxes(1, 2))), 32, 4, "mxfp4")
            plain[name] = unpacked(codes, scales).swapaxes(1, 2)
            stored[name + "_blocks"] = mx.array(np.array(codes).view(np.uint8).reshape(*scales.shape, 16))
            stored[name + "_scales"] = scales
        else:
            stored[name] = mx.array(w).astype(mx.bfloat16)
            plain[name] = np.array(stored[name].astype(mx.float32))
    kept = ["model.layers.*.self_attn", "model.layers.*.mlp.router", "model.embed_tokens", "lm_head"]
    config = made.transformers_config(SHAPE, truncate=False)
    save(out, stored, config | {"quantization_config": {"quant_method": "mxfp4", "modules_to_not_convert": kept}})
    return config, plain


def mlx(out: Path, weights: dict[str, np.ndarray]) -> tuple[dict, dict[str, np.ndarray]]:
    """Stores the weights in the layout of mlx-lm's converter; returns config.json and the stored values."""
    stored, plain, settings = {}, {}, {"group_size": 32, "bits": 4, "mode": "mxfp4"}

    def packed(name: str, w: np.ndarray) -> np.ndarray:
        codes, scales = mx.quantize(mx.array(np.ascontiguousarray(w)), 32, 4, "mxfp4")
        stored[name + ".weight"], stored[name + ".scales"] = codes, scales
        return unpacked(codes, scales)

    for name, w in weights.items():
        plain[name] = w
        stem = name.removesuffix(".weight")
        if name.endswith("gate_up_proj"):
            stem = name.removesuffix("gate_up_proj")
            halves = [packed(stem + half, w.swapaxes(1, 2)[:, i::2]) for i, half in enumerate(("gate_proj", "up_proj"))]
            plain[name] = np.stack(halves, axis=2).reshape(w.shape[0], w.shape[2], w.shape[1]).swapaxes(1, 2)
        elif name.endswith("down_proj"):
            plain[name] = packed(name, w.swapaxes(1, 2)).swapaxes(1, 2)
        elif name.endswith("gate_up_proj_bias"):
            for i, half in enumerate(("gate_proj", "up_proj")):
                stored[name.replace("gate_up_proj_bias", half + ".bias")] = mx.array(np.ascontiguousarray(w[:, i::2]))
        elif name.endswith("down_proj_bias"):
            stored[name.replace("_bias", ".bias")] = mx.array(w)
        elif w.ndim == 2:
            triple = mx.quantize(mx.array(w), group_size=64, bits=8)
            plain[name] = np.array(mx.dequantize(*triple, group_size=64, bits=8))
            stored |= dict(zip((stem + ".weight", stem + ".scales", stem + ".biases"), triple))
            settings[stem] = {"group_size": 64, "bits": 8}
        else:
            stored[name] = mx.array(w)
    config = made.transformers_config(SHAPE, truncate=False)
    save(out, stored, config | {"quantization": settings})
    return config, plain


def write_reference(out: Path, ids: np.ndarray, logits: np.ndarray) -> None:
    save_file(
        {"tokens": ids, "prefill_logits": logits[:PREFILL].copy(), "decode_logits": logits[PREFILL:].copy()},
        out / "reference.safetensors")
    size = sum(f.stat().st_size for f in out.iterdir())
    print(f"{out.name:16} logits' standard deviation {logits.std():.2f}, {size // 1000} kB")


def stable_tokens(model: made.Reference, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Tokens for which all router margins are above MARGIN, and their logits. In a model of this size, a rounding error
    that changes the selected experts changes all logits, which would dominate the comparison."""
    for _ in range(20_000):
        ids = rng.integers(0, SHAPE.vocabulary, PREFILL + DECODE).astype(np.int32)
        logits = model.logits(ids.tolist())
        if model.margin > MARGIN:
            return ids, logits
    raise RuntimeError("no tokens with sufficient router margins; use another seed")


def main() -> None:
    root = Path(sys.argv[1])
    for name, store in (("gpt-oss-openai", openai), ("gpt-oss-mlx", mlx), ("gpt-oss-gguf", None)):
        out = root / name
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        if store is None:
            weights = made.write_random(out / "model.gguf", SHAPE, rng)
            config, plain = made.transformers_config(SHAPE, truncate=True), made.transformers_weights(SHAPE, weights)
        else:
            weights = made.transformers_weights(SHAPE, made.random_weights(SHAPE, rng))
            config, plain = store(out, weights)
        write_reference(out, *stable_tokens(made.Reference(config, plain), rng))


if __name__ == "__main__":
    main()
