"""A site that is moving: no commit more, in any process, until somebody lifts that.

The mark lies in the data file itself, so the commit that comes after it is refused by whichever
process takes it; what is not journaled (cursors, sweeping) goes on. It survives a crash: only who
knows what became of the move may lift it.
"""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

import apsw

from venire.kernel.errors import Problem, Unavailable
from venire.storage.engines.sqlite_upkeep import FACTS

_NAME: Final = "frozen_at_ms"
_READ: Final = f"SELECT value FROM meta WHERE name = '{_NAME}'"  # noqa: S608 - a constant
_LOCK: Final = "moving.lock"


def refusal(connection: apsw.Connection) -> Problem | None:
    """What a commit is told while the site is moving; None at all other times."""
    if connection.execute(_READ).fetchone() is None:
        return None
    return Unavailable("site_moving", "the site is moving: try again in a moment")


def is_frozen(folder: Path) -> bool:
    """Whether commits are refused."""
    with _opened(folder) as connection:
        found = connection.execute(_READ).fetchone()
    return found is not None


def freeze(folder: Path, at_ms: int) -> int:
    """Refuse commits from here on; the last place of the journal before that.

    What other processes have begun is in it or is refused: they take turns at the same lock.
    """
    row: Any = None
    with _turn(folder), _opened(folder) as connection, connection:
        connection.execute(
            "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING",
            (_NAME, at_ms),
        )
        row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'").fetchone()
    return 0 if row is None else int(row[0])


def lift(folder: Path) -> None:
    """Take commits again."""
    with _turn(folder), _opened(folder) as connection, connection:
        connection.execute("DELETE FROM meta WHERE name = ?", (_NAME,))


@contextlib.contextmanager
def moving(folder: Path) -> Iterator[bool]:
    """Be the one who moves this site, if nobody is; given up with the process, however it ends."""
    with (folder / _LOCK).open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


@contextlib.contextmanager
def _turn(folder: Path) -> Iterator[IO[bytes]]:
    with (folder / "write.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[apsw.Connection]:
    connection = apsw.Connection(str(folder / FACTS), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        connection.set_busy_timeout(5_000)
        connection.execute("PRAGMA synchronous = FULL")
        yield connection
    finally:
        connection.close()
