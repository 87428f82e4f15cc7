"""Writes the manual page from the program's help: sotto --experimental-dump-help | make-manual.py > sotto.1"""

import json
import sys

FILES = [
    ("~/.config/sotto/settings.toml", "The settings."),
    ("~/.local/share/sotto/models", "The models that 'sotto pull' downloads, and any others that are put there."),
    ("~/.local/share/sotto", "The conversations."),
]


def roff(text: str) -> str:
    """Text as roff shows it unchanged: a period or an apostrophe at the start of a line would be a request."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in escaped.split("\n"))


def name(argument: dict) -> str:
    """The names of an option with its value, or the name of an argument."""
    value = roff(argument.get("valueName", ""))
    if argument["kind"] == "positional":
        return f"\\fI{value}\\fR"
    names = ", ".join(
        "\\fB" + roff(("--" if each["kind"] == "long" else "-") + each["name"]) + "\\fR" for each in argument["names"])
    return names if argument["kind"] == "flag" else f"{names} \\fI{value}\\fR"


def arguments(command: dict) -> list[str]:
    lines = []
    for argument in command.get("arguments", []):
        if not argument.get("shouldDisplay", True) or argument.get("valueName") in ("help", "version"):
            continue
        lines += [".TP", name(argument), roff(argument.get("abstract", ""))]
        if "defaultValue" in argument:
            lines.append(roff(f"The default is {argument['defaultValue']}."))
    return lines


def command(entry: dict, path: str) -> list[str]:
    """The section of a command and of those below it."""
    lines = [f".SS {roff(path)}", roff(entry.get("abstract", ""))]
    if entry.get("discussion"):
        lines += [".PP", roff(entry["discussion"])]
    lines += arguments(entry)
    for below in entry.get("subcommands", []):
        if below["commandName"] != "help" and below.get("shouldDisplay", True):
            lines += command(below, f"{path} {below['commandName']}")
    return lines


def main() -> None:
    root = json.load(sys.stdin)["command"]
    lines = [
        '.TH SOTTO 1 "" "" "User Commands"', ".SH NAME", "sotto \\- " + roff(root["abstract"].rstrip(".").lower()),
        ".SH SYNOPSIS", "\\fBsotto\\fR [\\fIcommand\\fR] [\\fIoptions\\fR]", ".SH DESCRIPTION",
        roff("Runs language models on this machine. Without a command, sotto starts a chat; F1 lists its keys, and "
             "/help its commands. Nothing leaves the machine; the network is used by 'sotto pull' only."),
        ".SH COMMANDS",
    ]
    for entry in root["subcommands"]:
        if entry["commandName"] != "help" and entry.get("shouldDisplay", True):
            lines += command(entry, f"sotto {entry['commandName']}")
    lines.append(".SH FILES")
    for path, text in FILES:
        lines += [".TP", f"\\fI{roff(path)}\\fR", roff(text)]
    print("\n".join(lines))


if __name__ == "__main__":
    main()
