"""Draws the chat as SVG, from the screen of the program in tmux: screenshot.py MODEL.gguf OUT.svg [--theme NAME]

It resumes a conversation of known content in a folder of its own, and captures the screen with its colours. The
environment variable SOTTO names the program (default: .build/release/sotto). `--text FILE` shows another Markdown file
as the answer; `--print` prints the captured screen instead.
"""

from __future__ import annotations

import argparse
import html
import os
import re
import sys
import tempfile
import time
import unicodedata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests" / "Scripts"))
import session_file  # noqa: E402
from terminal import SOTTO, Terminal  # noqa: E402

QUESTION = "Why is the second turn so fast, and how would I measure it?"
ANSWER = r"""
## One prefix, computed once

The tokens of the first turn are **already in the cache**. Only your new message is prefilled:

| turn | prompt | from the cache | first token |
|:-----|-------:|---------------:|------------:|
| 1    | 962    | 0              | 1.9 s       |
| 2    | 1 043  | 1 002          | 0.04 s      |

With $n$ new tokens the cost is $O(n \cdot d)$ rather than $O((m+n) \cdot d)$:

```python
for turn in turns:
    start = time.perf_counter()
    first = next(model.generate(turn))  # waits for one token
    print(f"{time.perf_counter() - start:.3f} s")
```

1. Send a message and read the status line.
   - *reused* counts the tokens of the cache
   - `TTFT` is the time from Enter to the first token
"""

WIDTH, HEIGHT = 8.4, 18.0
#: The terminal's own colours, by whether the theme is for a light background.
TERMINAL = {False: ("#14161e", "#d3d7e3"), True: ("#fbfaf7", "#2b2b33")}
SIXTEEN = ["#000000", "#cd0000", "#00cd00", "#cdcd00", "#3465d4", "#cd00cd", "#00cdcd", "#e5e5e5",
           "#7f7f7f", "#ff0000", "#00ff00", "#ffff00", "#5c5cff", "#ff00ff", "#00ffff", "#ffffff"]


def palette(index: int) -> str:
    """xterm's colour of an index from 0 to 255."""
    if index < 16:
        return SIXTEEN[index]
    if index >= 232:
        return "#" + f"{8 + (index - 232) * 10:02x}" * 3
    steps, place = [0, 95, 135, 175, 215, 255], index - 16
    return "#" + "".join(f"{steps[part]:02x}" for part in (place // 36, place // 6 % 6, place % 6))


class Style:
    """The attributes of a cell, changed by SGR sequences."""

    def __init__(self) -> None:
        self.marks: frozenset[str] = frozenset()
        self.foreground: str | None = None
        self.background: str | None = None

    def apply(self, codes: list[int]) -> None:
        marks = set(self.marks)
        while codes:
            code = codes.pop(0)
            if code == 0:
                marks, self.foreground, self.background = set(), None, None
            elif code in (1, 2, 3, 4, 7):
                marks.add({1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse"}[code])
            elif code == 22:
                marks -= {"bold", "dim"}
            elif code in (23, 24, 27):
                marks.discard({23: "italic", 24: "underline", 27: "reverse"}[code])
            elif code in (38, 48):
                kind = codes.pop(0)
                color = palette(codes.pop(0)) if kind == 5 else "#%02x%02x%02x" % tuple(codes.pop(0) for _ in "rgb")
                self.set(code == 38, color)
            elif code in (39, 49):
                self.set(code == 39, None)
            elif 30 <= code % 60 <= 37 and code < 100 or 90 <= code <= 97:
                self.set(True, SIXTEEN[code - 30 if code < 90 else code - 82])
            elif 40 <= code <= 47 or 100 <= code <= 107:
                self.set(False, SIXTEEN[code - 40 if code < 100 else code - 92])
        self.marks = frozenset(marks)

    def set(self, is_foreground: bool, color: str | None) -> None:
        if is_foreground:
            self.foreground = color
        else:
            self.background = color

    def key(self) -> tuple:
        return (self.marks, self.foreground, self.background)


def runs(line: str, style: Style) -> list[tuple[int, int, str, tuple]]:
    """The parts of one style: first column, columns, text, style."""
    result: list[tuple[int, int, str, tuple]] = []
    column = 0
    for part in re.split(r"(\x1b\[[0-9;:]*m|\x1b\]8;[^\x1b]*\x1b\\|[\x0e\x0f])", line):
        if part.startswith("\x1b["):
            style.apply([int(code or 0) for code in re.split("[;:]", part[2:-1])])
        elif part and not part.startswith("\x1b") and part not in "\x0e\x0f":
            columns = sum(0 if unicodedata.combining(c) or c in "\u200d\ufe0f" else
                          2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in part)
            result.append((column, columns, part, style.key()))
            column += columns
    return result


def svg(lines: list[str], columns: int, is_light: bool, title: str) -> str:
    paper, ink = TERMINAL[is_light]
    width, height = columns * WIDTH + 24, len(lines) * HEIGHT + 46
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img">',
           f"<title>{html.escape(title)}</title>",
           "<style>text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;"
           "white-space:pre}</style>",
           f'<rect width="100%" height="100%" rx="8" fill="{paper}"/>']
    for index, color in enumerate(["#ff5f57", "#febc2e", "#28c840"]):
        out.append(f'<circle cx="{18 + 18 * index}" cy="16" r="5" fill="{color}"/>')
    style = Style()
    for row, line in enumerate(lines):
        top = 34 + row * HEIGHT
        for column, count, text, (marks, foreground, background) in runs(line, style):
            front, back = foreground or ink, background
            if "reverse" in marks:
                front, back = back or paper, front
            left = 12 + column * WIDTH
            if back:
                out.append(f'<rect x="{left:.1f}" y="{top:.1f}" width="{count * WIDTH:.1f}" height="{HEIGHT:.1f}" '
                           f'fill="{back}"/>')
            if not text.strip():
                continue
            look = f'fill="{front}"'
            if "bold" in marks:
                look += ' font-weight="bold"'
            if "italic" in marks:
                look += ' font-style="italic"'
            if "underline" in marks:
                look += ' text-decoration="underline"'
            if "dim" in marks:
                look += ' opacity="0.7"'
            out.append(f'<text x="{left:.1f}" y="{top + 13.5:.1f}" textLength="{count * WIDTH:.1f}" '
                       f'lengthAdjust="spacingAndGlyphs" {look}>{html.escape(text)}</text>')
    return "\n".join(out) + "\n</svg>\n"


def capture(model: Path, theme: str, columns: int, rows: int, answer: str, term: dict[str, str]) -> list[str]:
    """The screen of the resumed conversation, with its SGR sequences."""
    with tempfile.TemporaryDirectory(prefix="sotto-screen-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        session_file.write(folder / "data/sotto/sessions.sqlite",
                           {"screen": [("user", QUESTION), ("assistant", answer.strip() + "\n")]},
                           model.stem)
        environment = {"HOME": name, "LANG": "C.UTF-8",
                       **{f"XDG_{kind}_HOME": f"{name}/{kind.lower()}"
                          for kind in ["DATA", "STATE", "CONFIG", "CACHE"]}, **term}
        settings = folder / "config/sotto/settings.toml"
        settings.parent.mkdir(parents=True)
        settings.write_text(f'theme = "{theme}"\n')
        command = [SOTTO, "chat", str(model.resolve()), "--resume", "screen"]
        terminal = Terminal(command, environment, folder / "tmux-run", columns, rows)
        try:
            terminal.wait(lambda: any("Resumed" in line for line in terminal.screen()), "the conversation is shown")
            terminal.press("C-l")
            time.sleep(0.5)
            return terminal.tmux("capture-pane", "-e", "-p", "-N").rstrip("\n").split("\n")
        finally:
            terminal.tmux("kill-server")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--theme", default="night")
    parser.add_argument("--light", action="store_true", help="draw on a light background")
    parser.add_argument("--size", default="88x34")
    parser.add_argument("--text", type=Path)
    parser.add_argument("--print", action="store_true")
    parser.add_argument("--term", default="COLORTERM=truecolor", help="variables, separated by commas")
    parser.add_argument("model", type=Path)
    parser.add_argument("out", nargs="?", type=Path)
    options = parser.parse_args()
    columns, rows = map(int, options.size.split("x"))
    term = dict(part.split("=", 1) for part in options.term.split(",") if part)
    answer = options.text.read_text() if options.text else ANSWER
    lines = capture(options.model, options.theme, columns, rows, answer, term)
    if options.print:
        print("\n".join(lines))
    if options.out:
        options.out.write_text(svg(lines, columns, options.light, "Sotto in a terminal"))


if __name__ == "__main__":
    main()
