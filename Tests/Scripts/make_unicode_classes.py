"""Writes Sources/Tokenization/PreTokenization/CharacterClass+Table.swift.

The classes are determined with the regex engine of tiktoken, so that the table has the same Unicode version as the
reference libraries (16.0 for tiktoken 0.14 and tokenizers 0.23, which agree on all classes used here). Usage:
python make_unicode_classes.py > Sources/Tokenization/PreTokenization/CharacterClass+Table.swift
"""

import tiktoken

CLASSES = [r"[^\s\S]", r"\p{Lu}\p{Lt}", r"\p{Ll}", r"\p{Lm}\p{Lo}", r"\p{M}", r"\p{N}", r"\s", r"\p{P}", r"\p{S}"]
ALTERNATING = 9
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
MARK, END = "\x01\x02", 256


def members(pattern, points):
    """The code points that `pattern` matches in tiktoken's regex engine."""
    ranks = {bytes([i]): i for i in range(256)} | {MARK.encode(): END}
    encoding = tiktoken.Encoding(
        "probe", pat_str=f"[{pattern}]{MARK}|[\\s\\S]", mergeable_ranks=ranks, special_tokens={})
    found = set()
    for start in range(0, len(points), 2000):
        part = points[start:start + 2000]
        ids = encoding.encode_ordinary("".join(chr(point) + MARK for point in part))
        position = 0
        for point in part:
            position += len(chr(point).encode())
            matched = ids[position] == END
            position += 1 if matched else 2
            if matched:
                found.add(point)
    return found


def runs(classes):
    """(class, length) pairs. Class 9 means alternating upper and lower case, as in much of Latin and Cyrillic."""
    position, result = 0, []
    while position < len(classes):
        end = position
        while end < len(classes) and classes[end] == (1 if (end - position) % 2 == 0 else 2):
            end += 1
        kind = ALTERNATING
        if end - position < 3:
            kind, end = classes[position], position
            while end < len(classes) and classes[end] == kind:
                end += 1
        result.append((kind, end - position))
        position = end
    return result


def encoded(pairs):
    """length * 10 + class as a varint: digits of 5 bits, least significant first; the sixth bit means "continued"."""
    text = ""
    for kind, length in pairs:
        value = length * 10 + kind
        while value >= 32:
            text += DIGITS[value % 32 + 32]
            value //= 32
        text += DIGITS[value]
    return text


points = [point for point in range(0x110000) if not 0xD800 <= point < 0xE000 and point not in (1, 2)]
classes = [0] * 0x110000
for number, pattern in enumerate(CLASSES):
    if number:
        for point in members(pattern, points):
            classes[point] = number
# After the table, only the variation selectors U+E0100 to U+E01EF have a class; `CharacterClass` handles them.
last = max(point for point in range(0xE0000) if classes[point])
assert [p for p in range(last + 1, 0x110000) if classes[p]] == list(range(0xE0100, 0xE01F0))
assert all(classes[point] == 4 for point in range(0xE0100, 0xE01F0))

text = encoded(runs(classes[:last + 1]))
print("// Made by Tests/Scripts/make_unicode_classes.py; see there for the encoding. Unicode 16.0.")
print("extension CharacterClass {")
print("  /// The first code point beyond the table.")
print(f"  static let tableEnd = 0x{last + 1:X}")
print("  /// Runs of code points of one class, from U+0000 on.")
print('  static let runs: StaticString = """')
for start in range(0, len(text), 100):
    more = "\\" if start + 100 < len(text) else ""
    print("    " + text[start:start + 100] + more)
print('    """')
print("}")
