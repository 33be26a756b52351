"""A row that is claimed or compared is guarded: on CQL nothing but such a write may touch it.

SQLite would answer either way, so the declarations are held to the code that uses them.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import venire
from venire.storage.engines.cql_statements import guards
from venire.storage.tables.every import ALL
from venire.storage.verbs import Table

ROOMS = Path(venire.__file__).parent
CONDITIONAL = {"put_if_absent", "compare_and_set"}


def conditional_writes() -> Iterator[tuple[str, Table]]:
    """Where a table is claimed or compared, and which one."""
    for path in ROOMS.rglob("*.py"):
        if path.is_relative_to(ROOMS / "storage"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        modules = {
            alias.asname or alias.name: (node.module, alias.name)
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module
            for alias in node.names
        }
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in CONDITIONAL
            ):
                table = node.args[0]
                where = f"{path.relative_to(ROOMS)}:{node.lineno}"
                if isinstance(table, ast.Attribute):
                    module, name = modules[table.value.id]
                    found = getattr(importlib.import_module(f"{module}.{name}"), table.attr)
                else:
                    assert isinstance(table, ast.Name), f"{where}: name the table where it is used"
                    module, name = modules[table.id]
                    found = getattr(importlib.import_module(module), name)
                yield where, found


def test_every_table_that_is_claimed_or_compared_is_declared_guarded():
    found = list(conditional_writes())

    assert len(found) > 10, "the scan finds next to nothing: it must not pass by looking away"
    for where, table in found:
        assert guards(table), f"{where}: declare {table.name} with guarded=True"


def test_no_table_is_guarded_without_need():
    """A lightweight transaction costs four times a plain write."""
    used = {table.name for _, table in conditional_writes()}
    declared = {table.name for table in ALL if table.guarded}

    assert declared <= used
