"""Runs all script tests with the built program: run.py MODEL.gguf

Prints one line per test, the output of failed tests, and the counts. `SOTTO` is the path of the binary.
"""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
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


def run(script: str, arguments: list[str]) -> tuple[int, str, float]:
    """The exit status, the output and the seconds of a test."""
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, str(HERE / script), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout, time.monotonic() - begin


def main() -> int:
    """Two tests at a time, since most of them use one core: they must pass on a busy machine anyway."""
    failed = 0
    with ThreadPoolExecutor(max_workers=2) as pool:
        running = {pool.submit(run, script, arguments): name
                   for name, (script, *arguments) in tests(sys.argv[1]).items()}
        for done in as_completed(running):
            status, output, seconds = done.result()
            failed += status != 0
            print(f"{'ok  ' if status == 0 else 'FAIL'} {running[done]} ({seconds:.0f} s)", flush=True)
            if status != 0:
                print(output, flush=True)
    print(f"{len(running) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
