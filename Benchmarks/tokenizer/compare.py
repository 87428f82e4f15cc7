"""Sotto's tokenizer beside tiktoken: equal ids, and the ratio of speeds, in thread CPU time.

    swift build -c release --product tokenizer-benchmark
    python Benchmarks/tokenizer/compare.py o200k_base.tiktoken TEXT... [--rounds N]

The rank file is in the PyPI package litellm==1.65.0, as
litellm/litellm_core_utils/tokenizers/fb374d419588a4632f3f557e76b4b70aebbca790 (sha256 446a9538…1a2d).
The programs alternate, so that other load on the machine affects both.
"""

import argparse
import base64
import json
import pathlib
import statistics
import subprocess
import tempfile
import time

import tiktoken
import tiktoken_ext.openai_public as encodings

ROOT = pathlib.Path(__file__).parent.parent.parent


def harmony(ranks_file):
    """tiktoken's o200k_harmony from a rank file, and its construction time."""
    start = time.thread_time()
    lines = pathlib.Path(ranks_file).read_bytes().splitlines()
    ranks = {base64.b64decode(token): int(rank) for token, rank in map(bytes.split, lines)}
    encodings.load_tiktoken_bpe = lambda *_, **__: ranks
    encoding = tiktoken.Encoding(**encodings.o200k_harmony())
    return encoding, time.thread_time() - start


def digest(ids):
    """FNV-1a over the ids as 32-bit little-endian words."""
    value = 0xCBF29CE484222325
    for id in ids:
        for byte in id.to_bytes(4, "little"):
            value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:x}"


parser = argparse.ArgumentParser()
parser.add_argument("ranks")
parser.add_argument("texts", nargs="+")
parser.add_argument("--rounds", type=int, default=5)
options = parser.parse_args()

encoding, loading = harmony(options.ranks)
print(f"tiktoken is ready after {loading * 1e3:.0f} ms")
with tempfile.TemporaryDirectory() as folder:
    model = pathlib.Path(folder, "model")
    model.mkdir()
    (model / "o200k_base.tiktoken").write_bytes(pathlib.Path(options.ranks).read_bytes())
    (model / "config.json").write_text('{"model_type": "gpt_oss"}')
    print(f"{'text':24} {'MB':>6} {'tokens':>8} {'tiktoken':>9} {'Sotto':>9} {'ratio':>6}  ids")
    for file in options.texts:
        data = pathlib.Path(file).read_bytes()
        text = data.decode("utf8", "replace")
        theirs, ours = [], []
        for _ in range(options.rounds):
            start = time.thread_time()
            ids = encoding.encode_ordinary(text)
            theirs.append(time.thread_time() - start)
            output = subprocess.run(
                [ROOT / ".build/release/tokenizer-benchmark", model, file, "--rounds", "3", "--cache",
                 f"{folder}/cache"],
                check=True, capture_output=True, text=True).stdout
            result = json.loads(output.splitlines()[-1])
            ours.append(result["seconds"])
        size = len(text.encode()) / 1e6
        fast, slow = size / statistics.median(ours), size / statistics.median(theirs)
        same = "same" if result["digest"] == digest(ids) and result["round_trips"] else "DIFFERENT"
        print(f"{pathlib.Path(file).name:24} {size:6.2f} {len(ids):8} {slow:6.1f} MB/s {fast:4.0f} MB/s "
              f"{fast / slow:6.1f}  {same}")
    print(f"Sotto is ready after {result['load_ms']:.1f} ms, the first time after {result['compile_ms']:.0f} ms")
