"""Runs all script tests with the built program: run.py MODEL.gguf

Prints one line per test, the output of failed tests, and the counts. `SOTTO` is the path of the binary.
"""

import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TINY = HERE.parent / "ModelsTests" / "Fixtures" / "tiny"


def tests(model: str) -> dict[str, list[str]]:
    """The commands of the tests by name."""
    return {
        "small models and transformers": ["check_reference.py", *map(str, sorted(TINY.iterdir()))],
        "--precision fast for every architecture": ["check_fast.py", *map(str, sorted(TINY.iterdir()))],
        "default model, llama.cpp and float32": ["check_golden.py", model],
        "token ids and tokenizers": ["check_tokens.py", model],
        "chat templates and jinja2": ["check_templates.py", model],
        "harmony and openai-harmony": ["check_harmony.py"],
        "sotto batch": ["check_batch.py", model],
        "1,000 requests, killed and resumed": ["check_many.py", model],
        "the program in a terminal": ["terminal.py", model],
        "random events in a terminal": ["check_screen.py", model],
        "downloads from a hub": ["check_pull.py", model],
        "sotto quantize and mlx-lm": ["check_quantize.py"],
        "sotto quantize and GGUF files": ["check_gguf.py"],
        "sotto quantize, interrupted": ["check_interrupted.py"],
        "file system errors and quitting": ["misuse.py", model],
    }


def main() -> int:
    failed = 0
    for name, (script, *arguments) in tests(sys.argv[1]).items():
        begin = time.monotonic()
        done = subprocess.run(
            [sys.executable, str(HERE / script), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        failed += done.returncode != 0
        print(f"{'ok  ' if done.returncode == 0 else 'FAIL'} {name} ({time.monotonic() - begin:.0f} s)", flush=True)
        if done.returncode != 0:
            print(done.stdout, flush=True)
    print(f"{len(tests(sys.argv[1])) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
