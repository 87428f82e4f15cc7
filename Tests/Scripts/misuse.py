"""Tests file system errors and quitting in a real terminal: misuse.py MODEL.gguf [CASE ...]

Covers full, read-only, missing and inaccessible folders, files that are truncated while in use, two processes with
the same conversation, a small disk limit, and all ways of quitting in all states. In each case the chat continues,
one message contains the problem, the path, the reason and advice, and no saved data is lost. Cases that require
privileges of the caller (mounting a file system, another user) are skipped without them.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import terminal
from terminal import HERE, Failure, Scenario, Terminal, expect, new

QUESTIONS = ["What is the capital of France?", "And of Italy?", "And of Spain?", "And of Poland?"]
OTHER_USER = 65534


class Skipped(Exception):
    """A requirement of the case is not available."""


class Home:
    """The folders of a user, and terminals with the program."""

    def __init__(self, folder: Path, model: Path):
        self.folder, self.model = folder, folder / model.name
        self.model.symlink_to(model)
        self.cache, self.data, self.state, self.config = (
            folder / name for name in ("cache", "data", "state", "config"))
        for place in (self.cache, self.data, self.state, self.config):
            place.mkdir()
        self.prompts = self.cache / "sotto" / "prompts"
        self.wrapper: list[str] = []
        #: False starts programs with HOME alone, without the XDG variables.
        self.names_folders = True
        self.terminals: list[Terminal] = []
        self.mounts: list[Path] = []

    def mount(self, place: Path, size: str) -> None:
        command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", str(place)]
        if subprocess.run(command, capture_output=True).returncode != 0:
            raise Skipped("mounting a file system is not permitted")
        self.mounts.append(place)

    def remount(self, place: Path, option: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{option}", str(place)], check=True, capture_output=True)

    def settings(self, text: str) -> None:
        (self.config / "sotto").mkdir()
        (self.config / "sotto" / "settings.toml").write_text(text)

    def environment(self) -> dict[str, str]:
        names = {"HOME": self.folder, "HF_HOME": self.folder / "hf", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
        if self.names_folders:
            names |= {"XDG_CACHE_HOME": self.cache, "XDG_DATA_HOME": self.data, "XDG_STATE_HOME": self.state,
                      "XDG_CONFIG_HOME": self.config}
        return {key: str(value) for key, value in names.items()}

    def start(self, *arguments: str, draft: str | None = None) -> Scenario:
        """Starts the program; with a draft, waits until the composer has that unanswered message."""
        command = [*self.wrapper, terminal.SOTTO, "chat", *arguments, str(self.model)]
        window = Terminal(command, self.environment(), self.folder / f"terminal{len(self.terminals)}", 200, 40)
        self.terminals.append(window)
        scenario = Scenario(window, self.model.stem, "", False)
        if draft is not None:
            window.wait(lambda: scenario.has(f"› {draft}"), "the unanswered message is in the composer")
            return scenario
        scenario.idle("the program starts")
        window.send("/set max_tokens 20")
        window.send("/set temperature 0")
        return scenario

    def quit(self, chat: Scenario) -> None:
        chat.quit()
        self.check_exit(chat.terminal, 0)

    def check_exit(self, window: Terminal, expected: int | None) -> None:
        """Waits for the exit of the program, and checks its exit code and the restored terminal modes."""
        code = window.wait(window.exit_code, "the program exits")
        expect(expected is None or code == expected, f"the exit code is {expected}, not {code}")
        modes = window.exit_file.with_name("modes").read_text().split()
        expect("icanon" in modes and "echo" in modes, "the terminal modes are restored")
        expect(not self.partial(), f"no partial files remain: {self.partial()}")

    def errors(self, chat: Scenario) -> str:
        return (chat.terminal.exit_file.with_name("stderr")).read_text()

    def partial(self) -> list[Path]:
        return list(self.folder.rglob("*.partial"))

    def saved(self) -> list[str]:
        """The user's messages on disk."""
        database = sqlite3.connect(f"file:{self.data}/sotto/sessions.sqlite?mode=ro", uri=True)
        rows = database.execute("SELECT content FROM message WHERE role = 'user' ORDER BY session, place").fetchall()
        database.close()
        return [row[0] for row in rows]

    def close(self) -> None:
        for window in self.terminals:
            window.kill()
        for place in self.mounts:
            subprocess.run(["umount", "-l", str(place)], capture_output=True)


def run_turns(chat: Scenario, count: int = 3, pause: float = 2.5) -> str:
    """Some turns, each followed by a pause in which its cache is saved."""
    status = ""
    for question in QUESTIONS[:count]:
        status = chat.turn(question)
        expect(chat.has("Paris" if question == QUESTIONS[0] else "capital"), "the question is answered")
        time.sleep(pause)
    return status


def expect_one_message(chat: Scenario, *words: str) -> None:
    """Checks that the screen contains all of these words, and the first of them only once."""
    text = " ".join(line.strip() for line in chat.terminal.screen())
    # A long path may be wrapped, which adds a space.
    together = text.replace(" ", "")
    for word in words:
        expect(word.replace(" ", "") in together, f"the message contains {word!r}: {text}")
    expect(text.count(words[0]) == 1, f"the message occurs once: {text}")


def has_exited(program: int) -> bool:
    """Whether a process has exited; it may be a zombie."""
    try:
        return Path(f"/proc/{program}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


CACHES, SESSION = "Caches cannot be saved", "This conversation is not saved"


def full_cache_folder(home: Home) -> None:
    home.mount(home.cache, "1m")
    chat = home.start()
    status = run_turns(chat)
    expect(new(status) < 20, f"the cache in memory is still used: {status!r}")
    expect_one_message(chat, CACHES, str(home.prompts), "no space left on device", "free some space")
    home.quit(chat)
    expect(home.saved() == QUESTIONS[:3], "the conversation is saved")


def full_data_folder(home: Home) -> None:
    home.mount(home.data, "80k")
    chat = home.start()
    chat.turn(QUESTIONS[0])
    (home.data / "filler").write_bytes(b"")
    try:
        (home.data / "filler").write_bytes(bytes(80 << 10))
    except OSError:
        pass
    run_turns(chat, pause=0.5)
    expect_one_message(chat, SESSION, "sessions.sqlite", "no space left on device", "free some space")
    # After space has been freed, everything is saved with the next message.
    home.remount(home.data, "size=4m")
    chat.turn(QUESTIONS[3])
    home.quit(chat)
    expect(home.saved() == [QUESTIONS[0], *QUESTIONS[:4]], f"everything is saved: {home.saved()}")
    chat = home.start("--continue")
    home.remount(home.data, "size=80k")
    try:
        (home.data / "more").write_bytes(bytes(80 << 10))
    except OSError:
        pass
    run_turns(chat, pause=0.5)
    home.quit(chat)
    expect(SESSION in home.errors(chat), "the message is printed at exit as well")
    # After space has been freed, quitting saves everything.
    chat = home.start("--continue")
    run_turns(chat, 1, pause=0.5)
    expect(chat.has(SESSION), "the conversation is not saved")
    home.remount(home.data, "size=4m")
    home.quit(chat)
    expect(home.saved() == [QUESTIONS[0], *QUESTIONS[:4], QUESTIONS[0]], f"everything is saved: {home.saved()}")
    expect(home.saved()[:5] == [QUESTIONS[0], *QUESTIONS[:4]], "what was saved is still there")


def full_disk_at_the_start(home: Home) -> None:
    """Without any room on the disk, conversations can still be read, and the cause is named."""
    home.mount(home.data, "300k")
    chat = home.start()
    run_turns(chat, 1, pause=0.5)
    home.quit(chat)
    with open(home.data / "filler", "wb", buffering=0) as filler:
        try:
            while filler.write(bytes(4096)):
                pass
        except OSError:
            pass
    chat = home.start("--continue")
    expect(chat.has(QUESTIONS[0]), "the conversation is resumed")
    chat.turn(QUESTIONS[1])
    expect_one_message(chat, SESSION, "sessions.sqlite", "no space left on device", "free some space")
    home.remount(home.data, "size=4m")
    home.quit(chat)
    expect(home.saved() == QUESTIONS[:2], f"everything is saved: {home.saved()}")


def read_only_folders(home: Home) -> None:
    chat = home.start()
    run_turns(chat, 1)
    home.quit(chat)
    for place in (home.cache, home.data):
        copy = place.with_name("copy")
        shutil.copytree(place, copy)
        home.mount(place, "64m")
        shutil.copytree(copy, place, dirs_exist_ok=True)
        shutil.rmtree(copy)
        home.remount(place, "ro")
    chat = home.start("--continue")
    chat.turn(QUESTIONS[1])
    time.sleep(2.5)
    chat.turn(QUESTIONS[2])
    expect_one_message(chat, CACHES, str(home.prompts), "read-only file system", "make it writable")
    expect_one_message(chat, SESSION, "sessions.sqlite", "read-only file system")
    for place in (home.cache, home.data):
        home.remount(place, "rw")
    # After the folders have become writable, everything is saved.
    chat.turn(QUESTIONS[3])
    home.quit(chat)
    expect(home.saved() == QUESTIONS, f"everything is saved: {home.saved()}")


def dangling_links(home: Home) -> None:
    for place in (home.cache, home.data, home.state):
        place.rmdir()
        place.symlink_to("/nonexistent/place")
    chat = home.start()
    run_turns(chat)
    expect_one_message(
        chat, CACHES, str(home.cache), "the link points to a folder that does not exist", "remove the link")
    expect_one_message(chat, SESSION, str(home.data), "the link points to a folder that does not exist")
    home.quit(chat)


def links_to_other_folders(home: Home) -> None:
    elsewhere = home.folder / "elsewhere"
    elsewhere.mkdir()
    for place in (home.cache, home.data, home.state):
        (place / "sotto").symlink_to(elsewhere)
    chat = home.start()
    run_turns(chat)
    home.quit(chat)
    expect(home.saved() == QUESTIONS[:3], "the conversation is saved")
    status = home.start("--continue").turn(QUESTIONS[3])
    expect("disk" in status and new(status) < 20, f"the cache is saved as well: {status!r}")


def folders_of_another_user(home: Home) -> None:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        raise Skipped("changing the user requires root")
    # Other users may not have access to the folders of the program and of the model.
    program = home.folder / "sotto"
    shutil.copy(terminal.SOTTO, program)
    real = home.model.resolve()
    home.model.unlink()
    shutil.copy(real, home.model)
    home.folder.chmod(0o755)
    for place in (home.state, home.config):
        os.chown(place, OTHER_USER, OTHER_USER)
    home.cache.chmod(0o700)
    home.data.chmod(0o755)
    home.wrapper = ["setpriv", f"--reuid={OTHER_USER}", f"--regid={OTHER_USER}", "--clear-groups"]
    before, terminal.SOTTO = terminal.SOTTO, str(program)
    try:
        chat = home.start()
        run_turns(chat)
        expect_one_message(chat, CACHES, str(home.cache), "permission denied", "give yourself the right")
        expect_one_message(chat, SESSION, str(home.data), "permission denied")
        home.quit(chat)
    finally:
        terminal.SOTTO = before


def folders_removed_in_use(home: Home) -> None:
    chat = home.start()
    run_turns(chat, 1)
    for place in (home.cache, home.data, home.state):
        shutil.rmtree(place)
    for question in QUESTIONS[1:3]:
        chat.turn(question)
        time.sleep(2.5)
    expect(not chat.has(CACHES) and not chat.has(SESSION), "no message is shown, because the folders are created again")
    home.quit(chat)
    expect(home.saved() == QUESTIONS[:3], "the complete conversation is saved")
    status = home.start("--continue").turn(QUESTIONS[3])
    expect("disk" in status and new(status) < 20, f"the cache is saved as well: {status!r}")


def cache_files_truncated_in_use(home: Home) -> None:
    chat = home.start()
    run_turns(chat, 2)
    home.quit(chat)
    for change in ("truncated", "overwritten"):
        chat = home.start("--continue")
        time.sleep(0.5)  # the cache is restored
        for file in home.prompts.iterdir():
            with open(file, "r+b") as opened:
                if change == "truncated":
                    opened.truncate(4096)
                else:
                    opened.write(bytes(file.stat().st_size))
        status = chat.turn(QUESTIONS[2])
        expect("disk" in status and new(status) < 20, f"{change}: the restored cache is used: {status!r}")
        expect(chat.has("Madrid"), f"{change}: the answer is correct")
        time.sleep(2.5)
        home.quit(chat)


def damaged_files(home: Home) -> None:
    chat = home.start()
    run_turns(chat, 2)
    home.quit(chat)
    for file in [*home.prompts.iterdir(), *(home.cache / "sotto" / "vocabularies").iterdir()]:
        with open(file, "r+b") as opened:
            opened.seek(file.stat().st_size // 2)
            opened.write(b"damage")
    chat = home.start("--continue")
    status = chat.turn(QUESTIONS[2])
    expect("disk" not in status and chat.has("Madrid"), f"the damaged file is refused: {status!r}")
    time.sleep(2.5)
    home.quit(chat)
    status = home.start("--continue").turn(QUESTIONS[3])
    expect("disk" in status and new(status) < 20, f"the file was written again: {status!r}")


def damaged_database(home: Home) -> None:
    """A database with a destroyed page is renamed, and what can be read of it is saved in a new one."""
    chat = home.start()
    for question in QUESTIONS[:2]:
        chat.turn(question)
    home.quit(chat)
    file = home.data / "sotto" / "sessions.sqlite"
    with open(file, "r+b") as opened:
        opened.write(bytes(2048))
    chat = home.start("--continue")
    expect_one_message(chat, "was renamed to", f"{file}.damaged", "1 conversation with 4 messages", "saved in a new file")
    expect(chat.has(f"› {QUESTIONS[1]}"), "the conversation is resumed")
    chat.turn(QUESTIONS[2])
    home.quit(chat)
    expect(home.saved() == QUESTIONS[:3], f"everything is saved: {home.saved()}")
    listed = subprocess.run([terminal.SOTTO, "sessions"], env={**os.environ, **home.environment()}, capture_output=True,
                            text=True)
    expect(listed.stdout.count("\n") == 1, f"there is one session: {listed}")


def model_truncated_in_use(home: Home) -> None:
    # A model file is mapped, so its truncation ends the program: with a message, and without loss of saved data.
    real = home.model.resolve()
    home.model.unlink()
    shutil.copy(real, home.model)
    chat = home.start()
    run_turns(chat, 1)
    os.truncate(home.model, 1 << 20)
    # The database is locked, so that the engine fails before the save ends.
    other = sqlite3.connect(home.data / "sotto" / "sessions.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    chat.terminal.send(QUESTIONS[1])
    time.sleep(0.7)
    other.execute("ROLLBACK")
    other.close()
    home.check_exit(chat.terminal, None)
    expect("a model file was truncated" in home.errors(chat), f"the reason is printed: {home.errors(chat)!r}")
    expect(home.saved() == QUESTIONS[:2], "the conversation is saved")
    os.unlink(home.model)
    home.model.symlink_to(real)
    chat = home.start("--continue", draft=QUESTIONS[1])
    expect(chat.has("Paris"), "the answered part is resumed")
    chat.terminal.press("Enter")
    chat.idle("the turn ends")
    expect(chat.has("capital"), "the message is answered")


def model_truncated_in_line_mode(home: Home) -> None:
    real = home.model.resolve()
    home.model.unlink()
    shutil.copy(real, home.model)
    program = subprocess.Popen([terminal.SOTTO, "chat", str(home.model)], env={**os.environ, **home.environment()},
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        program.stdin.write(f"/set temperature 0\n{terminal.LONG_REQUEST}\n".encode())
        program.stdin.flush()
        expect(program.stdout.read(1) != b"", "the answer starts")
        os.truncate(home.model, 1 << 20)
        _, errors = program.communicate(timeout=terminal.PATIENCE)
    finally:
        program.kill()
    expect(b"a model file was truncated" in errors, f"the reason is printed: {errors!r}")
    expect(program.returncode == -signal.SIGBUS, f"the signal is passed on: {program.returncode}")


def stack_overflow(home: Home) -> None:
    sources = HERE.parents[1] / "Sources" / "CNcurses"
    program = home.folder / "overflow"
    compiler = shutil.which("cc") or shutil.which("clang")
    if compiler is None:
        raise Skipped("there is no C compiler")
    subprocess.run([compiler, "-std=gnu17", "-O0", f"-I{sources / 'include'}", str(HERE / "check_signals.c"),
                    *map(str, sorted(sources.glob("*.c"))), "-o", str(program), "-lncursesw", "-ltinfo", "-lpthread"],
                   check=True, capture_output=True)
    window = Terminal([str(program)], home.environment(), home.folder / "terminal-overflow", 80, 24)
    home.terminals.append(window)
    home.check_exit(window, 128 + signal.SIGSEGV)


def deleted_conversation(home: Home) -> None:
    """After /delete and /quit no file contains a text of the conversation, and its caches are gone."""
    word = "Zebulon"

    def heads() -> set[str]:
        return {file.name for file in home.prompts.glob("*.head.*")}

    chat = home.start()
    chat.turn(QUESTIONS[0])
    time.sleep(2.5)
    chat.terminal.send("/new")
    chat.terminal.wait(lambda: not chat.has("Paris"), "a new conversation")
    before = heads()
    chat.terminal.send(f"/system You are {word}, an old sailor who answers every question with a short story about the "
                       "sea, the wind, the moon, and the many harbours that he has seen in his long life.")
    added = chat.terminal.wait(lambda: heads() - before, "the head of the system prompt is saved")
    chat.turn(f"Who are you, {word}?")
    time.sleep(2.5)
    chat.turn(f"And where is {word} now?")
    chat.terminal.send(f"/rename The story of {word}")
    time.sleep(1)
    files = [file for place in (home.data, home.state) for file in place.rglob("*") if file.is_file()]
    expect(any(word.encode() in file.read_bytes() for file in files), "the text was saved")
    chat.terminal.send("/delete")
    chat.terminal.wait(lambda: "y deletes" in chat.terminal.status(), "a question")
    chat.terminal.type("y")
    chat.terminal.wait(lambda: not chat.has("Who are you"), "it is deleted")
    time.sleep(1)
    home.quit(chat)
    for place in (home.cache, home.data, home.state, home.config):
        for file in place.rglob("*"):
            if file.is_file():
                expect(word.encode() not in file.read_bytes(), f"{file} contains no text of the conversation")
    expect(not heads() & added, f"the head is deleted: {heads() & added}")
    expect(home.saved() == [QUESTIONS[0]], f"the other conversation is kept: {home.saved()}")


def quick_session_changes(home: Home) -> None:
    """/new and /sessions in quick succession: the engine follows the screen."""
    chat = home.start()
    chat.turn(QUESTIONS[0])
    chat.terminal.send("/rename Capitals")
    for _ in range(4):
        chat.terminal.send("/new")
        chat.terminal.send("/sessions Capitals")
    chat.terminal.wait(lambda: chat.has("Paris"), "the last command resumes the conversation")
    chat.idle("the conversation is resumed")
    status = chat.turn(QUESTIONS[1])
    expect((terminal.reused(status) or 0) > 20, f"the engine is on the resumed conversation: {status!r}")
    chat.terminal.send("/sessions Capitals")
    chat.terminal.send("/new")
    chat.terminal.wait(lambda: not chat.has("Paris"), "the last command opens a new conversation")
    chat.turn("Hello?")
    home.quit(chat)
    database = sqlite3.connect(f"file:{home.data}/sotto/sessions.sqlite?mode=ro", uri=True)
    rows = database.execute("SELECT session, content FROM message WHERE role = 'user' ORDER BY place").fetchall()
    database.close()
    sessions: dict[int, list[str]] = {}
    for session, content in rows:
        sessions.setdefault(session, []).append(content)
    expect(sorted(sessions.values()) == [["Hello?"], QUESTIONS[:2]], f"each message is where it was sent: {sessions}")


def message_right_after_leaving(home: Home) -> None:
    """A message in a new conversation does not cancel the save of the cache of the conversation before."""
    chat = home.start()
    chat.terminal.send("/rename Bottles")
    paste(home, chat, 400)  # a cache that takes a while to save
    chat.terminal.press("Enter")
    chat.idle("the turn ends")
    chat.terminal.send("/new")
    chat.terminal.send("Hello?")
    chat.idle("the turn ends")
    home.quit(chat)
    chat = home.start("--resume", "Bottles")
    chat.terminal.wait(lambda: chat.has("bottles"), "the first conversation is resumed")
    status = chat.turn(QUESTIONS[1])
    expect("disk" in status, f"the cache of the first conversation was saved: {status!r}")
    home.quit(chat)


def settings_below_home(home: Home) -> None:
    """Settings follow $HOME as models and sessions do."""
    home.names_folders = False
    folder = home.folder / ".config" / "sotto"
    folder.mkdir(parents=True)
    (folder / "settings.toml").write_text("history = false\n")
    chat = home.start()
    chat.turn(QUESTIONS[0])
    time.sleep(2.5)
    home.quit(chat)
    kept = [file for name in (".local", ".cache") for file in (home.folder / name).rglob("*")
            if file.is_file() and b"capital of France" in file.read_bytes()]
    expect(not kept and not list(home.folder.rglob("sessions.sqlite")), f"nothing of the conversation is saved: {kept}")


def unknown_terminal_types(home: Home) -> None:
    """A terminal type without a description: a related one serves, otherwise messages are lines, and why is said."""
    home.wrapper = ["env", "TERM=xterm-of-tomorrow"]
    home.quit(home.start())
    command = ["env", "TERM=teletype-of-tomorrow", terminal.SOTTO, "chat", str(home.model)]
    window = Terminal(command, home.environment(), home.folder / "lines", 100, 20)
    home.terminals.append(window)
    errors = window.exit_file.with_name("stderr")
    window.wait(lambda: errors.exists() and "is ready" in errors.read_text(), "the line mode starts")
    error = errors.read_text()
    expect("'teletype-of-tomorrow' has no description" in error, f"the reason is said: {error}")
    window.type("/quit")
    window.press("Enter")
    home.check_exit(window, 0)


def locked_database(home: Home) -> None:
    chat = home.start()
    run_turns(chat, 1)
    other = sqlite3.connect(home.data / "sotto" / "sessions.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    chat.turn(QUESTIONS[1])
    chat.terminal.send("/quit")
    chat.terminal.wait(lambda: "Waiting until this conversation is saved" in home.errors(chat), "the wait is explained")
    other.execute("ROLLBACK")
    other.close()
    home.check_exit(chat.terminal, 0)
    expect(chat.has("sotto --resume"), "it can be resumed")
    expect(home.saved() == QUESTIONS[:2], "the conversation is saved")


def leftovers_of_a_killed_process(home: Home) -> None:
    chat = home.start()
    run_turns(chat, 1)
    chat.terminal.kill_program()
    long_ago = time.time() - 3600
    leftovers = [home.prompts / "0.session.x.safetensors.1-1.partial", home.cache / "sotto" / "vocabularies" / "x.vocabulary.1-1.partial"]
    for file in leftovers:
        file.write_bytes(bytes(100))
        os.utime(file, (long_ago, long_ago))
    for file in (home.cache / "sotto" / "vocabularies").glob("*.vocabulary"):
        file.unlink()
    chat = home.start("--continue")
    status = chat.turn(QUESTIONS[1])
    expect("disk" in status, f"the cache saved before the kill is used: {status!r}")
    time.sleep(2.5)
    home.quit(chat)
    expect(not any(file.exists() for file in leftovers), "the leftovers are deleted")
    expect(home.saved() == QUESTIONS[:2], "the conversation is saved")


def two_processes_with_one_conversation(home: Home) -> None:
    first = home.start()
    run_turns(first, 1)
    second = home.start("--continue")
    second.turn(QUESTIONS[1])
    time.sleep(2.5)
    first.turn(QUESTIONS[2])
    time.sleep(2.5)
    expect(first.has("Another Sotto process changed this conversation"), "the first process reports the change")
    second.turn(QUESTIONS[3])
    time.sleep(2.5)
    home.quit(first)
    home.quit(second)
    sessions = sorted([[QUESTIONS[0], QUESTIONS[1], QUESTIONS[3]], [QUESTIONS[0], QUESTIONS[2]]])
    saved = home.saved()
    expect(saved in (sessions[0] + sessions[1], sessions[1] + sessions[0]), f"both are saved: {saved}")
    for chat in (first, second):
        name = next(line.split()[2] for line in chat.terminal.screen() if line.startswith("sotto --resume"))
        status = home.start("--resume", name).turn("Thank you.")
        expect("disk" in status and new(status) < 20, f"the cache of each is saved: {status!r}")


def small_disk_limit(home: Home) -> None:
    home.settings("cache_disk = 0.012\n")  # four files of 3 MB
    chat = home.start()
    for number in range(8):
        # All differ: the history of a conversation that equals another one's is not prefilled before it is saved.
        chat.turn(f"{number}. {QUESTIONS[number % 4]}")
        time.sleep(2.5)
        files = {file.name: file.stat().st_size for file in home.prompts.iterdir()}
        expect(sum(files.values()) <= 12_000_000, f"the limit is kept: {files}")
        if number < 7:
            chat.terminal.send("/new")
    expect(len(files) >= 2, f"there are several files: {files}")
    home.quit(chat)
    status = home.start("--continue").turn("Thank you.")
    expect("disk" in status and new(status) < 20, f"the latest file was kept: {status!r}")


def paste(home: Home, chat: Scenario, sentences: int) -> None:
    """Pastes a long text into the composer."""
    text = home.folder / "paste.txt"
    text.write_text(" ".join(f"{n} bottles of beer on the wall." for n in range(sentences)))
    chat.terminal.tmux("load-buffer", str(text))
    chat.terminal.tmux("paste-buffer", "-p")
    chat.terminal.wait(lambda: not chat.has("› Message"), "the paste is in the composer")


def quitting(home: Home) -> None:
    def ask_long(chat: Scenario) -> None:
        chat.terminal.send("/set max_tokens auto")
        chat.terminal.send(terminal.LONG_REQUEST)

    def prefilling(chat: Scenario) -> None:
        chat.terminal.send("/set typing_ahead off")
        paste(home, chat, 700)
        chat.terminal.press("Enter")
        chat.terminal.wait(lambda: "prefill" in chat.terminal.status(), "the prefill starts")

    def writing(chat: Scenario) -> None:
        ask_long(chat)
        chat.writing()

    def saving(chat: Scenario) -> None:
        chat.turn(QUESTIONS[1])
        time.sleep(2)  # the save after the answer starts about now

    def idle(chat: Scenario) -> None:
        chat.turn(QUESTIONS[1])

    def command(chat: Scenario) -> None:
        chat.terminal.send("/quit")

    def interrupts(chat: Scenario) -> None:
        # The first Ctrl-C stops an answer, the next ones ask and quit.
        while chat.terminal.exit_code() is None:
            chat.terminal.press("C-c")
            time.sleep(0.1)

    def send(number: int):
        return lambda chat: os.kill(chat.terminal.program(), number)

    def hang_up(chat: Scenario) -> None:
        chat.program = chat.terminal.program()
        chat.terminal.kill()

    ways = [("/quit", command, 0), ("Ctrl-C", interrupts, 130), ("SIGTERM", send(signal.SIGTERM), 143),
            ("a closed terminal", hang_up, None)]
    messages = 0
    for state in (idle, prefilling, writing, saving):
        for name, way, code in ways:
            chat = home.start()
            chat.turn(QUESTIONS[0])
            state(chat)
            start = time.monotonic()
            way(chat)
            if way is hang_up:
                chat.terminal.wait(lambda: has_exited(chat.program), f"the program exits, {state.__name__}")
            else:
                home.check_exit(chat.terminal, None if way is interrupts else code)
                chat.terminal.kill()
            print(f"     {name} while {state.__name__}: {time.monotonic() - start:.2f} s", flush=True)
            # Ctrl-C during the prefill moves the message to the composer, and the next Ctrl-C clears it.
            messages += 1 if state is prefilling and way is interrupts else 2
            expect(len(home.saved()) == messages, f"{name} while {state.__name__}: everything is saved")
            expect(not home.partial(), f"{name} while {state.__name__}: no partial files remain")


CASES = [full_cache_folder, full_data_folder, full_disk_at_the_start, read_only_folders, dangling_links, links_to_other_folders,
         folders_of_another_user, folders_removed_in_use, cache_files_truncated_in_use, damaged_files,
         damaged_database,
         model_truncated_in_use, model_truncated_in_line_mode, stack_overflow, deleted_conversation, quick_session_changes,
         message_right_after_leaving, settings_below_home, unknown_terminal_types, locked_database,
         leftovers_of_a_killed_process, two_processes_with_one_conversation,
         small_disk_limit, quitting]


def main() -> int:
    model, wanted = Path(sys.argv[1]).resolve(), sys.argv[2:]
    failed = 0
    for case in CASES:
        name = case.__name__.replace("_", " ")
        if wanted and case.__name__ not in wanted:
            continue
        with tempfile.TemporaryDirectory(prefix="sotto-misuse-") as folder:
            home = Home(Path(folder), model)
            try:
                case(home)
                print(f"ok   {name}", flush=True)
            except Skipped as reason:
                print(f"skip {name}: {reason}", flush=True)
            except Failure as failure:
                failed += 1
                print(f"FAIL {name}: {failure}", flush=True)
                for window in home.terminals[-1:]:
                    try:
                        print("\n".join(f"  | {line}" for line in window.screen() if line), flush=True)
                        print(window.exit_file.with_name("stderr").read_text()[-1000:], flush=True)
                    except (Failure, OSError):
                        pass
            finally:
                home.close()
                time.sleep(0.5)  # after its terminal closed, a program still removes the log of its database
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
