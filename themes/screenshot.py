"""Draws the chat as SVG, from the screen of the program in tmux: screenshot.py MODEL.gguf OUT.svg [--theme NAME]

It resumes a conversation of known content in a folder of its own, sends one more message, and captures the screen with its
colours: the last answer and the status line are the model's own. The pictures of the README:

    themes/screenshot.py MODEL.gguf docs/pictures/chat-dark.svg --theme night
    themes/screenshot.py MODEL.gguf docs/pictures/chat-light.svg --theme day --light

The environment variable SOTTO names the program (default: .build/release/sotto). `--text FILE` shows another Markdown file
as the answer, `--keys KEYS` presses these keys (as tmux names them) instead of the message, and `--print` prints the
captured screen.
"""

from __future__ import annotations

import argparse
import html
import itertools
import re
import sys
import tempfile
import time
import unicodedata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests" / "Scripts"))
import session_file  # noqa: E402
from terminal import BUSY, SOTTO, Terminal  # noqa: E402

QUESTION = "Why does the second turn start so much sooner than the first?"
ANSWER = r"""
## The prompt cache

Attention needs the keys and values of **all** earlier tokens, and those of a sequence that goes on *never change*:

$$
\mathrm{attention}(q, K, V) = \mathrm{softmax}\left(\frac{q K^T}{\sqrt{d}}\right) V
$$

So they are kept. After $m$ tokens, a message of $n$ tokens costs:

| work | without a cache | with it |
|:-----|----------------:|--------:|
| prefill | $m + n$ tokens | $n$ tokens |
| attention | $O((m + n)^2)$ | $O(n \cdot (m + n))$ |

```python
def attend(query, cache, scale):
    # One head over the cached keys and values.
    weights = softmax(query @ cache.keys.T * scale)  # one row per query
    return weights @ cache.values
```
"""
#: The message that the model really answers.
MESSAGE = "Thank you! In one short sentence: what is a cache?"

WIDTH, HEIGHT = 8.4, 18.0
FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"
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


#: Box-drawing characters by the arms that meet in the middle of the cell: left, right, up, down.
BOXES = {"─": "lr", "│": "ud", "┌": "rd", "┐": "ld", "└": "ru", "┘": "lu", "├": "rud", "┤": "lud", "┬": "lrd", "┴": "lru",
         "┼": "lrud", "━": "lr", "┃": "ud"}
#: Blocks: left, top, width and height as parts of the cell.
BLOCKS = {"█": (0, 0, 1, 1), "▎": (0, 0, 0.25, 1), "▌": (0, 0, 0.5, 1), "▏": (0, 0, 0.125, 1), "▀": (0, 0, 1, 0.5),
          **{character: (0, 1 - (index + 1) / 8, 1, (index + 1) / 8) for index, character in enumerate("▁▂▃▄▅▆▇")}}


def drawn(text: str, left: float, top: float, color: str) -> str | None:
    """A run of box-drawing characters and blocks as shapes that join from cell to cell; nothing for other text."""
    if not all(character in BOXES or character in BLOCKS or character == " " for character in text):
        return None
    path, shapes = "", []
    for index, character in enumerate(text):
        x, middle = left + index * WIDTH, top + HEIGHT / 2
        if character in BLOCKS:
            a, b, c, d = BLOCKS[character]
            shapes.append(f'<rect x="{x + a * WIDTH:.1f}" y="{top + b * HEIGHT:.1f}" width="{c * WIDTH:.1f}" '
                          f'height="{d * HEIGHT:.1f}" fill="{color}"/>')
        center = x + WIDTH / 2
        ends = {"l": (x, middle), "r": (x + WIDTH, middle), "u": (center, top), "d": (center, top + HEIGHT)}
        for arm in BOXES.get(character, ""):
            path += f"M{center:.1f} {middle:.1f}L{ends[arm][0]:.1f} {ends[arm][1]:.1f}"
    # Runs of horizontal lines are one line.
    if set(text) == {"─"}:
        path = f"M{left:.1f} {top + HEIGHT / 2:.1f}h{len(text) * WIDTH:.1f}"
    return "".join(shapes) + (f'<path d="{path}" stroke="{color}" stroke-width="1.2" fill="none"/>' if path else "")


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
            # Lines are drawn as shapes; signs may come from another font, and must not move the text beside them.
            for piece in re.findall(f"[{LINES} ]*[{LINES}][{LINES} ]*|[ -~]+|[^ -~{LINES}]+", part):
                columns = width(piece)
                result.append((column, columns, piece, style.key()))
                column += columns
    return result


LINES = "".join(BOXES) + "".join(BLOCKS)


def width(text: str) -> int:
    """The columns of a text."""
    return sum(0 if unicodedata.combining(c) or c in "\u200d\ufe0f" else
               2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def colors(marks: frozenset[str], front: str, back: str | None, paper: str) -> tuple[str, str | None]:
    """The colours of the text and of its background; nothing for the background of the terminal."""
    return (back or paper, front) if "reverse" in marks else (front, back)


def svg(lines: list[str], columns: int, is_light: bool, title: str) -> str:
    paper, ink = TERMINAL[is_light]
    across, down = columns * WIDTH + 24, len(lines) * HEIGHT + 46
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across:.0f} {down:.0f}" role="img" '
           'xml:space="preserve">',
           f"<title>{html.escape(title)}</title>",
           f"<style>text{{font-family:{FONT};font-size:14px;white-space:pre}}</style>",
           f'<rect x="0.5" y="0.5" width="{across - 1:.0f}" height="{down - 1:.0f}" rx="8" fill="{paper}" '
           f'stroke="{ink}" stroke-opacity="0.25"/>']
    for index, color in enumerate(["#ff5f57", "#febc2e", "#28c840"]):
        out.append(f'<circle cx="{18 + 18 * index}" cy="16" r="5" fill="{color}"/>')
    style = Style()
    for row, line in enumerate(lines):
        top = 34 + row * HEIGHT
        cells = [(column, count, text, marks, *colors(marks, foreground or ink, background, paper))
                 for column, count, text, (marks, foreground, background) in runs(line, style)]
        # The cells of one background are one rectangle, so that no seams show.
        for back, group in itertools.groupby(cells, key=lambda cell: cell[5]):
            group = list(group)
            if back:
                across = (group[-1][0] + group[-1][1] - group[0][0]) * WIDTH
                out.append(f'<rect x="{12 + group[0][0] * WIDTH:.1f}" y="{top:.0f}" width="{across:.1f}" '
                           f'height="{HEIGHT:.0f}" fill="{back}" shape-rendering="crispEdges"/>')
        for column, count, text, marks, front, _ in cells:
            left = 12 + column * WIDTH
            if not text.strip():
                continue
            if (shapes := drawn(text, left, top, front)) is not None:
                out.append(shapes)
                continue
            # Blanks at the ends are no part of the stretched text.
            left += (len(text) - len(text.lstrip(" "))) * WIDTH
            text = text.strip(" ")
            count = width(text)
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


def capture(options: argparse.Namespace, columns: int, rows: int) -> list[str]:
    """The screen of the resumed conversation, with its SGR sequences."""
    with tempfile.TemporaryDirectory(prefix="sotto-screen-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        answer = options.text.read_text() if options.text else ANSWER
        session_file.write(folder / "data/sotto/sessions.sqlite",
                           {"screen": [("user", QUESTION), ("assistant", answer.strip() + "\n")]})
        environment = {"HOME": name, "LANG": "C.UTF-8",
                       **{f"XDG_{kind}_HOME": f"{name}/{kind.lower()}"
                          for kind in ["DATA", "STATE", "CONFIG", "CACHE"]},
                       **dict(part.split("=", 1) for part in options.term.split(",") if part)}
        settings = folder / "config/sotto/settings.toml"
        settings.parent.mkdir(parents=True)
        settings.write_text(f'theme = "{options.theme}"\ntemperature = 0\nmax_tokens = 60\n')
        command = [SOTTO, "chat", str(options.model.resolve()), "--resume", "screen"]
        terminal = Terminal(command, environment, folder / "tmux-run", columns, rows)
        try:
            terminal.wait(lambda: "ready" in terminal.status(), "the conversation is shown")
            if options.keys is None:
                # The conversation is prefilled, and then the draft that rests.
                time.sleep(3)
                terminal.type(MESSAGE)
                time.sleep(3)
                terminal.press("Enter")
                terminal.wait(lambda: "TTFT" in terminal.status() and not BUSY.search(terminal.status()), "the answer ends")
            for key in options.keys or []:
                terminal.press(key)
                time.sleep(0.4)
            terminal.press("C-l")
            time.sleep(0.8)
            return terminal.tmux("capture-pane", "-e", "-p", "-N").rstrip("\n").split("\n")
        finally:
            terminal.kill()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--theme", default="night")
    parser.add_argument("--light", action="store_true", help="draw on a light background")
    parser.add_argument("--size", default="104x34")
    parser.add_argument("--text", type=Path)
    parser.add_argument("--keys", nargs="*", help="keys to press instead of sending a message")
    parser.add_argument("--print", action="store_true")
    parser.add_argument("--term", default="COLORTERM=truecolor", help="variables, separated by commas")
    parser.add_argument("model", type=Path)
    parser.add_argument("out", nargs="?", type=Path)
    options = parser.parse_args()
    columns, rows = map(int, options.size.split("x"))
    lines = capture(options, columns, rows)
    if options.print:
        print("\n".join(lines))
    if options.out:
        options.out.write_text(svg(lines, columns, options.light, "Sotto in a terminal"))


if __name__ == "__main__":
    main()
