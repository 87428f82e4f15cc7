"""Random keys, pastes, sizes and signals in a real terminal (tmux): check_screen.py MODEL.gguf [--events N] [--seed N]

The program gets random events while it answers, in portions. It must neither crash nor hang, and what tmux shows must
equal a complete redrawing (after SIGCONT) of the same state. Its memory must not grow, and it must leave the terminal as it was.
SOTTO_EVENTS is the number of events (default 3,000), SOTTO the program. A failure names the seed and the last events.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from terminal import BUSY, HERE, SOTTO, Failure, Terminal

PORTION = 50
#: Portions between two comparisons with a redrawing.
COMPARED = 8
#: Anonymous memory that the program may add after its first portions: prompt caches and their index included.
GROWTH = 150 << 20

KEYS = ["\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1bOA", "\x1bOB", "\x1b[H", "\x1b[F", "\x1b[2~", "\x1b[3~", "\x1b[5~",
        "\x1b[6~", "\x1b[1;5A", "\x1b[1;5B", "\x1b[1;5C", "\x1b[1;5D", "\x1bOP", "\x1bOR", "\x1b[1;2R", "\x1b[Z", "\x1b\r",
        "\x1bb", "\x1bf", "\x1bd", "\x1by", "\x1bz", "\x1br", "\x1bs", "\x1b\x7f", "\r", "\r", "\r", "\t", "\t", "\x7f",
        "\x7f", "\x1b[<64;3;4M", "\x1b[<65;3;4M", "\x1b[I", "\x1b[97;5u", "\x1b]11;rgb:ff/ff/ff\x07", "\x1b[;;;~", "\x1b[99"]
#: Ctrl-C and Ctrl-Z come as events of their own; Ctrl-D and Ctrl-\\ would end what reads a line after the program.
CONTROLS = [chr(code) for code in range(32) if code not in (3, 4, 26, 27, 28)]
WORDS = ["a", "word ", "the sea ", "漢字", "مرحبا ", "e\u0301", "👨‍👩‍👧", "🇩🇪", "❤️", "  ", "*", "`", "$x$ ", "@", "/", "?",
         "# ", "|", "\u202e", "ñ", "한국어 ", "\ufffd", "\x1b"]
COMMANDS = ["/regen", "/undo", "/edit", "/edit answer", "/continue", "/branch", "/branch next", "/branch 1", "/compact 1",
            "/new", "/sessions", "/sessions sea", "/sessions latest", "/rename a title", "/delete", "/search sea",
            "/search", "/inspect", "/select", "/pipe tr a-z A-Z", "/preset", "/theme night", "/theme mono", "/theme day",
            "/theme ", "/attach notes", "/attach ", "/copy", "/copy 1", "/save all.md", "/stats", "/cache", "/cache clear",
            "/help", "/think show", "/think hide", "/think fold", "/system Be brief.", "/system -", "/set", "/set ",
            "/set temperature 1", "/set prose_width 40", "/set wheel on", "/set wheel off", "/models", "/model ",
            "/best 2 What is the sea?", "/best 2", "/nothing", "/"]
SIZES = [(80, 24), (40, 12), (200, 60), (1, 1), (3, 2), (20, 7), (120, 40)]
SIGNALS = [signal.SIGWINCH, signal.SIGTSTP, signal.SIGCONT, signal.SIGINT, signal.SIGSTOP]


def job(command: list[str]) -> int:
    """Runs a command in the foreground as a shell does: when it stops, takes the terminal, and continues it as `fg` does."""
    signals = (signal.SIGTTOU, signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP)
    for number in signals:
        signal.signal(number, signal.SIG_IGN)
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpid())
        for number in signals:
            signal.signal(number, signal.SIG_DFL)
        os.execvp(command[0], command)
    while True:
        _, status = os.waitpid(child, os.WUNTRACED)
        os.tcsetpgrp(0, os.getpgrp())
        if not os.WIFSTOPPED(status):
            return os.waitstatus_to_exitcode(status) % 256
        time.sleep(0.05)
        os.tcsetpgrp(0, child)
        os.killpg(child, signal.SIGCONT)


class Events:
    """The random events of a seed."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)

    def input(self) -> str:
        pick, kind = self.random.choice, self.random.randrange(100)
        if kind < 45:
            return pick(KEYS)
        if kind < 60:
            return pick(CONTROLS)
        if kind < 78:
            return pick(WORDS)
        if kind < 92:
            return ("\x1b[F\x15" if self.random.random() < 0.8 else "") + pick(COMMANDS) + pick(["\r", "\r", "\r", "\t", ""])
        if kind < 95:
            text = "".join(pick(WORDS + ["\n", "\r\n", "\x1b[31m", "\x07", "\t"]) for _ in range(pick([3, 40, 400])))
            return f"\x1b[200~{text}\x1b[201~"
        if kind < 97:
            return pick(["\x03", "\x1a", "\x0c"])
        return "\x1b[F\x15" + pick(["Hello", "The sea?", "漢字 and مرحبا", "Write a table and some code."]) + "\r"


class Fuzz:
    def __init__(self, model: Path, folder: Path, seed: int):
        self.model, self.folder, self.events = model, folder, Events(seed)
        self.starts, self.exits, self.compared, self.skipped = 0, {}, 0, 0
        self.count, self.grown, self.peak, self.lost, self.process = 0, 0, 0, 0, 0
        self.last: list[str] = []
        self.work = folder / "work"
        (self.work / "notes").mkdir(parents=True)
        (self.work / "notes" / "one.txt").write_text("The sky is blue.\n")
        settings = folder / "config" / "sotto" / "settings.toml"
        settings.parent.mkdir(parents=True)
        settings.write_text("max_tokens = 400\ncache_budget = 0.04\ncache_disk = 0\n")

    def start(self) -> None:
        environment = {"HOME": str(self.folder), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "EDITOR": "true",
                       "SHELL": "/bin/sh",
                       **{f"XDG_{kind}_HOME": str(self.folder / kind.lower())
                          for kind in ("DATA", "STATE", "CONFIG", "CACHE")}}
        command = ["env", "-C", str(self.work), sys.executable, str(Path(__file__).resolve()), "--job", SOTTO, "chat",
                   str(self.model)]
        self.terminal = Terminal(command, environment, self.folder / f"tmux{self.starts}", 80, 24)
        self.starts += 1
        self.terminal.wait(lambda: self.pid() is not None, "the program runs")
        self.terminal.wait(lambda: any("ready" in line or "›" in line for line in self.terminal.screen()), "it draws")
        self.base, self.portions = None, 0

    def pid(self) -> int | None:
        """The program: the last in the chain of children of the window's shell."""
        try:
            process = int(self.terminal.tmux("display-message", "-p", "#{pane_pid}"))
            for _ in range(4):
                children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
                if not children:
                    break
                process = int(children[0])
            name = Path(f"/proc/{process}/comm").read_text().strip()
            if name != Path(SOTTO).name[:15]:
                return None
            self.process = process
            return process
        except (OSError, ValueError, Failure):
            return None

    def memory(self) -> int | None:
        try:
            lines = Path(f"/proc/{self.pid()}/status").read_text().splitlines()
            return next(int(line.split()[1]) << 10 for line in lines if line.startswith("RssAnon"))
        except (OSError, StopIteration):
            return None

    def send(self, text: str) -> None:
        command = ["tmux", "-S", self.terminal.socket, "load-buffer", "-"]
        if subprocess.run(command, input=text.encode()).returncode != 0:
            raise Failure("tmux takes no input")
        self.terminal.tmux("paste-buffer", "-r", "-d")

    def note(self, event: str) -> None:
        self.last = (self.last + [event])[-3 * PORTION:]
        self.count += 1

    def portion(self) -> None:
        text = ""
        for _ in range(PORTION):
            kind = self.events.random.randrange(40)
            if kind == 0:
                width, height = self.events.random.choice(SIZES)
                self.note(f"size {width}x{height}")
                self.terminal.tmux("resize-window", "-x", str(width), "-y", str(height))
            elif kind == 1 and (pid := self.pid()) is not None:
                number = self.events.random.choice(SIGNALS)
                self.note(number.name)
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
            else:
                event = self.events.input()
                self.note(repr(event[:60]))
                text += event
        self.send(text)
        self.portions += 1

    def restart_if_ended(self) -> None:
        """Checks the exit of the program if it has ended, and starts it again."""
        code = self.terminal.exit_code()
        if code is None:
            return
        self.exits[code] = self.exits.get(code, 0) + 1
        folder = Path(self.terminal.socket).parent
        errors = (folder / "stderr").read_text()
        if code != 0 or "rror" in errors:
            raise Failure(f"exit code {code}: {errors[-2000:]}")
        modes = (folder / "modes").read_text()
        if " icanon" not in modes or " echo" not in modes:
            raise Failure("the modes of the terminal are not restored")
        self.terminal.kill()
        shutil.rmtree(folder)
        self.start()

    def settle(self) -> bool:
        """Waits until nothing changes any more; false if the program has ended."""
        deadline, before, same = time.monotonic() + 60, None, 0
        while time.monotonic() < deadline:
            if self.terminal.exit_code() is not None:
                return False
            now = self.picture()
            same = same + 1 if now == before else 0
            # On a small screen the status line names no activity.
            if same >= 4 and not any(BUSY.search(line) for line in self.terminal.screen()[-1:]):
                return True
            before = now
            time.sleep(0.05)
        raise Failure("the screen does not come to rest in 60 s")

    def picture(self) -> str:
        return self.terminal.tmux("capture-pane", "-e", "-p", "-N") + self.terminal.tmux(
            "display-message", "-p", "#{cursor_x} #{cursor_y} #{cursor_flag}")

    def compare(self) -> None:
        # Escape ends an incomplete sequence, an answer or a panel.
        self.send("\x1b")
        time.sleep(0.1)
        for _ in range(25):
            if not self.settle():
                return
            before = self.picture()
            # A program that is continued draws everything again. Ctrl-L would answer a question.
            if (pid := self.pid()) is None:
                return
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.15)
            if not self.settle():
                return
            after = self.picture()
            if before == after:
                self.compared += 1
                return
            # A message may have expired between the two, or a queued one was sent.
        rows = [f"{index}: {old!r}\n   {new!r}" for index, (old, new) in
                enumerate(zip(before.split("\n"), after.split("\n"))) if old != new]
        raise Failure("the screen differs from its redrawing:\n" + "\n".join(rows))

    def run(self, events: int) -> None:
        while self.count < events:
            try:
                self.portion()
                time.sleep(self.events.random.choice([0, 0.01, 0.05]))
                if self.terminal.exit_code() is None and self.portions % COMPARED == 0:
                    self.compare()
                    self.check_memory()
            except Failure:
                # A key after the end of the program may have closed the window, and tmux itself may crash.
                if self.terminal.exit_code() is None and not self.is_lost():
                    raise
            self.restart_if_ended()

    def is_lost(self) -> bool:
        """Whether tmux has crashed, as version 3.3 does on some sizes; the program must end, and is started again."""
        command = ["tmux", "-S", self.terminal.socket, "has-session"]
        if subprocess.run(command, capture_output=True).returncode == 0:
            return False
        deadline = time.monotonic() + 20
        while Path(f"/proc/{self.process}").exists():
            if time.monotonic() > deadline:
                raise Failure("the program outlives its terminal")
            time.sleep(0.1)
        self.lost += 1
        self.terminal.kill()
        self.start()
        return True

    def check_memory(self) -> None:
        used = self.memory()
        if used is None:
            return
        self.peak = max(self.peak, used)
        if self.portions <= 2 * COMPARED or self.base is None:
            self.base = used
        self.grown = max(self.grown, used - self.base)
        if used - self.base > GROWTH:
            raise Failure(f"the memory grew by {(used - self.base) >> 20} MiB")


def main() -> int:
    if sys.argv[1:2] == ["--job"]:
        return job(sys.argv[2:])
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("--events", type=int, default=int(os.environ.get("SOTTO_EVENTS", "3000")))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sotto-events-", ignore_cleanup_errors=True) as name:
        # Small random weights: thousands of tokens a second, of text that no one would write.
        model = Path(name) / "random.gguf"
        subprocess.run([sys.executable, HERE / "second_model.py", options.model, model], check=True)
        start = time.monotonic()
        fuzz = Fuzz(model, Path(name) / "home", options.seed)
        try:
            fuzz.start()
            fuzz.run(options.events)
        except Failure as failure:
            print(f"FAILED: --seed {options.seed}, event {fuzz.count}: {failure}\nthe last events:")
            print("\n".join(fuzz.last))
            print(subprocess.run(["tmux", "-S", fuzz.terminal.socket, "capture-pane", "-p"], capture_output=True,
                                 text=True).stdout)
            return 1
        finally:
            fuzz.terminal.kill()
        print(f"{fuzz.count} events in {time.monotonic() - start:.0f} s, {fuzz.compared} comparisons with a redrawing, "
              f"{fuzz.starts} starts, exit codes {fuzz.exits}, {fuzz.lost} crashes of tmux, memory at most {fuzz.peak >> 20} MiB, "
              f"grown by {fuzz.grown >> 20} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
