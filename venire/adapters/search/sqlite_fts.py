"""A search index in one SQLite file: FTS5 over folded text, by words and by parts of words.

The file follows from the posts and can be thrown away: damaged, it is. Text is not stored in it,
only its index. Writes go through one thread that groups them, reads through another: twenty common
words take 7 ms over 10,000 posts and 60 ms over 100,000, too long for the caller's loop.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import queue
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal, cast

import apsw

from venire.kernel.errors import Unavailable
from venire.kernel.ports import Document
from venire.kernel.text import fold

_log = logging.getLogger(__name__)
_SCHEMA = """
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(
    text, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE IF NOT EXISTS parts USING fts5(
    text, content='', contentless_delete=1, tokenize='trigram');
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
"""
_PUT = tuple(
    f"INSERT OR REPLACE INTO {table} (rowid, text) VALUES (?, ?)"  # noqa: S608 - our own names
    for table in ("words", "parts")
)
_DROP = tuple(
    f"DELETE FROM {table} WHERE rowid = ?"  # noqa: S608 - same
    for table in ("words", "parts")
)
_THROUGH = (
    "INSERT INTO meta VALUES ('indexed_through', ?)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
_WORD = re.compile(r"[^\W_]")
_PART = 3
"""A trigram index knows nothing shorter."""
_TERMS = 64
_TERM_LENGTH = 200
_GROUP = 64
_CLOSE = object()

_Operation = Callable[[apsw.Connection], None]
_Job = tuple[_Operation, "asyncio.Future[None]", asyncio.AbstractEventLoop]


class SqliteIndex:
    """`kernel.ports.SearchIndex` in a file; give the folder's `search.db`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer = _open_or_replace(path)
        self._reader = _open(path)
        self._reader.execute("PRAGMA query_only = 1")
        self._readers = ThreadPoolExecutor(1, thread_name_prefix="search-reader")
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="search", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """Finish what is queued and close the file."""
        self._queue.put(_CLOSE)
        await asyncio.to_thread(self._thread.join)
        await asyncio.to_thread(self._readers.shutdown)
        self._reader.close()
        self._writer.close()

    # writing

    async def index(self, documents: Sequence[Document]) -> None:
        """See `SearchIndex.index`."""
        wanted = [(document.post_id, document.text) for document in documents]

        def write(connection: apsw.Connection) -> None:
            folded = [(post_id, fold(text).text) for post_id, text in wanted]
            for statement in _PUT:
                connection.executemany(statement, folded)

        await self._write(write)

    async def remove(self, post_ids: Sequence[int]) -> None:
        """See `SearchIndex.remove`."""
        gone = [(post_id,) for post_id in post_ids]

        def write(connection: apsw.Connection) -> None:
            for statement in _DROP:
                connection.executemany(statement, gone)

        await self._write(write)

    async def set_indexed_through(self, event_id: int) -> None:
        """See `SearchIndex.set_indexed_through`."""

        def write(connection: apsw.Connection) -> None:
            connection.execute(_THROUGH, (event_id,))

        await self._write(write)

    async def indexed_through(self) -> int:
        """See `SearchIndex.indexed_through`."""
        row = await self._rows("SELECT value FROM meta WHERE name = 'indexed_through'", ())
        return row[0] if row else 0

    async def _write(self, operation: _Operation) -> None:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._queue.put((operation, future, loop))
        await future

    def _work(self) -> None:
        while (job := self._queue.get()) is not _CLOSE:
            jobs: list[_Job] = [job]
            closing = False
            while len(jobs) < _GROUP and not closing:
                try:
                    job = self._queue.get_nowait()
                except queue.Empty:
                    break
                if job is _CLOSE:
                    closing = True
                else:
                    jobs.append(job)
            self._group(jobs)
            if closing:
                return

    def _group(self, jobs: Iterable[_Job]) -> None:
        """One transaction for all; should it fail, one for each, so that each hears its own."""
        jobs = list(jobs)
        try:
            _transact(self._writer, [operation for operation, _, _ in jobs])
            errors: list[Exception | None] = [None] * len(jobs)
        except Exception:  # noqa: BLE001 - each job's own error is told to its caller below
            errors = [_error_of(self._writer, operation) for operation, _, _ in jobs]
        for (_, future, loop), error in zip(jobs, errors, strict=True):
            try:
                loop.call_soon_threadsafe(_resolve, future, error)
            except RuntimeError:
                # The loop closed meanwhile: nobody is left to tell.
                continue

    # reading

    async def candidates(
        self, terms: Sequence[str], match: Literal["any", "all"], limit: int
    ) -> list[int]:
        """See `SearchIndex.candidates`: whole words first, then parts of words, each by BM25.

        Terms may be anything a person types; of more than 64 the first 64 count.
        """
        folded = _folded_terms(terms)
        if not folded or limit <= 0:
            return []
        found = await self._rows(*_words_query(folded, match, limit))
        if len(found) < limit:
            query = _parts_query(folded, match, limit)
            found += await self._rows(*query) if query is not None else []
        return list(itertools.islice(dict.fromkeys(found), limit))

    async def _rows(self, sql: str, parameters: tuple[Any, ...]) -> list[int]:
        loop = asyncio.get_running_loop()
        try:
            rows = await loop.run_in_executor(
                self._readers, lambda: self._reader.execute(sql, parameters).fetchall()
            )
        except (apsw.CorruptError, apsw.NotADBError, apsw.IOError) as error:
            _log.exception("search_damaged")
            _damage_note(self._path).touch()
            raise Unavailable("search_failing", "the search index cannot be read") from error
        return [cast("int", row[0]) for row in rows]


def _folded_terms(terms: Sequence[str]) -> list[str]:
    folded = (fold(term[:_TERM_LENGTH]).text.replace("\x00", "").strip() for term in terms[:_TERMS])
    # A sign by itself is neither a word nor a part that could be found: it asks for nothing.
    asked = (term for term in folded if len(term) >= _PART or _WORD.search(term))
    return list(dict.fromkeys(asked))


def _quoted(term: str) -> str:
    """A term as FTS5 reads a literal: nothing in it is syntax."""
    return '"' + term.replace('"', '""') + '"'


def _words_query(
    terms: Sequence[str], match: Literal["any", "all"], limit: int
) -> tuple[str, tuple[Any, ...]]:
    worded = [term for term in terms if _WORD.search(term)]
    if not worded or (match == "all" and len(worded) < len(terms)):
        # Signs are no words; as part of a text they may still be found.
        return "SELECT 0 WHERE FALSE", ()
    joined = (" OR " if match == "any" else " AND ").join(map(_quoted, worded))
    return "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank LIMIT ?", (joined, limit)


def _parts_query(
    terms: Sequence[str], match: Literal["any", "all"], limit: int
) -> tuple[str, tuple[Any, ...]] | None:
    """Texts that contain the terms anywhere; with `all`, shorter terms as whole words."""
    parts = [term for term in terms if len(term) >= _PART]
    short = [term for term in terms if len(term) < _PART]
    if not parts:
        return None
    if match == "any":
        joined = " OR ".join(map(_quoted, parts))
        return "SELECT rowid FROM parts WHERE parts MATCH ? ORDER BY rank LIMIT ?", (joined, limit)
    joined = " AND ".join(map(_quoted, parts))
    if not short:
        return "SELECT rowid FROM parts WHERE parts MATCH ? ORDER BY rank LIMIT ?", (joined, limit)
    # The plus keeps SQLite from asking the first index once for each row of the second, which made
    # "up" and "the" together take a second.
    both = (
        "SELECT rowid FROM parts WHERE parts MATCH ?"
        " AND +rowid IN (SELECT rowid FROM words WHERE words MATCH ?) ORDER BY rank LIMIT ?"
    )
    return both, (joined, " AND ".join(map(_quoted, short)), limit)


def _open(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path))
    # NORMAL: killed, the process loses nothing; a loss of power may take the last second, which
    # the next start finds out and fills from the posts.
    for pragma in (
        "busy_timeout = 5000",
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "mmap_size = 0",
        "cache_size = -32768",
        "temp_store = MEMORY",
        "trusted_schema = 0",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _open_or_replace(path: Path) -> apsw.Connection:
    connection: apsw.Connection | None = None
    try:
        connection = _open(path)
        sound = connection.execute("PRAGMA quick_check(1)").fetchall() == [("ok",)]
        if sound and not _damage_note(path).exists():
            connection.execute(_SCHEMA)
            return connection
    except (apsw.CorruptError, apsw.NotADBError, apsw.SQLError):
        # As telling as a quick_check that fails: it may not even get to its end.
        pass
    _log.warning("search_file_replaced")
    if connection is not None:
        connection.close()
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    _damage_note(path).unlink(missing_ok=True)
    connection = _open(path)
    connection.execute(_SCHEMA)
    return connection


def _damage_note(path: Path) -> Path:
    """Left by a read that met damage inside the index, where quick_check does not look."""
    return path.with_name(path.name + ".damaged")


def _transact(connection: apsw.Connection, operations: Iterable[_Operation]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for operation in operations:
            operation(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _error_of(connection: apsw.Connection, operation: _Operation) -> Exception | None:
    try:
        _transact(connection, [operation])
    except apsw.Error as error:
        _log.exception("search_write_failed")
        unavailable = Unavailable("search_failing", "the search index could not be written")
        unavailable.__cause__ = error
        return unavailable
    except Exception as error:  # noqa: BLE001 - told to the caller, whatever it is
        return error
    return None


def _resolve(future: asyncio.Future[None], error: Exception | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
