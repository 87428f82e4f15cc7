"""Writes small models in bfloat16 that are wide enough for 8-bit layers in groups of 64: make_wide_models.py OUT_ROOT

    PYTHONPATH=../shared/reference python make_wide_models.py Tests/ModelsTests/Fixtures/tiny

The models are make_reference.py's (see its README for what it requires) with other sizes, rounded before the logits are
computed. Correction biases and the parameters of decays stay in float32, as in the public checkpoints.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

import make_reference as reference

PREFILL, DECODE = 40, 8
EXACT = ("e_score_correction_bias", "A_log", "dt_bias")
COMMON = {"hidden_size": 64, "num_hidden_layers": 2, "vocab_size": 97, "torch_dtype": "bfloat16"}
MODELS = {
    "minimax-m2-wide": ("minimax_m2", {"intermediate_size": 32, "num_local_experts": 4, "num_experts_per_tok": 2}),
    "kimi-linear-wide": ("kimi_linear", {
        "intermediate_size": 64, "moe_intermediate_size": 32, "num_experts": 4, "num_experts_per_token": 2,
        "num_expert_group": 1, "topk_group": 1, "num_attention_heads": 2, "num_key_value_heads": 2, "kv_lora_rank": 32,
        "qk_nope_head_dim": 32, "qk_rope_head_dim": 8, "v_head_dim": 32, "head_dim": 40,
        "linear_attn_config": {
            "full_attn_layers": [2], "head_dim": 16, "kda_layers": [1], "num_heads": 2, "short_conv_kernel_size": 4}}),
    "rwkv7-wide": ("rwkv7", {
        "intermediate_size": 64, "head_dim": 16, "decay_low_rank_dim": 64, "a_low_rank_dim": 64, "v_low_rank_dim": 64,
        "gate_low_rank_dim": 64}),
    "phimoe": ("phimoe", {
        "intermediate_size": 32, "num_local_experts": 4, "num_attention_heads": 4, "num_key_value_heads": 4,
        "rope_scaling": None}),
}


def original(name: str, tensor: np.ndarray) -> np.ndarray:
    """In the shape of the public checkpoint; mlx-lm has rows of heads in RWKV-7."""
    return tensor.reshape(-1) if name.endswith((".k_k", ".k_a", ".g_norm.weight", ".g_norm.bias")) else tensor


def rounded(name: str, tensor: np.ndarray) -> torch.Tensor:
    numbers = torch.from_numpy(np.ascontiguousarray(tensor).reshape(tensor.shape))
    return numbers if name.endswith(EXACT) else numbers.bfloat16()


def make(out: Path, kind: str, changes: dict) -> None:
    arch = reference.ARCHITECTURES[kind]
    key = f"{kind}/wide"
    draw = reference.Draw(key)
    config = arch.config(draw) | COMMON | changes
    tokens = draw.rng.integers(0, config["vocab_size"], PREFILL + DECODE).astype(np.int32)
    weights = reference.Weights(arch, key, config.get("tie_word_embeddings", False))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        plain = config | {"torch_dtype": "float32"}
        if "transformers" in arch.sources:
            source = reference.TorchSource
            source.write(folder, arch, plain, weights, tokens)
        else:
            source = reference.MlxSource
            source.write(folder, plain, weights, tokens)
        file = folder / "model.safetensors"
        tensors = {n: rounded(n, original(n, x)) for n, x in reference.load_tensors(file).items()}
        save_file({n: x.float() for n, x in tensors.items()}, file)
        logits = [reference.Logits.of(s(folder), tokens, DECODE, arch.prefix) for s in (source, reference.MlxSource)]
    print(f"{out.name}: {logits[0].distance(logits[1])}")
    reference.write_config(out, config)
    save_file(tensors, out / "model.safetensors", {"format": "pt"})
    reference.save_tensors(
        out / "reference.safetensors",
        {"tokens": tokens, "prefill_logits": logits[0].prefill, "decode_logits": logits[0].decode})


def main() -> None:
    warnings.filterwarnings("ignore")
    for name, (kind, changes) in MODELS.items():
        make(Path(sys.argv[1]) / name, kind, changes)


if __name__ == "__main__":
    main()
