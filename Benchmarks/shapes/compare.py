"""Compares Sotto with llama.cpp on full-size shapes with random weights, alternating, in one run.

    pip install llama-cpp-python==0.3.36      (compiles for this machine: about 15 minutes on 2 cores)
    python compare.py SHAPE... | all | GROUP  [--layers N | --few] [--rounds 3] [--cases speed,prompt-10000]

For each shape a GGUF file is written, measured and deleted (--keep keeps it, --write only writes it). Cases:

    speed      a prompt of 512 tokens, and the tokens generated after it
    prompt-N   a prompt of N tokens
    cached     the milliseconds to prefill 32 tokens after 2,000 cached ones
    start      the milliseconds from the start to the first token of a prompt of 30 tokens, with the file in the page
               cache: for Sotto the whole process, for llama.cpp from the loaded library on (loading the model,
               encoding, prefill) and without repacking the weights, which would take several times as long

The order of the programs alternates from round to round, and each measurement has a process of its own that ends before
the next begins, so that only the page cache is shared. Prints medians over the rounds and the median of the rounds'
ratios; `*` marks those below the bar. `peak` is the part of the 8-bit integer peak, measured in the same run. Memory
is the largest resident memory after each case, relative to the file's size.

Measure on an idle machine with memory for twice the file (llama.cpp may repack the weights): llama.cpp's threads
synchronise by spinning, so with more runnable threads than cores it falls to a fraction of its speed and the ratios
are meaningless. On a busy machine, --cpu-time compares the processor times of one thread each; other programs then
affect the ratios only through the shared caches and memory.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

import model_file
import programs
import shapes

PROGRAMS = {"sotto": programs.sotto, "llama.cpp": programs.llama_cpp}


def case_settings(name: str, options: argparse.Namespace) -> dict:
    """The parameters of a case."""
    if name == "start":
        return {"copies": False}
    clock = {"cpu-time": True} if options.cpu_time else {}
    if name == "speed":
        return {"cached": 0, "prompt": 512, "generate": options.generate, "repeat": options.repeat} | clock
    if name == "cached":
        return {"cached": 2000, "prompt": 32, "generate": 0, "repeat": 3} | clock
    return {"cached": 0, "prompt": int(name.removeprefix("prompt-")), "generate": 0, "repeat": 1} | clock


def metrics(name: str, shape: shapes.Shape) -> list[tuple[str, str, bool, float]]:
    """For each number of a case: its title, its key, whether more is better, and the least ratio."""
    if name == "speed":
        return [("prompt 512", "prompt_tps", True, shape.prompt_bar),
                ("generation", "generation_tps", True, shape.generation_bar)]
    if name == "cached":
        return [("32 after 2,000", "ttft_ms", False, 1)]
    if name == "start":
        return [("start", "start_ms", False, 1)]
    return [(f"prompt {int(name.removeprefix('prompt-')):,}", "prompt_tps", True, shape.prompt_bar)]


def measure(path: Path, shape: shapes.Shape, options: argparse.Namespace) -> dict[str, list[dict]]:
    measured: dict[str, list[dict]] = {name: [] for name in options.cases}
    chosen = {name: run for name, run in PROGRAMS.items() if name in options.programs}
    programs.warm(path)
    for number in range(options.rounds):
        for name in options.cases:
            results = {}
            for program in list(chosen) if number % 2 == 0 else list(chosen)[::-1]:
                results[program] = chosen[program](path, options.threads, case_settings(name, options))
            measured[name].append(results)
            numbers = ", ".join(
                f"{title} " + " / ".join(f"{results[p].get(key, 0):.1f}" for p in chosen)
                for title, key, _, _ in metrics(name, shape))
            print(f"{shape.name}, round {number + 1} of {options.rounds}: {numbers}", file=sys.stderr, flush=True)
    return measured


def rows(shape: shapes.Shape, layers: int, size: int, measured: dict[str, list[dict]]) -> list[str]:
    """The lines of the table for one shape."""
    lines = []
    for name, rounds in measured.items():
        def median(program: str, key: str) -> float:
            return statistics.median(r[program][key] for r in rounds if program in r)

        both = all(program in r for r in rounds for program in PROGRAMS)
        for title, key, more, bar in metrics(name, shape):
            line = f"{shape.name:20} {layers:6} {title:15} {median('sotto', key):10.1f}" if "sotto" in rounds[0] else ""
            if both:
                ratios = [r["sotto"][key] / r["llama.cpp"][key] for r in rounds]
                ratio = statistics.median(ratios if more else [1 / x for x in ratios])
                line += f" {median('llama.cpp', key):10.1f} {ratio:7.2f}x{'*' if ratio < bar else ' '}"
                if key == "prompt_tps":
                    ours = median("sotto", "prompt_int8_peak_share")
                    line += f" {ours:6.0%} {ours * median('llama.cpp', key) / median('sotto', key):5.0%}"
                if key == "generation_tps":
                    line += f" {'':12} {median('sotto', 'memory') / size - 1:+7.1%}"
                    line += f" {median('llama.cpp', 'memory') / size - 1:+7.1%}"
            lines.append(line.rstrip())
    return lines


HEADER = (f"{'shape':20} {'layers':>6} {'':15} {'Sotto':>10} {'llama.cpp':>10} {'ratio':>8}  {'peak':>6} {'':5} "
          f"{'memory over the file':>15}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shapes", nargs="+", help=f"all, a group, or names: {', '.join(shapes.NAMES)}")
    parser.add_argument("--layers", type=int, help="layers of the file (default: those of the model)")
    parser.add_argument("--few", action="store_true", help="as many layers as a quick run needs")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeat", type=int, default=1, help="repetitions in each process")
    parser.add_argument("--generate", type=int, default=32, help="tokens to generate")
    parser.add_argument("--cpu-time", action="store_true", help="compare processor times, with one thread")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--cases", type=lambda text: text.split(","), default=["speed"])
    parser.add_argument("--programs", type=lambda text: text.split(","), default=list(PROGRAMS))
    parser.add_argument("--folder", type=Path, help="where the files are written (default: the temporary folder)")
    parser.add_argument("--mixture", help="Q4_K_M (default), or a format in place of its 4 bits, such as IQ3_XXS")
    parser.add_argument("--model", type=Path, help="an existing file of the shape")
    parser.add_argument("--keep", action="store_true", help="keep the files")
    parser.add_argument("--write", action="store_true", help="only write the files")
    parser.add_argument("--json", type=Path, help="write every measurement here")
    options = parser.parse_args()
    if options.cpu_time:
        options.threads = 1
    chosen = [s for s in shapes.ALL if {s.name, s.group, "all"} & set(options.shapes)]
    if unknown := set(options.shapes) - {"all"} - {x for s in shapes.ALL for x in (s.name, s.group)}:
        parser.error(f"unknown shapes: {', '.join(sorted(unknown))}")
    if not (options.write or options.cpu_time) and (load := os.getloadavg()[0]) > 0.5:
        print(f"warning: the machine is busy (load {load:.1f}); the ratios will favour Sotto", file=sys.stderr)
    lines, everything = [], {}
    for shape in chosen:
        layers = options.layers or (shape.few if options.few else shape.layers)
        with tempfile.TemporaryDirectory() as temporary:
            kept = options.folder or (Path.cwd() if options.keep or options.write else None)
            path = options.model or (kept or Path(temporary)) / f"{shape.name}-{layers}.gguf"
            if not options.model:
                model_file.write(path, shape.build(layers), options.mixture or shape.mixture)
            size = path.stat().st_size
            print(f"{path}: {size / 1e9:.2f} GB", file=sys.stderr)
            try:
                if not options.write:
                    everything[shape.name] = measure(path, shape, options)
                    lines += rows(shape, layers, size, everything[shape.name])
            except RuntimeError as error:
                lines.append(f"{shape.name:20} {layers:6} {error}")
            finally:
                if not (options.keep or options.write or options.model):
                    path.unlink()
    if lines:
        print(f"\n{options.threads} threads, medians of {options.rounds} rounds\n\n{HEADER}\n" + "\n".join(lines))
    if options.json:
        options.json.write_text(json.dumps(everything, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
