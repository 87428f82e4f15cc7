"""Compares `sotto logits` with mlx-lm on small models in MXFP4, computed in float32 (for developers).

    python check_mlx_float32.py DIR...

mlx-lm looks up rows of an MXFP4 embedding table as bfloat16. Where the first layer reads them without a norm (OLMo 2 and 3,
EXAONE 4), or where they are multiplied (Gemma), its whole model then computes with rounded numbers, and differs by up to
0.07 standard deviations of the logits from what the weights say; with a router, it may choose other experts. Here the rows
are float32, so that the limit of check_reference.py applies. DIRs are as for that script. Requires mlx-lm.
"""

import sys
from pathlib import Path

import mlx.core as mx
import mlx.nn as nn
import numpy as np
from mlx_lm.models.cache import make_prompt_cache
from mlx_lm.utils import load_model
from safetensors.numpy import load_file

import references

BAR = 1e-3


def difference(folder: Path) -> float:
    """The largest difference of a prefill and of decoding, in standard deviations of mlx-lm's logits."""
    reference = load_file(folder / "reference.safetensors")
    ids, count = reference["tokens"].tolist(), len(reference["prefill_logits"])
    model, _ = load_model(folder)
    cache = make_prompt_cache(model)
    steps = [ids[:count], *([i] for i in ids[count:])]
    expected = np.concatenate([np.array(model(mx.array([step]), cache=cache)[0].astype(mx.float32)) for step in steps])
    return float(np.abs(references.sotto_logits(folder, ids, count) - expected).max() / expected.std())


def main() -> int:
    lookup = nn.QuantizedEmbedding.__call__
    nn.QuantizedEmbedding.__call__ = lambda self, ids: lookup(self, ids).astype(mx.float32)
    failed = 0
    for folder in map(Path, sys.argv[1:]):
        found = difference(folder)
        failed += not found < BAR
        print(f"{'ok  ' if found < BAR else 'FAIL'} {folder.name:32} {found:.2e}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
