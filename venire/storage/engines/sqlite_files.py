"""Opening the engine's files: pragmas, first schema, migrations, the file that can be rebuilt."""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw

from venire.kernel.errors import Unavailable
from venire.storage.engines.sqlite_statements import add_column, create_table, definitions
from venire.storage.migrations import MIGRATIONS, AddColumn, AddTable, DropTable, Migration, pending
from venire.storage.verbs import Table

_log = logging.getLogger(__name__)
_CACHE_KIB = 8_192
_CHECK_KIB = 256
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


def open_pair(
    facts: Path,
    rebuildable: Path,
    tables: Sequence[Table[Any]],
    now_ms: int,
    migrations: tuple[Migration, ...] = MIGRATIONS,
) -> tuple[apsw.Connection, apsw.Connection, int]:
    """Open both files, their schemas brought forward; also since when the second is complete.

    Raises Unavailable `data_is_newer`, `schema_differs`, `data_damaged`.
    """
    # Two processes that start together would both create, migrate or drop: one after the other.
    with facts.with_name("open.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        first = _open_facts(facts, [table for table in tables if not table.rebuildable], migrations)
        second = open_rebuildable(rebuildable)
        feeds = [table for table in tables if table.rebuildable]
        return first, second, prepare_rebuildable(second, feeds, first, now_ms)


def _open_facts(
    path: Path, tables: Sequence[Table[Any]], migrations: tuple[Migration, ...]
) -> apsw.Connection:
    connection: apsw.Connection | None = None
    try:
        connection = open_file(path, sync="FULL")
        prepare_facts(connection, tables, migrations)
    except BaseException as error:
        if connection is not None:
            connection.close()
        if isinstance(error, apsw.NotADBError | apsw.CorruptError):
            hint = "the data file is damaged: restore the latest snapshot"
            raise Unavailable("data_damaged", hint, file=path.name) from error
        raise
    return connection


def open_file(path: Path, *, sync: str, cache_kib: int = _CACHE_KIB) -> apsw.Connection:
    """Open a database file as this engine wants it; created with pages of 8 KB if new.

    `cache_kib`: pages kept by this connection. The system keeps them too, so this saves copies, not
    disk; each process has six connections, and rows that are read often are kept as rows.
    """
    connection = apsw.Connection(str(path), statementcachesize=512)
    for pragma in (
        "busy_timeout = 5000",
        "page_size = 8192",
        "journal_mode = WAL",
        f"synchronous = {sync}",
        "mmap_size = 0",
        f"cache_size = -{cache_kib}",
        "temp_store = MEMORY",
        "wal_autocheckpoint = 4000",
        "trusted_schema = 0",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def open_rebuildable(path: Path) -> apsw.Connection:
    """Open the second file; a damaged one is thrown away, not repaired."""
    connection: apsw.Connection | None = None
    try:
        # The check reads the whole file: it must not stay in memory for it.
        connection = open_file(path, sync="NORMAL", cache_kib=_CHECK_KIB)
        if connection.execute("PRAGMA quick_check(1)").fetchall() == [("ok",)]:
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            return connection
    except (apsw.NotADBError, apsw.CorruptError):
        # As telling as a quick_check that fails: it may not even get to its end.
        pass
    _log.warning("rebuildable_file_damaged")
    if connection is not None:
        connection.close()
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return open_file(path, sync="NORMAL")


def prepare_facts(
    connection: apsw.Connection,
    tables: Sequence[Table[Any]],
    migrations: tuple[Migration, ...] = MIGRATIONS,
) -> None:
    """Create the schema, or bring it forward; refuse data that a later version wrote."""
    with connection:
        connection.execute(_META)
        found = _meta(connection, "schema_version")
        if found is None:
            connection.execute(_CURSORS)
            connection.execute(_OUTBOX)
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
    """Create the second file's schema, or drop and recreate it when it is another one.

    Returns since when it is complete: 0 on a new site, else the moment it was last emptied.
    Cursors of what is rebuilt start at the end of the journal then, since what lies before is read
    from the tables of record.
    """
    connection.execute(_META)
    connection.execute(_CURSORS)
    fresh = _meta(connection, "complete_since_ms") is None
    wanted = sorted(statement for table in tables for statement in create_table(table))
    found = sorted(
        sql
        for name, sql in connection.execute("SELECT name, sql FROM sqlite_schema")
        if name not in {"meta", "cursors"} and sql is not None
    )
    if found == wanted and not fresh:
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
        if not _columns_there(connection, step.table.name):
            _create(connection, [step.table])
    elif isinstance(step, AddColumn):
        if step.column.name not in _columns_there(connection, step.table):
            connection.execute(add_column(step.table, step.column, step.default))
    elif isinstance(step, DropTable):
        connection.execute(f'DROP TABLE IF EXISTS "{step.name}"')


def _columns_there(connection: apsw.Connection, table: str) -> set[str]:
    """The columns of a table; empty where there is no such table."""
    rows = connection.execute("SELECT name FROM pragma_table_info(?)", (table,)).fetchall()
    return {str(name) for (name,) in rows}


def _compare(connection: apsw.Connection, tables: Sequence[Table[Any]]) -> None:
    """Refuse a file whose tables are not the declared ones: a forgotten migration, or damage."""
    as_made = {sql for (sql,) in connection.execute("SELECT sql FROM sqlite_schema")}
    for table in tables:
        # Most are as this version makes them, which one reading of the schema tells.
        if create_table(table)[0] in as_made:
            continue
        # By name, not by place: a column that a migration added stands last in the file.
        expected = sorted(definitions(table))
        found = sorted(
            f"{name} {kind}{' NOT NULL' if filled else ''}"
            for _, name, kind, filled, _, _ in connection.execute(
                f"PRAGMA table_info({table.name})"
            )
        )
        key = connection.execute(
            "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", (table.name,)
        ).fetchall()
        if found != expected or tuple(name for (name,) in key) != table.key:
            raise Unavailable(
                "schema_differs",
                "a table does not have the declared columns or key: a migration is missing",
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
