"""Compares `sotto logits --precision fast` with reference logits for every architecture: check_fast.py DIR...

A DIR contains a small random model and its reference logits, as for check_reference.py. The limits apply to all
positions of all models of an architecture together:

* the mean KL divergence of the reference from `fast`, over the whole vocabulary, is below 0.01 nats;
* the most likely token is that of the reference for 99% of the clear positions, in which the two highest logits of the
  reference differ by more than 0.1 (the standard deviation of the logits is near 1).

OWN_LIMITS has the exceptions for architectures whose models are too small for that, with measurements.

A reference has only about 40 clear positions, so 256 additional random tokens are computed with each model. Their
reference is Sotto with `exact`, which check_reference.py compares with the logits of transformers for the same model,
with a limit of a thousandth of a standard deviation. The effect of 8-bit activations on these narrow models is an
upper limit for trained ones.
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
#: Architectures with another minimum share, and the reason.
#:
#: qwen3next: heads of 8 columns with normalised keys and queries, and the selection of 2 of 4 experts amplify the
#: effect of 8-bit activations (98.7% for its models; each layer computed exactly gave a small improvement). Similar
#: 4-bit models with random weights have 96% with heads of 8 columns, 98% with heads of 64, 99% without experts, and
#: 99.6% with neither. Qwen3-Next has heads of 128 columns and selects 10 of 512 experts.
#:
#: phimoe: heads of 8 columns, 2 of 4 or 6 experts, and a sparse mixer, whose weights jump where a logit is no longer
#: close enough to the best one (98.0% for its models; mean KL 0.003).
#:
#: mistral4: 2 or 3 of 8 experts by a softmax whose two or three weights are scaled by up to 2.5, and attention logits
#: multiplied by up to 2.2 (YaRN); 4-bit models of 32 columns change experts at 4% of the positions (98.7% for all its
#: models, 99.8% for those with float weights; mean KL 0.003).
#:
#: qwen3_5_moe: the layers and the routing of qwen3next (98.3% for its models; one of ten has 85%, the others 99% or more;
#: mean KL 0.003).
OWN_LIMITS = {"mistral4": 0.98, "phimoe": 0.97, "qwen35moe": 0.98, "qwen3next": 0.98}
#: The number of additional random tokens, and how many of them are decoded one by one with the cache.
MORE, DECODED = 256, 32


def architecture(folder: Path) -> str:
    """The architecture in config.json or the GGUF file, with a common spelling."""
    file = folder / "model.gguf"
    if file.exists():
        name = gguf.GGUFReader(file).fields["general.architecture"].contents()
    else:
        name = json.loads((folder / "config.json").read_text())["model_type"]
    return name.replace("-", "").replace("_", "").removesuffix("text")


def positions(folder: Path) -> int:
    """The number of positions that a model with learnt embeddings of them has."""
    file = folder / "config.json"
    return json.loads(file.read_text()).get("n_positions", MORE) if file.exists() else MORE


def measure(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """The KL divergence of every position; for every clear one whether the top token is that of the reference."""
    file = folder / "model.gguf"
    model = file if file.exists() else folder
    given = load_file(folder / "reference.safetensors")
    parts = [(given["tokens"].tolist(), len(given["prefill_logits"]),
              np.concatenate([given["prefill_logits"], given["decode_logits"]]))]
    vocabulary = given["prefill_logits"].shape[1]
    count = min(MORE, positions(folder))
    more = np.random.default_rng(1).integers(0, vocabulary, count).tolist()
    parts.append((more, count - DECODED, references.sotto_logits(model, more, count - DECODED, "exact")))
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
        least = OWN_LIMITS.get(name, LEAST_SHARE)
        good = divergences.mean() < MOST_KL and same.mean() >= least  # false for NaN
        failures += not good
        print(f"{'ok  ' if good else 'FAIL'} {name:16} {len(indices):2} models: mean KL {divergences.mean():.5f}, "
              f"same top token at {same.mean():.2%} of {len(same)} clear positions (at least {least:.0%})")
        for i in indices:
            kl, agrees = measured[i]
            print(f"       {folders[i].name:28} {kl.mean():.5f} (at most {kl.max():.4f})  "
                  f"{agrees.mean():7.2%} of {len(agrees)}")
    print(f"{len(models) - failures} architectures within their limits, {failures} outside")
    return 1 if failures or not models else 0


if __name__ == "__main__":
    sys.exit(main())
