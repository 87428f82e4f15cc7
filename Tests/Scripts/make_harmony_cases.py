"""Writes Tests/ConversationTests/Fixtures/harmony_cases.json: conversations with the results of openai-harmony.

    pip install openai-harmony==0.0.8 jinja2==3.1.6
    TIKTOKEN_ENCODINGS_BASE=FOLDER python Tests/Scripts/make_harmony_cases.py TEMPLATE.jinja [TOKENS.jsonl]

FOLDER contains o200k_base.tiktoken (in the PyPI package litellm 1.65.0 as litellm/litellm_core_utils/tokenizers/
fb374d419588a4632f3f557e76b4b70aebbca790). TEMPLATE is the template of the model (openai-gpt-oss-120b.jinja among those
that check_templates.py downloads). The file has three lists:

- `rendered`: conversations in the usual form with tools and options, and `segments`, the rendering of the library:
  special tokens as numbers, the texts between them as strings.
- `plain`: conversations without instructions and tools, for which the template and the library agree except for earlier
  reasoning, and `text`, the rendering of the template.
- `parsed`: outputs as segments, and the messages that the library parses from them.

TOKENS.jsonl receives the rendered token ids, for a comparison with a tokenizer.
"""

import datetime
import json
import os
import random
import sys

import jinja_reference
from openai_harmony import (
    Author, Conversation, DeveloperContent, HarmonyEncodingName, Message, ReasoningEffort, Role, StreamableParser, SystemContent,
    ToolDescription, load_harmony_encoding)

ENCODING = load_harmony_encoding(HarmonyEncodingName.HARMONY_GPT_OSS)
EFFORTS = {"low": ReasoningEffort.LOW, "medium": ReasoningEffort.MEDIUM, "high": ReasoningEffort.HIGH}
TEXTS = [
    "Hello", "What is 2+2?", "你好，世界", "  spaces  ", "line one\nline two\n\n", "<|end|><|start|>system<|message|>x",
    "Ünïcödé 😀 e\u0301", "\ttab", "json: {\"a\": [1, 2]}", "to=functions.f", "analysis", "a" * 30, "code:\n```py\nx = 1\n```",
    "", "!?", "1234567890", "\u00a0", "<|channel|>final", "it's John's", "\r\nwin\r\n", "mañana", "x",
]


class Maker:
    """Random conversations, determined by the seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def text(self):
        pick = self.random.choice
        return " ".join(pick(TEXTS) for _ in range(self.random.randrange(1, 4)))

    def schema(self, depth=2):
        kind = self.random.choice(
            ["string", "string", "enum", "number", "integer", "boolean", "array", "types", "any", "oneOf", "object"])
        if depth == 0 and kind in ("array", "oneOf", "object"):
            kind = "string"
        result = {
            "string": lambda: {"type": "string"}, "number": lambda: {"type": "number"},
            "enum": lambda: {"type": "string", "enum": ["a", "b c", "d"]},
            "integer": lambda: {"type": "integer"}, "boolean": lambda: {"type": "boolean"},
            "types": lambda: {"type": self.random.choice([["string", "null"], ["integer", "number"], []])},
            "any": lambda: self.random.choice([{}, {"type": "null"}, {"type": "odd"}, {"enum": ["x"]}]),
            "array": lambda: {"type": "array", **self.random.choice([{}, {"items": self.schema(depth - 1)}])},
            "oneOf": lambda: {"oneOf": [self.schema(depth - 1) for _ in range(self.random.randrange(1, 4))]},
            "object": lambda: self.object(depth - 1),
        }[kind]()
        for name, values in (
            ("description", ["Says it", "Two\nlines", "Quote \"x\" // y", ""]), ("title", ["A title"]),
            ("default", ["a", "x\"y", 1, 1.5, 1e20, 1e-7, True, None, [1, "b"], {"k": {"z": 1}}]),
            ("nullable", [True, False]), ("examples", [["one", "two"], [], [1, "x"]]),
        ):
            if self.random.random() < 0.25:
                result[name] = self.random.choice(values)
        return result

    def object(self, depth=2):
        names = self.random.sample(["city", "unit", "n", "größe", "a-b", "zz", "q"], self.random.randrange(0, 4))
        result = {"type": "object", "properties": {name: self.schema(depth) for name in names}}
        if self.random.random() < 0.7:
            result["required"] = [name for name in names if self.random.random() < 0.5]
        if self.random.random() < 0.1:
            del result["properties"]
        return result

    def tools(self):
        result = []
        for name in self.random.sample(["get_weather", "search", "now", "run"], self.random.randrange(1, 4)):
            function = {"name": name, "description": self.random.choice(["Does it.", "Line one.\nLine two.\n", "a\r\nb", "", "Ö"])}
            if self.random.random() < 0.8:
                function["parameters"] = self.object()
            result.append({"type": "function", "function": function})
        return result

    def call(self, name, number):
        arguments = {"city": self.text(), "n": self.random.randrange(9)}
        return {"id": f"c{number}", "type": "function", "function": {
            "name": name, "arguments": self.random.choice([arguments, json.dumps(arguments)])}}

    def conversation(self):
        chance = self.random.random
        messages = []
        if chance() < 0.6:
            messages.append({"role": self.random.choice(["system", "developer"]), "content": self.text() or "x"})
        tools = self.tools() if chance() < 0.5 else None
        for turn in range(self.random.randrange(1, 5)):
            messages.append({"role": "user", "content": self.text()})
            if tools and chance() < 0.5:
                name = self.random.choice(tools)["function"]["name"]
                message = {"role": "assistant", "content": None, "tool_calls": [self.call(name, turn)]}
                if chance() < 0.7:
                    message["thinking"] = self.text() or "t"
                messages.append(message)
                result = {"role": "tool", "content": self.text()}
                result.update(self.random.choice([{"name": name}, {"tool_call_id": f"c{turn}"}, {}]))
                messages.append(result)
            if chance() < 0.8:
                message = {"role": "assistant", "content": self.text() or "y"}
                if chance() < 0.6:
                    message["thinking"] = self.text() or "t"
                messages.append(message)
        options = {"date": f"2026-{self.random.randrange(1, 13):02}-{self.random.randrange(1, 29):02}"}
        if chance() < 0.8:
            options["reasoning_effort"] = self.random.choice(list(EFFORTS))
        return {"messages": messages, "tools": tools, "options": options, "completing": chance() < 0.8}


def harmony(case):
    """The conversation in the classes of the library."""
    options = case["options"]
    system = SystemContent.new().with_conversation_start_date(options["date"])
    if "reasoning_effort" in options:
        system = system.with_reasoning_effort(EFFORTS[options["reasoning_effort"]])
    result = [Message.from_role_and_content(Role.SYSTEM, system)]
    messages = list(case["messages"])
    developer, needed = DeveloperContent.new(), False
    if messages and messages[0]["role"] in ("system", "developer"):
        developer, needed = developer.with_instructions(messages.pop(0)["content"]), True
    if case["tools"]:
        functions = [tool["function"] for tool in case["tools"]]
        developer, needed = developer.with_function_tools([
            ToolDescription.new(f["name"], f["description"], parameters=f.get("parameters")) for f in functions]), True
    if needed:
        result.append(Message.from_role_and_content(Role.DEVELOPER, developer))
    called = None
    for message in messages:
        if message["role"] == "user":
            result.append(Message.from_role_and_content(Role.USER, message["content"]))
        elif message["role"] == "tool":
            author = Author.new(Role.TOOL, called)
            result.append(Message.from_author_and_content(author, message["content"])
                          .with_recipient("assistant").with_channel("commentary"))
        else:
            if message.get("thinking"):
                result.append(Message.from_role_and_content(Role.ASSISTANT, message["thinking"]).with_channel("analysis"))
            for call in message.get("tool_calls", []):
                called = "functions." + call["function"]["name"]
                arguments = call["function"]["arguments"]
                if not isinstance(arguments, str):
                    arguments = json.dumps(arguments, ensure_ascii=False)
                result.append(Message.from_role_and_content(Role.ASSISTANT, arguments).with_channel("commentary")
                              .with_recipient(called).with_content_type("<|constrain|>json"))
            if message["content"] is not None:
                result.append(Message.from_role_and_content(Role.ASSISTANT, message["content"]).with_channel("final"))
    return Conversation.from_messages(result)


def segments(tokens):
    """Special tokens as numbers, the texts between them as strings."""
    result, text = [], []
    for token in [*tokens, None]:
        if token is not None and not ENCODING.is_special_token(token):
            text.append(token)
            continue
        if text:
            result.append(ENCODING.decode(text))
            text = []
        if token is not None:
            result.append(token)
    return result


OUTPUTS = [
    ["<|channel|>", "final", "<|message|>", "Hi", "<|return|>"],
    ["<|channel|>", "analysis", "<|message|>", "Hm", "<|end|>", "<|start|>", "assistant", "<|channel|>", "final",
     "<|message|>", "Hi <there>", "<|return|>"],
    ["<|channel|>", "commentary to=functions.f ", "<|constrain|>", "json", "<|message|>", "{\"a\": 1}", "<|call|>"],
    [" to=functions.f", "<|channel|>", "commentary json", "<|message|>", "{}", "<|call|>"],
    [" to=functions.f", "<|channel|>", "commentary ", "<|constrain|>", "json", "<|message|>", "{}", "<|call|>"],
    ["<|channel|>", "commentary to=functions.f", "<|constrain|>", "json", "<|message|>", "{}", "<|call|>"],
    ["<|channel|>", "commentary to=functions.f", "<|message|>", "{}", "<|call|>"],
    ["<|channel|>", "commentary", "<|message|>", "I will look.", "<|end|>", "<|start|>", "assistant to=functions.f",
     "<|channel|>", "commentary", "<|message|>", "x", "<|call|>"],
    ["<|channel|>", "analysis to=python code", "<|message|>", "print(1)", "<|call|>"],
    ["<|channel|>", "analysis to=browser.search ", "<|constrain|>", "json", "<|message|>", "{}", "<|call|>"],
    ["<|message|>", "No channel.", "<|return|>"],
    ["<|channel|>", "final", "<|message|>", "", "<|return|>"],
    ["<|channel|>", "final", "<|message|>", "Cut in the", ],
    ["<|channel|>", "analysis", "<|message|>", "a", "<|end|>", "<|start|>", "assistant", "<|channel|>", "analysis",
     "<|message|>", "b", "<|end|>", "<|start|>", "assistant", "<|channel|>", "final", "<|message|>", "c", "<|return|>"],
]


def encode(pieces):
    return [token for piece in pieces for token in ENCODING.encode(piece, allowed_special="all")]


def parse(pieces):
    """The messages that the library parses, as [channel, recipient, content type, text]."""
    parser = StreamableParser(ENCODING, Role.ASSISTANT)
    for token in encode(pieces):
        parser.process(token)
    parser.process_eos()
    return [[m.channel, m.recipient, m.content_type, m.content[0].text] for m in parser.messages]


def render(case):
    conversation = harmony(case)
    if case["completing"]:
        return ENCODING.render_conversation_for_completion(conversation, Role.ASSISTANT)
    return ENCODING.render_conversation(conversation)


def plain(seed, template):
    """A conversation for the template of the model. The template prints the current date, so the clock is set."""
    case = Maker(seed).conversation()
    messages = [m for m in case["messages"] if m["role"] in ("user", "assistant") and not m.get("tool_calls")]
    options = case["options"]
    jinja_reference.set_now(datetime.datetime.fromisoformat(options["date"]))
    variables = {"messages": messages, "tools": None, "add_generation_prompt": True}
    text = jinja_reference.render(template, {**variables, **options})
    return {"messages": messages, "options": options, "text": text}


def rows(values):
    return ",\n".join(json.dumps(value, ensure_ascii=False, separators=(",", ":")) for value in values)


def main():
    with open(sys.argv[1]) as file:
        template = file.read()
    cases = [Maker(seed).conversation() for seed in range(240)]
    tokens = [render(case) for case in cases]
    rendered = [{**case, "segments": segments(ids)} for case, ids in zip(cases, tokens)]
    plains = [case for case in (plain(seed, template) for seed in range(1000, 1060)) if case["text"]]
    parsed = [{"output": segments(encode(output)), "messages": parse(output)} for output in OUTPUTS]
    path = os.path.join(os.path.dirname(__file__), "../ConversationTests/Fixtures/harmony_cases.json")
    with open(path, "w") as file:
        file.write(f'{{"rendered": [\n{rows(rendered)}\n],\n"plain": [\n{rows(plains)}\n],\n'
                   f'"parsed": [\n{rows(parsed)}\n]}}\n')
    if len(sys.argv) > 2:
        with open(sys.argv[2], "w") as file:
            file.writelines(json.dumps({**case, "tokens": ids}) + "\n" for case, ids in zip(cases, tokens))
    print(len(rendered), "rendered with", sum(map(len, tokens)), "tokens;", len(plains), "plain;", len(parsed), "parsed")


if __name__ == "__main__":
    main()
