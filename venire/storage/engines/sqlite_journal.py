"""The outbox in the file: read for subscribers and for the shipper, pruned behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import apsw
import msgspec

from venire.events import Event
from venire.storage.journal import JournalEntry
from venire.storage.verbs import Envelope

_EVENTS = msgspec.msgpack.Decoder(list[tuple[int, Event]])
_TOLD = (
    "SELECT sequence, at_ms, aggregate, events FROM outbox"
    " WHERE sequence > ? AND events IS NOT NULL ORDER BY sequence LIMIT ?"
)
_ALL = (
    "SELECT sequence, at_ms, aggregate, events, writes FROM outbox"
    " WHERE sequence > ? ORDER BY sequence LIMIT ?"
)
_NEWEST = "SELECT seq FROM sqlite_sequence WHERE name = 'outbox'"
_NEWEST_TOLD = "SELECT events FROM outbox WHERE events IS NOT NULL ORDER BY sequence DESC LIMIT 1"
_POSITION = "SELECT position FROM cursors WHERE name = ?"
_PRUNE = (
    "DELETE FROM outbox WHERE sequence IN (SELECT sequence FROM outbox"
    " WHERE sequence <= ? AND at_ms < ? ORDER BY sequence LIMIT ?)"
)


def told(connection: apsw.Connection, after: int, limit: int) -> list[Envelope]:
    """The events after a place; `limit` counts commits."""
    rows: list[Any] = connection.execute(_TOLD, (after, limit)).fetchall()
    return [
        Envelope(identifier, sequence, at_ms, aggregate, event)
        for sequence, at_ms, aggregate, events in rows
        for identifier, event in _EVENTS.decode(events)
    ]


def entries(connection: apsw.Connection, after: int, limit: int) -> list[JournalEntry]:
    """The commits after a place, as they lie there."""
    # Row by row: thousands of tuples at once would have the collector look at all there is.
    rows = cast("Iterator[tuple[Any, ...]]", connection.execute(_ALL, (after, limit)))
    return [JournalEntry(*row) for row in rows]


def newest(connection: apsw.Connection) -> int:
    """The last place used, though it may have been pruned; 0 before the first."""
    row: Any = connection.execute(_NEWEST).fetchone()
    return 0 if row is None else int(row[0])


def newest_event_id(connection: apsw.Connection) -> int:
    """The id of the last event told; 0 before the first."""
    row: Any = connection.execute(_NEWEST_TOLD).fetchone()
    return 0 if row is None else max(identifier for identifier, _ in _EVENTS.decode(row[0]))


def position(connections: Sequence[apsw.Connection], cursor: str) -> int:
    """How far a subscriber has come, by the first file that knows it."""
    for connection in connections:
        row = connection.execute(_POSITION, (cursor,)).fetchone()
        if row is not None:
            return cast("int", row[0])
    return 0


def lowest(connections: Sequence[apsw.Connection]) -> int:
    """Where the slowest subscriber is; 0 where there is none."""
    return min(
        (
            cast("int", row[0])
            for connection in connections
            for row in connection.execute("SELECT position FROM cursors").fetchall()
        ),
        default=0,
    )


def prune(connection: apsw.Connection, upto: int, before_ms: int, limit: int) -> int:
    """Drop the first rows up to a place that are older than a moment; return how many."""
    return change(connection, _PRUNE, (upto, before_ms, limit))


def change(connection: apsw.Connection, sql: str, parameters: tuple[int, ...]) -> int:
    """Run a statement; return how many rows it changed."""
    before = connection.total_changes()
    connection.execute(sql, parameters)
    return connection.total_changes() - before
