"""Measures the chat's interface in a pseudo-terminal: measure.py MODEL.gguf [--messages 1000] [--seconds 10] [--json]

- open: from the start of the program with a long conversation to its first frame that shows the end of it
- key: from a key to its character on the screen, while an answer streams and while the chat is idle
- key_work: the processor time of the interface's thread for one key, while the chat is idle
- interface: the share of a core that the interface's thread takes while an answer streams
- generation: tokens per second of an answer in the chat by those of `sotto generate`, in turn
- idle: the share of a core that the whole program takes while nothing happens
- search: from Enter to the result of /search, and from a key to the hits of /sessions, over 10,000 messages
- memory: what the text of 10,000 messages adds to the anonymous memory, by its bytes, when it is open and when 200
  pages of it have been shown

The bars: open 100 ms, key 16 ms at the 99th percentile, interface 5% of a core, generation 0.97, idle 0.1%, search 50 ms,
memory 4. A loaded machine measures itself: run it alone. SOTTO names the program (default: .build/release/sotto).
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import pty
import select
import shutil
import sqlite3
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "Scripts"))
import session_file  # noqa: E402

SOTTO = os.path.abspath(os.environ.get("SOTTO", ROOT / ".build" / "release" / "sotto"))
PARAGRAPH = ("The tokens of a turn are kept, so that **the next one** costs its own words alone. `reused` counts them, "
             "and a list follows:\n\n- one item of the list\n- another one\n\n```python\nprint(1)  # a line\n```\n\n")
#: At temperature 0 the default model does not end this answer.
QUESTION = "Write a very long story about the sea, with many chapters."
#: Typed characters that no model writes: their bytes on the screen are the echo of the key.
GLYPHS = [chr(0x9F00 + index) for index in range(160)]


class Chat:
    """The program in a pseudo-terminal of 120x40."""

    def __init__(self, arguments: list[str], environment: dict[str, str]):
        self.seen = b""
        self.started = time.perf_counter()
        #: Milliseconds until the end of a conversation was on the screen.
        self.opened = 0.0
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(SOTTO, [SOTTO, *arguments], environment)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))

    def read(self, timeout: float) -> bytes:
        if not select.select([self.fd], [], [], timeout)[0]:
            return b""
        try:
            data = os.read(self.fd, 1 << 16)
        except OSError:
            raise SystemExit("the program ended:\n" + self.seen[-2000:].decode(errors="replace"))
        self.seen = (self.seen + data)[-200_000:]
        return data

    def wait(self, text: bytes, seconds: float = 60) -> float:
        """Waits for bytes that come from now on, and returns the time at which they were read."""
        end, found = time.perf_counter() + seconds, b""
        while time.perf_counter() < end:
            found = (found + self.read(0.05))[-100_000:]
            if text in found:
                return time.perf_counter()
        screen = found[-2000:].decode(errors="replace")
        raise SystemExit(f"not on the screen after {seconds} s: {text.decode()}\n{screen}")

    def write(self, text: str) -> None:
        os.write(self.fd, text.encode())

    def drain(self, seconds: float) -> int:
        end, count = time.perf_counter() + seconds, 0
        while (left := end - time.perf_counter()) > 0:
            count += len(self.read(min(left, 0.05)))
        return count

    def cpu(self, thread: int | None = None) -> float:
        """Seconds of processor time of a thread, or of all."""
        path = f"/proc/{self.pid}/stat" if thread is None else f"/proc/{self.pid}/task/{thread}/stat"
        fields = Path(path).read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def anonymous(self) -> int:
        """Bytes of anonymous resident memory."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("RssAnon"))


def interface_thread(chat: Chat) -> int:
    """The thread that waits for keys: the one that is in poll while nothing happens."""
    for task in sorted(Path(f"/proc/{chat.pid}/task").iterdir()):
        number = (task / "syscall").read_text().split()[0]
        if number in ("7", "270", "271", "23", "73", "72"):  # poll, pselect, ppoll, select; ppoll, pselect on ARM
            return int(task.name)
    raise SystemExit("no thread waits for keys")


def keys(chat: Chat, seconds: float, glyphs: list[str]) -> list[float]:
    """Times from a key to its character on the screen, in milliseconds."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    for glyph in glyphs:
        if time.perf_counter() > end:
            break
        start = time.perf_counter()
        chat.write(glyph)
        times.append((chat.wait(glyph.encode(), 5) - start) * 1000)
        chat.drain(0.03 + (len(times) * 7 % 50) / 1000)
    return times


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


class Bench:
    """The measurements, each in a program of its own."""

    def __init__(self, model: Path, folder: Path, seconds: float):
        self.model, self.folder, self.seconds = str(model.resolve()), folder, seconds
        self.file = folder / "data/sotto/sessions.sqlite"
        self.environment = {**os.environ, "HOME": str(folder), "TERM": "xterm-256color", "LANG": "C.UTF-8",
                            **{f"XDG_{kind}_HOME": str(folder / kind.lower())
                               for kind in ["DATA", "STATE", "CONFIG", "CACHE"]}}

    def write(self, count: int) -> int:
        """Writes a session of this many messages of about 200 tokens; returns the bytes of its text."""
        messages = [("assistant" if index % 2 else "user", PARAGRAPH * 3 + f"message {index}\n")
                    for index in range(count)]
        messages[count // 3] = ("user", PARAGRAPH * 3 + "a zebra\n")
        messages[-1] = ("assistant", PARAGRAPH + "THEEND")
        session_file.write(self.file, {"long": messages}, Path(self.model).stem)
        # The first start migrates the file; it is not measured.
        end(self.opened())
        return sum(len(text.encode()) for _, text in messages)

    def start(self, *arguments: str) -> Chat:
        return Chat(["chat", self.model, *arguments], self.environment)

    def opened(self) -> Chat:
        chat = self.start("--resume", "long")
        chat.opened = (chat.wait(b"THEEND") - chat.started) * 1000
        return chat

    def open(self, count: int) -> dict:
        times = []
        for _ in range(count):
            chat = self.opened()
            times.append(chat.opened)
            end(chat)
        return {"open_ms": round(statistics.median(times), 1)}

    def typing(self) -> dict:
        """Keys while the chat is idle and while it answers."""
        chat = self.opened()
        chat.drain(2)
        before = chat.cpu()
        chat.drain(3)
        idle = (chat.cpu() - before) / 3
        thread = interface_thread(chat)
        before = chat.cpu(thread)
        still = keys(chat, self.seconds, GLYPHS[:60])
        work = (chat.cpu(thread) - before) * 1000 / len(still)
        # An answer needs room in the context: /compact takes the messages from the path; they stay in the tree.
        for line in ("\x15", "/compact 1\r", "/set max_tokens 6000\r", "/set temperature 0\r", QUESTION + "\r"):
            chat.write(line)
            chat.drain(1)
        chat.drain(2)
        before, start = chat.cpu(thread), time.perf_counter()
        streaming = keys(chat, self.seconds, GLYPHS[60:])
        interface = (chat.cpu(thread) - before) / (time.perf_counter() - start)
        is_streaming = chat.drain(1) > 100
        end(chat)
        return {
            "key_idle_ms": {"median": round(statistics.median(still), 1), "p99": round(percentile(still, 0.99), 1)},
            "key_streaming_ms": {"median": round(statistics.median(streaming), 1),
                                 "p99": round(percentile(streaming, 0.99), 1), "keys": len(streaming)},
            "key_work_ms": round(work, 2), "was_streaming": is_streaming, "interface_share": round(interface, 4),
            "idle_share": round(idle, 4)}

    def generation(self, rounds: int = 3) -> dict:
        """The speed of the same answer in the long session and without an interface, in turn."""
        chats, alone = [], []
        for _ in range(rounds):
            chat = self.opened()
            thread = interface_thread(chat)
            for line in ("/compact 1\r", "/set max_tokens 300\r", "/set temperature 0\r"):
                chat.write(line)
                chat.drain(0.7)
            chat.write(QUESTION + "\r")
            chat.wait(b"tokens = 300 reached", 120)
            chat.drain(1.5)
            end(chat)
            with sqlite3.connect(self.file) as database:
                [(text,)] = database.execute(
                    "SELECT statistics FROM message WHERE role = 'assistant' ORDER BY place DESC LIMIT 1").fetchall()
            database.close()
            chats.append(json.loads(text)["tokensPerSecond"])
            self.write(1000)
            done = subprocess.run(
                [SOTTO, "generate", self.model, "-p", QUESTION, "--temperature", "0", "--max-tokens", "300", "--json"],
                env=self.environment, capture_output=True, check=True, text=True)
            alone.append(json.loads(done.stdout)["generation_tps"])
        return {"generation": {"chat_tps": [round(speed, 1) for speed in chats],
                               "generate_tps": [round(speed, 1) for speed in alone],
                               "ratio": round(statistics.median(chats) / statistics.median(alone), 3)}}

    def search(self) -> dict:
        chat = self.opened()
        chat.drain(2)
        times = {}
        for name, typed, found in (("transcript", "/search a zebra", b"1 of 1"), ("sessions", "/sessions zeb", b"user:")):
            chat.write(typed[:-1])
            chat.drain(1)
            start = time.perf_counter()
            chat.write(typed[-1:] + ("\r" if name == "transcript" else ""))
            times[name] = round((chat.wait(found, 10) - start) * 1000, 1)
            chat.write("\x15")
            chat.drain(0.5)
        end(chat)
        return {"search_ms": times}

    def memory(self, text: int) -> dict:
        chat = self.start()
        chat.wait(b"Message")
        chat.drain(3)
        base = chat.anonymous()
        end(chat)
        chat = self.opened()
        chat.drain(3)
        shown = chat.anonymous()
        for _ in range(200):
            chat.write("\x1b[5~")
            chat.drain(0.02)
        chat.drain(1)
        scrolled = chat.anonymous()
        end(chat)
        return {"memory_by_text": {"open": round((shown - base) / text, 2),
                                   "scrolled": round((scrolled - base) / text, 2)}}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--opens", type=int, default=5)
    parser.add_argument("--only", default="open,typing,generation,search,memory")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    only = options.only.split(",")
    folder = Path(tempfile.mkdtemp(prefix="sotto-interface-"))
    result: dict = {"messages": options.messages}
    try:
        bench = Bench(options.model, folder, options.seconds)
        bench.write(options.messages)
        if "open" in only:
            result |= bench.open(options.opens)
        if "typing" in only:
            result |= bench.typing()
        if "generation" in only:
            result |= bench.generation()
        if "search" in only or "memory" in only:
            text = bench.write(10_000)
            result |= bench.search() if "search" in only else {}
            result |= bench.memory(text) if "memory" in only else {}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(result) if options.json else "\n".join(f"{key}: {value}" for key, value in result.items()))


def end(chat: Chat) -> None:
    os.kill(chat.pid, 9)
    os.waitpid(chat.pid, 0)
    os.close(chat.fd)


if __name__ == "__main__":
    main()
