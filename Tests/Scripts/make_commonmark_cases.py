#!/usr/bin/env python3
"""Writes Tests/TerminalInterfaceTests/Fixtures/commonmark.json: what a terminal shows for each example of CommonMark's
test suite (spec 0.31.2, 652 examples, by John MacFarlane, https://spec.commonmark.org/0.31.2/, licence CC BY-SA 4.0).

    pip install markdown-it-py==4.3.0
    pip download --no-binary :all: --no-deps markdown-it-py==4.3.0    # its tests contain the suite
    tar xzf markdown_it_py-4.3.0.tar.gz
    python3 Tests/Scripts/make_commonmark_cases.py markdown_it_py-4.3.0/tests/test_cmark_spec/commonmark.json

The HTML of an example does not tell raw tags from generated ones. So the structure is taken from the tokens of
markdown-it-py, and the script stops unless these tokens render to exactly the HTML of the example.

A case is [number, Markdown, rows]. A row is `QUOTES DEPTH MARKERS|KIND TEXT`, without the spaces before the bar:
one `>` for each quote around the block, one `.` for each list item around it, and for the first block of an item
its marker, `-` or the number. Kinds: `p`, `h1` to `h6`, `hr`, `code LANGUAGE` and then `= LINE` for each of its lines.

Rules of what a terminal shows:
- A soft line break is shown as a line break, as the specification allows; so hard breaks look the same.
- Empty rows are not compared; a tight and a loose list differ in nothing else.
- Inline styles are `{STYLES:TEXT}`: b strong, i emphasis, c code, l link, d the address ` (ADDRESS)` after a link, which
  is left out when it is the text of the link or `mailto:` with that text. Percent escapes are decoded.
- An image is shown as a link with its alternative text. Titles are not shown.
- HTML blocks and raw HTML are shown as literal text; a line of an HTML block without its indent, and empty lines in it
  separate paragraphs.
"""
import json
import sys
from itertools import groupby
from pathlib import Path
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll

ROOT = Path(__file__).resolve().parents[2]
MARKDOWN = MarkdownIt("commonmark")


def link_spans(label, address, style):
    address = unquote(address)
    text = unquote("".join(piece for _, piece in label))
    if not address or address in (text, "mailto:" + text):
        return label
    return label + [("".join(sorted({*style, "d"})), f" ({address})")]


def spans(tokens, outer=""):
    """The (styles, text) pairs of inline tokens."""
    result, style, links = [], outer, []
    for token in tokens:
        def add(text, more=""):
            result.append(("".join(sorted(set(style + more + ("l" if links else "")))), text))
        match token.type:
            case "text" | "html_inline" | "text_special":
                add(token.content)
            case "softbreak" | "hardbreak":
                add("\n")
            case "code_inline":
                add(token.content, "c")
            case "em_open":
                style += "i"
            case "strong_open":
                style += "b"
            case "em_close":
                style = style.replace("i", "", 1)
            case "strong_close":
                style = style.replace("b", "", 1)
            case "link_open":
                links.append((len(result), token.attrs["href"]))
            case "link_close":
                start, address = links.pop()
                result[start:] = link_spans(result[start:], address, set(style))
            case "image":
                alternative = MARKDOWN.renderer.renderInlineAsText(token.children, MARKDOWN.options, {})
                styles = "".join(sorted(set(style + "l")))
                result += link_spans([(styles, alternative)], token.attrs["src"], set(style))
            case _:
                raise ValueError(token.type)
    return result


def written(pairs):
    parts = []
    for style, group in groupby((pair for pair in pairs if pair[1]), key=lambda pair: pair[0]):
        text = "".join(piece for _, piece in group)
        parts.append(f"{{{style}:{text}}}" if style else text)
    return "".join(parts)


class Rows:
    def __init__(self):
        self.rows, self.quotes, self.items, self.pending, self.numbers = [], 0, 0, [], []

    def add(self, kind, text=""):
        markers, self.pending = " ".join(self.pending), []
        self.rows.append(f"{'>' * self.quotes}{'.' * self.items}{markers}|{kind} {text}")

    def code(self, language, content):
        self.add("code", language)
        for line in content.split("\n")[:-1]:
            self.add("=", line)

    def read(self, tokens):
        kind = ""
        for token in tokens:
            match token.type:
                case "paragraph_open":
                    kind = "p"
                case "heading_open":
                    kind = token.tag
                case "inline":
                    self.add(kind, written(spans(token.children)))
                case "paragraph_close" | "heading_close":
                    pass
                case "hr":
                    self.add("hr")
                case "code_block":
                    self.code("", token.content)
                case "fence":
                    words = unescapeAll(token.info).split()
                    self.code(words[0] if words else "", token.content)
                case "html_block":
                    lines = token.content.rstrip("\n").split("\n")
                    for empty, group in groupby(lines, key=lambda line: not line.strip()):
                        if not empty:
                            self.add("p", "\n".join(line.strip(" \t") for line in group))
                case "blockquote_open":
                    self.quotes += 1
                case "blockquote_close":
                    self.quotes -= 1
                case "bullet_list_open":
                    self.numbers.append(None)
                case "ordered_list_open":
                    self.numbers.append(int(token.attrs.get("start", 1)))
                case "bullet_list_close" | "ordered_list_close":
                    self.numbers.pop()
                case "list_item_open":
                    self.items += 1
                    self.pending.append("-" if self.numbers[-1] is None else str(self.numbers[-1]))
                    if self.numbers[-1] is not None:
                        self.numbers[-1] += 1
                case "list_item_close":
                    if self.pending:
                        self.add("p")
                    self.items -= 1
                case _:
                    raise ValueError(token.type)


def main():
    cases = []
    for example in json.loads(Path(sys.argv[1]).read_text()):
        source = example["markdown"]
        html = example["html"].replace("<blockquote>\n</blockquote>", "<blockquote></blockquote>")
        if MARKDOWN.render(source) != html:
            sys.exit(f"example {example['example']}: markdown-it-py renders another text than the suite")
        rows = Rows()
        rows.read(MARKDOWN.parse(source))
        cases.append([example["example"], source, rows.rows])
    head = {
        "source": "CommonMark test suite, John MacFarlane, https://spec.commonmark.org/0.31.2/",
        "version": "0.31.2", "licence": "CC BY-SA 4.0", "made by": "Tests/Scripts/make_commonmark_cases.py",
    }
    lines = ",\n".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in cases)
    path = ROOT / "Tests/TerminalInterfaceTests/Fixtures/commonmark.json"
    path.write_text(json.dumps(head, indent=0)[:-2] + f',\n"cases": [\n{lines}\n]\n}}\n')
    print(len(cases), "cases,", path.stat().st_size, "bytes")


main()
