"""Writes GPT-OSS models with random weights as GGUF files, with the layout of llama.cpp's converter.

`write(path, shape, contents)` writes a model: the experts in MXFP4, other matrices in Q8_0, vectors, the router and the
sinks in float32, and a synthetic byte-level vocabulary, so that llama.cpp loads the file. `contents` yields the bytes
of each tensor in chunks, so that a file of 12 GB needs little memory.

Requires numpy and gguf.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import gguf
import numpy as np

F32 = gguf.GGMLQuantizationType.F32
Q8_0 = gguf.GGMLQuantizationType.Q8_0
MXFP4 = gguf.GGMLQuantizationType.MXFP4


@dataclass(frozen=True)
class Shape:
    """The dimensions of a GPT-OSS model; the defaults are those of the 20B model."""

    layers: int = 24
    hidden: int = 2880
    inner: int = 2880
    heads: int = 64
    kv_heads: int = 8
    head_size: int = 64
    experts: int = 32
    chosen: int = 4
    vocabulary: int = 201_088
    window: int = 128
    theta: float = 150_000.0
    factor: float = 32.0
    original: int = 4096
    context: int = 131_072
    epsilon: float = 1e-5


@dataclass(frozen=True)
class Tensor:
    """The name of a tensor in the file, its extents (outermost first), and its type."""

    name: str
    extents: tuple[int, ...]
    kind: gguf.GGMLQuantizationType

    @property
    def bytes(self) -> int:
        block, size = gguf.GGML_QUANT_SIZES[self.kind]
        return int(np.prod(self.extents)) // block * size


def tensors(shape: Shape) -> list[Tensor]:
    """All tensors of the file, in the order of computation."""
    queries, keys = shape.heads * shape.head_size, shape.kv_heads * shape.head_size
    found = [Tensor("token_embd.weight", (shape.vocabulary, shape.hidden), Q8_0)]

    def linear(name: str, outputs: int, inputs: int, kind=Q8_0) -> None:
        found.append(Tensor(name + ".weight", (outputs, inputs), kind))
        found.append(Tensor(name + ".bias", (outputs,), F32))

    def stack(name: str, outputs: int, inputs: int) -> None:
        found.append(Tensor(name + ".weight", (shape.experts, outputs, inputs), MXFP4))
        found.append(Tensor(name + ".bias", (shape.experts, outputs), F32))

    for layer in range(shape.layers):
        prefix = f"blk.{layer}."
        found.append(Tensor(prefix + "attn_norm.weight", (shape.hidden,), F32))
        linear(prefix + "attn_q", queries, shape.hidden)
        linear(prefix + "attn_k", keys, shape.hidden)
        linear(prefix + "attn_v", keys, shape.hidden)
        linear(prefix + "attn_output", shape.hidden, queries)
        found.append(Tensor(prefix + "attn_sinks.weight", (shape.heads,), F32))
        found.append(Tensor(prefix + "post_attention_norm.weight", (shape.hidden,), F32))
        linear(prefix + "ffn_gate_inp", shape.experts, shape.hidden, F32)
        stack(prefix + "ffn_gate_exps", shape.inner, shape.hidden)
        stack(prefix + "ffn_up_exps", shape.inner, shape.hidden)
        stack(prefix + "ffn_down_exps", shape.hidden, shape.inner)
    found.append(Tensor("output_norm.weight", (shape.hidden,), F32))
    found.append(Tensor("output.weight", (shape.vocabulary, shape.hidden), Q8_0))
    return found


def vocabulary(count: int) -> tuple[list[str], list[tuple[str, str]]]:
    """A byte-level BPE vocabulary of `count` tokens: 256 bytes, pairs and triples of them, and the merges."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    letters = [chr(b) for b in printable] + [chr(256 + i) for i in range(256 - len(printable))]
    pairs = itertools.product(letters, letters)
    triples = ((a + b, c) for a, b, c in itertools.product(letters, letters, letters))
    merges = list(itertools.islice(itertools.chain(pairs, triples), max(0, count - len(letters))))
    return (letters + ["".join(m) for m in merges])[:count], merges


def add_vocabulary(writer: gguf.GGUFWriter, count: int) -> None:
    """Adds a vocabulary of the size of the model, whose last token is a control token."""
    tokens, merges = vocabulary(count - 1)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-4o")
    writer.add_token_list(tokens + ["<|return|>"])
    writer.add_token_types([int(gguf.TokenType.NORMAL)] * len(tokens) + [int(gguf.TokenType.CONTROL)])
    writer.add_token_merges([" ".join(m) for m in merges])
    writer.add_bos_token_id(count - 1)
    writer.add_eos_token_id(count - 1)
    writer.add_add_bos_token(False)


def write(
    path: Path, shape: Shape, contents: Callable[[Tensor], Iterable[bytes | memoryview]], floats: bool = False
) -> None:
    """Writes the file, entirely in float32 if `floats` is set. The chunks of each tensor must have its total size."""
    writer = gguf.GGUFWriter(path, "gpt-oss")
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.hidden)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.inner)
    writer.add_expert_feed_forward_length(shape.inner)
    writer.add_expert_count(shape.experts)
    writer.add_expert_used_count(shape.chosen)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.head_size)
    writer.add_value_length(shape.head_size)
    writer.add_sliding_window(shape.window)
    writer.add_layer_norm_rms_eps(shape.epsilon)
    writer.add_rope_freq_base(shape.theta)
    writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
    writer.add_rope_scaling_factor(shape.factor)
    writer.add_rope_scaling_orig_ctx_len(shape.original)
    add_vocabulary(writer, shape.vocabulary)
    listed = [replace(t, kind=F32) if floats else t for t in tensors(shape)]
    for tensor in listed:
        writer.add_tensor_info(tensor.name, tensor.extents, np.dtype(np.float32), tensor.bytes, tensor.kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()

    with open(path, "ab") as file:
        align = writer.data_alignment
        file.write(bytes(-file.tell() % align))
        for tensor in listed:
            written = sum(file.write(piece) for piece in contents(tensor))
            if written != tensor.bytes:
                raise ValueError(f"{tensor.name}: {written} bytes instead of {tensor.bytes}")
            file.write(bytes(-written % align))


def random_weights(shape: Shape, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Random weights, scaled so that the logits have a standard deviation near 1 and the attention heads differ."""
    weights = {}
    for tensor in tensors(shape):
        if "norm" in tensor.name:
            w = 1 + 0.2 * rng.standard_normal(tensor.extents)
        elif "sinks" in tensor.name:
            w = rng.standard_normal(tensor.extents)
        elif tensor.name.endswith("bias"):
            w = 0.2 * rng.standard_normal(tensor.extents)
        elif tensor.name == "token_embd.weight":
            w = rng.standard_normal(tensor.extents)
        else:
            w = rng.standard_normal(tensor.extents) / np.sqrt(tensor.extents[-1])
        weights[tensor.name] = w.astype(np.float32)
    return weights


def write_random(path: Path, shape: Shape, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Writes random weights and returns the dequantised weights of the file."""
    stored, plain = {}, random_weights(shape, rng)
    for tensor in tensors(shape):
        if tensor.kind == F32:
            stored[tensor.name] = plain[tensor.name]
        else:
            packed = gguf.quants.quantize(plain[tensor.name], tensor.kind)
            stored[tensor.name] = packed
            plain[tensor.name] = gguf.quants.dequantize(packed, tensor.kind).astype(np.float32)
    write(path, shape, lambda tensor: [np.ascontiguousarray(stored[tensor.name]).tobytes()])
    return plain


def write_floats(path: Path, shape: Shape, weights: dict[str, np.ndarray]) -> None:
    """Writes weights in float32, for which llama.cpp does not quantise activations."""
    write(path, shape, lambda tensor: [np.ascontiguousarray(weights[tensor.name]).tobytes()], floats=True)


def transformers_config(shape: Shape, truncate: bool) -> dict:
    """The config.json of the model."""
    return dict(
        model_type="gpt_oss", architectures=["GptOssForCausalLM"], hidden_size=shape.hidden,
        intermediate_size=shape.inner, num_hidden_layers=shape.layers, num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads, head_dim=shape.head_size, num_local_experts=shape.experts,
        num_experts_per_tok=shape.chosen, experts_per_token=shape.chosen, vocab_size=shape.vocabulary,
        sliding_window=shape.window, rms_norm_eps=shape.epsilon, rope_theta=shape.theta, hidden_act="silu",
        max_position_embeddings=shape.context, tie_word_embeddings=False, attention_bias=True, swiglu_limit=7.0,
        layer_types=["sliding_attention" if i % 2 == 0 else "full_attention" for i in range(shape.layers)],
        rope_scaling=dict(
            rope_type="yarn", factor=shape.factor, original_max_position_embeddings=shape.original, beta_fast=32.0,
            beta_slow=1.0, truncate=truncate))


#: The names after `blk.N.` in the file and after `model.layers.N.` in transformers, except for the stacks of experts.
NAMES = {
    "attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "post_attention_norm": "post_attention_layernorm",
    "ffn_gate_inp": "mlp.router",
}


def transformers_weights(shape: Shape, weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The weights with the names of transformers and interleaved gate and up projections of the experts."""
    named = {
        "model.embed_tokens.weight": weights["token_embd.weight"], "model.norm.weight": weights["output_norm.weight"],
        "lm_head.weight": weights["output.weight"]}
    for layer in range(shape.layers):
        ours, theirs = f"blk.{layer}.", f"model.layers.{layer}."
        for name, other in NAMES.items():
            for ending in (".weight", ".bias"):
                if ours + name + ending in weights:
                    named[theirs + other + ending] = weights[ours + name + ending]
        named[theirs + "self_attn.sinks"] = weights[ours + "attn_sinks.weight"]
        gate, up, down = (weights[f"{ours}ffn_{x}_exps.weight"] for x in ("gate", "up", "down"))
        both = np.stack([gate, up], axis=2).reshape(shape.experts, 2 * shape.inner, shape.hidden)
        named[theirs + "mlp.experts.gate_up_proj"] = np.ascontiguousarray(both.swapaxes(1, 2))
        named[theirs + "mlp.experts.down_proj"] = np.ascontiguousarray(down.swapaxes(1, 2))
        biases = [weights[f"{ours}ffn_{x}_exps.bias"] for x in ("gate", "up")]
        named[theirs + "mlp.experts.gate_up_proj_bias"] = np.stack(biases, axis=2).reshape(shape.experts, -1)
        named[theirs + "mlp.experts.down_proj_bias"] = weights[ours + "ffn_down_exps.bias"]
    return named


class Reference:
    """The model of transformers in float32 with these weights, which have its names."""

    def __init__(self, config: dict, weights: dict[str, np.ndarray]):
        import torch
        from transformers import AutoConfig, AutoModelForCausalLM

        self.torch = torch
        self.model = AutoModelForCausalLM.from_config(
            AutoConfig.for_model(**config), attn_implementation="eager", dtype=torch.float32).eval()
        state = {n: torch.tensor(np.ascontiguousarray(w)) for n, w in weights.items()}
        self.model.load_state_dict(state, strict=True)
        #: The minimum margin between the last selected expert and the next one, in the last call.
        self.margin = np.inf
        for layer in self.model.model.layers:
            layer.mlp.router.register_forward_hook(self._observe)

    def _observe(self, router, arguments, _) -> None:
        x = arguments[0].reshape(-1, router.weight.shape[1])
        best = self.torch.nn.functional.linear(x, router.weight, router.bias).sort(dim=-1, descending=True).values
        if router.top_k < best.shape[1]:
            gaps = best[:, router.top_k - 1] - best[:, router.top_k]
            self.margin = min(self.margin, float(gaps.min()))

    def logits(self, ids: list[int]) -> np.ndarray:
        """Logits [T, V] of one forward pass."""
        self.margin = np.inf
        with self.torch.no_grad():
            return self.model(self.torch.tensor([[int(i) for i in ids]])).logits[0].numpy()


def transformers_logits(
    shape: Shape, weights: dict[str, np.ndarray], ids: list[int], truncate: bool
) -> np.ndarray:
    """The logits [T, V] of transformers for weights with the names of the file."""
    return Reference(transformers_config(shape, truncate), transformers_weights(shape, weights)).logits(ids)
