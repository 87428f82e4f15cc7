"""The shapes that are measured: full-size dimensions of published models, and the bars for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import families


@dataclass(frozen=True)
class Shape:
    name: str
    #: dense, experts, hybrid or state-space
    group: str
    #: of the whole model
    layers: int
    #: enough for every kind of layer, and under 1.5 GB
    few: int
    build: Callable[[int], families.Model]
    #: whether the whole model has fewer than 1.5 billion parameters
    small: bool = False
    mixture: str = "Q4_K_M"

    @property
    def prompt_bar(self) -> float:
        """The least ratio of prompt tokens/s to llama.cpp's."""
        return 1.8 if self.group == "dense" else 2.0

    @property
    def generation_bar(self) -> float:
        return 1.3 if self.small else 1.0


NEMOTRON = "M-M-M-MM-M-M-M*-M-M-M*-M-M-M-M*-M-M-M-M*-M-MM-M-M-M-M-M-"

ALL = [
    Shape("gpt-oss-20b", "experts", 24, 4, partial(families.gpt_oss, experts=32), mixture="MXFP4"),
    Shape("qwen3-next-80b-a3b", "hybrid", 48, 4, partial(
        families.delta_hybrid, "qwen3next", vocabulary=151_936, hidden=2048, heads=16, kv_heads=2, size=256,
        rotated=64, theta=1e7, key_heads=16, value_heads=32, head=128, inner=512, experts=512, chosen=10, tied=False)),
    Shape("ling-mini-2.0", "experts", 20, 4, partial(
        families.ling, vocabulary=157_184, hidden=2048, heads=16, kv_heads=4, size=128, theta=600_000,
        dense_inner=5120, experts=256, chosen=8, groups=(8, 4), inner=512)),
    Shape("mobilellm-125m", "dense", 30, 30, partial(
        families.dense, "llama", vocabulary=32_000, hidden=576, inner=1536, heads=9, kv_heads=3, size=64,
        theta=10_000), small=True),
    # llama.cpp cannot load MobileLLM-R1 (Llama 4 without experts): the same matrices as a Llama. It lacks only the
    # norms of query and key heads, which have no weights.
    Shape("mobilellm-r1-950m", "dense", 22, 22, partial(
        families.dense, "llama", vocabulary=128_256, hidden=1536, inner=6144, heads=24, kv_heads=6, size=64,
        theta=500_000), small=True),
    Shape("mamba2-2.7b", "state-space", 64, 16, partial(
        families.mamba2, vocabulary=50_288, hidden=2560, inner=5120, heads=80, state=128, groups=1)),
    Shape("mamba-2.8b", "state-space", 64, 16, partial(
        families.mamba, vocabulary=50_280, hidden=2560, inner=5120, state=16, rank=160)),
    Shape("falcon-h1-1.5b", "hybrid", 24, 12, partial(
        families.falcon_h1, vocabulary=65_537, hidden=2048, heads=8, kv_heads=2, size=128, inner=4096, mixer=3072,
        mixer_heads=48, state=256)),
    Shape("granite-4.0-h-tiny", "hybrid", 40, 8, partial(
        families.granite_hybrid, vocabulary=100_352, hidden=1536, heads=12, kv_heads=4, attends=[5, 15, 25, 35],
        inner=512, shared=1024, experts=64, chosen=6, mixer=3072, mixer_heads=48, state=128)),
    Shape("jamba-reasoning-3b", "hybrid", 28, 14, partial(
        families.jamba, vocabulary=65_536, hidden=2560, heads=20, kv_heads=1, attends=[13, 27], inner=8192, state=16,
        rank=160)),
    Shape("nemotron-nano-9b-v2", "hybrid", 56, 15, partial(
        families.nemotron_h, vocabulary=131_072, hidden=4480, heads=40, kv_heads=8, size=128, inner=15_680,
        mixer=10_240, mixer_heads=128, state=128, groups=8, pattern=NEMOTRON)),
    Shape("lfm2-1.2b", "hybrid", 16, 16, partial(
        families.lfm2, vocabulary=65_536, hidden=2048, heads=32, kv_heads=8, attends=[2, 5, 8, 10, 12, 14],
        inner=8192), small=True),
    Shape("qwen3-4b", "dense", 36, 6, partial(
        families.dense, "qwen3", vocabulary=151_936, hidden=2560, inner=9728, heads=32, kv_heads=8, size=128,
        theta=1e6, norms=True)),
    Shape("qwen3-30b-a3b", "experts", 48, 4, partial(
        families.qwen3_experts, vocabulary=151_936, hidden=2048, heads=32, kv_heads=4, size=128, theta=1e6,
        experts=128, chosen=8, inner=768)),
    Shape("qwen3.5-4b", "hybrid", 32, 8, partial(
        families.delta_hybrid, "qwen35", vocabulary=248_320, hidden=2560, heads=16, kv_heads=4, size=256, rotated=64,
        theta=1e7, key_heads=16, value_heads=32, head=128, inner=9216, tied=True)),
    Shape("llama-3.2-3b", "dense", 28, 6, partial(
        families.dense, "llama", vocabulary=128_256, hidden=3072, inner=8192, heads=24, kv_heads=8, size=128,
        theta=500_000)),
    Shape("gemma-3-4b", "dense", 34, 6, partial(
        families.dense, "gemma3", vocabulary=262_208, hidden=2560, inner=10_240, heads=8, kv_heads=4, size=256,
        theta=1e6, norms=True, post_norms=True, more={"attention.sliding_window": 1024})),
    # 256 experts are 6.5 GB a layer: only 32, in as many groups, so that two layers fit. As many are chosen; prompts
    # have more rows for each expert, in both programs.
    Shape("deepseek-v3", "experts", 61, 2, partial(
        families.deepseek, vocabulary=129_280, hidden=7168, heads=128, latent=512, query_rank=1536, nope=128, rope=64,
        value=128, dense_inner=18_432, experts=32, chosen=8, groups=(8, 4), inner=2048, lead=1)),
]

NAMES = [shape.name for shape in ALL]


def named(name: str) -> Shape:
    return next(shape for shape in ALL if shape.name == name)
