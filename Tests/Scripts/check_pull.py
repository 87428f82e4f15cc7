"""Drives `sotto pull` and `sotto rm` against an imitation of a hub: python check_pull.py, with SOTTO=path of the program."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fake_hub import TOKEN, Hub, content

SOTTO = os.environ.get("SOTTO", ".build/release/sotto")
TINY = Path(__file__).parents[1] / "ModelsTests/Fixtures/tiny/llama-tied-bf16"
MB = 1 << 20
failures = 0


def check(name: str, condition: bool, detail: str = "") -> None:
    global failures
    if not condition:
        failures += 1
    print(f"{'ok    ' if condition else 'FAILED'} {name}{'' if condition else ': ' + detail}", flush=True)


def big(name: str, size: int = 20 * MB) -> dict[str, bytes]:
    return {"Big-Q4_K_M.gguf": content(name, size), "README.md": b"# Big"}


tiny = {path.name: path.read_bytes() for path in TINY.iterdir() if path.suffix == ".json" or "model" in path.name}
hub = Hub(
    {
        "org/tiny": tiny | {"README.md": b"x", "pytorch_model.bin": b"y", "onnx/model.onnx": b"z"},
        "org/many-GGUF": {f"Many-{tag}.gguf": content(tag, size) for tag, size in [("Q4_K_M", 2 * MB), ("Q8_0", 3 * MB), ("F16", 4 * MB)]}
        | {"mmproj-Many-F16.gguf": b"x", "Two/Two-Q6_K-00001-of-00002.gguf": b"one", "Two/Two-Q6_K-00002-of-00002.gguf": b"two"},
        "org/none": {"README.md": b"x"},
        **{f"org/{fault}-GGUF": big(fault) for fault in ("short", "wrong", "stall", "plain", "busy", "private", "gated", "huge")},
        "org/slow-GGUF": big("slow", 60 * MB),
    }
)


class Home:
    """A home folder of its own for the program."""

    def __init__(self, folder: str):
        self.path = Path(folder)
        self.models = self.path / "data/sotto/models"
        self.environment = {
            "HOME": folder, "XDG_DATA_HOME": folder + "/data", "PATH": os.environ["PATH"], "HF_ENDPOINT": hub.url,
            "HF_HUB_DOWNLOAD_TIMEOUT": "1", "OLLAMA_MODELS": "/nonexistent", "LANG": "C.UTF-8",
        }

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen:
        return subprocess.Popen(
            [SOTTO, *arguments], env=self.environment | variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)

    def run(self, *arguments: str, **variables: str) -> tuple[int, str, str]:
        process = self.start(*arguments, **variables)
        output, error = process.communicate(timeout=60)
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
    ]:
        code, output, error = home.run("pull", *arguments)
        check(f"the error of {arguments[0]}", code == 1 and words in error and error.count("\n") == 1, f"{code} {error}")
    code, _, error = home.run("pull", "org/gated-GGUF", HF_TOKEN=TOKEN)
    check("a refused token", code == 1 and "licence" in error, error)
    code, _, error = home.run("pull", "org/tiny", HF_ENDPOINT="http://127.0.0.1:9")
    check("no hub", code == 1 and "127.0.0.1 port 9" in error.strip().splitlines()[-1], error)


def check_faults(home: Home) -> None:
    for fault in ("short", "stall", "plain", "busy"):
        code, _, error = home.run("pull", f"org/{fault}-GGUF")
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
        _, error = process.communicate(timeout=10)
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
    home.run("rm", "tiny", "--yes")
    check("rm removes what was fetched", [p.name for p in (home.models / "org/tiny").iterdir()] == ["notes.txt"])
    home.run("rm", "Many-Q4_K_M", "--yes")
    rest = {path.name for path in (home.models / "org/many-GGUF").glob("*.gguf")}
    check("rm removes one file of several", "Many-Q4_K_M.gguf" not in rest and "Many-F16.gguf" in rest, str(rest))
    own = home.models / "Own-Q8_0.gguf"
    own.write_bytes(b"GGUF")
    code, _, error = home.run("rm", str(own), "--yes")
    check("rm refuses other files", code == 1 and own.exists() and "sotto pull" in error, error)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Home(folder)
        for part in (check_choice, check_errors, check_faults, check_interruption, check_removal):
            part(home)
        check("no file outside of the folder", not list(Path(folder).rglob("escape.gguf")))
    hub.close()
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
