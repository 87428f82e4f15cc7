"""1,000 requests through `sotto batch`: check_many.py MODEL.gguf

Requests of mixed lengths in several formats, with broken lines among them, 16 at a time, by a small random model with the
tokenizer of MODEL. To a file: killed with SIGKILL on the way and resumed. Through pipes: read slowly, and closed early.
No answer is lost, doubled or cut, answers are those of each request alone, and memory stays flat.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOTTO = os.path.abspath(os.environ.get("SOTTO", HERE.parents[1] / ".build" / "release" / "sotto"))
COUNT = 1000
#: Seconds after which a run counts as hung, on any machine.
PATIENCE = 600
WORDS = "the sea is deep and the river carries salt to it from every hill that rain has ever reached".split()
#: Lines that can't be used, with what is reported.
BROKEN = [
    ("{\"id\": \"cut\", \"prompt\": \"The li", ""), ("[1, 2]", "not an object"), ("\"text\"", "not an object"),
    ("{\"id\": \"none\"}", "prompt or messages"), ("{\"id\": true, \"prompt\": \"a\"}", "the id is"),
    ("{\"id\": \"empty\", \"messages\": []}", "messages is empty"), ("{\"id\": 5, \"prompt\": 7}", "prompt"),
    ("{\"id\": \"hot\", \"prompt\": \"a\", \"temperature\": -1}", "temperature"),
    ("{\"id\": \"many\", \"prompt\": \"a\", \"n\": 3}", "n is not 1"),
    ("{\"custom_id\": \"body\", \"body\": 3}", "body"), ("\udcff\udcfe", ""), ("nonsense", ""),
    ("{\"id\": \"stop\", \"prompt\": \"a\", \"stop\": 4}", "stop"),
    ("{\"id\": \"long\", \"prompt\": \"" + "sea " * 40000 + "\"}", "tokens"),
]


def expect(condition: bool, what: str) -> None:
    if not condition:
        sys.exit(f"FAILED: {what}")


def request(number: int, source: random.Random) -> dict:
    """A request of some length, in one of five formats."""
    text = " ".join(source.choice(WORDS) for _ in range(source.choice([1, 3, 12, 40, 150])))
    settings = {"max_tokens": source.choice([1, 2, 5, 12, 30]), "seed": number}
    if number % 3 == 0:
        settings["temperature"] = 0
    if number % 11 == 0:
        settings["stop"] = ["a", "zz"]
    kind = number % 5
    if kind == 0:
        return {"id": number, "prompt": text, **settings}
    messages = [{"role": "user", "content": text}]
    if kind == 1:
        # Several requests share a system message.
        return {"id": f"s{number}", "system": f"You are number {number % 4}. " + "Be brief. " * 20, "prompt": text, **settings}
    if kind == 2:
        return {"id": f"m{number}", "messages": messages, **settings}
    body = {"model": "any", **settings}
    if kind == 3:
        return {"custom_id": f"c{number}", "method": "POST", "url": "/v1/chat/completions",
                "body": {**body, "messages": messages}}
    return {"custom_id": f"t{number}", "method": "POST", "url": "/v1/completions", "body": {**body, "prompt": text}}


def identifier(line: dict):
    return line["custom_id"] if "custom_id" in line else line["id"]


def make_input() -> tuple[bytes, dict, dict[int, str]]:
    """The input, the requests by identifier, and what is reported by line number."""
    source = random.Random(14)
    requests = [request(number, source) for number in range(COUNT)]
    lines = [json.dumps(one) for one in requests]
    places = sorted(source.sample(range(1, COUNT), len(BROKEN) + 2))
    problems: dict[int, str] = {}
    for place, (text, report) in reversed(list(zip(places, BROKEN + [(lines[0], "already that of line 1"), ("  ", None)]))):
        lines.insert(place, text)
        problems = {number + (number > place): what for number, what in problems.items()}
        if report is not None:
            problems[place + 1] = report
    data = "\n".join(lines).encode("utf-8", "surrogateescape") + b"\n"
    return data, {identifier(one): one for one in requests}, problems


class Run:
    """A running batch whose anonymous memory is sampled."""

    def __init__(self, arguments: list[str], **streams):
        self.process = subprocess.Popen([SOTTO, "batch", *arguments], stderr=subprocess.PIPE, **streams)
        self.samples: list[int] = []
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def watch(self) -> None:
        while self.process.poll() is None:
            try:
                found = re.search(r"RssAnon:\s+(\d+) kB", Path(f"/proc/{self.process.pid}/status").read_text())
            except OSError:
                return  # no such file outside Linux
            if found:
                self.samples.append(int(found[1]) << 10)
            time.sleep(0.02)

    def end(self) -> str:
        """Waits; returns standard error."""
        error = self.process.stderr.read().decode(errors="replace")
        self.process.wait(timeout=PATIENCE)
        self.thread.join()
        return error

    def check_memory(self, what: str) -> None:
        """The second half needs no more than the first: nothing is kept of a request that has ended."""
        # Before it computes, a batch may wait for a chat of the same user, and on a slow machine for its start.
        peak = max(self.samples, default=0)
        start = next((index for index, used in enumerate(self.samples) if used >= peak / 2), 0)
        samples = self.samples[start:]
        half = len(samples) // 2
        if half < 10:
            return
        first, second = max(samples[:half]), max(samples[half:])
        print(f"  {what}: at most {first / 1e6:.0f} MB in the first half, {second / 1e6:.0f} MB in the second")
        expect(second <= 1.15 * first + (16 << 20), f"memory is flat: {first} then {second} bytes")


def answers(text: bytes, requests: dict) -> dict:
    """The answers by identifier; each is whole, asked for, within its limit and there once."""
    expect(text == b"" or text.endswith(b"\n"), "the output has whole lines")
    found: dict = {}
    for line in text.splitlines():
        answer = json.loads(line)
        name = identifier(answer)
        expect(name in requests, f"{name} was requested")
        expect(name not in found, f"{name} is answered once")
        one = requests[name]
        limit = one.get("body", one)["max_tokens"]
        if "custom_id" in one:
            expect(answer["response"]["status_code"] == 200 and answer["error"] is None, f"{name} has a response")
            body = answer["response"]["body"]
            [choice] = body["choices"]
            isChat = one["url"].endswith("/chat/completions")
            expect(body["object"] == ("chat.completion" if isChat else "text_completion"), f"{name}: {body['object']}")
            content, count = choice["message"]["content"] if isChat else choice["text"], body["usage"]["completion_tokens"]
            reason = choice["finish_reason"]
        else:
            content, count, reason = answer["text"], answer["generated_tokens"], answer["finish_reason"]
        expect(count <= limit and reason == ("length" if count == limit and reason != "stop" else "stop"),
               f"{name}: {count} of {limit} tokens, {reason}")
        for stop in one.get("body", one).get("stop", []):
            expect(stop not in content, f"{name} is cut before {stop!r}: {content!r}")
        found[name] = answer
    return found


def check_reports(error: str, problems: dict[int, str], what: str) -> None:
    for number, report in problems.items():
        line = next((line for line in error.splitlines() if f"line {number}: " in line), "")
        expect(line != "" and report in line, f"{what}: line {number} is reported with {report!r}: {line!r}")
    reported = set(map(int, re.findall(r"line (\d+): ", error)))
    expect(reported == set(problems), f"{what}: no other line is reported: {sorted(reported - set(problems))}")


def to_file(model: Path, folder: Path, data: bytes, requests: dict, problems: dict[int, str]) -> dict:
    source, target = folder / "requests.jsonl", folder / "answers.jsonl"
    source.write_bytes(data)
    arguments = [str(model), "--input", str(source), "--output", str(target), "--max-batch", "16"]
    run = Run(arguments)
    while run.process.poll() is None and (not target.exists() or target.read_bytes().count(b"\n") < COUNT // 3):
        time.sleep(0.01)
    expect(run.process.poll() is None, "the batch is killed on the way")
    run.process.send_signal(signal.SIGKILL)
    run.end()
    kept = answers(target.read_bytes(), requests)
    expect(COUNT // 3 <= len(kept) < COUNT, f"a part is answered: {len(kept)}")
    run = Run([*arguments, "--resume"])
    error = run.end()
    expect(run.process.returncode == 1, f"broken lines make the exit code 1, not {run.process.returncode}")
    check_reports(error, problems, "resumed")
    expect(f"{COUNT - len(kept)} done, {len(problems)} failed, {len(kept)} done before" in error, f"the counts: {error[-300:]}")
    text = target.read_bytes()
    found = answers(text, requests)
    expect(set(found) == set(requests), f"none is lost: {set(requests) - set(found)}")
    expect(all(found[name] == answer for name, answer in kept.items()), "what was there is kept")
    run.check_memory("to a file")
    # Resumed again, nothing is left to do.
    run = Run([*arguments, "--resume"])
    error = run.end()
    expect(f"0 done, {len(problems)} failed, {COUNT} done before" in error, f"nothing is left: {error[-300:]}")
    expect(target.read_bytes() == text, "the answers are unchanged")
    return found


def through_pipes(model: Path, data: bytes, requests: dict, problems: dict[int, str], expected: dict) -> None:
    run = Run([str(model), "--input", "-", "--output", "-", "--max-batch", "16"], stdin=subprocess.PIPE,
              stdout=subprocess.PIPE)

    def feed() -> None:
        # In pieces that end anywhere.
        for start in range(0, len(data), 7919):
            run.process.stdin.write(data[start:start + 7919])
        run.process.stdin.close()

    feeder, errors = threading.Thread(target=feed), []
    collector = threading.Thread(target=lambda: errors.append(run.end()))
    feeder.start()
    collector.start()
    # A reader that does not read at first: the batch waits, and loses nothing.
    time.sleep(1)
    text = run.process.stdout.read()
    for thread in (feeder, collector):
        thread.join(PATIENCE)
    check_reports(errors[0], problems, "through pipes")
    found = answers(text, requests)
    expect(set(found) == set(requests), f"none is lost: {set(requests) - set(found)}")
    run.check_memory("through pipes")

    check_equal(found, expected, "in other company")


def content(answer: dict) -> str:
    if "custom_id" not in answer:
        return answer["text"]
    choice = answer["response"]["body"]["choices"][0]
    return choice["message"]["content"] if "message" in choice else choice["text"]


def check_equal(found: dict, expected: dict, what: str) -> None:
    """A seed gives the same answer. With random weights, the least difference of the logits changes sampled tokens."""
    same = sum(content(found[name]) == content(answer) for name, answer in expected.items())
    print(f"  {same} of {COUNT} answers as {what}")
    expect(same >= 0.999 * COUNT, f"answers do not depend on others: {same}")


def one_by_one(model: Path, folder: Path, requests: dict, expected: dict) -> None:
    target = folder / "alone.jsonl"
    run = Run([str(model), "--input", str(folder / "requests.jsonl"), "--output", str(target), "--max-batch", "1"])
    run.end()
    check_equal(answers(target.read_bytes(), requests), expected, "alone")


def closed_pipe(model: Path, folder: Path) -> None:
    """A reader that ends early ends the batch."""
    run = Run([str(model), "--input", str(folder / "requests.jsonl"), "--output", "-"], stdout=subprocess.PIPE)
    for _ in range(3):
        expect(run.process.stdout.readline().endswith(b"}\n"), "answers come before the end")
    run.process.stdout.close()
    run.end()
    expect(run.process.returncode != 0, "a closed pipe is a failure")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = folder / "nonsense.gguf"
        subprocess.run([sys.executable, HERE / "second_model.py", sys.argv[1], model], check=True)
        data, requests, problems = make_input()
        begin = time.monotonic()
        found = to_file(model, folder, data, requests, problems)
        print(f"killed and resumed ({time.monotonic() - begin:.1f} s)")
        begin = time.monotonic()
        one_by_one(model, folder, requests, found)
        print(f"one by one ({time.monotonic() - begin:.1f} s)")
        begin = time.monotonic()
        through_pipes(model, data, requests, problems, found)
        closed_pipe(model, folder)
        print(f"through pipes ({time.monotonic() - begin:.1f} s)")


if __name__ == "__main__":
    main()
