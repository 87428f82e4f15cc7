"""Compares Sotto with llama.cpp and float32 on a GGUF file, over the whole vocabulary (for developers).

    python compare_llama_cpp.py MODEL.gguf [--text FILE] [--tokens 512] [--decode 64] [--no-float32]

Prints, for both precisions of `sotto logits`, the mean KL divergence and the share of positions with the same top
token (if the margin of the reference is above 0.1), and the KL divergence of llama.cpp and float32. A program without
the rounding of llama.cpp cannot have a lower divergence from it, so if that is above the limit of 0.005, it is the
limit for `exact`; the limit for float32 is 0.002. Requires llama-cpp-python, transformers, torch and gguf from PyPI.
"""

import argparse
import sys
from pathlib import Path

import references

LEAST_SHARE, MOST_KL, MOST_KL_FLOAT32 = 0.98, 0.005, 0.002


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("--text", type=Path, default=references.TEXT)
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--decode", type=int, default=64, help="number of tokens to decode one by one with the cache")
    parser.add_argument("--no-float32", action="store_true", help="only llama.cpp")
    options = parser.parse_args()

    ids = references.llama_cpp_ids(options.model, options.text.read_text(errors="replace"))[: options.tokens]
    known = {"llama.cpp": references.llama_cpp_logits(options.model, ids)}
    if not options.no_float32:
        known["float32"] = references.float32_logits(options.model, ids)
    print(f"{options.model.name}, {len(ids)} tokens of {options.text.name}")

    def measure(label: str, name: str, other) -> tuple[float, float]:
        kl = references.mean_kl(known[name], other)
        share, clear = references.top_agreement(known[name], other)
        print(f"  {label:34} mean KL {kl:.6f}   same top token {share:.2%} of {clear}")
        return kl, share

    most = {"llama.cpp": MOST_KL, "float32": MOST_KL_FLOAT32}
    least = dict.fromkeys(most, LEAST_SHARE)
    if "float32" in known:
        noise, share = measure("float32 and llama.cpp (noise)", "llama.cpp", known["float32"])
        most["llama.cpp"], least["llama.cpp"] = max(MOST_KL, 1.02 * noise), min(LEAST_SHARE, share - 0.005)
    good = True
    for precision in ("exact", "fast"):
        logits = references.sotto_logits(options.model, ids, max(1, len(ids) - options.decode), precision)
        for name in known:
            kl, share = measure(f"sotto {precision} and {name}", name, logits)
            good = good and (precision == "fast" or kl <= most[name] and share >= least[name])
    print("within the limits" if good else "OUTSIDE THE LIMITS")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
