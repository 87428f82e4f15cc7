"""Measures the chat's interface in a pseudo-terminal: measure.py MODEL.gguf [--messages 1000] [--seconds 10] [--json]

- open: from the start of the program with a long conversation to its first frame that shows the end of it
- key: from a key to its character on the screen, while an answer streams and while the chat is idle
- interface: the share of a core that the interface's thread takes while an answer streams
- idle: the share of a core that the whole program takes while nothing happens

The bars: open 100 ms, key 16 ms at the 99th percentile, interface 5% of a core, idle 0.1%. A loaded machine measures
itself: run it alone. SOTTO names the program (default: .build/release/sotto).
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import pty
import select
import shutil
import statistics
import struct
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
#: Typed characters that no model writes: their bytes on the screen are the echo of the key.
GLYPHS = [chr(0x9F00 + index) for index in range(160)]


class Chat:
    """The program in a pseudo-terminal of 120x40."""

    def __init__(self, arguments: list[str], environment: dict[str, str]):
        self.seen = b""
        self.started = time.perf_counter()
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


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--opens", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="sotto-interface-"))
    try:
        # About 200 tokens a message.
        messages = [("assistant" if index % 2 else "user", PARAGRAPH * 3 + f"message {index}\n")
                    for index in range(options.messages)]
        messages[-1] = ("assistant", PARAGRAPH + "THEEND")
        environment = {**os.environ, "HOME": str(folder), "TERM": "xterm-256color", "LANG": "C.UTF-8",
                       **{f"XDG_{kind}_HOME": str(folder / kind.lower())
                          for kind in ["DATA", "STATE", "CONFIG", "CACHE"]}}
        file = folder / "data/sotto/sessions.sqlite"
        opens: list[float] = []
        session_file.write(file, {"long": messages}, options.model.stem)
        for _ in range(options.opens):
            # The first start migrates the file; it is not measured.
            if not opens:
                first = Chat(["chat", str(options.model.resolve()), "--resume", "long"], environment)
                first.wait(b"THEEND")
                end(first)
            chat = Chat(["chat", str(options.model.resolve()), "--resume", "long"], environment)
            opens.append((chat.wait(b"THEEND") - chat.started) * 1000)
            end(chat)
        # An answer needs room in the context: /compact takes the messages from the path; they stay in the tree.
        chat = Chat(["chat", str(options.model.resolve()), "--resume", "long"], environment)
        chat.wait(b"THEEND")
        chat.drain(2)
        idle_start = chat.cpu()
        chat.drain(3)
        idle = (chat.cpu() - idle_start) / 3
        thread = interface_thread(chat)
        still = keys(chat, options.seconds, GLYPHS[:60])
        chat.write("\x15")
        chat.write("/compact 1\r")
        chat.drain(1)
        chat.write("/set max_tokens 4000\r")
        chat.drain(0.5)
        chat.write("Count from one to two thousand, one number a line.\r")
        chat.drain(3)
        before, start = chat.cpu(thread), time.perf_counter()
        streaming = keys(chat, options.seconds, GLYPHS[60:])
        interface = (chat.cpu(thread) - before) / (time.perf_counter() - start)
        is_streaming = "writing" in chat.seen.decode(errors="replace")
        end(chat)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    result = {
        "messages": options.messages, "open_ms": round(statistics.median(opens), 1),
        "key_idle_ms": {"median": round(statistics.median(still), 1), "p99": round(percentile(still, 0.99), 1)},
        "key_streaming_ms": {"median": round(statistics.median(streaming), 1),
                             "p99": round(percentile(streaming, 0.99), 1), "keys": len(streaming)},
        "was_streaming": is_streaming, "interface_share": round(interface, 4), "idle_share": round(idle, 4),
    }
    print(json.dumps(result) if options.json else "\n".join(f"{key}: {value}" for key, value in result.items()))


def end(chat: Chat) -> None:
    os.kill(chat.pid, 9)
    os.waitpid(chat.pid, 0)
    os.close(chat.fd)


if __name__ == "__main__":
    main()
