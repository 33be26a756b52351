"""The engine's files between two programs: their version, a copy, all steps forward at once.

Nothing here needs the tables as they are declared now, so it works on data that is older.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Final, cast

import apsw
import msgspec

from venire.kernel.errors import Unavailable
from venire.kernel.ids import IMPORT_NODE
from venire.storage.engines.sqlite_files import open_file, prepare_facts
from venire.storage.migrations import MIGRATIONS, Migration
from venire.storage.verbs import Table

FACTS: Final = "venire.db"
REBUILT: Final = ("rebuildable.db", "search.db")
"""Files that follow from the first one: never copied, made again."""
SIDES: Final = ("-wal", "-shm", "-journal")
_PAGES = 512
_CHECK_KIB = 2_048
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})

Told = Callable[[int, int], None]
"""Is told how many of how many pages are done."""


class Marks(msgspec.Struct, frozen=True):
    """How far a file has come: its schema, its journal, the public record, its size in bytes."""

    version: int
    journal: int
    record: int
    size: int


def marks_of(file: Path) -> Marks | None:
    """How far a file has come; None where there is no site in it. Unavailable `data_damaged`."""
    if not file.exists():
        return None
    with _reading(file) as connection:
        if not _rows(connection, "SELECT 1 FROM sqlite_schema WHERE name = 'meta'"):
            return None
        found = _rows(connection, "SELECT value FROM meta WHERE name = 'schema_version'")
        if not found:
            return None
        journal = _rows(connection, "SELECT seq FROM sqlite_sequence WHERE name = 'outbox'")
        record: list[Any] = []
        if _rows(connection, "SELECT 1 FROM sqlite_schema WHERE name = 'record_heads'"):
            record = _rows(connection, "SELECT max(size) FROM record_heads")
        pages = _rows(connection, "PRAGMA page_count")[0][0]
        size = pages * _rows(connection, "PRAGMA page_size")[0][0]
        return Marks(
            version=int(found[0][0]),
            journal=int(journal[0][0]) if journal else 0,
            record=int(record[0][0] or 0) if record else 0,
            size=int(size),
        )


def _rows(connection: apsw.Connection, sql: str) -> list[Any]:
    return cast("list[Any]", connection.execute(sql).fetchall())


@contextlib.contextmanager
def _reading(file: Path) -> Iterator[apsw.Connection]:
    """A connection that writes nothing and makes no file. Unavailable `data_damaged`."""
    connection: apsw.Connection | None = None
    try:
        connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READWRITE)
        connection.set_busy_timeout(5_000)
        connection.execute(f"PRAGMA cache_size = -{_CHECK_KIB}")
        connection.execute("PRAGMA query_only = 1")
        yield connection
    except (apsw.NotADBError, apsw.CorruptError) as error:
        raise Unavailable(
            "data_damaged", "the data file is damaged: restore the latest backup", file=file.name
        ) from error
    finally:
        if connection is not None:
            connection.close()


def copy_file(source: Path, target: Path, told: Told) -> None:
    """Copy a database as it stands at this moment, while others may write to it.

    The copy is on the disk and sound when this returns. Unavailable `copy_not_sound`, `disk_full`.
    """
    with _reading(source) as reading, saying_full(target.parent):
        # One view of it for the whole copy: else each write of others would begin it again.
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        writing = apsw.Connection(str(target))
        try:
            with writing.backup("main", reading, "main") as backup:
                while not backup.done:
                    backup.step(_PAGES)
                    told(backup.page_count - backup.remaining, backup.page_count)
        finally:
            writing.close()
    problems = faults_of(target)
    if problems:
        raise Unavailable(
            "copy_not_sound", "the copy does not pass SQLite's check", found=problems[:3]
        )
    sync(target)
    sync(target.parent)


@contextlib.contextmanager
def saying_full(place: Path) -> Iterator[None]:
    """Say of a disk that has no room left what it is. Unavailable `disk_full`."""
    try:
        yield
    except (apsw.FullError, OSError) as error:
        if isinstance(error, OSError) and error.errno not in _FULL:
            raise
        hint = "the disk became full meanwhile: make room, then run this again"
        raise Unavailable("disk_full", hint, place=str(place)) from error


def faults_of(file: Path) -> list[str]:
    """What SQLite's quick check has to say against a file."""
    try:
        with _reading(file) as connection:
            said = [str(row[0]) for row in _rows(connection, "PRAGMA quick_check(10)")]
    except Unavailable as problem:
        return [problem.code]
    return [] if said == ["ok"] else said


def sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def bring_forward(
    folder: Path,
    tables: Sequence[Table[Any]],
    migrations: tuple[Migration, ...] = MIGRATIONS,
) -> None:
    """Take every step that the data needs, in one transaction: all of them, or none.

    Raises Unavailable `data_is_newer`, `schema_differs`; whatever a step raises.
    """
    connection = open_file(folder / FACTS, sync="FULL")
    try:
        with connection:
            facts = [table for table in tables if not table.rebuildable]
            prepare_facts(connection, facts, migrations)
    finally:
        connection.close()


def settle(folder: Path) -> None:
    """Bring what lies in the log beside a database into it, as far as that can be done."""
    with contextlib.suppress(apsw.Error):
        connection = apsw.Connection(str(folder / FACTS), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            connection.set_busy_timeout(5_000)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            connection.close()


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a data folder against every other process while the block runs.

    Raises Unavailable `site_is_running`. Who opens it meanwhile waits for the end of the block.
    """
    with contextlib.ExitStack() as stack:
        _take(stack, folder / "open.lock")
        _take(stack, folder / "leader.lock")
        for node in range(IMPORT_NODE):
            lease = folder / f"node-{node}.lock"
            if lease.exists():
                with contextlib.ExitStack() as passing:
                    _take(passing, lease)
        yield


def _take(stack: contextlib.ExitStack, lock: Path) -> None:
    handle: IO[bytes] = stack.enter_context(lock.open("ab"))
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise Unavailable(
            "site_is_running",
            "a program has this data folder open: stop it first (systemctl stop venire)",
        ) from error
