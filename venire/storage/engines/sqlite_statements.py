"""SQL text for a declared table: pure, built once per table."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import msgspec

from venire.storage.verbs import Column, Key, R, Table, Value, int64

_SQL_TYPES = {"int": "INTEGER", "text": "TEXT", "blob": "BLOB", "real": "REAL", "bool": "INTEGER"}


def _define(column: Column) -> str:
    return f"{column.name} {_SQL_TYPES[column.kind]}{'' if column.optional else ' NOT NULL'}"


def definitions(table: Table[Any]) -> list[str]:
    """The columns of a table as SQL, in order."""
    columns = [_define(column) for column in table.columns]
    if table.expires:
        columns.append("expires_at_ms INTEGER")
    return columns


@functools.lru_cache(maxsize=512)
def create_table(table: Table[Any]) -> tuple[str, ...]:
    """The statements that create a table: STRICT, and WITHOUT ROWID unless its rows are wide."""
    columns = definitions(table)
    # Ascending even where the table reads downwards: SQLite walks an index backwards as
    # cheaply, and a key of mixed directions could not be scanned page by page.
    body = ", ".join([*columns, f"PRIMARY KEY ({', '.join(table.key)})"])
    options = "STRICT" if table.wide else "STRICT, WITHOUT ROWID"
    statements = [f"CREATE TABLE {table.name} ({body}) {options}"]
    if table.expires:
        statements.append(
            f"CREATE INDEX {table.name}_expiry ON {table.name} (expires_at_ms)"
            " WHERE expires_at_ms IS NOT NULL"
        )
    return tuple(statements)


def add_column(table: str, column: Column, default: Value) -> str:
    """The statement that adds a column; a column that may not be null needs a literal default."""
    if isinstance(default, str):
        literal = "'" + default.replace("'", "''") + "'"
    elif isinstance(default, bytes):
        literal = f"x'{default.hex()}'"
    else:
        literal = "NULL" if default is None else str(int(default) if default is True else default)
    return f"ALTER TABLE {table} ADD COLUMN {_define(column)} DEFAULT {literal}"


@dataclasses.dataclass(frozen=True)
class Statements:
    """The texts for one table. Only names from the declaration are ever put into SQL."""

    table: Table[Any]

    @functools.cached_property
    def _names(self) -> str:
        return ", ".join(column.name for column in self.table.columns)

    @functools.cached_property
    def _alive(self) -> str:
        return " AND (expires_at_ms IS NULL OR expires_at_ms > ?)" if self.table.expires else ""

    @functools.cached_property
    def get(self) -> str:
        """Parameters: the key, then now_ms where the table expires."""
        where = " AND ".join(f"{name} = ?" for name in self.table.key)
        return f"SELECT {self._names} FROM {self.table.name} WHERE {where}{self._alive}"  # noqa: S608

    @functools.cached_property
    def lapses(self) -> str:
        """When a row of a table that expires lapses. Parameters: the key."""
        where = " AND ".join(f"{name} = ?" for name in self.table.key)
        return f"SELECT expires_at_ms FROM {self.table.name} WHERE {where}"  # noqa: S608

    @functools.cached_property
    def put(self) -> str:
        """Parameters: the row, then expires_at_ms where the table expires."""
        return self.put_many(1)

    @functools.lru_cache(maxsize=8)  # noqa: B019 - statements live as long as the program
    def put_many(self, count: int) -> str:
        """The same for several rows at once."""
        names = [column.name for column in self.table.columns]
        if self.table.expires:
            names.append("expires_at_ms")
        values = [name for name in names if name not in self.table.key]
        marks = f"({', '.join('?' * len(names))})"
        change = (
            "UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in values)
            if values
            else "NOTHING"
        )
        return (
            f"INSERT INTO {self.table.name} ({', '.join(names)})"  # noqa: S608
            f" VALUES {', '.join([marks] * count)}"
            f" ON CONFLICT ({', '.join(self.table.key)}) DO {change}"
        )

    @functools.cached_property
    def delete(self) -> str:
        """Parameters: the key."""
        where = " AND ".join(f"{name} = ?" for name in self.table.key)
        return f"DELETE FROM {self.table.name} WHERE {where}"  # noqa: S608

    @functools.cached_property
    def scan(self) -> str:
        """Parameters: the last key seen, now_ms where the table expires, the limit."""
        keys = ", ".join(self.table.key)
        marks = ", ".join("?" * len(self.table.key))
        return (
            f"SELECT {self._names} FROM {self.table.name}"  # noqa: S608
            f" WHERE ({keys}) > ({marks}){self._alive} ORDER BY {keys} LIMIT ?"
        )

    @functools.cached_property
    def scan_start(self) -> str:
        """Parameters: now_ms where the table expires, the limit."""
        return (
            f"SELECT {self._names} FROM {self.table.name}"  # noqa: S608
            f" WHERE TRUE{self._alive} ORDER BY {', '.join(self.table.key)} LIMIT ?"
        )

    @functools.cached_property
    def sweep(self) -> str:
        """Parameters: now_ms, the limit. Removes what has lapsed."""
        keys = ", ".join(self.table.key)
        return (
            f"DELETE FROM {self.table.name} WHERE ({keys}) IN (SELECT {keys} FROM"  # noqa: S608
            f" {self.table.name} WHERE expires_at_ms <= ? LIMIT ?)"
        )

    @functools.lru_cache(maxsize=2048)  # noqa: B019 - shared by all tables, which never end
    def range(self, prefix: int, above: int, below: int, reverse: bool) -> str:
        """Parameters: prefix values, above values, below values, now_ms where it expires, limit."""
        table = self.table
        conditions = [f"{name} = ?" for name in table.key[:prefix]]
        rest = table.key[prefix:]
        for count, sign in ((above, ">"), (below, "<")):
            if count:
                names = ", ".join(rest[:count])
                conditions.append(f"({names}) {sign} ({', '.join('?' * count)})")
        direction = "DESC" if table.descending != reverse else "ASC"
        order = ", ".join(f"{name} {direction}" for name in rest)
        return (
            f"SELECT {self._names} FROM {table.name} WHERE {' AND '.join(conditions)}"  # noqa: S608
            f"{self._alive}{' ORDER BY ' + order if order else ''} LIMIT ?"
        )

    @functools.lru_cache(maxsize=512)  # noqa: B019 - same
    def get_many(self, count: int) -> str:
        """Parameters: `count` keys of one column, now_ms where it expires."""
        marks = ", ".join("?" * count)
        return (
            f"SELECT {self._names} FROM {self.table.name}"  # noqa: S608
            f" WHERE {self.table.key[0]} IN ({marks}){self._alive}"
        )

    @functools.cached_property
    def _bools(self) -> tuple[int, ...]:
        return tuple(
            index for index, column in enumerate(self.table.columns) if column.kind == "bool"
        )

    def decode(self, values: tuple[Any, ...]) -> Any:
        """Build a row from a result; SQLite has no booleans, rows do."""
        if not self._bools:
            return self.table.row(*values)
        parts = list(values)
        for index in self._bools:
            if parts[index] is not None:
                parts[index] = bool(parts[index])
        return self.table.row(*parts)

    @staticmethod
    def encode(row: msgspec.Struct) -> tuple[Value, ...]:
        """The row's values in column order."""
        return msgspec.structs.astuple(row)


@functools.lru_cache(maxsize=512)
def statements_for(table: Table[R]) -> Statements:
    """The texts of one table."""
    return Statements(table)


def key_type_fits(table: Table[Any], key: Key, start: int = 0) -> bool:
    """Whether key values have the declared types; a wrong one would silently match nothing."""
    kinds = table.key_types[start : start + len(key)]
    # Compared as tuples: this is asked of every read.
    if tuple(map(type, key)) != kinds:
        return False
    return all(int64(value) for value in key if type(value) is int)
