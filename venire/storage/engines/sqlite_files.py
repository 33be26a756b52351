"""Opening the engine's files: pragmas, first schema, migrations, the file that can be rebuilt."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw

from venire.kernel.errors import Unavailable
from venire.storage.engines.sqlite_statements import add_column, create_table
from venire.storage.migrations import MIGRATIONS, AddColumn, AddTable, Migration, pending
from venire.storage.verbs import Table

_log = logging.getLogger(__name__)
_META = "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT"
_CURSORS = (
    "CREATE TABLE IF NOT EXISTS cursors (name TEXT PRIMARY KEY, position INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID"
)
# AUTOINCREMENT: a place in the journal is never given twice, even after its start was pruned.
_OUTBOX = """
CREATE TABLE IF NOT EXISTS outbox (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL, aggregate TEXT NOT NULL, events BLOB, writes BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS outbox_told ON outbox (sequence) WHERE events IS NOT NULL;
"""


def open_file(path: Path, *, sync: str) -> apsw.Connection:
    """Open a database file as this engine wants it; created with pages of 8 KB if new."""
    connection = apsw.Connection(str(path), statementcachesize=512)
    for pragma in (
        "page_size = 8192",
        "journal_mode = WAL",
        f"synchronous = {sync}",
        "mmap_size = 0",
        "cache_size = -65536",
        "temp_store = MEMORY",
        "busy_timeout = 5000",
        "wal_autocheckpoint = 4000",
        "trusted_schema = 0",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def open_rebuildable(path: Path) -> apsw.Connection:
    """Open the second file; one that is no database any more is thrown away, not repaired."""
    try:
        connection = open_file(path, sync="NORMAL")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
    except (apsw.NotADBError, apsw.CorruptError):
        _log.warning("rebuildable_file_damaged")
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        connection = open_file(path, sync="NORMAL")
    return connection


def prepare_facts(
    connection: apsw.Connection,
    tables: Sequence[Table[Any]],
    migrations: tuple[Migration, ...] = MIGRATIONS,
) -> None:
    """Create the schema, or bring it forward; refuse data that a later version wrote."""
    with connection:
        for statement in (_META, _CURSORS, _OUTBOX):
            connection.execute(statement)
        found = _meta(connection, "schema_version")
        if found is None:
            _create(connection, tables)
            _set_meta(connection, "schema_version", 1 + len(migrations))
    if found is None:
        return
    for migration in pending(found, migrations):
        with connection:
            for step in migration.steps:
                _migrate(connection, step)
            _set_meta(connection, "schema_version", migration.version)
        _log.info("migrated", extra={"version": migration.version, "step": migration.name})
    _compare(connection, tables)


def prepare_rebuildable(
    connection: apsw.Connection,
    tables: Sequence[Table[Any]],
    facts: apsw.Connection,
    now_ms: int,
) -> int:
    """Create the second file's schema, or drop and recreate it when it is damaged or other.

    Returns since when it is complete: 0 on a new site, else the moment it was last emptied.
    Cursors of what is rebuilt start at the end of the journal then, since what lies before is read
    from the tables of record.
    """
    connection.execute(_META)
    connection.execute(_CURSORS)
    fresh = _meta(connection, "complete_since_ms") is None
    wanted = sorted(statement for table in tables for statement in create_table(table))
    healthy = connection.execute("PRAGMA quick_check(1)").fetchall() == [("ok",)]
    found = sorted(
        sql
        for name, sql in connection.execute("SELECT name, sql FROM sqlite_schema")
        if name not in {"meta", "cursors"} and sql is not None
    )
    if healthy and found == wanted and not fresh:
        return _meta(connection, "complete_since_ms") or 0
    with connection:
        for kind, name in connection.execute(
            "SELECT type, name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall():
            connection.execute(f'DROP {kind} "{name}"')
        connection.execute(_META)
        connection.execute(_CURSORS)
        _create(connection, tables)
        # The outbox may be empty because it was pruned: its counter still knows the last place.
        row = facts.execute("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'").fetchone()
        last = 0 if row is None else row[0]
        since_ms = now_ms if last else 0
        _set_meta(connection, "complete_since_ms", since_ms)
        connection.execute("INSERT INTO cursors VALUES ('feeds', ?)", (last,))
    return since_ms


def _create(connection: apsw.Connection, tables: Sequence[Table[Any]]) -> None:
    for table in tables:
        for statement in create_table(table):
            connection.execute(statement)


def _migrate(connection: apsw.Connection, step: object) -> None:
    if isinstance(step, AddTable):
        _create(connection, [step.table])
    elif isinstance(step, AddColumn):
        connection.execute(add_column(step.table, step.column, step.default))
    else:
        connection.execute(f'DROP TABLE "{step.name}"')  # type: ignore[attr-defined]


def _compare(connection: apsw.Connection, tables: Sequence[Table[Any]]) -> None:
    """Refuse a file whose tables are not the declared ones: a forgotten migration, or damage."""
    for table in tables:
        expected = [column.name for column in table.columns]
        if table.expires:
            expected.append("expires_at_ms")
        found = [row[1] for row in connection.execute(f"PRAGMA table_info({table.name})")]
        if found != expected:
            raise Unavailable(
                "schema_differs",
                "a table does not have the declared columns; run the version that wrote it",
                table=table.name,
                found=found,
                expected=expected,
            )


def _meta(connection: apsw.Connection, name: str) -> int | None:
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return None if row is None else int(row[0])


def _set_meta(connection: apsw.Connection, name: str, value: int) -> None:
    connection.execute(
        "INSERT INTO meta (name, value) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )
