"""A cluster filled from a restored data file: all rows, then what subscribers have not heard.

This version serves from SQLite alone; the keyspace is complete, and the folder beside it keeps the
keys and settings.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import apsw
import msgspec

from venire.continuity.recovery.restoring import Note
from venire.kernel.clock import Clock
from venire.kernel.errors import Conflict, Invalid
from venire.kernel.ids import Ids
from venire.storage.engines.sqlite_statements import statements_for
from venire.storage.engines.sqlite_upkeep import FACTS
from venire.storage.journal import JournalEntry
from venire.storage.migrations import SCHEMA_VERSION
from venire.storage.tables.every import ALL
from venire.storage.verbs import Table

_PAGE: Final = 2_000
_ENTRIES: Final = (
    "SELECT sequence, at_ms, aggregate, events, writes FROM outbox"
    " WHERE sequence > ? ORDER BY sequence LIMIT ?"
)

Page = list[tuple[tuple[Any, ...], int | None]]


class Filled(msgspec.Struct, frozen=True):
    """What is in the cluster now; `told_again`: commits whose events are heard once more."""

    keyspace: str
    rows: int
    told_again: int


async def fill(folder: Path, cluster: str, clock: Clock, note: Note) -> Filled:
    """Fill an empty keyspace, `HOST:PORT/KEYSPACE`, from the data file of a folder.

    Invalid `cluster_malformed`; Conflict `keyspace_not_empty`; Unavailable `storage_unreachable`.
    """
    # The driver is an extra of the package.
    from venire.storage.engines.cql import CqlStorage
    from venire.storage.engines.cql_driver import Contact
    from venire.storage.engines.cql_replay import CqlReplay

    where, _, keyspace = cluster.partition("/")
    host, _, port = where.rpartition(":")
    if not host or not port.isdigit() or not keyspace.isidentifier():
        raise Invalid("cluster_malformed", "--cluster: as 10.0.0.1:9042/venire")
    contact = Contact((host,), int(port), keyspace)
    storage = await CqlStorage.open(contact, clock, Ids(clock), ALL, replicas=1)
    connection = apsw.Connection(str(folder / FACTS), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        replay = CqlReplay(storage, clock, ALL)
        done = await replay.through()
        if done == 0 and storage.newest_event_id():
            raise Conflict("keyspace_not_empty", "a site lies in this keyspace: name another one")
        facts = [table for table in ALL if not table.rebuildable]
        told, rows = note("Filling the cluster"), 0
        for number, table in enumerate(facts, 1):
            rows += await replay.fill(table, _pages(connection, table))
            told(number, len(facts))
        again = await _tell_again(connection, replay, note)
    finally:
        connection.close()
        await storage.close()
    return Filled(keyspace, rows, again)


async def _pages(connection: apsw.Connection, table: Table[Any]) -> AsyncIterator[Page]:
    """The rows of a table with their expiries, in the order of their keys."""
    names = [column.name for column in table.columns]
    wanted = ", ".join([*names, "expires_at_ms" if table.expires else "NULL"])
    keys, marks = ", ".join(table.key), ", ".join("?" * len(table.key))
    text = f"SELECT {wanted} FROM {table.name}"  # noqa: S608 - declared names alone
    decode = statements_for(table).decode
    after: tuple[Any, ...] | None = None
    while True:
        bound = "" if after is None else f" WHERE ({keys}) > ({marks})"
        sql = f"{text}{bound} ORDER BY {keys} LIMIT {_PAGE}"
        found = await asyncio.to_thread(_read, connection, sql, after or ())
        page = [(msgspec.structs.astuple(decode(values[:-1])), values[-1]) for values in found]
        yield page
        if len(page) < _PAGE:
            return
        after = tuple(page[-1][0][place] for place in table.key_positions)


def _read(connection: apsw.Connection, sql: str, values: tuple[Any, ...]) -> list[Any]:
    return connection.execute(sql, values).fetchall()


async def _tell_again(connection: apsw.Connection, replay: Any, note: Note) -> int:
    """The journal from the slowest subscriber on: a handler may hear an event twice, never not."""
    row: Any = connection.execute("SELECT min(position) FROM cursors").fetchone()
    after = max(int(row[0] or 0), await replay.through())
    told, count = note("Telling what was not heard"), 0
    while True:
        found: list[Any] = connection.execute(_ENTRIES, (after, _PAGE)).fetchall()
        if not found:
            return count
        entries = [JournalEntry(*values) for values in found]
        count += await replay.apply(entries, SCHEMA_VERSION)
        after = entries[-1].sequence
        told(count, count)
