"""What a handler asks a request for, read off its source: no list of parameters can rot.

A handler asks by name and kind (`form.text("status", limit=500)`), itself or in a function of the
API that it hands its request or form to. What it asks for by a name that is computed is not found.
"""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tools.pages.source import walked

KINDS: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "required": {"type": "string"},
    "texts": {"type": "array", "items": {"type": "string"}},
    "flag": {"type": "boolean"},
    "integer": {"type": "integer"},
    "identifier": {"type": "string", "pattern": "^[0-9]{1,19}$"},
    "identifiers": {"type": "array", "items": {"type": "string", "pattern": "^[0-9]{1,19}$"}},
    "nested": {"type": "object"},
    "rows": {"type": "array", "items": {"type": "object"}},
    "upload": {"type": "string", "format": "binary"},
}
"""What `Form` can be asked for, as JSON Schema."""

_BOUNDS = {"limit": "maxLength", "low": "minimum", "high": "maximum", "most": "maxItems"}
_CARRIERS = ("ApiRequest", "Form")
_INNER = frozenset({"nested", "rows"})


class Asked(NamedTuple):
    """One parameter: `in_query` where it is never looked for in a body."""

    name: str
    schema: dict[str, Any]
    required: bool
    in_query: bool


def asked_by(handler: Callable[..., Any]) -> list[Asked]:
    """What a handler asks for, each name once, in the order of its name."""
    found: dict[str, Asked] = {}
    for function in _reached(handler):
        for one in _asked_in(function):
            before = found.get(one.name)
            if before is None or (one.in_query, one.required) > (before.in_query, before.required):
                found[one.name] = one
    return sorted(found.values())


def _reached(handler: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """The handler, and the functions of the API that are handed its request or form."""
    seen: set[int] = set()
    waiting = [inspect.unwrap(handler)]
    while waiting:
        function = waiting.pop()
        if id(function) in seen or not inspect.isfunction(function):
            continue
        seen.add(id(function))
        yield function
        waiting += [called for called in _called(function) if _carries(called)]


def _carries(called: object) -> bool:
    if not inspect.isfunction(called) or not called.__module__.startswith("venire.api"):
        return False
    hints = called.__annotations__.values()
    return any(carrier in str(hint) for hint in hints for carrier in _CARRIERS)


def speaks_of(handler: Callable[..., Any], *words: str) -> bool:
    """Whether a handler, itself or in what it calls of the API, uses one of some names."""
    seen: set[int] = set()
    waiting: list[object] = [inspect.unwrap(handler)]
    while waiting:
        function = waiting.pop()
        if id(function) in seen or not inspect.isfunction(function):
            continue
        if not function.__module__.startswith("venire.api"):
            continue
        seen.add(id(function))
        for node in _nodes(function):
            if isinstance(node, ast.Name) and node.id in words:
                return True
        waiting += list(_called(function))
    return False


@functools.cache
def _nodes(function: Callable[..., Any]) -> list[ast.AST]:
    return walked(ast.parse(textwrap.dedent(inspect.getsource(function))))


def _names(function: Callable[..., Any]) -> dict[str, Any]:
    known = inspect.getclosurevars(function)
    return {**function.__globals__, **known.nonlocals}


@functools.cache
def _called(function: Callable[..., Any]) -> tuple[object, ...]:
    return tuple(_calls_of(function))


def _calls_of(function: Callable[..., Any]) -> Iterator[object]:
    known = _names(function)
    for node in _nodes(function):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name):
            yield known.get(node.func.id)
        elif isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            module = known.get(node.func.value.id)
            if inspect.ismodule(module):
                yield getattr(module, node.func.attr, None)
    # A handler made by another function calls what that one was given.
    yield from (value for value in inspect.getclosurevars(function).nonlocals.values())


def _asked_in(function: Callable[..., Any]) -> Iterator[Asked]:
    known, nodes = _names(function), _nodes(function)
    inner = _inner_forms(nodes)
    for node in nodes:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        kind, asked = node.func.attr, node.func.value
        if kind not in KINDS or not node.args or _is_inner(asked, inner):
            continue
        name = node.args[0]
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            schema = {**KINDS[kind], **_bounds(kind, node, known)}
            yield Asked(name.value, schema, kind == "required", _is_query(asked))


def _is_query(asked: ast.expr) -> bool:
    return (isinstance(asked, ast.Name) and asked.id == "query") or (
        isinstance(asked, ast.Attribute) and asked.attr == "query"
    )


def _is_inner(asked: ast.expr, inner: set[str]) -> bool:
    if isinstance(asked, ast.Name):
        return asked.id in inner
    return (
        isinstance(asked, ast.Call)
        and isinstance(asked.func, ast.Attribute)
        and asked.func.attr in _INNER
    )


def _inner_forms(nodes: list[ast.AST]) -> set[str]:
    """Names that stand for a form within the form: what they are asked for is not on top."""
    found: set[str] = set()
    for node in nodes:
        made: ast.expr | None = None
        target: ast.expr | None = None
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            made, target = node.value, node.targets[0]
        elif isinstance(node, ast.For | ast.comprehension):
            made, target = node.iter, node.target
        if made is None or not isinstance(target, ast.Name):
            continue
        calls = [each for each in ast.walk(made) if isinstance(each, ast.Call)]
        if any(isinstance(each.func, ast.Attribute) and each.func.attr in _INNER for each in calls):
            found.add(target.id)
    return found


def _bounds(kind: str, call: ast.Call, known: dict[str, Any]) -> dict[str, int]:
    bounds: dict[str, int] = {}
    for keyword in call.keywords:
        value = keyword.value
        number = (
            value.value
            if isinstance(value, ast.Constant)
            else known.get(value.id)
            if isinstance(value, ast.Name)
            else None
        )
        word = _BOUNDS.get(keyword.arg or "")
        if word is None or not isinstance(number, int) or number >= 1 << 31:
            continue
        if kind in {"texts", "identifiers", "rows"} and word == "maxLength":
            continue
        bounds[word] = number
    # Over the upper bound a number is cut down to it, not refused.
    bounds.pop("maximum", None)
    return bounds
