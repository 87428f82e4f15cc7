"""The chat in a pseudo-terminal, with folders of its own: what measure.py starts, types into and reads."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import sqlite3
import struct
import termios
import time
from pathlib import Path


class CannotMeasure(Exception):
    """A number cannot be measured, and why."""


class Chat:
    """A program in a pseudo-terminal of 120x40. Use it in a `with` statement: its end kills the program."""

    def __init__(self, command: list[str], environment: dict[str, str]):
        self.seen = b""
        self.started = time.perf_counter()
        #: Milliseconds until the end of a conversation was on the screen.
        self.opened = 0.0
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.execve(command[0], command, environment)
            finally:
                os._exit(127)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))

    def __enter__(self) -> Chat:
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)

    def read(self, timeout: float) -> bytes:
        if not select.select([self.fd], [], [], timeout)[0]:
            return b""
        try:
            data = os.read(self.fd, 1 << 16)
        except OSError:
            raise CannotMeasure("the program ended:\n" + self._screen(self.seen)) from None
        self.seen = (self.seen + data)[-200_000:]
        return data

    @staticmethod
    def _screen(data: bytes) -> str:
        return data[-2000:].decode(errors="replace").replace("\x1b", "␛")

    def wait(self, text: bytes, seconds: float) -> float:
        """Waits for bytes that the program writes from now on, and returns the time at which they were read.

        Only for texts that the program writes in one piece: it sends changed cells, not whole lines.
        """
        end, found = time.perf_counter() + seconds, b""
        while time.perf_counter() < end:
            found = (found + self.read(0.05))[-100_000:]
            if text in found:
                return time.perf_counter()
        raise CannotMeasure(f"not on the screen after {seconds} s: {text.decode()}\n{self._screen(found)}")

    def wait_until(self, what: str, seconds: float, condition, interval: float = 0.1) -> None:
        """Reads the screen until a condition holds, which is asked for at this interval."""
        end = time.perf_counter() + seconds
        while not condition():
            if time.perf_counter() > end:
                raise CannotMeasure(f"not after {seconds} s: {what}\n{self._screen(self.seen)}")
            self.drain(interval)

    def wait_until_idle(self, seconds: float) -> None:
        """Waits until the program has computed nothing for a second: the conversation is prefilled."""
        end = time.perf_counter() + seconds
        while True:
            before = self.cpu()
            self.drain(1)
            if self.cpu() - before < 0.02:
                return
            if time.perf_counter() > end:
                raise CannotMeasure(f"the program still computes after {seconds} s\n{self._screen(self.seen)}")

    def write(self, text: str) -> None:
        os.write(self.fd, text.encode())

    def drain(self, seconds: float) -> int:
        """Reads for some time; returns the number of bytes."""
        end, count = time.perf_counter() + seconds, 0
        while (left := end - time.perf_counter()) > 0:
            count += len(self.read(min(left, 0.05)))
        return count

    def cpu(self, thread: int | None = None) -> float:
        """Seconds of processor time of a thread, or of all that run."""
        tasks = Path(f"/proc/{self.pid}/task")
        names = [str(thread)] if thread is not None else os.listdir(tasks)
        total = 0
        for name in names:
            try:
                total += int((tasks / name / "schedstat").read_text().split()[0])
            except FileNotFoundError:
                continue  # The thread has ended.
        return total / 1e9

    def anonymous(self) -> int:
        """Bytes of anonymous resident memory."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("RssAnon"))

    def interface_thread(self) -> int:
        """The thread that waits for keys: the one that is in poll while nothing happens."""
        for task in sorted(Path(f"/proc/{self.pid}/task").iterdir()):
            try:
                number = (task / "syscall").read_text().split()[0]
            except PermissionError:
                raise CannotMeasure("/proc does not show the system calls of threads to this user") from None
            if number in ("7", "270", "271", "23", "73", "72"):  # poll, pselect, ppoll, select; ppoll, pselect on ARM
                return int(task.name)
        raise CannotMeasure("no thread waits for keys")


class Answer:
    """The last answer of the session after some messages, as it is in the sessions file.

    The program saves an answer every second while it is generated.
    """

    def __init__(self, file: Path, after: int):
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10) as database:
            row = database.execute(
                "SELECT place, length(content), finish, statistics FROM message "
                "WHERE role = 'assistant' AND place >= ? ORDER BY place DESC LIMIT 1", (after,)).fetchone()
        database.close()
        self.place, self.length, self.finish, statistics = row or (-1, 0, None, None)
        self.statistics = json.loads(statistics or "{}")
