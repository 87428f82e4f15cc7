"""Tokenizers in GGUF files: `sotto quantize --to gguf:...` beside llama.cpp's converter, for check_gguf_families.py."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

SOTTO = os.environ["SOTTO"]
FIXTURES = Path(__file__).resolve().parent.parent
# The added tokens of GLM-4.5 to 4.7 that the converter asks for, and two that are shown.
GLM = [("[MASK]", True), ("[gMASK]", True), ("[sMASK]", True), ("<sop>", True), ("<|system|>", True), ("<|user|>", True),
       ("<|assistant|>", True), ("<|observation|>", True), ("<think>", False), ("<tool_call>", False)]
# Added tokens of Gemma 4.
GEMMA = [("<mask>", True), ("<|tool>", True), ("<|image|>", True), ("<|audio|>", True), ("<|channel>", True),
         ("<tool_call|>", False), ("<|\"|>", True), ("\u2581\u2581plain", False)]

# What an added token of tokenizer.json has beside its text.
PLAIN = dict(single_word=False, lstrip=False, rstrip=False, normalized=False)
# The configuration (a small model of the tests, or a type with Llama's), the fixtures of the tokenizer's tests under the
# names that they get, tokenizer_config.json, and tokens that are added to tokenizer.json.
VOCABULARIES = [
    ("llama", {"tokenizer.json": "smollm.tokenizer.json"}, {
        "bos_token": "<|im_start|>", "eos_token": "<|im_end|>"}, []),
    ("llama", {"tokenizer.json": "llama3.tokenizer.json"}, {
        "bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"}, [
        ("<|begin_of_text|>", True), ("<|eot_id|>", True)]),
    ("qwen2", {"tokenizer.json": "qwen2.tokenizer.json"}, {
        "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "add_bos_token": False}, []),
    ("llama", {"tokenizer.model": "unigram.model"}, {
        "add_bos_token": True, "add_eos_token": False, "add_prefix_space": False}, []),
    ("llama", {"tokenizer.model": "pairs.model"}, {
        "added_tokens_decoder": {"3": {"content": "<|call|>"}, "5": {"content": "\u2581tool\u2581", "special": False},
                                 "6": {"content": "<turn>", "special": True}}}, []),
    ("gemma", {"tokenizer.model": "unigram.model"}, {"bos_token": "<s>"}, []),
    ("llama", {"tokenizer.json": "llama2.tokenizer.json"}, {
        "bos_token": "<bos>", "eos_token": "<eos>", "unk_token": "<unk>", "pad_token": "<pad>"}, []),
    ("gemma4-text", {"tokenizer.json": "gemma.tokenizer.json"}, {
        "bos_token": "<bos>", "eos_token": "<eos>", "unk_token": "<unk>", "pad_token": "<pad>",
        "mask_token": "<mask>", "additional_special_tokens": ["<|tool>"], "extra_special_tokens": ["<|image|>"]}, GEMMA),
    ("gemma4-text", {"tokenizer.json": "gemma.tokenizer.json"}, {
        "bos_token": "<bos>", "additional_special_tokens": ["<|tool>"], "extra_special_tokens": []}, GEMMA),
    ("gemma4-text", {"tokenizer.json": "gemma.tokenizer.json"}, {
        "bos_token": "<bos>", "image_token": "<|image|>", "extra_special_tokens": {"audio_token": "<|audio|>"},
        "model_specific_special_tokens": {"tool_token": "<|tool>"}}, GEMMA),
    ("gemma4-text", {"tokenizer.json": "gemma.tokenizer.json"}, {
        "extra_special_tokens": ["<|audio|>"], "model_specific_special_tokens": {"tool_token": "<|tool>"}}, GEMMA),
    ("gemma4-text", {"tokenizer.json": "gemma.tokenizer.json"}, {
        "image_token": "<|image|>", "extra_special_tokens": {"audio_token": "<|audio|>"}}, GEMMA),
    ("gemma4-text", {"tokenizer.json": "gemma.tokenizer.json"}, {}, GEMMA),
    ("glm4-moe-mlx-affine4-64", {"tokenizer.json": "qwen2.tokenizer.json"}, {
        "eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>"}, GLM),
    ("glm4-moe-lite", {"tokenizer.json": "qwen2.tokenizer.json"}, {
        "eos_token": "<|user|>", "pad_token": "<|endoftext|>", "bos_token": None}, GLM),
    ("phi", {"tokenizer.json": "gpt2.tokenizer.json"}, {
        "bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>", "add_bos_token": True,
        "add_prefix_space": False}, [
        (" " * 31, False), ("\t" * 9, False), (" " * 2, False)]),
    ("nemotron", {"tokenizer.model": "unigram.model"}, {
        "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>",
        "add_bos_token": False, "added_tokens_decoder": {"3": {"content": "<extra_id_0>", "special": True}}}, []),
    ("nemotron", {"tokenizer.model": "pairs.model"}, {}, []),
    ("ernie4-moe", {"tokenizer.model": "pairs.model"}, {
        "add_prefix_space": True, "add_bos_token": False, "bos_token": "<s>", "sep_token": "<|end_of_sentence|>",
        "added_tokens_decoder": {"7": {"content": "<mask:1>", "special": False}}}, []),
    ("phimoe-mlx-affine4-64", {"tokenizer.model": "unigram.model", "tokenizer.json": "unigram.tokenizer.json"}, {
        "bos_token": "<s>", "eos_token": "<|endoftext|>", "add_bos_token": False, "add_eos_token": False,
        "added_tokens_decoder": {"5": {"content": "\u2581x", "special": False},
                                 "6": {"content": "<|end|>", "special": False}}}, [
        ("<|endoftext|>", True), ("<|user|>", False)]),
    ("phimoe-mlx-affine4-64", {"tokenizer.json": "gpt2.tokenizer.json"}, {
        "tokenizer_class": "GPT2Tokenizer", "bos_token": "<|endoftext|>", "eos_token": "<|im_end|>"}, [
        ("<|fim|>", False)]),
    # Tokens that only tokenizer_config.json lists, and others that it makes control tokens.
    ("llama", {"tokenizer.json": "smollm.tokenizer.json"}, {
        "bos_token": "<|im_start|>", "eos_token": "<|im_end|>", "unk_token": "the", "added_tokens_decoder": {
            "{next}": {"content": "<turn>", "special": True, **PLAIN}, "{next+1}": {"content": "<tool>", **PLAIN}}}, []),
    ("rwkv7", {"rwkv_vocab_v20230424.txt": "small.rwkv.txt"}, {"pad_token": "<s>", "add_bos_token": False}, []),
    ("plamo2", {"tokenizer.jsonl": "small.plamo.jsonl"}, {
        "bos_token": "<|plamo:bos|>", "eos_token": "<|plamo:eos|>", "pad_token": "<|plamo:pad|>", "sep_token": None,
        "unk_token": "<|plamo:unk|>"}, []),
]
# The rows of the embedding for vocabularies without a tokenizer.json: more than there are tokens.
ROWS = {"rwkv_vocab_v20230424.txt": 1000, "tokenizer.jsonl": 660}


def small_configuration(model: str, count: int) -> dict:
    """config.json of a model with `count` tokens."""
    tiny = FIXTURES / "ModelsTests" / "Fixtures" / "tiny" / model / "config.json"
    if not tiny.exists():
        return dict(
            model_type=model, architectures=[f"{model.capitalize()}ForCausalLM"], hidden_size=32, intermediate_size=32,
            num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=2, head_dim=16, vocab_size=count,
            rms_norm_eps=1e-5, max_position_embeddings=128, bos_token_id=1, eos_token_id=2)
    config = json.loads(tiny.read_text())
    unused = ("quantization", "quantization_config", "vocab_size_per_layer_input", "torch_dtype")
    config = {k: v for k, v in config.items() if k not in unused} | {"vocab_size": count}
    if model == "gemma":
        config["rope_theta"] = 10000.0
    if model.startswith("glm4-moe"):
        config["eos_token_id"] = [1, 2]
    return config


def problems(source: Path, theirs, work: Path, *, has_scores: bool) -> list[str]:
    """The keys of the tokenizer that differ in the file that Sotto writes."""
    import gguf

    done = subprocess.run([SOTTO, "quantize", str(source), "--to", "gguf:f32", "-o", str(work / "ours.gguf")],
                          capture_output=True, text=True, timeout=300)
    if done.returncode:
        return [done.stderr.strip()]
    ours, found = gguf.GGUFReader(work / "ours.gguf").fields, []
    for key in sorted(k for k in set(ours) | set(theirs) if k.startswith("tokenizer.") and k != "tokenizer.ggml.pre"):
        a, b = (fields[key].contents() if key in fields else None for fields in (ours, theirs))
        if key == "tokenizer.ggml.scores" and not has_scores:
            continue
        # The converter has a template of its own for RWKV.
        if key == "tokenizer.chat_template" and key not in ours:
            continue
        if a != b:
            both = isinstance(a, list) and isinstance(b, list)
            where = [i for i, (x, y) in enumerate(zip(a, b)) if x != y] if both else []
            found.append(f"{key}: {[(i, a[i], b[i]) for i in where[:4]] if where else (str(a)[:60], str(b)[:60])}")
    return found


def write_model(source: Path, model: str, count: int, settings: dict) -> None:
    """Everything but the tokenizer's own files. The model has an embedding and no layers."""
    from safetensors.numpy import save_file

    config = small_configuration(model, count)
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", **settings}
    (source / "tokenizer_config.json").write_text(json.dumps(settings))
    (source / "config.json").write_text(json.dumps(config))
    embedding = np.ones((count, config["hidden_size"]), np.float16)
    name = "model.embeddings.weight" if config["model_type"] == "rwkv7" else "model.embed_tokens.weight"
    save_file({name: embedding}, source / "model.safetensors", metadata={"format": "pt"})


def converted(model: str, files: dict, settings: dict, added: list, work: Path) -> list[str]:
    """What differs from the converter."""
    import gguf
    from conversion import ModelBase, ModelType, get_model_architecture, get_model_class

    source = work / "source"
    source.mkdir()
    for name, fixture in files.items():
        (source / name).write_bytes((FIXTURES / "TokenizationTests" / "Fixtures" / fixture).read_bytes())
    count = ROWS.get(next(iter(files)), 400)
    if "tokenizer.json" in files:
        root = json.loads((source / "tokenizer.json").read_text())
        vocabulary = root["model"]["vocab"]
        ids = list(vocabulary.values()) if isinstance(vocabulary, dict) else list(range(len(vocabulary)))
        ids += [token["id"] for token in root["added_tokens"]]
        for number, (text, special) in enumerate(added, max(ids) + 1):
            root["added_tokens"].append(dict(id=number, content=text, special=special, **PLAIN))
        (source / "tokenizer.json").write_text(json.dumps(root))
        # For these, the converter leaves out rows of the embedding that have no token.
        count = max(ids) + 1 + len(added) + (0 if root["model"].get("byte_fallback") else 3)
        if listed := settings.get("added_tokens_decoder", {}):
            numbers = {"{next}": max(ids) + 1, "{next+1}": max(ids) + 2}
            settings = {**settings, "added_tokens_decoder": {str(numbers.get(k, k)): v for k, v in listed.items()}}
    write_model(source, model, count, settings)
    found = get_model_class(get_model_architecture(ModelBase.load_hparams(source, False), ModelType.TEXT))
    small = type("Small", (found,), dict(get_vocab_base_pre=lambda *_: "default", model_arch=found.model_arch))
    small(source, gguf.LlamaFileType.ALL_F32, work / "theirs.gguf").write()
    # From tokenizer.json, the converter gives all tokens one score.
    has_scores = bool({"tokenizer.model", "tokenizer.jsonl"} & set(files)) or model.startswith("gemma4")
    return problems(source, gguf.GGUFReader(work / "theirs.gguf").fields, work, has_scores=has_scores)


def stored(file: Path, model: str, work: Path) -> list[str]:
    """What differs from a public model's vocabulary in GGUF, whose tokenizer.json is made from it."""
    import gguf

    source = work / "source"
    source.mkdir()
    fields = gguf.GGUFReader(file).fields
    tokens, types = (fields[f"tokenizer.ggml.{key}"].contents() for key in ("tokens", "token_type"))
    special = [i for i, kind in enumerate(types) if kind in (3, 4)]
    settings = {"extra_special_tokens": [tokens[i] for i in special if types[i] == 3]}
    for name, key in dict(bos="bos", eos="eos", unk="unknown", pad="padding", mask="mask").items():
        settings[f"{name}_token"] = tokens[fields[f"tokenizer.ggml.{key}_token_id"].contents()]
    (source / "tokenizer.json").write_text(json.dumps(dict(
        added_tokens=[dict(id=i, content=tokens[i], special=True, **PLAIN) for i in special],
        decoder=dict(type="Sequence", decoders=[]), model=dict(
            type="BPE", byte_fallback=True, vocab={text: i for i, text in enumerate(tokens)},
            merges=[merge.split(" ") for merge in fields["tokenizer.ggml.merges"].contents()]))))
    write_model(source, model, len(tokens), settings)
    (source / "chat_template.jinja").write_text(fields["tokenizer.chat_template"].contents())
    return problems(source, fields, work, has_scores=True)


def check(llama: Path) -> int:
    """Prints what differs.

    Args:
        llama: llama.cpp's folder in the source package.
    """
    cases = [(f"{model} {' and '.join(files.values())}", lambda work, case=(model, files, *rest): converted(*case, work))
             for model, files, *rest in VOCABULARIES]
    gemma = llama / "models" / "ggml-vocab-gemma-4.gguf"
    cases.append((f"gemma4-text {gemma.name}", lambda work: stored(gemma, "gemma4-text", work)))
    failed = 0
    for name, compare in cases:
        with tempfile.TemporaryDirectory() as temporary:
            try:
                with contextlib.redirect_stderr(io.StringIO()):
                    found = compare(Path(temporary))
            except Exception as error:
                found = [f"the converter failed: {type(error).__name__} {str(error)[:200]}"]
        failed += bool(found)
        print(f"{name}: {'same' if not found else ''}", *found[:12], sep="\n  " if found else "", flush=True)
    return 1 if failed else 0
