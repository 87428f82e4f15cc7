"""Holds `sotto logits --precision fast`, which people run, to a bar for every architecture: check_fast.py DIR...

A DIR holds a small random model and its reference logits, as for check_reference.py; a new architecture's directories
are covered like all others. Of each architecture's models, all positions together:

* the mean KL divergence of the reference from `fast`, over the whole vocabulary, is below 0.01 nats;
* at 99% of the clear positions the most likely token is the reference's. A position is clear where the reference's two
  largest logits are more than 0.1 apart (the logits' standard deviation is near 1).

Where an architecture's models are too small for that, OWN_BARS says so, and what was measured.

A reference has only some 40 clear positions, so 256 more random tokens are fed to each model. There the reference is
Sotto in `exact`, which check_reference.py holds to transformers' logits of the same model, at a thousandth of a
standard deviation. What only 8-bit activations do to these narrow models is an upper limit for trained ones.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gguf
import numpy as np
from safetensors.numpy import load_file

import references
from check_reference import doubtful

MOST_KL, LEAST_SHARE = 0.01, 0.99
#: Architectures with another share, and why.
#:
#: qwen3next: heads of 8 columns, whose keys and queries are divided by their norm, and a choice of 2 from 4 experts
#: magnify what 8-bit activations change (98.7% over its models; every layer that was computed exactly helped a little,
#: none alone). Of models like these with random weights, 4 bits: 96% with heads of 8 columns, 98% with heads of 64,
#: 99% without experts, 99.6% with neither. Qwen3-Next has heads of 128 columns and chooses 10 of 512 experts.
OWN_BARS = {"qwen3next": 0.98}
#: Random tokens fed to each model, and how many of them go one by one through the cache.
MORE, DECODED = 256, 32


def architecture(folder: Path) -> str:
    """What config.json or the GGUF file calls the architecture, in one spelling for both."""
    file = folder / "model.gguf"
    if file.exists():
        name = gguf.GGUFReader(file).fields["general.architecture"].contents()
    else:
        name = json.loads((folder / "config.json").read_text())["model_type"]
    return name.replace("-", "").replace("_", "").removesuffix("text")


def measure(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Of every position the KL divergence; of every clear one whether the most likely token is the reference's."""
    file = folder / "model.gguf"
    model = file if file.exists() else folder
    given = load_file(folder / "reference.safetensors")
    parts = [(given["tokens"].tolist(), len(given["prefill_logits"]),
              np.concatenate([given["prefill_logits"], given["decode_logits"]]))]
    vocabulary = given["prefill_logits"].shape[1]
    more = np.random.default_rng(1).integers(0, vocabulary, MORE).tolist()
    parts.append((more, MORE - DECODED, references.sotto_logits(model, more, MORE - DECODED, "exact")))
    divergences, same = [], []
    for ids, prefill, expected in parts:
        logits = references.sotto_logits(model, ids, prefill, "fast")
        if logits.shape != expected.shape:
            raise references.SottoError(f"logits of shape {logits.shape}")
        divergences.append(references.divergences(expected, logits))
        same.append(references.same_top(expected, logits))
    return np.concatenate(divergences), np.concatenate(same)


def main() -> int:
    folders = [folder for folder in map(Path, sys.argv[1:]) if doubtful(folder) is None]
    with ThreadPoolExecutor(2) as pool:
        measured = list(pool.map(measure, folders))
    models: dict[str, list[int]] = {}
    for index, folder in enumerate(folders):
        models.setdefault(architecture(folder), []).append(index)
    failures = 0
    for name, indices in sorted(models.items()):
        divergences = np.concatenate([measured[i][0] for i in indices])
        same = np.concatenate([measured[i][1] for i in indices])
        least = OWN_BARS.get(name, LEAST_SHARE)
        good = divergences.mean() < MOST_KL and same.mean() >= least  # false for NaN
        failures += not good
        print(f"{'ok  ' if good else 'FAIL'} {name:16} {len(indices):2} models: mean KL {divergences.mean():.5f}, "
              f"same top token at {same.mean():.2%} of {len(same)} clear positions (at least {least:.0%})")
        for i in indices:
            kl, agrees = measured[i]
            print(f"       {folders[i].name:28} {kl.mean():.5f} (at most {kl.max():.4f})  "
                  f"{agrees.mean():7.2%} of {len(agrees)}")
    print(f"{len(models) - failures} architectures within their bars, {failures} outside")
    return 1 if failures or not models else 0


if __name__ == "__main__":
    sys.exit(main())
