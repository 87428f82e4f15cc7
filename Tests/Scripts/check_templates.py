"""Compares `sotto render` with jinja2 on the chat templates of real models: check_templates.py MODEL [FOLDER [COUNT [SEED]]]

MODEL is any model; its own template is not used. The templates are those in the source package of llama-cpp-python.
Without FOLDER it is downloaded from PyPI, verified, and stored in the cache folder. `SOTTO` is the path of the binary.
Besides fixed conversations, each template gets COUNT random ones (2). Requires jinja2.
"""

import concurrent.futures
import datetime
import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import jinja_reference
from template_conversations import conversations, random_conversation

PACKAGE = "llama-cpp-python==0.3.36"
SHA256 = "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"
SOTTO = os.environ.get("SOTTO", ".build/release/sotto")


def fetch():
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "sotto" / "tests" / "templates-0.3.36"
    if cache.is_dir():
        return cache
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "llama-cpp-python"]
        subprocess.run([*pip, "--dest", folder, PACKAGE], check=True)
        (archive,) = Path(folder).glob("*.tar.gz")
        if hashlib.sha256(archive.read_bytes()).hexdigest() != SHA256:
            sys.exit(f"{archive.name} does not have the expected checksum")
        partial = cache.with_name(cache.name + ".partial")
        partial.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive) as files:
            for member in files:
                if "/models/templates/" in member.name and member.name.endswith(".jinja"):
                    (partial / Path(member.name).name).write_bytes(files.extractfile(member).read())
        partial.rename(cache)
    return cache


def write(folder, name, value):
    path = Path(folder) / name
    path.write_text(json.dumps(value))
    return str(path)


def command(model, template, variables, folder, number):
    """The `sotto render` command for these variables."""
    result = [SOTTO, "render", model, "--template", str(template),
              "--messages", write(folder, f"messages{number}", variables["messages"])]
    for name, value in variables.items():
        if name == "tools" and value is not None:
            result += ["--tools", write(folder, f"tools{number}", value)]
        elif name == "add_generation_prompt" and not value:
            result.append("--no-generation-prompt")
        elif name not in ("messages", "tools", "add_generation_prompt") and value is not None:
            result += ["--option", f"{name}={json.dumps(value)}"]
    return result


def check(model, template, folder, count, seed):
    """The number of equal texts, the number of errors in both programs, and the descriptions of differences."""
    source = template.read_bytes().decode()
    same, refused, different = 0, 0, []
    more = {f"random {i}": random_conversation(f"{template.name} {seed} {i}") for i in range(count)}
    for number, (name, variables) in enumerate((conversations() | more).items()):
        # The date may change between the two renderings, so a difference is checked again.
        for _ in range(2):
            jinja_reference.set_now(datetime.datetime.now())
            expected = jinja_reference.render(source, variables)
            done = subprocess.run(command(model, template, variables, folder, f"{template.stem}{number}"),
                                  capture_output=True)
            found = done.stdout.decode() if done.returncode == 0 else None
            if expected == found:
                break
        if expected != found:
            different.append(f"{template.name}, {name}:\n  jinja2 {expected!r:.300}\n  sotto  {found!r:.300}"
                             f"\n  {done.stderr.decode():.300}")
        elif expected is None:
            refused += 1
        else:
            same += 1
    return same, refused, different


def main():
    model = sys.argv[1]
    templates = sorted((Path(sys.argv[2]) if len(sys.argv) > 2 else fetch()).glob("*.jinja"))
    count, seed = (int(sys.argv[3]) if len(sys.argv) > 3 else 2), (sys.argv[4] if len(sys.argv) > 4 else "0")
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda template: check(model, template, folder, count, seed), templates))
    for _, _, different in results:
        for line in different:
            print(line)
    rendered = sum(1 for same, _, _ in results if same)
    print(f"{rendered} of {len(templates)} templates rendered; conversations: {sum(r[0] for r in results)} equal, "
          f"{sum(r[1] for r in results)} errors in both, {sum(len(r[2]) for r in results)} different")
    return 1 if any(r[2] for r in results) or rendered < 40 else 0


if __name__ == "__main__":
    sys.exit(main())
