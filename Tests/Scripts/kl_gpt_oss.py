"""The KL divergence of --precision fast and exact on GPT-OSS: kl_gpt_oss.py [DIR...] [--layers 4] [--hidden 512]

    python kl_gpt_oss.py REFERENCE_ROOT/gpt_oss-*

A DIR has the format of check_reference.py, and its logits are the reference. Then a larger random model in MXFP4 and
Q8_0 is created, whose reference is `--precision exact`. Prints the mean over the positions of KL(reference || fast) in
nats; the limit is 0.01. Random models amplify rounding errors: for nearly equal router logits, rounding changes the
selected expert, and the experts of an untrained model are unrelated.

Requires numpy and safetensors, and gguf for the larger model.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

import references

BAR = 0.01


def of_directory(folder: Path) -> float:
    reference = load_file(folder / "reference.safetensors")
    exact = np.concatenate([reference["prefill_logits"], reference["decode_logits"]])
    gguf = folder / "model.gguf"
    ids, prefill = reference["tokens"].tolist(), len(reference["prefill_logits"])
    fast = references.sotto_logits(gguf if gguf.exists() else folder, ids, prefill, "fast")
    return references.mean_kl(exact, fast)


def of_larger(layers: int, hidden: int, tokens: int, seed: int) -> tuple[float, float]:
    """The KL divergence and the share of equal top tokens for a random model with the proportions of the 20B model."""
    import gpt_oss_gguf

    rng = np.random.default_rng(seed)
    shape = gpt_oss_gguf.Shape(
        layers=layers, hidden=hidden, inner=hidden, heads=hidden // 32, kv_heads=max(1, hidden // 256),
        experts=32, vocabulary=4096)
    ids = rng.integers(0, shape.vocabulary, tokens).tolist()
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder, "model.gguf")
        gpt_oss_gguf.write_random(model, shape, rng)
        exact, fast = (references.sotto_logits(model, ids, tokens - 16, p) for p in ("exact", "fast"))
    return references.mean_kl(exact, fast), float((exact.argmax(-1) == fast.argmax(-1)).mean())


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="*", type=Path, metavar="DIR")
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--hidden", type=int, default=512)
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    if options.folders:
        found = np.array([of_directory(folder) for folder in options.folders])
        print(f"{len(found)} directories: mean KL {found.mean():.1e}, median {np.median(found):.1e}, "
              f"largest {found.max():.1e} ({options.folders[int(found.argmax())].name}), "
              f"{(found < BAR).sum()} below {BAR}")
        mean = found.mean()
    else:
        mean = 0.0
    for seed in range(options.seeds):
        kl, same = of_larger(options.layers, options.hidden, options.tokens, seed)
        print(f"random model, {options.layers} layers of {options.hidden}, {options.tokens} tokens, seed {seed}: "
              f"mean KL {kl:.1e}, same top token {same:.1%}", flush=True)
        mean = max(mean, kl)
    return 0 if mean < BAR else 1


if __name__ == "__main__":
    sys.exit(main())
