"""What the comparison scripts share: logits from Sotto and from two independent
programs, and the measures by which they are compared.

* `sotto_logits`     runs `sotto logits`, the command under test.
* `llama_cpp_logits` runs llama.cpp through llama-cpp-python. It rounds activations
                     to 8 bits in every quantised product, so it is itself a little
                     off the exact answer.
* `float32_logits`   runs transformers in float32 on the weights that the `gguf`
                     package dequantises: the exact answer, up to float32 rounding.

The two references are only needed on a developer's machine (pip install
llama-cpp-python transformers torch gguf); this module imports them when asked.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
#: The binary under test; `SOTTO=...` names another one.
SOTTO = os.environ.get("SOTTO", str(ROOT / ".build" / "release" / "sotto"))
TEXT = Path(__file__).with_name("reference_text.txt")
#: Where llama.cpp's own first and second token are closer than this, rounding decides the order.
MARGIN = 0.1


class SottoError(Exception):
    """`sotto` ended with an error; the message is what it said."""


def sotto_logits(model: str | Path, ids: list[int], prefill: int, precision: str = "exact"):
    """The logits [T, V] that `sotto logits` writes: `prefill` rows in one pass, the rest one by one."""
    from safetensors.numpy import load_file

    with tempfile.TemporaryDirectory() as folder:
        tokens, output = Path(folder, "tokens.json"), Path(folder, "logits.safetensors")
        tokens.write_text(json.dumps([int(i) for i in ids]))
        command = [SOTTO, "logits", str(model), "--tokens", str(tokens), "--prefill", str(prefill)]
        command += ["--output", str(output), "--precision", precision]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise SottoError(f"exit code {done.returncode}: {done.stderr.strip()[-500:]}")
        written = load_file(output)
    parts = [written["prefill_logits"]]
    if prefill < len(ids):
        parts.append(written["decode_logits"])
    return np.concatenate(parts)


def llama_cpp_logits(model: str | Path, ids: list[int], threads: int = 2) -> np.ndarray:
    """llama.cpp's logits [T, V] for the ids in one batch."""
    import llama_cpp

    llama = llama_cpp.Llama(
        str(model), n_ctx=len(ids) + 8, n_batch=len(ids), n_ubatch=len(ids), n_threads=threads,
        n_threads_batch=threads, logits_all=True, verbose=False)
    llama.eval([int(i) for i in ids])
    logits = np.array(llama.scores[: len(ids)], dtype=np.float32)
    llama.close()
    return logits


def llama_cpp_ids(model: str | Path, text: str) -> list[int]:
    """The token ids of a text, with the start token where the model wants one."""
    import llama_cpp

    llama = llama_cpp.Llama(str(model), vocab_only=True, verbose=False)
    ids = llama.tokenize(text.encode(), add_bos=True, special=False)
    llama.close()
    return ids


def float32_logits(model: str | Path, ids: list[int]) -> np.ndarray:
    """Logits [T, V] of transformers in float32 on the dequantised weights of a GGUF file."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import torch
    from transformers import AutoModelForCausalLM

    model = Path(model)
    loaded = AutoModelForCausalLM.from_pretrained(
        str(model.parent), gguf_file=model.name, dtype=torch.float32, attn_implementation="eager")
    with torch.no_grad():
        logits = loaded.eval()(torch.tensor([[int(i) for i in ids]])).logits
    return logits[0].numpy()


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Natural logarithms of the probabilities, over the last axis, in float64."""
    logits = logits.astype(np.float64)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def divergences(reference: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Of each position KL(reference || other), in nats, over the whole vocabulary."""
    p, q = log_softmax(reference), log_softmax(other)
    return (np.exp(p) * (p - q)).sum(axis=-1)


def mean_kl(reference: np.ndarray, other: np.ndarray) -> float:
    """Mean over the positions of KL(reference || other), in nats, over the whole vocabulary."""
    return float(divergences(reference, other).mean())


def same_top(reference: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Whether the top token is the same, at each position where the reference's margin is above MARGIN."""
    best = np.sort(reference, axis=-1)[:, -2:]
    clear = best[:, 1] - best[:, 0] > MARGIN
    return (reference.argmax(axis=-1) == other.argmax(axis=-1))[clear]


def top_agreement(reference: np.ndarray, other: np.ndarray) -> tuple[float, int]:
    """The share of positions with the same top token, where the reference's margin is above MARGIN, and their number."""
    same = same_top(reference, other)
    return float(same.mean()), len(same)
