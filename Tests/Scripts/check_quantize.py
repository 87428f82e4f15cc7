"""Compares `sotto quantize` with mlx-lm's `convert -q`, bit for bit, by the digests that make_quantized_digests.py wrote.

`SOTTO` is the path of the binary.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from quantized import digest, model

HERE = Path(__file__).resolve().parent
SOTTO = os.environ["SOTTO"]


def quantize(source: Path, options: list[str], folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [SOTTO, "quantize", str(source), *options, "-o", str(folder)], capture_output=True, text=True, timeout=300)


def main() -> int:
    failed = compared = 0
    for name, settings in json.loads((HERE / "quantized_digests.json").read_text()).items():
        for setting, expected in settings.items():
            with tempfile.TemporaryDirectory() as scratch:
                folder = Path(scratch) / "model"
                done = quantize(model(name, Path(scratch)), ["--to", *setting.split()], folder)
                found = digest(folder) if done.returncode == 0 else done.stderr.strip()
                compared += 1
                if found != expected:
                    failed += 1
                    print(f"{name} {setting}: {found}, not {expected}")
    print(f"{compared} conversions compared, {failed} differ")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
