"""Checks `sotto quantize --to gguf:...`: the tensors with the gguf package, the tokenizer, and the logits of both files.

Models with random weights and the tokenizers of the fixtures are written; nothing is downloaded. `SOTTO` is the path of
the binary. With --keep FOLDER the files stay there, for llama.cpp.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import gguf
import numpy as np
from safetensors.numpy import load_file, save_file

SOTTO = os.environ["SOTTO"]
TOKENIZERS = Path(__file__).resolve().parent.parent / "TokenizationTests" / "Fixtures"
HIDDEN, INNER, HEADS, KEYS, SIZE, LAYERS = 256, 512, 4, 2, 64, 4

# The model type, the tokenizer, its name in GGUF, and settings of config.json.
MODELS = [
    ("llama", "smollm", "smollm", {"tie_word_embeddings": True}),
    ("llama", "llama3", "llama-bpe", {
        "tie_word_embeddings": False,
        "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                         "original_max_position_embeddings": 64}}),
    ("qwen2", "qwen2", "qwen2", {"tie_word_embeddings": False}),
    ("qwen3", "qwen2", "qwen2", {"tie_word_embeddings": True, "head_dim": SIZE}),
]

# The largest error of a format relative to the standard deviation of a tensor (the mean square error is far below), and
# of the logits. Random weights amplify errors, so those of the smaller formats say nothing.
LOGIT_BOUNDS = {"F32": 1e-3, "F16": 0.02, "BF16": 0.1, "Q8_0": 0.3}
BOUNDS = {"F32": 0, "F16": 1e-3, "BF16": 1e-2, "Q8_0": 0.02, "Q6_K": 0.1, "Q5_K": 0.2, "Q4_K": 0.4}


def make(folder: Path, kind: str, tokenizer: str, settings: dict, random: np.random.Generator) -> dict[str, np.ndarray]:
    folder.mkdir()
    root = json.loads((TOKENIZERS / f"{tokenizer}.tokenizer.json").read_text())
    ids = [*root["model"]["vocab"].values(), *(token["id"] for token in root["added_tokens"])]
    count = (max(ids) + 64) // 32 * 32
    config = {
        "model_type": kind, "hidden_size": HIDDEN, "intermediate_size": INNER, "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS, "num_key_value_heads": KEYS, "vocab_size": count, "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0, "max_position_embeddings": 512, "hidden_act": "silu", "bos_token_id": 0, "eos_token_id": 1,
        **settings}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text(json.dumps(root))

    def normal(*shape: int) -> np.ndarray:
        return (random.standard_normal(shape) * 0.05).astype(np.float32)

    weights = {"model.embed_tokens.weight": normal(count, HIDDEN), "model.norm.weight": 1 + normal(HIDDEN)}
    if not config["tie_word_embeddings"]:
        weights["lm_head.weight"] = normal(count, HIDDEN)
    for i in range(LAYERS):
        at, mlp = f"model.layers.{i}.self_attn.", f"model.layers.{i}.mlp."
        for name, rows in (("q", HEADS * SIZE), ("k", KEYS * SIZE), ("v", KEYS * SIZE)):
            weights[f"{at}{name}_proj.weight"] = normal(rows, HIDDEN)
            if kind == "qwen2":
                weights[f"{at}{name}_proj.bias"] = normal(rows)
        weights[f"{at}o_proj.weight"] = normal(HIDDEN, HEADS * SIZE)
        if kind == "qwen3":
            weights[f"{at}q_norm.weight"] = 1 + normal(SIZE)
            weights[f"{at}k_norm.weight"] = 1 + normal(SIZE)
        weights[f"{mlp}gate_proj.weight"], weights[f"{mlp}up_proj.weight"] = normal(INNER, HIDDEN), normal(INNER, HIDDEN)
        weights[f"{mlp}down_proj.weight"] = normal(HIDDEN, INNER)
        for name in ("input_layernorm", "post_attention_layernorm"):
            weights[f"model.layers.{i}.{name}.weight"] = 1 + normal(HIDDEN)
    save_file(weights, folder / "model.safetensors")
    return weights


def expected(weights: dict[str, np.ndarray], kind: str) -> dict[str, np.ndarray]:
    """The tensors under the names and in the order of rows that llama.cpp's converter gives them."""
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH[kind.upper()], LAYERS)
    found = {}
    for name, value in weights.items():
        if kind == "llama" and (".q_proj." in name or ".k_proj." in name):
            heads = HEADS if ".q_proj." in name else KEYS
            value = value.reshape(heads, 2, SIZE // 2, HIDDEN).swapaxes(1, 2).reshape(value.shape)
        stem, ending = name.rsplit(".", 1)
        found[f"{names.get_name(stem)}.{ending}"] = value
    return found


def tensor_problems(path: Path, weights: dict[str, np.ndarray], kind: str) -> list[str]:
    problems, seen = [], set()
    for tensor in gguf.GGUFReader(path).tensors:
        if tensor.name == "rope_freqs.weight":
            continue
        seen.add(tensor.name)
        value = expected(weights, kind)[tensor.name]
        numbers = gguf.quants.dequantize(tensor.data, tensor.tensor_type).reshape(value.shape)
        error = np.abs(numbers - value).max() / (value.std() or 1)
        if not error <= BOUNDS[tensor.tensor_type.name] * 3:
            problems.append(f"{tensor.name} ({tensor.tensor_type.name}) differs by {error:.3f}")
    missing = set(expected(weights, kind)) - seen
    return problems + [f"{name} is missing" for name in sorted(missing)]


def tokenizer_problems(path: Path, tokenizer: str, pre: str) -> list[str]:
    fields = gguf.GGUFReader(path).fields
    root = json.loads((TOKENIZERS / f"{tokenizer}.tokenizer.json").read_text())
    tokens = fields["tokenizer.ggml.tokens"].contents()
    types = fields["tokenizer.ggml.token_type"].contents()
    problems = []
    if fields["tokenizer.ggml.pre"].contents() != pre:
        problems.append(f"the pre-tokenizer is {fields['tokenizer.ggml.pre'].contents()}, not {pre}")
    added = {token["id"]: token for token in root["added_tokens"]}
    for text, number in root["model"]["vocab"].items():
        if number not in added and (tokens[number], types[number]) != (text, 1):
            problems.append(f"token {number} is {tokens[number]!r}, not {text!r}")
    for number, token in added.items():
        if (tokens[number], types[number]) != (token["content"], 3 if token["special"] else 4):
            problems.append(f"the added token {number} is {tokens[number]!r} of type {types[number]}")
    if len(fields["tokenizer.ggml.merges"].contents()) != len(root["model"]["merges"]):
        problems.append("merges are missing")
    return problems[:5]


def logits(model: Path, ids: list[int], scratch: Path) -> np.ndarray:
    (scratch / "ids.json").write_text(json.dumps(ids))
    output = scratch / "logits.safetensors"
    subprocess.run(
        [SOTTO, "logits", str(model), "--tokens", str(scratch / "ids.json"), "--prefill", str(len(ids)), "--output",
         str(output)], check=True, capture_output=True, timeout=300)
    return load_file(output)["prefill_logits"]


def main() -> int:
    kept = Path(sys.argv[2]) if sys.argv[1:2] == ["--keep"] else None
    failed, checked, random = 0, 0, np.random.default_rng(5)
    with tempfile.TemporaryDirectory() as temporary:
        scratch = kept or Path(temporary)
        for kind, tokenizer, pre, settings in MODELS:
            source = scratch / f"{kind}-{tokenizer}"
            weights = make(source, kind, tokenizer, settings, random)
            ids = random.integers(2, 200, 48).tolist()
            reference = logits(source, ids, scratch)
            for target in ("F32", "F16", "BF16", "Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M"):
                path = source.with_suffix(f".{target}.gguf")
                done = subprocess.run(
                    [SOTTO, "quantize", str(source), "--to", f"gguf:{target}", "-o", str(path)], capture_output=True,
                    text=True, timeout=300)
                problems = [done.stderr.strip()]
                if done.returncode == 0:
                    problems = tensor_problems(path, weights, kind) + tokenizer_problems(path, tokenizer, pre)
                    error = np.abs(logits(path, ids, scratch) - reference).max() / reference.std()
                    if error > LOGIT_BOUNDS.get(target, np.inf):
                        problems.append(f"the logits differ by {error:.4f} standard deviations")
                checked += 1
                if problems:
                    failed += 1
                    print(f"{source.name} {target}:", *problems[:5], sep="\n  ")
    print(f"{checked} files checked, {failed} have problems")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
