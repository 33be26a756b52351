"""What a Python file defines and imports: each file is parsed once, whatever is asked of it."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from typing import NamedTuple

_BODIES = ("body", "orelse", "finalbody", "handlers", "cases")


class Read(NamedTuple):
    """Its functions with their lines, in order, and the full names of what it imports."""

    functions: tuple[tuple[str, int], ...]
    imports: tuple[str, ...]


@functools.cache
def read(text: str) -> Read:
    """Read a file's text."""
    functions, imports = [], []
    for node in _statements(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            functions.append((node.name, node.end_lineno - node.lineno + 1))
        elif isinstance(node, ast.ImportFrom):
            imports += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            imports += [alias.name for alias in node.names]
    return Read(tuple(functions), tuple(imports))


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """The statements within: no expression holds a function with a name, or an import."""
    for name in _BODIES:
        for each in getattr(node, name, ()):
            yield each
            yield from _statements(each)
