"""Writes the golden logits for `make test`.

    python make_golden.py MODEL.gguf OUT.safetensors     (for developers)

Computes the logits of the first 512 tokens of reference_text.txt with llama.cpp, and with transformers in float32 on
the dequantised weights (see references.py). Stores for each position the ids and logits of the TOP most likely tokens
and the logsumexp of all logits, which suffices for the top token, its margin, and the KL divergence with everything
outside of the top as one event.
"""

import sys

import numpy as np
from safetensors.numpy import save_file

import references

TOKENS = 512
TOP = 32


def summary(name: str, logits: np.ndarray) -> dict[str, np.ndarray]:
    order = np.argsort(-logits, axis=-1)[:, :TOP]
    highest = logits.max(axis=-1, keepdims=True).astype(np.float64)
    total = np.log(np.exp(logits - highest).sum(axis=-1, keepdims=True)) + highest
    return {
        f"{name}.ids": order.astype(np.uint16 if logits.shape[1] <= 1 << 16 else np.int32),
        f"{name}.logits": np.take_along_axis(logits, order, axis=-1),
        f"{name}.logsumexp": total[:, 0].astype(np.float32),
    }


def main() -> None:
    model, out = sys.argv[1:]
    ids = references.llama_cpp_ids(model, references.TEXT.read_text())[:TOKENS]
    llama_cpp = references.llama_cpp_logits(model, ids)
    float32 = references.float32_logits(model, ids)
    kl = references.mean_kl(llama_cpp, float32)
    share, clear = references.top_agreement(llama_cpp, float32)
    print(f"llama.cpp and float32: KL {kl:.5f}, same top token {share:.2%} of {clear}")
    tensors = {"tokens": np.array(ids, dtype=np.int32)}
    tensors |= summary("llama_cpp", llama_cpp) | summary("float32", float32)
    save_file(tensors, out)


if __name__ == "__main__":
    main()
