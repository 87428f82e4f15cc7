"""Writes a shape as one GGUF file with random weights, in the mixture of quantisations that people run.

Files hold what `llama-quantize` would write for a model of that many layers: Q4_K_M, with the rows that have no whole
super-blocks in Q5_0 and Q8_0; other formats by name, such as IQ3_XXS, in place of its 4 bits; GPT-OSS as published, the experts in MXFP4 and other matrices in Q8_0. Tensors are
written one after another from a repeated pattern of a prime number of random blocks, so that no two rows or experts are
equal and a file of any size needs little memory. Scales keep the activations near 1. Routers are random without
repetition: speed does not depend on the values, only on how evenly the experts are chosen.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import gguf
import numpy as np

from families import Model, Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Tests" / "Scripts"))
from gpt_oss_gguf import add_vocabulary

Kind = gguf.GGMLQuantizationType
BLOCKS = 4093
PIECE = 16 << 20
#: Matrices that llama-quantize leaves alone.
FLOATS = ("ffn_gate_inp", "ssm_conv1d", "shortconv.conv.", "_norm.", "ssm_a", "ssm_d", "attn_sinks")
#: The kinds with blocks of 32 for rows that are no multiple of 256.
SHORT = {Kind.Q4_K: Kind.Q5_0, Kind.Q5_K: Kind.Q5_1, Kind.Q6_K: Kind.Q8_0}


def kinds(model: Model, mixture: str) -> list[Kind]:
    """The kind of each tensor: by the rules of Q4_K_M or MXFP4, or of that name in place of Q4_K_M's 4 bits."""
    if mixture == "MXFP4":
        return [mxfp4(tensor) for tensor in model.tensors]
    rule = Q4KM(model)
    chosen = [rule(tensor) for tensor in model.tensors]
    return chosen if mixture == "Q4_K_M" else [Kind[mixture] if kind == Kind.Q4_K else kind for kind in chosen]


def stays_float(tensor: Tensor) -> bool:
    matrix = len(tensor.extents) > 1 and tensor.name.endswith(".weight")
    exact = ("ssm_dt.weight", "ssm_dt_norm")
    return not matrix or (any(part in tensor.name for part in FLOATS) and not tensor.name.endswith(exact[0]))


def mxfp4(tensor: Tensor) -> Kind:
    if stays_float(tensor):
        return Kind.F32
    return Kind.MXFP4 if "_exps" in tensor.name else Kind.Q8_0


class Q4KM:
    """The rules of llama-quantize for Q4_K_M: more bits for half of the value and down projections."""

    def __init__(self, model: Model):
        self.model = model
        self.tied = all(t.name != "output.weight" for t in model.tensors)
        self.values = sum(self._is_value(t.name) for t in model.tensors)
        self.seen = {"value": 0, "down": 0}

    @staticmethod
    def _is_value(name: str) -> bool:
        return name.endswith(("attn_v.weight", "attn_qkv.weight"))

    @staticmethod
    def _more(index: int, count: int) -> bool:
        return index < count // 8 or index >= 7 * count // 8 or (index - count // 8) % 3 == 2

    def __call__(self, tensor: Tensor) -> Kind:
        if stays_float(tensor):
            return Kind.F32
        name, kind = tensor.name, Kind.Q4_K
        if name == "output.weight" or (name == "token_embd.weight" and self.tied):
            kind = Kind.Q6_K
        elif self._is_value(name):
            kind = Kind.Q6_K if self._more(self.seen["value"], self.values) else kind
            self.seen["value"] += 1
        elif "ffn_down" in name:
            index = int(name.split(".")[1]) if "exps" in name or "shexp" in name else self.seen["down"]
            kind = Kind.Q6_K if self._more(index, self.model.layers) else kind
            self.seen["down"] += 1
        columns = tensor.extents[-1]
        if columns % 256:
            kind = SHORT[kind] if columns % 32 == 0 else Kind.F16
        return kind


def size(tensor: Tensor, kind: Kind) -> int:
    block, count = gguf.GGML_QUANT_SIZES[kind]
    return int(np.prod(tensor.extents)) // block * count


class Contents:
    """The bytes of tensors."""

    def __init__(self, seed: int = 0):
        self.rng = np.random.default_rng(seed)
        self.patterns: dict[Kind, tuple[np.ndarray, float]] = {}

    def _pattern(self, kind: Kind) -> tuple[np.ndarray, float]:
        """Random blocks whose scale is 1, and the standard deviation of their values. Their mean is near 0."""
        if kind not in self.patterns:
            blocks = self.rng.integers(0, 256, (BLOCKS, gguf.GGML_QUANT_SIZES[kind][1]), dtype=np.uint8)
            self._set_scale(blocks, kind, 1.0)
            self.patterns[kind] = blocks, float(gguf.quants.dequantize(blocks, kind).std())
        return self.patterns[kind]

    @staticmethod
    def _set_scale(blocks: np.ndarray, kind: Kind, scale: float) -> None:
        def put(offset: int, value: float) -> None:
            blocks[:, offset : offset + 2] = np.array([value], np.float16).view(np.uint8)

        if kind == Kind.MXFP4:
            blocks[:, 0] = 127 + round(np.log2(scale))
        elif kind in (Kind.Q2_K, Kind.Q3_K, Kind.Q6_K):
            put({Kind.Q2_K: 80, Kind.Q3_K: 108, Kind.Q6_K: 208}[kind], scale)
            if kind == Kind.Q2_K:
                put(82, scale * 1.5)
        else:
            put(0, scale)
            if (low := {Kind.Q4_K: 7.5, Kind.Q5_K: 15.5, Kind.Q5_1: -15.5}.get(kind)) is not None:
                put(2, scale * low)

    def __call__(self, tensor: Tensor, kind: Kind) -> Iterator[bytes | memoryview]:
        if kind in (Kind.F32, Kind.F16):
            yield self._floats(tensor).astype(np.float32 if kind == Kind.F32 else np.float16).tobytes()
            return
        blocks, deviation = self._pattern(kind)
        blocks = blocks.copy()
        self._set_scale(blocks, kind, 1 / (np.sqrt(tensor.extents[-1]) * deviation))
        period, left = blocks.size, size(tensor, kind)
        pattern = np.tile(blocks.reshape(-1), min(left, PIECE) // period + 2)
        offset = int(self.rng.integers(BLOCKS)) * blocks.shape[1]
        while left:
            count = min(left, PIECE)
            yield memoryview(pattern[offset : offset + count])
            offset, left = (offset + count) % period, left - count

    def _floats(self, tensor: Tensor) -> np.ndarray:
        name, extents = tensor.name, tensor.extents
        if "norm" in name or name.endswith("ssm_d"):
            return np.ones(extents)
        # Decays as in Mamba-2's initialisation: rates from 1 to 16, steps after the softplus from 0.001 to 0.1.
        if name.endswith("ssm_a"):
            return -np.resize(np.arange(1.0, 17), extents)
        if name.endswith("ssm_dt.bias"):
            return np.log(np.expm1(0.001 * 100 ** np.resize(np.arange(17) / 16, extents)))
        scale = 0.02 if name.endswith("bias") else 1 / np.sqrt(extents[-1])
        return scale * self.rng.standard_normal(extents)


def write(path: Path, model: Model, mixture: str) -> None:
    writer = gguf.GGUFWriter(path, model.architecture)
    common = {"context_length": 131_072, "embedding_length": model.hidden, "block_count": model.layers,
              "vocab_size": model.vocabulary, "attention.layer_norm_rms_epsilon": 1e-5}
    for key, value in (common | model.keys).items():
        key = f"{model.architecture}.{key}"
        adders = {bool: writer.add_bool, int: writer.add_uint32, float: writer.add_float32, str: writer.add_string,
                  list: writer.add_array}
        adders[type(value)](key, value)
    add_vocabulary(writer, model.vocabulary)
    listed = list(zip(model.tensors, kinds(model, mixture)))
    for tensor, kind in listed:
        writer.add_tensor_info(tensor.name, tensor.extents, np.dtype(np.float32), size(tensor, kind), kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()

    contents, align = Contents(), writer.data_alignment
    with open(path, "ab") as file:
        file.write(bytes(-file.tell() % align))
        for tensor, kind in listed:
            written = sum(file.write(piece) for piece in contents(tensor, kind))
            if written != size(tensor, kind):
                raise ValueError(f"{tensor.name}: {written} bytes instead of {size(tensor, kind)}")
            file.write(bytes(-written % align))
