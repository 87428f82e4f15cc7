"""Small model files of all sources with the heads of real ones: metadata, vocabularies and tensor tables have their usual
sizes, the tensor data is a hole in the file. The standard library is enough.

500 models take about 1.5 GB on the disk, which is the vocabularies of the GGUF files.
"""

from __future__ import annotations

import hashlib
import json
import random
import struct
from pathlib import Path

#: Architecture, size of the vocabulary, whether it has merges (byte pairs) or scores (pieces), layers.
FAMILIES = [
    ("llama", 128_256, True, 28), ("qwen2", 151_936, True, 28), ("qwen3", 151_936, True, 36), ("llama", 32_000, False, 32),
    ("gemma3", 262_144, False, 34), ("phi3", 200_064, True, 32), ("qwen3moe", 151_936, True, 48),
]
#: The tensors of a layer: the name in GGUF, the name in safetensors, rows, columns.
LAYER = [
    ("attn_q", "self_attn.q_proj", 2048, 2048), ("attn_k", "self_attn.k_proj", 512, 2048),
    ("attn_v", "self_attn.v_proj", 512, 2048), ("attn_output", "self_attn.o_proj", 2048, 2048),
    ("ffn_gate", "mlp.gate_proj", 5632, 2048), ("ffn_up", "mlp.up_proj", 5632, 2048),
    ("ffn_down", "mlp.down_proj", 2048, 5632), ("attn_norm", "input_layernorm", 2048, None),
    ("ffn_norm", "post_attention_layernorm", 2048, None), ("attn_q_norm", "self_attn.q_norm", 128, None),
    ("attn_k_norm", "self_attn.k_norm", 128, None),
]
F32, Q4_K, Q6_K = 0, 12, 14
#: Bytes of a block of 256 numbers.
BLOCKS = {F32: 1024, Q4_K: 144, Q6_K: 210}


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(data)) + data


def pair(key: str, kind: int, data: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + data


def array(key: str, kind: int, count: int, data: bytes) -> bytes:
    return pair(key, 9, struct.pack("<IQ", kind, count) + data)


def words(count: int, longest: int, seed: int) -> bytes:
    """An array of strings of 1 to `longest` bytes."""
    source = random.Random(seed)
    letters = source.randbytes(4096).hex().encode()
    return b"".join(
        text(letters[start : start + 1 + source.randrange(longest)])
        for start in (source.randrange(8000) for _ in range(count)))


class Family:
    """The metadata that files of a family share."""

    def __init__(self, architecture: str, vocabulary: int, merges: bool, layers: int):
        self.architecture, self.vocabulary, self.layers = architecture, vocabulary, layers
        self.count = 0
        parts = [pair("general.architecture", 8, text(architecture)), pair("general.type", 8, text("model"))]
        for key, value in [
            ("block_count", layers), ("context_length", 32768), ("embedding_length", 2048), ("feed_forward_length", 5632),
            ("attention.head_count", 16), ("attention.head_count_kv", 4),
        ]:
            parts.append(pair(f"{architecture}.{key}", 4, struct.pack("<I", value)))
        parts.append(pair(f"{architecture}.attention.layer_norm_rms_epsilon", 6, struct.pack("<f", 1e-6)))
        parts.append(pair("tokenizer.ggml.model", 8, text("gpt2" if merges else "llama")))
        parts.append(array("tokenizer.ggml.tokens", 8, vocabulary, words(vocabulary, 14, vocabulary)))
        parts.append(array("tokenizer.ggml.token_type", 5, vocabulary, struct.pack("<i", 1) * vocabulary))
        if merges:
            parts.append(array("tokenizer.ggml.merges", 8, vocabulary - 300, words(vocabulary - 300, 16, layers)))
        else:
            parts.append(array("tokenizer.ggml.scores", 6, vocabulary, struct.pack("<f", -1.0) * vocabulary))
        parts.append(pair("tokenizer.chat_template", 8, text("{{ messages }}" * 250)))
        self.pairs, self.metadata = len(parts), b"".join(parts)

    def tensors(self):
        yield "token_embd.weight", "model.embed_tokens.weight", self.vocabulary, 2048
        for layer in range(self.layers):
            for name, other, rows, columns in LAYER:
                yield f"blk.{layer}.{name}.weight", f"model.layers.{layer}.{other}.weight", rows, columns
        yield "output_norm.weight", "model.norm.weight", 2048, None
        yield "output.weight", "lm_head.weight", self.vocabulary, 2048

    def gguf(self, path: Path, name: str) -> None:
        """Writes a GGUF file in Q4_K_M."""
        table, offset, count = [], 0, 0
        for tensor, _, rows, columns in self.tensors():
            kind = F32 if columns is None else Q6_K if "output" in tensor or "_v" in tensor else Q4_K
            shape = [rows] if columns is None else [columns, rows]
            table.append(text(tensor) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset))
            numbers = rows * (columns or 1)
            offset += (numbers * 4 if kind == F32 else numbers // 256 * BLOCKS[kind]) + 31 & ~31
            count += 1
        own = pair("general.name", 8, text(name)) + pair("general.file_type", 4, struct.pack("<I", 15))
        head = b"GGUF" + struct.pack("<IQQ", 3, count, self.pairs + 2) + own + self.metadata + b"".join(table)
        write(path, head, (len(head) + 31 & ~31) + offset)

    def folder(self, path: Path, shards: int = 1, bits: int | None = None) -> None:
        """Writes a folder of safetensors in bf16, or in MLX's groups of 64."""
        configuration = {"model_type": self.architecture.replace("moe", "_moe"), "num_hidden_layers": self.layers}
        if bits:
            configuration["quantization"] = {"group_size": 64, "bits": bits}
        write(path / "config.json", json.dumps(configuration, indent=2).encode())
        for name, size in [("tokenizer.json", 7 << 20), ("tokenizer_config.json", 4096), ("generation_config.json", 200),
                           ("README.md", 9000), ("merges.txt", 1 << 20), ("vocab.json", 2 << 20)]:
            write(path / name, b"{", size)
        entries = []
        for _, name, rows, columns in self.tensors():
            if bits and columns:
                base = name.removesuffix(".weight")
                entries += [(name, "U32", [rows, columns * bits // 32], rows * columns * bits // 8)]
                entries += [(f"{base}.{plane}", "BF16", [rows, columns // 64], rows * columns // 32) for plane in ("scales", "biases")]
            else:
                entries.append((name, "BF16", [rows, columns] if columns else [rows], rows * (columns or 1) * 2))
        weights: dict[str, str] = {}
        for shard in range(shards):
            file = "model.safetensors" if shards == 1 else f"model-{shard + 1:05}-of-{shards:05}.safetensors"
            header: dict[str, dict] = {"__metadata__": {"format": "pt"}}
            offset = 0
            for name, kind, shape, size in entries[shard::shards]:
                header[name] = {"dtype": kind, "shape": shape, "data_offsets": [offset, offset + size]}
                weights[name] = file
                offset += size
            data = json.dumps(header, separators=(",", ":")).encode()
            write(path / file, struct.pack("<Q", len(data)) + data, 8 + len(data) + offset)
        if shards > 1:
            write(path / "model.safetensors.index.json", json.dumps({"weight_map": weights}).encode())


def write(path: Path, data: bytes, size: int | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(data)
        if size is not None:
            file.truncate(size)


class Home:
    """A home folder with the stores of several programs."""

    def __init__(self, path: Path):
        self.path = path
        self.families = [Family(*family) for family in FAMILIES]
        self.made = 0

    def next(self) -> tuple[Family, str]:
        family = self.families[self.made % len(self.families)]
        self.made += 1
        return family, f"Model-{self.made:03}-{family.architecture}"

    def hugging_face(self, count: int, form: str) -> None:
        for _ in range(count):
            family, name = self.next()
            repository = self.path / f".cache/huggingface/hub/models--owner--{name}"
            revision = hashlib.sha1(name.encode()).hexdigest()
            snapshot = repository / "snapshots" / revision
            write(repository / "refs/main", revision.encode())
            if form == "gguf":
                family.gguf(snapshot / f"{name}-Q4_K_M.gguf", name)
            else:
                family.folder(snapshot, shards=2 if form == "shards" else 1, bits=4 if form == "mlx" else None)
            # The files are links to blobs.
            for file in list(snapshot.iterdir()):
                blob = repository / "blobs" / hashlib.sha256(f"{name}/{file.name}".encode()).hexdigest()
                blob.parent.mkdir(exist_ok=True)
                file.rename(blob)
                file.symlink_to(Path("../../blobs") / blob.name)

    def ollama(self, count: int) -> None:
        store = self.path / ".ollama/models"
        for _ in range(count):
            family, name = self.next()
            digests = {kind: hashlib.sha256(f"{name}{kind}".encode()).hexdigest() for kind in ("model", "template", "params")}
            family.gguf(store / f"blobs/sha256-{digests['model']}", name)
            write(store / f"blobs/sha256-{digests['template']}", b"{{ .Prompt }}")
            write(store / f"blobs/sha256-{digests['params']}", b'{"stop": ["<|im_end|>"], "temperature": 0.6}')
            layers = [
                {"mediaType": f"application/vnd.ollama.image.{kind}", "digest": f"sha256:{digest}", "size": 1}
                for kind, digest in digests.items()]
            manifest = {"schemaVersion": 2, "config": {"digest": "sha256:0"}, "layers": layers}
            write(store / f"manifests/registry.ollama.ai/library/{name.lower()}/4b", json.dumps(manifest).encode())

    def folders(self, root: str, count: int, form: str) -> None:
        for _ in range(count):
            family, name = self.next()
            folder = self.path / root / "publisher" / name
            if form == "gguf":
                family.gguf(folder / f"{name}-Q4_K_M.gguf", name)
            else:
                family.folder(folder, bits=4 if form == "mlx" else None)

    def flat(self, root: str, count: int) -> None:
        for _ in range(count):
            family, name = self.next()
            family.gguf(self.path / root / f"owner_{name}-GGUF_{name}-Q4_K_M.gguf", name)

    def fill(self) -> None:
        """500 models, 310 of them GGUF files."""
        self.hugging_face(80, "single")
        self.hugging_face(40, "shards")
        self.hugging_face(30, "mlx")
        self.hugging_face(50, "gguf")
        self.ollama(100)
        self.folders(".lmstudio/models", 80, "gguf")
        self.folders(".lmstudio/models", 20, "mlx")
        self.flat(".cache/llama.cpp", 20)
        self.folders("models", 60, "gguf")
        self.folders(".local/share/sotto/models", 20, "single")
