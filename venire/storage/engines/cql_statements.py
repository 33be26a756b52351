"""CQL text for a declared table, and how its rows are bound and read: pure, built once per table.

A table is *guarded* where its rows are written under a condition: a head with a version, or a table
declared `guarded`. Every write to a guarded row is a lightweight transaction, none is a plain one,
and two columns more say who moved the row last (`cql_claims.py`). All other tables are written
plainly, the latest timestamp holds.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

import msgspec

from venire.kernel.errors import Refused, Unavailable
from venire.storage.verbs import Key, R, Table, Value

TYPES = {"int": "bigint", "text": "text", "blob": "blob", "real": "double", "bool": "boolean"}
FOR_GOOD = (1 << 63) - 1
"""`expires_at_ms` of a row that does not lapse: a null would be a tombstone."""
SLACK_S = 600
"""How much longer than asked the cluster keeps a row. Whether it lapsed is read from the row and
our clock; the time to live only clears away, and the clocks of two hosts differ."""
LONGEST_S = 10 * 365 * 86_400
GONE_S = 30 * 86_400
"""How long a deleted guarded row remembers who deleted it."""
_LEAST: dict[str, int | str | bytes] = {"int": -(1 << 63), "text": "", "blob": b""}
_MOST = (1 << 63) - 1


def guards(table: Table[Any]) -> bool:
    """Whether rows of a table are written by lightweight transactions, all of them."""
    return table.guarded or table.version is not None


def check_guarded(table: Table[Any]) -> None:
    """Refuse to claim or compare rows that are also written plainly."""
    if not guards(table):
        raise Refused("table_not_guarded", "declare it with guarded=True", table=table.name)


def definitions(table: Table[Any]) -> dict[str, str]:
    """The columns of a table and their CQL types, the engine's own included."""
    columns = {column.name: TYPES[column.kind] for column in table.columns}
    if table.expires:
        columns["expires_at_ms"] = "bigint"
    if guards(table):
        columns["guard_claims"] = columns["guard_intent"] = "blob"
    return columns


def create_table(table: Table[Any]) -> str:
    """The statement that creates a table, unless it is there."""
    columns = ", ".join(f'"{name}" {kind}' for name, kind in definitions(table).items())
    key = ", ".join([f"({_names(table.partition)})", *(f'"{c}"' for c in table.clustering)])
    order = ", ".join(f'"{name}" DESC' for name in table.clustering)
    options = f" WITH CLUSTERING ORDER BY ({order})" if table.descending and order else ""
    return f'CREATE TABLE IF NOT EXISTS "{table.name}" ({columns}, PRIMARY KEY ({key})){options}'


def time_to_live_s(expires_at_ms: int | None, now_ms: int) -> int:
    """Seconds until the cluster may clear a row away; 0 for never."""
    if expires_at_ms is None or expires_at_ms == FOR_GOOD:
        return 0
    left_s = max(0, -(-(expires_at_ms - now_ms) // 1000)) + SLACK_S
    return 0 if left_s > LONGEST_S else left_s


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """A row as it lies in the cluster: `row` is None where only its claims are left."""

    row: Any
    lapses_at_ms: int | None
    claims: bytes | None = None
    intent: bytes | None = None

    def alive(self, now_ms: int) -> bool:
        """Whether the verbs see it."""
        return self.row is not None and (self.lapses_at_ms is None or self.lapses_at_ms > now_ms)


NOTHING = Found(None, None)


@dataclasses.dataclass(frozen=True)
class Statements:
    """The texts for one table. Only names from the declaration are ever put into CQL."""

    table: Table[Any]

    @functools.cached_property
    def guarded(self) -> bool:
        """See `guards`."""
        return guards(self.table)

    @functools.cached_property
    def _selected(self) -> str:
        return f'SELECT {_names(definitions(self.table))} FROM "{self.table.name}"'  # noqa: S608

    @functools.cached_property
    def _key(self) -> str:
        return " AND ".join(f'"{name}" = ?' for name in self.table.key)

    @functools.cached_property
    def get(self) -> str:
        """Parameters: the key."""
        return f"{self._selected} WHERE {self._key}"

    @functools.cached_property
    def scan(self) -> str:
        """No parameters: every row, in the order of the ring."""
        return self._selected

    @functools.cached_property
    def delete(self) -> str:
        """Of a table that is not guarded. Parameters: the key."""
        return f'DELETE FROM "{self.table.name}" WHERE {self._key}'  # noqa: S608

    @functools.cached_property
    def put(self) -> str:
        """Of a table that is not guarded. Parameters: the row, its moment, its time to live."""
        names = [column.name for column in self.table.columns]
        if self.table.expires:
            names.append("expires_at_ms")
        live = " USING TTL ?" if self.table.expires else ""
        marks = ", ".join("?" * len(names))
        return f'INSERT INTO "{self.table.name}" ({_names(names)}) VALUES ({marks}){live}'  # noqa: S608

    def filled(self, there: tuple[bool, ...]) -> str:
        """Of any table of a fresh keyspace; `there`: which columns have a value.

        Parameters: these values, its moment, its claims, its time to live, as the table has them.
        """
        columns = zip(self.table.columns, there, strict=True)
        names = [column.name for column, given in columns if given]
        names += ["expires_at_ms"] if self.table.expires else []
        names += ["guard_claims"] if self.guarded else []
        live = " USING TTL ?" if self.table.expires else ""
        marks = ", ".join("?" * len(names))
        return f'INSERT INTO "{self.table.name}" ({_names(names)}) VALUES ({marks}){live}'  # noqa: S608

    @functools.cached_property
    def values(self) -> tuple[str, ...]:
        """The columns that `move` sets, in order."""
        return tuple(name for name in definitions(self.table) if name not in self.table.key)

    @functools.cached_property
    def move(self) -> str:
        """Of a guarded table. Parameters: time to live, `values`, the key, the claims found."""
        changes = ", ".join(f'"{name}" = ?' for name in self.values)
        return (
            f'UPDATE "{self.table.name}" USING TTL ? SET {changes}'  # noqa: S608
            f' WHERE {self._key} IF "guard_claims" = ?'
        )

    @functools.cached_property
    def take_over(self) -> str:
        """Of a guarded table. Parameters: time to live, claims, intent, the key, claims found."""
        return (
            f'UPDATE "{self.table.name}" USING TTL ? SET "guard_claims" = ?, "guard_intent" = ?'  # noqa: S608
            f' WHERE {self._key} IF "guard_claims" = ?'
        )

    @functools.cached_property
    def settle(self) -> str:
        """Of a guarded table: its intent is done. Parameters: the key, the claims found."""
        return (
            f'UPDATE "{self.table.name}" SET "guard_intent" = null'  # noqa: S608
            f' WHERE {self._key} IF "guard_claims" = ?'
        )

    @functools.lru_cache(maxsize=2048)  # noqa: B019 - shared by all tables, which never end
    def range(self, fixed: int, lower: tuple[str, int], upper: int, reverse: bool) -> str:
        """Parameters: the fixed columns, then the lower and the upper bound (see `slice_of`)."""
        table = self.table
        where = [f'"{name}" = ?' for name in table.key[:fixed]]
        rest = table.key[fixed:]
        for count, sign in ((lower[1], lower[0]), (upper, "<")):
            if count == 1:
                where.append(f'"{rest[0]}" {sign} ?')
            elif count:
                where.append(f"({_names(rest[:count])}) {sign} ({', '.join('?' * count)})")
        text = f"{self._selected} WHERE {' AND '.join(where)}"
        if reverse and table.clustering:
            way = "ASC" if table.descending else "DESC"
            text += (
                f" ORDER BY {', '.join(f'{chr(34)}{c}{chr(34)} {way}' for c in table.clustering)}"
            )
        return text

    def bind_put(self, row: Any, expires_at_ms: int | None, now_ms: int) -> list[Value]:
        """The parameters of `put`."""
        bound = self._bind(row)
        if self.table.expires:
            bound += [
                FOR_GOOD if expires_at_ms is None else expires_at_ms,
                time_to_live_s(expires_at_ms, now_ms),
            ]
        return bound

    def _bind(self, row: Any) -> list[Value]:
        bound: list[Value] = list(msgspec.structs.astuple(row))
        for place, column in enumerate(self.table.columns):
            if column.kind == "real" and bound[place] is not None:
                bound[place] = float(bound[place])  # type: ignore[arg-type]
        return bound

    def named(self, row: Any) -> dict[str, Value]:
        """The row's values by the names of its columns, as they are bound."""
        names = (column.name for column in self.table.columns)
        return dict(zip(names, self._bind(row), strict=True))

    def read(self, values: tuple[Any, ...], defaults: Mapping[str, Value]) -> Found:
        """What a selected row holds; `defaults` are those of columns that a migration added."""
        columns = self.table.columns
        count = len(columns)
        lapses: int | None = None
        claims = intent = None
        place = count
        if self.table.expires:
            lapses = None if values[place] in {FOR_GOOD, None} else values[place]
            place += 1
        if self.guarded:
            claims, intent = values[place : place + 2]
            if claims is None or claims[:1] == b"\x01":
                return Found(None, None, claims, intent)
        parts = list(values[:count])
        for at, column in enumerate(columns):
            if parts[at] is None and not column.optional:
                parts[at] = defaults.get(column.name)
                if parts[at] is None and self.table.expires:
                    # Its columns are cleared away a second apart, long after it lapsed.
                    return Found(None, None, claims, intent)
                if parts[at] is None:
                    raise Unavailable("data_damaged", "a column is empty that may not be")
        return Found(self.table.row(*parts), lapses, claims, intent)


@functools.lru_cache(maxsize=512)
def statements_for(table: Table[R]) -> Statements:
    """The texts of one table."""
    return Statements(table)


@dataclasses.dataclass(frozen=True, slots=True)
class Slice:
    """A range as CQL can be asked for it."""

    fixed: int
    lower: tuple[str, int]
    upper: int
    parameters: tuple[Any, ...]


def slice_of(table: Table[Any], prefix: Key, above: Key | None, below: Key | None) -> Slice | None:
    """A range's conditions; None where nothing can lie in it.

    One column behind the prefix is compared as it is. Where several are, both bounds are made
    tuples of all clustering columns: ScyllaDB reads bounds of different lengths wrongly (its issue
    21604) and refuses a slice over several columns behind a fixed one (64, 4244).
    """
    fixed = len(prefix)
    above, below = above or (), below or ()
    if max(len(above), len(below)) <= 1:
        parameters = (*prefix, *above, *below)
        return Slice(fixed, (">", len(above)), len(below), parameters)
    partition = len(table.partition)
    kinds = {column.name: column.kind for column in table.columns}
    least = tuple(_LEAST[kinds[name]] for name in table.clustering)
    leading = prefix[partition:]
    lower, sign = leading + above, ">"
    if len(lower) < len(table.clustering):
        if above:
            after = _successor(lower, keep=len(leading))
            if after is None:
                return None
            lower = after
        lower, sign = (*lower, *least[len(lower) :]), ">="
    upper: tuple[Any, ...] | None = leading + below if below else _successor(leading, keep=0)
    count = len(table.clustering)
    if upper is not None:
        upper = (*upper, *least[len(upper) :])
    bounded = count if above or leading else 0
    parameters = (*prefix[:partition], *(lower if bounded else ()), *(upper or ()))
    return Slice(partition, (sign, bounded), count if upper else 0, parameters)


def _successor(values: tuple[Any, ...], *, keep: int) -> tuple[Any, ...] | None:
    """The least tuple above all that begin with `values`; the first `keep` parts must stay."""
    parts = list(values)
    while len(parts) > keep:
        last = parts[-1]
        if not isinstance(last, int):
            parts[-1] = last + ("\x00" if isinstance(last, str) else b"\x00")
            return tuple(parts)
        if last < _MOST:
            parts[-1] = last + 1
            return tuple(parts)
        parts.pop()
    return None


def _names(names: Any) -> str:
    return ", ".join(f'"{name}"' for name in names)
