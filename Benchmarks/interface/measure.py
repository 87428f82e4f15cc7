"""Measures the chat's interface in a pseudo-terminal: measure.py [MODEL.gguf] [--only open,typing,...] [--json] [--check]

A session of 1,000 messages and 200,000 tokens is resumed with a model that is written for it (see endless_model.py): its
answers do not end, and about 200 tokens arrive per second however long the conversation is. Nothing depends on what a
model writes: the sessions file tells whether an answer is generated.

- open: from the start of the program to the first frame, which shows the end of the session
- typing: from a key to its character on the screen while the chat is idle, and while an answer streams; the processor
  time of the interface's thread for one key; the share of a core that this thread takes while an answer streams,
  without keys and with 20 keys a second; the share that the whole program takes while nothing happens
- generation: tokens per second of an answer in the session by those of `sotto generate`, in turn
- search: from Enter to the result of /search, and from a key to the hits of /sessions, over 10,000 messages
- memory: what the text of 10,000 messages adds to the anonymous memory, by its bytes: at the first frame, when the
  program is idle, and when 200 pages were shown. With MODEL (default: the default model of the chat), of whose context
  the session is a multiple.

A loaded machine measures itself: run it alone. SOTTO names the program (default: .build/release/sotto). Exit status: 0,
1 if a bar is missed (with --check), 2 if something cannot be measured.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import endless_model
from program import Answer, CannotMeasure, Chat

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "Scripts"))
import session_file  # noqa: E402

SOTTO = os.path.abspath(os.environ.get("SOTTO", ROOT / ".build" / "release" / "sotto"))
DEFAULT_MODEL = Path.home() / ".local/share/sotto/models/SmolLM2-135M-Instruct.Q4_1.gguf"
PARTS = ["open", "typing", "generation", "search", "memory"]
#: The largest value of each number, or the smallest for a ratio of speeds.
BARS = {"open_ms": 100, "key_idle_p99_ms": 16, "key_streaming_p99_ms": 16, "interface_share": 0.05,
        "generation_ratio": 0.97, "idle_share": 0.001, "search_transcript_ms": 50, "search_sessions_ms": 50,
        "memory_first": 4, "memory_idle": 4, "memory_scrolled": 4}
LEAST = {"generation_ratio"}
#: About 66 tokens; three of them are a message.
PARAGRAPH = ("The tokens of a turn are kept, so that **the next one** costs its own words alone. `reused` counts them, "
             "and a list follows:\n\n- one item of the list\n- another one\n\n```python\nprint(1)  # a line\n```\n\n")
QUESTION = "And now?"
#: Typed characters that appear nowhere else: their bytes on the screen are the echo of the key. The model writes one of
#: 50,000 tokens at random, of which only several in a row would make such a character.
GLYPHS = [chr(0x3400 + index) for index in range(6000)]
#: The draft is cleared after this number of keys.
DRAFT = 40
#: Flags for answers of the endless model, whose tokens are about equally likely.
SAMPLING = ["--temperature", "1", "--top-p", "1", "--top-k", "0", "--min-p", "0", "--seed", "1"]
PAGE_UP, CLEAR, STOP = "\x1b[5~", "\x15", "\x1b"


def keys(chat: Chat, seconds: float, glyphs: list[str]) -> list[float]:
    """Times from a key to its character on the screen, in milliseconds."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    for glyph in glyphs:
        if time.perf_counter() > end:
            break
        if len(times) % DRAFT == DRAFT - 1:
            chat.write(CLEAR)
            chat.drain(0.1)
        start = time.perf_counter()
        chat.write(glyph)
        times.append((chat.wait(glyph.encode(), 20) - start) * 1000)
        # Out of step with the frames.
        chat.drain(0.03 + (len(times) * 7 % 50) / 1000)
    if len(times) < 5:
        raise CannotMeasure(f"only {len(times)} keys in {seconds} s")
    return times


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def key_times(name: str, times: list[float]) -> dict:
    return {f"{name}_median_ms": round(statistics.median(times), 1),
            f"{name}_p99_ms": round(percentile(times, 0.99), 1), f"{name}_keys": len(times)}


class Bench:
    """The measurements. Each starts programs of its own, without what an earlier one has left."""

    def __init__(self, model: Path, folder: Path, seconds: float, hidden: int):
        self.model, self.folder, self.seconds = str(model.resolve()), folder, seconds
        self.endless = str(folder / "endless.gguf")
        endless_model.write(Path(self.endless), model, hidden)
        self.home = folder / "home"
        self.file = self.home / "data/sotto/sessions.sqlite"
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")} | {
            "HOME": str(self.home), "TERM": "xterm-256color", "LANG": "C.UTF-8",
            **{f"XDG_{kind}_HOME": str(self.home / kind.lower()) for kind in ["DATA", "STATE", "CONFIG", "CACHE"]}}

    def write(self, count: int) -> int:
        """Writes a session of this many messages of about 200 tokens; returns the bytes of its text."""
        messages = [("assistant" if index % 2 else "user", PARAGRAPH * 3 + f"message {index}\n")
                    for index in range(count)]
        messages[count // 3] = ("user", PARAGRAPH * 3 + "a zebra\n")
        messages[-1] = ("assistant", PARAGRAPH + "THEEND")
        shutil.rmtree(self.home, ignore_errors=True)
        session_file.write(self.file, {"long": messages}, Path(self.endless).stem)
        # The first start migrates the file; it is not measured.
        with self.opened() as chat:
            chat.drain(1)
        self.messages = count
        return sum(len(text.encode()) for _, text in messages)

    def start(self, *arguments: str, model: str | None = None) -> Chat:
        # No draft, history or cache of an earlier measurement.
        for name in ["state", "cache", "config"]:
            shutil.rmtree(self.home / name, ignore_errors=True)
        flags = ["--no-titles", "--max-tokens", "1000000", "--cache-disk", "0", *SAMPLING]
        return Chat([SOTTO, "chat", model or self.endless, *flags, *arguments], self.environment)

    def opened(self, *arguments: str, model: str | None = None) -> Chat:
        chat = self.start("--resume", "long", *arguments, model=model)
        try:
            chat.opened = (chat.wait(b"THEEND", 60) - chat.started) * 1000
        except BaseException:
            chat.__exit__()
            raise
        return chat

    def answer(self) -> Answer:
        return Answer(self.file, after=self.messages)

    def send(self, chat: Chat) -> None:
        """Sends a question, and waits until its answer streams."""
        before = self.answer().place
        chat.write(CLEAR + QUESTION)
        chat.drain(0.5)
        chat.write("\r")

        def streams() -> bool:
            answer = self.answer()
            return answer.place > before and answer.length > 0
        chat.wait_until("an answer streams", 300, streams)

    def wait_for_end(self, chat: Chat) -> dict:
        """Waits for the end of the answer; returns its statistics."""
        # Each question takes time from the answer.
        chat.wait_until("the answer has ended", 300, lambda: self.answer().finish is not None, interval=0.5)
        return self.answer().statistics

    def open(self, count: int) -> dict:
        times = []
        for _ in range(count):
            with self.opened() as chat:
                times.append(chat.opened)
        return {"open_ms": round(statistics.median(times), 1)}

    def typing(self) -> dict:
        """Keys while the chat is idle and while it answers."""
        with self.opened() as chat:
            chat.wait_until_idle(300)
            before = chat.cpu()
            chat.drain(5)
            idle = (chat.cpu() - before) / 5
            thread = chat.interface_thread()
            before = chat.cpu(thread)
            still = keys(chat, self.seconds, GLYPHS[:2000])
            still_work = (chat.cpu(thread) - before) * 1000 / len(still)
            self.send(chat)
            chat.drain(1)
            share = self.share(chat, thread, lambda: chat.drain(self.seconds))
            length, streaming = self.answer().length, []
            typing_share = self.share(
                chat, thread, lambda: streaming.extend(keys(chat, self.seconds, GLYPHS[2000:])))
            chat.drain(1.5)
            answer = self.answer()
            if answer.finish is not None or answer.length <= length:
                raise CannotMeasure("the answer ended while keys were measured")
            chat.write(STOP)
            numbers = self.wait_for_end(chat)
        return {"session_tokens": numbers["promptTokens"], "tokens_per_second": round(numbers["tokensPerSecond"], 1),
                **key_times("key_idle", still), **key_times("key_streaming", streaming),
                "key_idle_work_ms": round(still_work, 2), "interface_share": round(share, 4),
                "interface_share_typing": round(typing_share, 4), "idle_share": round(idle, 4)}

    @staticmethod
    def share(chat: Chat, thread: int, work) -> float:
        """The share of a core that a thread takes meanwhile."""
        before, start = chat.cpu(thread), time.perf_counter()
        work()
        return (chat.cpu(thread) - before) / (time.perf_counter() - start)

    def generation(self, rounds: int, tokens: int = 600) -> dict:
        """The speed of answers in the long session and without an interface, in turn."""
        chats, alone = [], []
        with self.opened("--max-tokens", str(tokens)) as chat:
            chat.wait_until_idle(300)
            for _ in range(rounds):
                self.send(chat)
                chats.append(self.wait_for_end(chat)["tokensPerSecond"])
                chat.wait_until_idle(60)
                alone.append(self.generate(tokens))
                chat.drain(0.1)
        return {"generation_ratio": round(statistics.median(one / two for one, two in zip(chats, alone)), 3),
                "chat_tokens_per_second": [round(speed, 1) for speed in chats],
                "generate_tokens_per_second": [round(speed, 1) for speed in alone]}

    def generate(self, tokens: int) -> float:
        command = [SOTTO, "generate", self.endless, "-p", QUESTION, "--max-tokens", str(tokens), *SAMPLING, "--json"]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise CannotMeasure(f"sotto generate failed: {done.stderr.strip()}")
        return json.loads(done.stdout)["generation_tps"]

    def search(self) -> dict:
        times = {}
        with self.opened(model=self.model) as chat:
            chat.wait_until_idle(60)
            for name, typed, found in (
                    ("transcript", "/search a zebra\r", b"1 of 1"), ("sessions", "/sessions zeb", b"user:")):
                end = len(typed.rstrip("\r")) - 1
                chat.write(typed[:end])
                chat.drain(1)
                start = time.perf_counter()
                chat.write(typed[end:])
                times[f"search_{name}_ms"] = round((chat.wait(found, 10) - start) * 1000, 1)
                chat.write(CLEAR)
                chat.drain(0.5)
        return times

    def memory(self, text: int) -> dict:
        with self.start(model=self.model) as chat:
            chat.wait(b"Message", 60)
            chat.wait_until_idle(60)
            base = chat.anonymous()
        with self.opened(model=self.model) as chat:
            first = chat.anonymous()
            chat.wait_until_idle(60)
            idle = chat.anonymous()
            for _ in range(200):
                chat.write(PAGE_UP)
                chat.drain(0.02)
            chat.wait_until_idle(60)
            scrolled = chat.anonymous()
        return {f"memory_{name}": round((bytes - base) / text, 2)
                for name, bytes in (("first", first), ("idle", idle), ("scrolled", scrolled))}


def measure(options: argparse.Namespace, folder: Path) -> dict:
    only = options.only.split(",")
    bench = Bench(options.model, folder, options.seconds, options.hidden)
    result: dict = {"messages": options.messages}
    if set(only) & {"open", "typing", "generation"}:
        bench.write(options.messages)
    if "open" in only:
        result |= bench.open(options.opens)
    if "typing" in only:
        result |= bench.typing()
    if "generation" in only:
        bench.write(options.messages)
        result |= bench.generation(options.rounds)
    if set(only) & {"search", "memory"}:
        text = bench.write(10_000)
        result |= bench.search() if "search" in only else {}
        result |= bench.memory(text) if "memory" in only else {}
    return result


def missed(name: str, value: float) -> bool:
    return name in BARS and (value < BARS[name] if name in LEAST else value > BARS[name])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path, nargs="?", default=DEFAULT_MODEL)
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=10, help="of each measurement of keys")
    parser.add_argument("--opens", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5, help="of the comparison with sotto generate")
    parser.add_argument("--hidden", type=int, default=768, help="size of the model: more for fewer tokens per second")
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true", help="exit with status 1 if a bar is missed")
    options = parser.parse_args()
    if unknown := set(options.only.split(",")) - set(PARTS):
        parser.error(f"--only: no measurement {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    for path in (Path(SOTTO), options.model):
        if not path.is_file():
            parser.error(f"{path}: no such file")
    # A signal ends the programs and removes the folder, like an error.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with tempfile.TemporaryDirectory(prefix="sotto-interface-", ignore_cleanup_errors=True) as folder:
            result = measure(options, Path(folder))
    except CannotMeasure as problem:
        print(f"measure.py: cannot measure: {problem}", file=sys.stderr)
        sys.exit(2)
    misses = [name for name, value in result.items() if missed(name, value)]
    if options.json:
        print(json.dumps(result | {"missed": misses}))
    else:
        for name, value in result.items():
            bar = f"  (bar {BARS[name]}{': MISSED' if name in misses else ''})" if name in BARS else ""
            print(f"{name}: {value}{bar}")
    sys.exit(1 if options.check and misses else 0)


if __name__ == "__main__":
    main()
