"""Compares Sotto with llama.cpp on the same GGUF file, alternating, in one run.

    pip install llama-cpp-python==0.3.36      (compiles for this machine: about 15 minutes on 2 cores)
    python compare.py MODEL.gguf [--rounds 5] [--threads 2] [--prompts 512,128] [--generate 64] [--json FILE]

Each round measures both programs at each prompt length, one after the other, and the order alternates, so that
other load on the machine affects both alike. Prints medians over the rounds, the range, and the median of the
rounds' ratios. llama.cpp is driven through its C interface: one
llama_decode for the prompt (n_batch = n_ubatch = its length), then single tokens behind it; Sotto through
`sotto bench`. Then the time from the start of `sotto generate` to its first byte, with the file in the page cache.

Measure on an idle machine: llama.cpp's threads synchronise by spinning, so with more runnable threads than cores it
falls to a tenth of its speed and the ratios are meaningless.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import llama_cpp
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SOTTO = os.environ.get("SOTTO", str(ROOT / ".build" / "release" / "sotto"))
#: About 30 tokens in most vocabularies.
SHORT_PROMPT = (
    "The lighthouse keeper walked up the forty-one steps to the gallery, looked out over the dark water, and wrote "
    "down everything that she saw there: first"
)


class LlamaCpp:
    """One llama.cpp context for the whole run; its threads sleep while Sotto is measured."""

    def __init__(self, model: Path, threads: int, context: int):
        llama_cpp.llama_backend_init()
        silence = llama_cpp.llama_log_callback(lambda level, text, data: None)
        self.silence = silence  # ctypes keeps no reference of its own
        llama_cpp.llama_log_set(silence, None)
        self.model = llama_cpp.llama_model_load_from_file(
            str(model).encode(), llama_cpp.llama_model_default_params())
        settings = llama_cpp.llama_context_default_params()
        settings.n_ctx, settings.n_batch, settings.n_ubatch = context, 512, 512
        settings.n_threads = settings.n_threads_batch = threads
        self.context = llama_cpp.llama_init_from_model(self.model, settings)
        vocabulary = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(self.model))
        self.ids = np.random.default_rng(0).integers(0, vocabulary, context).astype(np.int32)

    def decode(self, ids: np.ndarray) -> None:
        tokens = (llama_cpp.llama_token * len(ids))(*ids.tolist())
        code = llama_cpp.llama_decode(self.context, llama_cpp.llama_batch_get_one(tokens, len(ids)))
        if code != 0:
            raise RuntimeError(f"llama_decode returned {code}")
        llama_cpp.llama_get_logits(self.context)  # waits for the result

    def measure(self, prompt: int, generate: int) -> dict[str, float]:
        """Tokens per second for the prompt and for the generation after it."""
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self.context), True)
        begin = time.perf_counter()
        for start in range(0, prompt, 512):
            self.decode(self.ids[start : min(start + 512, prompt)])
        middle = time.perf_counter()
        for i in range(prompt, prompt + generate):
            self.decode(self.ids[i : i + 1])
        end = time.perf_counter()
        return {"prompt_tps": prompt / (middle - begin), "generation_tps": generate / (end - middle)}


def sotto(*arguments: str) -> str:
    return subprocess.run([SOTTO, *arguments], check=True, capture_output=True, text=True).stdout


def first_token_times(model: Path, threads: int, rounds: int) -> tuple[list[float], int]:
    """Milliseconds from the start of `sotto generate` to its first byte, and the number of prompt tokens."""
    command = ["generate", str(model), "-p", SHORT_PROMPT, "--raw", "--max-tokens", "1", "--temperature", "0",
               "--threads", str(threads)]
    tokens = json.loads(sotto(*command, "--json"))["prompt_tokens"]
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        process = subprocess.Popen([SOTTO, *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        process.stdout.read(1)
        times.append((time.perf_counter() - begin) * 1000)
        process.stdout.read()
        process.wait()
    return times, tokens


def middle(values: list[float]) -> float:
    return statistics.median(values)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--prompts", default="512,128")
    parser.add_argument("--generate", type=int, default=64)
    parser.add_argument("--repeat", type=int, default=3, help="measurements of each program in a round")
    parser.add_argument("--json", type=Path, help="write every measurement here")
    options = parser.parse_args()
    prompts = [int(n) for n in options.prompts.split(",")]
    load = os.getloadavg()[0]
    if load > 0.5:
        print(f"warning: the machine is busy (load {load:.1f}); the ratios will favour Sotto", file=sys.stderr)

    other = LlamaCpp(options.model, options.threads, max(prompts) + options.generate + 8)
    other.measure(min(prompts), 4)  # warm-up, so that the first round counts too

    def run_llama_cpp(prompt: int) -> dict[str, float]:
        rounds = [other.measure(prompt, options.generate) for _ in range(options.repeat)]
        return {k: middle([r[k] for r in rounds]) for k in rounds[0]}

    def run_sotto(prompt: int) -> dict[str, float]:
        return json.loads(sotto(
            "bench", str(options.model), "--prompt", str(prompt), "--generate", str(options.generate), "--repeat",
            str(options.repeat), "--threads", str(options.threads), "--json"))

    programs = {"sotto": run_sotto, "llama.cpp": run_llama_cpp}
    measured: dict[int, list[dict]] = {n: [] for n in prompts}
    for round_number in range(options.rounds):
        for prompt in prompts:
            order = list(programs) if round_number % 2 == 0 else list(programs)[::-1]
            measured[prompt].append({name: programs[name](prompt) for name in order})
        print(f"round {round_number + 1} of {options.rounds}", file=sys.stderr, flush=True)

    print(f"{options.model.name}, {options.threads} threads, medians of {options.rounds} rounds (range)\n")
    print(f"{'':24} {'Sotto, tokens/s':>26} {'llama.cpp, tokens/s':>26} {'ratio':>7}")
    for prompt, rounds in measured.items():
        for key, label in (("prompt_tps", f"prompt of {prompt}"), ("generation_tps", f"generation after {prompt}")):
            columns = []
            for name in programs:
                values = [r[name][key] for r in rounds]
                columns.append(f"{middle(values):.1f} ({min(values):.0f} to {max(values):.0f})")
            ratio = middle([r["sotto"][key] / r["llama.cpp"][key] for r in rounds])
            print(f"{label:24} {columns[0]:>26} {columns[1]:>26} {ratio:6.2f}x")
    reports = [r["sotto"] for r in measured[prompts[0]]]
    for key, label in (("prompt_int8_peak_share", "integer peak"), ("generation_bandwidth_share", "memory bandwidth")):
        if key in reports[0]:
            print(f"share of the {label} reached: {middle([r[key] for r in reports]):.0%}")
    times, tokens = first_token_times(options.model, options.threads, max(7, options.rounds))
    print(f"start of `sotto generate` to its first byte, prompt of {tokens}: "
          f"{middle(times):.0f} ms ({min(times):.0f} to {max(times):.0f})")
    if options.json:
        options.json.write_text(json.dumps({"rounds": measured, "first_token_ms": times}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
