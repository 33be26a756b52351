"""The package as source: every module, parsed once."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


@functools.cache
def modules() -> dict[str, ast.Module]:
    """Every module of the package by its path in the repository, in order."""
    found = sorted((ROOT / "venire").rglob("*.py"))
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in found
    }


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
