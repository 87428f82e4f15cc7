"""Writes a small model whose answers never end and whose speed does not depend on the conversation.

The model is a Mamba of one layer with random weights and the vocabulary and chat template of another GGUF file. Its
state has a fixed size, so a token costs the same after 200,000 tokens as after ten. Nearly all of its work is the
matrix of the head, which a prompt needs for its last token only: a long conversation is prefilled in seconds.

One component of the hidden state is the same for all tokens. The head gives it a weight that rules out the control
tokens, those that end an answer among them, and makes line ends as frequent as in prose. All other tokens are about
equally likely.
"""

from __future__ import annotations

import math
import random
import struct
from pathlib import Path

F32, F16 = 0, 1
UINT32, FLOAT32, BOOL, STRING, ARRAY = 4, 6, 7, 8, 9
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
#: The type of a control token in `tokenizer.ggml.token_type`.
CONTROL = 3
INNER, STATE, RANK, TAPS = 128, 16, 8, 4
#: The component of an embedding that all tokens share. The others have a deviation of 1.
SHARED = 8.0
#: The share of tokens that each of these is: a line end, a paragraph, in byte-level and in SentencePiece vocabularies.
FREQUENT = {"Ċ": 0.01, "ĊĊ": 0.02, "<0x0A>": 0.03}


class Metadata:
    """The metadata of a GGUF file: each key with its type and the bytes of its value."""

    def __init__(self, path: Path):
        with path.open("rb") as file:
            self.data = file.read(64 << 20)
        if self.data[:4] != b"GGUF":
            raise SystemExit(f"{path}: is not a GGUF file")
        _, count = struct.unpack_from("<QQ", self.data, 8)
        self.place = 24
        self.values: dict[str, tuple[int, bytes]] = {}
        for _ in range(count):
            key = self._string().decode()
            [kind] = self._numbers("<I")
            start = self.place
            self._skip(kind)
            self.values[key] = (kind, self.data[start:self.place])

    def _numbers(self, layout: str) -> tuple[int, ...]:
        result = struct.unpack_from(layout, self.data, self.place)
        self.place += struct.calcsize(layout)
        return result

    def _string(self) -> bytes:
        [count] = self._numbers("<Q")
        self.place += count
        return self.data[self.place - count:self.place]

    def _skip(self, kind: int) -> None:
        if kind == STRING:
            self._string()
        elif kind == ARRAY:
            inner, count = self._numbers("<IQ")
            if inner in SIZES:
                self.place += SIZES[inner] * count
            else:
                for _ in range(count):
                    self._skip(inner)
        else:
            self.place += SIZES[kind]

    def strings(self, key: str) -> list[str]:
        data, place, result = self.values[key][1], 12, []
        while place < len(data):
            [count] = struct.unpack_from("<Q", data, place)
            result.append(data[place + 8:place + 8 + count].decode(errors="replace"))
            place += 8 + count
        return result

    def integers(self, key: str) -> list[int]:
        if key not in self.values:
            return []
        data = self.values[key][1]
        return list(struct.unpack_from(f"<{(len(data) - 12) // 4}i", data, 12))


def write(path: Path, source: Path, hidden: int) -> None:
    """Writes the model to `path` with the vocabulary of the GGUF file `source`. `hidden` decides its speed."""
    vocabulary = Metadata(source)
    if "tokenizer.ggml.tokens" not in vocabulary.values:
        raise SystemExit(f"{source}: has no vocabulary")
    tokens = vocabulary.strings("tokenizer.ggml.tokens")
    values = {key: value for key, value in vocabulary.values.items() if key.startswith("tokenizer.")}
    values["general.architecture"] = (STRING, _text("mamba"))
    values["general.name"] = (STRING, _text(path.stem))
    for key, number in {"context_length": 1 << 20, "embedding_length": hidden, "block_count": 1,
                        "feed_forward_length": 0, "attention.head_count": 0, "ssm.conv_kernel": TAPS,
                        "ssm.inner_size": INNER, "ssm.state_size": STATE, "ssm.time_step_rank": RANK}.items():
        values["mamba." + key] = (UINT32, struct.pack("<I", number))
    values["mamba.attention.layer_norm_rms_epsilon"] = (FLOAT32, struct.pack("<f", 1e-5))
    values["mamba.ssm.dt_b_c_rms"] = (BOOL, b"\0")
    tensors = _tensors(hidden, len(tokens), _weights(tokens, vocabulary.integers("tokenizer.ggml.token_type"), hidden))
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(values))
    for key, (kind, value) in values.items():
        head += _text(key) + struct.pack("<I", kind) + value
    place = 0
    for name, (kind, extents, data) in tensors.items():
        head += _text(name) + struct.pack(f"<I{len(extents)}QIQ", len(extents), *reversed(extents), kind, place)
        place += len(data) + -len(data) % 32
    with path.open("wb") as file:
        file.write(head + bytes(-len(head) % 32))
        for _, _, data in tensors.values():
            file.write(data)
            file.write(bytes(-len(data) % 32))


def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def _weights(tokens: list[str], kinds: list[int], hidden: int) -> list[float]:
    """The weights of the head for the shared component, by token."""
    # The root mean square of an embedding divides it before the head.
    scale = SHARED / math.sqrt((SHARED**2 + hidden - 1) / hidden)
    result = [0.0] * len(tokens)
    for index, token in enumerate(tokens):
        if token in FREQUENT:
            result[index] = math.log(FREQUENT[token] * len(tokens)) / scale
        elif index < len(kinds) and kinds[index] == CONTROL:
            result[index] = -100 / scale
    return result


def _tensors(hidden: int, count: int, weights: list[float]) -> dict[str, tuple[int, tuple[int, ...], bytes]]:
    """The kind, the extents and the data of each tensor."""
    source = random.Random(1)

    def floats(*extents: int, value=None, scale: float = 0.0):
        size = math.prod(extents)
        numbers = [value(index) if value else source.gauss(0, scale) for index in range(size)]
        return F32, extents, struct.pack(f"<{size}f", *numbers)

    def halves(scale: float, first) -> tuple[int, tuple[int, ...], bytes]:
        # A prime number of random values, repeated: no two rows are equal.
        pattern = struct.pack("<65521e", *(source.gauss(0, scale) for _ in range(65521)))
        size = 2 * count * hidden
        data = bytearray((pattern * (size // len(pattern) + 1))[:size])
        for row in range(count):
            struct.pack_into("<e", data, 2 * row * hidden, first(row))
        return F16, (count, hidden), bytes(data)

    one = lambda index: 1.0  # noqa: E731
    out = floats(hidden, INNER, scale=1 / math.sqrt(INNER))
    # The shared component stays as it is.
    out = (out[0], out[1], bytes(4 * INNER) + out[2][4 * INNER:])
    prefix = "blk.0."
    return {
        "token_embd.weight": halves(1, lambda row: SHARED),
        prefix + "attn_norm.weight": floats(hidden, value=one),
        prefix + "ssm_in.weight": floats(2 * INNER, hidden, scale=1 / math.sqrt(hidden)),
        prefix + "ssm_conv1d.weight": floats(INNER, TAPS, scale=0.5),
        prefix + "ssm_conv1d.bias": floats(INNER, scale=0.02),
        prefix + "ssm_x.weight": floats(RANK + 2 * STATE, INNER, scale=1 / math.sqrt(INNER)),
        prefix + "ssm_dt.weight": floats(INNER, RANK, scale=1 / math.sqrt(RANK)),
        # Rates from 1 to 16, and steps of about 0.01 after the softplus.
        prefix + "ssm_dt.bias": floats(INNER, value=lambda index: -4.6),
        prefix + "ssm_a": floats(INNER, STATE, value=lambda index: -1.0 - index % STATE),
        prefix + "ssm_d": floats(INNER, value=one),
        prefix + "ssm_out.weight": out,
        "output_norm.weight": floats(hidden, value=one),
        # Small weights: the tokens are about equally likely.
        "output.weight": halves(0.02, lambda row: weights[row]),
    }
