"""Writes Sources/Tokenization/PreTokenization/CharacterClass+Table.swift.

The tokenizers' own regex engines are the source: tiktoken's is asked for every code point, so that the
table is of the same Unicode version as the libraries that ids are compared with (16.0 for tiktoken 0.14
and tokenizers 0.23, which agree on every class here). Run: python make_unicode_classes.py > the file.
"""

import tiktoken

CLASSES = [r"[^\s\S]", r"\p{Lu}\p{Lt}", r"\p{Ll}", r"\p{Lm}\p{Lo}", r"\p{M}", r"\p{N}", r"\s", r"\p{P}", r"\p{S}"]
ALTERNATING = 9
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
MARK, END = "\x01\x02", 256


def members(pattern, points):
    """The code points that `pattern` matches, as tiktoken's regex engine sees it."""
    ranks = {bytes([i]): i for i in range(256)} | {MARK.encode(): END}
    encoding = tiktoken.Encoding(
        "probe", pat_str=f"[{pattern}]{MARK}|[\\s\\S]", mergeable_ranks=ranks, special_tokens={})
    found = set()
    for start in range(0, len(points), 2000):
        part = points[start:start + 2000]
        ids = encoding.encode_ordinary("".join(chr(point) + MARK for point in part))
        place = 0
        for point in part:
            place += len(chr(point).encode())
            matched = ids[place] == END
            place += 1 if matched else 2
            if matched:
                found.add(point)
    return found


def runs(classes):
    """(class, length) pairs; class 9 stands for upper and lower in turn, as in much of Latin and Cyrillic."""
    place, result = 0, []
    while place < len(classes):
        end = place
        while end < len(classes) and classes[end] == (1 if (end - place) % 2 == 0 else 2):
            end += 1
        kind = ALTERNATING
        if end - place < 3:
            kind, end = classes[place], place
            while end < len(classes) and classes[end] == kind:
                end += 1
        result.append((kind, end - place))
        place = end
    return result


def encoded(pairs):
    """length * 10 + class, in digits of 5 bits, the least significant first, the sixth bit for "more"."""
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
# Beyond this only the variation selectors U+E0100 to U+E01EF have a class; `CharacterClass` knows them.
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
