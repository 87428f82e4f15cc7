"""Writes GPT-OSS at full size with random weights as one GGUF file: make_model.py OUT.gguf [--layers 24] [--experts 32]

The experts are in MXFP4, other matrices in Q8_0, and the vocabulary is as large as the real one: 12 GB with 24
layers, limited by the disk's speed. Every matrix repeats a pattern of a prime number of random blocks, so no two rows
or experts are equal; the scales keep activations near 1. The routers are random without repetition. Speed does not
depend on the values, only on how evenly the experts are chosen.

Needs numpy and gguf from PyPI.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Tests" / "Scripts"))
import gpt_oss_gguf as made

BLOCKS = 4093
PIECE = 64 << 20


class Contents:
    """The bytes of each tensor."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)
        self.patterns = {kind: self._pattern(kind) for kind in (made.Q8_0, made.MXFP4)}

    def _pattern(self, kind) -> np.ndarray:
        """Random blocks, repeated to a piece."""
        size = made.gguf.GGML_QUANT_SIZES[kind][1]
        blocks = self.rng.integers(0, 256, (BLOCKS, size), dtype=np.uint8)
        if kind == made.MXFP4:
            blocks[:, 0] = 120  # 2^-7 times 0 to 6
        else:
            blocks[:, :2] = np.full(BLOCKS, 0.00025, np.float16).view(np.uint8).reshape(BLOCKS, 2)
        return np.tile(blocks.reshape(-1), PIECE // blocks.size + 2)

    def __call__(self, tensor: made.Tensor) -> Iterator[memoryview]:
        if tensor.kind == made.F32:
            yield self._floats(tensor).astype(np.float32).tobytes()
            return
        pattern, left = self.patterns[tensor.kind], tensor.bytes
        block = made.gguf.GGML_QUANT_SIZES[tensor.kind][1]
        period, offset = BLOCKS * block, int(self.rng.integers(BLOCKS)) * block
        while left:
            count = min(left, PIECE)
            yield memoryview(pattern[offset : offset + count])
            offset, left = (offset + count) % period, left - count

    def _floats(self, tensor: made.Tensor) -> np.ndarray:
        if "norm" in tensor.name:
            return np.ones(tensor.extents)
        scale = 0.02 if tensor.name.endswith("bias") else 1 / np.sqrt(tensor.extents[-1])
        return scale * self.rng.standard_normal(tensor.extents)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--layers", type=int, default=24)
    parser.add_argument("--experts", type=int, default=32)
    options = parser.parse_args()
    begin = time.monotonic()
    shape = made.Shape(layers=options.layers, experts=options.experts)
    made.write(options.out, shape, Contents(seed=0))
    size = options.out.stat().st_size
    print(f"{options.out}: {size / 1e9:.2f} GB in {time.monotonic() - begin:.0f} s")


if __name__ == "__main__":
    main()
