"""Compares Sotto on GGUF files with transformers and with llama.cpp (for developers).

    python check_gguf_references.py DIR... [--jobs N]

Each DIR has model.gguf, as make_gguf_models.py writes it with llama.cpp's converter, and reference.safetensors, the
logits of the checkpoint. A file often says less than its checkpoint: then the logits must be llama.cpp's. One line for
each DIR:

* `checkpoint`: within 1e-3 standard deviations of the checkpoint's logits;
* `llama.cpp`:  not so, but the mean KL divergence from llama.cpp is below 0.005;
* `DIFFERS`:    neither;
* `REFUSED`:    Sotto does not load the file; `both` after it if llama.cpp does not either;
* `unknown`:    not the checkpoint's, and llama.cpp does not run the file.

llama.cpp runs in a process of its own, since it ends the process for some files. Requires llama-cpp-python.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

import references

MOST_DIFFERENCE, MOST_KL = 1e-3, 0.005
LLAMA_CPP = """
import sys, numpy, references
numpy.save(sys.argv[3], references.llama_cpp_logits(sys.argv[1], numpy.load(sys.argv[2]).tolist()))
"""


def llama_cpp_logits(model: Path, ids: list[int]) -> np.ndarray | None:
    """The logits [T, V] of llama.cpp, or None if it does not run the file."""
    with tempfile.TemporaryDirectory() as folder:
        tokens, output = Path(folder, "tokens.npy"), Path(folder, "logits.npy")
        np.save(tokens, np.array(ids))
        done = subprocess.run([sys.executable, "-c", LLAMA_CPP, str(model), str(tokens), str(output)],
                              cwd=Path(__file__).parent, capture_output=True)
        return np.load(output) if done.returncode == 0 else None


def check(folder: Path) -> tuple[str, str]:
    """The verdict for a directory and the measurements."""
    model, reference = folder / "model.gguf", load_file(folder / "reference.safetensors")
    expected = np.concatenate([reference["prefill_logits"], reference["decode_logits"]])
    ids = reference["tokens"].tolist()
    other = llama_cpp_logits(model, ids)
    try:
        logits = references.sotto_logits(model, ids, len(reference["prefill_logits"]))
    except references.SottoError as error:
        return "REFUSED", ("both, " if other is None else "") + str(error)[-160:]
    difference = float(np.abs(logits - expected).max() / expected.std())
    text = f"checkpoint {difference:.1e}"
    if other is not None:
        divergence = references.mean_kl(other, logits)
        text += f"  llama.cpp: KL {divergence:.1e}, its own to the checkpoint {references.mean_kl(expected, other):.1e}"
    if difference < MOST_DIFFERENCE:
        return "checkpoint", text
    if other is None:
        return "unknown", text
    return ("llama.cpp" if divergence < MOST_KL else "DIFFERS"), text


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    with ThreadPoolExecutor(options.jobs) as pool:
        results = pool.map(check, options.folders)
        verdicts = Counter()
        for folder, (verdict, text) in zip(options.folders, results):
            verdicts[verdict] += 1
            name = f"{folder.parent.name}/{folder.name}"
            print(f"{verdict:10} {name:34} {text}", flush=True)
    print(", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common()))
    return 1 if verdicts["DIFFERS"] or not verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
