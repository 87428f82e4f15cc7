"""Compares `sotto tokenize` with the `tokenizers` library on 1.3 MB of mixed text: check_tokens.py MODEL.gguf

MODEL is the default model (SmolLM2). The reference is built from the tokens and merges of the file, as in transformers:
single digits, then the pattern of GPT-2, then byte-level BPE. `sotto detokenize` must restore the text. Other
vocabularies are compared by check_tokenizer_ids.py on a developer's machine.
"""

import json
import random
import subprocess
import sys
from pathlib import Path

import gguf
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

import references

#: GGUF's token type of special tokens, which are recognised in texts.
CONTROL = 3
#: Sentences in several scripts, in addition to those in reference_text.txt.
SENTENCES = [
    "The quick brown fox can't jump; they'll say it's 12,345.67 metres (or 0x1F) away!  ",
    "我每天早上喝一杯茶，然后读半个小时的书。", "今日はとても天気がいいので、散歩に行きましょう。", "오늘은 날씨가 참 좋습니다. ",
    "ذهبت إلى السوق واشتريت خبزا طازجا.", "היום אני לומד משהו חדש. ", "Сегодня я читаю книгу о море. ",
    "मैं हर सुबह नदी के किनारे टहलता हूँ। ", "ฉันชอบกินข้าวผัดมาก ", "Ngày mai trời sẽ mưa. ", "Straße, naïve, Œuvre, ǅ ",
    "👩‍👩‍👧‍👦🏳️‍🌈👍🏽🇫🇷 ", "\t\tif (x != NULL) { return *x++; }\r\n", "<|im_start|>user\nHi<|im_end|>\n", "e\u0301 \u00a0\u3000\u200b\ufeff ",
]


def mixed_text(size: int) -> str:
    """About `size` bytes of prose, code, many scripts, random code points and random bytes."""
    source = random.Random(42)
    library = sorted(Path(json.__file__).parent.parent.glob("*.py"))
    code = "".join(path.read_text("utf-8", "ignore") for path in library)
    prose = references.TEXT.read_text()
    parts, length = [], 0
    while length < size:
        kind = source.randrange(5)
        if kind == 0:
            start = source.randrange(len(code) - 3000)
            part = code[start : start + source.randrange(100, 3000)]
        elif kind == 1:
            start = source.randrange(len(prose) - 300)
            part = prose[start : start + source.randrange(300)]
        elif kind == 2:
            part = "".join(source.choice(SENTENCES) for _ in range(10))
        elif kind == 3:
            part = source.randbytes(300).decode("utf-8", "replace")
        else:
            ranges = [(0x20, 0x7F), (0xA0, 0x3000), (0x3000, 0xD800), (0xE000, 0x110000)]
            part = "".join(chr(source.randrange(*source.choice(ranges))) for _ in range(100))
        parts.append(part)
        length += len(part.encode())
    return "".join(parts)


def reference(model: str) -> Tokenizer:
    fields = gguf.GGUFReader(model).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    merges = fields["tokenizer.ggml.merges"].contents()
    tokenizer = Tokenizer(models.BPE(
        vocab={token: number for number, token in enumerate(tokens)}, merges=[tuple(m.split(" ")) for m in merges]))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    kinds = fields["tokenizer.ggml.token_type"].contents()
    tokenizer.add_special_tokens([token for token, kind in zip(tokens, kinds) if kind == CONTROL])
    return tokenizer


def sotto(*arguments: str, text: str) -> str:
    return subprocess.run(
        [references.SOTTO, *arguments], input=text.encode(), stdout=subprocess.PIPE, check=True).stdout.decode()


def main() -> int:
    model = sys.argv[1]
    text = mixed_text(1_300_000)
    tokenizer = reference(model)
    expected = tokenizer.encode(text, add_special_tokens=False).ids
    found = json.loads(sotto("tokenize", model, "-", "--json", text=text))
    if found != expected:
        first = next((i for i, pair in enumerate(zip(found, expected)) if pair[0] != pair[1]), min(len(found), len(expected)))
        print(f"first difference at token {first}: {found[first : first + 8]} instead of {expected[first : first + 8]}")
        return 1
    # The vocabulary does not contain all bytes, so the reference does not restore every text either.
    if sotto("detokenize", model, "-", text=json.dumps(found)) != tokenizer.decode(found, skip_special_tokens=False):
        print("detokenize does not restore the text of the reference")
        return 1
    print(f"{len(text.encode())} bytes, {len(found)} ids: equal, and the decoded text is equal")
    return 0


if __name__ == "__main__":
    sys.exit(main())
