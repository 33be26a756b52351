"""The verbs on plain dicts: no index, no file, no thread, so that one look shows it is right.

It shares nothing with the engines but the declarations: not the checks, not the order, not the
encoding. What an engine answers is compared with what this answers.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import msgspec

from venire.events import Event
from venire.kernel.clock import Clock
from venire.kernel.errors import Conflict, Refused
from venire.kernel.ids import Ids
from venire.storage.journal import Durable, JournalEntry
from venire.storage.verbs import Column, Delete, Envelope, Key, Put, R, Table, Write

_KINDS: dict[str, type] = {"int": int, "text": str, "blob": bytes, "real": float, "bool": bool}


@dataclasses.dataclass
class Entry:
    """A row, and the moment at which it is there no more."""

    row: Any
    expires_at_ms: int | None


class ModelStorage:
    """`venire.storage.verbs.Storage`, as small as it can be said."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self.clock = clock
        self.ids = ids
        self.entries: dict[str, dict[Key, Entry]] = {}
        self.told: list[list[Envelope]] = []
        self.commits: list[JournalEntry] = []
        self.cursors: dict[str, int] = {}

    async def close(self) -> None: ...

    def alive(self, entry: Entry) -> bool:
        return entry.expires_at_ms is None or entry.expires_at_ms > self.clock.now_ms()

    def find(self, table: Table[Any], key: Key) -> Any:
        entry = self.entries.get(table.name, {}).get(key)
        return entry.row if entry is not None and self.alive(entry) else None

    def sorted_rows(self, table: Table[Any]) -> list[Any]:
        rows = [
            entry.row for entry in self.entries.get(table.name, {}).values() if self.alive(entry)
        ]
        return sorted(rows, key=lambda row: self.place(table.key_of(row)))

    def place(self, key: Key) -> tuple[Any, ...]:
        """Text sorts by its UTF-8 bytes."""
        return tuple(value.encode() if isinstance(value, str) else value for value in key)

    async def get(self, table: Table[R], key: Key) -> R | None:
        if len(key) != len(table.key):
            raise Refused("key_does_not_fit")
        check_key(table, key, 0, "key_does_not_fit")
        there: R | None = self.find(table, key)
        return there

    async def get_many(self, table: Table[R], keys: Sequence[Key]) -> list[R | None]:
        return [await self.get(table, key) for key in keys]

    async def range(
        self,
        table: Table[R],
        prefix: Key,
        *,
        above: Key | None = None,
        below: Key | None = None,
        limit: int = 40,
        reverse: bool = False,
    ) -> list[R]:
        check_key(table, prefix, 0, "key_does_not_fit")
        if len(prefix) < len(table.partition):
            raise Refused("partition_incomplete")
        for bound in (above, below):
            if bound is not None:
                check_key(table, bound, len(prefix), "bound_does_not_fit")
        if limit < 0:
            raise Refused("limit_negative")
        rows = [
            row
            for row in self.sorted_rows(table)
            if table.key_of(row)[: len(prefix)] == prefix
            and (above is None or self.is_above(table.key_of(row)[len(prefix) :], above))
            and (below is None or self.is_below(table.key_of(row)[len(prefix) :], below))
        ]
        if table.descending != reverse:
            rows.reverse()
        return self.clip(rows, limit)

    def is_above(self, rest: Key, bound: Key) -> bool:
        return self.place(rest[: len(bound)]) > self.place(bound)

    def is_below(self, rest: Key, bound: Key) -> bool:
        return self.place(rest[: len(bound)]) < self.place(bound)

    def clip(self, rows: list[R], limit: int) -> list[R]:
        return rows[:limit]

    async def scan(
        self, table: Table[R], cursor: bytes | None = None, limit: int = 500
    ) -> tuple[list[R], bytes | None]:
        if limit < 0:
            raise Refused("limit_negative")
        after = None if cursor is None else self.place(msgspec.msgpack.decode(cursor, type=tuple))
        rows = [
            row
            for row in self.sorted_rows(table)
            if after is None or self.place(table.key_of(row)) > after
        ][:limit]
        return rows, msgspec.msgpack.encode(table.key_of(rows[-1])) if rows else None

    # writing

    def apply(self, write: Write) -> None:
        shelf = self.entries.setdefault(write.table.name, {})
        if isinstance(write, Put):
            shelf[write.table.key_of(write.row)] = Entry(write.row, write.expires_at_ms)
        else:
            shelf.pop(write.table.key_of(write.row), None)

    async def put(self, table: Table[R], row: R, *, expires_at_ms: int | None = None) -> None:
        await self.commit(table.aggregate_of(row), [Put(table, row, expires_at_ms)])

    async def put_if_absent(
        self, table: Table[R], row: R, *, expires_at_ms: int | None = None
    ) -> R | None:
        write = Put(table, row, expires_at_ms)
        check_writes(table.aggregate_of(row), [write])
        there: R | None = self.find(table, table.key_of(row))
        if there is None:
            self.apply(write)
            self.note(table.aggregate_of(row), [write])
        return there

    def note(self, aggregate: str, writes: Sequence[Write], events: Sequence[Event] = ()) -> None:
        """One more commit in the journal."""
        place, at_ms = len(self.commits) + 1, self.clock.now_ms()
        told = [Envelope(self.ids.next(), place, at_ms, aggregate, event) for event in events]
        if told:
            self.told.append(told)
        lines = [self.line(write) for write in writes]
        self.commits.append(
            JournalEntry(
                place,
                at_ms,
                aggregate,
                msgspec.msgpack.encode([[one.id, one.event] for one in told]) if told else None,
                msgspec.msgpack.encode(lines),
            )
        )

    def line(self, write: Write) -> list[Any]:
        if isinstance(write, Put):
            values = [getattr(write.row, column.name) for column in write.table.columns]
            return [write.table.name, "put", values, write.expires_at_ms]
        return [write.table.name, "delete", list(write.table.key_of(write.row)), None]

    async def compare_and_set(self, table: Table[R], old: R, new: R) -> bool:
        if table.key_of(old) != table.key_of(new):
            raise Refused("key_changed")
        check_writes(table.aggregate_of(new), [Put(table, new)])
        if self.find(table, table.key_of(old)) != old:
            return False
        entry = self.entries[table.name][table.key_of(old)]
        entry.row = new
        self.note(table.aggregate_of(new), [Put(table, new, entry.expires_at_ms)])
        return True

    async def delete(self, table: Table[R], row: R) -> None:
        await self.commit(table.aggregate_of(row), [Delete(table, row)])

    async def commit(
        self,
        aggregate: str,
        writes: Sequence[Write],
        events: Sequence[Event] = (),
        *,
        expect: int | None = None,
        durable: Durable = "local",  # noqa: ARG002 - a model has no host to lose
    ) -> None:
        check_writes(aggregate, writes)
        if expect is not None:
            self.check_expected(aggregate, writes, expect)
        for write in writes:
            self.apply(write)
        self.note(aggregate, writes, events)

    def check_expected(self, aggregate: str, writes: Sequence[Write], expect: int) -> None:
        heads = [write for write in writes if write.table.version and isinstance(write, Put)]
        if not heads:
            raise Refused("head_missing")
        table, row = heads[0].table, heads[0].row
        if table.version_of(row) != expect + 1:
            raise Refused("head_version_wrong")
        there = self.find(table, table.key_of(row))
        if (0 if there is None else table.version_of(there)) != expect:
            raise Conflict("version_moved", aggregate=aggregate)

    async def rebuild(self, cursor: str, position: int, writes: Sequence[Write]) -> None:
        for write in writes:
            check_writes(write.table.aggregate_of(write.row), [write], rebuildable=True)
        for write in writes:
            self.apply(write)
        self.cursors[cursor] = position

    # the journal

    async def position(self, cursor: str) -> int:
        return self.cursors.get(cursor, 0)

    async def advance(self, cursor: str, position: int) -> None:
        self.cursors[cursor] = position

    async def tail(self, after: int, limit: int = 256) -> list[Envelope]:
        commits = [commit for commit in self.told if commit[0].sequence > after]
        return [envelope for commit in commits[:limit] for envelope in commit]

    async def journal(self, after: int, limit: int = 256) -> list[JournalEntry]:
        if limit < 0:
            raise Refused("limit_negative")
        return [entry for entry in self.commits if entry.sequence > after][:limit]

    async def kept_elsewhere(self, *, strict: bool = False) -> None: ...


def check_key(table: Table[Any], key: Key, start: int, code: str) -> None:
    columns = {column.name: column for column in table.columns}
    names = table.key[start : start + len(key)]
    if len(names) < len(key) or (start and not key):
        raise Refused(code)
    for name, value in zip(names, key, strict=True):
        if type(value) is not _KINDS[columns[name].kind] or not fits(columns[name], value):
            raise Refused(code)


def check_writes(aggregate: str, writes: Sequence[Write], *, rebuildable: bool = False) -> None:
    size = 0
    for write in writes:
        if write.table.rebuildable != rebuildable:
            raise Refused("wrong_shelf")
        if write.table.aggregate_of(write.row) != aggregate:
            raise Refused("foreign_aggregate")
        if isinstance(write, Put):
            values = msgspec.structs.astuple(write.row)
            if not all(map(fits, write.table.columns, values)):
                raise Refused("row_does_not_fit")
            if len(write.table.partition) == 1 and write.table.key_of(write.row)[0] in {"", b""}:
                raise Refused("key_empty")
            if write.expires_at_ms is not None and not write.table.expires:
                raise Refused("table_does_not_expire")
            size += sum(len(value) for value in values if isinstance(value, str | bytes))
    if sum(1 for write in writes if write.table.version and isinstance(write, Put)) > 1:
        raise Refused("two_heads")
    if len(writes) > 100 or size > 64 * 1024:
        raise Refused("commit_too_large")


def fits(column: Column, value: Any) -> bool:
    kind = type(value)
    if value is None:
        return column.optional
    if column.kind == "real":
        return kind in {int, float} and not math.isnan(value)
    if column.kind == "int":
        return kind is int and -(2**63) <= value < 2**63
    if column.kind == "text":
        return kind is str and not any(0xD800 <= ord(letter) <= 0xDFFF for letter in value)
    return kind is _KINDS[column.kind]
