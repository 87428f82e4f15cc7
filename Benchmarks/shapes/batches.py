"""Compares requests that run together in Sotto and in llama.cpp, alternating, in one run.

    pip install llama-cpp-python==0.3.36      (compiles for this machine: about 15 minutes on 2 cores)
    python batches.py SHAPE... [--layers N | --few] [--sizes 8,16] [--rounds 3]
    python batches.py MODEL.gguf

Prompts and answers of 100 tokens. llama.cpp decodes one token of every sequence in a batch (llama_batch), with a
unified cache as in its own measurements; Sotto runs `sotto bench --batch`. Prints the generated tokens per second of
all requests, and the ratio: of both the tokens after all prompts are read, while all requests generate. With --cpu-time
both have one thread, and the rate is per second of processor time: for a busy machine, where llama.cpp's threads, which
synchronise by spinning, fall to a fraction of their speed.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import model_file
import programs
import shapes


def sotto(model: Path, options: argparse.Namespace) -> dict[int, float]:
    command = [programs.SOTTO, "bench", str(model), "--json", "--threads", str(options.threads), "--batch",
               ",".join(str(n) for n in options.sizes), "--prompt", str(options.prompt), "--generate",
               str(options.generate)]
    rates = {}
    for row in programs.run(command)["batches"]:
        rate = row["generation_tps"]
        if options.cpu_time:  # one thread, which had this share of the processor
            rate *= row["seconds"] / row["cpu_seconds"]
        rates[row["batch"]] = rate
    return rates


def llama_cpp(model: Path, options: argparse.Namespace) -> dict[int, float]:
    case = dict(threads=options.threads, sizes=options.sizes, prompt=options.prompt, generate=options.generate,
                cpu=options.cpu_time)
    found = programs.run([sys.executable, __file__, "--worker", str(model), json.dumps(case)])
    return {int(size): rate for size, rate in found.items()}


def worker(model: str, case: dict) -> dict[int, float]:
    import llama_cpp as llama

    llama.llama_backend_init()
    log = llama.llama_log_callback(lambda level, text, data: None)
    llama.llama_log_set(log, ctypes.c_void_p(0))
    loaded = llama.llama_model_load_from_file(model.encode(), llama.llama_model_default_params())
    size = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(loaded))
    clock = time.process_time if case["cpu"] else time.perf_counter
    prompt, generate = case["prompt"], case["generate"]
    rates = {}
    for count in case["sizes"]:
        settings = llama.llama_context_default_params()
        settings.n_ctx = count * (prompt + generate + 32)
        settings.n_batch = settings.n_ubatch = 512
        settings.n_threads = settings.n_threads_batch = case["threads"]
        settings.n_seq_max, settings.kv_unified = count, True
        context = llama.llama_init_from_model(loaded, settings)
        batch = llama.llama_batch_init(512, 0, 1)

        def decode(rows: list[tuple[int, int, bool]]) -> None:
            """Rows of position, sequence, and whether logits are wanted."""
            batch.n_tokens = len(rows)
            for i, (position, sequence, wanted) in enumerate(rows):
                batch.token[i] = ((sequence * 104_729 + position) * 7919 + 13) % size
                batch.pos[i], batch.n_seq_id[i], batch.seq_id[i][0] = position, 1, sequence
                batch.logits[i] = wanted
            if llama.llama_decode(context, batch) != 0:
                raise RuntimeError("llama_decode failed")
            llama.llama_synchronize(context)

        for sequence in range(count):
            decode([(p, sequence, p == prompt - 1) for p in range(prompt)])
        start = clock()
        for i in range(generate):
            decode([(prompt + i, sequence, True) for sequence in range(count)])
        rates[count] = count * generate / (clock() - start)
        llama.llama_batch_free(batch)
        llama.llama_free(context)
    return rates


def measure(name: str, path: Path, options: argparse.Namespace) -> None:
    programs.warm(path)
    runs: list[dict[str, dict[int, float]]] = []
    for number in range(options.rounds):
        order = [("sotto", sotto), ("llama.cpp", llama_cpp)]
        runs.append({p: run(path, options) for p, run in (order if number % 2 == 0 else order[::-1])})
    for size in options.sizes:
        rates = {p: statistics.median(r[p][size] for r in runs) for p in ("sotto", "llama.cpp")}
        ratio = statistics.median(r["sotto"][size] / r["llama.cpp"][size] for r in runs)
        print(f"{name:20} {size:8} {rates['sotto']:12.1f} {rates['llama.cpp']:12.1f} {ratio:8.2f}x", flush=True)


def main() -> int:
    if sys.argv[1:2] == ["--worker"]:
        print(json.dumps(worker(sys.argv[2], json.loads(sys.argv[3]))))
        return 0
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", help=f"files, or names of shapes: {', '.join(shapes.NAMES)}")
    parser.add_argument("--layers", type=int, help="layers of a shape's file (default: those of the model)")
    parser.add_argument("--few", action="store_true", help="as many layers as a quick run needs")
    parser.add_argument("--mixture", help="the formats of a shape's file")
    parser.add_argument("--sizes", type=lambda text: [int(n) for n in text.split(",")], default=[1, 8, 16])
    parser.add_argument("--prompt", type=int, default=100)
    parser.add_argument("--generate", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cpu-time", action="store_true", help="compare processor times, with one thread")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    options = parser.parse_args()
    if options.cpu_time:
        options.threads = 1
    print(f"{options.threads} threads, medians of {options.rounds} rounds, answers in tokens per second\n\n"
          f"{'model':20} {'requests':>8} {'Sotto':>12} {'llama.cpp':>12} {'ratio':>9}")
    for name in options.models:
        if name not in shapes.NAMES:
            measure(Path(name).stem, Path(name), options)
            continue
        shape = shapes.named(name)
        layers = options.layers or (shape.few if options.few else shape.layers)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{name}-{layers}.gguf"
            model_file.write(path, shape.build(layers), options.mixture or shape.mixture)
            measure(name, path, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
