"""Converts the models of the reference program to GGUF with llama.cpp's own converter (for developers).

    python make_gguf_models.py LLAMA_CPP OUT_ROOT DIR... [--outtype f32|f16|bf16|q8_0] [--predictors]

LLAMA_CPP is the llama.cpp folder in the source package of llama-cpp-python from PyPI. Each DIR has config.json and
model.safetensors with the names of the public checkpoint; its reference.safetensors is copied beside the new model.gguf.
The vocabulary is made up, because the reference program writes none. Prints one line for each directory.
"""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np


# Whose files llama.cpp does not load without a head of their own.
OWN_HEAD = {"apertus", "dots1", "exaone_moe", "nemotron", "olmoe"}
RWKV_VECTORS = {"k_k", "k_a", "r_k", "g_norm.weight", "g_norm.bias"}


def prepared(folder: Path, work: Path) -> Path:
    """A copy of a reference model with what the converter expects of a public checkpoint."""
    from safetensors.numpy import load_file, save_file

    config = json.loads((folder / "config.json").read_text())
    text = config.get("text_config", config)
    kind = config["model_type"]
    if kind == "dots1":
        text["scoring_func"] = "sigmoid"
    tensors = load_file(folder / "model.safetensors")
    if kind in OWN_HEAD and text["tie_word_embeddings"]:
        text["tie_word_embeddings"] = False
        tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"]
    (work / "config.json").write_text(json.dumps(config))
    tokens = {f"t{i}": i for i in range(text["vocab_size"])}
    tokenizer = dict(version="1.0", added_tokens=[], model=dict(type="BPE", vocab=tokens, merges=[]))
    (work / "tokenizer.json").write_text(json.dumps(tokenizer))
    if kind == "bailing_moe":  # from mlx-lm's names
        tensors = {
            n: w for name, tensor in tensors.items()
            for n, w in apart(name.replace("gate.gate_proj", "gate"), tensor).items()}
    if kind == "rwkv7":  # vectors of heads, which public checkpoints have as one
        tensors = {
            name: tensor.reshape(-1) if name.split(".attn.")[-1] in RWKV_VECTORS else tensor
            for name, tensor in tensors.items()}
    if kind == "bitnet":  # the names of the first models, whose training weights the converter makes ternary
        tensors = {
            name.replace("attn_sub_norm", "inner_attn_ln").replace("ffn_sub_norm", "ffn_layernorm"): tensor
            for name, tensor in tensors.items()}
    save_file(tensors, work / "model.safetensors", metadata={"format": "pt"})
    return work


def apart(name: str, tensor):
    """The experts of a stack under their own names; other tensors as they are."""
    if ".switch_mlp." not in name:
        return {name: tensor}
    return {name.replace("switch_mlp", f"experts.{i}"): np.ascontiguousarray(matrix) for i, matrix in enumerate(tensor)}


def write_vocabulary(model) -> None:
    """In place of the converter's method: tokens t0, t1, ... of a byte-level vocabulary."""
    import gguf

    config = model.hparams
    count = config.get("vocab_size") or config["text_config"]["vocab_size"]
    writer = model.gguf_writer
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([f"t{i}" for i in range(count)])
    writer.add_token_types([gguf.TokenType.NORMAL] * count)
    writer.add_token_merges(["t 0"])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    writer.add_add_bos_token(False)


def stablelm_tensors(found):
    """The converter returns a generator from a generator where it should yield from it, which loses the heads' norms."""
    def modify_tensors(self, tensor, name, bid):
        for kind, key in (("q_layernorm", "num_attention_heads"), ("k_layernorm", "num_key_value_heads")):
            if f"{kind}.norms" in name:
                parts = self.__dict__.setdefault("_parts", {}).setdefault((bid, kind), {})
                parts[int(name.split(".")[-2])] = tensor
                if len(parts) == self.hparams[key]:
                    import torch
                    yield from self.map_stack(torch.stack([parts[i] for i in range(len(parts))]), kind, bid)
                return
        yield from found.modify_tensors(self, tensor, name, bid)
    found.map_stack = lambda self, tensor, kind, bid: [
        (self.map_tensor_name(f"model.layers.{bid}.self_attn.{kind}.weight"), tensor)]
    return modify_tensors


def plamo2_parameters(found):
    """One number of heads instead of one for each layer: llama.cpp takes the first layer's for the rotary embedding,
    which is 0 for a layer without attention, and its rotation of no columns does not end."""
    def set_gguf_parameters(self):
        found.set_gguf_parameters(self)
        self.gguf_writer.add_head_count(self.hparams["num_attention_heads"])
    return set_gguf_parameters


def convert(folder: Path, out: Path, outtype: str, predictors: bool) -> str:
    """Writes OUT/model.gguf and returns the name of the architecture."""
    import gguf
    import torch
    from conversion import ModelBase, ModelType, get_model_architecture, get_model_class

    types = dict(f32=gguf.LlamaFileType.ALL_F32, f16=gguf.LlamaFileType.MOSTLY_F16,
                 bf16=gguf.LlamaFileType.MOSTLY_BF16, q8_0=gguf.LlamaFileType.MOSTLY_Q8_0)
    with tempfile.TemporaryDirectory() as work, torch.inference_mode():
        source = prepared(folder, Path(work))
        config = ModelBase.load_hparams(source, False)
        if config.get("model_type") == "granitemoehybrid":  # which transformers 5 renames
            config["layer_types"] = json.loads((source / "config.json").read_text())["layer_types"]
        if config.get("model_type") == "gpt_neox":  # transformers' own configuration leaves out its old names
            rope = config["rope_parameters"]
            config |= dict(rotary_pct=rope.get("partial_rotary_factor", 1.0), rotary_emb_base=rope["rope_theta"])
        found = get_model_class(get_model_architecture(config, ModelType.TEXT))
        found = getattr(found, "Ministral3Model", found)  # the outer class only selects it
        changes = dict(
            set_vocab=write_vocabulary, get_vocab_base_pre=lambda *_: "default", model_arch=found.model_arch,
            no_mtp=not predictors)
        if config.get("model_type") == "plamo2":
            changes["set_gguf_parameters"] = plamo2_parameters(found)
        if config.get("model_type") == "stablelm":
            changes["modify_tensors"] = stablelm_tensors(found)
        out.mkdir(parents=True, exist_ok=True)
        type(found.__name__ + "Small", (found,), changes)(
            source, types[outtype], out / "model.gguf", hparams=config).write()
    for name in ("reference.safetensors", "reference.json"):
        if (folder / name).exists():
            shutil.copy(folder / name, out / name)
    return found.model_arch.name


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--outtype", default="f32")
    parser.add_argument("--predictors", action="store_true", help="also the layers for multi-token prediction")
    options = parser.parse_args()
    sys.path[:0] = [str(options.source), str(options.source / "gguf-py")]
    logging.disable(logging.WARNING)
    failed = 0
    for folder in options.folders:
        try:
            name = convert(folder, options.out / folder.name, options.outtype, options.predictors)
            print(folder.name, name, flush=True)
        except Exception as error:  # the converter does not have every architecture and every option
            failed += 1
            shutil.rmtree(options.out / folder.name, ignore_errors=True)
            print(folder.name, "FAILED:", type(error).__name__, str(error)[:160].replace("\n", " "), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
