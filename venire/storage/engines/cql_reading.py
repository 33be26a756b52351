"""The outbox on CQL, read in order: minute by minute, the shards of each side by side."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import msgspec

from venire.events import Event
from venire.storage.engines.cql_driver import CqlDriver
from venire.storage.engines.cql_journal import DAY_US, MINUTE_US, MINUTES, PAGE, Journal
from venire.storage.journal import JournalEntry
from venire.storage.verbs import Envelope

_EVENTS = msgspec.msgpack.Decoder(list[tuple[int, Event]])
_TOLD: Final = (
    'SELECT "sequence", "at_ms", "aggregate", "events" FROM "outbox"'
    ' WHERE "shard" = ? AND "minute" = ? AND "sequence" > ? AND "sequence" <= ?'
)
_ALL: Final = (
    'SELECT "sequence", "at_ms", "aggregate", "events", "writes" FROM "outbox"'
    ' WHERE "shard" = ? AND "minute" = ? AND "sequence" > ? AND "sequence" <= ?'
)
_Row = tuple[Any, ...]


class Reader:
    """Reads the journal of all processes, never past a place where something is still to come."""

    def __init__(self, driver: CqlDriver, journal: Journal) -> None:
        self._driver = driver
        self._journal = journal

    async def told(self, after: int, limit: int) -> list[Envelope]:
        """See `Storage.tail`."""
        return [
            Envelope(identifier, sequence, at_ms, aggregate, event)
            for sequence, at_ms, aggregate, events in await self._rows(_TOLD, after, limit)
            for identifier, event in _EVENTS.decode(events)
        ]

    async def entries(self, after: int, limit: int) -> list[JournalEntry]:
        """See `Storage.journal`."""
        return [JournalEntry(*row) for row in await self._rows(_ALL, after, limit)]

    async def _rows(self, text: str, after: int, limit: int) -> list[_Row]:
        safe = await self._journal.safe()
        start = max(after + 1, self._journal.first_us)
        rows: list[_Row] = []
        for day in range(start // DAY_US, safe // DAY_US + 1):
            minutes: dict[int, list[int]] = {}
            for minute, shard in await self._journal.all_rows(MINUTES, (day, start // MINUTE_US)):
                minutes.setdefault(minute, []).append(shard)
            for minute, shards in minutes.items():
                if len(rows) >= limit or minute > safe // MINUTE_US:
                    break
                left = limit - len(rows)
                found = await asyncio.gather(
                    *(self._first(text, (shard, minute, after, safe), left) for shard in shards)
                )
                rows += sorted((row for part in found for row in part), key=lambda row: row[0])
            if len(rows) >= limit:
                break
        return rows[:limit]

    async def _first(self, text: str, values: tuple[int, ...], limit: int) -> list[_Row]:
        """The first commits of a partition, of subscribers' only those that carry events."""
        found: list[_Row] = []
        state: bytes | None = None
        while len(found) < limit:
            rows, state = await self._driver.page(text, values, PAGE, state)
            found += [row for row in rows if row[3] is not None] if text is _TOLD else rows
            if state is None:
                break
        return found[:limit]
