"""Every stable error code: which kind it is, where it is raised, what it tells a caller."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from typing import NamedTuple

from tools.pages.markdown import code, names, table
from tools.pages.source import called_name, nodes, text_of
from venire.api.errors import STATUS, STATUS_BY_CODE

_ROOT_KIND = "Problem"
_HEAD = """\
# Error codes

A code never changes once published. Over HTTP it stands in `{"error": …, "code": …}`; the command
prints it to standard error and exits with 1. A problem of kind `refused` is a bug of ours: a client
sees `internal_error`, 500. `{…}` stands for what is filled in.

"""


class Raised(NamedTuple):
    """One place that makes a Problem: its class, its code, its hint where it is a literal."""

    path: str
    line: int
    kind: str
    code: str
    hint: str


@functools.cache
def kinds() -> dict[str, str]:
    """Every Problem class of the package and the `kind` it has, by name."""
    bases: dict[str, str] = {}
    said: dict[str, str] = {}
    for there in nodes().values():
        for node in there:
            if isinstance(node, ast.ClassDef) and node.bases:
                first = node.bases[0]
                bases[node.name] = first.id if isinstance(first, ast.Name) else ""
                said.update(_own_kind(node))
    found = {_ROOT_KIND: "problem"}
    for name in bases:
        lineage = [name]
        while lineage[-1] in bases and lineage[-1] != _ROOT_KIND and len(lineage) < len(bases):
            lineage.append(bases[lineage[-1]])
        if lineage[-1] == _ROOT_KIND:
            found[name] = next((said[each] for each in lineage if each in said), "problem")
    return found


def _own_kind(node: ast.ClassDef) -> dict[str, str]:
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            name, value = statement.target.id, statement.value
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name, value = statement.targets[0].id, statement.value
        else:
            continue
        text = text_of(value)
        if name == "kind" and text is not None:
            return {node.name: text}
    return {}


def raised() -> Iterator[Raised]:
    """Every place with a literal code, in order."""
    for path, there in nodes().items():
        for node in there:
            if isinstance(node, ast.Call) and called_name(node) in kinds():
                literal = text_of(node.args[0]) if node.args else None
                if literal is not None:
                    hint = text_of(node.args[1]) if len(node.args) > 1 else None
                    yield Raised(path, node.lineno, called_name(node), literal, hint or "")


def _status(kind: str, stable_code: str) -> str:
    return str(STATUS_BY_CODE.get(stable_code) or STATUS.get(kind, 500))


def errors_page() -> str:
    """docs/map/errors.md."""
    by_code: dict[str, list[Raised]] = {}
    for each in raised():
        by_code.setdefault(each.code, []).append(each)
    rows = []
    for stable, places in sorted(by_code.items()):
        known = sorted({kinds()[place.kind] for place in places})
        hints = list(dict.fromkeys(place.hint for place in places if place.hint))
        rooms = sorted({place.path.split("/")[1].removesuffix(".py") for place in places})
        statuses = sorted({_status(kind, stable) for kind in known})
        rows.append(
            (code(stable), ", ".join(known), ", ".join(statuses), names(rooms), " / ".join(hints))
        )
    return _HEAD + table(("Code", "Kind", "HTTP", "Room", "Hint"), rows)
