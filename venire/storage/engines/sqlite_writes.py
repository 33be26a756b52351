"""What the writer thread does inside its transaction: rows, journal entry, cursor."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import cast

import apsw
import msgspec

from venire.kernel.errors import Refused
from venire.storage.engines.sqlite_statements import statements_for
from venire.storage.verbs import COMMIT_BYTES, Key, Put, R, Table, Value, Write

_TOGETHER = 32
_APPEND = "INSERT INTO outbox (at_ms, aggregate, events, writes) VALUES (?, ?, ?, ?)"


def append(
    connection: apsw.Connection, at_ms: int, aggregate: str, told: bytes | None, journal: bytes
) -> int:
    """Write a journal entry; return its place."""
    connection.execute(_APPEND, (at_ms, aggregate, told, journal))
    return connection.last_insert_rowid()


def read_row(connection: apsw.Connection, table: Table[R], key: Key, now_ms: int) -> R | None:
    """Read a row as the transaction sees it."""
    statements = statements_for(table)
    parameters = (*key, now_ms) if table.expires else key
    values = connection.execute(statements.get, parameters).fetchone()
    return None if values is None else cast("R", statements.decode(values))


def apply(connection: apsw.Connection, writes: Sequence[Write]) -> None:
    """Write and delete rows."""
    for write in writes:
        statements = statements_for(write.table)
        if isinstance(write, Put):
            values = statements.encode(write.row)
            if write.table.expires:
                values = (*values, write.expires_at_ms)
            connection.execute(statements.put, values)
        else:
            connection.execute(statements.delete, write.table.key_of(write.row))


def apply_sorted(connection: apsw.Connection, writes: Sequence[Write]) -> None:
    """Write many rows, neighbours of one table together.

    Each statement lets go of the interpreter and has to win it back from the event loop: for the
    hundred feeds of a post that costs more than the rows do.
    """
    start = 0
    while start < len(writes):
        part = _alike(writes, start)
        if len(part) < _TOGETHER:
            apply(connection, writes[start : start + 1])
            start += 1
            continue
        statements = statements_for(writes[start].table)
        connection.execute(statements.put_many(len(part)), list(itertools.chain(*part)))
        start += len(part)


def _alike(writes: Sequence[Write], start: int) -> list[tuple[Value, ...]]:
    """The values of `_TOGETHER` rows that can be one statement; fewer where they cannot."""
    table = writes[start].table
    part: list[tuple[Value, ...]] = []
    for write in writes[start : start + _TOGETHER]:
        if not isinstance(write, Put) or write.table is not table or table.expires:
            break
        part.append(msgspec.structs.astuple(write.row))
    return part


def encode_writes(writes: Sequence[Write], beside: int = 0) -> bytes:
    """Resulting values and absolute expiries, engine-neutral: what a replay needs, no more.

    Raises Refused `commit_too_large` where, with the `beside` bytes of events, it is over a commit.
    """
    journal = msgspec.msgpack.encode(
        [
            (write.table.name, "put", msgspec.structs.astuple(write.row), write.expires_at_ms)
            if isinstance(write, Put)
            else (write.table.name, "delete", write.table.key_of(write.row), None)
            for write in writes
        ]
    )
    if len(journal) + beside > COMMIT_BYTES:
        raise Refused("commit_too_large", bytes=len(journal) + beside, limit=COMMIT_BYTES)
    return journal


def set_cursor(connection: apsw.Connection, name: str, position: int) -> None:
    """Note how far a subscriber has come."""
    connection.execute(
        "INSERT INTO cursors (name, position) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET position = excluded.position",
        (name, position),
    )
