"""The tensors and metadata of each architecture's GGUF file, as llama.cpp's converter names them.

Each function returns a `Model` of `layers` layers with the dimensions that are given. Extents are outermost first.
Kinds are not decided here (see quantisation.py), except for float32 tensors whose names do not tell.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Tensor:
    name: str
    extents: tuple[int, ...]


@dataclass
class Model:
    """One GGUF file: `keys` without the prefix of the architecture."""

    architecture: str
    vocabulary: int
    hidden: int
    layers: int
    keys: dict[str, object] = field(default_factory=dict)
    tensors: list[Tensor] = field(default_factory=list)

    def add(self, name: str, *extents: int, ending: str = ".weight") -> None:
        self.tensors.append(Tensor(name + ending, extents))

    def ends(self, tied: bool, norm: str = "output_norm") -> Model:
        """Adds the embedding, the last norm and the head."""
        self.add("token_embd", self.vocabulary, self.hidden)
        self.add(norm, self.hidden)
        if not tied:
            self.add("output", self.vocabulary, self.hidden)
        return self

    def norm(self, name: str, size: int | None = None) -> None:
        self.add(name, size or self.hidden)

    def gated(self, prefix: str, inner: int, ending: str = "", experts: int = 0) -> None:
        """A gated feed-forward block, or a stack of them."""
        stack = (experts,) if experts else ()
        self.add(f"{prefix}ffn_gate{ending}", *stack, inner, self.hidden)
        self.add(f"{prefix}ffn_up{ending}", *stack, inner, self.hidden)
        self.add(f"{prefix}ffn_down{ending}", *stack, self.hidden, inner)

    def attention(self, prefix: str, heads: int, kv_heads: int, size: int, norms: bool, query: int = 1) -> None:
        """The projections; `query` is 2 where a gate of the same size is in the query projection."""
        self.add(prefix + "attn_q", query * heads * size, self.hidden)
        self.add(prefix + "attn_k", kv_heads * size, self.hidden)
        self.add(prefix + "attn_v", kv_heads * size, self.hidden)
        self.add(prefix + "attn_output", self.hidden, heads * size)
        if norms:
            self.norm(prefix + "attn_q_norm", size)
            self.norm(prefix + "attn_k_norm", size)

    def mamba2(self, prefix: str, inner: int, heads: int, state: int, groups: int, normed: bool = True) -> None:
        channels = inner + 2 * groups * state
        self.add(prefix + "ssm_in", inner + channels + heads, self.hidden)
        self.add(prefix + "ssm_conv1d", channels, self.keys["ssm.conv_kernel"])
        self.add(prefix + "ssm_conv1d", channels, ending=".bias")
        self.add(prefix + "ssm_dt", heads, ending=".bias")
        self.add(prefix + "ssm_a", heads, 1, ending="")
        self.add(prefix + "ssm_d", heads, 1, ending="")
        if normed:
            self.add(prefix + "ssm_norm", groups, inner // groups)
        self.add(prefix + "ssm_out", self.hidden, inner)

    def mamba1(self, prefix: str, inner: int, state: int, rank: int) -> None:
        self.add(prefix + "ssm_in", 2 * inner, self.hidden)
        self.add(prefix + "ssm_conv1d", inner, self.keys["ssm.conv_kernel"])
        self.add(prefix + "ssm_conv1d", inner, ending=".bias")
        self.add(prefix + "ssm_x", rank + 2 * state, inner)
        self.add(prefix + "ssm_dt", inner, rank)
        self.add(prefix + "ssm_dt", inner, ending=".bias")
        self.add(prefix + "ssm_a", inner, state, ending="")
        self.add(prefix + "ssm_d", inner, ending="")
        self.add(prefix + "ssm_out", self.hidden, inner)

    def delta_net(self, prefix: str, key_heads: int, value_heads: int, size: int) -> None:
        """The projections of a gated delta network, without those of its gates."""
        keys, values = key_heads * size, value_heads * size
        self.add(prefix + "attn_qkv", 2 * keys + values, self.hidden)
        self.add(prefix + "attn_gate", values, self.hidden)
        self.add(prefix + "ssm_conv1d", 2 * keys + values, self.keys["ssm.conv_kernel"])
        self.add(prefix + "ssm_dt", value_heads, ending=".bias")
        self.add(prefix + "ssm_a", value_heads, ending="")
        self.add(prefix + "ssm_norm", size)
        self.add(prefix + "ssm_out", self.hidden, values)


def attention_keys(heads: int, kv_heads: int | list[int], size: int, theta: float) -> dict[str, object]:
    return {
        "attention.head_count": heads, "attention.head_count_kv": kv_heads, "attention.key_length": size,
        "attention.value_length": size, "rope.freq_base": float(theta), "rope.dimension_count": size}


def state_space_keys(inner: int, state: int, rank: int, groups: int | None = None, taps: int = 4) -> dict[str, object]:
    keys = {"ssm.conv_kernel": taps, "ssm.inner_size": inner, "ssm.state_size": state, "ssm.time_step_rank": rank}
    return keys if groups is None else keys | {"ssm.group_count": groups}


def dense(
    architecture: str, layers: int, *, vocabulary: int, hidden: int, inner: int, heads: int, kv_heads: int, size: int,
    theta: float, tied: bool = True, norms: bool = False, post_norms: bool = False, more: dict | None = None,
) -> Model:
    model = Model(architecture, vocabulary, hidden, layers)
    model.keys = attention_keys(heads, kv_heads, size, theta) | {"feed_forward_length": inner} | (more or {})
    for prefix in blocks(layers):
        model.norm(prefix + "attn_norm")
        model.attention(prefix, heads, kv_heads, size, norms)
        if post_norms:
            model.norm(prefix + "post_attention_norm")
            model.norm(prefix + "post_ffw_norm")
        model.norm(prefix + "ffn_norm")
        model.gated(prefix, inner)
    return model.ends(tied)


def qwen3_experts(
    layers: int, *, vocabulary: int, hidden: int, heads: int, kv_heads: int, size: int, theta: float, experts: int,
    chosen: int, inner: int,
) -> Model:
    model = Model("qwen3moe", vocabulary, hidden, layers)
    model.keys = attention_keys(heads, kv_heads, size, theta) | {
        "feed_forward_length": 6144, "expert_count": experts, "expert_used_count": chosen,
        "expert_feed_forward_length": inner}
    for prefix in blocks(layers):
        model.norm(prefix + "attn_norm")
        model.attention(prefix, heads, kv_heads, size, norms=True)
        model.norm(prefix + "ffn_norm")
        model.add(prefix + "ffn_gate_inp", experts, hidden)
        model.gated(prefix, inner, "_exps", experts)
    return model.ends(tied=False)


def sigmoid_experts(model: Model, prefix: str, experts: int, inner: int) -> None:
    """Experts with a correction bias and one shared expert."""
    model.add(prefix + "ffn_gate_inp", experts, model.hidden)
    model.add(prefix + "exp_probs_b", experts, ending=".bias")
    model.gated(prefix, inner, "_exps", experts)
    model.gated(prefix, inner, "_shexp")


def sigmoid_keys(
    experts: int, chosen: int, groups: int, chosen_groups: int, inner: int, lead: int, scale: float
) -> dict[str, object]:
    return {
        "expert_count": experts, "expert_used_count": chosen, "expert_group_count": groups,
        "expert_group_used_count": chosen_groups, "expert_gating_func": 2, "expert_feed_forward_length": inner,
        "expert_shared_count": 1, "expert_weights_scale": scale, "expert_weights_norm": True,
        "leading_dense_block_count": lead}


def ling(
    layers: int, *, vocabulary: int, hidden: int, heads: int, kv_heads: int, size: int, theta: float, dense_inner: int,
    experts: int, chosen: int, groups: tuple[int, int], inner: int,
) -> Model:
    model = Model("bailingmoe2", vocabulary, hidden, layers)
    model.keys = attention_keys(heads, kv_heads, size, theta) | sigmoid_keys(
        experts, chosen, *groups, inner, 1, 2.5)
    model.keys |= {
        "feed_forward_length": dense_inner, "rope.dimension_count": size // 2,
        "expert_shared_feed_forward_length": inner, "nextn_predict_layers": 0}
    for index, prefix in enumerate(blocks(layers)):
        model.norm(prefix + "attn_norm")
        model.add(prefix + "attn_qkv", (heads + 2 * kv_heads) * size, hidden)
        model.add(prefix + "attn_output", hidden, heads * size)
        model.norm(prefix + "attn_q_norm", size)
        model.norm(prefix + "attn_k_norm", size)
        model.norm(prefix + "ffn_norm")
        if index == 0:
            model.gated(prefix, dense_inner)
        else:
            sigmoid_experts(model, prefix, experts, inner)
    return model.ends(tied=False)


def deepseek(
    layers: int, *, vocabulary: int, hidden: int, heads: int, latent: int, query_rank: int, nope: int, rope: int,
    value: int, dense_inner: int, experts: int, chosen: int, groups: tuple[int, int], inner: int, lead: int,
) -> Model:
    """Latent attention. Files have the key projection transposed, for the absorbed form."""
    model = Model("deepseek2", vocabulary, hidden, layers)
    model.keys = sigmoid_keys(experts, chosen, *groups, inner, min(lead, layers - 1), 2.5) | {
        "feed_forward_length": dense_inner, "attention.head_count": heads, "attention.head_count_kv": 1,
        "attention.key_length": latent + rope, "attention.value_length": latent, "attention.q_lora_rank": query_rank,
        "attention.kv_lora_rank": latent, "attention.key_length_mla": nope + rope, "attention.value_length_mla": value,
        "rope.dimension_count": rope, "rope.freq_base": 10000.0}
    for index, prefix in enumerate(blocks(layers)):
        model.norm(prefix + "attn_norm")
        model.add(prefix + "attn_q_a", query_rank, hidden)
        model.norm(prefix + "attn_q_a_norm", query_rank)
        model.add(prefix + "attn_q_b", heads * (nope + rope), query_rank)
        model.add(prefix + "attn_kv_a_mqa", latent + rope, hidden)
        model.norm(prefix + "attn_kv_a_norm", latent)
        model.add(prefix + "attn_k_b", heads, latent, nope)
        model.add(prefix + "attn_v_b", heads, value, latent)
        model.add(prefix + "attn_output", hidden, heads * value)
        model.norm(prefix + "ffn_norm")
        if index < model.keys["leading_dense_block_count"]:
            model.gated(prefix, dense_inner)
        else:
            sigmoid_experts(model, prefix, experts, inner)
    return model.ends(tied=False)


def mamba(layers: int, *, vocabulary: int, hidden: int, inner: int, state: int, rank: int) -> Model:
    model = Model("mamba", vocabulary, hidden, layers)
    model.keys = state_space_keys(inner, state, rank) | {
        "feed_forward_length": 0, "attention.head_count": 0, "ssm.dt_b_c_rms": False}
    for prefix in blocks(layers):
        model.norm(prefix + "attn_norm")
        model.mamba1(prefix, inner, state, rank)
    return model.ends(tied=True)


def mamba2(layers: int, *, vocabulary: int, hidden: int, inner: int, heads: int, state: int, groups: int) -> Model:
    model = Model("mamba2", vocabulary, hidden, layers)
    model.keys = state_space_keys(inner, state, heads, groups) | {"feed_forward_length": 0, "attention.head_count": 0}
    for prefix in blocks(layers):
        model.norm(prefix + "attn_norm")
        model.mamba2(prefix, inner, heads, state, groups)
    return model.ends(tied=True)


def falcon_h1(
    layers: int, *, vocabulary: int, hidden: int, heads: int, kv_heads: int, size: int, inner: int, mixer: int,
    mixer_heads: int, state: int,
) -> Model:
    """Attention and a Mamba-2 mixer side by side."""
    model = Model("falcon-h1", vocabulary, hidden, layers)
    model.keys = attention_keys(heads, kv_heads, size, 1e11) | state_space_keys(mixer, state, mixer_heads, 1) | {
        "feed_forward_length": inner}
    for prefix in blocks(layers):
        model.norm(prefix + "attn_norm")
        model.mamba2(prefix, mixer, mixer_heads, state, 1, normed=False)
        model.attention(prefix, heads, kv_heads, size, norms=False)
        model.add(prefix + "ffn_norm", hidden, ending="")
        model.gated(prefix, inner)
    return model.ends(tied=False)


def granite_hybrid(
    layers: int, *, vocabulary: int, hidden: int, heads: int, kv_heads: int, attends: list[int], inner: int,
    shared: int, experts: int, chosen: int, mixer: int, mixer_heads: int, state: int,
) -> Model:
    model = Model("granitehybrid", vocabulary, hidden, layers)
    size = hidden // heads
    model.keys = attention_keys(heads, [kv_heads if i in attends else 0 for i in range(layers)], size, 1e4)
    model.keys |= state_space_keys(mixer, state, mixer_heads, 1) | {
        "feed_forward_length": inner, "expert_shared_feed_forward_length": shared, "expert_count": experts,
        "expert_used_count": chosen, "attention.scale": 0.0078125, "embedding_scale": 12.0, "residual_scale": 0.22,
        "logit_scale": 6.0, "rope.scaling.finetuned": False}
    for index, prefix in enumerate(blocks(layers)):
        model.norm(prefix + "attn_norm")
        if index in attends:
            model.attention(prefix, heads, kv_heads, size, norms=False)
        else:
            model.mamba2(prefix, mixer, mixer_heads, state, 1)
        model.norm(prefix + "ffn_norm")
        model.add(prefix + "ffn_gate_inp", experts, hidden)
        model.gated(prefix, inner, "_exps", experts)
        model.gated(prefix, shared, "_shexp")
    return model.ends(tied=True)


def jamba(
    layers: int, *, vocabulary: int, hidden: int, heads: int, kv_heads: int, attends: list[int], inner: int,
    state: int, rank: int,
) -> Model:
    model = Model("jamba", vocabulary, hidden, layers)
    size = hidden // heads
    model.keys = attention_keys(heads, [kv_heads if i in attends else 0 for i in range(layers)], size, 1e4)
    model.keys |= state_space_keys(2 * hidden, state, rank) | {
        "feed_forward_length": inner, "expert_count": 1, "expert_used_count": 1}
    for index, prefix in enumerate(blocks(layers)):
        model.norm(prefix + "attn_norm")
        if index in attends:
            model.attention(prefix, heads, kv_heads, size, norms=False)
        else:
            model.mamba1(prefix, 2 * hidden, state, rank)
            model.norm(prefix + "ssm_dt_norm", rank)
            model.norm(prefix + "ssm_b_norm", state)
            model.norm(prefix + "ssm_c_norm", state)
        model.norm(prefix + "ffn_norm")
        model.gated(prefix, inner)
    return model.ends(tied=True)


def nemotron_h(
    layers: int, *, vocabulary: int, hidden: int, heads: int, kv_heads: int, size: int, inner: int, mixer: int,
    mixer_heads: int, state: int, groups: int, pattern: str,
) -> Model:
    """`pattern`: M for a mixer, * for attention, - for a feed-forward block."""
    model = Model("nemotron_h", vocabulary, hidden, layers)
    kinds = pattern[:layers]
    model.keys = attention_keys(heads, [kv_heads if k == "*" else 0 for k in kinds], size, 1e4)
    model.keys |= state_space_keys(mixer, state, mixer_heads, groups) | {
        "feed_forward_length": [inner if k == "-" else 0 for k in kinds], "attention.layer_norm_epsilon": 1e-5}
    for kind, prefix in zip(kinds, blocks(layers)):
        model.norm(prefix + "attn_norm")
        if kind == "M":
            model.mamba2(prefix, mixer, mixer_heads, state, groups)
        elif kind == "*":
            model.attention(prefix, heads, kv_heads, size, norms=False)
        else:
            model.add(prefix + "ffn_up", inner, hidden)
            model.add(prefix + "ffn_down", hidden, inner)
    return model.ends(tied=False)


def lfm2(
    layers: int, *, vocabulary: int, hidden: int, heads: int, kv_heads: int, attends: list[int], inner: int
) -> Model:
    model = Model("lfm2", vocabulary, hidden, layers)
    size = hidden // heads
    model.keys = {
        "attention.head_count": heads, "attention.head_count_kv": [
            kv_heads if i in attends else 0 for i in range(layers)],
        "feed_forward_length": inner, "rope.freq_base": 1e6, "shortconv.l_cache": 3}
    for index, prefix in enumerate(blocks(layers)):
        model.norm(prefix + "attn_norm")
        if index in attends:
            model.attention(prefix, heads, kv_heads, size, norms=True)
        else:
            model.add(prefix + "shortconv.conv", hidden, 3)
            model.add(prefix + "shortconv.in_proj", 3 * hidden, hidden)
            model.add(prefix + "shortconv.out_proj", hidden, hidden)
        model.norm(prefix + "ffn_norm")
        model.gated(prefix, inner)
    return model.ends(tied=True, norm="token_embd_norm")


def delta_hybrid(
    architecture: str, layers: int, *, vocabulary: int, hidden: int, heads: int, kv_heads: int, size: int,
    rotated: int, theta: float, key_heads: int, value_heads: int, head: int, inner: int, tied: bool,
    experts: int = 0, chosen: int = 0,
) -> Model:
    """Qwen3-Next, with experts, and Qwen3.5: gated delta networks, and attention in every fourth layer."""
    model = Model(architecture, vocabulary, hidden, layers)
    model.keys = attention_keys(heads, kv_heads, size, theta) | state_space_keys(
        value_heads * head, head, value_heads, key_heads)
    model.keys |= {
        "feed_forward_length": inner, "rope.dimension_count": rotated, "full_attention_interval": 4,
        "attention.recurrent_layers": [i % 4 != 3 for i in range(layers)]}
    if experts:
        model.keys |= {
            "feed_forward_length": 5120, "expert_count": experts, "expert_used_count": chosen,
            "expert_feed_forward_length": inner, "expert_shared_feed_forward_length": inner}
    else:
        model.keys["rope.dimension_sections"] = [11, 11, 10, 0]
    for index, prefix in enumerate(blocks(layers)):
        model.norm(prefix + "attn_norm")
        if index % 4 == 3:
            model.attention(prefix, heads, kv_heads, size, norms=True, query=2)
        else:
            model.delta_net(prefix, key_heads, value_heads, head)
            for name in ["ssm_ba"] if experts else ["ssm_alpha", "ssm_beta"]:
                model.add(prefix + name, value_heads * (2 if experts else 1), hidden)
        model.norm(prefix + "post_attention_norm")
        if experts:
            model.add(prefix + "ffn_gate_inp", experts, hidden)
            model.gated(prefix, inner, "_exps", experts)
            model.add(prefix + "ffn_gate_inp_shexp", 1, hidden)
            model.gated(prefix, inner, "_shexp")
        else:
            model.gated(prefix, inner)
    return model.ends(tied)


def gpt_oss(layers: int, *, experts: int) -> Model:
    hidden, heads, kv_heads, size, inner, window = 2880, 64, 8, 64, 2880, 128
    model = Model("gpt-oss", 201_088, hidden, layers)
    model.keys = attention_keys(heads, kv_heads, size, 150_000) | {
        "feed_forward_length": inner, "expert_feed_forward_length": inner, "expert_count": experts,
        "expert_used_count": 4, "attention.sliding_window": window, "rope.scaling.type": "yarn",
        "rope.scaling.factor": 32.0, "rope.scaling.original_context_length": 4096}
    for prefix in blocks(layers):
        model.norm(prefix + "attn_norm")
        model.attention(prefix, heads, kv_heads, size, norms=False)
        for name, outputs in [("q", heads * size), ("k", kv_heads * size), ("v", kv_heads * size), ("output", hidden)]:
            model.add(f"{prefix}attn_{name}", outputs, ending=".bias")
        model.add(prefix + "attn_sinks", heads)
        model.norm(prefix + "post_attention_norm")
        model.add(prefix + "ffn_gate_inp", experts, hidden)
        model.add(prefix + "ffn_gate_inp", experts, ending=".bias")
        model.gated(prefix, inner, "_exps", experts)
        for name, outputs in [("gate", inner), ("up", inner), ("down", hidden)]:
            model.add(f"{prefix}ffn_{name}_exps", experts, outputs, ending=".bias")
    return model.ends(tied=False)


def blocks(layers: int) -> list[str]:
    return [f"blk.{index}." for index in range(layers)]
