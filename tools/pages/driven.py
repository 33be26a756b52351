"""Which tests drive which operation, read off the tests' own source each time.

A test names what it asks for: `member.get("/api/v1/…")`, `send("POST", path)`, or a method of a
client library. Names in a path are followed where their values are written in the same file
(constants, loops over literals, parameters of a test); a path that is computed is not found.
"""

from __future__ import annotations

import ast
import functools
import itertools
from collections.abc import Iterator

from tools.pages.clients import HOLE, client_operations
from tools.pages.operations import EVERY, key_of
from tools.pages.source import ROOT, parsed_all, walked_all
from venire.api.routing import RouteTable
from venire.api.streaming.route import ADDRESS

_VERBS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_MOST = 60
_TESTS = ROOT / "tests"
Values = dict[str, list[str]]


@functools.cache
def driven() -> dict[str, frozenset[str]]:
    """Test files by operation (`GET /api/v1/…`, as the route has it)."""
    table, found = RouteTable(EVERY), dict[str, set[str]]()
    for file, nodes in _nodes().items():
        for verb, path in _asked(nodes):
            # A hole stands for a segment that no route spells out.
            there = table.find(path.replace(HOLE, "\x00") or "/")
            picked = there.pick(verb) if there is not None else None
            if picked is not None:
                found.setdefault(key_of(picked[0]), set()).add(file)
    return {name: frozenset(files) for name, files in found.items()}


@functools.cache
def called_methods() -> dict[str, frozenset[str]]:
    """Test files by method of `mastodon.Mastodon` that they call."""
    found: dict[str, set[str]] = {}
    for file, nodes in _nodes().items():
        if _imports(nodes, "mastodon"):
            for node in nodes:
                if isinstance(node, ast.Attribute | ast.Constant):
                    found.setdefault(_named(node), set()).add(file)
    known = client_operations()
    return {name: frozenset(files) for name, files in found.items() if name in known}


@functools.cache
def _nodes() -> dict[str, list[ast.AST]]:
    return walked_all(parsed_all(sorted(_TESTS.rglob("*.py"))))


def _named(node: ast.Attribute | ast.Constant) -> str:
    """The method that is called, or whose name is handed to someone who calls it."""
    return node.attr if isinstance(node, ast.Attribute) else str(node.value)


def _imports(nodes: list[ast.AST], module: str) -> bool:
    return any(
        (isinstance(node, ast.ImportFrom) and node.module == module)
        or (isinstance(node, ast.Import) and any(one.name == module for one in node.names))
        for node in nodes
    )


def _asked(nodes: list[ast.AST]) -> Iterator[tuple[str, str]]:
    values = _values(nodes)
    library = client_operations() if _imports(nodes, "mastodon") else {}
    for node in nodes:
        if isinstance(node, ast.Attribute | ast.Constant) and _named(node) in library:
            yield from ((verb, path) for verb, path in library[_named(node)] if path)
        if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp):
            # Streams are opened in many ways, and only read.
            yield from (("GET", path) for path in paths_in(node, values) if ADDRESS in path)
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if name.upper() in _VERBS and node.args:
            yield from ((name.upper(), path) for path in paths_in(node.args[0], values))
        for verb, path in itertools.pairwise(node.args):
            for spoken in _VERBS.intersection(_texts(verb, values)):
                yield from ((spoken, one) for one in paths_in(path, values))


def paths_in(node: ast.expr, values: Values) -> Iterator[str]:
    """The paths an expression may be, without query or site, holes for what is not known."""
    for text in _texts(node, values):
        path = text.split("?")[0]
        if path.startswith(HOLE):
            # What comes first may be the address of the site.
            path = path.removeprefix(HOLE)
        if path.startswith("/"):
            yield path


def _texts(node: ast.expr, values: Values) -> list[str]:
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.Name):
        return values.get(node.id, [])
    if isinstance(node, ast.JoinedStr):
        parts = [
            _texts(part, values) or [HOLE]
            if isinstance(part, ast.Constant)
            else (_texts(part.value, values) if isinstance(part, ast.FormattedValue) else [])
            or [HOLE]
            for part in node.values
        ]
        return ["".join(one) for one in itertools.islice(itertools.product(*parts), _MOST)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        pairs = itertools.product(
            _texts(node.left, values) or [HOLE], _texts(node.right, values) or [HOLE]
        )
        return ["".join(pair) for pair in itertools.islice(pairs, _MOST)]
    return []


def _values(nodes: list[ast.AST]) -> Values:
    """What names of a file stand for, as far as it is written there."""
    values: Values = {}
    # Twice: a name may be made of another one.
    for node in [*nodes, *nodes]:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            _note(values, node.targets[0], [node.value])
        elif isinstance(node, ast.For | ast.comprehension):
            _note(values, node.target, _entries(node.iter))
        elif isinstance(node, ast.Call) and _is_parametrize(node):
            named = ast.parse("()", mode="eval").body
            if isinstance(node.args[0], ast.Constant):
                words = [word.strip() for word in str(node.args[0].value).split(",")]
                named = ast.Tuple([ast.Name(word) for word in words])
            elif isinstance(node.args[0], ast.Tuple | ast.List):
                named = ast.Tuple([ast.Name(_one(part)) for part in node.args[0].elts])
            target = named.elts[0] if len(getattr(named, "elts", [])) == 1 else named
            _note(values, target, _entries(node.args[1]))
    return values


def _one(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else ""


def _is_parametrize(node: ast.Call) -> bool:
    return (
        isinstance(node.func, ast.Attribute)
        and node.func.attr == "parametrize"
        and len(node.args) > 1
    )


def _entries(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return node.elts
    if isinstance(node, ast.Dict):
        return [key for key in node.keys if key is not None]
    return []


def _note(values: Values, target: ast.expr, made_of: list[ast.expr]) -> None:
    if isinstance(target, ast.Name):
        for node in made_of:
            for text in _texts(node, values):
                if text not in values.setdefault(target.id, []):
                    values[target.id].append(text)
    elif isinstance(target, ast.Tuple):
        for node in made_of:
            if isinstance(node, ast.Tuple) and len(node.elts) == len(target.elts):
                for one, other in zip(target.elts, node.elts, strict=True):
                    _note(values, one, [other])
