#!/usr/bin/env python3
"""Writes Sources/TerminalInterface/Markdown/HTMLEntityNames.swift: the named characters of HTML
(https://html.spec.whatwg.org/multipage/named-characters.html), as Python's html.entities has them.

    python3 Tests/Scripts/make_entities.py
"""
import html.entities
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

names = {name[:-1]: text for name, text in html.entities.html5.items() if name.endswith(";")}
words = [f"{name}:{'+'.join(f'{ord(character):x}' for character in text)}" for name, text in sorted(names.items())]
lines = textwrap.wrap(" ".join(words), 106, break_long_words=False, break_on_hyphens=False)
text = "\n".join("    " + line for line in lines)
path = ROOT / "Sources/TerminalInterface/Markdown/HTMLEntityNames.swift"
path.write_text(f'''// Made by Tests/Scripts/make_entities.py; do not edit.

extension HTMLEntity {{
  /// The named characters as `NAME:CODE`, or `NAME:CODE+CODE` for two, with hexadecimal codes.
  static let names = """
{text}
    """
}}
''')
print(len(names), "names,", max(map(len, names)), "letters at most,", len(lines) + 7, "lines")
