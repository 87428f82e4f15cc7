"""Writes quantized_digests.json: what mlx-lm writes for the small models and every setting of `sotto quantize`.

make_quantized_digests.py [NAME or folder...]: needs mlx and mlx-lm. With SOTTO set to the program, it also prints which tensors of
`sotto quantize` differ, and leaves the file alone.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import mlx.core as mx
import mlx_lm.convert
from mlx_lm.utils import load_model, save_config, save_model

from quantized import FIXTURES, SETTINGS, digest, model, tensors

HERE = Path(__file__).resolve().parent


def without_tokenizer() -> None:
    """Lets mlx-lm convert models that have no tokenizer."""
    mx.set_default_device(mx.cpu)
    convert = sys.modules["mlx_lm.convert"]
    convert.load = lambda path, **_: (lambda model, config: (model, None, config))(*load_model(Path(path), lazy=True))

    def save(folder, source, model, tokenizer, config):
        save_model(folder, model)
        save_config(config, folder / "config.json")

    convert.save = save


def converted(source: Path, options: dict, folder: Path) -> str | None:
    """Converts a model; returns why that failed."""
    try:
        sys.modules["mlx_lm.convert"].convert(str(source), str(folder), quantize=True, **options)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None if any(name.endswith(".scales") for name in tensors(folder)) else "no layer fits"


def has_half_blocks(folder: Path) -> bool:
    """Whether a layer has columns that NVFP4's blocks of 32 do not fit; such a layer stays as it is in Sotto's folder."""
    config = json.loads((folder / "config.json").read_text())["quantization"]
    weights = mx.load(str(folder / "model.safetensors"))
    return config["mode"] == "nvfp4" and any(k.endswith(".scales") and v.shape[-1] % 2 for k, v in weights.items())


def main() -> int:
    without_tokenizer()
    names = sys.argv[1:] or FIXTURES
    sotto, digests = os.environ.get("SOTTO"), {}
    for name in names:
        for setting, options in SETTINGS.items():
            with tempfile.TemporaryDirectory() as scratch:
                source = model(name, Path(scratch))
                theirs, ours = Path(scratch) / "theirs", Path(scratch) / "ours"
                problem = converted(source, options, theirs)
                if not sotto:
                    if problem is None and not has_half_blocks(theirs):
                        digests.setdefault(name, {})[setting] = digest(theirs)
                    continue
                done = subprocess.run(
                    [sotto, "quantize", str(source), "--to", *setting.split(), "-o", str(ours)], capture_output=True, text=True)
                if problem or done.returncode:
                    print(name, setting, "| mlx-lm:", (problem or "ok").splitlines()[0][:150], "| sotto:", done.stderr.strip()[:200] or "ok")
                    continue
                a, b = tensors(theirs), tensors(ours)
                differing = [key for key in a if key in b and a[key] != b[key]]
                same = digest(theirs) == digest(ours)
                print(name, setting, "same" if same else "DIFFERS", "missing", sorted(set(a) - set(b))[:4], "extra",
                      sorted(set(b) - set(a))[:4], "other", differing[:4]) if not same else print(name, setting, "same")
    if not sotto:
        file = HERE / "quantized_digests.json"
        old = json.loads(file.read_text()) if file.exists() and sys.argv[1:] else {}
        file.write_text(json.dumps({**old, **digests}, indent=1, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
