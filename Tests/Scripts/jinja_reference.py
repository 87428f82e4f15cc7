"""Renders a template with Python's jinja2 like `apply_chat_template` of the transformers library.

Requires jinja2 3.1.6. Lists may be modified in place (transformers forbids it, but existing templates need it), and the
clock is fixed at 2026-11-22 15:04:05 unless `set_now` changes it.
"""

import datetime
import json

import jinja2
import jinja2.ext
from jinja2.sandbox import SandboxedEnvironment

_NOW = [datetime.datetime(2026, 11, 22, 15, 4, 5)]


def set_now(moment):
    _NOW[0] = moment


class Generation(jinja2.ext.Extension):
    """`{% generation %}` marks the text of the assistant; here it only prints it."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def _tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def _raise(message):
    raise jinja2.exceptions.TemplateError(message)


class Namespace(jinja2.utils.Namespace):
    """A namespace that refuses names with a leading underscore, as in transformers."""

    def __init__(*args, **kwargs):
        self, args = args[0], args[1:]
        values = dict(*args, **kwargs)
        for name in values:
            Namespace._check(name)
        jinja2.utils.Namespace.__init__(self, values)

    def __setitem__(self, name, value):
        Namespace._check(name)
        jinja2.utils.Namespace.__setitem__(self, name, value)

    @staticmethod
    def _check(name):
        if isinstance(name, str) and name.startswith("_"):
            raise jinja2.exceptions.SecurityError(name)


def environment():
    env = SandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )
    env.filters["tojson"] = _tojson
    env.globals["raise_exception"] = _raise
    env.globals["strftime_now"] = lambda form: _NOW[0].strftime(form)
    env.globals["namespace"] = Namespace
    return env


_ENVIRONMENT = environment()
_COMPILED = {}


def render(template, variables, error=None):
    """The text, or None after an error of jinja2, which is appended to `error` if that is a list."""
    try:
        if template not in _COMPILED:
            _COMPILED[template] = _ENVIRONMENT.from_string(template)
        # A copy, because templates may modify lists.
        return _COMPILED[template].render(**json.loads(json.dumps(variables)))
    except Exception as problem:  # any exception counts as an error of the template
        if error is not None:
            error.append(f"{type(problem).__name__}: {problem}")
        return None
