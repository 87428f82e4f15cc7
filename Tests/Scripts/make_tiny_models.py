"""Writes small random models with reference logits, for the tests: make_tiny_models.py OUT_ROOT [NAME...]

    python make_tiny_models.py Tests/ModelsTests/Fixtures/tiny               # all
    python make_tiny_models.py Tests/ModelsTests/Fixtures/tiny qwen3-bf16    # these

Each directory contains a model in a published layout (safetensors with the public names, MLX's affine groups, or
model.gguf) and reference.safetensors: `tokens` int32 [40+8], `prefill_logits` [40, V], `decode_logits` [8, V]. The
logits are computed by transformers in float32, in one forward pass, with the stored weights, dequantised by mlx or
gguf. For developers: requires transformers, torch, mlx, gguf, safetensors, numpy from PyPI.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import zlib
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import gguf
import mlx.core as mx
import numpy as np
import torch
from safetensors.numpy import save_file
from transformers import AutoConfig, AutoModelForCausalLM

import tiny_names

PREFILL, DECODE = 40, 8
LLAMA = dict(
    model_type="llama", architectures=["LlamaForCausalLM"], hidden_size=32, intermediate_size=48, num_hidden_layers=2,
    num_attention_heads=4, num_key_value_heads=2, head_dim=8, vocab_size=96, rms_norm_eps=1e-5, rope_theta=10000.0,
    hidden_act="silu", max_position_embeddings=512, tie_word_embeddings=False, attention_bias=False, mlp_bias=False)
GEMMA = dict(
    model_type="gemma3_text", architectures=["Gemma3ForCausalLM"], hidden_size=32, intermediate_size=48,
    num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=1, head_dim=16, vocab_size=96, rms_norm_eps=1e-6,
    rope_theta=1000000.0, rope_local_base_freq=10000.0, sliding_window=16, sliding_window_pattern=3,
    layer_types=["sliding_attention", "sliding_attention", "full_attention"], query_pre_attn_scalar=16,
    hidden_activation="gelu_pytorch_tanh", max_position_embeddings=512, tie_word_embeddings=True,
    attention_bias=False, final_logit_softcapping=None, attn_logit_softcapping=None)
QWEN3_NEXT = dict(
    model_type="qwen3_next", architectures=["Qwen3NextForCausalLM"], hidden_size=32, intermediate_size=32,
    num_hidden_layers=3, num_attention_heads=2, num_key_value_heads=1, head_dim=16, vocab_size=64, rms_norm_eps=1e-6,
    rope_theta=10000.0, partial_rotary_factor=0.25, hidden_act="silu", max_position_embeddings=512,
    tie_word_embeddings=False, attention_bias=False, full_attention_interval=2, linear_num_key_heads=2,
    linear_num_value_heads=4, linear_key_head_dim=8, linear_value_head_dim=8, linear_conv_kernel_dim=4, num_experts=4,
    num_experts_per_tok=2, moe_intermediate_size=16, shared_expert_intermediate_size=16, norm_topk_prob=True,
    decoder_sparse_step=1, mlp_only_layers=[2])
MAMBA2 = dict(
    model_type="mamba2", architectures=["Mamba2ForCausalLM"], hidden_size=32, num_hidden_layers=2, num_heads=4, head_dim=16,
    state_size=16, n_groups=1, conv_kernel=4, expand=2, vocab_size=96, layer_norm_epsilon=1e-5, hidden_act="silu",
    use_bias=False, use_conv_bias=True, tie_word_embeddings=True, time_step_limit=[0.0, float("inf")])
QWEN3 = LLAMA | dict(
    model_type="qwen3", architectures=["Qwen3ForCausalLM"], head_dim=16, rms_norm_eps=1e-6, rope_theta=1000000.0,
    use_sliding_window=False, sliding_window=None, max_window_layers=2)
QWEN2 = {k: v for k, v in QWEN3.items() if k not in ("head_dim", "attention_bias")} | dict(
    model_type="qwen2", architectures=["Qwen2ForCausalLM"])
MISTRAL = LLAMA | dict(
    model_type="mistral", architectures=["MistralForCausalLM"], head_dim=8, sliding_window=16)
QWEN3_MOE = QWEN3 | dict(
    model_type="qwen3_moe", architectures=["Qwen3MoeForCausalLM"], decoder_sparse_step=1, mlp_only_layers=[],
    moe_intermediate_size=16, norm_topk_prob=True, num_experts=4, num_experts_per_tok=2)
QWEN2_MOE = {k: v for k, v in QWEN3_MOE.items() if k not in ("head_dim", "attention_bias")} | dict(
    model_type="qwen2_moe", architectures=["Qwen2MoeForCausalLM"], shared_expert_intermediate_size=24,
    norm_topk_prob=False)
#: Without `head_dim`, which these derive from the width.
PLAIN = {k: v for k, v in LLAMA.items() if k != "head_dim"}
OLMO2 = PLAIN | dict(model_type="olmo2", architectures=["Olmo2ForCausalLM"])
OLMO3 = OLMO2 | dict(
    model_type="olmo3", architectures=["Olmo3ForCausalLM"], rope_theta=500000.0, sliding_window=8, num_hidden_layers=3,
    layer_types=["sliding_attention", "sliding_attention", "full_attention"],
    rope_scaling=dict(
        rope_type="yarn", factor=4.0, original_max_position_embeddings=64, attention_factor=1.138629))
OLMOE = OLMO2 | dict(
    model_type="olmoe", architectures=["OlmoeForCausalLM"], intermediate_size=16, num_experts=4, num_experts_per_tok=2,
    norm_topk_prob=False, clip_qkv=None)
MIXTRAL = PLAIN | dict(
    model_type="mixtral", architectures=["MixtralForCausalLM"], intermediate_size=32, num_local_experts=4,
    num_experts_per_tok=2, sliding_window=None)
SMOLLM3 = PLAIN | dict(
    model_type="smollm3", architectures=["SmolLM3ForCausalLM"], num_hidden_layers=3, no_rope_layer_interval=3,
    no_rope_layers=[1, 1, 0], tie_word_embeddings=True, use_sliding_window=False, sliding_window=None, pad_token_id=0)
PHI3 = PLAIN | dict(
    model_type="phi3", architectures=["Phi3ForCausalLM"], num_attention_heads=2, num_key_value_heads=1,
    partial_rotary_factor=0.75, original_max_position_embeddings=8, sliding_window=None, pad_token_id=0)
LONGROPE = dict(
    type="longrope", short_factor=[1.0, 1.1, 1.2, 1.3, 1.4, 1.5], long_factor=[1.0, 1.5, 3.0, 6.0, 9.5, 14.0])
GRANITE = PLAIN | dict(
    model_type="granite", architectures=["GraniteForCausalLM"], attention_multiplier=0.25, embedding_multiplier=6.0,
    logits_scaling=0.8, residual_multiplier=0.5)
GRANITE_MOE = GRANITE | dict(
    model_type="granitemoe", architectures=["GraniteMoeForCausalLM"], intermediate_size=32, num_local_experts=4,
    num_experts_per_tok=2)
GLM4 = LLAMA | dict(
    model_type="glm4", architectures=["Glm4ForCausalLM"], head_dim=16, partial_rotary_factor=0.5, attention_bias=True,
    pad_token_id=0)
COHERE = {k: v for k, v in PLAIN.items() if k != "rms_norm_eps"} | dict(
    model_type="cohere", architectures=["CohereForCausalLM"], layer_norm_eps=1e-5, logit_scale=1.25, use_qk_norm=False,
    tie_word_embeddings=True, pad_token_id=0, eos_token_id=2)
COHERE2 = COHERE | dict(
    model_type="cohere2", architectures=["Cohere2ForCausalLM"], head_dim=16, sliding_window=8, sliding_window_pattern=3,
    num_hidden_layers=3, layer_types=["sliding_attention", "sliding_attention", "full_attention"])
GEMMA2 = {k: v for k, v in GEMMA.items() if k not in ("sliding_window_pattern", "rope_local_base_freq")} | dict(
    model_type="gemma2", architectures=["Gemma2ForCausalLM"], num_hidden_layers=2, rope_theta=10000.0,
    layer_types=["sliding_attention", "full_attention"], query_pre_attn_scalar=24, attn_logit_softcapping=5.0,
    final_logit_softcapping=10.0)
#: Ling-mini 2.0, which transformers has under another name; see tiny_names.py.
LING = LLAMA | dict(
    model_type="glm4_moe", architectures=["Glm4MoeForCausalLM"], num_attention_heads=2, num_key_value_heads=1,
    head_dim=16, first_k_dense_replace=1, moe_intermediate_size=16, n_group=4, topk_group=2, n_routed_experts=8,
    num_experts_per_tok=2, n_shared_experts=2, norm_topk_prob=True, routed_scaling_factor=2.5, use_qk_norm=True,
    partial_rotary_factor=0.5)
FALCON_H1 = {k: v for k, v in LLAMA.items() if k != "attention_bias"} | dict(
    model_type="falcon_h1", architectures=["FalconH1ForCausalLM"], hidden_size=64, intermediate_size=40, head_dim=16,
    torch_dtype="bfloat16", pad_token_id=0, attention_bias=False, projectors_bias=False, mamba_proj_bias=False,
    mamba_conv_bias=True, mamba_d_conv=4, mamba_d_head=16, mamba_d_ssm=64, mamba_d_state=9, mamba_n_groups=2,
    mamba_n_heads=4, mamba_expand=1, mamba_chunk_size=32, mamba_rms_norm=True, mamba_norm_before_gate=False,
    mamba_use_mlp=True, attention_in_multiplier=1.3, attention_out_multiplier=0.9375, key_multiplier=0.390625,
    embedding_multiplier=2.656854249492381, lm_head_multiplier=0.7, mlp_multipliers=[0.8838834764831844, 0.5859375],
    ssm_in_multiplier=1.25, ssm_multipliers=[0.3535533905932738, 0.25, 0.7, 0.5, 0.3], ssm_out_multiplier=1.2357)
LLAMA3_ROPE = dict(
    rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32)

AFFINE = [{"group_size": g, "bits": b, "mode": "affine"} for g, b in [(64, 3), (32, 2), (128, 6), (64, 5), (32, 8)]]
#: Settings of MLX's layers in turn. The last layers of the first have the short form of the older converters.
MIXTURES = {
    "mix-modes": [{"group_size": 16, "bits": 4, "mode": "nvfp4"}, {"group_size": 32, "bits": 8, "mode": "mxfp8"},
                  {"group_size": 32, "bits": 4, "mode": "mxfp4"}, {"group_size": 32, "bits": 4, "mode": "affine"}],
    "mix-bits": AFFINE + [{"group_size": 64, "bits": 4}, {"group_size": 32, "bits": 6}],
}
WIDER = {"hidden_size": 128, "intermediate_size": 128, "head_dim": 32, "num_hidden_layers": 1}
#: Directory: the base configuration, its changes, and the storage format of the weights.
SAFETENSORS = {
    "llama-plain": (LLAMA, {}, "f32"),
    "mobilellm-ls": (LLAMA, {"layer_sharing": True, "tie_word_embeddings": True}, "f32"),
    "llama-tied-bf16": (LLAMA, {"tie_word_embeddings": True, "num_key_value_heads": 1}, "bf16"),
    "llama-biases-f16-sharded": (LLAMA, {"attention_bias": True, "mlp_bias": True}, "f16-sharded"),
    "llama-rope-llama3": (LLAMA, {"rope_scaling": LLAMA3_ROPE, "head_dim": 16}, "f32"),
    "llama-rope-linear": (LLAMA, {"rope_scaling": {"rope_type": "linear", "factor": 4.0}}, "f32"),
    "llama-rope-yarn": (
        LLAMA,
        {"rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}, "head_dim": 16},
        "f32"),
    "gemma3-plain": (GEMMA, {}, "f32"),
    "gemma3-bf16": (GEMMA, {"num_key_value_heads": 2, "sliding_window": 8, "query_pre_attn_scalar": 32}, "bf16"),
    "llama-affine4-32": (LLAMA, {"hidden_size": 64, "intermediate_size": 96, "head_dim": 16}, "affine4-32"),
    "llama-affine8-64": (LLAMA, {"hidden_size": 64, "intermediate_size": 64, "head_dim": 16}, "affine8-64"),
    "llama-affine4-128-tied": (
        LLAMA,
        {"hidden_size": 128, "intermediate_size": 128, "head_dim": 32, "tie_word_embeddings": True,
         "num_hidden_layers": 1},
        "affine4-128"),
    "llama-mixed-bits": (LLAMA, {"hidden_size": 128, "intermediate_size": 128, "head_dim": 32}, "mix-bits"),
    "llama-mixed-modes": (
        LLAMA, {"hidden_size": 64, "intermediate_size": 96, "head_dim": 16, "num_hidden_layers": 3}, "mix-modes"),
    "llama-fp8-block": (LLAMA, WIDER | {"intermediate_size": 192}, "fp8-block"),
    "llama-fp8-row": (LLAMA, WIDER, "fp8-row"),
    "llama-fp8-tensor": (LLAMA, WIDER, "fp8-tensor"),
    "llama-gptq4": (LLAMA, WIDER, "gptq-4-32"),
    "llama-gptq8": (LLAMA, WIDER | {"attention_bias": True}, "gptq-8-128"),
    "llama-awq4": (LLAMA, WIDER, "awq-4-64"),
    "mamba2-plain": (MAMBA2, {"hidden_size": 24, "num_heads": 3}, "f32"),
    "mamba2-groups-bf16": (
        MAMBA2,
        {"n_groups": 2, "num_heads": 4, "hidden_size": 40, "head_dim": 20, "state_size": 9, "conv_kernel": 3,
         "use_bias": True, "use_conv_bias": False, "tie_word_embeddings": False},
        "bf16"),
    "mamba2-affine4-32": (MAMBA2, {"n_groups": 2, "hidden_size": 64, "num_heads": 8}, "affine4-32"),
    "gemma3-affine4-64": (GEMMA, {"hidden_size": 64, "intermediate_size": 64}, "affine4-64"),
    "qwen3-bf16": (
        QWEN3, {"num_hidden_layers": 3, "use_sliding_window": True, "sliding_window": 16, "max_window_layers": 1},
        "bf16"),
    "qwen3-tied-affine4-32": (
        QWEN3, {"hidden_size": 64, "intermediate_size": 96, "tie_word_embeddings": True}, "affine4-32"),
    "qwen2-windows": (
        QWEN2, {"use_sliding_window": True, "sliding_window": 8, "max_window_layers": 1, "num_key_value_heads": 4},
        "f32"),
    "mistral-window-bf16": (MISTRAL, {}, "bf16"),
    "qwen3-next-bf16": (QWEN3_NEXT, {}, "bf16"),
    "qwen3-next-mlx": (
        QWEN3_NEXT,
        {"num_hidden_layers": 2, "linear_num_value_heads": 2, "linear_key_head_dim": 16, "linear_conv_kernel_dim": 3,
         "norm_topk_prob": False, "mlp_only_layers": []},
        "mlx"),
    "qwen3-next-mlx-affine4-32": (
        QWEN3_NEXT, {"hidden_size": 64, "intermediate_size": 64, "moe_intermediate_size": 32,
                     "shared_expert_intermediate_size": 32, "linear_value_head_dim": 16},
        "mlx-affine4-32"),
    "bailing-moe-bf16": (LING, {}, "bf16"),
    "bailing-moe-mlx-affine4-32": (
        LING, {"hidden_size": 128, "head_dim": 32, "intermediate_size": 64, "moe_intermediate_size": 32,
               "attention_bias": True},
        "mlx-affine4-32"),
    "qwen3-moe-bf16": (QWEN3_MOE, {"num_hidden_layers": 3, "mlp_only_layers": [1]}, "bf16"),
    "qwen3-moe-mlx-affine4-32": (
        QWEN3_MOE, {"hidden_size": 64, "intermediate_size": 64, "moe_intermediate_size": 32, "norm_topk_prob": False},
        "mlx-affine4-32"),
    "qwen2-moe-bf16": (QWEN2_MOE, {}, "bf16"),
    "olmo2-bf16": (OLMO2, {}, "bf16"),
    "olmo3-bf16": (OLMO3, {}, "bf16"),
    "olmoe-bf16": (OLMOE, {}, "bf16"),
    "mixtral-bf16": (MIXTRAL, {}, "bf16"),
    "mixtral-mlx-affine4-32": (MIXTRAL, {"hidden_size": 128}, "mlx-affine4-32"),
    "smollm3-bf16": (SMOLLM3, {}, "bf16"),
    "phi3-bf16": (PHI3, {"sliding_window": 16}, "bf16"),
    "phi3-longrope-affine4-32": (
        PHI3, {"rope_scaling": LONGROPE, "hidden_size": 64, "num_attention_heads": 4, "intermediate_size": 64},
        "affine4-32"),
    "granite-bf16": (GRANITE, {"attention_bias": True}, "bf16"),
    "granite-moe-bf16": (GRANITE_MOE, {}, "bf16"),
    "granite-moe-mlx-affine4-32": (GRANITE_MOE, {"hidden_size": 64}, "mlx-affine4-32"),
    "granite-moe-shared-bf16": (
        GRANITE_MOE,
        {"model_type": "granitemoeshared", "architectures": ["GraniteMoeSharedForCausalLM"],
         "shared_intermediate_size": 24},
        "bf16"),
    "glm4-bf16": (GLM4, {}, "bf16"),
    "cohere-bf16": (COHERE, {"attention_bias": True}, "bf16"),
    "cohere2-bf16": (COHERE2, {}, "bf16"),
    "gemma2-bf16": (GEMMA2, {}, "bf16"),
    "falcon-h1-bf16": (FALCON_H1, {}, "bf16"),
    "seed-oss-bf16": (
        LLAMA, {"model_type": "seed_oss", "architectures": ["SeedOssForCausalLM"], "attention_bias": True,
                "attention_out_bias": False, "head_dim": 16},
        "bf16"),
    "ernie4-bf16": (
        {k: v for k, v in LLAMA.items() if "bias" not in k},
        {"model_type": "ernie4_5", "architectures": ["Ernie4_5ForCausalLM"], "use_bias": True, "head_dim": 16,
         "tie_word_embeddings": True},
        "bf16"),
}

#: Directory: the base configuration, its changes, and the types that the matrices use in rotation.
WIDE = {"hidden_size": 256, "intermediate_size": 256, "head_dim": 32, "num_attention_heads": 8}
NARROW = {"hidden_size": 256, "intermediate_size": 256, "head_dim": 32, "num_attention_heads": 2,
          "num_key_value_heads": 1, "num_hidden_layers": 1}
GGUF = {
    "gguf-llama-32": (
        LLAMA, {"num_hidden_layers": 3, "hidden_size": 64, "intermediate_size": 96, "head_dim": 16},
        ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "MXFP4", "F16", "BF16", "F32"]),
    "gguf-llama-experts": (MIXTRAL, {}, ["Q8_0", "F16"]),  # Mixtral's architecture in GGUF is llama
    "gguf-llama-k": (LLAMA, WIDE | {"num_hidden_layers": 1}, ["Q4_K", "Q5_K", "Q6_K"]),
    "gguf-llama-k-small": (LLAMA, NARROW, ["Q2_K", "IQ4_XS", "IQ4_NL", "Q3_K"]),
    "gguf-llama-iq": (
        LLAMA, NARROW, ["TQ2_0", "IQ2_XXS", "IQ3_S", "IQ2_XS", "IQ1_S", "IQ3_XXS", "IQ2_S", "TQ1_0"]),
    "gguf-llama-rope-freqs": (LLAMA, {"rope_scaling": LLAMA3_ROPE, "tie_word_embeddings": True}, ["F32"]),
    "gguf-mamba2": (MAMBA2, {"n_groups": 2, "tie_word_embeddings": False}, ["Q8_0", "F16"]),
    "gguf-qwen3": (QWEN3, {"hidden_size": 64, "intermediate_size": 64}, ["Q8_0", "Q5_0"]),
    "gguf-qwen3-per-layer": (QWEN3, {"tie_word_embeddings": True, "head_counts_per_layer": True}, ["F16"]),
    "gguf-qwen3-moe": (QWEN3_MOE, {}, ["F16"]),
    "gguf-qwen2-moe": (QWEN2_MOE, {"shared_expert_intermediate_size": 32}, ["Q8_0"]),
    "gguf-qwen2": (QWEN2, {"hidden_size": 64, "intermediate_size": 64}, ["Q8_0", "Q4_0"]),
    "gguf-gemma3": (GEMMA,
        {"intermediate_size": 64, "num_hidden_layers": 6, "layer_types": ["sliding_attention"] * 5 + ["full_attention"]},
        ["Q8_0", "Q5_0", "Q4_0"]),
}


def random_weights(config: dict, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Random values for all parameters of the model, scaled so that the logits have a standard deviation near 1."""
    model = build(config, {})
    shapes = {n: tuple(p.shape) for n, p in model.named_parameters()}
    shapes |= {n: tuple(p.shape) for n, p in model.named_buffers() if n.endswith("e_score_correction_bias")}
    weights = {}
    for name, shape in shapes.items():
        is_mamba = config["model_type"] == "mamba2"
        if "norm" in name:
            weights[name] = (0.0 if is_zero_centred(config, name) else 1.0) + 0.2 * rng.standard_normal(shape)
        elif name.endswith("A_log") and is_mamba:  # rates from 0.5 to 8
            weights[name] = np.log(0.5) + rng.uniform(size=shape) * np.log(16)
        elif name.endswith("A_log"):
            weights[name] = np.log(rng.uniform(0.1, 4, shape))
        elif name.endswith("dt_bias") and is_mamba:  # steps from 0.01 to 0.5
            weights[name] = np.log(np.expm1(np.exp(np.log(0.01) + rng.uniform(size=shape) * np.log(50))))
        elif name.endswith("dt_bias"):
            weights[name] = rng.standard_normal(shape) - 1
        elif name.endswith("mixer.D"):
            weights[name] = 1 + 0.3 * rng.standard_normal(shape)
        elif name.endswith("bias"):
            weights[name] = 0.2 * rng.standard_normal(shape)
        else:
            weights[name] = rng.standard_normal(shape) / np.sqrt(shape[-1])
            if name.endswith(("mlp.gate.weight", "router.weight")):
                # Large margins: rounding rarely changes the experts.
                weights[name] *= 6
    return {n: w.astype(np.float32) for n, w in weights.items()}


def is_zero_centred(config: dict, name: str) -> bool:
    """Whether the weight of a norm is stored as its difference from 1."""
    kind = config["model_type"]
    if kind == "qwen3_next":
        return "norm" in name and "linear_attn.norm" not in name
    return kind in ("gemma2", "gemma3_text")


def written_out(config: dict, weights: dict[str, np.ndarray]) -> tuple[dict, dict[str, np.ndarray]]:
    """The model in which each layer runs twice as one with twice as many layers."""
    doubled = {}
    for name, w in weights.items():
        parts = name.split(".")
        if "layers" not in parts:
            doubled[name] = w
            continue
        at = parts.index("layers") + 1
        for layer in (2 * int(parts[at]), 2 * int(parts[at]) + 1):
            doubled[".".join([*parts[:at], str(layer), *parts[at + 1:]])] = w
    return config | {"num_hidden_layers": 2 * config["num_hidden_layers"]}, doubled


def build(config: dict, weights: dict[str, np.ndarray]) -> torch.nn.Module:
    model = AutoModelForCausalLM.from_config(
        AutoConfig.for_model(**config), attn_implementation="eager", dtype=torch.float32)
    if weights:
        state = {n: torch.tensor(w) for n, w in weights.items()}
        missing, unexpected = model.load_state_dict(state, strict=False)
        assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
        model.tie_weights()
    return model.eval()


def write_reference(out: Path, config: dict, weights: dict[str, np.ndarray], rng: np.random.Generator) -> None:
    tokens = rng.integers(0, config["vocab_size"], PREFILL + DECODE).astype(np.int32)
    with torch.no_grad():
        logits = build(config, weights)(torch.tensor(tokens[None].astype(np.int64))).logits[0].numpy()
    save_file(
        {"tokens": tokens, "prefill_logits": logits[:PREFILL].copy(), "decode_logits": logits[PREFILL:].copy()},
        out / "reference.safetensors")
    print(f"{out.name:28} logits' standard deviation {logits.std():.2f}")


def write_safetensors(out: Path, config: dict, storage: str, rng: np.random.Generator) -> None:
    weights = random_weights(config, rng)
    stored = {n: mx.array(w) for n, w in weights.items()}
    mlx = storage.startswith("mlx")
    storage = storage.removeprefix("mlx").removeprefix("-") or "f32"
    if mlx:
        stored = {n: w + 1 if is_zero_centred(config, n) else w for n, w in stored.items()}
    if storage.startswith(("affine", "mix-")):
        # A mixture has settings for every layer in turn, such as mix-affine3-64-nvfp4.
        choices = MIXTURES.get(storage)
        if choices is None:
            bits, group = (int(x) for x in storage.removeprefix("affine").split("-"))
            choices = [{"group_size": group, "bits": bits, "mode": "affine"}]
        config, turn = config | {"quantization": dict(choices[0])}, 0
        for name, w in weights.items():
            if w.ndim == 2 or ".experts." in name:
                how = {k: v for k, v in choices[turn % len(choices)].items()}
                turn += 1
                if len(choices) > 1:
                    config["quantization"][name.removesuffix(".weight")] = how
                is_router = name.endswith(("mlp.gate.weight", "shared_expert_gate.weight"))
                if is_router and config["model_type"] != "mixtral":  # mlx-lm's exceptions
                    how = config["quantization"][name.removesuffix(".weight")] = {"group_size": 64, "bits": 8}
                packed = mx.quantize(stored.pop(name), **how)
                weights[name] = np.array(mx.dequantize(*packed, **how, dtype=mx.float32))
                stem = name.removesuffix("weight").removesuffix(".") + "."
                name = stem + "weight"
                stored |= dict(zip((name, stem + "scales", stem + "biases"), packed))
            elif w.ndim == 3 and not mlx:  # MLX has a convolution's channels last
                stored[name] = stored[name].moveaxis(2, 1)
    elif storage.startswith(("fp8-", "gptq-", "awq-")):
        stored = {n: w.astype(mx.float16) for n, w in stored.items()}
        weights = {n: np.array(w.astype(mx.float32)) for n, w in stored.items()}
        config = config | foreign(storage, stored, weights, rng)
    elif storage != "f32":
        kind = mx.bfloat16 if storage == "bf16" else mx.float16
        stored = {n: w.astype(kind) for n, w in stored.items()}
        weights = {n: np.array(w.astype(mx.float32)) for n, w in stored.items()}
    stored = tiny_names.public(config, stored, mlx)
    if storage.endswith("sharded"):
        names = sorted(stored)
        shards = {"model-00001-of-00002.safetensors": names[::2], "model-00002-of-00002.safetensors": names[1::2]}
        for shard, held in shards.items():
            mx.save_safetensors(str(out / shard), {n: stored[n] for n in held}, {"format": "pt"})
        index = {"metadata": {}, "weight_map": {n: s for s, held in shards.items() for n in held}}
        (out / "model.safetensors.index.json").write_text(json.dumps(index))
    elif "quantization_config" in config:
        from safetensors.torch import save_file as save_torch
        plain = {n: w if isinstance(w, torch.Tensor) else torch.from_numpy(np.array(w)) for n, w in stored.items()}
        save_torch(plain, out / "model.safetensors", {"format": "pt"})
    else:
        mx.save_safetensors(str(out / "model.safetensors"), stored, {"format": "mlx"})
    written = tiny_names.ling_config(config) if config["model_type"] == "glm4_moe" else config
    if config.get("layer_sharing"):
        written = config | {"model_type": "mobilellm", "share_embedding": True, "tie_word_embeddings": False}
        config, weights = written_out(config, weights)
    if "quantization" in config:
        written["quantization"] = {
            tiny_names.public_name(config["model_type"], n, mlx): v for n, v in config["quantization"].items()}
    (out / "config.json").write_text(json.dumps(written, indent=2) + "\n")
    plain = {k: v for k, v in config.items() if k not in ("quantization", "quantization_config")}
    write_reference(out, plain, weights, rng)


def foreign(storage: str, stored: dict, weights: dict, rng: np.random.Generator) -> dict:
    """Replaces the layers' matrices by those of another library's quantisation, in `stored` and, as that library reads
    them, in `weights`. Returns its `quantization_config`."""
    method, *how = storage.split("-")
    for name in [n for n, w in weights.items() if w.ndim == 2 and "layers." in n]:
        w, stem = weights[name], name.removesuffix(".weight")
        rows, columns = w.shape
        if method == "fp8":
            size = {"block": (128, 128), "row": (1, columns), "tensor": (rows, columns)}[how[0]]
            grid = -(-rows // size[0]), -(-columns // size[1])
            scales = rng.uniform(0.5, 1.5, grid).astype(np.float32) / 1000
            spread = scales.repeat(size[0], axis=0)[:rows].repeat(size[1], axis=1)[:, :columns]
            packed = torch.from_numpy(w / spread).clamp(-448, 448).to(torch.float8_e4m3fn)
            weights[name] = packed.float().numpy() * spread
            stored[name] = packed
            stored[name + ("_scale_inv" if how[0] == "block" else "_scale")] = torch.from_numpy(
                scales if how[0] != "tensor" else scales[0])
            continue
        bits, group = int(how[0]), int(how[1])
        scales = (rng.uniform(0.5, 1.5, (columns // group, rows)) / 16 / 2**bits * 3.5).astype(np.float16)
        # The zero points are near the middle; all other words are random.
        words = lambda *shape: rng.integers(0, 2**32, shape, dtype=np.uint32)
        shifts = np.arange(32 // bits, dtype=np.uint32) * bits
        middle = rng.integers(2 ** (bits - 1) - 2, 2 ** (bits - 1) + 2, (columns // group, rows * bits // 32, 32 // bits))
        zeros = (middle.astype(np.uint32) << shifts).sum(axis=-1, dtype=np.uint32)
        if method == "gptq":
            values = words(columns * bits // 32, rows)
            q = (values[:, None] >> shifts[None, :, None] & (2**bits - 1)).reshape(columns, rows).T
            z = (zeros[..., None] >> shifts & (2**bits - 1)).reshape(-1, rows).T + 1
            stored[stem + ".g_idx"] = torch.arange(columns, dtype=torch.int32) // group
        else:  # mlx-lm's reading of AutoAWQ's order
            from mlx_lm.utils import _unpack_awq_weights
            values = words(columns, rows // 8)
            q = np.array(_unpack_awq_weights(mx.array(values))).T
            z = np.array(_unpack_awq_weights(mx.array(zeros))).T
        spread = scales.T.astype(np.float32).repeat(group, axis=1)
        weights[name] = ((q.astype(np.float32) - z.astype(np.float32).repeat(group, axis=1)) * spread).astype(np.float32)
        del stored[name]
        stored[stem + ".qweight"] = torch.from_numpy(values.view(np.int32))
        stored[stem + ".qzeros"] = torch.from_numpy(zeros.view(np.int32))
        stored[stem + ".scales"] = torch.from_numpy(scales)
    if method == "fp8":
        settings = {"quant_method": "fp8" if how[0] == "block" else "compressed-tensors"}
        if how[0] == "block":
            settings["weight_block_size"] = [128, 128]
    else:
        settings = {"quant_method": method, "bits": bits, "group_size": group}
        settings |= {"version": "gemm", "zero_point": True} if method == "awq" else {"desc_act": False, "sym": False}
    return {"quantization_config": settings}


#: The offset of a block's float16 scale, by type; that of the minimum, and their ratio.
SCALES = {"Q2_K": (80, 82, 1.5), "Q3_K": (108,), "Q4_K": (0, 2, 7.5), "Q5_K": (0, 2, 15.5), "Q6_K": (208,),
          "IQ4_NL": (0,), "IQ4_XS": (0,), "IQ1_S": (0,), "IQ2_XXS": (0,), "IQ2_XS": (0,), "IQ2_S": (0,), "IQ3_XXS": (0,),
          "IQ3_S": (0,), "TQ1_0": (52,), "TQ2_0": (64,)}


def blocks(kind: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Random blocks of a type that gguf cannot quantise to, with weights of magnitude near 1/16."""
    columns, size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[kind]]
    count = shape[0] * shape[1] // columns
    raw = rng.integers(0, 256, (count, size), dtype=np.uint8)
    scale, *minimum = SCALES[kind]

    def set_scales(size):
        halves = lambda x: np.asarray(x, np.float16).view(np.uint8).reshape(count, 2)
        raw[:, scale : scale + 2] = halves(size)
        if minimum:
            raw[:, minimum[0] : minimum[0] + 2] = halves(size * minimum[1])

    # With a scale of 1, the numbers' size; then the scale that gives the one wanted.
    set_scales(np.ones(count))
    plain = gguf.quants.dequantize(raw, gguf.GGMLQuantizationType[kind])
    set_scales(rng.uniform(0.5, 1.5, count) / 16 / plain.std(axis=1))
    return raw.reshape(shape[0], -1)


#: GGUF's architectures by `model_type` of config.json.
ARCHITECTURES = {
    "mixtral": gguf.MODEL_ARCH.LLAMA,
    "llama": gguf.MODEL_ARCH.LLAMA, "gemma3_text": gguf.MODEL_ARCH.GEMMA3, "mamba2": gguf.MODEL_ARCH.MAMBA2,
    "qwen2": gguf.MODEL_ARCH.QWEN2, "qwen2_moe": gguf.MODEL_ARCH.QWEN2MOE, "qwen3_moe": gguf.MODEL_ARCH.QWEN3MOE,
    "qwen3": gguf.MODEL_ARCH.QWEN3}


def gguf_name(name: str, architecture: gguf.MODEL_ARCH) -> str:
    """The GGUF name of a tensor."""
    table = gguf.get_tensor_name_map(architecture, 8)
    if name.endswith((".A_log", ".D")):
        return table.get_name(name)
    stem, suffix = name.replace(".dt_bias", ".dt_proj.bias").rsplit(".", 1)
    return f"{table.get_name(stem)}.{suffix}"


def interleaved(w: np.ndarray, heads: int) -> np.ndarray:
    """The rows of a query or key matrix in GGUF's order for llama: adjacent pairs instead of halves."""
    return w.reshape(heads, 2, -1, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def halved(w: np.ndarray, heads: int) -> np.ndarray:
    """The inverse of `interleaved`."""
    return w.reshape(heads, -1, 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def add_attention(writer: gguf.GGUFWriter, config: dict) -> None:
    """Adds the metadata of models with attention; per-layer arrays if `head_counts_per_layer` is set."""
    per_layer = lambda x: [x] * config["num_hidden_layers"] if config.get("head_counts_per_layer") else x
    head_dim = config.get("head_dim", config["hidden_size"] // config["num_attention_heads"])
    writer.add_feed_forward_length(per_layer(config["intermediate_size"]))
    writer.add_head_count(per_layer(config["num_attention_heads"]))
    writer.add_head_count_kv(per_layer(config["num_key_value_heads"]))
    if "num_experts_per_tok" in config:
        writer.add_expert_count(config.get("num_experts") or config["num_local_experts"])
        writer.add_expert_used_count(config["num_experts_per_tok"])
    if "moe_intermediate_size" in config:
        writer.add_expert_feed_forward_length(config["moe_intermediate_size"])
    if "shared_expert_intermediate_size" in config:
        writer.add_expert_shared_feed_forward_length(config["shared_expert_intermediate_size"])
    if config["model_type"] not in ("qwen2", "qwen2_moe"):
        writer.add_key_length(head_dim)
        writer.add_value_length(head_dim)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_theta"])
    if config["model_type"] == "gemma3_text":
        writer.add_sliding_window(config["sliding_window"])
    else:
        writer.add_rope_dimension_count(head_dim)
    if (scaling := config.get("rope_scaling")) is not None:
        writer.add_tensor("rope_freqs.weight", llama3_factors(config, scaling))


def add_state_space(writer: gguf.GGUFWriter, config: dict) -> None:
    """Adds the metadata of mamba2, as written by llama.cpp's converter."""
    writer.add_feed_forward_length(0)
    writer.add_head_count(0)
    writer.add_ssm_conv_kernel(config["conv_kernel"])
    writer.add_ssm_inner_size(config["num_heads"] * config["head_dim"])
    writer.add_ssm_state_size(config["state_size"])
    writer.add_ssm_time_step_rank(config["num_heads"])
    writer.add_ssm_group_count(config["n_groups"])
    writer.add_layer_norm_rms_eps(config["layer_norm_epsilon"])


def converted(name: str, w: np.ndarray, config: dict) -> np.ndarray:
    """A tensor that is not quantised, in the form of llama.cpp's converter."""
    if config["model_type"] == "gemma3_text" and "norm" in name:
        return w + 1
    if name.endswith(".A_log"):
        return -np.exp(w)[:, None]
    if name.endswith(".D"):
        return w[:, None]
    if name.endswith("mixer.norm.weight"):
        return w.reshape(config["n_groups"], -1)
    return w.squeeze() if "conv1d" in name or "shared_expert_gate" in name else w


def experts(name: str, w: np.ndarray) -> dict[str, np.ndarray]:
    """The stacks of a mixture's experts, as llama.cpp's converter keeps them."""
    if name.endswith("down_proj"):
        return {name + ".weight": w}
    stem, half = name.removesuffix("gate_up_proj"), w.shape[1] // 2
    return {stem + "gate_proj.weight": w[:, :half], stem + "up_proj.weight": w[:, half:]}


def write_gguf(out: Path, config: dict, kinds: list[str], rng: np.random.Generator) -> None:
    architecture = ARCHITECTURES[config["model_type"]]
    llama = architecture == gguf.MODEL_ARCH.LLAMA
    writer = gguf.GGUFWriter(out / "model.gguf", gguf.MODEL_ARCH_NAMES[architecture])
    writer.add_string("tokenizer.ggml.model", "no_vocab")
    writer.add_vocab_size(config["vocab_size"])
    # mamba2 has no maximum length; llama.cpp's converter writes 2**20.
    writer.add_context_length(config.get("max_position_embeddings", 2**20))
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    (add_state_space if architecture == gguf.MODEL_ARCH.MAMBA2 else add_attention)(writer, config)

    plain_config = {k: v for k, v in config.items() if k != "head_counts_per_layer"}
    weights, turn = random_weights(plain_config, rng), 0
    for name, w in weights.items():
        if ".experts." in name:
            for part, matrices in experts(name, w).items():
                writer.add_tensor(gguf_name(part, architecture), np.ascontiguousarray(matrices))
            continue
        if w.ndim != 2 or name.endswith(("mlp.gate.weight", "shared_expert_gate.weight")):  # routers stay in float32
            writer.add_tensor(gguf_name(name, architecture), np.ascontiguousarray(converted(name, w, config)))
            continue
        heads = config.get("num_attention_heads" if "q_proj" in name else "num_key_value_heads")
        rotary = llama and ("q_proj" in name or "k_proj" in name)
        kind = gguf.GGMLQuantizationType[kinds[turn % len(kinds)]]
        turn += 1
        if w.shape[1] % gguf.GGML_QUANT_SIZES[kind][0]:  # as llama.cpp does where a type's blocks do not fit
            kind = gguf.GGMLQuantizationType.Q8_0
        try:
            packed = gguf.quants.quantize(interleaved(w, heads) if rotary else w, kind)
        except NotImplementedError:
            packed = blocks(kind.name, w.shape, rng)
        plain = gguf.quants.dequantize(packed, kind).astype(np.float32)
        weights[name] = halved(plain, heads) if rotary else plain
        writer.add_tensor(gguf_name(name, architecture), packed, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    write_reference(out, plain_config, weights, rng)


def llama3_factors(config: dict, scaling: dict) -> np.ndarray:
    """The divisors of the rotary frequencies, by the published rule of Llama 3.1."""
    old = scaling["original_max_position_embeddings"]
    frequencies = config["rope_theta"] ** -(np.arange(0, config["head_dim"], 2) / config["head_dim"])
    turns = old * frequencies / (2 * np.pi)
    low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
    smooth = np.clip((turns - low) / (high - low), 0, 1)
    return (1 / ((1 - smooth) / scaling["factor"] + smooth)).astype(np.float32)


def main() -> None:
    root, names = Path(sys.argv[1]), sys.argv[2:]
    for table, write in ((SAFETENSORS, write_safetensors), (GGUF, write_gguf)):
        for name, (base, changes, how) in table.items():
            if names and name not in names:
                continue
            out = root / name
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir(parents=True)
            write(out, base | changes, how, np.random.default_rng(zlib.crc32(name.encode())))


if __name__ == "__main__":
    main()
