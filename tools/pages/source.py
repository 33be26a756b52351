"""The package as source: every module, parsed once and walked once."""

from __future__ import annotations

import ast
import contextlib
import functools
import gc
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


@functools.cache
def modules() -> dict[str, ast.Module]:
    """Every module of the package by its path in the repository, in order."""
    return parsed_all(sorted((ROOT / "venire").rglob("*.py")))


def parsed_all(paths: Iterable[Path]) -> dict[str, ast.Module]:
    """Files by their path in the repository, parsed."""
    with _uncollected():
        return {
            path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
            for path in paths
        }


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Make what stays: to look for garbage among millions of nodes takes longer than that."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collects:
            gc.enable()


def walked(parsed: ast.AST) -> list[ast.AST]:
    """The nodes of a tree in the order of `ast.walk`, several times as fast.

    Left out is what every name has: whether it is read or written (`ctx`).
    """
    found = [parsed]
    for node in found:  # what is found is gone through in its turn
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                found += [each for each in value if isinstance(each, ast.AST)]
            elif isinstance(value, ast.AST) and name != "ctx":
                found.append(value)
    return found


@functools.cache
def nodes() -> dict[str, list[ast.AST]]:
    """The nodes of every module of the package, by its path."""
    return walked_all(modules())


def walked_all(parsed: dict[str, ast.Module]) -> dict[str, list[ast.AST]]:
    """The nodes of several trees."""
    with _uncollected():
        return {path: walked(tree) for path, tree in parsed.items()}


def module_name(path: str) -> str:
    """`venire/jury/draw.py` as `venire.jury.draw`; a package as itself."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def called_name(call: ast.Call) -> str:
    """The last part of what is called: `Invalid` for `errors.Invalid(...)`."""
    if isinstance(call.func, ast.Name):
        return call.func.id
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def text_of(node: ast.expr | None) -> str | None:
    """A literal text; `{…}` stands for what is filled in; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(value.value) if isinstance(value, ast.Constant) else "{…}" for value in node.values
        )
    return None
