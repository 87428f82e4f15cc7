#!/usr/bin/env python3
"""Writes Tests/ModelsTests/Fixtures/rope.json: the rotary frequencies of transformers.

Requires transformers and torch. Run it manually after adding a type of scaling.
"""

import json
import pathlib

from transformers import LlamaConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

CASES = [
    {"rope_type": "linear", "factor": 4.0},
    {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
     "original_max_position_embeddings": 8192},
    {"rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 2.0,
     "original_max_position_embeddings": 256},
    {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 4096},
    {"rope_type": "yarn", "factor": 32.0, "original_max_position_embeddings": 4096, "beta_fast": 32.0,
     "beta_slow": 1.0, "truncate": False},
    {"rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 64, "beta_fast": 8.0,
     "attention_factor": 1.25},
    {"rope_type": "yarn", "factor": 40.0, "original_max_position_embeddings": 4096, "mscale": 0.707,
     "mscale_all_dim": 1.0},
    {"rope_type": "yarn", "factor": 0.5, "original_max_position_embeddings": 512},
]


def main():
    out = []
    for head_size in (8, 64, 128):
        for base in (500.0, 10000.0, 1000000.0):
            for case in CASES:
                config = LlamaConfig(
                    hidden_size=4 * head_size, num_attention_heads=4, head_dim=head_size,
                    max_position_embeddings=32768, rope_parameters=dict(case, rope_theta=base))
                frequencies, amplitude = ROPE_INIT_FUNCTIONS[case["rope_type"]](config, "cpu")
                out.append({
                    "config": {"head_dim": head_size, "rope_theta": base, "max_position_embeddings": 32768,
                               "rope_scaling": case},
                    "frequencies": [float(f) for f in frequencies], "amplitude": float(amplitude)})
    path = pathlib.Path(__file__).parents[1] / "ModelsTests" / "Fixtures" / "rope.json"
    path.write_text(json.dumps(out, indent=None, separators=(",", ":")) + "\n")
    print(f"{len(out)} cases, {path.stat().st_size} bytes")


main()
