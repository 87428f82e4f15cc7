"""Compares `sotto quantize --to gguf:...` with llama.cpp's own converter (for developers).

    python check_gguf_families.py LLAMA_CPP DIR... [--outtype f32|f16|bf16|q8_0] [--keep FOLDER]

LLAMA_CPP is the llama.cpp folder in the source package of llama-cpp-python from PyPI; each DIR is a small model of the
reference program with the names of the public checkpoint. For each of them both programs write a file; the keys of the
metadata, the names, types and shapes of the tensors and their bytes must be the same. The vocabulary is made up. Models
that Sotto refuses because of a setting without a key in GGUF, which the converter drops, are reported. Instead of a
DIR, `tokenizers` compares the metadata of tokenizers (gguf_tokenizers.py). `SOTTO` is the path of the binary.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
import gguf_tokenizers  # noqa: E402
import make_gguf_models  # noqa: E402

SOTTO = os.environ["SOTTO"]
# What the converter finds out about the place and the name of a model, and its made-up vocabulary.
IGNORED = ("tokenizer.", "general.name", "general.license", "general.tags", "general.languages", "general.basename",
           "general.finetune", "general.version", "general.sampling")
# Where the converter is right only for the public models, and Sotto writes what the configuration says: a rotary base
# other than 10000, widths of feed-forward blocks, heads of keys, a rotated share of heads of another size, and an epsilon.
CORRECTED = {"phi2.rope.freq_base", "stablelm.rope.freq_base", "gptneox.rope.freq_base", "phi2.feed_forward_length",
             "phi2.attention.head_count_kv", "ernie4_5-moe.expert_shared_feed_forward_length",
             "nemotron.rope.dimension_count", "olmoe.attention.layer_norm_rms_epsilon",
             # Values without which llama.cpp does not load a file, or has other logits; see the architectures.
             "granite_swa.rope.freq_base", "granite_swa.attention.rope_pattern", "kimi-linear.expert_group_count",
             "llama4.expert_count", "llama4.expert_used_count", "deepseek2.expert_gating_func",
             "phimoe.rope.scaling.attn_factor",
             "plamo2.context_length", "plamo2.rope.freq_base"}
# A tied head that llama.cpp does not find by itself.
HEADS = {"apertus", "kimi-linear", "rwkv7"}

# What Sotto says of such settings.
REFUSED = "GGUF files of this architecture have no key for"


def byte_level(folder: Path) -> None:
    """A tokenizer.json that a byte-level vocabulary has, in place of the made-up one."""
    path = folder / "tokenizer.json"
    root = json.loads(path.read_text())
    root["pre_tokenizer"] = dict(type="ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True)
    root["decoder"] = dict(type="ByteLevel", add_prefix_space=True, trim_offsets=True, use_regex=True)
    path.write_text(json.dumps(root))


def fields(reader) -> dict[str, object]:
    return {name: field.contents() for name, field in reader.fields.items()
            if not name.startswith("GGUF.") and not name.startswith(IGNORED)}


def same(a: object, b: object) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return abs(a - b) <= 1e-6 * abs(b)
    return type(a) is type(b) and a == b


def problems(ours: Path, theirs: Path) -> list[str]:
    import gguf

    found = []
    mine, reference = gguf.GGUFReader(ours), gguf.GGUFReader(theirs)
    a, b = fields(mine), fields(reference)
    architecture = a["general.architecture"]
    heads = [{t.name for t in reader.tensors} & {"output.weight"} for reader in (mine, reference)]
    has_more = heads[0] != heads[1] and architecture in HEADS
    for key in sorted(set(a) | set(b)):
        if key == "general.size_label" and has_more:
            continue
        if key in CORRECTED and key in a or key == "general.file_type" and key not in b:
            continue
        if key not in a or key not in b or not same(a[key], b[key]):
            found.append(f"{key}: {a.get(key, 'missing')}, not {b.get(key, 'missing')}")
    for key in set(a) & set(b):
        if mine.fields[key].types != reference.fields[key].types:
            found.append(f"{key}: of the types {mine.fields[key].types}, not {reference.fields[key].types}")
    mine, reference = ({t.name: t for t in reader.tensors} for reader in (mine, reference))
    for name in sorted(set(mine) | set(reference)):
        if name == "output.weight" and has_more:
            continue
        if name not in mine or name not in reference:
            found.append(f"{name} is {'missing' if name not in mine else 'too much'}")
            continue
        x, y = mine[name], reference[name]
        if x.tensor_type != y.tensor_type or list(x.shape) != list(y.shape):
            found.append(f"{name}: {x.tensor_type.name} {list(x.shape)}, not {y.tensor_type.name} {list(y.shape)}")
        elif not np.array_equal(x.data.view(np.uint8), y.data.view(np.uint8)):
            p, q = (gguf.quants.dequantize(t.data, t.tensor_type) for t in (x, y))
            error = np.abs(p - q).max()
            # The exponential functions of two libraries may differ in the last bit.
            if not error <= 2e-7 * np.abs(q).max():
                found.append(f"{name}: differs by {error:.3g} of {np.abs(q).max():.3g}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=Path)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--outtype", default="f32")
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    sys.path[:0] = [str(options.source), str(options.source / "gguf-py")]
    logging.disable(logging.WARNING)
    if options.folders == [Path("tokenizers")]:
        return gguf_tokenizers.check(options.source)
    failed = 0
    for folder in options.folders:
        with tempfile.TemporaryDirectory() as temporary:
            work = Path(temporary)
            (work / "source").mkdir()
            try:
                with contextlib.redirect_stderr(io.StringIO()):
                    make_gguf_models.convert(folder, work / "theirs", options.outtype, predictors=False)
                    source = make_gguf_models.prepared(folder, work / "source")
            except Exception as error:
                print(f"{folder.name}: the converter failed: {type(error).__name__} {str(error)[:120]}", flush=True)
                continue
            byte_level(source)
            ours = (options.keep or work) / f"{folder.name}.gguf"
            ours.unlink(missing_ok=True)
            done = subprocess.run(
                [SOTTO, "quantize", str(source), "--to", f"gguf:{options.outtype}", "-o", str(ours)],
                capture_output=True, text=True, timeout=300)
            if done.returncode and REFUSED in done.stderr:
                print(f"{folder.name}: refused, {done.stderr.strip().split(': ')[-1]}", flush=True)
                continue
            found = problems(ours, work / "theirs" / "model.gguf") if done.returncode == 0 else [done.stderr.strip()]
            failed += bool(found)
            print(f"{folder.name}: {'same' if not found else ''}", *found[:12], sep="\n  " if found else "", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
