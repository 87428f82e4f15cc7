#!/usr/bin/env python3
"""Writes Tests/ComputeTests/Fixtures/quantised.json: quantised rows and their values dequantised by other libraries.

GGUF's formats come from the `gguf` package (quantised by it if supported, otherwise random bytes with moderate scales),
affine groups and MLX's other modes from `mlx`, FP8 from torch. Usage: make_quantised.py (requires gguf, mlx, numpy, torch).
"""

import base64
import json
import pathlib

import gguf
import mlx.core as mx
import numpy as np
import torch
from gguf import GGMLQuantizationType as Type
from gguf import quants

ROWS, COLUMNS = 2, 256
random = np.random.default_rng(7)
cases = []


def text(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def add(name, values, expected, scales=None, biases=None):
    case = {"format": name, "rows": ROWS, "columns": COLUMNS, "values": text(values)}
    case["expected"] = text(np.asarray(expected, dtype=np.float32))
    if scales is not None:
        case["scales"] = text(scales)
    if biases is not None:
        case["biases"] = text(biases)
    cases.append(case)


weights = random.standard_normal((ROWS, COLUMNS), dtype=np.float32)
for name in ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "BF16"]:
    values = quants.quantize(weights, Type[name])
    add(name, values, quants.dequantize(values, Type[name]))
add("F16", weights.astype(np.float16), weights.astype(np.float16).astype(np.float32))
add("F32", weights, weights)

# The offsets of the float16 scales in a super-block.
for name, halves in [
    ("Q2_K", (80, 82)), ("Q3_K", (108,)), ("Q4_K", (0, 2)), ("Q5_K", (0, 2)), ("Q6_K", (208,)),
    ("IQ4_NL", (0,)), ("IQ4_XS", (0,)), ("IQ1_S", (0,)), ("IQ2_XXS", (0,)), ("IQ2_XS", (0,)), ("IQ2_S", (0,)),
    ("IQ3_XXS", (0,)), ("IQ3_S", (0,)), ("TQ1_0", (52,)), ("TQ2_0", (64,)),
]:
    block, size = gguf.GGML_QUANT_SIZES[Type[name]]
    values = random.integers(0, 256, (ROWS, COLUMNS // block * size), dtype=np.uint8)
    blocks = values.reshape(-1, size)
    for at in halves:
        scale = random.uniform(0.001, 0.02, len(blocks)).astype(np.float16)
        blocks[:, at : at + 2] = scale.view(np.uint8).reshape(-1, 2)
    add(name, values, quants.dequantize(values, Type[name]))

values = random.integers(0, 256, (ROWS, COLUMNS // 32 * 17), dtype=np.uint8)
values.reshape(-1, 17)[:, 0] = random.integers(110, 130, ROWS * COLUMNS // 32)
add("MXFP4", values, quants.dequantize(values, Type.MXFP4))

# IQ1_M's float16 scale is in the upper nibbles of four words.
values = random.integers(0, 256, (ROWS, 56), dtype=np.uint8)
words, scale = values[:, 48:].copy().view(np.uint16), random.uniform(0.001, 0.02, ROWS).astype(np.float16)
for i in range(4):
    words[:, i] = words[:, i] & 0xFFF | (scale.view(np.uint16) >> 4 * i & 15) << 12
values[:, 48:] = words.view(np.uint8)
add("IQ1_M", values, quants.dequantize(values, Type.IQ1_M))

# gguf has no decoder for Q8_K: a float32 scale, 256 bytes, and sums that only products use.
values = random.integers(0, 256, (ROWS, 292), dtype=np.uint8)
scale = random.uniform(0.001, 0.02, (ROWS, 1)).astype(np.float32)
values[:, :4] = scale.view(np.uint8)
add("Q8_K", values, scale * values[:, 4:260].view(np.int8).astype(np.float32))

values = random.integers(0, 256, (ROWS, COLUMNS // 64 * 36), dtype=np.uint8)
values.reshape(-1, 36)[:, :4] = random.integers(30, 70, (ROWS * COLUMNS // 64, 4))
add("NVFP4", values, quants.dequantize(values, Type.NVFP4))

for mode, name in [("nvfp4", "nvfp4 planar"), ("mxfp8", "mxfp8")]:
    packed, scales = mx.quantize(mx.array(weights), mode=mode)
    add(name, np.array(packed), np.array(mx.dequantize(packed, scales, mode=mode, dtype=mx.float32)), np.array(scales))

fp8 = torch.from_numpy(weights * 100).to(torch.float8_e4m3fn)
scales = random.uniform(0.001, 0.02, (ROWS, COLUMNS // 64)).astype(np.float32)
add("fp8 64", fp8.view(torch.uint8).numpy(), fp8.float().numpy() * scales.repeat(64, axis=1), scales)

packed, scales = mx.quantize(mx.array(weights), group_size=32, bits=4, mode="mxfp4")
expected = mx.dequantize(packed, scales, group_size=32, bits=4, mode="mxfp4", dtype=mx.float32)
add("mxfp4 planar", np.array(packed), np.array(expected), np.array(scales))

types = [("float32", mx.float32), ("float16", mx.float16), ("bfloat16", mx.bfloat16)]
for bits in (1, 2, 3, 4, 5, 6, 8):
    for group in (32, 64, 128):
        for type_name, dtype in types:
            # Widths other than 4 and 8 share the decoders of scales: one combination of each is enough.
            if bits not in (4, 8) and (group, type_name) not in [(32, "float16"), (64, "bfloat16"), (128, "float32")]:
                continue
            packed, scales, biases = mx.quantize(mx.array(weights).astype(dtype), group_size=group, bits=bits)
            # Dequantised in float32, without the rounding of the result to the type of the scales.
            exact = [a.astype(mx.float32) for a in (scales, biases)]
            expected = mx.dequantize(packed, *exact, group_size=group, bits=bits)
            raw = [np.array(a.view(mx.uint16 if dtype != mx.float32 else mx.uint32)) for a in (scales, biases)]
            add(f"affine {bits} {group} {type_name}", np.array(packed), np.array(expected), *raw)

# Zero points: mlx unpacks the integers.
for bits, group, type_name in [(4, 128, "float16"), (4, 32, "bfloat16"), (8, 64, "float16"), (2, 64, "float32")]:
    dtype = dict(types)[type_name]
    packed, scales, _ = mx.quantize(mx.array(weights).astype(dtype), group_size=group, bits=bits)
    ones = mx.ones(scales.shape)
    integers = np.array(mx.dequantize(packed, ones, ones * 0, group_size=group, bits=bits))
    zeros = random.integers(0, 256 if bits == 8 else 2**bits + 1, scales.shape).astype(np.uint8)
    expected = np.array(scales.astype(mx.float32)).repeat(group, axis=1) * (integers - zeros.repeat(group, axis=1))
    raw = np.array(scales.view(mx.uint16 if dtype != mx.float32 else mx.uint32))
    add(f"zero {bits} {group} {type_name}", np.array(packed), expected, raw, zeros)

folder = pathlib.Path(__file__).resolve().parent.parent / "ComputeTests" / "Fixtures"
folder.mkdir(exist_ok=True)
(folder / "quantised.json").write_text(json.dumps(cases, indent=0) + "\n")
print(f"{len(cases)} cases")
