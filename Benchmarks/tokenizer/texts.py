"""Writes the texts that compare.py measures: python Benchmarks/tokenizer/texts.py FOLDER [DJANGO.whl]

English is Python's bundled documentation, code is Python's standard library. Other languages come from the
translations in Django's wheel (`pip download --no-deps Django==5.2`) and are left out without it. The rest are worst
cases with a fixed seed: no repeated pieces, no spaces, no words.
"""

import base64
import pathlib
import pydoc_data.topics
import random
import re
import string
import sys
import zipfile

SIZE = 1_000_000
#: Fifteen languages in eleven scripts.
LANGUAGES = ["ar", "bg", "de", "el", "en", "es", "fr", "he", "hi", "ja", "ko", "ru", "th", "vi", "zh_Hans"]


def translations(wheel, language):
    """The distinct translated texts of a language."""
    found = {}
    with zipfile.ZipFile(wheel) as files:
        for name in sorted(files.namelist()):
            if f"/locale/{language}/" not in name or not name.endswith(".po"):
                continue
            # English has only the original texts.
            key = "msgid" if language == "en" else r"msgstr(?:\[\d\])?"
            for match in re.finditer(rf'^{key} ((?:".*"\s*)+)', files.read(name).decode(), re.M):
                lines = re.findall(r'"(.*)"', match.group(1))
                text = "".join(lines).replace(r"\n", "\n").replace(r"\"", '"')
                if "Content-Type:" not in text:
                    found[text] = None
    return list(found)


def hostile(source):
    def word(alphabet, low, high):
        return "".join(source.choices(alphabet, k=source.randrange(low, high)))

    lower, anything = string.ascii_lowercase, string.ascii_letters + string.digits
    ranges = [(0x20, 0x7F), (0xA0, 0x3000), (0x3000, 0xD800), (0xE000, 0x30000)]
    return {
        "letters": word(lower, SIZE, SIZE + 1),
        "one-letter": "a" * SIZE,
        "random-words": " ".join(word(lower, 2, 12) for _ in range(SIZE // 7)),
        "identifiers": " ".join(word(anything, 4, 40) for _ in range(SIZE // 23)),
        "digits": word(string.digits, SIZE, SIZE + 1),
        "base64": base64.b64encode(source.randbytes(SIZE * 3 // 4)).decode(),
        "symbols": word(string.punctuation + "  \n", SIZE, SIZE + 1),
        "code-points": "".join(chr(source.randrange(*source.choice(ranges))) for _ in range(SIZE // 3)),
        "chinese": "".join(chr(source.randrange(0x4E00, 0x9FA6)) for _ in range(SIZE // 3)),
        "emoji": "".join(chr(source.randrange(0x1F300, 0x1F650)) for _ in range(SIZE // 4)),
        "bytes": source.randbytes(SIZE * 2 // 3).decode("utf8", "replace"),
    }


def texts(wheel):
    source = random.Random(42)
    english = "\n".join(pydoc_data.topics.topics.values())
    library = sorted(pathlib.Path(string.__file__).parent.glob("*.py"))
    yield "english", english
    yield "code", "".join(path.read_text("utf8", "ignore") for path in library)[: 2 * SIZE]
    if wheel:
        each = {language: translations(wheel, language) for language in LANGUAGES}
        for language in ["ja", "ru", "hi"]:
            yield language, "\n".join(each[language])
        mixed = [text for language in LANGUAGES for text in each[language]]
        source.shuffle(mixed)
        yield "15-languages", "\n".join(mixed)
    yield "no-spaces", re.sub(r"[^a-z]", "", english)
    yield from hostile(source).items()


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts(sys.argv[2] if len(sys.argv) > 2 else None):
        (folder / name).write_text(text, "utf8", newline="")


if __name__ == "__main__":
    main()
