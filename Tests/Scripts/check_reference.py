"""Compares `sotto logits` with reference logits of small random models.

    python check_reference.py DIR... [--precision exact|fast] [--jobs N] [--bar 1e-3]

A DIR contains a model (config.json and model.safetensors, or model.gguf) and reference.safetensors with `tokens` int32
[T+K], `prefill_logits` [T, V] and `decode_logits` [K, V]. The metric is the maximum absolute difference divided by the
standard deviation of the reference logits; the limit is 1e-3 for `exact`.
"""

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

import references


def difference(folder: Path, precision: str) -> tuple[float, float]:
    """The maximum differences of prefill and decoding, in standard deviations of the reference logits."""
    reference = load_file(folder / "reference.safetensors")
    prefill, decode = reference["prefill_logits"], reference["decode_logits"]
    gguf = folder / "model.gguf"
    ids = reference["tokens"].tolist()
    logits = references.sotto_logits(gguf if gguf.exists() else folder, ids, len(prefill), precision)
    if logits.shape != (len(ids), prefill.shape[1]):
        raise references.SottoError(f"logits of shape {logits.shape}")
    std = np.concatenate([prefill, decode]).std()
    split = len(prefill)
    return (float(np.abs(logits[:split] - prefill).max() / std),
            float(np.abs(logits[split:] - decode).max() / std))


def doubtful(folder: Path) -> str | None:
    """The reason why the reference is unreliable according to its record, or None."""
    record = folder / "reference.json"
    if not record.exists():
        return None
    properties = json.loads(record.read_text())
    if properties["logits_from"] == "mlx" and properties.get("between_sources", {}).get("agree") is False:
        return "the reference libraries disagree"
    return None


def check(folder: Path, precision: str, bar: float) -> tuple[str, str]:
    """The verdict for a directory and the measurements."""
    if (reason := doubtful(folder)) is not None:
        return "skip", reason
    try:
        prefill, decode = difference(folder, precision)
    except Exception as error:  # an error affects only the line of this directory
        return "FAIL", str(error).replace("\n", " ")[-160:]
    good = prefill < bar and decode < bar  # false for NaN
    return ("ok" if good else "FAIL"), f"prefill {prefill:.2e}  decode {decode:.2e}"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR")
    parser.add_argument("--precision", choices=("exact", "fast"), default="exact")
    parser.add_argument("--bar", type=float, default=1e-3)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()

    with ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(lambda f: check(f, options.precision, options.bar), options.folders))
    for folder, (verdict, text) in zip(options.folders, results):
        print(f"{verdict:4} {folder.name:32} {text}")
    verdicts = [verdict for verdict, _ in results]
    print(f"{verdicts.count('ok')} within {options.bar:g}, {verdicts.count('FAIL')} outside, "
          f"{verdicts.count('skip')} skipped")
    return 1 if "FAIL" in verdicts or "ok" not in verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
