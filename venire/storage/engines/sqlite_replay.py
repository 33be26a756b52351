"""Journal entries onto an SQLite file that nobody else has open: a restore, or a standby.

Of many writes to one row only the last is written, and rows go in by table, sorted by key: so a
long journal costs what the rows that it touches cost. One call of `apply` is one transaction, its
entries stand in the outbox with their own places, and what is there already is passed over.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from venire.kernel.errors import Unavailable
from venire.storage.brought_forward import Widths
from venire.storage.engines.sqlite_files import open_file, prepare_facts
from venire.storage.engines.sqlite_statements import statements_for
from venire.storage.engines.sqlite_upkeep import sync
from venire.storage.journal import JournalEntry
from venire.storage.migrations import MIGRATIONS, Migration, pending
from venire.storage.verbs import Table

_CACHE_KIB = 262_144
_APPEND: Final = (
    "INSERT INTO outbox (sequence, at_ms, aggregate, events, writes) VALUES (?, ?, ?, ?, ?)"
)
Write = tuple[str, str, list[Any], int | None]
"""Table, put or delete, the row or its key, when it lapses: as the journal has it."""
_WRITES = msgspec.msgpack.Decoder(list[Write])

Last = dict[tuple[str, tuple[Any, ...]], tuple[Any, ...] | None]
"""What each row that is touched ends as; None where it is removed."""


class SqliteReplay:
    """The target side of the journal. `durable`: each `apply` is on the disk when it returns.

    Without it nothing is until `finish`: for a file that is thrown away if that is never reached.
    """

    def __init__(
        self,
        file: Path,
        tables: Sequence[Table[Any]],
        *,
        durable: bool = False,
        migrations: tuple[Migration, ...] = MIGRATIONS,
    ) -> None:
        self._file = file
        self._migrations = migrations
        self._widths = Widths(tables, migrations)
        self._tables = {table.name: table for table in tables if not table.rebuildable}
        sync_as = "FULL" if durable else "OFF"
        self.connection = open_file(file, sync=sync_as, cache_kib=_CACHE_KIB)
        try:
            if not durable:
                self.connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
            prepare_facts(self.connection, list(self._tables.values()), migrations)
            # A copy of a site that was moving is not moving.
            self.connection.execute("DELETE FROM meta WHERE name = 'frozen_at_ms'")
        except BaseException:
            self.connection.close()
            raise

    @property
    def schema(self) -> int:
        """The version of the rows that are in the file."""
        return 1 + len(self._migrations)

    @property
    def through(self) -> int:
        """The highest place of the journal that is in the file; 0 before the first."""
        row = self.connection.execute(
            "SELECT seq FROM sqlite_sequence WHERE name = 'outbox'"
        ).fetchone()
        return 0 if row is None else int(row[0])

    def apply(self, entries: Iterable[JournalEntry], schema: int) -> int:
        """Write entries, in order, in one transaction; how many were new.

        `schema`: the version of the program that wrote them. Raises Unavailable `entry_unreadable`,
        `data_is_newer`; a full disk as apsw's FullError, nothing of this call written.
        """
        pending(schema, self._migrations)
        through = self.through
        new = list(itertools.dropwhile(lambda one: one.sequence <= through, entries))
        if not new:
            return 0
        last: Last = {}
        for entry in new:
            self._gather(entry, schema, last)
        with self.connection:
            self.connection.executemany(
                _APPEND, [(e.sequence, e.at_ms, e.aggregate, e.events, e.writes) for e in new]
            )
            self._write(last)
        return len(new)

    def writes_of(self, entry: JournalEntry, schema: int) -> list[Write]:
        """What an entry writes, its rows as they are declared now. Unavailable as `apply`."""
        try:
            writes = _WRITES.decode(entry.writes)
        except msgspec.DecodeError as error:
            raise _unreadable(entry.sequence) from error
        known: list[Write] = []
        for name, verb, values, lapses in writes:
            table = self._tables.get(name)
            if table is None:
                if self._widths.was_dropped(name):
                    continue
                raise _unreadable(entry.sequence, name)
            if verb == "put":
                known.append((name, verb, list(self._widths.widen(table, values, schema)), lapses))
            else:
                known.append((name, verb, values, None))
        return known

    def _gather(self, entry: JournalEntry, schema: int, last: Last) -> None:
        for name, verb, values, lapses in self.writes_of(entry, schema):
            table = self._tables[name]
            if verb == "delete":
                last[name, tuple(values)] = None
            else:
                key = tuple(values[place] for place in table.key_positions)
                last[name, key] = (*values, lapses) if table.expires else tuple(values)

    def _write(self, last: Last) -> None:
        puts: dict[str, list[tuple[tuple[Any, ...], tuple[Any, ...]]]] = {}
        for (name, key), row in last.items():
            if row is None:
                self.connection.execute(statements_for(self._tables[name]).delete, key)
            else:
                puts.setdefault(name, []).append((key, row))
        for name, rows in puts.items():
            rows.sort(key=lambda one: one[0])
            statement = statements_for(self._tables[name]).put
            self.connection.executemany(statement, [row for _, row in rows])

    def put_rows(self, table: Table[Any], rows: Sequence[tuple[Any, ...]]) -> None:
        """Write rows of one table, each with its expiry at the end where the table expires."""
        with self.connection:
            self.connection.executemany(statements_for(table).put, rows)

    def has(self, name: str, row: Sequence[Any]) -> bool:
        """Whether a row with the key of this one is there, lapsed or not."""
        table = self._tables[name]
        where = " AND ".join(f"{column} = ?" for column in table.key)
        key = tuple(row[place] for place in table.key_positions)
        sql = f"SELECT 1 FROM {name} WHERE {where}"  # noqa: S608 - declared names alone
        return self.connection.execute(sql, key).fetchone() is not None

    def delete_where(self, table: Table[Any], column: str, values: Sequence[int]) -> None:
        """Remove the rows whose column has one of these values, by reading the whole table."""
        sql = f"DELETE FROM {table.name} WHERE {column} = ?"  # noqa: S608 - declared names alone
        with self.connection:
            self.connection.executemany(sql, [(value,) for value in values])

    def set_cursors(self, positions: dict[str, int]) -> None:
        """Note how far the subscribers had come."""
        with self.connection:
            self.connection.executemany(
                "INSERT INTO cursors (name, position) VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET position = excluded.position",
                list(positions.items()),
            )

    def finish(self) -> None:
        """Bring everything to the disk, in one file that any program of this version can open."""
        self.connection.execute("PRAGMA synchronous = FULL")
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self.close()
        sync(self._file)
        sync(self._file.parent)

    def close(self) -> None:
        """Close the file as it is."""
        self.connection.close()


def _unreadable(sequence: int, table: str = "") -> Unavailable:
    return Unavailable(
        "entry_unreadable",
        "an entry of the journal cannot be read by this program: use the version that wrote it",
        sequence=sequence,
        table=table,
    )
