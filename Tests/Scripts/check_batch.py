"""Drives `sotto batch` through the program: check_batch.py MODEL.gguf

Answers alone and together, prefixes, broken lines, OpenAI's format, pipes, Ctrl-C, and resuming after SIGKILL.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SOTTO = os.environ.get("SOTTO", ".build/release/sotto")
SETTINGS = {"temperature": 0, "max_tokens": 12}


def expect(condition: bool, what: str) -> None:
    if not condition:
        sys.exit(f"FAILED: {what}")


def batch(model: str, lines: list, output: Path | str, *options: str) -> subprocess.CompletedProcess:
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    command = [SOTTO, "batch", model, "--input", "-", "--output", str(output), *options]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=120)


def answers(path: Path) -> dict:
    text = path.read_text()
    expect(text == "" or text.endswith("\n"), "the output has whole lines")
    lines = [json.loads(line) for line in text.splitlines()]
    ids = [line["id"] for line in lines]
    expect(len(set(ids)) == len(ids), "no answer is doubled")
    return {line["id"]: line for line in lines}


def together(model: str, folder: Path) -> None:
    questions = ["What is the capital of France?", "Count to five.", "Name a colour.", "What is 2 + 2?"]
    lines = [{"id": f"q{i}", "prompt": question, **SETTINGS} for i, question in enumerate(questions)]
    done = batch(model, lines, folder / "together.jsonl")
    expect(done.returncode == 0, f"a batch succeeds: {done.stderr}")
    found = answers(folder / "together.jsonl")
    expect(len(found) == 4, "every request is answered")
    for line in lines[:2]:
        command = [SOTTO, "generate", model, "-p", line["prompt"], "--temperature", "0", "--max-tokens", "12", "--json"]
        alone = json.loads(subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout)
        expect(found[line["id"]]["text"] == alone["text"], f"{line['id']} is as if alone")
    expect(max(answer["reused_tokens"] for answer in found.values()) == 0, "short prefixes are not shared")


def mixed(model: str, folder: Path) -> None:
    lines = [
        {"id": "good", "prompt": "Hi", **SETTINGS}, "{broken", "", {"id": "bad", "prompt": 3}, "\x00\xff",
        {"id": "good", "prompt": "again", **SETTINGS}, {"id": "hot", "prompt": "Hi", "temperature": -1},
        {"id": "long", "prompt": "word " * 20000, **SETTINGS},
        {"custom_id": "openai", "method": "POST", "url": "/v1/chat/completions",
         "body": {"model": "x", "messages": [{"role": "user", "content": "Hi"}], **SETTINGS}}]
    done = batch(model, lines, "-")
    expect(done.returncode == 1, "failed lines make the exit code 1")
    for number in (2, 4, 5, 6, 7, 8):
        expect(f"line {number}: " in done.stderr, f"line {number} is reported: {done.stderr}")
    expect("2 done, 6 failed" in done.stderr, f"the counts are right: {done.stderr}")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    expect(len(found) == 2, "the others are answered")
    own = next(line for line in found if line.get("id") == "good")
    openai = next(line for line in found if line.get("custom_id") == "openai")
    body = openai["response"]["body"]
    expect(body["choices"][0]["message"]["content"] == own["text"], "both formats have the same answer")
    expect(body["usage"]["completion_tokens"] == own["generated_tokens"], "usage is reported")


def resumed(model: str, folder: Path) -> None:
    source, target = folder / "many.jsonl", folder / "many.out.jsonl"
    lines = [{"id": i, "prompt": f"Write about the number {i}.", "max_tokens": 3 + i % 9, "seed": i} for i in range(40)]
    source.write_text("".join(json.dumps(line) + "\n" for line in lines))
    command = [SOTTO, "batch", model, "--input", str(source), "--output", str(target), "--max-batch", "4"]
    for stop in (signal.SIGKILL, signal.SIGINT):
        before = target.read_bytes().count(b"\n") if target.exists() else 0
        running = subprocess.Popen([*command, "--resume"], stderr=subprocess.PIPE, text=True)
        while running.poll() is None and target_lines(target) < before + 3:
            time.sleep(0.01)
        running.send_signal(stop)
        error = running.communicate(timeout=60)[1]
        if stop == signal.SIGINT:
            expect(running.returncode in (130, 0), f"Ctrl-C ends it: {running.returncode} {error}")
    kept = answers(target)
    with target.open("a") as file:
        file.write('{"id": 39, "text": "par')
    refused = subprocess.run(command, capture_output=True, text=True, timeout=60)
    expect(refused.returncode != 0 and "--resume" in refused.stderr, "a file with answers is not overwritten")
    done = subprocess.run([*command, "--resume"], capture_output=True, text=True, timeout=120)
    expect(done.returncode == 0, f"the rest is answered: {done.stderr}")
    expect(f"{40 - len(kept)} done, 0 failed, {len(kept)} done before" in done.stderr, f"only the rest: {done.stderr}")
    found = answers(target)
    expect(set(found) == set(range(40)), "none is lost")
    expect(all(found[id] == answer for id, answer in kept.items()), "answers are kept")
    again = folder / "again.jsonl"
    batch(model, lines, again, "--max-batch", "7")
    expect({i: a["text"] for i, a in answers(again).items()} == {i: a["text"] for i, a in found.items()},
           "seeds give the same answers in other company")


def target_lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def log_probabilities(model: str, folder: Path) -> None:
    ask = [{"role": "user", "content": "Hi"}]
    lines = [
        {"id": "own", "prompt": "Hi", "logprobs": 3, **SETTINGS},
        {"custom_id": "chat", "url": "/v1/chat/completions",
         "body": {"messages": ask, "logprobs": True, "top_logprobs": 3, **SETTINGS}},
        {"custom_id": "text", "url": "/v1/completions", "body": {"prompt": "The sea", "logprobs": 2, **SETTINGS}},
        {"id": "none", "prompt": "Hi", **SETTINGS}]
    done = batch(model, lines, "-")
    expect(done.returncode == 0, f"a batch with log probabilities succeeds: {done.stderr}")
    found = {line.get("id", line.get("custom_id")): line for line in map(json.loads, done.stdout.splitlines())}
    own = found["own"]["logprobs"]
    expect(found["chat"]["response"]["body"]["choices"][0]["logprobs"]["content"] == own, "both formats have the same")
    expect("".join(token["token"] for token in own) == found["own"]["text"], "the tokens are those of the answer")
    # Greedy answers take the most likely token.
    expect(all(len(token["top_logprobs"]) == 3 and token["top_logprobs"][0]["token"] == token["token"]
               and 0 >= token["logprob"] == token["top_logprobs"][0]["logprob"] for token in own), f"{own}")
    lists = found["text"]["response"]["body"]["choices"][0]["logprobs"]
    expect("".join(lists["tokens"]) == found["text"]["response"]["body"]["choices"][0]["text"], "completions too")
    expect(all(len(best) <= 2 for best in lists["top_logprobs"]) and max(lists["token_logprobs"]) <= 0, f"{lists}")
    expect("logprobs" not in found["none"], "a request that wants none has none")
    command = [SOTTO, "generate", model, "-p", "Hi", "--temperature", "0", "--max-tokens", "12", "--json", "--logprobs", "3"]
    alone = json.loads(subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout)
    expect([token["token"] for token in alone["logprobs"]] == [token["token"] for token in own], "the tokens are as if alone")
    apart = max(abs(one["logprob"] - other["logprob"]) for one, other in zip(alone["logprobs"], own))
    expect(apart < 0.05, f"log probabilities differ by {apart} from those alone")


def drafts(model: str, folder: Path) -> None:
    """`generate --draft`: the answer is that without a draft model, whatever that proposes."""
    nonsense = folder / "nonsense.gguf"
    script = Path(__file__).resolve().parent / "second_model.py"
    subprocess.run([sys.executable, script, model, nonsense], check=True)
    for options in (["--temperature", "0"], ["--temperature", "0.8", "--seed", "3"]):
        command = [SOTTO, "generate", model, "-p", "Tell me about the sea.", "--max-tokens", "40", "--json", "--logprobs", "1",
                   *options]
        runs = []
        for more in (["--no-lookup"], [], ["--draft", model], ["--draft", str(nonsense), "--no-lookup"]):
            done = subprocess.run([*command, *more], capture_output=True, text=True, timeout=120, check=True)
            runs.append(json.loads(done.stdout))
        for key in ("text", "tokens", "finish_reason"):
            expect(all(run[key] == runs[0][key] for run in runs), f"{options}: {key}: {[run[key] for run in runs]}")
        for run in runs:
            pairs = zip(run["logprobs"], runs[0]["logprobs"])
            apart = max(abs(one["logprob"] - other["logprob"]) for one, other in pairs)
            expect(apart < 1e-3, f"{options}: log probabilities differ by {apart}")
        expect(runs[0]["drafted_tokens"] == 0, "without proposals there are none")


def gives_way(model: str, folder: Path) -> None:
    """A batch waits while another process has a user's turn, and ends at once on Ctrl-C meanwhile."""
    lock = folder / "cache" / "sotto" / "turn.lock"
    lock.parent.mkdir(parents=True)
    source, target = folder / "wait.jsonl", folder / "wait.out.jsonl"
    source.write_text(json.dumps({"id": 1, "prompt": "Hi", **SETTINGS}) + "\n")
    command = [SOTTO, "batch", model, "--input", str(source), "--output", str(target)]
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache")}
    for stopped in (True, False):
        with lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            running = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
            time.sleep(4)
            expect(target_lines(target) == 0, "the batch waits")
            if stopped:
                running.send_signal(signal.SIGINT)
                running.wait(timeout=60)
                expect(running.returncode == 130, f"Ctrl-C ends a batch that waits: {running.returncode}")
        if not stopped:
            error = running.communicate(timeout=60)[1]
            expect(running.returncode == 0 and target_lines(target) == 1, f"it goes on after the turn: {error}")


def shared(model: str, folder: Path) -> None:
    system = "You answer briefly. " * 30
    lines = [{"id": i, "system": system, "prompt": f"Say {i}.", **SETTINGS} for i in range(4)]
    expect(batch(model, lines, folder / "shared.jsonl").returncode == 0, "a batch with a system message succeeds")
    reused = sorted(answer["reused_tokens"] for answer in answers(folder / "shared.jsonl").values())
    # A request that is read before the others may be past its prompt when they arrive.
    expect(reused[0] == 0 and reused[-1] > 100, f"later requests reuse the system message: {reused}")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        for check in (together, mixed, log_probabilities, drafts, gives_way, shared, resumed):
            begin = time.monotonic()
            check(sys.argv[1], Path(name))
            print(f"{check.__name__} ({time.monotonic() - begin:.1f} s)")


if __name__ == "__main__":
    main()
