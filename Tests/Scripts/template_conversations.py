"""Conversations for chat templates: all structures that templates distinguish, with unusual texts."""

import json


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
        variables.setdefault("tools", None)
        variables.setdefault("documents", None)
        variables.setdefault("add_generation_prompt", True)
        variables.setdefault("bos_token", "<s>")
        variables.setdefault("eos_token", "</s>")
    return result
