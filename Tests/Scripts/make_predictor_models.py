"""Writes small models with a layer for multi-token prediction, for the tests: make_predictor_models.py OUT_ROOT [NAME...]

    python make_predictor_models.py Tests/ModelsTests/Fixtures/predictors

Each directory has config.json and model.safetensors in the layout of the public checkpoints, and reference.safetensors:
`tokens` int32 [48], `prefill_logits` [40, V] and `decode_logits` [8, V] of the model; `predicted` [47, V], the
predictor's logits of token i + 2 from the hidden state of token i and the embedding of token i + 1; and `chained` [1, V],
those of the token after the predictor's own greedy token at the end. All by transformers (MtpModel) in float32. The
model's weights are random, and the predictor is trained for a few seconds on what the model generates, so that some of
its proposals are accepted. For developers: requires transformers 5.23, torch, numpy, safetensors from PyPI.
"""

from __future__ import annotations

import copy
import json
import re
import shutil
import sys
import zlib
from pathlib import Path

import make_tiny_models as tiny
import numpy as np
import torch
from safetensors.torch import save_file
from transformers.cache_utils import MtpCache
from transformers.modeling_layers import MtpModel

DEEPSEEK = dict(
    model_type="deepseek_v3", architectures=["DeepseekV3ForCausalLM"], hidden_size=32, intermediate_size=64,
    num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=4, kv_lora_rank=16, q_lora_rank=32,
    qk_nope_head_dim=16, qk_rope_head_dim=8, v_head_dim=16, moe_intermediate_size=32, n_routed_experts=4,
    n_shared_experts=1, num_experts_per_tok=2, n_group=1, topk_group=1, topk_method="noaux_tc", scoring_func="sigmoid",
    norm_topk_prob=True, routed_scaling_factor=2.5, first_k_dense_replace=1, moe_layer_freq=1, rms_norm_eps=1e-6,
    rope_theta=10000.0, max_position_embeddings=512, vocab_size=64, tie_word_embeddings=False, attention_bias=False,
    hidden_act="silu", num_nextn_predict_layers=1)
GLM = {k: v for k, v in tiny.LING.items()} | dict(
    model_type="glm4_moe", architectures=["Glm4MoeForCausalLM"], num_hidden_layers=2, first_k_dense_replace=1,
    vocab_size=64, num_nextn_predict_layers=1)
# The last layer has attention: MtpModel copies its class.
QWEN = tiny.QWEN3_NEXT | dict(num_hidden_layers=2, mlp_only_layers=[])
MODELS = {"deepseek-v3": DEEPSEEK, "glm4-moe": GLM, "qwen3-next": QWEN}


def predictor(model: torch.nn.Module, rng: np.random.Generator) -> MtpModel:
    """A predictor with random weights that shares the model's embedding and head."""
    config = model.config
    if config.model_type == "qwen3_next":
        config.num_mtp_layers, config.mtp_layer_types = 1, ["full_attention"]
    with torch.device("cpu"):
        made = MtpModel(model, 1).float().eval()
    for name, p in own_parameters(made):
        zero = config.model_type == "qwen3_next" and "norm" in name
        with torch.no_grad():
            if "norm" in name:
                p.copy_(torch.tensor((0.0 if zero else 1.0) + 0.2 * rng.standard_normal(p.shape)))
            else:
                p.copy_(torch.tensor(rng.standard_normal(p.shape) / np.sqrt(p.shape[-1])))
    return made


def own_parameters(made: MtpModel):
    return [(n, p) for n, p in made.named_parameters() if not n.startswith(("embed_tokens", "shared_head"))]


def logits_of(made: MtpModel, hidden: torch.Tensor, tokens: torch.Tensor, cache=None, first: int = 0):
    """The predictor's logits and hidden states for [1, n] tokens, which follow the positions of `hidden`."""
    positions = torch.arange(first, first + tokens.shape[1])[None]
    out = made.forward_layer(0, hidden, positions, cache, input_ids=tokens)
    return made._project_to_logits(out), out


def hidden_of(model, tokens: torch.Tensor):
    with torch.no_grad():
        out = model(tokens, output_hidden_states=True)
    return out.logits, out.hidden_states[-1]


def train(model, made: MtpModel, vocabulary: int, seed: int) -> None:
    """Some steps on sequences that the model generates greedily from random beginnings."""
    torch.manual_seed(seed)
    tokens = torch.randint(0, vocabulary, (64, 8))
    with torch.no_grad():
        for _ in range(40):
            tokens = torch.cat([tokens, model(tokens).logits[:, -1:].argmax(-1)], 1)
    _, hidden = hidden_of(model, tokens)
    parameters = [p for _, p in own_parameters(made)]
    optimizer = torch.optim.Adam(parameters, lr=5e-3)
    for _ in range(150):
        at = torch.randint(0, len(tokens), (16,))
        logits, _ = logits_of(made, hidden[at, :-1], tokens[at, 1:])
        loss = torch.nn.functional.cross_entropy(logits[:, 7:-1].reshape(-1, vocabulary), tokens[at, 9:].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("loss", round(float(loss.detach()), 3), end=" ")


def public_names(made: MtpModel, config: dict, names: set[str]) -> dict[str, torch.Tensor]:
    """The predictor's tensors under the names of the public checkpoints; stacked experts apart where the model's are."""
    layer = f"model.layers.{config['num_hidden_layers']}."
    qwen = config["model_type"] == "qwen3_next"
    own = dict(enorm="mtp.pre_fc_norm_embedding", hnorm="mtp.pre_fc_norm_hidden", eh_proj="mtp.fc", post_norm="mtp.norm") \
        if qwen else dict(enorm=layer + "enorm", hnorm=layer + "hnorm", eh_proj=layer + "eh_proj",
                          post_norm=layer + "shared_head.norm")
    block = "mtp.layers.0." if qwen else layer
    out = {}
    tensors = [(n, p) for n, p in made.state_dict().items() if not n.startswith(("embed_tokens", "shared_head", "rotary"))]
    for name, p in tensors:
        stem = name.removeprefix("layers.0.")
        part = stem.split(".")[0]
        if part in own:
            out[own[part] + ".weight"] = p
            continue
        name = block + stem.removeprefix("mtp_block.")
        if name.endswith("experts.gate_up_proj"):
            for e, matrix in enumerate(p):
                gate, up = matrix.chunk(2)
                out[name.replace("gate_up_proj", f"{e}.gate_proj.weight")] = gate
                out[name.replace("gate_up_proj", f"{e}.up_proj.weight")] = up
        elif name.endswith("experts.down_proj"):
            for e, matrix in enumerate(p):
                out[name.replace("down_proj", f"{e}.down_proj.weight")] = matrix
        else:
            out[name] = p
    return out


def model_names(weights: dict) -> dict[str, torch.Tensor]:
    """The model's tensors with experts apart."""
    out = {}
    for name, w in weights.items():
        w = torch.tensor(w)
        if name.endswith("experts.gate_up_proj"):
            for e, matrix in enumerate(w):
                gate, up = matrix.chunk(2)
                out[name.replace("gate_up_proj", f"{e}.gate_proj.weight")] = gate
                out[name.replace("gate_up_proj", f"{e}.up_proj.weight")] = up
        elif name.endswith("experts.down_proj"):
            for e, matrix in enumerate(w):
                out[name.replace("down_proj", f"{e}.down_proj.weight")] = matrix
        else:
            out[name] = w
    return out


def write(out: Path, config: dict) -> None:
    rng = np.random.default_rng(zlib.crc32(out.name.encode()))
    weights = tiny.random_weights(config, rng)
    model = tiny.build(config, weights)
    for p in model.parameters():
        p.requires_grad_(False)
    made = predictor(model, rng)
    train(model, made, config["vocab_size"], 1)
    tokens = torch.tensor(rng.integers(0, config["vocab_size"], (1, tiny.PREFILL + tiny.DECODE)))
    with torch.no_grad():
        logits, hidden = hidden_of(model, tokens)
        cache = MtpCache(config=model.config.get_mtp_config())
        predicted, state = logits_of(made, hidden[:, :-1], tokens[:, 1:], cache)
        count = tokens.shape[1] - 1
        chained, _ = logits_of(made, state[:, -1:], predicted[:, -1:].argmax(-1), cache, count)
    stored = model_names(weights) | public_names(made, config, set(weights))
    save_file({n: w.contiguous().clone() for n, w in stored.items()}, out / "model.safetensors")
    logits = logits[0]
    save_file(
        dict(tokens=tokens[0].int(), prefill_logits=logits[:tiny.PREFILL].clone(),
             decode_logits=logits[tiny.PREFILL:].clone(), predicted=predicted[0].clone(), chained=chained[0].clone()),
        out / "reference.safetensors")
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    print(f"{out.name:14} deviations {logits.std():.2f} {predicted.std():.2f}")


def main() -> None:
    root, names = Path(sys.argv[1]), sys.argv[2:]
    for name, config in MODELS.items():
        if names and name not in names:
            continue
        out = root / name
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        write(out, copy.deepcopy(config))


if __name__ == "__main__":
    main()
