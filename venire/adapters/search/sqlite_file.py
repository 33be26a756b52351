"""The file of the search index: its layout, opened, and replaced where it cannot be used.

Several processes of one host may have it open. Each holds a shared lock; it is replaced only by one
that has it alone, since the others would go on writing to a file that nobody opens again.
"""

from __future__ import annotations

import fcntl
import logging
import os
from pathlib import Path

import apsw

from venire.kernel.errors import Unavailable

_log = logging.getLogger(__name__)

LAYOUT = 2
"""Raised with each change of the tables: an older file is replaced, and filled from the posts."""
_WORDS = """fts5(text, marks, content='', contentless_delete=1,
    tokenize="unicode61 remove_diacritics 2 categories 'L* N* Co So'")"""
# Tags by their first one, two and three letters, each by its newest post: the best of however many
# begin so are found without reading the others.
_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE VIRTUAL TABLE IF NOT EXISTS words USING {_WORDS};
CREATE VIRTUAL TABLE IF NOT EXISTS library USING {_WORDS};
CREATE VIRTUAL TABLE IF NOT EXISTS parts USING fts5(
    text, content='', contentless_delete=1, tokenize='trigram');
CREATE TABLE IF NOT EXISTS tags (name TEXT PRIMARY KEY, last_id INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS tags_by_1 ON tags (substr(name, 1, 1), last_id);
CREATE INDEX IF NOT EXISTS tags_by_2 ON tags (substr(name, 1, 2), last_id);
CREATE INDEX IF NOT EXISTS tags_by_3 ON tags (substr(name, 1, 3), last_id);
CREATE INDEX IF NOT EXISTS tags_by_last ON tags (last_id);
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
PRAGMA user_version = {LAYOUT};
COMMIT;
"""


class Lock:
    """A lock beside the file: shared while it is open, alone to replace it."""

    def __init__(self, path: Path) -> None:
        name = path.with_name(path.name + ".lock")
        self._handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._handle, fcntl.LOCK_SH)

    def alone(self) -> bool:
        """Whether nobody else has the file open; from then on nobody can open it."""
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(self._handle, fcntl.LOCK_SH)
            return False
        return True

    def share(self) -> None:
        """Let others open it again."""
        fcntl.flock(self._handle, fcntl.LOCK_SH)

    def close(self) -> None:
        """Let go of it."""
        os.close(self._handle)


def connect(path: Path, cache_kib: int = 32_768) -> apsw.Connection:
    """A connection to the file, set up as this index needs it."""
    connection = apsw.Connection(str(path))
    # NORMAL: killed, the process loses nothing; a loss of power may take the last second, which
    # the next start finds out and fills from the posts.
    for pragma in (
        "busy_timeout = 5000",
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "mmap_size = 0",
        f"cache_size = -{cache_kib}",
        "temp_store = MEMORY",
        "trusted_schema = 0",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def connect_reader(path: Path, cache_kib: int) -> apsw.Connection:
    """A connection that cannot write."""
    connection = connect(path, cache_kib)
    connection.execute("PRAGMA query_only = 1")
    return connection


def open_or_replace(path: Path, lock: Lock) -> apsw.Connection:
    """A connection to write with; a file that is damaged or of another layout is made anew.

    Unavailable `search_failing` where it must be replaced and another process has it open.
    """
    connection, usable = _tried(path)
    if connection is not None and usable and not damage_note(path).exists():
        return connection
    if not lock.alone():
        if connection is not None and usable:
            # The process that left the note is still here: it, or the last to start, mends it.
            return connection
        raise Unavailable("search_failing", "the search index is damaged, and another has it open")
    _log.warning("search_file_replaced")
    if connection is not None:
        connection.close()
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    damage_note(path).unlink(missing_ok=True)
    connection = connect(path)
    connection.execute(_SCHEMA)
    lock.share()
    return connection


def _tried(path: Path) -> tuple[apsw.Connection | None, bool]:
    """A connection to what is there, if it can be had, and whether it can be used."""
    connection: apsw.Connection | None = None
    try:
        connection = connect(path)
        if connection.execute("PRAGMA quick_check(1)").fetchall() != [("ok",)]:
            return connection, False
        if connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is None:
            connection.execute(_SCHEMA)
        layout: object = connection.pragma("user_version")
    except (apsw.CorruptError, apsw.NotADBError, apsw.SQLError):
        # As telling as a quick_check that fails: it may not even get to its end.
        return connection, False
    return connection, layout == LAYOUT


def damage_note(path: Path) -> Path:
    """Left by a read that met damage inside the index, where quick_check does not look."""
    return path.with_name(path.name + ".damaged")
