"""How SQLite would go about a statement."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import apsw

from venire.storage.engines.sqlite import SqliteStorage


class NotASearchError(Exception):
    """A statement reads more than it answers, or sorts."""


def plan_of(connection: apsw.Connection, sql: str) -> list[str]:
    """The lines of EXPLAIN QUERY PLAN."""
    marks = sql.count("?")
    rows: Sequence[Any] = connection.execute(f"EXPLAIN QUERY PLAN {sql}", (1,) * marks).fetchall()
    return [row[3] for row in rows]


def check_search(connection: apsw.Connection, sql: str, *bounds: str) -> str:
    """The only line of the plan: a search by the primary key, with these bounds, without a sort."""
    plan = plan_of(connection, sql)
    by_key = ("USING PRIMARY KEY", "USING INTEGER PRIMARY KEY", "USING INDEX sqlite_autoindex_")
    if len(plan) != 1 or "SEARCH" not in plan[0] or not any(how in plan[0] for how in by_key):
        raise NotASearchError(f"{sql}\n  {plan}")
    missing = [bound for bound in bounds if bound not in plan[0]]
    if missing:
        raise NotASearchError(f"{sql}\n  {plan} does not use {missing}")
    return plan[0]


@contextlib.contextmanager
def overheard(storage: SqliteStorage) -> Iterator[list[tuple[apsw.Connection, str]]]:
    """The statements that the engine's readers run meanwhile."""
    heard: list[tuple[apsw.Connection, str]] = []

    def listener(connection: apsw.Connection) -> Any:
        def hear(_cursor: object, sql: str, _bindings: object) -> bool:
            # The row cache's look at the journal is part of no question.
            if "SELECT sequence, writes" not in sql and "data_version" not in sql:
                heard.append((connection, sql))
            return True

        return hear

    readers = (storage._facts, storage._feeds)
    for connection in readers:
        connection.exec_trace = listener(connection)
    try:
        yield heard
    finally:
        for connection in readers:
            connection.exec_trace = None
