"""GPT-OSS: compares Sotto with llama.cpp on the same GGUF file, alternating, in one run.

    pip install llama-cpp-python==0.3.36      (compiles for this machine: about 15 minutes on 2 cores)
    python make_model.py MODEL.gguf
    python compare.py MODEL.gguf [--rounds 3] [--cases prompt-512,prompt-128,cached,generation,start]

    prompt-512, prompt-128   prompt tokens per second
    cached                   milliseconds to prefill 32 tokens after 2,000 cached ones
    generation               generated tokens per second after a context of 512
    start                    milliseconds from the start to the first token of a prompt of 30 tokens, with the file
                             in the page cache: for Sotto the whole process, for llama.cpp from the loaded library
                             on (loading the model, encoding, prefill) and without repacking the weights, which
                             would take several times as long
    memory                   the peak resident memory after the prompts, relative to the file's size

Both programs measure each case alternately, each in a process of its own that ends before the other starts, so that
only the page cache is shared; the order alternates from round to round. Prints medians over the rounds and the median
of the rounds' ratios. llama.cpp is driven through its C interface with its own defaults (n_batch = n_ubatch =
512, as many threads as cores).

Measure on an idle machine with memory for twice the file (llama.cpp may repack the weights): llama.cpp's threads
synchronise by spinning, so with more runnable threads than cores it falls to a fraction of its speed and the ratios
are meaningless.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOTTO = os.environ.get("SOTTO", str(ROOT / ".build" / "release" / "sotto"))
#: 30 tokens in the vocabulary of make_model.py, whose tokens have two letters.
PROMPT = " ".join(["abcdefghi", "jklmnopqr", "stuvwxyza", "bcdefghij", "klmnopqrs"])

#: The parameters of each case, its metric, and whether a higher value is better.
CASES = {
    "prompt-512": ({"cached": 0, "prompt": 512, "generate": 0}, "prompt_tps", True),
    "prompt-128": ({"cached": 0, "prompt": 128, "generate": 0}, "prompt_tps", True),
    "cached": ({"cached": 2000, "prompt": 32, "generate": 0}, "ttft_ms", False),
    "generation": ({"cached": 0, "prompt": 512, "generate": 24}, "generation_tps", True),
    "start": ({"copies": False}, "start_ms", False),
}


def resident(key: str) -> int:
    """A value of /proc/self/status in bytes."""
    found = re.search(rf"^{key}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.M)
    return int(found[1]) * 1024 if found else 0


def llama_cpp_worker(model: str, threads: int, case: dict) -> None:
    """Measures one case and prints it as JSON."""
    import llama_cpp

    llama_cpp.llama_backend_init()
    silence = llama_cpp.llama_log_callback(lambda level, text, data: None)
    llama_cpp.llama_log_set(silence, None)
    before, begin = resident("VmRSS"), time.perf_counter()
    how = llama_cpp.llama_model_default_params()
    how.use_extra_bufts = case.get("copies", True)
    loaded = llama_cpp.llama_model_load_from_file(model.encode(), how)
    vocabulary = llama_cpp.llama_model_get_vocab(loaded)
    size = llama_cpp.llama_vocab_n_tokens(vocabulary)
    settings = llama_cpp.llama_context_default_params()
    settings.n_ctx = case.get("cached", 0) + case.get("prompt", 0) + case.get("generate", 0) + 64
    settings.n_batch = settings.n_ubatch = 512
    settings.n_threads = settings.n_threads_batch = threads
    context = llama_cpp.llama_init_from_model(loaded, settings)

    def decode(ids: list[int]) -> float:
        start = time.perf_counter()
        for first in range(0, len(ids), 512):
            chunk = ids[first : first + 512]
            tokens = (llama_cpp.llama_token * len(chunk))(*chunk)
            if llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(tokens, len(chunk))) != 0:
                raise RuntimeError("llama_decode failed")
            llama_cpp.llama_get_logits(context)  # waits for the result
        return time.perf_counter() - start

    if "prompt" not in case:
        text, room = PROMPT.encode(), (llama_cpp.llama_token * 256)()
        count = llama_cpp.llama_tokenize(vocabulary, text, len(text), room, 256, False, False)
        decode(list(room[:count]))
        print(json.dumps({"start_ms": (time.perf_counter() - begin) * 1000, "prompt_tokens": count}))
        return
    ids = [(i * 7919 + 13) % size for i in range(settings.n_ctx)]  # those of `sotto bench`
    cached, prompt, generate = case["cached"], case["prompt"], case["generate"]
    decode(ids[cached : cached + 32])  # the first call allocates buffers
    llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), True)
    decode(ids[:cached])
    memory = llama_cpp.llama_get_memory(context)
    times = []
    for _ in range(2 if prompt < 512 else 1):
        llama_cpp.llama_memory_seq_rm(memory, 0, cached, -1)
        times.append(decode(ids[cached : cached + prompt]))
    seconds = statistics.median(times)
    report = {"prompt_tps": prompt / seconds, "ttft_ms": seconds * 1000, "memory": resident("VmHWM") - before}
    if generate:
        spent = sum(decode([(i * 104_729 + 7) % size]) for i in range(generate))
        report["generation_tps"] = generate / spent
    print(json.dumps(report))


def run_llama_cpp(model: Path, threads: int, case: dict) -> dict:
    command = [sys.executable, __file__, str(model), "--threads", str(threads), "--worker", json.dumps(case)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def run_sotto(model: Path, threads: int, case: dict) -> dict:
    if "prompt" not in case:
        begin = time.perf_counter()
        command = [SOTTO, "generate", str(model), "-p", PROMPT, "--raw", "--max-tokens", "1", "--temperature", "0"]
        process = subprocess.Popen(command + ["--threads", str(threads)], stdout=subprocess.PIPE)
        process.stdout.read(1)
        elapsed = time.perf_counter() - begin
        process.stdout.read()
        if process.wait() != 0:
            raise RuntimeError("sotto generate failed")
        return {"start_ms": elapsed * 1000}
    command = [SOTTO, "bench", str(model), "--json", "--repeat", "3", "--threads", str(threads)]
    for key, value in case.items():
        command += [f"--{key}", str(value)]
    report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return report | {"memory": report["peak_rss_bytes"]}


def warm(model: Path) -> None:
    """Reads the file into the page cache, through a mapping of huge pages as Sotto's own first run does; every later
    mapping benefits from them."""
    with open(model, "rb", buffering=0) as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            if hasattr(mmap, "MADV_HUGEPAGE"):
                mapped.madvise(mmap.MADV_HUGEPAGE)
                for offset in range(0, len(mapped), 64 << 10):
                    mapped[offset]
        while file.read(16 << 20):
            pass


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--json", type=Path, help="write every measurement here")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        llama_cpp_worker(str(options.model), options.threads, json.loads(options.worker))
        return 0
    if (load := os.getloadavg()[0]) > 0.5:
        print(f"warning: the machine is busy (load {load:.1f}); the ratios will favour Sotto", file=sys.stderr)
    programs, names = {"sotto": run_sotto, "llama.cpp": run_llama_cpp}, options.cases.split(",")
    measured: dict[str, list[dict]] = {name: [] for name in names}
    for number in range(options.rounds):
        for name in names:
            order = list(programs) if number % 2 == 0 else list(programs)[::-1]
            results = {}
            for program in order:
                warm(options.model)
                results[program] = programs[program](options.model, options.threads, CASES[name][0])
            measured[name].append(results)
            summary = ", ".join(f"{program} {results[program][CASES[name][1]]:.1f}" for program in programs)
            print(f"round {number + 1} of {options.rounds}: {name}: {summary}", file=sys.stderr, flush=True)

    size = options.model.stat().st_size
    print(f"{options.model.name}, {size / 1e9:.2f} GB, {options.threads} threads, medians of {options.rounds} rounds\n")
    print(f"{'':12} {'Sotto':>10} {'llama.cpp':>10}  {'Sotto is better by':>18}")
    for name, rounds in measured.items():
        _, key, more = CASES[name]
        ours, theirs = (statistics.median(r[p][key] for r in rounds) for p in programs)
        ratios = [r["sotto"][key] / r["llama.cpp"][key] for r in rounds]
        ratio = statistics.median(ratios if more else [1 / x for x in ratios])
        unit = "tokens/s" if more else "ms"
        print(f"{name:12} {ours:10.1f} {theirs:10.1f}  {ratio:17.2f}x  {unit}")
    with_memory = [r for rounds in measured.values() for r in rounds if "memory" in r["sotto"]]
    if with_memory:
        ours, theirs = (max(r[p]["memory"] for r in with_memory) for p in programs)
        print(f"{'memory':12} {ours / 1e9:10.2f} {theirs / 1e9:10.2f}  GB; over the file {ours / size - 1:+.1%} "
              f"and {theirs / size - 1:+.1%}")
        peaks = [r["sotto"]["int8_peak_gops"] for r in with_memory]
        print(f"8-bit integer peak during the measurements: {min(peaks):.0f} to {max(peaks):.0f} GOP/s; if they "
              "differ, there was other load")
    if options.json:
        options.json.write_text(json.dumps(measured, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
