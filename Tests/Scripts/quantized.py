"""Digests of MLX model folders, for check_quantize.py and make_quantized_digests.py."""

import hashlib
import json
import shutil
import struct
from pathlib import Path

# What is quantised how: the options of `sotto quantize`, and those of mlx-lm's `convert`.
SETTINGS = {
    "q2": {"q_bits": 2}, "q3": {"q_bits": 3}, "q4": {"q_bits": 4}, "q5": {"q_bits": 5}, "q6": {"q_bits": 6},
    "q8": {"q_bits": 8},
    **{f"q{bits} --group {group}": {"q_bits": bits, "q_group_size": group} for group in (32, 128) for bits in (3, 4, 5, 6, 8)},
    "mxfp4": {"q_mode": "mxfp4"}, "mxfp8": {"q_mode": "mxfp8"},
    "nvfp4": {"q_mode": "nvfp4"},
}

# One of each architecture that can be quantised and whose converter mlx-lm has, in every type of numbers.
FIXTURES = [
    "apertus", "cohere-bf16", "deepseek-v2", "deepseek-v3", "dots1", "dots1 as bfloat16", "ernie4-bf16", "exaone-moe",
    "exaone-moe as bfloat16", "exaone4", "falcon-h1", "falcon-h1-bf16",
    "falcon-mamba", "gemma", "gemma2-bf16", "gemma3-bf16", "gemma3n", "gemma4-shared-caches",
    "glm4-bf16", "glm4-moe-lite", "glm4-moe-lite as bfloat16", "gpt-neox", "gpt-oss-openai", "gpt2", "granite-hybrid",
    "hunyuan", "jamba", "kimi-linear-wide", "lfm2",
    "llama-biases-f16-sharded", "llama-plain", "llama-tied-bf16", "minimax-m2-wide", "ministral3", "mistral-window-bf16",
    "mistral4", "mixtral-bf16", "nemotron-h", "olmo2-bf16", "olmo3-bf16", "olmoe-bf16", "phi", "phi3-bf16", "phimoe",
    "plamo2", "qwen2-moe-bf16", "qwen2-windows", "qwen3-bf16", "qwen3-moe-bf16", "qwen3-5", "recurrent-gemma",
    "recurrent-gemma as float16", "rwkv7-wide", "seed-oss-bf16", "smollm3-bf16", "stablelm", "starcoder2",
]


TINY = Path(__file__).resolve().parent.parent / "ModelsTests" / "Fixtures" / "tiny"


def model(name: str, scratch: Path) -> Path:
    """The folder of a model; of "NAME as TYPE" a copy below `scratch` whose numbers are to be rounded to another type."""
    name, _, kind = name.partition(" as ")
    if not kind:
        return TINY / name
    copy = scratch / "source"
    shutil.copytree(TINY / name, copy, dirs_exist_ok=True)
    config = json.loads((copy / "config.json").read_text()) | {"torch_dtype": kind}
    (copy / "config.json").write_text(json.dumps(config))
    return copy


def tensors(folder: Path) -> dict[str, bytes]:
    """A digest for every tensor: of its type, its shape and its bytes."""
    found = {}
    for file in sorted(folder.glob("*.safetensors")):
        data = file.read_bytes()
        (length,) = struct.unpack("<Q", data[:8])
        for name, entry in json.loads(data[8 : 8 + length]).items():
            if name == "__metadata__":
                continue
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            head = f"{entry['dtype']} {entry['shape']}".encode()
            found[name] = hashlib.sha256(head + data[begin:end]).digest()
    return found


def digest(folder: Path) -> str:
    """One digest of all tensors and of config.json."""
    config = json.loads((folder / "config.json").read_text())
    rope = config.get("text_config", {}).get("rope_parameters", {})
    if "type" in rope:  # mlx-lm renames this key of Qwen3.5 while it loads the model, and understands both
        rope.setdefault("rope_type", rope.pop("type"))
    total = hashlib.sha256(json.dumps(config, sort_keys=True).encode())
    for name, value in sorted(tensors(folder).items()):
        total.update(name.encode() + value)
    return total.hexdigest()[:24]
