"""What a table is, and the verbs that every engine speaks.

Shaped by CQL: a row lives in a partition, sorted by its clustering columns in one direction; there
is no join, no filter on a value, no transaction across aggregates. SQLite could do more and must
not, or the second engine could not follow (`docs/decisions/0003-storage.md`).
"""

from __future__ import annotations

import dataclasses
import functools
import math
import operator
import string
import types
import typing
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

import msgspec

from venire.events import Event
from venire.kernel.errors import Refused
from venire.storage.journal import Durable, JournalEntry

R = TypeVar("R", bound=msgspec.Struct)
Key = tuple[int | str | bytes, ...]
Value = int | str | bytes | float | bool | None

COMMIT_ROWS = 100
COMMIT_BYTES = 64 * 1024
"""A commit is one logged batch on CQL; past these sizes Cassandra warns, then refuses."""

_2_63 = 1 << 63
_INT64 = range(-_2_63, _2_63)
_TYPES: dict[type, str] = {int: "int", str: "text", bytes: "blob", float: "real", bool: "bool"}


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """One column: `kind` is int (64 bits), text, blob, real or bool; keys are never null."""

    name: str
    kind: str
    optional: bool


@dataclasses.dataclass(frozen=True, eq=False)
class Table(Generic[R]):
    """A declared table: what it answers, where its rows lie, whose data they are.

    `row` is a frozen msgspec.Struct whose fields are the columns in order. `aggregate` is a format
    string over the row's columns (`post:{id}`): rows of one aggregate may be written in one commit.
    `subject` names the columns holding the accounts whose personal data a row is; export and
    erasure are derived from it. `version` names the head column that `commit(expect=...)` compares.
    `guarded` rows are claimed and compared (`put_if_absent`, `compare_and_set`), as heads are: on
    CQL every write to them is a lightweight transaction.
    `expires` lets rows carry a time to live. `wide` rows (bodies) go to a rowid table in SQLite:
    over a quarter page, WITHOUT ROWID spills. `rebuildable` tables live in a second file with
    relaxed sync, are not journaled, and are written by `rebuild` alone.
    """

    name: str
    row: type[R]
    question: str
    partition: tuple[str, ...]
    aggregate: str
    retention: str
    clustering: tuple[str, ...] = ()
    descending: bool = False
    subject: tuple[str, ...] = ()
    version: str | None = None
    guarded: bool = False
    expires: bool = False
    wide: bool = False
    rebuildable: bool = False

    def __post_init__(self) -> None:
        names = {column.name for column in self.columns}
        used = {name for _, name, _, _ in string.Formatter().parse(self.aggregate) if name}
        missing = (set(self.key) | used | set(self.subject)) - names
        if self.version:
            missing |= {self.version} - names
        keys = [c for c in self.columns if c.name in self.key]
        if missing or any(c.optional or c.kind in {"real", "bool"} for c in keys):
            raise Refused("table_badly_declared", table=self.name, missing=sorted(missing))

    @functools.cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns, in the order of the row's fields."""
        hints = typing.get_type_hints(self.row)
        return tuple(
            _column(self.name, field.name, hints[field.name])
            for field in msgspec.structs.fields(self.row)
        )

    @property
    def key(self) -> tuple[str, ...]:
        """The primary key: partition columns, then clustering columns."""
        return self.partition + self.clustering

    @functools.cached_property
    def key_positions(self) -> tuple[int, ...]:
        """Where the key columns stand in a row."""
        names = [column.name for column in self.columns]
        return tuple(names.index(name) for name in self.key)

    @functools.cached_property
    def key_types(self) -> tuple[type, ...]:
        """What the key columns hold."""
        return tuple(_KEY_TYPES[self.columns[place].kind] for place in self.key_positions)

    @functools.cached_property
    def _read_key(self) -> Callable[[R], Key]:
        if len(self.key) > 1:
            return operator.attrgetter(*self.key)
        (name,) = self.key
        return lambda row: (getattr(row, name),)

    def key_of(self, row: R) -> Key:
        """The primary key of a row."""
        return self._read_key(row)

    def aggregate_of(self, row: R) -> str:
        """The aggregate that a row belongs to."""
        return self.aggregate.format_map(msgspec.structs.asdict(row))

    @functools.cached_property
    def _numbers(self) -> tuple[bool, ...] | None:
        """Of a table of numbers alone: which columns may be null."""
        if any(column.kind != "int" for column in self.columns):
            return None
        return tuple(column.optional for column in self.columns)

    def check_row(self, row: R) -> None:
        """Refuse values that one engine would alter or reject, before anything is queued.

        SQLite would store the text "7" as a number and a NaN as null; a row that fails inside a
        group of writes makes every other caller of that group wait for a second try.
        """
        values = msgspec.structs.astuple(row)
        # Rows of plain numbers are written by the hundred for one post.
        if self._numbers is not None and _plain(values, self._numbers):
            return
        for value, column in zip(values, self.columns, strict=True):
            if not (column.optional if value is None else _FITS[column.kind](value)):
                raise Refused("row_does_not_fit", table=self.name, column=column.name)
        if len(self.partition) == 1 and getattr(row, self.partition[0]) in {"", b""}:
            # CQL has no empty partition key, unless it is made of several columns.
            raise Refused("key_empty", table=self.name)

    def version_of(self, row: R) -> int:
        """The version in a head row."""
        if self.version is None:
            raise Refused("not_a_head", table=self.name)
        return int(getattr(row, self.version))


def _plain(values: Sequence[object], optional: Sequence[bool]) -> bool:
    """Whether all values are numbers that fit, or nothing where that is allowed."""
    for value, may_lack in zip(values, optional, strict=True):
        if type(value) is int:
            if not -_2_63 <= value < _2_63:
                return False
        elif value is not None or not may_lack:
            return False
    return True


def int64(value: object) -> bool:
    """Whether a value is a number that both engines can store as it is."""
    return isinstance(value, int) and not isinstance(value, bool) and value in _INT64


def _text(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        return value.isascii() or bool(value.encode())
    except UnicodeEncodeError:
        # Half a surrogate pair: a file name in a foreign encoding, never a text.
        return False


def _real(value: object) -> bool:
    number = isinstance(value, float | int) and not isinstance(value, bool)
    return number and not math.isnan(typing.cast("float", value))


_KEY_TYPES: dict[str, type] = {"int": int, "text": str, "blob": bytes}
_FITS: dict[str, Callable[[object], bool]] = {
    "int": int64,
    "text": _text,
    "blob": lambda value: isinstance(value, bytes),
    "real": _real,
    "bool": lambda value: isinstance(value, bool),
}


def _column(table: str, name: str, hint: object) -> Column:
    optional = False
    if isinstance(hint, types.UnionType):
        inner = [part for part in typing.get_args(hint) if part is not types.NoneType]
        optional = len(inner) < len(typing.get_args(hint))
        hint = inner[0] if len(inner) == 1 else hint
    if isinstance(hint, typing.NewType):
        hint = hint.__supertype__
    kind = _TYPES.get(hint) if isinstance(hint, type) else None
    if kind is None:
        raise Refused("column_type_unknown", table=table, column=name, type=repr(hint))
    return Column(name, kind, optional)


@dataclasses.dataclass(frozen=True, slots=True)
class Put(Generic[R]):
    """Write a whole row, whether or not one is there; it lapses at `expires_at_ms` if given."""

    table: Table[R]
    row: R
    expires_at_ms: int | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Delete(Generic[R]):
    """Remove the row with the key of `row`; its other columns only name the aggregate."""

    table: Table[R]
    row: R


Write = Put[typing.Any] | Delete[typing.Any]


class Envelope(msgspec.Struct, frozen=True):
    """An event as it was committed: `id` is unique, `sequence` is its place in this journal."""

    id: int
    sequence: int
    at_ms: int
    aggregate: str
    event: Event


class Storage(Protocol):
    """The verbs. Every writing verb is durable when it returns, and journaled."""

    async def get(self, table: Table[R], key: Key) -> R | None:
        """Return the row with this whole primary key."""

    async def get_many(self, table: Table[R], keys: Sequence[Key]) -> list[R | None]:
        """Return the rows of these keys, in their order, None where there is none."""

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
        """Return rows of one partition in the table's direction (or against it).

        `prefix` is the whole partition key, then any leading clustering values. `above` and `below`
        are exclusive bounds on the clustering columns that follow; they may name fewer of them.
        """

    async def scan(
        self, table: Table[R], cursor: bytes | None = None, limit: int = 500
    ) -> tuple[list[R], bytes | None]:
        """Maintenance only: every row, page by page, in no promised order."""

    async def put(self, table: Table[R], row: R, *, expires_at_ms: int | None = None) -> None:
        """Write a row."""

    async def put_if_absent(
        self, table: Table[R], row: R, *, expires_at_ms: int | None = None
    ) -> R | None:
        """Write a row unless one is there; return the one that was, None when written.

        A claim gives `expires_at_ms`: it lapses by itself unless a later commit puts the row for
        good. A repeat by the same claimant finds its own row.
        """

    async def compare_and_set(self, table: Table[R], old: R, new: R) -> bool:
        """Replace `old` by `new` (same key) if every column still equals `old`.

        A row that lapses goes on to lapse at the same moment: a spent code is not kept for ever.
        """

    async def delete(self, table: Table[R], row: R) -> None:
        """Remove the row with the key of `row`."""

    async def commit(
        self,
        aggregate: str,
        writes: Sequence[Write],
        events: Sequence[Event] = (),
        *,
        expect: int | None = None,
        durable: Durable = "local",
    ) -> None:
        """Write rows of one aggregate and its events, all or nothing.

        `expect` is the version of the aggregate's head row before (0: absent); the head row must be
        among the writes with version `expect + 1`. Raises Conflict `version_moved`; Refused
        `foreign_aggregate`, `commit_too_large`, `head_missing`, `row_does_not_fit`. Of two writes
        with one key the later holds.
        """

    def stamp(self, table: Table[R], partition: Key) -> object | None:
        """An object that stays the same until a row of a partition is written, by whomever.

        None where the engine cannot tell: then nothing that was worked out may be kept. Rows that
        lapse do so without changing it.
        """

    async def rebuild(self, cursor: str, position: int, writes: Sequence[Write]) -> None:
        """Write rows of rebuildable tables and the cursor that they follow from, together."""

    async def position(self, cursor: str) -> int:
        """Return how far a subscriber has come (0 at first)."""

    async def advance(self, cursor: str, position: int) -> None:
        """Note how far a subscriber has come. Not journaled: a replay is harmless."""

    async def tail(self, after: int, limit: int = 256) -> list[Envelope]:
        """Return the events after a place in the journal, in order.

        `limit` counts commits: the events of one commit share its `sequence` and are never torn
        apart by the end of a page.
        """

    async def journal(self, after: int, limit: int = 256) -> list[JournalEntry]:
        """Return the commits after a place in the journal, in order, whether events or none.

        What is returned is whole, and nothing at or below its last place is still to come.
        """

    async def kept_elsewhere(self, *, strict: bool = False) -> None:
        """Return once all that was committed before this call is in a store; see `Durable`."""


def check_commit(
    aggregate: str, writes: Sequence[Write], *, rebuildable: bool = False
) -> tuple[Table[typing.Any], msgspec.Struct] | None:
    """Refuse what one engine could not do; return the head row among the writes, if any."""
    if len(writes) > COMMIT_ROWS:
        raise Refused("commit_too_large", rows=len(writes), limit=COMMIT_ROWS)
    head: tuple[Table[typing.Any], msgspec.Struct] | None = None
    for write in writes:
        if write.table.rebuildable != rebuildable:
            raise Refused("wrong_shelf", table=write.table.name)
        if not rebuildable and write.table.aggregate_of(write.row) != aggregate:
            raise Refused("foreign_aggregate", table=write.table.name, aggregate=aggregate)
        if isinstance(write, Put):
            write.table.check_row(write.row)
            if write.expires_at_ms is not None and not write.table.expires:
                raise Refused("table_does_not_expire", table=write.table.name)
            if write.table.version is not None:
                if head is not None:
                    raise Refused("two_heads", aggregate=aggregate)
                head = (write.table, write.row)
    return head


def check_limit(limit: int) -> None:
    """Refuse a negative limit, which SQLite would read as none at all."""
    if limit < 0:
        raise Refused("limit_negative", limit=limit)


def check_expect(head: tuple[Table[typing.Any], msgspec.Struct] | None, expect: int) -> None:
    """Refuse an `expect` that its own head row contradicts."""
    if head is None:
        raise Refused("head_missing", "commit(expect=...) needs the head row among its writes")
    if head[0].version_of(head[1]) != expect + 1:
        raise Refused("head_version_wrong", expect=expect)
