"""Measures `sotto quantize` on a synthetic model and extrapolates to one of 4 billion parameters.

    python measure.py SOTTO [SOTTO...] [--layers 2] [--targets q4,gguf:Q4_K_M] [--rounds 3] [--folder /tmp]

The model has the shapes of Qwen3-4B in bfloat16 and a few layers; it is written once to FOLDER and read from the page
cache. Several programs are measured in turn, round by round. The table has the least processor time per number, the time
that 4.02 billion numbers would take on two cores that do nothing else, the elapsed time per number, and the peak of
resident memory, of which mapped pages of the model that were read are a part. The floor is that of the processor: a copy
of the same number of bytes.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import struct
import time
from pathlib import Path

import numpy as np

HIDDEN, INNER, HEADS, KEYS, SIZE, VOCABULARY = 2560, 9728, 32, 8, 128, 32000
PARAMETERS = 4_022_468_096


def shapes(layers: int) -> dict[str, list[int]]:
    tensors = {"model.embed_tokens.weight": [VOCABULARY, HIDDEN], "model.norm.weight": [HIDDEN]}
    for i in range(layers):
        at = f"model.layers.{i}."
        for name, shape in {
            "self_attn.q_proj": [HEADS * SIZE, HIDDEN], "self_attn.k_proj": [KEYS * SIZE, HIDDEN],
            "self_attn.v_proj": [KEYS * SIZE, HIDDEN], "self_attn.o_proj": [HIDDEN, HEADS * SIZE],
            "self_attn.q_norm": [SIZE], "self_attn.k_norm": [SIZE], "mlp.gate_proj": [INNER, HIDDEN],
            "mlp.up_proj": [INNER, HIDDEN], "mlp.down_proj": [HIDDEN, INNER], "input_layernorm": [HIDDEN],
            "post_attention_layernorm": [HIDDEN],
        }.items():
            tensors[f"{at}{name}.weight"] = shape
    return tensors


def write(folder: Path, layers: int) -> int:
    """Writes the model and returns its number of parameters."""
    tensors = shapes(layers)
    count = sum(int(np.prod(shape)) for shape in tensors.values())
    if (folder / "model.safetensors").exists():
        return count
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "model_type": "qwen3", "hidden_size": HIDDEN, "intermediate_size": INNER, "num_hidden_layers": layers,
        "num_attention_heads": HEADS, "num_key_value_heads": KEYS, "head_dim": SIZE, "vocab_size": VOCABULARY,
        "rms_norm_eps": 1e-6, "rope_theta": 1e6, "max_position_embeddings": 40960, "tie_word_embeddings": True,
        "torch_dtype": "bfloat16"}
    (folder / "config.json").write_text(json.dumps(config))
    tokenizer = {
        "added_tokens": [], "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True},
        "decoder": {"type": "ByteLevel"},
        "model": {"type": "BPE", "vocab": {f"t{i}": i for i in range(VOCABULARY)}, "merges": []}}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    header, offset = {}, 0
    for name, shape in tensors.items():
        size = 2 * int(np.prod(shape))
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    head = json.dumps(header).encode()
    # Random numbers of a prime count, repeated, so that no two rows are equal.
    pattern = (np.random.default_rng(1).standard_normal(4_000_037).astype(np.float32) * 0.02).view(np.uint32)
    bits = ((pattern + 0x8000) >> 16).astype(np.uint16).tobytes()
    with open(folder / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(head)) + head)
        left = offset
        while left:
            left -= file.write(bits[:left])
    return count


def run(program: str, source: Path, target: str, output: Path) -> tuple[float, float, int]:
    """The processor time, the elapsed time and the resident memory of one quantisation."""
    if output.is_dir():
        shutil.rmtree(output)
    output.unlink(missing_ok=True)
    start = time.monotonic()
    arguments = [program, "quantize", str(source), "--to", target, "-o", str(output)]
    quiet = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
    child = os.posix_spawn(program, arguments, os.environ, file_actions=quiet)
    _, status, usage = os.wait4(child, 0)
    elapsed = time.monotonic() - start
    if status:
        raise SystemExit(f"{program} failed")
    return usage.ru_utime + usage.ru_stime, elapsed, usage.ru_maxrss


def copy_time(folder: Path) -> float:
    """The processor time of a copy of a part of the model, in seconds per number of two bytes."""
    size = min(256 << 20, (folder / "model.safetensors").stat().st_size)
    before = resource.getrusage(resource.RUSAGE_SELF)
    with open(folder / "model.safetensors", "rb") as source, open(folder / "copy.tmp", "wb") as target:
        for _ in range(size >> 20):
            target.write(source.read(1 << 20))
    (folder / "copy.tmp").unlink()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / (size / 2)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("programs", nargs="+")
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--targets", default="q4,q8,mxfp4,gguf:Q8_0,gguf:Q6_K,gguf:Q4_K_M")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("/tmp"))
    options = parser.parse_args()
    source = options.folder / f"quantize-benchmark-{options.layers}"
    count = write(source, options.layers)
    print(f"{count / 1e6:.0f} million numbers; a copy takes {copy_time(source) * 1e9:.2f} ns per number")
    print(f"{'target':14} {'program':40} {'ns/number':>10} {'4B, 2 cores':>12} {'elapsed ns':>11} {'MiB':>6}")
    for target in options.targets.split(","):
        best = {program: (float("inf"), float("inf"), 0) for program in options.programs}
        for _ in range(options.rounds):
            for program in options.programs:
                found = run(program, source, target, options.folder / "quantize-benchmark.out")
                best[program] = (min(best[program][0], found[0]), min(best[program][1], found[1]),
                                 max(best[program][2], found[2]))
        for program, (processor, elapsed, memory) in best.items():
            each = processor / count
            print(f"{target:14} {program[-40:]:40} {each * 1e9:10.2f} {each * PARAMETERS / 2:10.1f} s "
                  f"{elapsed / count * 1e9:11.2f} {memory >> 10:6}")
    output = options.folder / "quantize-benchmark.out"
    shutil.rmtree(output) if output.is_dir() else output.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
