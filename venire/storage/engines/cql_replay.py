"""Journal entries onto a keyspace that no site serves yet.

A place in a cluster's journal is a moment of that cluster, so entries get new places there, in
their order; how far the source's journal has come is kept as a cursor. Killed, the next run begins
at that cursor: what was written is written again, and events that were told may be told again.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec

from venire.kernel.clock import Clock
from venire.kernel.errors import Unavailable
from venire.storage.brought_forward import Widths
from venire.storage.engines.cql import CqlStorage
from venire.storage.engines.cql_commits import Commits
from venire.storage.engines.cql_journal import Draft
from venire.storage.engines.cql_statements import guards
from venire.storage.journal import JournalEntry
from venire.storage.migrations import MIGRATIONS, Migration, pending
from venire.storage.verbs import Delete, Put, Table, Write

CURSOR: Final = "restored_through"
_LANES: Final = 32
_WRITES = msgspec.msgpack.Decoder(list[tuple[str, str, list[Any], int | None]])
_EMPTY: Final[dict[str, Any]] = {"int": 0, "text": "-", "blob": b"-", "real": 0.0, "bool": False}


class CqlReplay:
    """The target side of the journal on CQL."""

    def __init__(
        self,
        storage: CqlStorage,
        clock: Clock,
        tables: Sequence[Table[Any]],
        migrations: tuple[Migration, ...] = MIGRATIONS,
    ) -> None:
        self._storage = storage
        self._commits: Commits = storage._commits  # noqa: SLF001 - one engine, two files
        self._stamps = storage._journal.stamps  # noqa: SLF001 - the same
        self._clock = clock
        self._migrations = migrations
        self._widths = Widths(tables, migrations)
        self._tables = {table.name: table for table in tables if not table.rebuildable}

    async def through(self) -> int:
        """The highest place of the source's journal that is in the cluster; 0 before the first."""
        return await self._storage.position(CURSOR)

    async def apply(
        self, entries: Iterable[JournalEntry], schema: int, *, rows: bool = True
    ) -> int:
        """Write entries; in order within an aggregate, side by side otherwise. How many were new.

        Without `rows` they are only told of: theirs lie there as they ended. Raises Unavailable
        `entry_unreadable`, `data_is_newer`, and what the cluster refuses.
        """
        pending(schema, self._migrations)
        through = await self.through()
        new = list(itertools.dropwhile(lambda one: one.sequence <= through, entries))
        lanes: dict[str, list[tuple[JournalEntry, tuple[Write, ...]]]] = {}
        for entry in new:
            writes = self._writes(entry, schema) if rows else ()
            lanes.setdefault(entry.aggregate, []).append((entry, writes))
        gate = asyncio.Semaphore(_LANES)

        async def lane(part: list[tuple[JournalEntry, tuple[Write, ...]]]) -> None:
            async with gate:
                for entry, writes in part:
                    await self._commit(entry, writes)

        async with asyncio.TaskGroup() as group:
            for part in lanes.values():
                group.create_task(lane(part))
        if new:
            await self._storage.advance(CURSOR, new[-1].sequence)
        return len(new)

    def _writes(self, entry: JournalEntry, schema: int) -> tuple[Write, ...]:
        """What an entry writes, of each row the last: as a commit takes them."""
        try:
            decoded = _WRITES.decode(entry.writes)
        except msgspec.DecodeError as error:
            raise _unreadable(entry.sequence) from error
        last: dict[tuple[str, tuple[Any, ...]], Write] = {}
        for name, verb, values, lapses in decoded:
            table = self._tables.get(name)
            if table is None:
                if self._widths.was_dropped(name):
                    continue
                raise _unreadable(entry.sequence, name)
            if verb == "delete":
                key = tuple(values)
                last[name, key] = Delete(table, _row_of_key(table, key))
                continue
            row = table.row(*_typed(table, self._widths.widen(table, values, schema)))
            gone = lapses is not None and lapses <= self._clock.now_ms()
            last[name, table.key_of(row)] = Delete(table, row) if gone else Put(table, row, lapses)
        return tuple(last.values())

    async def _commit(self, entry: JournalEntry, writes: tuple[Write, ...]) -> None:
        """One entry as a commit of the cluster: its rows, and its row of the outbox."""
        lapsing = any(isinstance(one, Put) and one.expires_at_ms is not None for one in writes)
        # A time to live counts from now on; without one, the commit keeps its moment.
        at_ms = self._clock.now_ms() if lapsing else entry.at_ms
        draft = Draft(b"", at_ms, entry.aggregate, entry.events, entry.writes, writes)
        guarded = sorted(
            (write for write in writes if guards(write.table)),
            key=lambda write: (write.table.version is None, isinstance(write, Delete)),
        )
        if guarded:
            anchor = guarded[0]
            decide: Callable[[Any], Write] = lambda _found: anchor  # noqa: E731 - one word
            await self._commits.guarded(draft, anchor, decide)
        else:
            await self._commits.plain(draft)


def _row_of_key(table: Table[Any], key: tuple[Any, ...]) -> Any:
    """A row that names a key and holds nothing else, as a delete takes it."""
    named = dict(zip(table.key, key, strict=True))
    return table.row(
        *(
            named.get(column.name, None if column.optional else _EMPTY[column.kind])
            for column in table.columns
        )
    )


def _typed(table: Table[Any], values: Sequence[Any]) -> list[Any]:
    """Booleans as such: SQLite's rows have 0 and 1 there."""
    return [
        bool(value) if column.kind == "bool" and value is not None else value
        for column, value in zip(table.columns, values, strict=True)
    ]


def _unreadable(sequence: int, table: str = "") -> Unavailable:
    return Unavailable(
        "entry_unreadable",
        "an entry of the journal cannot be read by this program: use the version that wrote it",
        sequence=sequence,
        table=table,
    )
