"""Measures `sotto models` with 500 models on the disk: measure.py [--folder DIR] [--rounds 7] [--json]

- cold: without the index of an earlier listing, the files in the page cache
- again: with the index

Each is given in milliseconds of elapsed time and of processor time (user and system, of both threads), medians and
minima. The bars are 300 ms and 50 ms elapsed on two cores. A loaded machine slows the elapsed time; processor time shows
whether the work has grown. SOTTO names the program (default: .build/release/sotto); several, separated by commas, are
measured in turn. --folder keeps the models (1.5 GB) for another run.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from model_files import Home

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = [os.path.abspath(path) for path in os.environ.get("SOTTO", str(ROOT / ".build/release/sotto")).split(",")]


def run(program: str, home: Path) -> tuple[float, float, int]:
    """The elapsed and the processor time of a listing in milliseconds, and the number of models."""
    output = home / "output.json"
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    start = time.monotonic()
    process = os.fork()
    if process == 0:
        file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, 1)
        os.execve(program, [program, "models", "--json"], environment)
    _, status, usage = os.wait4(process, 0)
    elapsed = time.monotonic() - start
    if status != 0:
        sys.exit(f"{program} models --json failed")
    models = json.loads(output.read_text())
    problems = {model["problem"] for model in models if not model["runs"]}
    if problems:
        sys.exit(f"models cannot be run: {sorted(problems)[:3]}")
    return elapsed * 1000, (usage.ru_utime + usage.ru_stime) * 1000, len(models)


def measure(home: Path, rounds: int) -> list[dict]:
    index = home / ".cache/sotto/models.json"
    samples: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for number in range(rounds + 1):
        for program in PROGRAMS:
            for case in ("cold", "again"):
                if case == "cold":
                    index.unlink(missing_ok=True)
                elapsed, processor, count = run(program, home)
                if count != 500:
                    sys.exit(f"{program} lists {count} models instead of 500")
                # The first round loads the files into the page cache.
                if number > 0:
                    samples.setdefault((program, case), []).append((elapsed, processor))
    results = []
    for (program, case), values in samples.items():
        elapsed, processor = [sorted(column) for column in zip(*values)]
        results.append({
            "program": program, "case": case, "elapsed_ms": statistics.median(elapsed), "elapsed_min_ms": elapsed[0],
            "processor_ms": statistics.median(processor), "processor_min_ms": processor[0]})
    return results


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        home = arguments.folder or Path(temporary)
        settings = home / ".config/sotto/settings.toml"
        if not settings.exists():
            Home(home).fill()
            settings.parent.mkdir(parents=True)
            settings.write_text(f'folders = ["{home}/models"]\n')
        results = measure(home, arguments.rounds)
    if arguments.json:
        print(json.dumps(results))
        return
    for result in results:
        print(f"{result['case']:6} elapsed {result['elapsed_ms']:6.0f} ms (at least {result['elapsed_min_ms']:4.0f}), "
              f"processor {result['processor_ms']:6.0f} ms (at least {result['processor_min_ms']:4.0f})  {result['program']}")


if __name__ == "__main__":
    main()
