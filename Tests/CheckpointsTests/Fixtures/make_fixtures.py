#!/usr/bin/env python3
"""Writes the fixtures in this folder with the reference Python packages, and the values that these packages read.

    pip install gguf safetensors numpy torch mlx transformers
    python make_fixtures.py

All randomness is seeded, so the output is reproducible with the same package versions.
"""
import json
import random
import shutil
import struct
import sys
import zlib
from pathlib import Path

import gguf
import mlx.core as mx
import numpy as np
import torch
from safetensors.torch import load_file, save_file

HERE = Path(__file__).parent
TYPES = gguf.GGMLQuantizationType


def digest(data) -> int:
    return zlib.crc32(bytes(data))


def write_json(path: Path, value) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


# GGUF

def add_metadata(writer: gguf.GGUFWriter) -> None:
    writer.add_name("Fixture")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_K_M)
    writer.add_uint8("t.uint8", 200)
    writer.add_int8("t.int8", -100)
    writer.add_uint16("t.uint16", 60000)
    writer.add_int16("t.int16", -30000)
    writer.add_uint32("t.uint32", 4000000000)
    writer.add_int32("t.int32", -2000000000)
    writer.add_uint64("t.uint64", 9000000000000000000)
    writer.add_int64("t.int64", -9000000000000000000)
    writer.add_float32("t.float32", 0.1)
    writer.add_float64("t.float64", 0.1)
    writer.add_bool("t.true", True)
    writer.add_bool("t.false", False)
    writer.add_string("t.string", "tschüß 日本 😀\n{% if x %}")
    writer.add_string("t.empty", "")
    writer.add_array("t.strings", ["a", "", "e\u0301", "\u00e9", "😀", "x" * 300])
    writer.add_array("t.ints", [1, -2, 2147483647, -2147483648])
    writer.add_array("t.floats", [0.5, -1.25, 3e38])
    writer.add_array("t.bools", [True, False, True])
    writer.add_token_list([f"tok{i}" for i in range(300)])
    writer.add_token_scores([-float(i) for i in range(300)])


def random_blocks(rng, type_, shape) -> np.ndarray:
    columns, size = gguf.GGML_QUANT_SIZES[type_]
    row = shape[-1] // columns * size
    return rng.integers(0, 256, size=(*shape[:-1], row), dtype=np.uint8)


def make_gguf(path: Path, alignment=None) -> None:
    rng = np.random.default_rng(7)
    writer = gguf.GGUFWriter(str(path), "llama")
    if alignment:
        writer.add_custom_alignment(alignment)
    add_metadata(writer)
    writer.add_tensor("vector.weight", rng.standard_normal(40).astype(np.float32))
    writer.add_tensor("half.weight", rng.standard_normal((3, 5)).astype(np.float16))
    small = [TYPES.Q4_0, TYPES.Q4_1, TYPES.Q5_0, TYPES.Q5_1, TYPES.Q8_0, TYPES.MXFP4, TYPES.BF16]
    for type_ in small:
        writer.add_tensor(f"{type_.name}.weight", random_blocks(rng, type_, (3, 64)), raw_dtype=type_)
    for type_ in [TYPES.Q4_K, TYPES.Q5_K, TYPES.Q6_K, TYPES.IQ4_XS]:
        writer.add_tensor(f"{type_.name}.weight", random_blocks(rng, type_, (2, 256)), raw_dtype=type_)
    writer.add_tensor("experts.weight", random_blocks(rng, TYPES.MXFP4, (4, 3, 64)), raw_dtype=TYPES.MXFP4)
    writer.add_tensor("indices", np.arange(6, dtype=np.int32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def describe_gguf(path: Path) -> dict:
    reader = gguf.GGUFReader(str(path))
    fields = {}
    for key, field in reader.fields.items():
        if key.startswith("GGUF."):
            continue
        fields[key] = field.contents()
    tensors = [
        {"name": t.name, "type": t.tensor_type.name, "shape": [int(n) for n in reversed(t.shape)],
         "offset": int(t.data_offset), "bytes": int(t.n_bytes), "crc32": digest(t.data.tobytes())}
        for t in reader.tensors
    ]
    return {"alignment": int(reader.alignment), "fields": fields, "tensors": tensors}


def make_ggufs() -> None:
    folder = HERE / "gguf"
    folder.mkdir()
    make_gguf(folder / "version3.gguf")
    make_gguf(folder / "aligned.gguf", alignment=128)
    data = bytearray((folder / "version3.gguf").read_bytes())
    data[4:8] = struct.pack("<I", 2)  # versions 2 and 3 differ in this number only
    (folder / "version2.gguf").write_bytes(data)
    for name in ["version3", "aligned"]:
        write_json(folder / f"{name}.json", describe_gguf(folder / f"{name}.gguf"))
    split = folder / "split"
    split.mkdir()
    writer = gguf.GGUFWriter(str(split / "model.gguf"), "llama", split_max_tensors=2)
    writer.add_name("Split")
    for i in range(5):
        writer.add_tensor(f"blk.{i}.weight", np.full((2, 4), i, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


# Safetensors

def make_plain(folder: Path) -> None:
    folder.mkdir()
    torch.manual_seed(1)
    tensors = {
        "model.norm.weight": torch.randn(24),
        "model.a.weight": torch.randn(4, 24).to(torch.float16),
        "model.b.weight": torch.randn(2, 3, 24).to(torch.bfloat16),
        "model.ids": torch.arange(5),
        "model.words": torch.arange(5, dtype=torch.uint8),
    }
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    write_json(folder / "config.json", {"model_type": "llama", "hidden_size": 24})
    write_json(folder / "expected.json", {
        name: {"dtype": str(t.dtype), "shape": list(t.shape),
               "crc32": digest(t.contiguous().view(torch.uint8).numpy().tobytes())}
        for name, t in load_file(folder / "model.safetensors").items()})
    write_json(folder / "tokenizer_config.json", {"chat_template": "{{ messages }}"})


def make_sharded(folder: Path) -> None:
    folder.mkdir()
    weights = {}
    for index in range(2):
        file = f"model-0000{index + 1}-of-00002.safetensors"
        tensors = {f"layers.{index}.weight": torch.full((2, 4), float(index + 1))}
        save_file(tensors, folder / file)
        weights.update({name: file for name in tensors})
    write_json(folder / "model.safetensors.index.json", {"metadata": {"total_size": 64}, "weight_map": weights})
    write_json(folder / "config.json", {"model_type": "llama"})


def make_mlx(folder: Path) -> None:
    """Weights quantised by MLX, with the values that MLX dequantises as expectation."""
    folder.mkdir()
    mx.random.seed(3)
    settings = {
        "a": dict(group_size=64, bits=4), "b": dict(group_size=32, bits=8), "c": dict(group_size=128, bits=4),
        "d": dict(group_size=64, bits=8), "e": dict(group_size=32, bits=6), "f": dict(group_size=32, bits=3),
        "x": dict(group_size=32, bits=4, mode="mxfp4"),
    }
    dtypes = {"a": mx.float32, "b": mx.float16, "c": mx.bfloat16}
    tensors, config, expected = {}, {"group_size": 64, "bits": 4, "mode": "affine"}, {}
    for name, setting in settings.items():
        shape = (2, 3, 128) if name in "ax" else (3, 128)
        weight = mx.random.normal(shape).astype(dtypes.get(name, mx.float32))
        parts = mx.quantize(weight, **setting)
        tensors[f"{name}.weight"], tensors[f"{name}.scales"] = parts[0], parts[1]
        if len(parts) > 2:
            tensors[f"{name}.biases"] = parts[2]
        values = mx.dequantize(*parts, **setting).astype(mx.float32)
        # Affine values in the precision of the scales differ from float32 only by rounding.
        expected[name] = {"shape": list(shape), "values": [float(v) for v in np.array(values).flatten()]}
        if name != "a":
            config[name] = {"mode": "affine", **setting}
    tensors["plain.weight"] = mx.random.normal((2, 8))
    config["plain"] = False
    tensors["plain.bias"] = mx.zeros((2,))
    mx.save_safetensors(str(folder / "model.safetensors"), tensors, metadata={"format": "mlx"})
    write_json(folder / "config.json", {"model_type": "llama", "quantization": config})
    (folder / "expected.json").write_text(json.dumps(expected))


def make_gpt_oss(folder: Path) -> None:
    from transformers.integrations.mxfp4 import convert_moe_packed_tensors
    folder.mkdir()
    torch.manual_seed(5)
    blocks = torch.randint(0, 256, (2, 4, 3, 16), dtype=torch.uint8)
    scales = torch.randint(120, 130, (2, 4, 3), dtype=torch.uint8)
    save_file({
        "experts.down_proj_blocks": blocks, "experts.down_proj_scales": scales,
        "experts.down_proj_bias": torch.zeros(2, 4, dtype=torch.bfloat16),
    }, folder / "model.safetensors")
    write_json(folder / "config.json", {
        "model_type": "gpt_oss",
        "quantization_config": {"quant_method": "mxfp4", "modules_to_not_convert": ["lm_head"]}})
    # transformers returns [experts, columns, rows].
    values = convert_moe_packed_tensors(blocks, scales, dtype=torch.float32)
    values = values.transpose(1, 2) if values.shape[1] == 96 else values
    (folder / "expected.json").write_text(json.dumps(
        {"experts.down_proj": {"shape": list(values.shape), "values": values.flatten().tolist()}}))


def make_safetensors() -> None:
    folder = HERE / "safetensors"
    folder.mkdir()
    make_plain(folder / "plain")
    make_sharded(folder / "sharded")
    make_mlx(folder / "mlx")
    make_gpt_oss(folder / "gpt-oss")


# JSON

STYLES = {
    "default": {},
    "utf8": {"ensure_ascii": False},
    "compact": {"separators": (",", ":"), "ensure_ascii": False},
    "indent": {"indent": 2, "sort_keys": True},
    "wide": {"indent": 4, "separators": (" ,", " : "), "ensure_ascii": False},
}
TEXTS = [
    "null", "true", "[]", "{}", "[[], {}]", '"\\ud83d\\ude00 \\u00e9 \\/ \\b\\f\\n\\r\\t\\u0000\\u001f\\u007f"',
    '{"b": 1, "a": [1, 2.5, -3e-7, {"c": null}], "é": "日本", "😀": "\\u2028"}',
    "[0, -0, 0.0, -0.0, 1e2, 1E+2, 1e-2, 9223372036854775807, -9223372036854775808, 1.5e300, 1e-320]",
    "[NaN, Infinity, -Infinity, 1e999, -1e999]", '{"a": 1, "b": 2, "a": 3}',
    '{"k1":1,"k2":2,"k3":3,"k4":4,"k5":5,"k6":6,"k7":7,"k8":8,"k9":9,"k10":10,"k3":33,"é":1,"e\\u0301":2}',
    ' \t\r\n[ 1 ,\n2 ] \n', '"<script>\'&"', "0.1", "123456789.123456789", "5e-324", "1.7976931348623157e308",
]
SEEDS = TEXTS + ['{"messages": [{"role": "user", "content": "a\\"b"}], "n": 1.25e3, "ok": [true, false, null]}']


def canonical(value):
    """Values in Sotto's representation: integers beyond 64 bits become floating-point."""
    if isinstance(value, dict):
        return {canonical(k): canonical(v) for k, v in value.items()}
    if isinstance(value, list):
        return [canonical(v) for v in value]
    if isinstance(value, int) and not isinstance(value, bool) and not -2**63 <= value < 2**63:
        return float(value)
    if isinstance(value, str):
        return "".join("\ufffd" if 0xD800 <= ord(c) < 0xE000 else c for c in value)
    return value


def mutated(rng: random.Random) -> bytes:
    data = bytearray(rng.choice(SEEDS).encode())
    for _ in range(rng.choice([1, 1, 1, 1, 2, 3])):
        kind = rng.randrange(5)
        position = rng.randrange(len(data) + 1)
        if kind == 0 and position < len(data):
            data[position] = rng.choice(b'{}[]",:0123456789.eE+-\\utrfalsn \x00\x1f\xc3\xa9\xff/')
        elif kind == 1:
            data[position:position] = bytes([rng.choice(b'{}[]",:0123456789.eE+-\\u \xe2\x80')])
        elif kind == 2:
            del data[position:position + rng.randint(1, 3)]
        elif kind == 3:
            del data[position:]
        else:
            other = rng.choice(SEEDS).encode()
            cut = rng.randrange(len(other) + 1)
            data[position:] = other[cut:]
    return bytes(data)


def verdict(data: bytes):
    """The result of Python's json for a text: compact JSON, or None for an error."""
    try:
        value = canonical(json.loads(data.decode("utf-8")))
        return json.dumps(value, separators=(",", ":"))
    except (ValueError, RecursionError):
        return None


def make_json() -> None:
    folder = HERE / "json"
    folder.mkdir()
    write_json(folder / "styles.json", [
        {"text": text, **{style: json.dumps(canonical(json.loads(text)), **options)
                          for style, options in STYLES.items()}} for text in TEXTS])
    rng = random.Random(11)
    cases = []
    while len(cases) < 1500:
        data = mutated(rng)
        cases.append({"hex": data.hex(), "expected": verdict(data)})
    write_json(folder / "verdicts.json", cases)
    values = [0.0, -0.0, 1.0, 0.1, 1e15, 1e16, 123456789012345680.0, 1e-4, 1e-5, 9999999999999998.0, 2.0**53,
              2.0**54, 2.0**63, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 1e22, 1e23, 0.00012345]
    values += [struct.unpack("<d", rng.randbytes(8))[0] for _ in range(400)]
    values += [round(rng.uniform(-1000, 1000), rng.randint(0, 6)) for _ in range(100)]
    write_json(folder / "floats.json", [
        [str(struct.unpack("<Q", struct.pack("<d", v))[0]), repr(v)] for v in values if v == v])


def describe(path: str) -> None:
    """`make_fixtures.py describe FILE.gguf` prints the tensors that Python's gguf reads."""
    print(json.dumps(describe_gguf(Path(path))["tensors"]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["describe"]:
        describe(sys.argv[2])
        sys.exit()
    for name in ["gguf", "safetensors", "json"]:
        shutil.rmtree(HERE / name, ignore_errors=True)
    make_ggufs()
    make_safetensors()
    make_json()
