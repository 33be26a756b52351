"""Which operations a client library's methods call, and which tests call those methods.

Mastodon.py says in its source what each method asks for: `self.__api_request("GET", "/api/…")`.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path

import mastodon

_STREAMS = frozenset({"__stream_or_subscribe", "__open_websocket_stream"})
_ASKS = _STREAMS | {"__api_request"}
HOLE = "{}"
"""What stands in a path for whatever is filled in."""


@functools.cache
def client_operations() -> dict[str, frozenset[tuple[str, str]]]:
    """Public methods of `mastodon.Mastodon` that ask a server, and what: (method, path) pairs.

    A path that is put together in a way the scan does not follow is left out.
    """
    own = {function.name: _asked(function) for function in _methods() if function.name not in _ASKS}
    found = {name: frozenset(_followed(name, own)) for name in own if not name.startswith("_")}
    return {name: asked for name, asked in sorted(found.items()) if asked}


def _methods() -> Iterator[ast.FunctionDef]:
    """The library spreads its one class over many modules: a class of that name in each."""
    for file in sorted(Path(str(mastodon.__file__)).parent.glob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and node.name == "Mastodon":
                yield from (each for each in node.body if isinstance(each, ast.FunctionDef))


def _formatted(text: str, first: ast.expr, source: ast.AST) -> Iterator[str]:
    path = text.split("?", maxsplit=1)[0].replace("{0}", HOLE)
    if path.startswith(HOLE):
        rest = path.removeprefix(HOLE)
        yield from (begun + rest for begun in paths_of(first, source))
    else:
        yield path


def _followed(
    name: str, own: Mapping[str, tuple[set[tuple[str, str]], set[str]]]
) -> set[tuple[str, str]]:
    """What a method asks for, itself or through another one of its own."""
    found: set[tuple[str, str]] = set()
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one in seen or one not in own:
            continue
        seen.add(one)
        asked, called = own[one]
        found |= asked
        # A method that only wraps another one asks what that one asks.
        if not asked or one.startswith("__"):
            waiting += called
    return found


def _asked(source: ast.FunctionDef) -> tuple[set[tuple[str, str]], set[str]]:
    asked: set[tuple[str, str]] = set()
    called: set[str] = set()
    for node in ast.walk(source):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        name = node.func.attr
        if name in _ASKS:
            asked |= set(_operations(node, name, source))
        elif isinstance(node.func.value, ast.Name) and node.func.value.id == "self":
            called.add(name)
    return asked, called


def _operations(call: ast.Call, name: str, source: ast.AST) -> Iterator[tuple[str, str]]:
    if name in _STREAMS:
        paths = list(paths_of(call.args[0], source)) if call.args else ["/api/v1/streaming"]
        yield from (("GET", path) for path in paths)
        return
    if len(call.args) < 2:  # noqa: PLR2004 - method and path
        return
    verb = call.args[0].value if isinstance(call.args[0], ast.Constant) else ""
    for path in paths_of(call.args[1], source):
        yield str(verb), path


def paths_of(node: ast.expr, source: ast.AST) -> Iterator[str]:
    """The paths that an expression may be, holes for what is filled in, without the query."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value.split("?")[0]
    elif isinstance(node, ast.JoinedStr):
        text = "".join(
            str(part.value) if isinstance(part, ast.Constant) else HOLE for part in node.values
        )
        first = node.values[0]
        if isinstance(first, ast.FormattedValue):
            yield from _formatted(text, first.value, source)
        else:
            yield text.split("?")[0]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        # "…{0}…".format(one), or "{}?tag={}".format(base, tag)
        if isinstance(node.func.value, ast.Constant) and node.args:
            yield from _formatted(str(node.func.value.value), node.args[0], source)
            return
        yield from (path.replace("{0}", HOLE) for path in paths_of(node.func.value, source))
    elif isinstance(node, ast.Name):
        for each in ast.walk(source):
            if (
                isinstance(each, ast.Assign)
                and isinstance(each.targets[0], ast.Name)
                and each.targets[0].id == node.id
                and not isinstance(each.value, ast.Name)
            ):
                yield from paths_of(each.value, source)
    elif isinstance(node, ast.IfExp):
        yield from paths_of(node.body, source)
        yield from paths_of(node.orelse, source)
