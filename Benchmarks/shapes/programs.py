"""Measures one case in a process of its own: Sotto by `sotto bench`, llama.cpp through its C interface.

llama.cpp has its own defaults (n_batch = n_ubatch = 512), and as many threads as Sotto. Both programs are given the
same token ids, and both read the logits of the last prompt token and of each generated one.
"""

from __future__ import annotations

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
#: 30 tokens in the vocabulary of the files, whose tokens have two letters.
PROMPT = " ".join(["abcdefghi", "jklmnopqr", "stuvwxyza", "bcdefghij", "klmnopqrs"])


def sotto(model: Path, threads: int, case: dict) -> dict:
    if "prompt" not in case:
        return sotto_start(model, threads)
    command = [SOTTO, "bench", str(model), "--json", "--threads", str(threads)]
    for key, value in case.items():
        command += [f"--{key}"] if value is True else [f"--{key}", str(value)]
    report = run(command)
    return report | {"memory": report["peak_rss_bytes"]}


def sotto_start(model: Path, threads: int) -> dict:
    begin = time.perf_counter()
    command = [SOTTO, "generate", str(model), "-p", PROMPT, "--raw", "--max-tokens", "1", "--temperature", "0"]
    process = subprocess.Popen(command + ["--threads", str(threads)], stdout=subprocess.PIPE)
    process.stdout.read(1)
    elapsed = time.perf_counter() - begin
    process.stdout.read()
    if process.wait() != 0:
        raise RuntimeError("sotto generate failed")
    return {"start_ms": elapsed * 1000}


def llama_cpp(model: Path, threads: int, case: dict) -> dict:
    return run([sys.executable, __file__, str(model), str(threads), json.dumps(case)])


def run(command: list[str]) -> dict:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{Path(command[0]).name}: {done.stderr.strip()[-400:]}")
    return json.loads(done.stdout)


def resident(key: str) -> int:
    """A value of /proc/self/status in bytes."""
    found = re.search(rf"^{key}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.M)
    return int(found[1]) * 1024 if found else 0


def llama_cpp_worker(model: str, threads: int, case: dict) -> dict:
    import llama_cpp

    llama_cpp.llama_backend_init()
    errors: list[str] = []
    log = llama_cpp.llama_log_callback(lambda level, text, data: errors.append(text.decode()) if level >= 4 else None)
    llama_cpp.llama_log_set(log, None)
    before, begin = resident("VmRSS"), time.perf_counter()
    how = llama_cpp.llama_model_default_params()
    how.use_extra_bufts = case.get("copies", True)
    loaded = llama_cpp.llama_model_load_from_file(model.encode(), how)
    if not loaded:
        raise RuntimeError("".join(errors))
    vocabulary = llama_cpp.llama_model_get_vocab(loaded)
    size = llama_cpp.llama_vocab_n_tokens(vocabulary)
    cached, prompt, generate = (case.get(key, 0) for key in ("cached", "prompt", "generate"))
    settings = llama_cpp.llama_context_default_params()
    settings.n_ctx = cached + prompt + generate + 64
    settings.n_batch = settings.n_ubatch = 512
    settings.n_threads = settings.n_threads_batch = threads
    context = llama_cpp.llama_init_from_model(loaded, settings)
    memory = llama_cpp.llama_get_memory(context)
    clock = time.process_time if case.get("cpu-time") else time.perf_counter

    def decode(ids: list[int]) -> float:
        start = clock()
        for first in range(0, len(ids), 512):
            chunk = ids[first : first + 512]
            tokens = (llama_cpp.llama_token * len(chunk))(*chunk)
            if llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(tokens, len(chunk))) != 0:
                raise RuntimeError("llama_decode failed")
            llama_cpp.llama_get_logits(context)  # waits for the result
        return clock() - start

    if "prompt" not in case:
        text, room = PROMPT.encode(), (llama_cpp.llama_token * 256)()
        count = llama_cpp.llama_tokenize(vocabulary, text, len(text), room, 256, False, False)
        decode(list(room[:count]))
        return {"start_ms": (time.perf_counter() - begin) * 1000, "prompt_tokens": count}
    ids = [(i * 7919 + 13) % size for i in range(settings.n_ctx)]  # those of `sotto bench`
    decode(ids[cached : cached + 32])  # the first call allocates buffers
    prompts, generations = [], []
    for _ in range(case["repeat"]):
        # A recurrent state cannot be truncated, so what is cached is prefilled again.
        llama_cpp.llama_memory_clear(memory, True)
        decode(ids[:cached])
        prompts.append(decode(ids[cached : cached + prompt]))
        generations.append(sum(decode([(i * 104_729 + 7) % size]) for i in range(generate)))
    seconds = statistics.median(prompts)
    report = {"prompt_tps": prompt / seconds, "ttft_ms": seconds * 1000, "memory": resident("VmHWM") - before}
    if generate:
        report["generation_tps"] = generate / statistics.median(generations)
    return report


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


if __name__ == "__main__":
    print(json.dumps(llama_cpp_worker(sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3]))))
