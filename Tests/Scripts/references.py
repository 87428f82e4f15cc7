"""Functions for the comparison scripts: logits from Sotto and from two reference programs, and metrics.

* `sotto_logits`     runs `sotto logits`, the command under test.
* `llama_cpp_logits` runs llama.cpp through llama-cpp-python. It quantises activations to 8 bits in every quantised
                     product, so it differs slightly from the exact result.
* `float32_logits`   runs transformers in float32 on the weights dequantised by `gguf`: the exact result, up to float32
                     rounding.

The references are for developers (pip install llama-cpp-python transformers torch gguf) and imported only when they are
used.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
#: The binary under test; the variable SOTTO overrides it.
SOTTO = os.environ.get("SOTTO", str(ROOT / ".build" / "release" / "sotto"))
TEXT = Path(__file__).with_name("reference_text.txt")
#: For a smaller difference of the two highest logits of the reference, rounding determines the order.
MARGIN = 0.1


class SottoError(Exception):
    """`sotto` exited with an error; contains its message."""


def sotto_logits(model: str | Path, ids: list[int], prefill: int, precision: str = "exact"):
    """The logits [T, V] of `sotto logits`: `prefill` tokens in one pass, the others decoded one by one."""
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
    """The logits [T, V] of llama.cpp for the ids in one batch, with the file's settings of YaRN."""
    import llama_cpp

    llama = llama_cpp.Llama(
        str(model), n_ctx=len(ids) + 8, n_batch=len(ids), n_ubatch=len(ids), n_threads=threads,
        n_threads_batch=threads, logits_all=True, verbose=False, yarn_attn_factor=-1.0, yarn_beta_fast=-1.0,
        yarn_beta_slow=-1.0)
    llama.eval([int(i) for i in ids])
    logits = np.array(llama.scores[: len(ids)], dtype=np.float32)
    llama.close()
    return logits


def llama_cpp_ids(model: str | Path, text: str) -> list[int]:
    """The token ids of a text, with the start token if the model uses one."""
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
    """The natural logarithms of the probabilities over the last axis, in float64."""
    logits = logits.astype(np.float64)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def divergences(reference: np.ndarray, other: np.ndarray) -> np.ndarray:
    """KL(reference || other) of each position in nats, over the whole vocabulary."""
    p, q = log_softmax(reference), log_softmax(other)
    return (np.exp(p) * (p - q)).sum(axis=-1)


def mean_kl(reference: np.ndarray, other: np.ndarray) -> float:
    """The mean over the positions of KL(reference || other) in nats, over the whole vocabulary."""
    return float(divergences(reference, other).mean())


def same_top(reference: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Whether the top tokens are equal, for each position with a margin of the reference above MARGIN."""
    best = np.sort(reference, axis=-1)[:, -2:]
    clear = best[:, 1] - best[:, 0] > MARGIN
    return (reference.argmax(axis=-1) == other.argmax(axis=-1))[clear]


def top_agreement(reference: np.ndarray, other: np.ndarray) -> tuple[float, int]:
    """The share of equal top tokens for the positions with a reference margin above MARGIN, and their number."""
    same = same_top(reference, other)
    return float(same.mean()), len(same)
