"""Rows as an older program wrote them, with the columns that later versions added."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from venire.kernel.errors import Unavailable
from venire.storage.migrations import MIGRATIONS, AddColumn, DropTable, Migration, pending
from venire.storage.verbs import Table, Value


class Widths:
    """Which columns a table had at each version, and what the missing ones are filled with.

    A row in the journal is its values in the order of the declaration. Columns are only ever added,
    so the older row is today's without those that came later, and its length tells them apart where
    a version was released in two pieces.
    """

    def __init__(
        self, tables: Sequence[Table[Any]], migrations: tuple[Migration, ...] = MIGRATIONS
    ) -> None:
        self._migrations = migrations
        self._known = {table.name for table in tables}
        self._made: dict[tuple[str, int, int], tuple[tuple[bool, Value], ...]] = {}

    def was_dropped(self, name: str) -> bool:
        """Whether a table is one that a later version did away with."""
        steps = [step for migration in self._migrations for step in migration.steps]
        return any(isinstance(step, DropTable) and step.name == name for step in steps)

    def widen(self, table: Table[Any], values: Sequence[Any], schema: int) -> tuple[Any, ...]:
        """A row as it is declared now. Unavailable `row_unreadable`, `data_is_newer`."""
        if len(values) == len(table.columns):
            return tuple(values)
        made = self._made.get((table.name, schema, len(values)))
        if made is None:
            made = self._plan(table, schema, len(values))
            self._made[table.name, schema, len(values)] = made
        given = iter(values)
        return tuple(next(given) if there else default for there, default in made)

    def _plan(self, table: Table[Any], schema: int, width: int) -> tuple[tuple[bool, Value], ...]:
        for version in range(schema, len(self._migrations) + 2):
            added = {
                step.column.name: step.default
                for migration in pending(version, self._migrations)
                for step in migration.steps
                if isinstance(step, AddColumn) and step.table == table.name
            }
            if len(table.columns) - len(added) == width:
                return tuple(
                    (column.name not in added, added.get(column.name)) for column in table.columns
                )
        raise Unavailable(
            "row_unreadable",
            "a row of the journal has columns that no version had",
            table=table.name,
            columns=width,
        )
