"""The mistakes that are made: those of Cosmic Ray, and three of our own for tables.

Cosmic Ray changes operators, comparisons, numbers, keywords and decorators. It leaves strings and
the rows of a table alone, and our state machines are tables of strings: so a name is changed, an
element left out, an exit added.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.provider import OperatorProvider

_SKIPPED = ("ReplaceVariable", "VariableInserter", "VariableReplacer", "NoOp")
"""They take arguments, and swap variables at random."""
_COMPARISON, _BINARY = "ReplaceComparisonOperator_", "ReplaceBinaryOperator_"
_IDENTITY = {"Is", "IsNot"}
"""`==` for `is` is a choice of style wherever the operands are literals or None."""
_CONFUSED = {
    "Add": {"Sub", "Mul"},
    "Sub": {"Add", "BitAnd"},
    "Mul": {"Add", "Div"},
    "Div": {"Mul", "FloorDiv"},
    "FloorDiv": {"Div", "Mul"},
    "Mod": {"FloorDiv", "Mul"},
    "Pow": {"Mul"},
    "BitOr": {"BitAnd", "BitXor"},
    "BitAnd": {"BitOr", "BitXor"},
    "BitXor": {"BitOr", "BitAnd"},
    "LShift": {"RShift", "Mul"},
    "RShift": {"LShift"},
}
"""Arithmetic that somebody might confuse. The others (`+` for `**`) fail at once, and would only
flatter the score."""


class Mutant(NamedTuple):
    """A whole module with one mistake in it. `before` and `after` are the line it begins on."""

    module: str
    line: int
    operator: str
    before: str
    after: str
    source: str

    @property
    def name(self) -> str:
        """How a survivor is named."""
        return f"{self.module}:{self.line} {self.operator}: {self.before}  ->  {self.after}"


def mutants(module: str, source: str) -> list[Mutant]:
    """Every different mutant of a module that compiles and does not only change an annotation."""
    seen, orders = {_meaning(source)}, _orders_texts(source)
    found: list[Mutant] = []
    for operator, mutated in itertools.chain(_by_cosmic_ray(source), _by_table(source)):
        try:
            meaning = _meaning(mutated)
            compile(mutated, module, "exec")
        except SyntaxError:
            continue
        if meaning not in seen and _orders_texts(mutated) <= orders:
            seen.add(meaning)
            found.append(_named(module, operator, source, mutated))
    return sorted(found, key=lambda each: (each.line, each.operator, each.after))


def _named(module: str, operator: str, source: str, mutated: str) -> Mutant:
    old, new = source.splitlines(), mutated.splitlines()
    at = next(
        (n for n, (one, other) in enumerate(zip(old, new, strict=False)) if one != other),
        min(len(old), len(new)) - 1,
    )
    return Mutant(module, at + 1, operator, old[at].strip(), new[at].strip(), mutated)


def _by_cosmic_ray(source: str) -> Iterator[tuple[str, str]]:
    known = OperatorProvider()
    for name in sorted(known):
        if not _is_made(name):
            continue
        operator = known[name]()
        for occurrence in itertools.count():
            try:
                mutated = mutate_code(source, operator, occurrence)
            except AttributeError:
                # It cannot replace an exception that is written with a dot; there are few of them.
                continue
            if mutated is None:
                break
            yield name, mutated


def _is_made(name: str) -> bool:
    if name.startswith(_SKIPPED):
        return False
    before, _, after = name.removeprefix(_COMPARISON).removeprefix(_BINARY).partition("_")
    if name.startswith(_BINARY):
        return after in _CONFUSED[before]
    return not name.startswith(_COMPARISON) or (before in _IDENTITY) == (after in _IDENTITY)


def _by_table(source: str) -> Iterator[tuple[str, str]]:
    tree = ast.parse(source)
    prose = _annotations(tree) | _docstrings(tree)
    for node in ast.walk(tree):
        if id(node) in prose:
            continue
        match node:
            case ast.Constant(value=str(text)) if text and " " not in text:
                yield "ChangeName", _spliced(source, node, repr(f"{text}_"))
            case ast.Tuple(elts=[_, *_], ctx=ast.Load()) | ast.List() | ast.Set():
                yield from _without_each(source, node)
            case ast.Call(func=ast.Name(id="StateMachine")):
                yield from _with_one_more_exit(source, node)
            case _:
                pass


def _without_each(source: str, node: ast.Tuple | ast.List | ast.Set) -> Iterator[tuple[str, str]]:
    for left_out in node.elts:
        kept = [_text(source, each) for each in node.elts if each is not left_out]
        inside = ", ".join(kept)
        match node:
            case ast.List():
                text = f"[{inside}]"
            case ast.Set():
                text = f"{{{inside}}}" if kept else "set()"
            case _:
                text = f"({inside},)" if len(kept) == 1 else f"({inside})"
        yield "LeaveOutElement", _spliced(source, node, text)


def _with_one_more_exit(source: str, machine: ast.Call) -> Iterator[tuple[str, str]]:
    """A way from each state that waits to each state that it does not lead to."""
    states = [
        (call.args[0].value, call.args[1])
        for call in ast.walk(machine)
        if isinstance(call, ast.Call) and len(call.args) > 1
        if isinstance(call.func, ast.Name) and call.func.id == "State"
        if isinstance(call.args[0], ast.Constant) and isinstance(call.args[1], ast.Tuple)
    ]
    for name, exits in states:
        onward = [each.value for each in exits.elts if isinstance(each, ast.Constant)]
        for other, _ in states:
            if onward and other not in {name, *onward}:
                text = ", ".join(repr(each) for each in (*onward, other))
                yield "AddExit", _spliced(source, exits, f"({text})")


def _text(source: str, node: ast.expr) -> str:
    return ast.get_source_segment(source, node) or ""


def _spliced(source: str, node: ast.expr, text: str) -> str:
    lines = source.splitlines(keepends=True)
    start = sum(len(line.encode()) for line in lines[: node.lineno - 1]) + node.col_offset
    end_line = node.end_lineno or node.lineno
    end = sum(len(line.encode()) for line in lines[: end_line - 1]) + (node.end_col_offset or 0)
    raw = source.encode()
    return (raw[:start] + text.encode() + raw[end:]).decode()


def _meaning(source: str) -> str:
    """A module's tree without its annotations: two modules that share it do the same."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        match node:
            case ast.AnnAssign():
                node.annotation = ast.Constant(None)
            case ast.arg():
                node.annotation = None
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                node.returns = None
            case ast.arguments():
                # `*` and `/` only say how a caller must write what it gives.
                node.args = [*node.posonlyargs, *node.args, *node.kwonlyargs]
                node.defaults = [*node.defaults, *(each for each in node.kw_defaults if each)]
                node.posonlyargs, node.kwonlyargs, node.kw_defaults = [], [], []
            case ast.Assign(value=ast.Subscript(value=ast.Name(id="Literal" | "Callable"))):
                node.value = ast.Constant(None)
            case ast.ClassDef(bases=[ast.Name(id="Protocol")]):
                # Nothing runs it: only the type checker reads what is in a protocol.
                node.body = [ast.Pass()]
            case _:
                pass
    return ast.dump(tree)


def _orders_texts(source: str) -> int:
    """How often a text is asked whether it comes before another: for a name that says nothing."""
    return sum(
        isinstance(operand, ast.Constant) and isinstance(operand.value, str)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Compare)
        and any(isinstance(each, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for each in node.ops)
        for operand in (node.left, *node.comparators)
    )


def _annotations(tree: ast.Module) -> set[int]:
    inside: set[int] = set()
    for node in ast.walk(tree):
        kinds: list[ast.expr | None] = []
        match node:
            case ast.AnnAssign() | ast.arg():
                kinds.append(node.annotation)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                kinds.append(node.returns)
            case ast.Assign(value=ast.Subscript(value=ast.Name(id="Literal" | "Callable"))):
                kinds.append(node.value)
            case ast.Call(func=ast.Name(id="cast"), args=[type_, *_]):
                kinds.append(type_)
            case _:
                pass
        inside |= {id(each) for kind in kinds if kind is not None for each in ast.walk(kind)}
    return inside


def _docstrings(tree: ast.Module) -> set[int]:
    """Texts that stand alone: docstrings, and those behind an attribute."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def read(path: Path) -> str:
    """A module's source."""
    return path.read_text(encoding="utf-8")
