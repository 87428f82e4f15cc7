"""Writes Tests/TokenizationTests/Fixtures: small vocabularies and the results of the reference libraries.

The vocabularies are trained and the texts encoded by `tokenizers` and `tiktoken`; the texts are generated here.
Run: python Tests/Scripts/make_tokenizer_fixtures.py   (tokenizers 0.23, tiktoken 0.14, gguf 0.19)
"""

import base64
import json
import pathlib
import random

import gguf
import tiktoken
from tokenizers import (
    AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers)
from transformers.convert_slow_tokenizer import bytes_to_unicode

FOLDER = pathlib.Path(__file__).parent.parent / "TokenizationTests" / "Fixtures"
SENTENCES = [
    "The quick brown fox jumps over the lazy dog, doesn't it? They'll say WE'VE SEEN 1234567 of them!",
    "for (int i = 0; i < n; i++) {\n\tsum += a[i] * 0x1F;  // adds up\n}\n\n\n    return sum;\r\n",
    "Ο γρήγορος καφέ αλεπού πηδάει πάνω από το τεμπέλικο σκυλί. Übergrößenträger, naïve façade, smørrebrød.",
    "Съешь же ещё этих мягких французских булок, да выпей чаю. ЩЁТ 12,5 руб.",
    "我能吞下玻璃而不伤身体。今天天气很好，我们一起去公园散步吧！２０２６年１１月",
    "私はガラスを食べられます。それは私を傷つけません。東京タワーへ行きましょう。ｶﾀｶﾅ　全角",
    "나는 유리를 먹을 수 있어요. 그래도 아프지 않아요. 안녕하세요 세계!",
    "أنا قادر على أكل الزجاج و هذا لا يؤلمني. ٣٤٥ كتابًا في المكتبةِ",
    "मैं काँच खा सकता हूँ और मुझे उससे कोई चोट नहीं पहुंचती. १२३४ नमस्ते",
    "ฉันกินกระจกได้ แต่มันไม่ทำให้ฉันเจ็บ אני יכול לאכול זכוכית וזה לא מזיק לי.",
    "👨‍👩‍👧‍👦🏳️‍🌈👍🏽 ok 🇯🇵🇩🇪 😀😃 ﬁ ½ Ⅷ ①② ſ 'ſ ǅx ʰ ª º 𝒳𝓎 𝟘𝟙 ⁰ ₂",
    "e\u0301te\u0301 A\u0301B \u0301ABC \u0301abc ABC日D 日本ABC aBcD iPhone LLaMA x86_64 HTTPServer's IT'S 'tis 'LL",
    "  leading and trailing   \n \n\n  \t\t tabs\u00a0nbsp\u2003em\u3000wide \u2028 line\u0085next   ",
    "https://example.org/a/b?c=d&e=f#g //// ### $$$ <|im_start|>user\nhi<|im_end|> <pad><pad> {\"k\": [1, 2.5e-3]}",
    "\x00\x01\x1f\x7f \u200b\u200d\ufeff\ufffd \ue000 \U000e0101 \U0010ffff !!!\n///\n\n...\r\n--",
    "SELECT * FROM `t` WHERE a<>'b' AND c LIKE '%d%'; -- 3.14159 1,000,000 007",
]
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace("{1,3}", "")
QWEN35 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
CASED = [r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+",
         r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"]
CONTRACTION = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
REST = r" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
O200K = "|".join([CASED[0] + CONTRACTION, CASED[1] + CONTRACTION, r"\p{N}{1,3}", REST])
TEKKEN = "|".join([CASED[0], CASED[1], r"\p{N}", REST])
BAILING = (r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]"
           r"|\s+(?!\S)|\s+")
DEEPSEEK = ("[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
            "| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+")
CJK = "[一-龥\u3040-ゟ゠-ヿ]+"
FALCON = [r"[\p{P}\$\+<=>\^~\|`]+", GPT2, "[0-9][0-9][0-9]"]
DEFAULT = [r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", "[0-9][0-9][0-9]"]
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def texts():
    """Sentences, fragments of them, and sequences of characters that the patterns treat differently."""
    source = random.Random(7)
    result = list(SENTENCES) + ["", " ", "\n", "a", "'s", "é", "日"]
    pool = "".join(SENTENCES)
    odd = [" ", " ", "\n", "\r\n", "\t", "\u3000", "a", "B", "é", "É", "ǅ", "ʰ", "日", "ー", "\u0301", "1", "２",
           "Ⅷ", "'s", "'S", "'ſ", "'re", "'Ll", "!", "/", "_", "$", "😀", "\u200d", "\x00", "`", "<", "-x"]
    for _ in range(60):
        start = source.randrange(len(pool))
        result.append(pool[start:start + source.randrange(5, 300)])
    for _ in range(110):
        result.append("".join(source.choice(odd) for _ in range(source.randrange(1, 120))))
    for _ in range(20):
        result.append("".join(chr(source.choice([
            source.randrange(0x20, 0x7F), source.randrange(0xA0, 0x3000), source.randrange(0x3000, 0xD800),
            source.randrange(0xE000, 0x110000)])) for _ in range(40)))
    for _ in range(10):
        result.append(bytes(source.randrange(256) for _ in range(120)).decode("utf8", "replace"))
    return result


def digest(ids):
    """FNV-1a over the ids as 32-bit little-endian words."""
    value = 0xCBF29CE484222325
    for id in ids:
        for byte in id.to_bytes(4, "little"):
            value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"


def write(name, content):
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    (FOLDER / name).write_text(text, encoding="utf8", newline="")


def split(*patterns):
    steps = [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in patterns]
    return pre_tokenizers.Sequence(steps + [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def byte_level(pre_tokenizer, ignore_merges=False, normalizer=None):
    """A byte-level vocabulary; the special tokens and the byte alphabet come first."""
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(SENTENCES * 3, trainers.BpeTrainer(
        vocab_size=1000, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False))
    return tokenizer


def sentence_piece():
    """A character-level vocabulary with metaspaces and byte fallback, like Gemma's."""
    trained = Tokenizer(models.BPE(unk_token="<unk>"))
    trained.normalizer = normalizers.Replace(" ", "▁")
    trained.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
    special = ["<pad>", "<eos>", "<bos>", "<unk>"]
    fallback = [f"<0x{byte:02X}>" for byte in range(256)]
    trained.train_from_iterator(SENTENCES[:10] * 3, trainers.BpeTrainer(
        vocab_size=1200, special_tokens=special + fallback, limit_alphabet=300, show_progress=False))
    model = json.loads(trained.to_str())["model"]
    tokenizer = Tokenizer(models.BPE(
        vocab=model["vocab"], merges=[tuple(merge) for merge in model["merges"]], byte_fallback=True,
        fuse_unk=True, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_special_tokens([AddedToken(name, normalized=False) for name in special])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A", pair="<bos> $A $B", special_tokens=[("<bos>", tokenizer.token_to_id("<bos>"))])
    return tokenizer


def llama2():
    """The same vocabulary with Llama 2's metaspace before every section of text."""
    tokenizer = sentence_piece()
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.pre_tokenizer = None
    tokenizer.decoder = decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    return tokenizer


def metaspace(scheme, split):
    """The same vocabulary with the metaspace pre-tokenizer, like later versions of Llama 2's and Mistral's."""
    tokenizer = sentence_piece()
    tokenizer.normalizer = None
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme, split=split)
    tokenizer.decoder = decoders.Metaspace(prepend_scheme=scheme, split=split)
    return tokenizer


def added():
    """A vocabulary with added tokens with all options."""
    tokenizer = byte_level(split(LLAMA3))
    tokenizer.add_tokens([
        AddedToken("<left>", lstrip=True, normalized=False), AddedToken("<right>", rstrip=True, normalized=False),
        AddedToken("word", single_word=True, normalized=False), AddedToken("<a>", normalized=False),
        AddedToken("<a><b>", normalized=False), AddedToken("日本", normalized=False)])
    return tokenizer


def write_gguf(name, tokenizer, pre):
    """Writes the vocabulary as GGUF."""
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    writer = gguf.GGUFWriter(str(FOLDER / name), "llama")
    special = {added.content for added in tokenizer.get_added_tokens_decoder().values() if added.special}
    if pre:
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(pre)
        writer.add_token_list(tokens)
        writer.add_token_types([3 if token in special else 1 for token in tokens])
        writer.add_token_merges([" ".join(merge) for merge in model["merges"]])
        writer.add_bos_token_id(model["vocab"]["<|im_start|>"])
        writer.add_eos_token_id(model["vocab"]["<|im_end|>"])
    else:
        made = {"".join(merge): -float(rank) for rank, merge in enumerate(model["merges"])}
        writer.add_tokenizer_model("llama")
        writer.add_token_list(tokens)
        writer.add_token_scores([made.get(token, -1e6 - id) for id, token in enumerate(tokens)])
        kinds = {"<unk>": 2, "<pad>": 3, "<eos>": 3, "<bos>": 3}
        writer.add_token_types([6 if t.startswith("<0x") else kinds.get(t, 1) for t in tokens])
        writer.add_bos_token_id(model["vocab"]["<bos>"])
        writer.add_eos_token_id(model["vocab"]["<eos>"])
        writer.add_unk_token_id(model["vocab"]["<unk>"])
        writer.add_add_space_prefix(False)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def pieces(pre_tokenizer, text):
    """The lengths of the pieces in bytes."""
    return [len(text[start:end].encode()) for _, (start, end) in pre_tokenizer.pre_tokenize_str(text)]


FOLDER.mkdir(parents=True, exist_ok=True)
TEXTS = texts()
write("texts.json", TEXTS)
digits = pre_tokenizers.Sequence([pre_tokenizers.Digits(True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
TOKENIZERS = {
    "gpt2": byte_level(pre_tokenizers.ByteLevel(add_prefix_space=False)),
    "prefix-space": byte_level(pre_tokenizers.ByteLevel(add_prefix_space=True)),
    "smollm": byte_level(digits),
    "llama3": byte_level(split(LLAMA3), ignore_merges=True),
    "qwen2": byte_level(split(QWEN2), normalizer=normalizers.NFC()),
    "deepseek3": byte_level(split(r"\p{N}{1,3}", CJK, DEEPSEEK)),
    "gemma": sentence_piece(),
    "llama2": llama2(),
    "mistral": metaspace("first", False),
    "metaspace": metaspace("always", True),
    "added": added(),
}
ADDED_TEXTS = [
    "x <left> y <right>  z", "word sword word. wordy word", "<a><b><a><a", "日本語<|im_end|> <|im_start|>", "<a>word<a>",
    "  <left><right>  ", "word", "_word word_ 1word", "<|im_start|><|im_start|>x"]
expected = {}
for name, tokenizer in TOKENIZERS.items():
    write(f"{name}.tokenizer.json", tokenizer.to_str())
    inputs = ADDED_TEXTS if name == "added" else TEXTS
    encoded = [tokenizer.encode(text, add_special_tokens=False).ids for text in inputs]
    expected[name] = [[len(ids), digest(ids)] for ids in encoded] if name != "added" else encoded
write("added-texts.json", ADDED_TEXTS)
write("expected-ids.json", expected)

write_gguf("smollm.gguf", TOKENIZERS["smollm"], "smollm")
write_gguf("gemma.gguf", TOKENIZERS["gemma"], None)

# A rank file: the alphabet in byte order, then the merges; split and encoded by tiktoken.
model = json.loads(byte_level(split(O200K)).to_str())["model"]
letters = {letter: byte for byte, letter in bytes_to_unicode().items()}
ranks = {bytes([byte]): byte for byte in range(256)}
for left, right in model["merges"]:
    ranks.setdefault(bytes(letters[letter] for letter in left + right), len(ranks))
write("small.tiktoken", "".join(f"{base64.b64encode(token).decode()} {rank}\n" for token, rank in ranks.items()))
encoding = tiktoken.Encoding("small", pat_str=O200K, mergeable_ranks=ranks, special_tokens={})
write("expected-tiktoken.json", [[len(ids), digest(ids)] for ids in map(encoding.encode_ordinary, TEXTS)])

# The piece lengths of each pattern.
PATTERNS = {
    "gpt-2": [GPT2], "smollm": [r"\p{N}", GPT2], "llama-bpe": [LLAMA3], "qwen2": [QWEN2], "qwen35": [QWEN35],
    "gpt-4o": [O200K], "tekken": [TEKKEN], "bailingmoe": [BAILING], "deepseek-v3": [r"\p{N}{1,3}", CJK, DEEPSEEK],
    "falcon": FALCON, "default": DEFAULT,
}
cuts = {}
for name, patterns in PATTERNS.items():
    splitter = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in patterns])
    lengths = [pieces(splitter, text) for text in TEXTS]
    cuts[name] = [[len(piece), digest(piece)] for piece in lengths]
write("expected-cuts.json", cuts)
