#!/usr/bin/env python3
"""Writes Sources/TerminalInterface/Text/WidthTables.swift from the Unicode character database, and the fixture
Tests/TerminalInterfaceTests/Fixtures/widths.txt from the independent package wcwidth, for the comparison in the tests.

    pip install unicodedata2==18.0.0 wcwidth==0.9.4    # or any pair of the same Unicode version
    python3 Tests/Scripts/make_widths.py
"""
import random
from pathlib import Path

import unicodedata2 as unicode
import wcwidth

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 0x110000
# Visible format characters before a number (Prepended_Concatenation_Mark).
PREPENDED = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}


def is_zero(code):
    char = chr(code)
    if code == 0xAD:  # Terminals draw the soft hyphen.
        return False
    if code in PREPENDED:
        return False
    if code in (0x3164, 0xFFA0):  # Hangul fillers.
        return True
    if 0x1160 <= code <= 0x11FF or 0xD7B0 <= code <= 0xD7FF:  # Vowels and finals combine with the preceding syllable.
        return True
    return unicode.category(char) in ("Mn", "Me", "Cf", "Zl", "Zp")


def is_wide(code):
    if is_zero(code):
        return False
    if 0x1F1E6 <= code <= 0x1F1FF:  # Half of a flag.
        return False
    if unicode.east_asian_width(chr(code)) in ("W", "F"):
        return True
    # Unassigned ideographs are wide by default (UAX 11).
    return 0x20000 <= code <= 0x2FFFD or 0x30000 <= code <= 0x3FFFD


def ranges(holds):
    found, start = [], None
    for code in range(LIMIT):
        inside = holds(code) and not 0xD800 <= code <= 0xDFFF
        if inside and start is None:
            start = code
        if not inside and start is not None:
            found.append((start, code - 1))
            start = None
    return found


def table(name, comment, entries):
    cells = [f"0x{first:X}, {last - first}," for first, last in entries]
    lines, line = [], "   "
    for cell in cells:
        if len(line) + len(cell) + 1 > 108:
            lines.append(line)
            line = "   "
        line += " " + cell
    lines.append(line)
    body = "\n".join(lines)
    return f"  /// {comment}\n  static let {name}: [UInt32] = [\n{body}\n  ]\n"


def main():
    swift = (
        f"// Made by Tests/Scripts/make_widths.py from Unicode {unicode.unidata_version}; do not edit.\n"
        "// Pairs of the first code point of a range and the count of those that follow it, in ascending order.\n\n"
        "enum WidthTables {\n"
        + table("wide", "Characters of two columns (East Asian wide and fullwidth).", ranges(is_wide))
        + "\n"
        + table("zero", "Characters without a column of their own: marks, format characters, jamo that join.",
                ranges(is_zero))
        + "}\n")
    (ROOT / "Sources/TerminalInterface/Text/WidthTables.swift").write_text(swift)

    rng = random.Random(1)
    lines = ["# Made by Tests/Scripts/make_widths.py with wcwidth " + wcwidth.__version__ + "; do not edit.",
             "# scalar ranges as FIRST LAST WIDTH (spacing marks, lone half flags and unassigned are left out)"]
    start, width = None, None
    for code in range(0x20, LIMIT + 1):
        value = None
        if code < LIMIT and not 0xD800 <= code <= 0xDFFF and not 0x1F1E6 <= code <= 0x1F1FF:
            category = unicode.category(chr(code))
            if category not in ("Cn", "Mc", "Cc", "Co", "Cs"):
                value = wcwidth.wcwidth(chr(code))
        if value != width:
            if width is not None:
                lines.append(f"{start:X} {code - 1:X} {width}")
            start, width = code, value
    clusters = ["a", "é", "e\u0301", "字", "한", "\u1112\u1161\u11ab", "❤️", "❤", "👨‍👩‍👧", "👨‍👩‍👧‍👦", "🇩🇪",
                "🇫🇷", "👍🏽", "1️⃣", "#️⃣", "🏴‍☠️", "🏳️‍🌈", "🧑🏿‍🚀", "☺️", "🫨", "ﷺ", "ｶﾞ", "ก็", "Ａ", "…", "─", "█",
                "⚠️", "✅", "▶️", "©️", "🏴\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F"]
    lines.append("# strings as S CODEPOINTS WIDTH")
    samples = list(clusters)
    for _ in range(300):
        samples.append("".join(rng.choice(clusters + list("abc xyz,.汉字カナабвاب")) for _ in range(rng.randint(1, 12))))
    for text in samples:
        points = ",".join(f"{ord(c):X}" for c in text)
        lines.append(f"S {points} {wcwidth.wcswidth(text)}")
    (ROOT / "Tests/TerminalInterfaceTests/Fixtures/widths.txt").write_text("\n".join(lines) + "\n")


main()
