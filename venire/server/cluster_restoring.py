"""A cluster filled from a restored data file: all rows, then what subscribers have not heard.

This version serves from SQLite alone; the keyspace is complete, and the folder beside it keeps the
keys and settings.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import apsw
import msgspec

from venire.continuity.recovery.restoring import Note
from venire.kernel.chance import Chance
from venire.kernel.clock import Clock
from venire.kernel.errors import Invalid, NotFound
from venire.kernel.ids import Ids
from venire.storage.engines.sqlite_upkeep import FACTS, alone, settle
from venire.storage.journal import JournalEntry
from venire.storage.migrations import SCHEMA_VERSION
from venire.storage.tables.every import ALL
from venire.storage.verbs import Table

if TYPE_CHECKING:
    from venire.storage.engines.cql_driver import Contact
    from venire.storage.engines.cql_filling import Page

_PAGE: Final = 500
_ENTRIES: Final = (
    "SELECT sequence, at_ms, aggregate, events, writes FROM outbox"
    " WHERE sequence > ? ORDER BY sequence LIMIT ?"
)


class Filled(msgspec.Struct, frozen=True):
    """What is in the cluster now; `told_again`: commits whose events are heard once more."""

    keyspace: str
    rows: int
    told_again: int


def contact_of(cluster: str) -> Contact:
    """A cluster as it is typed: `HOST:PORT/KEYSPACE`. Raises Invalid `cluster_malformed`."""
    # The driver is an extra of the package, here and below.
    from venire.storage.engines.cql_driver import Contact

    where, _, keyspace = cluster.partition("/")
    host, _, port = where.rpartition(":")
    if not host or not port.isdigit() or not keyspace.isidentifier():
        raise Invalid("cluster_malformed", "--cluster: as 10.0.0.1:9042/venire")
    return Contact((host,), int(port), keyspace)


async def prepare(cluster: str, clock: Clock, chance: Chance, *, make: bool) -> None:
    """See that a keyspace can be filled, and `make` its tables ahead.

    Invalid `cluster_malformed`; Conflict `keyspace_not_empty`; Unavailable `storage_unreachable`.
    """
    from venire.storage.engines.cql_filling import prepare_keyspace

    await prepare_keyspace(contact_of(cluster), ALL, clock=clock, chance=chance, make=make)


async def fill(folder: Path, cluster: str, clock: Clock, chance: Chance, note: Note) -> Filled:
    """Fill an empty keyspace from the data file of a folder.

    Broken off, it goes on with the same folder. Invalid `cluster_malformed`; NotFound
    `site_not_there`; Conflict `keyspace_not_empty`, `keyspace_half_filled`; Unavailable
    `site_is_running`, `storage_unreachable`.
    """
    from venire.storage.engines.cql import CqlStorage
    from venire.storage.engines.cql_filling import fill_keyspace
    from venire.storage.engines.cql_replay import CqlReplay

    if not (folder / FACTS).is_file():
        raise NotFound(
            "site_not_there", f"there is no site in {folder}: name its folder with --data"
        )
    contact = contact_of(cluster)
    with contextlib.ExitStack() as stack:
        # A row that changes while it is read would be there by half.
        stack.enter_context(alone(folder))
        settle(folder)
        connection = apsw.Connection(str(folder / FACTS), flags=apsw.SQLITE_OPEN_READONLY)
        stack.callback(connection.close)
        counts = {table.name: _count(connection, table) for table in ALL if not table.rebuildable}
        total, told = sum(counts.values()), note("Filling the cluster")
        # Rows are sent while tables are made: the one that takes longest has to be there first.
        rows = await fill_keyspace(
            contact,
            sorted(ALL, key=lambda table: -counts.get(table.name, -1)),
            lambda table: _pages(connection, table),
            _named(folder, connection),
            clock=clock,
            chance=chance,
            told=lambda sent: told(sent, total),
        )
        storage = await CqlStorage.open(contact, clock, Ids(clock), ALL)
        try:
            again = await _tell_again(connection, CqlReplay(storage, clock, ALL), note)
            await storage.filled()
        finally:
            await storage.close()
    return Filled(contact.keyspace, rows, again)


def _count(connection: apsw.Connection, table: Table[Any]) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table.name}").get)  # noqa: S608 - declared


def _named(folder: Path, connection: apsw.Connection) -> int:
    """A number for what the rows come from: the site, and how far its journal went."""
    place = connection.execute("SELECT max(sequence) FROM outbox").get
    public = folder / "record.pub"
    site = public.read_bytes() if public.exists() else b""
    digest = hashlib.blake2b(b"%b %d" % (site, place or 0), digest_size=7).digest()
    return 1 + int.from_bytes(digest, "big")


async def _pages(connection: apsw.Connection, table: Table[Any]) -> AsyncIterator[Page]:
    """The rows of a table with their expiries, in the order of their keys."""
    names = [column.name for column in table.columns]
    wanted = ", ".join([*names, "expires_at_ms" if table.expires else "NULL"])
    keys, marks = ", ".join(table.key), ", ".join("?" * len(table.key))
    text = f"SELECT {wanted} FROM {table.name}"  # noqa: S608 - declared names alone
    after: tuple[Any, ...] = ()
    while True:
        bound = f" WHERE ({keys}) > ({marks})" if after else ""
        sql = f"{text}{bound} ORDER BY {keys} LIMIT {_PAGE}"
        found: list[tuple[Any, ...]] = connection.execute(sql, after).fetchall()
        yield [(values[:-1], values[-1]) for values in found]
        if len(found) < _PAGE:
            return
        after = tuple(found[-1][place] for place in table.key_positions)


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
        # Without their rows, which are there as they ended: one that was erased came back else.
        count += await replay.apply(entries, SCHEMA_VERSION, rows=False)
        after = entries[-1].sequence
        told(count, count)
