"""Conversations for chat templates: all structures that templates distinguish, with unusual texts."""

import json
import random


def _tool(name, **properties):
    parameters = {"type": "object", "properties": properties, "required": list(properties)[:1]}
    return {"type": "function", "function": {
        "name": name, "description": f"Does {name} & more <b>.", "parameters": parameters}}


TOOLS = [
    _tool("get_weather", city={"type": "string", "description": "The city's name"},
          unit={"type": "string", "enum": ["c", "f"], "default": "c"}),
    _tool("search", query={"type": "string"}, limit={"type": "integer", "minimum": 1},
          tags={"type": "array", "items": {"type": "string"}},
          deep={"type": "object", "required": ["x"], "properties": {
              "x": {"type": "number", "description": "an x"}, "y": {"type": ["string", "null"]}}}),
    {"type": "function", "function": {
        "name": "now", "description": "The time.", "parameters": {"type": "object", "properties": {}}}},
]


def _call(name, arguments, id="call00001"):
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def _system(text):
    return {"role": "system", "content": text}


def _user(text):
    return {"role": "user", "content": text}


def _assistant(text, **more):
    return {"role": "assistant", "content": text, **more}


def _result(text, id="call00001", name="get_weather"):
    return {"role": "tool", "content": text, "tool_call_id": id, "name": name}


def _part(text):
    return {"type": "text", "text": text}


def conversations():
    """The variables by name: messages, tools, add_generation_prompt and options."""
    paris = _call("get_weather", {"city": "Paris", "unit": "c"})
    deep = _call("search", {"query": "b", "limit": 3, "tags": ["x", "y"], "deep": {"x": 1.5, "y": None}}, "call00002")
    think = {"reasoning_content": "Two and\ntwo.", "thinking": "Two and\ntwo."}
    result = {
        "one question": {"messages": [_user("Hello, who are you?")]},
        "no generation prompt": {"messages": [_user("Hi"), _assistant("Hello!")], "add_generation_prompt": False},
        "system": {"messages": [_system("You are terse."), _user("Hi there")]},
        "many turns": {"messages": [
            _system("Be nice.\nAlways."), _user("One"), _assistant("Two"), _user("Three"), _assistant("  Four \n"),
            _user("Five?")]},
        "unicode": {"messages": [
            _system("Ты помощник 🤖"), _user("你好 – “q” & <tags> 'x' \"y\" \\ \t end\u00a0"), _assistant("ありがとう 😀"),
            _user("é e\u0301 ﬃ ß")]},
        "empty texts": {"messages": [_system(""), _user(""), _assistant(""), _user("")]},
        "blanks": {"messages": [_system("  lead"), _user("\n\n x \n"), _assistant("\t"), _user("  ")]},
        "tools": {"messages": [_user("Weather in Paris?")], "tools": TOOLS},
        "tool call": {"messages": [
            _system("Use tools."), _user("Weather?"), _assistant("", tool_calls=[paris]), _result('{"temp": 21}')],
            "tools": TOOLS},
        "tool call without content": {"messages": [
            _user("Weather?"), _assistant(None, tool_calls=[_call("get_weather", {"city": "Zürich \"<x>\""})]),
            _result("sunny & warm"), _assistant("It is sunny."), _user("Thanks")], "tools": TOOLS},
        "arguments as text": {"messages": [
            _user("Weather?"), _assistant("Let me see.", tool_calls=[_call("get_weather", json.dumps({"city": "Oslo"}))]),
            _result("cold"), _assistant("Cold."), _user("ok")], "tools": TOOLS},
        "two tool calls": {"messages": [
            _user("Both"), _assistant("", tool_calls=[paris, deep]), _result("one"), _result("two", "call00002", "search"),
            _assistant("done"), _user("more")], "tools": TOOLS},
        "reasoning": {"messages": [
            _user("2+2?"), _assistant("4", **think), _user("3+3?"), _assistant("6", **think), _user("more")]},
        "reasoning and tools": {"messages": [
            _user("Weather?"), _assistant("", tool_calls=[paris], **think), _result("hot")], "tools": TOOLS},
        "tags in the text": {"messages": [
            _user("q"), _assistant("<think>\nhmm\n</think>\n\nanswer"), _user("again"), _assistant("<think></think>b"),
            _user("z")]},
        "no thinking": {"messages": [_system("s"), _user("q")], "enable_thinking": False, "thinking": False,
                        "reasoning_effort": "low"},
        "thinking": {"messages": [_system("s"), _user("q"), _assistant("a"), _user("b")], "enable_thinking": True,
                     "thinking": True, "reasoning_effort": "high"},
        "parts": {"messages": [
            {"role": "system", "content": [_part("sys")]}, {"role": "user", "content": [_part("one"), _part(" two")]}]},
        "image": {"messages": [{"role": "user", "content": [{"type": "image"}, _part("what is it")]}]},
        "developer": {"messages": [{"role": "developer", "content": "Dev says."}, _user("hi")], "tools": TOOLS},
        "assistant first": {"messages": [_assistant("I start"), _user("ok")]},
        "two users": {"messages": [_user("a"), _user("b")]},
        "documents": {"messages": [_user("a")], "documents": [{"title": "T", "text": "Body"}]},
        "own options": {"messages": [_system("x"), _user("a")], "builtin_tools": ["wolfram_alpha", "code_interpreter"],
                        "date_string": "01 Jan 2026", "tools_in_user_message": False, "tools": TOOLS, "functions": TOOLS},
        "no messages": {"messages": []},
        "odd role": {"messages": [{"role": "narrator", "content": "Once."}, _user("a")]},
        "long": {"messages": [_system("s")] + [m for i in range(20) for m in (_user(f"q{i}"), _assistant(f"a{i}"))]
                 + [_user("end")]},
    }
    for variables in result.values():
        _complete(variables)
    return result


def _complete(variables):
    defaults = {"tools": None, "documents": None, "add_generation_prompt": True, "bos_token": "<s>", "eos_token": "</s>"}
    for name, value in defaults.items():
        variables.setdefault(name, value)


#: The tags of reasoning models and of tools, and what a text may contain otherwise.
TAGS = [
    "<think>", "</think>", "[THINK]", "[/THINK]", "<|channel|>analysis<|message|>", "<|end|>", "<seed:think>",
    "</seed:think>", "<|START_THINKING|>", "<|END_THINKING|>", "<thinking>", "\u25c1think\u25b7", "\u25c1/think\u25b7",
    "<|inner_prefix|>", "/think", "/no_think", "<tool_response>", "</tool_response>", "<tool_call>", "[TOOL_CALLS]",
    "{{ x }}", "{% raw %}"]
WORDS = ["two", "plus\n", "  lead", "trail  ", "\u00e9\u65e5\u672c", '"q"', "a & b <c>", "\t", "\n\n", "1.5", "true", "\\n", "'s"]
OPTIONS = {
    "enable_thinking": [True, False], "thinking": [True, False], "reasoning_effort": ["low", "high", "none"],
    "clear_thinking": [True, False], "preserve_thinking": [True, False], "thinking_budget": [0, 512, -1],
    "keep_past_thinking": [True, False], "truncate_history_thinking": [True, False],
    "think_render_option": ["lastthink", "all"]}


def random_conversation(seed):
    """A conversation with thoughts, tools and tags in its texts, and options of templates; the same for the same seed."""
    draw = random.Random(seed)

    def text():
        return "".join(
            draw.choice([" ", ""]) + draw.choice(TAGS if draw.random() < 0.25 else WORDS)
            for _ in range(draw.randint(0, 6)))

    def arguments():
        return draw.choice([
            {}, {"city": text()}, {"a": 1, "b": 1.0, "c": None, "d": True}, {"x": [1, "\u00e9", {"k": "v"}]},
            json.dumps({"city": text()}), {"n": 1e20, "m": -0.5, "z": 1e-7}, {"deep": {"list": [], "o": {}}}])

    messages = []
    if draw.random() < 0.5:
        messages.append({"role": draw.choice(["system", "system", "developer"]), "content": text()})
    turns = draw.randint(1, 4)
    for turn in range(turns):
        messages.append(_user(text() if draw.random() < 0.85 else [_part(text()), _part(text())]))
        if turn == turns - 1 and draw.random() < 0.7:
            break
        answer = _assistant(draw.choice([text(), text(), "", None]))
        kind = draw.random()
        if kind < 0.5:
            thought = text()
            answer |= {"reasoning_content": thought, "thinking": thought}
        elif kind < 0.6:
            answer["content"] = f"<think>{text()}</think>{text()}"
        messages.append(answer)
        if draw.random() < 0.35:
            ids = [f"call0000{i}" for i in range(draw.randint(1, 2))]
            answer["tool_calls"] = [_call(draw.choice(["get_weather", "search", "now"]), arguments(), id) for id in ids]
            messages += [_result(draw.choice([text(), json.dumps({"t": 1})]), id) for id in ids]
            if draw.random() < 0.5:
                messages.append(_assistant(text()))
    variables = {"messages": messages}
    if draw.random() < 0.4:
        variables["tools"] = draw.sample(TOOLS, draw.randint(1, len(TOOLS)))
    if draw.random() < 0.2:
        variables["add_generation_prompt"] = False
    for name, values in OPTIONS.items():
        if draw.random() < 0.15:
            variables[name] = draw.choice(values)
    _complete(variables)
    return variables
