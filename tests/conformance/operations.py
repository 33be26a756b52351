"""Random operations on the test tables, and what an engine answers to them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

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
from venire.kernel.clock import ManualClock
from venire.kernel.errors import Problem
from venire.storage.verbs import Delete, Put, Table

# Few values, so that rows meet; awkward ones, so that meeting tells engines apart.
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "int": st.sampled_from([1, 2, 3, 0, -1, 2**63 - 1, -(2**63)]),
    "text": st.sampled_from(["a", "A", "b", "ab", "é", "e\u0301", "\uffff", "😀", "a\x00", ""]),
    "blob": st.sampled_from([b"a", b"", b"\x00", b"\x7f", b"\x80", b"\xff", b"aa"]),
    "real": st.sampled_from([0.0, 0.5, -1.5, 1e300]),
    "bool": st.booleans(),
}
_OWNER = st.sampled_from([1, 1, 1, 2])
_LIMIT = st.sampled_from([1, 2, 3, 40, 40, 0])
_FACTS = [table for table in TABLES if not table.rebuildable]
_EVENTS = st.lists(st.sampled_from([AccountCreated(1), CaseChanged(2), Followed(1, 2)]), max_size=3)


@dataclasses.dataclass(frozen=True)
class Operation:
    """A verb, its arguments, and for writes how many milliseconds a row lives (None: for good)."""

    verb: str
    arguments: tuple[Any, ...] = ()
    lives_ms: int | None = None


def _rows(table: Table[Any]) -> st.SearchStrategy[Any]:
    parts = {}
    for column in table.columns:
        value = _VALUES[column.kind]
        if column.name == "owner":
            value = _OWNER
        elif column.name in table.partition and len(table.partition) == 1:
            value = value.filter(lambda part: part not in {"", b""})
        parts[column.name] = st.none() | value if column.optional else value
    return st.builds(table.row, **parts)


_ROWS = {table.name: _rows(table) for table in TABLES}


@st.composite
def _written(draw: st.DrawFn) -> Operation:
    table = draw(st.sampled_from([*_FACTS, CLAIMS, SESSIONS]))
    lives_ms = draw(st.sampled_from([None, 5, 20])) if table.expires else None
    verb = draw(st.sampled_from(["put", "put", "put", "put_if_absent", "delete"]))
    return Operation(verb, (table, draw(_ROWS[table.name])), lives_ms)


@st.composite
def _compared(draw: st.DrawFn) -> Operation:
    table = draw(st.sampled_from([NOTES, BOOKS, LINES, CLAIMS]))
    rows = _ROWS[table.name]
    return Operation("compare_and_set", (table, draw(rows), draw(rows), draw(st.booleans())))


@st.composite
def _committed(draw: st.DrawFn) -> Operation:
    owner = draw(_OWNER)
    tables = st.sampled_from([BOOKS, LINES, MARKS, SESSIONS, CLAIMS])
    writes: list[tuple[str, Table[Any], Any]] = []
    for table in draw(st.lists(tables, max_size=4)):
        row = draw(_ROWS[table.name])
        kind = draw(st.sampled_from(["put", "put", "delete"]))
        # Now and then a row stays with whom it was drawn for, often someone else: refused.
        foreign = draw(st.integers(0, 15)) == 0
        mine = row if foreign else type(row)(**{**_fields(row), "owner": owner})
        writes.append((kind, table, mine))
    expect = draw(st.none() | st.sampled_from([0, 0, 1, 1, 2, 3]))
    if draw(st.booleans()):
        wrong = draw(st.integers(0, 9)) == 0
        version = (expect or 0) + (2 if wrong else 1)
        writes.append(("put", HEADS, Head(owner, version, draw(_VALUES["text"]))))
    arguments = (f"owner:{owner}", tuple(writes), tuple(draw(_EVENTS)), expect)
    return Operation("commit", arguments, draw(st.sampled_from([None, 5])))


@st.composite
def _rebuilt(draw: st.DrawFn) -> Operation:
    rows = draw(st.lists(_ROWS[FEED.name], max_size=5))
    writes = tuple((draw(st.sampled_from(["put", "put", "delete"])), FEED, row) for row in rows)
    cursor = draw(st.sampled_from(["feeds", "lists"]))
    return Operation(
        "rebuild", (cursor, draw(st.integers(0, 9)), writes), draw(st.none() | st.just(5))
    )


@st.composite
def _keys(draw: st.DrawFn, table: Table[Any]) -> tuple[Any, ...]:
    key: tuple[Any, ...] = table.key_of(draw(_ROWS[table.name]))
    return key


@st.composite
def _got(draw: st.DrawFn) -> Operation:
    table = draw(st.sampled_from(TABLES))
    if draw(st.integers(0, 3)):
        return Operation("get", (table, draw(_keys(table))))
    return Operation("get_many", (table, tuple(draw(st.lists(_keys(table), max_size=6)))))


@st.composite
def _ranged(draw: st.DrawFn) -> Operation:
    table = draw(st.sampled_from([BOOKS, LINES, LINES, MARKS, SESSIONS, FEED, NOTES]))
    key = draw(_keys(table))
    least = len(table.partition)
    if draw(st.integers(0, 19)) == 0:
        least = 0
    prefix = key[: draw(st.integers(least, min(len(key), len(table.partition) + 1)))]
    bounds: dict[str, Any] = {"reverse": draw(st.booleans()), "limit": draw(_LIMIT)}
    rest = len(table.key) - len(prefix)
    for name in ("above", "below"):
        if rest and draw(st.booleans()):
            end = len(prefix) + draw(st.integers(1, rest))
            bounds[name] = draw(_keys(table))[len(prefix) : end]
    return Operation("range", (table, prefix, tuple(sorted(bounds.items()))))


_JOURNAL = st.one_of(
    st.builds(Operation, st.just("tail"), st.tuples(st.integers(0, 4), st.integers(1, 4))),
    st.builds(
        Operation, st.just("advance"), st.tuples(st.sampled_from(["x", "y"]), st.integers(0, 9))
    ),
    st.builds(
        Operation, st.just("position"), st.tuples(st.sampled_from(["x", "y", "feeds", "lists"]))
    ),
    st.builds(Operation, st.just("wait"), st.tuples(st.sampled_from([1, 5, 14, 20]))),
    st.builds(Operation, st.just("scan"), st.tuples(st.sampled_from(TABLES), st.integers(1, 5))),
)

OPERATIONS = st.lists(
    st.one_of(
        _written(),
        _written(),
        _compared(),
        _committed(),
        _rebuilt(),
        _got(),
        _ranged(),
        _ranged(),
        _JOURNAL,
    ),
    min_size=10,
    max_size=60,
)


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
        return [*said, await self.tail(0, 1000)]

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

    async def put(self, table: Table[Any], row: Any, **moment: int) -> object:
        return await self.engine.put(table, row, **moment)

    async def put_if_absent(self, table: Table[Any], row: Any, **moment: int) -> object:
        return await self.engine.put_if_absent(table, row, **moment)

    async def delete(self, table: Table[Any], row: Any, **_moment: int) -> object:
        return await self.engine.delete(table, row)

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
    ) -> object:
        written = self.writes(writes, expires_at_ms)
        return await self.engine.commit(aggregate, written, events, expect=expect)

    async def rebuild(
        self, cursor: str, position: int, writes: Any, expires_at_ms: int | None = None
    ) -> object:
        return await self.engine.rebuild(cursor, position, self.writes(writes, expires_at_ms))

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

    async def advance(self, cursor: str, position: int) -> object:
        return await self.engine.advance(cursor, position)

    async def position(self, cursor: str) -> object:
        return await self.engine.position(cursor)
