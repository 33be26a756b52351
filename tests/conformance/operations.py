"""Random operations on the test tables, and what an engine answers to them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from tests.conformance.engines import Engine
from tests.conformance.tables import (
    BOOKS,
    CLAIMS,
    FEED,
    HEADS,
    LINES,
    MARKS,
    NOTES,
    SESSIONS,
    TABLES,
    Head,
)
from venire.events import AccountCreated, CaseChanged, Followed
from venire.kernel.chance import SeededChance
from venire.kernel.clock import ManualClock
from venire.kernel.errors import Problem
from venire.storage.verbs import Delete, Put, Table

T = TypeVar("T")

# Few values, so that rows meet; awkward ones, so that meeting tells engines apart.
_VALUES: dict[str, tuple[Any, ...]] = {
    "int": (1, 2, 3, 0, -1, 2**63 - 1, -(2**63)),
    "text": ("a", "A", "b", "ab", "é", "e\u0301", "\uffff", "😀", "a\x00", ""),
    "blob": (b"a", b"", b"\x00", b"\x7f", b"\x80", b"\xff", b"aa"),
    "real": (0.0, 0.5, -1.5, 1e300),
    "bool": (False, True),
}
_PARTITIONS: dict[str, tuple[Any, ...]] = {
    "owner": (1, 1, 1, 1, 2),
    "shelf": ("a", "a", "a", ""),
    "id": (1, 2, 3),
    "name": ("a", "A", "é", "e\u0301"),
}
_FACTS = [table for table in TABLES if not table.rebuildable]
_GUARDED = [table for table in _FACTS if table.guarded]
_SORTED = [table for table in TABLES if table.clustering]
_EVENTS = (AccountCreated(1), CaseChanged(2), Followed(1, 2))


@dataclasses.dataclass(frozen=True)
class Operation:
    """A verb, its arguments, and for writes how many milliseconds a row lives (None: for good)."""

    verb: str
    arguments: tuple[Any, ...] = ()
    lives_ms: int | None = None


class Author:
    """Writes one list of operations for each seed, always the same one."""

    def __init__(self, seed: int) -> None:
        self._chance = SeededChance(f"operations {seed}")
        self._written: dict[str, list[Any]] = {table.name: [] for table in TABLES}

    def operations(self, count: int) -> list[Operation]:
        kinds = (
            [self._filled] * 2
            + [self._put] * 4
            + [self._compared, self._committed] * 2
            + [self._rebuilt, self._got, self._scanned, self._waited]
            + [self._told] * 2
            + [self._ranged] * 6
        )
        return [self._one(kinds)() for _ in range(count)]

    # dice

    def _below(self, limit: int) -> int:
        return int.from_bytes(self._chance.token(4), "big") % limit

    def _one(self, choices: Sequence[T]) -> T:
        return choices[self._below(len(choices))]

    def _seldom(self, odds: int) -> bool:
        return self._below(odds) == 0

    def _row(self, table: Table[Any]) -> Any:
        known = self._written[table.name]
        if known and self._below(3):
            row = self._one(known)
            if self._below(2):
                return row
            other = self._fresh(table)
            # The same key with other values.
            return _with(other, {name: getattr(row, name) for name in table.key})
        row = self._fresh(table)
        known.append(row)
        return row

    def _fresh(self, table: Table[Any]) -> Any:
        values = []
        for column in table.columns:
            partition = column.name in table.partition or column.name == "owner"
            choices = _PARTITIONS[column.name] if partition else _VALUES[column.kind]
            values.append(None if column.optional and self._below(2) else self._one(choices))
        return table.row(*values)

    # writing

    def _lives(self, table: Table[Any]) -> int | None:
        return self._one((None, 5, 20)) if table.expires else None

    def _put(self) -> Operation:
        table = self._one([*_FACTS, CLAIMS, CLAIMS, SESSIONS])
        verb = self._one(("put", "put", "put_if_absent", "put_if_absent", "delete"))
        if verb == "put_if_absent":
            table = self._one([*_GUARDED, CLAIMS])
        return Operation(verb, (table, self._row(table)), self._lives(table))

    def _filled(self) -> Operation:
        table = self._one(_SORTED)
        rows = [_with(self._fresh(table), {table.partition[0]: 1}) for _ in range(12)]
        self._written[table.name] += rows
        if table.rebuildable:
            writes = tuple(("put", table, row) for row in rows)
            return Operation("rebuild", ("feeds", self._below(9), writes))
        aggregate = table.aggregate_of(rows[0])
        return Operation(
            "commit", (aggregate, tuple(("put", table, row) for row in rows), (), None)
        )

    def _compared(self) -> Operation:
        table: Table[Any] = self._one([*_GUARDED, CLAIMS])
        arguments = (table, self._row(table), self._fresh(table), bool(self._below(3)))
        return Operation("compare_and_set", arguments)

    def _committed(self) -> Operation:
        owner = self._one(_PARTITIONS["owner"])
        writes: list[tuple[str, Table[Any], Any]] = []
        for _ in range(self._below(4)):
            table: Table[Any] = self._one([BOOKS, LINES, MARKS, SESSIONS, CLAIMS, CLAIMS])
            row = self._row(table)
            # Now and then a row stays with whom it was drawn for, maybe someone else: refused.
            mine = row if self._seldom(12) else _with(row, {"owner": owner})
            writes.append((self._one(("put", "put", "delete")), table, mine))
        # Counted from the version that is there, which only the player knows.
        expect = self._one((None, 0, 0, 0, 0, 0, -1, 1))
        if self._below(8):
            wrong = 1 if self._seldom(10) else 0
            writes.append(("put", HEADS, Head(owner, wrong, self._one(_VALUES["text"]))))
        events = tuple(self._one(_EVENTS) for _ in range(self._below(4)))
        arguments = (f"owner:{owner}", tuple(writes), events, expect)
        return Operation("commit", arguments, self._one((None, 5)))

    def _rebuilt(self) -> Operation:
        rows = [self._row(FEED) for _ in range(self._below(5))]
        writes = tuple((self._one(("put", "put", "delete")), FEED, row) for row in rows)
        arguments = (self._one(("feeds", "lists")), self._below(9), writes)
        return Operation("rebuild", arguments, self._one((None, 5)))

    # reading

    def _got(self) -> Operation:
        table = self._one(TABLES)
        if self._below(2):
            return Operation("get", (table, table.key_of(self._row(table))))
        keys = tuple(table.key_of(self._row(table)) for _ in range(self._below(6)))
        return Operation("get_many", (table, keys))

    def _ranged(self) -> Operation:
        table = self._one([*_SORTED, *_SORTED, NOTES])
        key = table.key_of(self._row(table))
        least = 0 if self._seldom(30) else len(table.partition)
        deep = self._one((0, 0, 0, 1, 1, 2))
        prefix = key[: min(len(key), least + deep)]
        bounds: dict[str, Any] = {"reverse": bool(self._below(2))}
        bounds["limit"] = self._one((1, 2, 3, 40, 40, 40, 0))
        rest = len(key) - len(prefix)
        for name in ("above", "below"):
            if rest and self._below(2):
                end = len(prefix) + 1 + self._below(rest)
                bounds[name] = table.key_of(self._row(table))[len(prefix) : end]
        return Operation("range", (table, prefix, tuple(sorted(bounds.items()))))

    def _scanned(self) -> Operation:
        return Operation("scan", (self._one(TABLES), 1 + self._below(5)))

    def _waited(self) -> Operation:
        return Operation("wait", (self._one((1, 5, 14, 20)),))

    def _told(self) -> Operation:
        verb = self._one(("tail", "tail", "advance", "position"))
        if verb == "tail":
            after, limit = self._one((0, 0, 1, 2, 5)), 1 + self._below(4)
            return Operation("journal" if limit == 2 else "tail", (after, limit))
        if verb == "advance":
            return Operation("advance", (self._one(("x", "y")), self._below(9)))
        return Operation("position", (self._one(("x", "y", "feeds", "lists")),))


def _with(row: Any, values: dict[str, Any]) -> Any:
    return type(row)(**{**_fields(row), **values})


def _decoded(content: bytes) -> Any:
    return msgspec.msgpack.decode(content)


def _fields(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__struct_fields__}


class Player:
    """Plays operations to an engine; an answer is plain data that can be compared."""

    def __init__(self, engine: Engine, clock: ManualClock) -> None:
        self.engine = engine
        self.clock = clock

    async def answers(self, operations: Sequence[Operation]) -> list[object]:
        """What the engine says to each, then everything it holds."""
        said = [await self.answer(operation) for operation in operations]
        said += [await self.scan(table, 500) for table in TABLES]
        return [*said, await self.tail(0, 1000), await self.journal(0, 1000)]

    async def answer(self, operation: Operation) -> object:
        try:
            return await getattr(self, operation.verb)(
                *operation.arguments, **self.moment(operation)
            )
        except Problem as problem:
            return (problem.kind, problem.code)

    def moment(self, operation: Operation) -> dict[str, int]:
        if operation.lives_ms is None:
            return {}
        return {"expires_at_ms": self.clock.now_ms() + operation.lives_ms}

    async def wait(self, by_ms: int) -> None:
        self.clock.advance(by_ms)

    def writes(self, plain: Sequence[tuple[str, Table[Any], Any]], lapses: int | None) -> list[Any]:
        return [
            Put(table, row, lapses if table.expires else None)
            if kind == "put"
            else Delete(table, row)
            for kind, table, row in plain
        ]

    async def put(self, table: Table[Any], row: Any, **moment: int) -> None:
        await self.engine.put(table, row, **moment)

    async def put_if_absent(self, table: Table[Any], row: Any, **moment: int) -> object:
        return await self.engine.put_if_absent(table, row, **moment)

    async def delete(self, table: Table[Any], row: Any, **_moment: int) -> None:
        await self.engine.delete(table, row)

    async def compare_and_set(self, table: Table[Any], old: Any, new: Any, current: bool) -> object:
        # Two rows drawn apart are seldom alike: mostly start from what is there.
        if current:
            old = await self.engine.get(table, table.key_of(old)) or old
        keys = {name: getattr(old, name) for name in table.key}
        return await self.engine.compare_and_set(table, old, type(new)(**{**_fields(new), **keys}))

    async def commit(
        self,
        aggregate: str,
        writes: Any,
        events: Any,
        expect: int | None,
        expires_at_ms: int | None = None,
    ) -> None:
        owner = int(aggregate.partition(":")[2])
        there = await self.engine.get(HEADS, (owner,))
        version = 0 if there is None else there.version
        if expect is not None:
            expect += version
        next_version = (version if expect is None else expect) + 1
        numbered = [
            (kind, table, _with(row, {"version": row.version + next_version}))
            if table is HEADS
            else (kind, table, row)
            for kind, table, row in writes
        ]
        written = self.writes(numbered, expires_at_ms)
        await self.engine.commit(aggregate, written, events, expect=expect)

    async def rebuild(
        self, cursor: str, position: int, writes: Any, expires_at_ms: int | None = None
    ) -> None:
        await self.engine.rebuild(cursor, position, self.writes(writes, expires_at_ms))

    async def get(self, table: Table[Any], key: Any) -> object:
        return await self.engine.get(table, key)

    async def get_many(self, table: Table[Any], keys: Any) -> object:
        return await self.engine.get_many(table, keys)

    async def range(self, table: Table[Any], prefix: Any, bounds: Any) -> object:
        return await self.engine.range(table, prefix, **dict(bounds))

    async def scan(self, table: Table[Any], limit: int) -> object:
        met: list[Any] = []
        cursor = None
        while True:
            page, cursor = await self.engine.scan(table, cursor, limit)
            met += page
            if cursor is None:
                # No order is promised, so none is compared.
                return sorted(repr(row) for row in met)

    async def tail(self, after: int, limit: int) -> object:
        """Places are an engine's own: `after` counts commits, the answer has none."""
        places = sorted({envelope.sequence for envelope in await self.engine.tail(0, 1000)})
        start = places[min(after, len(places)) - 1] if places and after else 0
        told = await self.engine.tail(start, limit)
        return [(places.index(e.sequence), e.at_ms, e.aggregate, e.event) for e in told]

    async def journal(self, after: int, limit: int) -> object:
        """As `tail`; ids of events are an engine's own too."""
        places = [entry.sequence for entry in await self.engine.journal(0, 1000)]
        start = places[min(after, len(places)) - 1] if places and after else 0
        return [
            (
                places.index(entry.sequence),
                entry.at_ms,
                entry.aggregate,
                None if entry.events is None else [e for _, e in _decoded(entry.events)],
                _decoded(entry.writes),
            )
            for entry in await self.engine.journal(start, limit)
        ]

    async def advance(self, cursor: str, position: int) -> None:
        await self.engine.advance(cursor, position)

    async def position(self, cursor: str) -> object:
        return await self.engine.position(cursor)
