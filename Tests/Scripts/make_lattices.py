#!/usr/bin/env python3
"""Writes Sources/CKernels/matmul/lattices.h: the lattice points of GGUF's IQ1, IQ2 and IQ3 formats, as the `gguf`
package has them. Usage: make_lattices.py (requires gguf, numpy)."""

import pathlib

import numpy as np
from gguf import quants

TABLES = [("iq1", quants.IQ1_S, 2), ("iq2_xxs", quants.IQ2_XXS, 2), ("iq2_xs", quants.IQ2_XS, 2),
          ("iq2_s", quants.IQ2_S, 2), ("iq3_xxs", quants.IQ3_XXS, 4), ("iq3_s", quants.IQ3_S, 4)]
lines = ["// The lattice points of GGUF's IQ formats, facts of the format: the indices of 8 values with two bits each (IQ1,",
         "// IQ2) or of 4 values with a nibble each (IQ3), the first in the low bits. Written by Tests/Scripts/make_lattices.py.",
         "// Three entries follow each table, because 8 bytes are read at an entry.", "#pragma once", "#include <stdint.h>"]
for name, kind, bits in TABLES:
    kind.init_grid()
    grid = kind.grid.reshape(kind.grid_shape)
    index = np.array([[kind.grid_map.index(x) for x in point] for point in grid.astype(int)], dtype=np.uint32)
    packed = (index << (bits * np.arange(grid.shape[1], dtype=np.uint32))).sum(axis=1)
    lines.append(f"\nstatic const uint16_t sotto_lattice_{name}[{len(packed)} + 3] = {{")
    for i in range(0, len(packed), 16):
        lines.append("    " + ", ".join(f"{x}" for x in packed[i : i + 16]) + ",")
    lines.append("};")
out = pathlib.Path(__file__).resolve().parents[2] / "Sources" / "CKernels" / "matmul" / "lattices.h"
out.write_text("\n".join(lines) + "\n")
