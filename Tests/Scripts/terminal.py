"""Tests the program in a real terminal (tmux): terminal.py MODEL.gguf [--show]

Start, two turns, a draft that is prefilled while it is typed, a stop in mid-answer, scrolling while it writes, a switch of
model with completion and back, another one in mid-answer, reasoning that is ended early, a prompt that is stopped during
the prefill, branches, sizes down to 40x12, quit; then a conversation that is killed in mid-answer and resumed. Each
step waits for what the screen must come to show, however slow or fast the machine is. At the end, each key and command of
the help must have been used.
`--show` prints the screen after each step.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOTTO = os.path.abspath(os.environ.get("SOTTO", HERE.parents[1] / ".build" / "release" / "sotto"))
#: Seconds until a step counts as failed; sufficient for a machine with high load.
PATIENCE = 90.0
#: The words in the status line during an activity.
BUSY = re.compile(r"\b(loading|waiting|prefill|thinking|writing|stopping|ending)\b")
#: Quotes, lists and tables whose rows meet each other's columns while they scroll.
WIDE = "".join(f"> quote **{n}**\n\n- item\n\n| a | b |\n|---|---|\n| 漢字 | x |\n| 👩 | é |\n\n" for n in range(9))
LONG_REQUEST = "Write a very long story about the sea, with many chapters."


class Failure(Exception):
    """A step failed: the screen did not show the expected text."""


#: The keys of the help by their names in tmux, where these differ.
KEY_NAMES = {"BSpace": "Backspace", "DC": "Del", "Escape": "Esc", "PPage": "PgUp", "PageUp": "PgUp", "NPage": "PgDn",
             "PageDown": "PgDn", "BTab": "Shift-Tab"}
#: Commands that another script uses.
ELSEWHERE = {"/pull": "check_pull.py"}


def help_name(key: str) -> str:
    """The name in the help of a key as tmux names it: Ctrl-A for C-a."""
    parts = key.split("-") if len(key) > 2 else [key]
    names = [{"C": "Ctrl", "M": "Alt", "S": "Shift"}[part] for part in parts[:-1]]
    base = KEY_NAMES.get(parts[-1], parts[-1])
    return "-".join([*names, base.upper() if names and len(base) == 1 else base])


class Terminal:
    """A separate tmux server with one window that runs a command and writes its exit code to a file."""

    #: The keys, as the help names them, and the commands that were used in any terminal.
    used: set[str] = set()

    def __init__(self, command: list[str], environment: dict[str, str], folder: Path, width: int, height: int,
                 has_jobs: bool = False):
        folder.mkdir(exist_ok=True)
        self.socket = str(folder / "tmux")
        self.exit_file = folder / "exit"
        runner = folder / "run.sh"
        words = " ".join(f"'{word}'" for word in command)
        settings = "".join(f"export {key}='{value}'\n" for key, value in environment.items())
        # With job control, Ctrl-Z stops the program until there is a file "go".
        wait = f"touch '{folder}/stopped'; until [ -e '{folder}/go' ]; do sleep 0.05; done"
        jobs = f"while [ $code = 148 ]; do {wait}; fg >/dev/null; code=$?; done\n" if has_jobs else ""
        # A Ctrl-C right after the end of the program must not end the shell: the program itself gets the default action.
        runner.write_text(f"{'set -m' if has_jobs else ''}\ntrap : INT\n{settings}{words} 2>'{folder}/stderr'\ncode=$?\n"
                          f"{jobs}trap '' INT\nstty -a >'{folder}/modes'\necho $code >'{self.exit_file}'\nexec cat\n")
        # escape-time 0: tmux must not delay Escape to wait for a longer key sequence.
        self.tmux("new-session", "-d", "-c", str(folder), "-x", str(width), "-y", str(height), f"sh '{runner}'", start=True)
        self.tmux("set-option", "-s", "escape-time", "0")
        self.tmux("set-option", "-g", "status", "off")
        self.tmux("resize-window", "-x", str(width), "-y", str(height))

    def tmux(self, *arguments: str, start: bool = False) -> str:
        command = ["tmux", "-S", self.socket, *(["-f", "/dev/null"] if start else []), *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(f"tmux {arguments[0]}: {done.stderr.strip()}")
        return done.stdout

    def screen(self) -> list[str]:
        return [line.rstrip() for line in self.tmux("capture-pane", "-p").rstrip("\n").split("\n")]

    def status(self) -> str:
        """The last line that is not empty."""
        return next((line for line in reversed(self.screen()) if line.strip()), "")

    def type(self, text: str) -> None:
        self.used.add(text.split(" ")[0])
        self.tmux("send-keys", "-l", text)

    def press(self, *keys: str) -> None:
        self.used.update(map(help_name, keys))
        self.tmux("send-keys", *keys)
        if keys[-1] == "Escape":
            time.sleep(0.3)  # the next key would be one with Alt

    def send(self, text: str) -> None:
        """Types a line and presses Enter once the composer shows it."""
        self.type(text)
        tail = text.split()[-1]  # the composer may wrap the line
        self.wait(lambda: any(tail in line for line in self.screen()), f"the composer shows {tail!r}")
        self.press("Enter")

    def wait(self, condition, what: str):
        """Polls until the condition holds; returns its value."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if (value := condition()) or value == 0 and value is not False:
                return value
            time.sleep(0.02)
        raise Failure(f"not after {PATIENCE:.0f} s: {what}")

    def exit_code(self) -> int | None:
        text = self.exit_file.read_text().strip() if self.exit_file.exists() else ""
        return int(text) if text else None

    def program(self) -> int:
        """The process in the window."""
        shell = self.tmux("display-message", "-p", "#{pane_pid}").strip()
        [child] = Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
        return int(child)

    def kill_program(self) -> None:
        """Kills the program in the window with SIGKILL, as a substitute for a crash."""
        os.kill(self.program(), signal.SIGKILL)
        self.wait(lambda: self.exit_code() is not None, "the program has exited")

    def kill(self) -> None:
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], capture_output=True)


def number(word: str, status: str) -> int | None:
    """The number after a word in a status line; digits may be grouped by spaces."""
    found = re.search(word + r" ([\d\u00a0\u202f\u2009, ]+)", status)
    return int(re.sub(r"\D", "", found.group(1))) if found else None


def reused(status: str) -> int | None:
    return number("reused", status)


def new(status: str) -> int:
    return number("new", status) or 0


class Scenario:
    """The steps of the test. The chat is idle after each of them."""

    #: The keys and commands that the help names.
    named: set[str] = set()
    ends = itertools.cycle(["/quit", "/exit", "/bye"])

    def __init__(self, terminal: Terminal, first: str, second: str, show: bool):
        self.terminal, self.first, self.second, self.show = terminal, first, second, show

    def idle(self, what: str) -> str:
        """Waits until the composer is empty and the chat is idle; returns the status line."""

        def condition():
            *above, status = self.terminal.screen()
            ready = any(line.startswith("› Message") for line in above)
            return status if ready and not BUSY.search(status) else None

        return self.terminal.wait(condition, what)

    def writing(self) -> None:
        self.terminal.wait(lambda: "writing" in self.terminal.status(), "the answer starts")

    def turn(self, text: str) -> str:
        """Sends a message, waits for the complete answer, and returns the status line."""
        self.terminal.send(text)
        return self.idle("the turn ends")

    def start(self) -> None:
        self.terminal.wait(
            lambda: self.first[:12] in self.idle("the program starts"), f"the status line contains {self.first}")

    def two_turns(self) -> None:
        self.terminal.send("/set max_tokens 40")
        self.terminal.send("/set temperature 0")
        status = self.turn("Name the capital of France.")
        expect("TTFT" in status and "tok/s" in status, f"the status line has statistics: {status!r}")
        expect(any("Paris" in line for line in self.terminal.screen()), "the answer names Paris")
        status = self.turn("And of Italy?")
        expect((reused(status) or 0) > 20, f"the second turn reuses the first: {status!r}")

    def typing_ahead(self) -> None:
        # After a pause, a draft of many words is prefilled, so that Enter only prefills its last words.
        def ask(text: str) -> tuple[int, str]:
            self.terminal.type(text)
            self.terminal.wait(lambda: self.has(text.split()[-1]), "the composer shows the draft")
            time.sleep(2)
            self.terminal.press("Enter")
            status = self.idle("the turn ends")
            return new(status), status

        words = "Tell me something about these, one after the other:" + " Rome Naples Milan Turin" * 12
        count, status = ask(words + " Genoa.")
        expect("typed ahead" in status and count < 40, f"the draft was prefilled: {status!r}")
        self.terminal.send("/set typing_ahead off")
        count, status = ask(words + " Venice.")
        expect("typed ahead" not in status and count > 40, f"the draft was not prefilled: {status!r}")
        self.terminal.send("/set typing_ahead on")
        self.terminal.send("/cache")
        self.terminal.wait(lambda: self.has("Prompt caches: ") and self.has(f"◆ {self.first[:12]}"), "the caches")

    @property
    def folder(self) -> Path:
        """The folder of the test, with the XDG folders in it."""
        return Path(self.terminal.socket).parent.parent

    def settings(self) -> None:
        # What is set is kept only with --save, and the comments of the file stay.
        file = self.folder / "config" / "sotto" / "settings.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("# mine\nreasoning = 'fold' # for now\n")
        for line in ("/theme day", "/think hide", "/set prose_width 60", "/set wheel on"):
            self.terminal.send(line)
            self.idle(line)
        expect(file.read_text().count("\n") == 2, "nothing is saved without --save")
        self.terminal.send("/set --save")
        self.terminal.wait(lambda: self.has("Saved in settings.toml: theme = day"), "the settings are saved")
        text = file.read_text()
        expect('reasoning = "hide" # for now' in text and 'theme = "day"' in text and text.startswith("# mine"),
               f"the file keeps its comments: {text!r}")
        self.terminal.send("/set --save top_k 30")
        self.terminal.wait(lambda: self.has("Saved in settings.toml: top_k = 30"), "one setting is saved")
        self.terminal.send("/set")
        self.terminal.wait(lambda: self.has("top_k = 30 (from settings.toml)"), "its source is shown")
        # A wheel event scrolls nothing here, but must not reach the composer.
        self.terminal.type("\x1b[<64;5;5M\x1b[<65;5;5M")
        self.idle("the wheel")
        self.terminal.send("/set --save top_k auto")
        self.terminal.wait(lambda: "top_k" not in file.read_text(), "a setting is removed from the file")
        for line in ("/theme night --save", "/think fold --save", "/set --save wheel off", "/set --save prose_width 100"):
            self.terminal.send(line)
            self.terminal.wait(lambda: self.has("Saved in settings.toml"), line)
            self.idle(line)

    def attach(self) -> None:
        # @path completes and attaches a file; /attach a folder, and says what it leaves out.
        notes = self.folder / "notes"
        notes.mkdir(exist_ok=True)
        (notes / "one.txt").write_text("The sky is blue.\nThe sea too.\n")
        (notes / "two.txt").write_text("Rome\n")
        (notes / "image.bin").write_bytes(bytes(200))
        self.terminal.type(f"Read @{notes}/o")
        self.terminal.wait(lambda: self.has("▸ ") and self.has("one.txt  30 B"), "the file is offered")
        self.terminal.press("Tab")
        self.terminal.wait(lambda: self.has("one.txt · 2 lines]"), "the file is attached")
        self.terminal.press("Enter")
        self.idle("the turn ends")
        self.terminal.wait(lambda: self.has("The sky is blue."), "the message contains the file")
        self.terminal.type(f"/attach {notes}")
        self.terminal.wait(lambda: self.has("notes/  folder"), "the folder is offered")
        self.terminal.press("Escape")
        self.terminal.press("Enter")
        self.terminal.wait(lambda: self.has("2 files, 35 B]") and self.has("image.bin (not text)"), "what is left out")
        self.terminal.press("C-c")
        self.idle("the draft is cleared")

    def editor(self) -> None:
        self.terminal.type("written here")
        self.terminal.wait(lambda: self.has("› written here"), "the draft")
        self.terminal.press("C-g")
        self.terminal.wait(lambda: self.has("› written here and in the editor"), "the draft of the editor")
        self.terminal.press("C-c")
        self.idle("the draft is cleared")
        # Ctrl-R searches the history; Escape gives the draft back.
        self.terminal.type("my draft")
        self.terminal.press("C-r")
        self.terminal.type("written")
        self.terminal.wait(lambda: self.has("search: written") and self.has("and in the editor"), "the search")
        self.terminal.press("Escape")
        self.terminal.wait(lambda: self.has("› my draft"), "the draft is back")
        self.terminal.press("C-c")
        self.terminal.type("漢字と")
        self.terminal.wait(lambda: self.has("› 漢字と"), "wide characters")
        self.terminal.press("BSpace")
        self.terminal.wait(lambda: any(line == "› 漢字" for line in self.terminal.screen()), "one is deleted")
        self.terminal.press("C-u")
        self.idle("the draft is cleared")

    def full_context(self) -> None:
        # A message that does not fit: the user is asked once; then the oldest turns are dropped, or summarised.
        file = self.folder / "config" / "sotto" / "settings.toml"
        self.terminal.send("/new")
        self.terminal.send("/set max_tokens 10")
        self.terminal.send("/set typing_ahead off")

        def send_long(word: str) -> None:
            self.paste("\n".join(f"{n} {word} of beer on the wall." for n in range(450)))
            self.terminal.press("Enter")

        send_long("bottles")
        self.idle("the first turn ends")
        send_long("glasses")
        self.terminal.wait(lambda: self.has("d drops the oldest turns"), "the user is asked")
        expect(self.has("› [pasted 450 lines]"), "the message is in the composer")
        self.terminal.press("d")
        self.terminal.wait(lambda: self.has("Dropped 1 turn"), "the oldest turn is dropped")
        self.idle("the answer ends")
        expect('context_full = "drop"' in file.read_text(), "the choice is kept")
        self.terminal.send("/set --save context_full summarise")
        self.terminal.wait(lambda: "summarise" in file.read_text(), "the setting is saved")
        send_long("cups")
        self.terminal.wait(lambda: self.has("Summarised 1 turn"), "the oldest turn is summarised")
        status = self.idle("the answer ends")
        expect((number("ctx", status) or 0) > 0 or "ctx" in status, f"the conversation goes on: {status!r}")
        self.terminal.send("/set --save context_full auto")
        self.terminal.wait(lambda: "context_full" not in file.read_text(), "the user is asked again")
        self.terminal.send("/new")
        self.terminal.send("/set typing_ahead on")
        self.terminal.send("/set max_tokens auto")

    def unsent_draft(self) -> None:
        self.terminal.type("a draft that was never sent")
        self.terminal.wait(lambda: self.has("never sent"), "the draft")
        time.sleep(1)  # a draft is written half a second after the last key
        self.terminal.kill_program()

    def restored_draft(self) -> None:
        self.terminal.wait(lambda: self.has("› a draft that was never sent"), "the draft of the killed chat")
        self.terminal.press("C-c")
        self.idle("the draft is cleared")
        self.terminal.type("another draft")
        self.terminal.wait(lambda: self.has("› another draft"), "the draft")
        os.kill(self.terminal.program(), signal.SIGHUP)
        self.terminal.wait(lambda: self.terminal.exit_code() is not None, "the program exits")

    def preset(self) -> None:
        self.terminal.wait(lambda: self.has("› another draft"), "the draft of the chat that lost its terminal")
        self.terminal.press("C-c")
        self.idle("the draft is cleared")
        self.terminal.send("/set")
        self.terminal.wait(lambda: self.has("top_k = 7 (from the preset)"), "the preset is used")
        self.terminal.send("/system")
        self.terminal.wait(lambda: self.has("System prompt: You review code."), "its system prompt")
        self.terminal.send("/set temperature 0.5")
        self.terminal.send("/preset --save mine")
        self.terminal.wait(lambda: self.has("Saved as preset mine"), "a preset is saved")
        self.terminal.send("/preset -")
        self.terminal.wait(lambda: self.has("No preset is in use any more"), "no preset")
        self.terminal.type("/preset m")
        self.terminal.wait(lambda: self.has("▸ mine"), "the preset is offered")
        self.terminal.press("Enter")
        self.terminal.wait(lambda: self.has("Preset mine:") and self.has("temperature = 0.5"), "it is used")
        self.idle("its model is in use")

    def draft_keys(self) -> None:
        self.terminal.type("one two three")
        for key, shown in (("C-w", "› one two"), ("C-_", "› one two three"), ("M-r", "› one two"),
                           ("C-c", "› Message"), ("C-y", "› one two"), ("C-u", "› Message"), ("Up", "› one two"),
                           ("C-u", "› Message")):
            self.terminal.press(key)
            self.terminal.wait(lambda: any(line == shown for line in self.terminal.screen()), f"{key}: {shown!r}")

    def wide_characters(self) -> None:
        # Narrow characters over wide ones: what is on the screen after scrolling equals a complete redrawing.
        self.terminal.wait(lambda: self.has("Resumed: Wide table"), "the imported conversation is resumed")
        self.terminal.tmux("resize-window", "-x", "60", "-y", "16")
        self.idle("the small screen")
        for key in ["PPage"] * 3 + ["C-Down"] * 3 + ["NPage", "C-Up", "PPage"]:
            self.terminal.press(key)
            time.sleep(0.3)
            before = self.terminal.screen()
            self.terminal.press("C-l")
            time.sleep(0.3)
            expect(before == self.terminal.screen(), f"a redrawing after {key} changes nothing: {before}")

    def leave_in_the_middle(self) -> None:
        self.terminal.press("Home")
        self.terminal.press("NPage", "NPage")
        self.terminal.wait(lambda: self.has("End scrolls to the end"), "the middle of the conversation")
        time.sleep(1)  # the place is written half a second after the last key
        self.place = self.terminal.screen()[:8]
        Path(self.folder / "place.json").write_text(json.dumps(self.place))
        self.quit()

    def return_to_the_middle(self) -> None:
        place = json.loads(Path(self.folder / "place.json").read_text())
        self.terminal.wait(lambda: self.terminal.screen()[:8] == place, f"the session opens at its place: {place}")
        self.terminal.press("End")
        self.terminal.wait(lambda: not self.has("End scrolls to the end"), "its end")

    def draft_model(self) -> None:
        # A draft model whose proposals are wrong: the answer is that of the model, and the next turn reuses its cache.
        self.terminal.send("/set max_tokens 40")
        self.terminal.send("/set temperature 0")
        self.turn("Name the capital of France.")
        self.terminal.wait(lambda: self.has("Paris"), "the model answers, not the draft model")
        status = self.turn("And of Italy?")
        expect((reused(status) or 0) > 0 and new(status) < 30, f"the cache is reused: {status!r}")

    def composer_is(self, *lines: str) -> bool:
        """Whether the composer shows exactly these rows."""
        screen = self.terminal.screen()
        starts = [at for at, line in enumerate(screen) if line.startswith("›")]
        return bool(starts) and screen[starts[-1]:starts[-1] + len(lines)] == list(lines)

    def keys(self) -> None:
        # Every key of the table that needs no answer.
        steps = [
            (["C-a", "M-f", "X"], "› oneX two three"), (["C-h", "M-b", "Y"], "› Yone two three"),
            (["C-d"], "› Yne two three"), (["BSpace", "C-e", "Z"], "› ne two threeZ"),
            (["C-b", "C-b", "DC"], "› ne two threZ"), (["C-f", "M-BSpace"], "› ne two"),
            (["C-y", "C-Left", "C-k"], "› ne two"), (["C-a", "M-d"], "›  two"), (["C-y"], "› ne two"),
            (["M-y"], "› threZ two"), (["Left", "Left", "Right", "|"], "› thre|Z two"), (["C-u"], "› Z two"),
            (["M-z"], "› thre|Z two"), (["M-r"], "› Z two"), (["C-l"], "› Z two"),
            (["C-a", "M-Right", "1"], "› Z1 two"), (["M-Left", "2"], "› 2Z1 two"), (["C-Right", "3"], "› 2Z13 two"),
            (["C-e", "C-u"], "› Message"),
        ]
        self.terminal.type("one two three")
        for keys, shown in steps:
            for key in keys:
                self.terminal.press(key) if len(key) > 1 else self.terminal.type(key)
            self.terminal.wait(lambda: self.composer_is(shown), f"{keys}: {shown!r}")
        self.terminal.type("first")
        self.terminal.press("C-j")
        self.terminal.type("second")
        self.terminal.press("M-Enter")
        self.terminal.type("third")
        self.terminal.wait(lambda: self.composer_is("› first", "  second", "  third"), "three lines")
        self.terminal.used.add("Shift-Enter")
        self.terminal.type("\x1b[13;2u")
        self.terminal.type("4")
        self.terminal.wait(lambda: self.composer_is("› first", "  second", "  third", "  4"), "Shift-Enter is a new line")
        self.terminal.press("C-h", "C-h")
        self.terminal.press("Up", "Up")
        self.terminal.type("!")
        self.terminal.wait(lambda: self.composer_is("› first!", "  second", "  third"), "Up moves in the draft")
        self.terminal.press("Down", "Down", "C-c")
        self.idle("the draft is cleared")
        for opening, closing in (("F1", "Escape"), ("?", "q")):
            self.terminal.press(opening)
            self.terminal.wait(lambda: self.has("Esc closes") and self.has("Enter"), f"{opening} opens the help")
            self.terminal.press("PPage", "NPage", "End")
            self.terminal.wait(lambda: self.has("model_budget"), "the end of the help")
            self.terminal.press("Home")
            self.terminal.wait(lambda: self.has("close a menu, stop the answer"), "its start")
            self.terminal.press(closing)
            self.terminal.wait(lambda: not self.has("Esc closes"), f"{closing} closes it")
        for shown in ("Reasoning: show", "Reasoning: fold"):
            self.terminal.press("C-t")
            self.terminal.wait(lambda: shown in self.terminal.status(), shown)
        # The menu: Tab and Shift-Tab, and the commands that are not shown at first.
        self.terminal.type("/")
        self.terminal.wait(lambda: self.has("8 of ") and self.has("▸ /model NAME"), "the menu")
        self.terminal.press("BTab")
        self.terminal.wait(lambda: self.has("▸ /quit"), "Shift-Tab marks the last command")
        self.terminal.press("Down", "Tab")
        self.terminal.wait(lambda: self.composer_is("› /model"), "Tab completes")
        self.terminal.press("C-u")

    def commands(self) -> None:
        # Every command that the other steps do not use.
        def says(line: str, *words: str) -> None:
            self.terminal.send(line)
            self.terminal.wait(lambda: all(self.has(word) for word in words), f"{line}: {words}")

        def buffer() -> str:
            return self.terminal.tmux("show-buffer")

        for command in ("/new", "/clear"):
            says(command, "Type a message")
        for line, answer in (("/undo", "There is no message to undo"), ("/edit", "There is no message to edit yet"),
                             ("/copy", "There is no answer to copy yet"), ("/save", "There is no message to save yet"),
                             ("/regen", "There is no message to answer yet"), ("/stats", "There is no answer yet"),
                             ("/answer", "There is no reasoning to end now"), ("/rename", "names this conversation"),
                             ("/modle", "Did you mean /model?"), ("/system", "There is no system prompt."),
                             ("/think", "Reasoning: fold")):
            says(line, answer)
            self.terminal.press("C-u")
        says("/system You answer in one word.", "System prompt: You answer in one word.")
        says("/system -", "The system prompt was removed.")
        self.terminal.send("/set max_tokens 12")
        self.terminal.send("/set temperature 0")
        self.turn("Name the capital of France.")
        self.terminal.tmux("set-option", "-s", "set-clipboard", "on")
        says("/copy", "The answer was sent to the clipboard")
        self.terminal.wait(lambda: "Paris" in buffer(), "the clipboard has the answer")
        says("/copy 1", "The answer has no code block")
        says("/stats", "time to first token:", "generation:")
        for command, name in (("/save", "saved.md"), ("/export", "exported.json")):
            file = self.folder / name
            says(f"{command} {file}", f"Saved as {file}")
            expect("Paris" in file.read_text(), f"{command} writes the conversation")
        says("/edit", "› Name the capital of France.")
        self.terminal.press("Escape")
        self.terminal.wait(lambda: "The edit was cancelled" in self.terminal.status(), "Escape ends the edit")
        # Twice in quick succession, but not at once.
        self.terminal.tmux("send-keys", "Escape")
        time.sleep(0.1)
        self.terminal.press("Escape")
        self.terminal.wait(lambda: self.composer_is("› Name the capital of France."), "Escape twice edits the message")
        self.terminal.press("C-u")
        self.turn("Name the capital of Italy.")
        self.terminal.wait(lambda: self.has("2/2"), "the edited message is another version")
        says("/undo", "Undone (/branch brings it back)")
        says("/branch 1", "Name the capital of France.")
        self.turn("//etc is a folder?")
        expect(self.has("› /etc is a folder?"), "two slashes are a message that starts with one")
        says("/edit answer", "Enter continues from the edited answer")
        self.terminal.press("Escape")
        says("/cache clear", "of prompt caches.")
        for command in ("/help", "/?"):
            says(command, "Esc closes")
            self.terminal.press("Escape")
            self.terminal.wait(lambda: not self.has("Esc closes"), "Escape closes the help")
        says("/select", "Enter copies")
        self.terminal.press("Up", "Enter")
        self.terminal.wait(lambda: "/etc is a folder?" in buffer(), "the selected message is in the clipboard")
        # The other keys of a selection: j and k, y, t, s, and the bar.
        says("/select", "t stats")
        self.terminal.type("kj")
        self.terminal.type("t")
        self.terminal.wait(lambda: self.has("time to first token:"), "t shows the statistics of the message")
        says("/select", "Enter copies")
        self.terminal.type("k")
        self.terminal.type("|")
        self.terminal.wait(lambda: self.composer_is("› /pipe"), "the bar starts a pipe")
        self.terminal.type("tr a-z A-Z")
        self.terminal.press("Enter")
        self.terminal.wait(lambda: self.has("/ETC IS A FOLDER?"), "the selection is piped")
        says("/select", "Enter copies")
        self.terminal.type("k")
        self.terminal.type("s")
        self.terminal.wait(lambda: self.has("sotto-message.md"), "s saves the message")
        expect("/etc is a folder?" in (self.terminal.exit_file.parent / "sotto-message.md").read_text(), "the file has the message")
        # The wheel scrolls; a drag tells how to select.
        self.terminal.tmux("resize-window", "-x", "60", "-y", "12")
        self.idle("the small screen")
        self.terminal.type("\x1b[<64;5;5M")
        self.terminal.wait(lambda: self.has("End scrolls to the end"), "the wheel scrolls up")
        self.terminal.type("\x1b[<0;5;5M\x1b[<0;9;5m")
        self.terminal.wait(lambda: self.has("Drag again to select text"), "a drag")
        for _ in range(9):
            self.terminal.type("\x1b[<65;5;5M")
        self.terminal.wait(lambda: not self.has("End scrolls to the end"), "the wheel scrolls down")
        self.terminal.press("S-Up")
        self.terminal.wait(lambda: self.has("End scrolls to the end"), "Shift-Up scrolls a line up")
        self.terminal.press("S-Down")
        self.terminal.wait(lambda: not self.has("End scrolls to the end"), "Shift-Down scrolls it down")
        self.terminal.tmux("resize-window", "-x", "140", "-y", "30")
        self.idle("the large screen")

    def titles(self) -> None:
        # While nothing is done, the model proposes a title; the default model's is short for this question.
        def proposed() -> str:
            database = sqlite3.connect(f"file:{self.folder}/data/sotto/sessions.sqlite?mode=ro", uri=True)
            [(title,)] = database.execute("SELECT title FROM session ORDER BY saved DESC LIMIT 1").fetchall()
            database.close()
            return title or ""

        self.terminal.send("/new")
        self.terminal.send("/set temperature 0")
        self.turn("Name the capital of France.")
        title = self.terminal.wait(proposed, "the model proposes a title")
        expect(0 < len(title) <= 60 and "\n" not in title, f"a title: {title!r}")
        status = self.turn("And of Italy?")
        expect(new(status) < 20, f"the next turn reuses as much as ever: {status!r}")

    def suspend(self) -> None:
        # Ctrl-Z gives the terminal back; fg draws the screen again, with its draft.
        self.terminal.type("a draft")
        self.terminal.wait(lambda: self.has("› a draft"), "the draft")
        self.terminal.press("C-z")
        folder = self.terminal.exit_file.parent
        self.terminal.wait((folder / "stopped").exists, "Ctrl-Z stops the program")
        self.terminal.wait(lambda: not self.has("› a draft"), "the terminal is as it was")
        (folder / "go").touch()
        self.terminal.wait(lambda: self.has("› a draft"), "the screen is drawn again")
        self.terminal.press("C-c")
        self.idle("the draft is cleared")

    def end_of_input(self) -> None:
        self.terminal.press("C-d")
        self.terminal.wait(lambda: self.terminal.exit_code() == 0, "Ctrl-D in an empty draft quits")

    def two_interrupts(self) -> None:
        self.terminal.press("C-c")
        self.terminal.wait(lambda: "Press Ctrl-C again to quit" in self.terminal.status(), "Ctrl-C asks")
        self.terminal.press("C-c")
        self.terminal.wait(lambda: self.terminal.exit_code() == 0, "the second one quits")

    def queue(self) -> None:
        # A message that is sent during an answer waits for its end.
        self.terminal.send("/set max_tokens 60")
        self.terminal.send(LONG_REQUEST)
        self.writing()
        self.terminal.send("And of Spain?")
        self.terminal.wait(lambda: self.has("waits: And of Spain?") or self.has("› And of Spain?"), "it waits")
        self.terminal.wait(lambda: self.has("› And of Spain?"), "it is sent")
        self.idle("its answer ends")
        # Up takes a queued message back, also over a draft, which Down brings back.
        self.terminal.send("/set max_tokens auto")
        self.terminal.send(LONG_REQUEST)
        self.writing()
        self.terminal.send("And of Peru?")
        self.terminal.wait(lambda: self.has("waits: And of Peru?"), "it waits")
        self.terminal.type("a draft")
        self.terminal.press("Up")
        self.terminal.wait(lambda: self.composer_is("› And of Peru?") and not self.has("waits:"), "it is taken back")
        self.terminal.press("Down")
        self.terminal.wait(lambda: self.composer_is("› a draft"), "the draft is back")
        self.terminal.press("C-u", "Escape")
        self.idle("the answer is stopped")
        self.terminal.send("/undo")
        self.terminal.send("/set max_tokens 60")
        self.terminal.send("/compact 1")
        self.terminal.wait(lambda: self.has("/branch switches back") and not self.has("capital of France"), "compact")
        self.terminal.send("/branch previous")
        self.terminal.wait(lambda: not self.has("/branch switches back"), "the whole conversation is back")
        self.terminal.send("/set max_tokens auto")

    def stop(self) -> None:
        self.terminal.send("/set max_tokens auto")
        for key in ("Escape", "C-c"):
            # A short answer may end before the key press arrives; then the request is repeated, in a new conversation:
            # the model copies short answers.
            for _ in range(5):
                self.terminal.send("/new")
                self.terminal.send(LONG_REQUEST)
                self.writing()
                self.terminal.press(key)
                self.idle("the stopped answer ends")
                if any("(stopped" in line for line in self.terminal.screen()):
                    break
            else:
                raise Failure(f"{key} stops an answer")
            if key == "C-c":
                self.terminal.send("/continue")
                self.writing()
                self.terminal.press("Escape")
                self.idle("the continued answer ends")
            self.terminal.send("/new")
            self.terminal.wait(
                lambda: not any("(stopped" in line for line in self.terminal.screen()), "a new conversation")

    def scroll(self) -> None:
        # At temperature 0 the default model does not end this answer, which soon fills a small screen.
        self.terminal.tmux("resize-window", "-x", "60", "-y", "20")
        self.terminal.send("/set max_tokens 300")
        self.turn(LONG_REQUEST)
        self.terminal.send("/set max_tokens auto")
        self.terminal.send(LONG_REQUEST)
        self.writing()
        before = self.terminal.screen()
        self.terminal.press("PageUp")
        self.terminal.wait(lambda: self.terminal.screen()[:5] != before[:5], "PageUp scrolls")
        self.terminal.press("PageUp")
        time.sleep(0.3)  # after both keys have been processed, the view must not move
        top = self.terminal.screen()[:8]
        held = 0
        while "writing" in self.terminal.status() and held < 20:
            expect(self.terminal.screen()[:8] == top, "new text does not scroll the view")
            held += 1
            time.sleep(0.05)
        self.terminal.press("End")
        self.terminal.wait(lambda: self.terminal.screen()[:8] != top, "End scrolls to the end of the answer")
        if BUSY.search(self.terminal.status()):
            self.terminal.press("Escape")
        self.idle("the answer ends")
        self.terminal.tmux("resize-window", "-x", "140", "-y", "30")

    def switch(self) -> None:
        self.terminal.type(f"/model {self.second[:3]}")
        self.terminal.press("Tab")
        self.terminal.wait(
            lambda: any(f"/model {self.second}" in line for line in self.terminal.screen()), "Tab completes the model")
        self.terminal.press("Enter")
        self.terminal.wait(lambda: self.second in self.idle("the switch"), f"the status line names {self.second}")
        self.terminal.send("/set max_tokens 10")
        self.turn("Hello?")
        self.terminal.send(f"/model {self.first}")
        self.terminal.wait(lambda: self.first[:12] in self.idle("the switch back"), "the first model is back")
        self.turn("Hello again!")

    def switch_while_writing(self) -> None:
        # During an answer, commands are executed at once, and the answer continues with its model.
        self.terminal.send("/new")
        self.terminal.send("/set max_tokens auto")
        self.terminal.send(LONG_REQUEST)
        self.writing()
        self.terminal.send(f"/model {self.second}")
        self.terminal.wait(
            lambda: f"{self.second} · Q8_0 next" in self.terminal.status() and "writing" in self.terminal.status(),
            "the status line names both models")
        self.terminal.send("/models")
        self.terminal.wait(lambda: self.has("answering") and self.has("next"), "the models are listed")
        self.terminal.send("/cache")
        self.terminal.wait(lambda: self.has("Prompt caches: "), "the caches are listed")
        expect("writing" in self.terminal.status(), "the answer is still generated")
        self.terminal.press("Escape")
        status = self.idle("the answer is stopped")
        expect(self.second in status and "tok/s" not in status, f"the status line is that of the new model: {status!r}")
        self.terminal.send("/set max_tokens 10")
        self.turn("Hello?")
        expect(self.has(f"◆ {self.second}"), "the second model answers")
        self.terminal.send(f"/model {self.first}")
        self.terminal.wait(lambda: self.first[:12] in self.idle("the switch back"), "the first model is back")
        status = self.turn("Hello again!")
        expect(new(status) < 80, f"its cache is reused: {status!r}")

    def answer_now(self) -> None:
        self.terminal.send("/new")
        self.terminal.send("/model thinker")
        self.terminal.wait(lambda: "thinker" in self.idle("the switch"), "a model that thinks")
        self.terminal.send("/set max_tokens 80000")
        self.terminal.send("Why?")
        self.terminal.wait(lambda: "Ctrl-O answers now" in self.terminal.status(), "the reasoning starts")
        self.terminal.press("C-o")
        self.terminal.wait(lambda: "Ctrl-O answers now" not in self.terminal.status(), "the answer starts")

        def refuses() -> bool:
            # The message is shown for seconds only, which a slow machine may miss.
            self.terminal.press("C-o")
            return "no reasoning to end" in self.terminal.status()
        self.terminal.wait(refuses, "there is no reasoning")
        self.terminal.press("Escape")
        self.idle("the answer is stopped")
        self.terminal.send(f"/model {self.first}")
        self.terminal.wait(lambda: self.first[:12] in self.idle("the switch back"), "the first model is back")

    def stop_prefill(self) -> None:
        # The prefilled part of a stopped prompt is reused.
        self.terminal.send("/new")
        self.terminal.send("/set typing_ahead off")
        words = " ".join(f"{n} bottles of beer on the wall." for n in range(700))
        self.paste(words)
        self.terminal.press("Enter")
        self.terminal.wait(lambda: re.search(r"prefill [1-9]\d?% · eta", self.terminal.status()), "the prefill starts")
        self.terminal.press("Escape")
        self.terminal.wait(lambda: self.has("[pasted"), "the message is in the composer again")
        self.terminal.wait(lambda: not BUSY.search(self.terminal.status()), "the prefill is stopped")
        expect("reused" not in self.terminal.status(), "an unanswered prompt has no statistics")
        self.terminal.press("C-u")
        self.terminal.send("/set max_tokens 30")
        self.terminal.press("C-y")
        self.terminal.wait(lambda: self.has("[pasted"), "the message is in the composer")
        self.terminal.press("Enter")
        status = self.idle("the turn ends")
        expect((reused(status) or 0) > 200, f"the prefilled part is kept: {status!r}")
        self.terminal.send("/set typing_ahead on")

    def regenerate(self) -> str:
        before = self.terminal.status()
        self.terminal.send("/regen")

        def begun() -> bool:
            # A short answer may end before the first check; then the statistics have changed.
            status = self.terminal.status()
            return bool(BUSY.search(status)) or (self.has("› Message") and status != before)

        self.terminal.wait(begun, "another answer starts")
        return self.idle("the answer ends")

    def branches(self) -> None:
        # After a change between siblings, only the new message is prefilled.
        self.terminal.send("/new")
        self.terminal.send("/set max_tokens 30")
        self.terminal.send("/set temperature 1")
        self.turn("Tell me about the sea.")
        self.regenerate()
        for to in ("previous", "next", "previous"):
            self.terminal.send(f"/branch {to}")
            time.sleep(0.5)
        status = self.turn("Go on.")
        expect(new(status) < 20, f"the cache of the branch is reused: {status!r}")

    def transcript(self) -> None:
        # A draft that has rested needs no prefill; then search, selection, a pipe, and a fork at a token.
        self.terminal.type("Tell me more about the deep sea.")
        self.terminal.wait(lambda: self.has("deep sea."), "the draft")
        time.sleep(4)
        self.terminal.press("Enter")
        status = self.idle("the turn ends")
        expect(new(status) == 0, f"the rested draft was prefilled to its end: {status!r}")
        self.terminal.send("/search deep sea")
        self.terminal.wait(lambda: "with this text" in self.terminal.status(), "/search finds the message")
        for key in ("F3", "S-F3"):
            self.terminal.press(key)
            self.terminal.wait(lambda: "with this text" in self.terminal.status(), f"{key} goes on")
        self.terminal.press("Escape")
        self.terminal.press("M-s")
        self.terminal.wait(lambda: "Enter copies" in self.terminal.status(), "Alt-S selects")
        self.terminal.press("Escape")
        self.terminal.send("/pipe wc -w")
        self.terminal.wait(lambda: self.has("wc -w:"), "the answer is passed to a command")
        self.terminal.send("/inspect")
        self.terminal.wait(lambda: self.has("Enter forks"), "the inspector")

        def token() -> int:
            return int(re.search(r"token (\d+) of ", "\n".join(self.terminal.screen()))[1])

        # It starts at the first doubtful token.
        start = token()
        for key, place in (("Right", start + 1), ("Left", start)):
            self.terminal.press(key)
            self.terminal.wait(lambda: token() == place, f"{key} selects token {place}")
        self.terminal.press("Enter")
        self.terminal.wait(lambda: self.has("Up and Down select an alternative"), "Enter needs an alternative")
        self.terminal.press("Tab", "BTab", "Up", "Enter")
        self.terminal.wait(lambda: self.has("· 2/2") or self.has("◆ 2/2"), "the fork is another version of the answer")
        self.idle("the fork ends")

    def compare(self) -> None:
        # Two answers at once, of which one is picked; then another model's answer, which is not.
        self.terminal.send("/new")
        self.terminal.send("/set max_tokens 24")
        self.terminal.send("/set temperature 1")
        self.terminal.send("/best 2 Tell me about the sea.")

        def both(name: str):
            return lambda: any(f"2 {name}" in line and line.count("· done") == 2 for line in self.terminal.screen())

        self.terminal.wait(both(self.first[:8]), "two answers side by side end")
        for key, place in (("Right", 2), ("Left", 1), ("Right", 2)):
            self.terminal.press(key)
            self.terminal.wait(lambda: self.has(f"▸ {place} {self.first[:8]}"), f"answer {place} is marked")
        self.terminal.press("Enter")
        self.terminal.wait(lambda: not self.has("· done"), "the comparison ends")
        status = self.turn("Go on.")
        expect(new(status) < 20, f"the cache of the picked answer is reused: {status!r}")
        self.terminal.send(f"/ask {self.second}")
        self.terminal.wait(both(self.second), "the answer of the other model ends")
        self.terminal.press("Escape")
        self.terminal.wait(lambda: not self.has("· done"), "the comparison ends")
        status = self.turn("Thank you.")
        expect(new(status) < 20, f"the cache of the first answer is reused: {status!r}")
        # A message for two models: the second one has written before the first one ends.
        # In a new conversation: behind other messages, the answer may be short.
        self.terminal.send("/set max_tokens auto")
        self.terminal.send("/new")
        self.terminal.send(f"/ask {self.second} {LONG_REQUEST}")

        def states(one: str, other: str):
            return lambda: any(re.search(rf"1 {re.escape(self.first[:8])}.*{one}.*2 {self.second}.*{other}", line)
                               for line in self.terminal.screen())

        self.terminal.wait(states("writing", "(writing|done)"), "both answers are written at once")
        self.terminal.press("Escape")
        self.terminal.wait(states("(stopped|done)", "(stopped|done)"), "both answers are stopped")
        self.terminal.press("Right", "Enter")
        self.idle("the comparison ends")
        # A running answer is joined by that of another model.
        self.terminal.send("/new")
        self.terminal.send(LONG_REQUEST)
        self.writing()
        self.terminal.send(f"/ask {self.second}")
        self.terminal.wait(states("(writing|done)", "(writing|done)"), "the other model writes too")
        self.terminal.press("Enter")
        self.terminal.wait(lambda: not states("", "")(), "the first answer goes on alone")
        self.terminal.wait(lambda: "/branch shows" not in self.terminal.status(), "the status line")
        if BUSY.search(self.terminal.status()):
            self.terminal.press("Escape")
        self.idle("the answer ends")
        self.terminal.send("/new")

    def paste(self, text: str) -> None:
        file = Path(self.terminal.socket).with_name("paste.txt")
        file.write_text(text)
        self.terminal.tmux("load-buffer", str(file))
        self.terminal.tmux("paste-buffer", "-p")
        self.terminal.wait(lambda: not self.has("› Message"), "the paste is in the composer")

    def refuse(self) -> None:
        # A message that exceeds the context returns to the composer, and the conversation continues without it.
        self.terminal.send("/set max_tokens 10")
        self.terminal.send("/new")
        self.turn("Hello?")
        self.paste("\n".join(f"{n} bottles of beer on the wall." for n in range(3000)))
        self.terminal.press("Enter")
        self.terminal.wait(
            lambda: self.has("› [pasted 3000 lines]") and self.has("shorten")
            and not BUSY.search(self.terminal.status()),
            "the message is in the composer again")
        self.terminal.press("C-u")
        status = self.turn("Hello again!")
        expect((reused(status) or 0) > 0, f"the conversation continues: {status!r}")

    def paste_command(self) -> None:
        # A paste of several lines is a message, even if the first line is a command.
        self.terminal.send("/set max_tokens 10")
        self.turn("Hello again!")
        self.paste("/new\nWhat is this?")
        self.terminal.press("Enter")
        self.idle("the turn ends")
        expect(self.has("› /new") and self.has("Hello again!"), "the paste is a message of the same conversation")

    def resize(self) -> None:
        for width, height in ((60, 20), (40, 12), (120, 40)):
            self.terminal.tmux("resize-window", "-x", str(width), "-y", str(height))
            self.idle(f"the status line at {width}x{height}")

            def fits() -> bool:
                lines = self.terminal.screen()
                return len(lines) == height and "ctx" in lines[-1] and "─" * width in lines

            self.terminal.wait(fits, f"the screen fills {width}x{height}")
        self.turn("One more.")

    def table(self) -> None:
        # The keys and commands that the help names, for the comparison at the end.
        self.terminal.tmux("resize-window", "-x", "160", "-y", "160")
        self.terminal.press("F1")
        self.terminal.wait(lambda: self.has("Settings for /set"), "the whole help")
        text, _ = "\n".join(self.terminal.screen()).split("\nSettings for /set\n")
        keys, commands = text.split("\nCommands\n")
        for names in re.findall(r"(?m)^  (\S.*?)(?:  |$)", keys):
            self.named.update(names.split(", "))
        self.named.update(re.findall(r"(?m)^  (/\w+)", commands))
        for names in re.findall(r"\(also ([^)]*)\)", commands):
            self.named.update(re.split(r",\s+", names))
        expect(len(self.named) > 80, f"the help names the keys and commands: {sorted(self.named)}")
        self.terminal.press("Escape")
        self.idle("the help is closed")

    def quit(self) -> None:
        self.terminal.send(next(self.ends))
        code = self.terminal.wait(self.terminal.exit_code, "the program exits")
        expect(code == 0, f"the exit code is 0, not {code}")
        self.terminal.wait(
            lambda: not any("› Message" in line for line in self.terminal.screen()), "the terminal is restored")

    def crash(self) -> None:
        self.start()
        self.terminal.send("/set max_tokens 40")
        self.terminal.send("/set temperature 0")
        self.turn("What is the capital of France?")
        self.terminal.send("/set max_tokens auto")
        self.terminal.send(LONG_REQUEST)
        self.writing()
        time.sleep(1.5)  # an answer is saved once a second
        self.terminal.kill_program()

    def has(self, text: str) -> bool:
        return any(text in line for line in self.terminal.screen())

    def resume(self) -> None:
        self.idle("the program starts")
        self.terminal.wait(lambda: self.has("Resumed: What is the capital"), "the conversation is resumed")
        self.terminal.press("Home")
        self.terminal.wait(lambda: self.has("› What is the capital of France?"), "its first message")
        self.terminal.wait(lambda: self.has("Paris"), "its first answer")
        self.terminal.press("End")
        self.terminal.wait(lambda: self.has("(the answer is not complete"), "the incomplete answer is marked")
        self.terminal.send("/set max_tokens 20")
        status = self.turn("Thank you.")
        expect("TTFT" in status, f"the conversation continues: {status!r}")

    def sessions(self) -> None:
        self.terminal.send("/rename The capital of France")
        self.terminal.send("/new")
        self.terminal.wait(lambda: not self.has("Thank you."), "a new conversation")
        self.turn("What is two and two?")
        self.terminal.type("/sessions ")
        self.terminal.wait(lambda: self.has("The capital of France") and self.has("open · "), "both are listed")
        self.terminal.type("cap")
        self.terminal.wait(lambda: not self.has("open · "), "the list is filtered")
        self.terminal.press("Enter")
        self.terminal.wait(lambda: self.has("Resumed: The capital of France"), "the first one is resumed")
        self.terminal.wait(lambda: self.has("Thank you."), "its last message")
        self.idle("the model is loaded")
        self.terminal.send("/delete")
        self.terminal.wait(lambda: "y deletes" in self.terminal.status(), "/delete asks for confirmation")
        self.terminal.type("y")
        self.terminal.wait(lambda: not self.has("Thank you."), "the session is deleted")
        self.idle("a new conversation")

    def run(self, *steps) -> None:
        for step in steps:
            step()
            print(f"ok   {step.__name__.replace('_', ' ')}", flush=True)
            if self.show:
                print("\n".join(f"  | {line}" for line in self.terminal.screen()), flush=True)


def expect(condition: bool, what: str) -> None:
    if not condition:
        raise Failure(f"expected: {what}")


def main() -> int:
    model, show = Path(sys.argv[1]).resolve(), "--show" in sys.argv
    # A program whose terminal was closed saves its caches for a moment, while the folder is removed.
    with tempfile.TemporaryDirectory(prefix="sotto-terminal-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        models = folder / "data" / "sotto" / "models"
        models.mkdir(parents=True)
        (models / model.name).symlink_to(model)
        second = models / "nonsense.gguf"
        subprocess.run([sys.executable, HERE / "second_model.py", model, second], check=True)
        subprocess.run([sys.executable, HERE / "second_model.py", model, models / "thinker.gguf", "--thinks"], check=True)
        environment = {
            "XDG_DATA_HOME": folder / "data", "XDG_CONFIG_HOME": folder / "config", "XDG_STATE_HOME": folder / "state",
            "XDG_CACHE_HOME": folder / "cache", "HOME": folder, "HF_HOME": folder / "hf", "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8", "EDITOR": folder / "editor.sh",
        }
        everyday = ["start", "settings", "two_turns", "draft_keys", "keys", "attach", "editor", "typing_ahead", "queue", "stop",
                    "scroll", "switch", "switch_while_writing", "answer_now", "stop_prefill", "branches", "transcript",
                    "compare", "commands", "titles", "refuse", "full_context", "paste_command", "resize", "table", "quit"]
        programs = [(["chat", model.stem], everyday),
                    (["chat", model.stem, "--draft", second.stem], ["start", "draft_model", "quit"]),
                    (["--resume", "Wide table"], ["wide_characters", "leave_in_the_middle"]),
                    (["--resume", "Wide table"], ["return_to_the_middle", "quit"], 60, 16),
                    (["chat", model.stem], ["crash"]),
                    (["--continue"], ["resume", "sessions", "end_of_input"]), (["chat", model.stem], ["start", "unsent_draft"]),
                    (["chat", model.stem], ["restored_draft"]),
                    (["chat", model.stem, "--preset", "review"], ["preset", "suspend", "two_interrupts"])]
        presets = folder / "config" / "sotto" / "presets"
        presets.mkdir(parents=True)
        (presets / "review.toml").write_text("system_prompt = 'You review code.'\ntop_k = 7\n")
        editor = folder / "editor.sh"
        editor.write_text("#!/bin/sh\nprintf ' and in the editor' >>\"$1\"\n")
        editor.chmod(0o755)
        variables = os.environ | {key: str(value) for key, value in environment.items()}
        export = folder / "export.json"
        export.write_text(json.dumps({
            "title": "Wide table", "model": model.stem,
            "messages": [{"role": "user", "content": "A table?"}, {"role": "assistant", "content": WIDE}]}))
        subprocess.run([SOTTO, "sessions", "import", export], env=variables, check=True, capture_output=True)
        for number, (arguments, steps, *size) in enumerate(programs):
            own = folder / f"terminal{number}"
            width, height = size or (140, 30)
            terminal = Terminal([SOTTO, *arguments], {k: str(v) for k, v in environment.items()}, own, width, height,
                                "suspend" in steps)
            scenario = Scenario(terminal, model.stem, second.stem, show)
            try:
                scenario.run(*(getattr(scenario, step) for step in steps))
            except Failure as failure:
                print(f"FAIL {failure}\nThe screen:")
                print("\n".join(f"  | {line}" for line in terminal.screen()))
                print((own / "stderr").read_text()[-2000:])
                return 1
            finally:
                terminal.kill()
        shown = subprocess.run([SOTTO, "config", "--json"], env=variables, capture_output=True, text=True)
        origins = {row["name"]: row["origin"] for row in json.loads(shown.stdout or "[]")}
        if (origins.get("theme"), origins.get("history")) != ("from settings.toml", "built in"):
            print(f"FAIL sotto config shows where the values come from: {shown}")
            return 1
        found = subprocess.run([SOTTO, "sessions", "search", "two and two", "--json"], env=variables, capture_output=True,
                               text=True)
        hits = json.loads(found.stdout or "[]")
        if not any(hit["role"] == "user" and hit["message"] == 0 for hit in hits):
            print(f"FAIL sotto sessions search finds the question: {found}")
            return 1
    missing = sorted(Scenario.named - Terminal.used - set(ELSEWHERE))
    missing += [command for command, file in ELSEWHERE.items() if f'"{command} ' not in (HERE / file).read_text()]
    if missing:
        print(f"FAIL not used in any step: {missing}")
        return 1
    print(f"the terminal test passed with all {len(Scenario.named)} keys and commands of the help")
    return 0


if __name__ == "__main__":
    sys.exit(main())
