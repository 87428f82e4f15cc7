"""Writes Tests/TokenizationTests/Fixtures/added-token-variants.json: tokenizers that differ in their added tokens, and
the ids of the `tokenizers` library for random texts around these tokens.

Run: python Tests/Scripts/make_added_token_fixtures.py [OUT VARIANTS TEXTS SEED]   (tokenizers 0.22)
"""

import json
import pathlib
import random
import sys

from tokenizers import Tokenizer

FIXTURE = pathlib.Path(__file__).parent.parent / "TokenizationTests" / "Fixtures" / "added-token-variants.json"
WORDS = ["▁hello", "▁world", "user", "word", "▁▁", "▁user"]
CONTENTS = ["<|user|>", "<|assistant|>", "<|sys|>", "word", "user", "hello", "<a>", "<a><b>", "é", "two words", "日本", "_x"]
PREPEND = {"type": "Prepend", "prepend": "▁"}
REPLACE = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
#: Normalizer and pre-tokenizer.
PIPELINES = [
    ({"type": "Sequence", "normalizers": [PREPEND, REPLACE]}, None),
    (REPLACE, None),
    (None, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}),
    (None, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False}),
    ({"type": "NFC"}, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "never", "split": True}),
    (None, None),
]
PARTS = CONTENTS + [
    " ", "  ", "\n", "\t", "\u3000", "▁", "a", "s", "_", "1", "²", "Ⓐ", "e\u0301", "\u0301", "\u200d", "!", "<", "|>",
    "<|us", "words", "word", "hello world", "ｗ", "あ", "٣", "ⅷ", "‿"]


def base():
    """A vocabulary of characters with byte fallback and a few merges."""
    vocabulary = {"<unk>": 0, "<s>": 1, "</s>": 2}
    for byte in range(256):
        vocabulary[f"<0x{byte:02X}>"] = len(vocabulary)
    for character in "▁abcdefghijklmnopqrstuvwxyz0123456789.,!<>|/-_é日本":
        vocabulary.setdefault(character, len(vocabulary))
    merges = []
    for word in WORDS:
        current = word[0]
        for character in word[1:]:
            if [current, character] not in merges:
                merges.append([current, character])
            current += character
            vocabulary.setdefault(current, len(vocabulary))
    special = [added(name, vocabulary[name], special=True) for name in ("<unk>", "<s>", "</s>")]
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": special, "normalizer": None,
        "pre_tokenizer": None, "post_processor": None, "decoder": None,
        "model": {
            "type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None,
            "end_of_word_suffix": None, "fuse_unk": True, "byte_fallback": True, "ignore_merges": False,
            "vocab": vocabulary, "merges": merges}}


def added(content, id, **options):
    flags = dict(single_word=False, lstrip=False, rstrip=False, normalized=False, special=False) | options
    return {"id": id, "content": content} | flags


def variant(source, root):
    normalizer, pre_tokenizer = source.choice(PIPELINES)
    tokens, vocabulary = list(root["added_tokens"]), root["model"]["vocab"]
    for content in source.sample(CONTENTS, source.randrange(1, 7)):
        flags = {name: source.random() < 0.35 for name in ("single_word", "lstrip", "rstrip")}
        flags["normalized"] = source.random() < 0.5
        # A special token that text could merge into is not matched by Sotto as the library does.
        flags["special"] = content not in vocabulary and source.random() < 0.4
        taken = [token["id"] for token in tokens] + list(vocabulary.values())
        tokens.append(added(content, vocabulary.get(content, max(taken) + 1), **flags))
    return {"normalizer": normalizer, "pre_tokenizer": pre_tokenizer, "added_tokens": tokens}


def main():
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else FIXTURE
    variants, texts, seed = map(int, sys.argv[2:5]) if len(sys.argv) > 2 else (24, 30, 1)
    source, root = random.Random(seed), base()
    result = {"base": root, "variants": []}
    for _ in range(variants):
        change = variant(source, root)
        tokenizer = Tokenizer.from_str(json.dumps(root | change))
        inputs = ["".join(source.choices(PARTS, k=source.randrange(1, 9))) for _ in range(texts)]
        ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in inputs]
        result["variants"].append(change | {"texts": inputs, "ids": ids})
    out.write_text(json.dumps(result, ensure_ascii=False, separators=(",", ":")), "utf8")


if __name__ == "__main__":
    main()
