"""GPT-OSS from a GGUF file: compares Sotto with llama.cpp and transformers on small random models.

    python compare_gpt_oss.py [--seeds 5] [--tokens 96]

For each seed a random model is written as GGUF (MXFP4 experts, Q8_0), and with the dequantised weights in float32.
Prints the maximum differences divided by the standard deviation of the logits:

    transformers   Sotto exact and transformers in float32 on the dequantised weights; limit 1e-3
    llama.cpp f32  Sotto exact and llama.cpp on the float32 file, where it does not quantise activations; limit 1e-3
    untruncated    llama.cpp on the float32 file and transformers with `truncate: false`
    its rounding   llama.cpp on the same file as Sotto and transformers; KL: mean over the tokens
    fast           Sotto with --precision fast and transformers

The range of YaRN is rounded outwards to whole pairs (`truncate`) in all except the third: llama.cpp always rounds,
because GGUF has no key for it.

For developers: requires llama-cpp-python, transformers, torch and gguf from PyPI.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import numpy as np

import gpt_oss_gguf
import references


def draw(rng: np.random.Generator) -> gpt_oss_gguf.Shape:
    """A random shape with a few hundred thousand weights, windows shorter than the text and steep YaRN ranges."""
    return gpt_oss_gguf.Shape(
        layers=int(rng.integers(2, 5)), hidden=int(rng.choice([64, 96, 128])), inner=int(rng.choice([64, 96])),
        heads=8, kv_heads=int(rng.choice([2, 4])), head_size=int(rng.choice([32, 64])),
        experts=int(rng.choice([4, 8])), chosen=int(rng.choice([2, 4])), vocabulary=int(rng.integers(300, 400)),
        window=int(rng.choice([16, 32])), factor=float(rng.choice([8, 32])), original=int(rng.choice([64, 4096])),
        context=4096, theta=float(rng.choice([10_000, 150_000])))


def llama_cpp_logits(model: Path, ids: list[int]) -> np.ndarray:
    """llama.cpp's logits [T, V] in one batch, with a float32 cache and without flash attention."""
    import llama_cpp

    llama = llama_cpp.Llama(
        str(model), n_ctx=max(512, len(ids)), n_batch=512, n_ubatch=512, n_threads=2, logits_all=True, verbose=False,
        flash_attn=False, type_k=llama_cpp.GGML_TYPE_F32, type_v=llama_cpp.GGML_TYPE_F32)
    llama.eval(ids)
    logits = np.array(llama.scores[: len(ids)], dtype=np.float32)
    llama.close()
    return logits


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=96)
    options = parser.parse_args()
    columns = ("seed", "transformers", "llama.cpp f32", "untruncated", "its rounding", "KL", "fast", "KL")
    print("  ".join(f"{c:>13}" for c in columns))
    worst = 0.0
    for seed in range(options.seeds):
        rng = np.random.default_rng(seed)
        shape = draw(rng)
        with tempfile.TemporaryDirectory() as folder:
            model, floats = Path(folder, "model.gguf"), Path(folder, "floats.gguf")
            weights = gpt_oss_gguf.write_random(model, shape, rng)
            gpt_oss_gguf.write_floats(floats, shape, weights)
            ids = rng.integers(0, shape.vocabulary, options.tokens).tolist()
            exact, untruncated = (gpt_oss_gguf.transformers_logits(shape, weights, ids, t) for t in (True, False))
            ours, fast = (references.sotto_logits(model, ids, options.tokens - 8, p) for p in ("exact", "fast"))
            theirs, rounded = llama_cpp_logits(floats, ids), llama_cpp_logits(model, ids)
        std = exact.std()
        distance = lambda a, b: float(np.abs(a - b).max() / std)
        row = [distance(ours, exact), distance(ours, theirs), distance(theirs, untruncated),
               distance(rounded, exact), references.mean_kl(exact, rounded),
               distance(fast, exact), references.mean_kl(exact, fast)]
        worst = max(worst, *row[:2])
        print("  ".join([f"{seed:>13}"] + [f"{x:13.1e}" for x in row]), flush=True)
    print(f"maximum difference of Sotto and transformers or llama.cpp in float32: {worst:.1e} (limit 1e-3)")
    return 0 if worst < 1e-3 else 1


if __name__ == "__main__":
    sys.exit(main())
