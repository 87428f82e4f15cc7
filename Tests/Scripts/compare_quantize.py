"""Compares the mixes of `sotto quantize --to gguf:...` with llama.cpp's quantiser (for developers).

    LLAMA_CPP_LIB_PATH=FOLDER python compare_quantize.py BINDINGS FILE... [--targets Q4_K_M,...]

BINDINGS is the source package of llama-cpp-python, FOLDER has libllama.so. Each FILE is a GGUF file in float32 that
`sotto quantize` or llama.cpp's converter wrote, beside a folder of the same name with the model. Every tensor must have
the type that llama.cpp gives it, and an error that is no larger. `SOTTO` is the path of the binary.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

SOTTO = os.environ["SOTTO"]
FILE_TYPES = {"Q8_0": 7, "Q4_K_S": 14, "Q4_K_M": 15, "Q5_K_S": 16, "Q5_K_M": 17, "Q6_K": 18}
# llama.cpp's types for rows that are no multiple of 256; Q8_0 in Sotto's files, which has more bits.
SHORT = {"Q5_0", "Q5_1"}
# Small matrices that keep the type that they have: float32 in these files, bfloat16 in Sotto's as in public models.
KEPT = ("altup", "laurel", "per_layer_model_proj", "time_mix_")


def numbers(tensor) -> np.ndarray:
    import gguf

    return gguf.quants.dequantize(tensor.data, tensor.tensor_type)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("bindings", type=Path)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--targets", default=",".join(FILE_TYPES))
    options = parser.parse_args()
    sys.path[:0] = [str(options.bindings), str(options.bindings / "vendor/llama.cpp/gguf-py")]
    import gguf
    from llama_cpp import llama_cpp

    keep = llama_cpp.llama_log_callback(lambda *_: None)
    llama_cpp.llama_log_set(keep, ctypes.c_void_p())
    failed = 0
    for file in options.files:
        original = {t.name: t for t in gguf.GGUFReader(file).tensors}
        for target in options.targets.split(","):
            with tempfile.TemporaryDirectory() as temporary:
                ours, theirs = Path(temporary) / "ours.gguf", Path(temporary) / "theirs.gguf"
                parameters = llama_cpp.llama_model_quantize_default_params()
                parameters.ftype, parameters.nthread = FILE_TYPES[target], 1
                status = llama_cpp.llama_model_quantize(str(file).encode(), str(theirs).encode(), ctypes.byref(parameters))
                done = subprocess.run(
                    [SOTTO, "quantize", str(file.with_suffix("")), "--to", f"gguf:{target}", "-o", str(ours)],
                    capture_output=True, text=True, timeout=300)
                if status or done.returncode:
                    print(f"{file.stem} {target}: {done.stderr.strip() or 'llama.cpp failed'}")
                    failed += 1
                    continue
                mine = {t.name: t for t in gguf.GGUFReader(ours).tensors}
                reference = {t.name: t for t in gguf.GGUFReader(theirs).tensors}
                problems, errors = [], []
                for name, b in reference.items():
                    a, exact = mine[name], numbers(original[name])
                    types = (a.tensor_type.name, b.tensor_type.name)
                    if types == ("BF16", "F32") and any(part in name for part in KEPT):
                        continue
                    if a.tensor_type != b.tensor_type and b.tensor_type.name not in SHORT:
                        problems.append(f"{name}: {a.tensor_type.name}, not {b.tensor_type.name}")
                    x, y = (np.sqrt(np.mean((numbers(t) - exact) ** 2)) for t in (a, b))
                    if y > 0:
                        errors.append(x / y)
                worst = max(errors, default=0)
                if worst > 1.02 or np.mean(errors) > 1:
                    problems.append(f"errors of {np.mean(errors):.4f} (largest {worst:.4f}) times llama.cpp's")
                failed += bool(problems)
                print(f"{file.stem} {target}: {len(reference)} tensors, errors {np.mean(errors):.4f} of llama.cpp's",
                      *problems[:8], sep="\n  ", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
