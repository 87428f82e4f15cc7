"""How checkpoints name and pack the tensors of transformers' models, for make_tiny_models.py.

transformers keeps a mixture's experts in two stacks, `experts.gate_up_proj` [E, 2I, H] and `experts.down_proj`
[E, H, I]. The public checkpoints and mlx-lm's conversions do not.
"""

from __future__ import annotations

import re

import mlx.core as mx

Tensors = dict[str, mx.array]

#: Ling's names of GLM-4.5's tensors: transformers does not have Ling, whose layers are GLM-4.5's.
LING = (
    (r"embed_tokens", "word_embeddings"), (r"\.self_attn\.", ".attention."), (r"attention\.o_proj", "attention.dense"),
    (r"q_norm", "query_layernorm"), (r"k_norm", "key_layernorm"), (r"e_score_correction_bias", "expert_bias"))
MIXTRAL = {"gate_proj": "w1", "up_proj": "w3", "down_proj": "w2"}


def public(config: dict, tensors: Tensors, mlx: bool) -> Tensors:
    """transformers' tensors, or planes of them, as the public checkpoint or mlx-lm's conversion has them."""
    kind = config["model_type"]
    if kind == "glm4_moe":
        tensors = fused(tensors)
    return {
        n: w for name, x in tensors.items() for n, w in renamed(kind, public_name(kind, name, mlx), x, mlx).items()}


def public_name(kind: str, name: str, mlx: bool) -> str:
    """The name of a tensor or of a module outside the stacks of experts."""
    if kind.startswith("granitemoe"):
        name = re.sub(r"router\b", "router.layer", name)
    if kind == "mixtral":
        name = name.replace(".mlp.", ".block_sparse_moe.")
    if kind == "glm4_moe":
        for pattern, replacement in LING:
            name = re.sub(pattern, replacement, name)
        if mlx:  # mlx-lm has the router a level below
            name = re.sub(r"mlp\.gate(?=$|\.(weight|scales|biases)$)", "mlp.gate.gate_proj", name)
    return name


def renamed(kind: str, name: str, x: mx.array, mlx: bool) -> Tensors:
    """One tensor, or a plane of one, under its public names."""
    if ".experts." not in name:
        return {name: x.swapaxes(1, 2) if mlx and "conv1d" in name else x}
    stem, part = name.split("experts.")
    stack, _, plane = part.partition(".")
    plane = plane or "weight"
    if kind.startswith("granitemoe") and not mlx:
        return {f"{stem}{'input' if stack == 'gate_up_proj' else 'output'}_linear.{plane}": x}
    matrices = {"down_proj": x}
    if stack == "gate_up_proj":
        matrices = {"gate_proj": x[:, : x.shape[1] // 2], "up_proj": x[:, x.shape[1] // 2 :]}
    if mlx:
        return {f"{stem}switch_mlp.{m}.{plane}": w for m, w in matrices.items()}
    names = MIXTRAL if kind == "mixtral" else {m: m for m in matrices}
    return {f"{stem}experts.{e}.{names[m]}.{plane}": w[e] for m, w in matrices.items() for e in range(len(w))}


def fused(tensors: Tensors) -> Tensors:
    """Queries, keys and values in one matrix (Ling)."""
    result: Tensors = {}
    for name, x in tensors.items():
        if ".q_proj." in name:
            x = mx.concatenate([tensors[name.replace(".q_proj.", f".{letter}_proj.")] for letter in "qkv"])
            name = name.replace("q_proj", "query_key_value")
        if ".k_proj." not in name and ".v_proj." not in name:
            result[name] = x
    return result


def ling_config(config: dict) -> dict:
    """Ling's config.json for GLM-4.5's."""
    renamed_keys = {
        "n_routed_experts": "num_experts", "n_shared_experts": "num_shared_experts", "attention_bias": "use_qkv_bias"}
    return {renamed_keys.get(k, k): v for k, v in config.items()} | {
        "model_type": "bailing_moe", "architectures": ["BailingMoeV2ForCausalLM"], "score_function": "sigmoid",
        "moe_router_enable_expert_bias": True, "moe_shared_expert_intermediate_size": config["moe_intermediate_size"],
        "use_bias": False, "norm_head": False, "norm_softmax": False, "use_rmsnorm": True}
