"""Rows that were read, kept until someone writes them: by this process or another.

Every writing verb journals the keys that it writes, so the journal is also the list of what is no
longer true. `PRAGMA data_version` (3 microseconds) says whether anyone has committed; what they
committed is read from the journal and forgotten here. A cached row is therefore never older than
the last commit that was acknowledged before the present turn of the event loop, nor than what the
last uncached read saw.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final, cast

import apsw
import msgspec

from venire.storage.verbs import Key, Put, Table, Write

UNKNOWN: Final = object()
"""What a shelf answers for a key that it knows nothing about; None means there is no such row."""

_WIDE_MOST = 4_000
_NARROW_MOST = 10_000
_STAMPS_MOST = 50_000
_BEHIND_MOST = 1_000
_LAST = "SELECT seq FROM sqlite_sequence WHERE name = 'outbox'"
_SINCE = "SELECT sequence, writes FROM outbox WHERE sequence > ? ORDER BY sequence LIMIT ?"
_WRITES = msgspec.msgpack.Decoder(list[tuple[str, str, tuple[Any, ...], int | None]])

Shelf = dict[Key, Any]


class RowCache:
    """The kept rows of one process. Used on the event loop alone."""

    def __init__(
        self, facts: apsw.Connection, feeds: apsw.Connection, tables: Sequence[Table[Any]]
    ) -> None:
        self._facts = facts
        self._feeds = feeds
        self._tables = {table.name: table for table in tables}
        # A row that lapses is gone at a moment, without anybody writing: it is not kept.
        self._shelves: dict[str, Shelf] = {
            table.name: {} for table in tables if not (table.expires or table.rebuildable)
        }
        self._most = {table.name: _WIDE_MOST if table.wide else _NARROW_MOST for table in tables}
        self._stamps: dict[tuple[str, Key], object] = {}
        self._feed_stamps: dict[tuple[str, Key], object] = {}
        self._own: set[int] = set()
        self._wrote = 0
        self._fresh = False
        self._leads = False
        # In this order: what is written in between is looked at once too often, not never.
        self._version = int(facts.pragma("data_version"))
        self._seen = self._last()
        self._feeds_version = -1

    def shelf(self, table: Table[Any]) -> Shelf | None:
        """The kept rows of a table as they are in this turn of the loop; None: not kept."""
        shelf = self._shelves.get(table.name)
        if shelf is not None and not self._fresh:
            self.freshen()
        return shelf

    def keep(self, table: Table[Any], shelf: Shelf, key: Key, row: Any) -> None:
        """Keep a row that was read after `shelf` was asked for."""
        if len(shelf) >= self._most[table.name]:
            # The oldest tenth goes at once: one by one would cost every later read.
            for old in list(shelf)[: len(shelf) // 10]:
                del shelf[old]
        shelf[key] = row

    def stamp(self, table: Table[Any], partition: Key) -> object:
        """An object that stays the same until a row of a partition is written."""
        if not self._fresh:
            self.freshen()
        stamps = self._feed_stamps if table.rebuildable else self._stamps
        if len(stamps) > _STAMPS_MOST:
            stamps.clear()
        return stamps.setdefault((table.name, partition), object())

    def freshen(self) -> None:
        """Look once in this turn of the loop."""
        self._fresh = True
        asyncio.get_running_loop().call_soon(self._turn)
        self.look()

    def _turn(self) -> None:
        self._fresh = False

    def look(self) -> None:
        """Forget what others have written since the last look."""
        version = int(self._facts.pragma("data_version"))
        if version != self._version:
            self._version = version
            self._catch_up()
        if self._feed_stamps and not self._leads:
            # Feeds are not journaled: another process wrote some of them, so none is sure.
            version = int(self._feeds.pragma("data_version"))
            if version != self._feeds_version:
                self._feeds_version = version
                self._feed_stamps.clear()

    def _catch_up(self) -> None:
        rows = self._facts.execute(_SINCE, (self._seen, _BEHIND_MOST)).fetchall()
        if len(rows) == _BEHIND_MOST or self._cut_short(rows):
            self._forget_everything()
            return
        for sequence, writes in rows:
            self._seen = cast("int", sequence)
            if self._seen in self._own:
                self._own.discard(self._seen)
                continue
            for name, verb, values, _ in _WRITES.decode(writes):  # type: ignore[arg-type]
                table = self._tables.get(name)
                if table is not None:
                    key = values if verb == "delete" else _key(table, values)
                    self._forget(table, key)

    def _cut_short(self, rows: Sequence[tuple[Any, ...]]) -> bool:
        """Whether what comes next was dropped from the journal before this process read it."""
        if rows:
            return int(rows[0][0]) != self._seen + 1
        return self._last() > self._seen

    def _last(self) -> int:
        row = self._facts.execute(_LAST).fetchone()
        return 0 if row is None else int(row[0])

    def _forget_everything(self) -> None:
        self._seen = self._last()
        self._own.clear()
        self._stamps.clear()
        for shelf in self._shelves.values():
            shelf.clear()

    def _forget(self, table: Table[Any], key: Key) -> None:
        shelf = self._shelves.get(table.name)
        if shelf is not None:
            shelf.pop(key, None)
        self._stamps.pop((table.name, key[: len(table.partition)]), None)

    def wrote(self, writes: Sequence[Write], sequence: int) -> None:
        """Know what was committed here: at once, so the journal need not be read for it.

        A row that was kept is replaced, unless a later commit is known of already: its writer may
        have been told before this one.
        """
        newest = sequence > max(self._seen, self._wrote)
        for write in writes:
            table, key = write.table, write.table.key_of(write.row)
            shelf = self._shelves.get(table.name)
            known = shelf is not None and key in shelf
            self._forget(table, key)
            if newest and known and shelf is not None and isinstance(write, Put):
                shelf[key] = write.row
        self._wrote = max(self._wrote, sequence)
        if sequence > self._seen:
            self._own.add(sequence)

    def rebuilt(self, writes: Sequence[Write]) -> None:
        """Forget rebuildable rows written here. Only the leader writes any: it need not look."""
        self._leads = True
        stamps = self._feed_stamps
        if stamps:
            for write in writes:
                table = write.table
                key = table.key_of(write.row)
                stamps.pop((table.name, key[: len(table.partition)]), None)


def _key(table: Table[Any], values: tuple[Any, ...]) -> Key:
    return tuple(values[position] for position in table.key_positions)
