"""Drives `sotto pull`, `/pull` and `sotto rm` against an imitation of a hub: check_pull.py [MODEL.gguf]

SOTTO is the path of the program. The tests of the chat need the model, tmux for its screen, and root for a full disk;
they are skipped otherwise.
"""

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from fake_hub import TOKEN, Hub, content
from terminal import Failure, Terminal

SOTTO = os.path.abspath(os.environ.get("SOTTO", ".build/release/sotto"))
SUGGESTED = Path(__file__).parents[2] / "Sources/Hub/SuggestedModel.swift"
GGUF = Path(__file__).parents[1] / "ModelsTests/Fixtures/tiny/gguf-ministral3/model.gguf"
TINY = Path(__file__).parents[1] / "ModelsTests/Fixtures/tiny/llama-tied-bf16"
TOKENIZER = Path(__file__).parents[1] / "TokenizationTests/Fixtures/smollm.tokenizer.json"
MB = 1 << 20
failures = 0


def check(name: str, condition: bool, detail: str = "") -> None:
    global failures
    if not condition:
        failures += 1
    print(f"{'ok    ' if condition else 'FAILED'} {name}{'' if condition else ': ' + detail}", flush=True)


def big(name: str, size: int = 20 * MB) -> dict[str, bytes]:
    return {"Big-Q4_K_M.gguf": content(name, size), "README.md": b"# Big"}


FAULTS = ("short", "wrong", "stall", "plain", "busy", "private", "gated", "huge", "cut", "shift", "bare", "html", "list",
          "wait")
tiny = {path.name: path.read_bytes() for path in TINY.iterdir() if path.suffix == ".json" or "model" in path.name}
tiny["tokenizer.json"] = TOKENIZER.read_bytes()
hub = Hub(
    {
        "org/tiny": tiny | {"README.md": b"x", "pytorch_model.bin": b"y", "onnx/model.onnx": b"z"},
        "org/many-GGUF": {f"Many-{tag}.gguf": content(tag, size) for tag, size in [("Q4_K_M", 2 * MB), ("Q8_0", 3 * MB), ("F16", 4 * MB)]}
        | {"mmproj-Many-F16.gguf": b"x", "Two/Two-Q6_K-00001-of-00002.gguf": b"one", "Two/Two-Q6_K-00002-of-00002.gguf": b"two"},
        "org/none": {"README.md": b"x"},
        **{f"org/{fault}-GGUF": big(fault) for fault in FAULTS},
        "org/loop-GGUF": big("loop"), "org/gone-GGUF": big("gone"),
        # A model that can be listed, as long as a large one.
        "org/slow-Chat-GGUF": {
            f"Chat-{tag}.gguf": GGUF.read_bytes() + content(tag, size * MB) for tag, size in [("Q4_K_M", 20), ("Q8_0", 60)]},
        "org/slow-GGUF": big("slow", 60 * MB),
    }
)


model = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None


class Home:
    """A home folder of its own for the program."""

    def __init__(self, folder: str):
        self.path = Path(folder)
        self.models = self.path / "data/sotto/models"
        self.environment = {
            "HOME": folder, "XDG_DATA_HOME": folder + "/data", "PATH": os.environ["PATH"], "HF_ENDPOINT": hub.url,
            "OLLAMA_MODELS": "/nonexistent", "LANG": "C.UTF-8",
        }

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen:
        return subprocess.Popen(
            [SOTTO, *arguments], env=self.environment | variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)

    def run(self, *arguments: str, **variables: str) -> tuple[int, str, str]:
        process = self.start(*arguments, **variables)
        output, error = process.communicate(timeout=300)
        return process.returncode, output, error

    def has(self, repository: str) -> bool:
        """Whether all bytes of a repository's GGUF file are in place."""
        file = self.models / repository / "Big-Q4_K_M.gguf"
        return file.exists() and file.read_bytes() == hub.repositories[repository]["Big-Q4_K_M.gguf"]


def check_choice(home: Home) -> None:
    code, output, error = home.run("pull", "org/tiny")
    names = {path.name for path in (home.models / "org/tiny").iterdir()}
    check("a repository of safetensors", code == 0 and names - {".sotto-pull.json"} == set(tiny), f"{error}{names}")
    listed = json.loads(home.run("models", "--json")[1])
    check("a fetched model is listed", [(m["name"], m["runs"]) for m in listed] == [("tiny", True)], str(listed))
    check("nothing is fetched twice", "already there" in home.run("pull", "hf.co/org/tiny")[1])
    code, output, error = home.run("pull", "org/many-GGUF")
    check("the largest quantised file that fits", code == 0 and output.startswith(str(home.models / "org/many-GGUF/Many-Q8_0.gguf")), output + error)
    code, output, error = home.run("pull", "org/many-GGUF:q4_k_m")
    check("a tag", "Many-Q4_K_M.gguf" in output, output + error)
    code, output, error = home.run("pull", "https://huggingface.co/org/many-GGUF", "--file", "Many-F16.gguf")
    check("a file", "Many-F16.gguf" in output, output + error)
    code, output, error = home.run("pull", "org/many-GGUF:Q6_K")
    check("shards", code == 0 and (home.models / "org/many-GGUF/Two-Q6_K-00002-of-00002.gguf").read_bytes() == b"two", error)
    code, output, error = home.run("pull", f"{hub.large}/org/many-GGUF/Many-Q8_0.gguf")
    check("a plain address", code == 0 and "localhost" in output, output + error)


def check_errors(home: Home) -> None:
    for arguments, words in [
        (["org/absent"], "not found"), (["org/none"], "no weights"), (["org/many-GGUF:Q2_K"], "Many-Q8_0"),
        (["no name"], "owner/repo"), (["https://example.invalid/x.bin"], ".gguf"), (["org/private-GGUF"], "set HF_TOKEN"),
        (["org/huge-GGUF"], "free some space"), (["org/many-GGUF", "--file", "x.gguf"], "has no file"),
        (["org/html-GGUF"], "JSON; check HF_ENDPOINT"), (["org/list-GGUF"], "no list of files"), (["org/wait-GGUF"], "9000 s"),
        (["org/loop-GGUF"], "redirect"), (["org/gone-GGUF"], "not found"), (["ftp://h/x.gguf"], "owner/repo"),
    ]:
        code, output, error = home.run("pull", *arguments)
        check(f"the error of {arguments[0]}", code == 1 and words in error and error.count("\n") == 1, f"{code} {error}")
    code, _, error = home.run("pull", "org/gated-GGUF", HF_TOKEN=TOKEN)
    check("a refused token", code == 1 and "licence" in error, error)
    code, _, error = home.run("pull", "org/tiny", HF_ENDPOINT="http://127.0.0.1:9")
    check("no hub", code == 1 and "127.0.0.1 port 9" in error.strip().splitlines()[-1], error)


def check_faults(home: Home) -> None:
    for fault in ("short", "stall", "plain", "busy", "cut", "shift", "bare"):
        # A busy machine is no stalled connection.
        code, _, error = home.run("pull", f"org/{fault}-GGUF", HF_HUB_DOWNLOAD_TIMEOUT="1" if fault == "stall" else "60")
        check(f"fault {fault}", code == 0 and home.has(f"org/{fault}-GGUF"), error)
    code, _, error = home.run("pull", "org/wrong-GGUF")
    check("a wrong checksum", code == 1 and "checksum" in error and not home.has("org/wrong-GGUF"), error)
    code, _, error = home.run("pull", "org/wrong-GGUF")
    check("after a wrong checksum", code == 0 and home.has("org/wrong-GGUF"), error)
    (home.path / ".cache/huggingface").mkdir(parents=True)
    (home.path / ".cache/huggingface/token").write_text(TOKEN + "\n")
    code, _, error = home.run("pull", "org/private-GGUF")
    check("the token file", code == 0 and home.has("org/private-GGUF"), error)
    leaked = [path for kind, path, headers in hub.requests if kind == "large" and "Authorization" in headers]
    check("the token stays at the hub", not leaked, str(leaked[:3]))


def check_interruption(home: Home) -> None:
    whole = len(hub.repositories["org/slow-GGUF"]["Big-Q4_K_M.gguf"])
    before = hub.sent
    for number, kind in enumerate((signal.SIGINT, signal.SIGKILL)):
        process = home.start("pull", "org/slow-GGUF")
        while hub.sent - before < (number + 1) * whole // 4 and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(kind)
        _, error = process.communicate(timeout=300)
        check(f"nothing is in place after {kind.name}", not (home.models / "org/slow-GGUF").exists(), error)
    check("other commands do not list it", "slow" not in home.run("models")[1])
    code, _, error = home.run("pull", "org/slow-GGUF")
    check("an interrupted download resumes", code == 0 and home.has("org/slow-GGUF"), error)
    # What was in flight when the process was killed is sent twice.
    check("and fetches only the rest", hub.sent - before < whole + 16 * MB, f"{(hub.sent - before) / MB:.0f} MB")


def check_removal(home: Home) -> None:
    kept = home.models / "org/tiny/notes.txt"
    kept.write_text("mine")
    code, _, error = home.run("rm", "tiny")
    check("rm asks", code == 1 and "--yes" in error and (home.models / "org/tiny/config.json").exists(), error)
    for answer, stays in [("", True), ("n", True), ("y", False)]:
        master, slave = pty.openpty()
        os.write(master, f"{answer}\n".encode())
        done = subprocess.run([SOTTO, "rm", "tiny"], env=home.environment, stdin=slave, capture_output=True, text=True)
        os.close(slave)
        os.close(master)
        check(f"rm asks, and the answer is {answer!r}", (home.models / "org/tiny/config.json").exists() == stays
              and "[y/N]" in done.stderr and "config.json" in done.stderr, done.stderr)
    check("rm removes what was fetched", [p.name for p in (home.models / "org/tiny").iterdir()] == ["notes.txt"])
    home.run("rm", "Many-Q4_K_M", "--yes")
    rest = {path.name for path in (home.models / "org/many-GGUF").glob("*.gguf")}
    check("rm removes one file of several", "Many-Q4_K_M.gguf" not in rest and "Many-F16.gguf" in rest, str(rest))
    own = home.models / "Own-Q8_0.gguf"
    own.write_bytes(b"GGUF")
    code, _, error = home.run("rm", str(own), "--yes")
    check("rm refuses other files", code == 1 and own.exists() and "sotto pull" in error, error)


def check_proxy(home: Home) -> None:
    asked = []

    class Proxy(BaseHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

        def do_GET(self):
            asked.append(self.path)
            with urllib.request.urlopen(self.path.replace("http://hub.invalid", hub.url)) as answer:
                body = answer.read()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    shutil.rmtree(home.models / "org/tiny", ignore_errors=True)
    code, _, error = home.run(
        "pull", "org/tiny", HF_ENDPOINT="http://hub.invalid", http_proxy=f"http://127.0.0.1:{proxy.server_port}")
    proxy.shutdown()
    check("a proxy", code == 0 and len(asked) == 1 + len(tiny), f"{error} {asked}")


def check_full_disk(home: Home) -> None:
    disk = home.path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(disk)]
    if os.getuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        print("skip   a full disk: mounting a file system is not permitted")
        return
    try:
        before = hub.sent
        code, _, error = home.run("pull", "org/slow-GGUF", XDG_DATA_HOME=str(disk))
        check("a full disk before the first byte", code == 1 and "free some space" in error and hub.sent == before, error)
        # Another program fills the disk in the meantime.
        process = home.start("pull", "org/slow-Chat-GGUF:Q4_K_M", XDG_DATA_HOME=str(disk))
        while hub.sent - before < 4 * MB and process.poll() is None:
            time.sleep(0.02)
        filler = disk / "filler"
        subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=64k"], capture_output=True)
        _, error = process.communicate(timeout=300)
        check("a disk that fills up", process.returncode == 1 and "no space left" in error and "free some space" in error
              and error.count("\n") == 1, error)
        filler.unlink()
        code, output, error = home.run("pull", "org/slow-Chat-GGUF:Q4_K_M", XDG_DATA_HOME=str(disk))
        file = disk / "sotto/models/org/slow-Chat-GGUF/Chat-Q4_K_M.gguf"
        check("and resumes with space", code == 0 and file.read_bytes() == hub.repositories["org/slow-Chat-GGUF"][file.name], error)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def check_pipe(home: Home) -> None:
    """/pull in the line mode: the lines of a pipe wait for it."""
    lines = "/pull org/many-GGUF\n/pull org/absent\n/pull org/many-GGUF:Many-F16\n/models\n"
    done = subprocess.run([SOTTO, "chat", model.stem], env=home.environment, input=lines, capture_output=True, text=True)
    error = done.stderr
    check("/pull lists several models", "org/many-GGUF:Many-Q8_0" in error and "has several models" in error, error)
    check("/pull says what is wrong", "org/absent: not found" in error, error)
    check("/pull downloads", "Many-F16 was downloaded" in error or "Many-F16 is already there" in error, error)


def check_chat(home: Home) -> None:
    """/pull on the screen, while the chat goes on."""
    shutil.rmtree(home.models / "org/slow-GGUF")
    terminal = Terminal([SOTTO, "chat", model.stem], home.environment | {"TERM": "screen-256color"}, home.path / "terminal", 120, 30)

    def shows(text: str) -> None:
        terminal.wait(lambda: any(text in line for line in terminal.screen()), f"the screen shows {text!r}")

    def status(pattern: str) -> None:
        terminal.wait(lambda: re.search(pattern, terminal.status()), f"the status line shows {pattern!r}")

    try:
        status("ready")
        terminal.send("/pull org/slow-Chat-GGUF")
        shows("fits this machine best")
        terminal.press("Enter")
        status(r"pull \d+% · .*B/s · .* left")
        terminal.send("Say hi.")
        status(r"tok/s.*pull \d+%")
        terminal.send("/pull org/tiny")
        shows("/pull stop stops it")
        terminal.send("/pull stop")
        shows("Chat-Q8_0 stopped at")
        terminal.send("/pull org/slow-Chat-GGUF:Chat-Q8_0")
        shows("Chat-Q8_0 was downloaded")
        terminal.type("/model Chat")
        shows("Chat-Q8_0  ")
        terminal.press("C-u")
        terminal.send("/pull org/absent")
        shows("org/absent: not found")
        terminal.send("/pull org/slow-GGUF")
        status(r"pull \d+%")
        terminal.press("C-c")
        shows("slow-GGUF stopped at")
        terminal.send("/pull org/slow-GGUF")
        status(r"pull \d+%")
        terminal.send("/quit")
        terminal.wait(lambda: terminal.exit_code() is not None, "the program has exited")
        last = (home.path / "terminal/stderr").read_text()
        check("/pull in the chat", "sotto pull org/slow-GGUF resumes it there" in last, last)
    except Failure as failure:
        check("/pull in the chat", False, f"{failure}\n" + "\n".join(terminal.screen()))
    finally:
        terminal.kill()


def check_first_start(home: Home) -> None:
    """`sotto` without a model, in a terminal."""
    before = len(hub.requests)
    process, descriptor = pty.fork()
    if process == 0:
        os.execve(SOTTO, [SOTTO], home.environment | {"TERM": "dumb"})
    text = ""

    def shows(words: str) -> bool:
        nonlocal text
        deadline = time.monotonic() + 90
        while words not in text and time.monotonic() < deadline:
            if select.select([descriptor], [], [], 0.5)[0]:
                try:
                    text += os.read(descriptor, 4096).decode(errors="replace")
                except OSError:
                    break
        found = words in text
        text = text.partition(words)[2]
        return found

    check("a first start explains itself", shows("There is no model on this machine") and shows("q quits."), text)
    check("and contacts nobody", len(hub.requests) == before)
    os.write(descriptor, b"99\n")
    check("a wrong number", shows("or q"), text)
    os.write(descriptor, b"\n")
    check("Enter downloads", shows("100%"), text)
    os.write(descriptor, b"/models\n/quit\n")
    check("and the chat starts", shows("\u25c6") and os.waitpid(process, 0)[1] == 0, text)
    done = subprocess.run([SOTTO], env=home.environment | {"HOME": "/nonexistent", "XDG_DATA_HOME": "/nonexistent"},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    check("without a terminal", done.returncode == 1 and done.stderr.count("\n") == 1 and "sotto pull" in done.stderr, done.stderr)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Home(folder)
        for part in (check_choice, check_errors, check_faults, check_interruption, check_removal, check_proxy, check_full_disk):
            part(home)
        if model:
            (home.models / model.name).symlink_to(model)
            check_pipe(home)
            check_chat(home)
            # What the list of suggestions names is the model.
            for name, tag in re.findall(r'name: "([^":]+)(?::([^"]+))?"', SUGGESTED.read_text()):
                hub.repositories[name] = {f"{name.split('/')[1]}-{tag or 'Q4_1'}.gguf": model.read_bytes()}
            with tempfile.TemporaryDirectory() as empty:
                check_first_start(Home(empty))
        check("no file outside of the folder", not list(Path(folder).rglob("escape.gguf")))
    hub.close()
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
