"""Interrupts `sotto quantize`: nothing remains beside its output, or a later run removes it.

The weights are zeros in a sparse file, large enough that a signal arrives while they are being written; a run that is
faster than the signal must have written its output whole. `SOTTO` is the path of the binary.
"""

import json
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SOTTO = os.environ["SOTTO"]
TOKENIZER = Path(__file__).resolve().parent.parent / "TokenizationTests" / "Fixtures" / "smollm.tokenizer.json"
HIDDEN, INNER, HEADS, SIZE, LAYERS = 1024, 8192, 8, 128, 8
failures: list[str] = []


def expect(condition: bool, text: str) -> None:
    if not condition:
        failures.append(text)
        print(f"FAIL {text}")


def make(folder: Path) -> None:
    """A model of Llama's layers with weights that are zeros."""
    folder.mkdir()
    tokenizer = json.loads(TOKENIZER.read_text())
    count = len(tokenizer["model"]["vocab"]) + 64
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    (folder / "config.json").write_text(json.dumps({
        "model_type": "llama", "hidden_size": HIDDEN, "intermediate_size": INNER, "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS, "num_key_value_heads": HEADS, "head_dim": SIZE, "vocab_size": count,
        "rms_norm_eps": 1e-5, "max_position_embeddings": 512, "hidden_act": "silu", "tie_word_embeddings": True,
        "bos_token_id": 0, "eos_token_id": 1}))
    shapes = {"model.embed_tokens": [count, HIDDEN], "model.norm": [HIDDEN]}
    for i in range(LAYERS):
        layer = f"model.layers.{i}."
        shapes |= {f"{layer}self_attn.{x}_proj": [HIDDEN, HIDDEN] for x in "qkvo"}
        shapes |= {f"{layer}mlp.{x}_proj": [INNER, HIDDEN] for x in ("gate", "up")}
        shapes |= {f"{layer}mlp.down_proj": [HIDDEN, INNER]}
        shapes |= {layer + name: [HIDDEN] for name in ("input_layernorm", "post_attention_layernorm")}
    header, end = {}, 0
    for name, shape in shapes.items():
        size = 2
        for extent in shape:
            size *= extent
        header[f"{name}.weight"] = {"dtype": "BF16", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    with open(folder / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + end)


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.partial"))


def interrupted(model: Path, target: str, output: Path, *signals: signal.Signals) -> subprocess.Popen:
    """Runs until something is written, then sends the signals."""
    running = subprocess.Popen(
        [SOTTO, "quantize", str(model), "--to", target, "-o", str(output)], stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True)
    while running.poll() is None and not leftovers(output.parent):
        time.sleep(0.001)
    for number in signals:
        running.send_signal(number)
    running.wait()
    return running


def main() -> int:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        model = folder / "model"
        make(model)
        for target in ("q4", "gguf:Q8_0"):
            output = folder / "output" / "copy.gguf"
            output.parent.mkdir(exist_ok=True)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                run = interrupted(model, target, output, number)
                message = run.stderr.read()
                name = f"{target}, {number.name}"
                expect(not leftovers(output.parent), f"{name}: nothing remains: {leftovers(output.parent)}")
                if output.exists():
                    expect(run.returncode == 0, f"{name}: exit code {run.returncode}")
                    subprocess.run(["rm", "-r", str(output)], check=True)
                else:
                    expect(run.returncode == 1 and "interrupted" in message, f"{name}: {run.returncode} {message!r}")
            run = interrupted(model, target, output, signal.SIGKILL)
            left = leftovers(output.parent)
            expect(output.exists() or bool(left), f"{target}, SIGKILL: something remains")
            # Of a process that runs, and of another output.
            kept = [output.with_name(f"copy.gguf.{os.getpid()}.partial"), output.with_name(f"other.{run.pid}.partial")]
            for path in kept:
                path.write_text("x")
            if not output.exists():
                done = subprocess.run(
                    [SOTTO, "quantize", str(model), "--to", target, "-o", f"{output}/" if target == "q4" else str(output)],
                    capture_output=True, text=True)
                expect(done.returncode == 0, f"{target}: a later run succeeds: {done.stderr}")
            expect(leftovers(output.parent) == sorted(path.name for path in kept),
                   f"{target}: a later run removes what is left: {leftovers(output.parent)}")
            subprocess.run(["rm", "-r", str(output.parent)], check=True)
    print(f"{len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
