#!/usr/bin/env python3
"""Writes the theme files of this folder into Sources/TerminalInterface/Themes/ShippedThemes.swift, which
compiles them into the program. Run it after changing a theme; a test compares the two.

The menu of /theme shows the first sentence of a file's comment, without the name."""
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent / "Sources/TerminalInterface/Themes/ShippedThemes.swift"
ORDER = ["night", "day", "dusk", "paper", "contrast", "clear", "plain", "mono"]


def main():
    files = sorted(HERE.glob("*.toml"), key=lambda f: (ORDER.index(f.stem) if f.stem in ORDER else 99, f.stem))
    out = "// Made by themes/embed.py from themes/*.toml; do not edit.\n\n"
    out += "/// The themes that come with the program, the default first.\n"
    out += "package enum ShippedThemes {\n  package static let all: [(name: String, summary: String, text: String)] = [\n"
    for file in files:
        summary = re.match(r"# \w+: ([^.]*)\.", file.read_text())[1]
        out += f'    (\n      "{file.stem}", "{summary}",\n      #"""\n'
        for line in file.read_text().splitlines():
            out += ("      " + line).rstrip() + "\n"
        out += '      """#\n    ),\n'
    out += "  ]\n}\n"
    TARGET.write_text(out)


main()
