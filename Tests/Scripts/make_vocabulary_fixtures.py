"""Writes fixtures of Tests/TokenizationTests for vocabularies of other kinds, with the ids of the reference libraries:

- unigram.model and pairs.model: SentencePiece's own format, and its ids
- unigram.tokenizer.json: a unigram model of the `tokenizers` library
- mapped.model and mapped.tokenizer.json: unigram models with a map of characters, and map-texts.json, which exercise it
- small.tekken.json: Mistral's format, and the ids of tiktoken
- small.rwkv.txt: RWKV's format, and the longest tokens found by a plain search
- small.plamo.jsonl: PLaMo 2's format, with the pieces of unigram.model, and the best sums of scores by a plain search
- expected-expression-cuts.json: the pieces of patterns that have no scanner of their own, by `tokenizers`

Run after make_tokenizer_fixtures.py: python Tests/Scripts/make_vocabulary_fixtures.py
(sentencepiece 0.2.3, tokenizers 0.23, tiktoken 0.14)
"""

import base64
import io
import json
import pathlib
import random
import tempfile
import unicodedata

import sentencepiece
import tiktoken
from sentencepiece import sentencepiece_model_pb2 as sentencepiece_model
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

FOLDER = pathlib.Path(__file__).parent.parent / "TokenizationTests" / "Fixtures"
TEXTS = json.loads((FOLDER / "texts.json").read_text("utf8"))
SENTENCES = TEXTS[:16]
TEKKEN = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
          r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}"
          r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
LEAD = r"[^\r\n\p{L}\p{N}]?"
SPACES = r"\s*[\r\n]+|\s+(?!\S)|\s+"
CASED = (LEAD + r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+" + CONTRACTIONS + "?|"
         + LEAD + r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*" + CONTRACTIONS + "?")
HANLESS = CASED.replace(r"\p{M}]", r"\p{M}&&[^\p{Han}]]")
LATIN = (FOLDER / "deepseek-letters.txt").read_text("utf8").strip()
#: By the name in GGUF, the patterns of the models' own tokenizer.json (Kimi's is in tokenization_kimi.py).
PATTERNS = {
    "deepseek-llm": ["[\r\n]", rf"\s?[{LATIN}]+", r"\s?[!-/:-~！-／：-～‘-‟　-。]+", r"\s+$", "[一-龥ࠀ-一가-\ud7ff]+", r"\p{N}+"],
    "deepseek-coder": ["[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", "[一-龥ࠀ-一가-\ud7ff]+", r"\p{N}"],
    "kimi-k2": [rf"[\p{{Han}}]+|{HANLESS}|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{SPACES}"],
    "seed-coder": [rf"{CONTRACTIONS}|{LEAD}\p{{L}}+|\p{{N}}{{1}}| ?[^\s\p{{L}}\p{{N}}\r\n]+|{SPACES}"],
    "exaone-moe": [rf"{CONTRACTIONS}|{LEAD}(?:\p{{L}}\p{{M}}*(?: \p{{L}}\p{{M}}*)*)+|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]?"
                   r"|\s*[\r\n]|\s+(?!\S)|\s+"],
    "minicpm5": [r"\p{N}{1,3}", rf"{CONTRACTIONS}|{LEAD}\p{{L}}+|\p{{N}}+| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{SPACES}"],
    "tiny_aya": [r"\d{1,3}(?=(?:\d{3})*\b)", rf"{CASED}|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{SPACES}"],
    "youtu": ["[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+",
              rf"{CASED}|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{SPACES}"],
    "superbpe": [r"\p{N}+", r"(?=(\d{3})+(?!\d))"],
    "viking": [r" ?[^(\s|.,!?…。，、।۔،)]+", r"\p{N}"],
    "laguna": [r"[^\n]+|[\n]+", rf"{CONTRACTIONS}|{LEAD}\p{{L}}+|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{SPACES}"],
}


def digest(ids):
    """FNV-1a over the ids as 32-bit little-endian words."""
    value = 0xCBF29CE484222325
    for id in ids:
        for byte in id.to_bytes(4, "little"):
            value = (value ^ byte) * 0x100000001B3 % 2**64
    return [len(ids), f"{value:016x}"]


def write(name, content):
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    (FOLDER / name).write_text(text, encoding="utf8", newline="")


def sentence_piece(kind):
    """Trains a model without a table that rewrites characters, as Llama's and Gemma's are."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES * 3), model_writer=model, model_type=kind, vocab_size=650, byte_fallback=True,
        normalization_rule_name="identity", remove_extra_whitespaces=False, character_coverage=0.98, num_threads=1,
        max_sentencepiece_length=12, minloglevel=2, allow_whitespace_only_pieces=True)
    return model.getvalue()


def character_rules():
    """A small map in SentencePiece's own way of writing: parts of NFKC, composition, and characters that are removed."""
    rules = {"\t": " ", "\n": " ", "\r": " ", "\u200b": "", "\ufeff": "", "\u00ad": "", "\u3000": " ", "\u00a0": " "}
    for code in (*range(0xFF01, 0xFF5F), *range(0x2460, 0x2474), *range(0xFB00, 0xFB07), 0x2026, 0x33A1, 0xFDFA, 0x1D400):
        rules[chr(code)] = unicodedata.normalize("NFKC", chr(code))
    for letter in "aeiouncAEIOUNC":
        for mark in "\u0300\u0301\u0303\u0308\u0327":
            whole = unicodedata.normalize("NFC", letter + mark)
            if len(whole) == 1:
                rules[letter + mark] = whole
    rules |= {"ﾊﾟ": "パ", "ｶﾞ": "ガ", "ﾊ": "ハ", "ｶ": "カ", "\u1100\u1161": "\uac00", "㎡\u0301": "x"}
    return "".join("\t".join(" ".join(f"{ord(c):X}" for c in side) for side in rule) + "\n" for rule in sorted(rules.items()))


def mapped_texts(seed, count):
    """Strings of keys of the map, parts of keys, spaces, and characters that grapheme clusters are made of."""
    rng = random.Random(seed)
    parts = ["ﬁ", "ﬃ", "Ａ", "ｚ", "①", "⑳", "㎡", "㎡\u0301", "ﾊﾟ", "ﾊ", "ﾟ", "ｶﾞ", "\u1100\u1161", "\u1100", "\u1161", "e\u0301", "e\u0301\u0301", "c\u0327",
             "n\u0303", "\u0301", "\u0308", " ", "  ", "   ", "\t", "\n", "\r\n", "\u3000", "\u00a0", "\u200b", "\ufeff", "\u00ad", "▁", "▁▁",
             "…", "ﷺ", "𝐀", "👩‍👩‍👧", "👍🏽", "🇩🇪", "é", "ß", "中文", "the", "and ", "of", "a", "o", "A", ".", ",", "\ufffd"]
    return ["".join(rng.choice(parts) for _ in range(rng.randint(1, 12))) for _ in range(count)]


def run_texts(count):
    """Long runs of few characters."""
    rng = random.Random(2)
    parts = ["a", "b", "e", "s", "the", "in", "an ", " ", "日", "1"]
    return ["".join(rng.choice(parts) * rng.randint(1, 60) for _ in range(rng.randint(1, 5))) for _ in range(count)]


def runs_model(kind="unigram"):
    """A model without bytes, and with pieces of several lengths of one character: sums of scores of 32 bits decide where the odd ones are."""
    model = io.BytesIO()
    lines = [line for line in pathlib.Path(__file__).with_name("reference_text.txt").read_text().splitlines() if line.strip()]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines + ["a" * 40, "b" * 36] * 10), model_writer=model, model_type=kind,
        vocab_size=300, hard_vocab_limit=False, normalization_rule_name="identity", num_threads=1, minloglevel=2)
    return model.getvalue()


def mapped_model(rules_file):
    model = io.BytesIO()
    rules_file.write_text(character_rules(), encoding="utf8")
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES * 3 + mapped_texts(0, 200)), model_writer=model, model_type="unigram", vocab_size=500,
        normalization_rule_tsv=str(rules_file), character_coverage=0.98, num_threads=1, max_sentencepiece_length=12,
        minloglevel=2)
    return model.getvalue()


def mapped_tokenizer(model):
    """As transformers converts it."""
    proto = sentencepiece_model.ModelProto()
    proto.ParseFromString(model)
    vocabulary = [(piece.piece, piece.score) for piece in proto.pieces]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=0, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap), normalizers.Strip(left=False, right=True),
        normalizers.Replace(Regex(" {2,}"), "▁")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=True)
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    return tokenizer


def pieces(splitter, text):
    return [len(text[start:end].encode()) for _, (start, end) in splitter.pre_tokenize_str(text)]


expected = {}
for name, kind in [("unigram", "unigram"), ("pairs", "bpe")]:
    model = sentence_piece(kind)
    (FOLDER / f"{name}.model").write_bytes(model)
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    # SentencePiece removes NUL, and the byte order mark at the start.
    expected[name] = [digest(processor.encode(text)) for text in TEXTS]

(FOLDER / "runs.model").write_bytes(runs_model())
processor = sentencepiece.SentencePieceProcessor(model_proto=(FOLDER / "runs.model").read_bytes())
write("run-texts.json", run_texts(100))
expected["runs"] = [digest(processor.encode(text)) for text in run_texts(100)]
# Adjacent unknown characters are one token.
(FOLDER / "pairs-unknown.model").write_bytes(runs_model("bpe"))
processor = sentencepiece.SentencePieceProcessor(model_proto=(FOLDER / "pairs-unknown.model").read_bytes())
expected["pairs-unknown"] = [digest(processor.encode(text)) for text in TEXTS]

processor = sentencepiece.SentencePieceProcessor(model_proto=(FOLDER / "unigram.model").read_bytes())
vocabulary = [(processor.id_to_piece(i), processor.get_score(i)) for i in range(processor.vocab_size())]
tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=0, byte_fallback=True))
tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=True)
tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace(prepend_scheme="first")])
write("unigram.tokenizer.json", tokenizer.to_str())
expected["unigram-json"] = [digest(tokenizer.encode(text, add_special_tokens=False).ids) for text in TEXTS]

MAP_TEXTS = mapped_texts(1, 400)
write("map-texts.json", MAP_TEXTS)
with tempfile.TemporaryDirectory() as temporary:
    model = mapped_model(pathlib.Path(temporary) / "rules.tsv")
(FOLDER / "mapped.model").write_bytes(model)
processor = sentencepiece.SentencePieceProcessor(model_proto=model)
expected["mapped"] = [digest(processor.encode(text)) for text in MAP_TEXTS]
tokenizer = mapped_tokenizer(model)
write("mapped.tokenizer.json", tokenizer.to_str())
expected["mapped-json"] = [digest(tokenizer.encode(text, add_special_tokens=False).ids) for text in MAP_TEXTS]

lines = (FOLDER / "small.tiktoken").read_bytes().splitlines()
ranks = {base64.b64decode(token): int(rank) for token, rank in map(bytes.split, lines)}
write("small.tekken.json", {
    "config": {"pattern": TEKKEN, "num_vocab_tokens": len(ranks) + 5, "default_vocab_size": len(ranks) + 20,
               "default_num_special_tokens": 20, "version": "v3"},
    "vocab": [{"rank": rank, "token_bytes": base64.b64encode(token).decode(), "token_str": None}
              for token, rank in ranks.items()]})
encoding = tiktoken.Encoding("small", pat_str=TEKKEN, mergeable_ranks=ranks, special_tokens={})
expected["tekken"] = [digest([id + 20 for id in encoding.encode_ordinary(text)]) for text in TEXTS]

longest = {token: id + 1 for id, token in enumerate(ranks)}
rwkv = [repr(token.decode() if token.decode("utf8", "ignore").encode() == token else token) for token in longest]
write("small.rwkv.txt", "".join(
    f"{id} {literal} {len(token)}\n" for (token, id), literal in zip(longest.items(), rwkv)))


def longest_tokens(data):
    ids = []
    while data:
        token = next(data[:length] for length in range(min(len(data), 64), 0, -1) if data[:length] in longest)
        ids.append(longest[token])
        data = data[len(token):]
    return ids


expected["rwkv"] = [digest(longest_tokens(text.encode())) for text in TEXTS]


def plamo_rows(processor):
    """Special tokens, bytes, and the pieces of a unigram model with their scores."""
    rows = [[f"<|plamo:{name}|>", 0.0, "CONTROL", 0] for name in ("unk", "bos", "eos", "pad")]
    rows[0][2] = "UNKNOWN"
    rows.append(["<|plamo:op|>", 0.0, "NORMAL", 0])
    rows += [[f"<0x{byte:02X}>", 0.0, "BYTE", 0] for byte in range(256)]
    for id in range(processor.vocab_size()):
        if not (processor.is_control(id) or processor.is_unknown(id) or processor.is_byte(id)):
            rows.append([processor.id_to_piece(id).replace("\u2581", " "), round(processor.get_score(id), 5), "NORMAL", 0])
    return rows


def plamo_tokens(rows, text):
    """The ids with the highest sum of scores; of equal sums, those with the longest token first, at every place."""
    ids = {token: (id, round(score * 1e4)) for id, (token, score, kind, _) in enumerate(rows)
           if kind == "NORMAL" and not token.startswith("<|plamo:")}
    longest, best = max(map(len, ids)), [(0, 0, ())] * (len(text) + 1)
    for place in reversed(range(len(text))):
        found = [(best[place + 1][0] - 10_000_000, 0, place + 1, [5 + byte for byte in text[place].encode()])]
        for length in range(1, min(longest, len(text) - place) + 1):
            if text[place:place + length] in ids:
                id, score = ids[text[place:place + length]]
                found.append((best[place + length][0] + score, length, place + length, [id]))
        score, _, end, tokens = max(found, key=lambda option: option[:2])
        best[place] = (score, end, tokens)
    result, place = [], 0
    while place < len(text):
        result += best[place][2]
        place = best[place][1]
    return result


rows = plamo_rows(sentencepiece.SentencePieceProcessor(model_proto=(FOLDER / "unigram.model").read_bytes()))
write("small.plamo.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
expected["plamo"] = [digest(plamo_tokens(rows, text)) for text in TEXTS]
write("expected-vocabularies.json", expected)
cuts = {}
for name, patterns in PATTERNS.items():
    splitter = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in patterns])
    cuts[name] = [digest(pieces(splitter, text)) for text in TEXTS]
write("expected-expression-cuts.json", cuts)
