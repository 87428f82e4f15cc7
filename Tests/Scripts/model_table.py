"""Prints the table of models: the types of config.json, GGUF's architecture, and what each was checked against.

    python model_table.py LOG...

A LOG is the output of check_reference.py. Its lines name directories: ARCHITECTURE.LIBRARY[.QUANTISATION] as the reference
program calls them, and the same names for GGUF files, whose logs are given as gguf:LOG. Only lines that say `ok` count.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "Sources" / "Models" / "Architectures"
#: Types of the reference program that run as another.
OTHERS = {"qwen3_5_text": "qwen3_5", "gemma3": "gemma3_text", "gemma3n_text": "gemma3n"}


def architectures() -> list[tuple[list[str], str]]:
    """The model types of every architecture, and its name in GGUF files or an empty text."""
    found = []
    for path in sorted(FOLDER.glob("*.swift")):
        text = re.sub(r"//.*", "", path.read_text(encoding="utf8"))
        for part in re.split(r"\bArchitecture\(", text)[1:]:
            types = re.match(r'\s*((?:"[\w.-]+"\s*,?\s*)+)', part)
            if not types:
                continue
            call = part.split("configuration, weights in")[0]
            name = re.search(r'gguf:\s*[\w.]*\(\s*"([\w.-]+)"', call)
            other = re.search(r"gguf:\s*(?!nil)[\w.]+", call)
            in_file = re.search(r'GGUFConversion\(\s*"([\w.-]+)"', text) if other else None
            gguf = (name or in_file or [None, "yes" if other else ""])[1]
            found.append((re.findall(r'"([\w.-]+)"', types[1]), gguf))
    return found


def checks(logs: list[str]) -> dict[str, dict[str, int]]:
    """By architecture of the reference program, the number of models in agreement with each kind of reference."""
    result: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for log in logs:
        is_gguf = log.startswith("gguf:")
        for line in Path(log.removeprefix("gguf:")).read_text(encoding="utf8").splitlines():
            match = re.match(r"ok\s+([\w-]+)\.(transformers|mlx)(?:\.(\w+))?\s", line)
            if match:
                kind = "GGUF" if is_gguf else match[2] if not match[3] else f"{match[2]} {match[3]}"
                result[match[1]][kind] += 1
    return result


def main() -> None:
    done = checks(sys.argv[1:])
    print("| model_type | GGUF | models checked, by reference |\n| --- | --- | --- |")
    for types, name in sorted(architectures()):
        counts: dict[str, int] = defaultdict(int)
        for kind in {t for type_ in types for t in (type_, OTHERS.get(type_, type_))}:
            for reference, count in done.get(kind, {}).items():
                counts[reference] += count
        text = ", ".join(f"{reference} {count}" for reference, count in sorted(counts.items()))
        print(f"| {', '.join(types)} | {name} | {text} |")


if __name__ == "__main__":
    main()
