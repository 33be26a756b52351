"""A search index in one SQLite file: FTS5 over folded text, by words and by parts of words.

The file follows from the posts and can be thrown away: damaged, it is. Text is not stored in it,
only its index. Listed posts are in `words` and `parts`, those with readers in `library` alone,
which locating never asks. Writes go through one thread that groups them. Members' searches read on
the caller's loop while the whole file fits a small cache (0.1 to 0.3 ms), else through a thread;
locating through one of its own: twenty common words take 7 ms over 10,000 posts, 60 ms over
100,000.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import queue
import threading
from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

import apsw

from venire.adapters.search import sqlite_queries as queries
from venire.adapters.search.sqlite_file import (
    Lock,
    connect_reader,
    damage_note,
    open_or_replace,
)
from venire.adapters.search.sqlite_tidying import Tidying
from venire.kernel.errors import Unavailable
from venire.kernel.ports import Document, Sought

T = TypeVar("T")

_log = logging.getLogger(__name__)
_PUT_LISTED = (
    "INSERT OR REPLACE INTO words (rowid, text, marks) VALUES (?, ?, ?)",
    "INSERT OR REPLACE INTO parts (rowid, text) VALUES (?, ?)",
)
_PUT_OWN = "INSERT OR REPLACE INTO library (rowid, text, marks) VALUES (?, ?, ?)"
_DROP = tuple(
    f"DELETE FROM {table} WHERE rowid = ?"  # noqa: S608 - our own names
    for table in ("words", "parts", "library")
)
_PUT_TAG = (
    "INSERT INTO tags VALUES (?, ?)"
    " ON CONFLICT (name) DO UPDATE SET last_id = max(last_id, excluded.last_id)"
)
_TAGS_OF = "SELECT name FROM tags WHERE last_id = ?"
_NEWEST_OF_TAG = "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid DESC LIMIT 1"
_THROUGH = (
    "INSERT INTO meta VALUES ('indexed_through', ?)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
_GROUP = 64
_NEAR_KIB = 16_384
_NEAR_MOST = 64 * 1024 * 1024
_TAG_STEM = 3
_TAG_RANGE = 500
_CLOSE = object()
_ANSWERS_MOST = 512

_Operation = Callable[[apsw.Connection], None]
_Job = tuple[_Operation, "asyncio.Future[None]", asyncio.AbstractEventLoop]


class SqliteIndex:
    """`kernel.ports.SearchIndex` in a file; give the folder's `search.db`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock(path)
        try:
            self._writer = open_or_replace(path, self._lock)
        except BaseException:
            self._lock.close()
            raise
        self._near = connect_reader(path, _NEAR_KIB)
        self._far = connect_reader(path, 8_192)
        self._searchers = ThreadPoolExecutor(1, thread_name_prefix="search-member")
        self._reader = connect_reader(path, 8_192)
        self._readers = ThreadPoolExecutor(1, thread_name_prefix="search-reader")
        self._asked = 0
        self._answers: dict[Hashable, list[int]] = {}
        self._answered = -1
        self._small = True
        self._tidy = Tidying(path)
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="search", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """Finish what is queued and close the file."""
        self._queue.put(_CLOSE)
        await asyncio.to_thread(self._thread.join)
        for readers in (self._readers, self._searchers):
            await asyncio.to_thread(readers.shutdown)
        for connection in (self._near, self._far, self._reader, self._writer):
            connection.close()
        self._lock.close()

    # writing

    async def index(self, documents: Sequence[Document]) -> None:
        """See `SearchIndex.index`."""
        wanted = list(documents)

        def write(connection: apsw.Connection) -> None:
            for document in wanted:
                _put(connection, document)
            self._tidy.grown += len(wanted)

        await self._write(write)

    async def remove(self, post_ids: Sequence[int]) -> None:
        """See `SearchIndex.remove`."""
        gone = list(post_ids)

        def write(connection: apsw.Connection) -> None:
            for post_id in gone:
                loose = _tags_of(connection, post_id)
                for statement in _DROP:
                    connection.execute(statement, (post_id,))
                _tie_again(connection, loose)

        await self._write(write)

    async def set_indexed_through(self, event_id: int) -> None:
        """See `SearchIndex.set_indexed_through`."""

        def write(connection: apsw.Connection) -> None:
            connection.execute(_THROUGH, (event_id,))

        await self._write(write)

    async def indexed_through(self) -> int:
        """See `SearchIndex.indexed_through`."""
        sql = "SELECT value FROM meta WHERE name = 'indexed_through'"
        row = self._guarded(lambda: self._near.execute(sql).fetchone())
        return 0 if row is None else cast("int", row[0])

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
            self._tidy.go_on(self._writer, self._queue.empty)

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
        folded = queries.folded_terms(terms)
        if not folded or limit <= 0:
            return []
        found = await self._rows(queries.words_query(folded, match, limit))
        if len(found) < limit:
            found += await self._rows(queries.parts_query(folded, match, limit))
        return list(itertools.islice(dict.fromkeys(found), limit))

    async def _rows(self, statement: queries.Statement | None) -> list[int]:
        if statement is None:
            return []
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._readers, self._guarded, lambda: _ids(self._reader, statement)
        )

    async def search(self, sought: Sought, limit: int) -> list[int]:
        """See `SearchIndex.search`.

        Of what fits, 10,000 posts at most are looked through for ids in `within`.
        """
        if limit <= 0:
            return []
        return await self._ask(
            (sought, limit), lambda connection: _search(connection, sought, limit)
        )

    async def part_matches(self, texts: Sequence[str], limit: int) -> list[int]:
        """See `SearchIndex.part_matches`."""
        statement = queries.newest_parts(texts, limit)
        if statement is None or limit <= 0:
            return []
        key = (tuple(texts), limit)
        return await self._ask(key, lambda connection: _ids(connection, statement))

    async def tags(self, start: str, limit: int) -> list[str]:
        """See `SearchIndex.tags`. Of more than 500 longer than three letters, the first 500."""
        if not start or limit <= 0:
            return []
        return self._guarded(lambda: _tags(self._near, start, limit))

    async def _ask(self, key: Hashable, read: Callable[[apsw.Connection], list[int]]) -> list[int]:
        """Answer a question; the same one again, with nothing indexed since, is not asked twice.

        That is how people turn pages, and how many look for what everyone talks about.
        """
        version = int(self._near.pragma("data_version"))
        if version != self._answered:
            self._answered = version
            self._answers.clear()
        there = self._answers.get(key)
        if there is None:
            there = await self._read(read)
            if len(self._answers) >= _ANSWERS_MOST:
                self._answers.clear()
            if self._answered == version:
                self._answers[key] = there
        return list(there)

    async def _read(self, read: Callable[[apsw.Connection], list[int]]) -> list[int]:
        if self._asked % 256 == 0:
            self._small = self._path.stat().st_size <= _NEAR_MOST
        self._asked += 1
        if self._small:
            # The hop to a thread and back would cost as much as the question.
            return self._guarded(lambda: read(self._near))
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._searchers, self._guarded, lambda: read(self._far))

    def _guarded(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except (apsw.CorruptError, apsw.NotADBError, apsw.IOError) as error:
            _log.exception("search_damaged")
            damage_note(self._path).touch()
            raise Unavailable("search_failing", "the search index cannot be read") from error


def _put(connection: apsw.Connection, document: Document) -> None:
    post_id = document.post_id
    loose = _tags_of(connection, post_id)
    marks = queries.marks_of(document)
    whole = f"{document.text}\n{document.more}" if document.more else document.text
    if document.readers is None:
        words, parts = _PUT_LISTED
        folded = queries.folded(document.text)
        more = queries.folded(document.more)
        connection.execute(words, (post_id, queries.apart(f"{folded}\n{more}"), marks))
        connection.execute(parts, (post_id, folded))
    else:
        connection.execute(_PUT_OWN, (post_id, queries.apart(queries.folded(whole)), marks))
    for name in document.tags:
        connection.execute(_PUT_TAG, (name, post_id))
    _tie_again(connection, loose - set(document.tags))


def _tags_of(connection: apsw.Connection, post_id: int) -> set[str]:
    """The tags of which a post is the newest."""
    return {cast("str", row[0]) for row in connection.execute(_TAGS_OF, (post_id,))}


def _tie_again(connection: apsw.Connection, names: Iterable[str]) -> None:
    """Tags that lost their newest post: tied to the next one, or gone with the last."""
    for name in names:
        token = queries.quoted(queries.tag_token(name))
        row = connection.execute(_NEWEST_OF_TAG, (token,)).fetchone()
        if row is None:
            connection.execute("DELETE FROM tags WHERE name = ?", (name,))
        else:
            connection.execute("UPDATE tags SET last_id = ? WHERE name = ?", (row[0], name))


def _ids(connection: apsw.Connection, statement: queries.Statement) -> list[int]:
    return [cast("int", row[0]) for row in connection.execute(*statement)]


def _search(connection: apsw.Connection, sought: Sought, limit: int) -> list[int]:
    found = {
        post_id
        for statement in queries.listings(sought, limit)
        for post_id in _ids(connection, statement)
    }
    ordered = sorted(found, reverse=not sought.rising)[:limit]
    if sought.within:
        furthest = ordered[-1] if len(ordered) == limit else None
        for statement in queries.kept_listings(sought, furthest):
            kept = (one for one in _ids(connection, statement) if one in sought.within)
            found.update(itertools.islice(kept, limit))
        ordered = sorted(found, reverse=not sought.rising)[:limit]
    return ordered


def _tags(connection: apsw.Connection, start: str, limit: int) -> list[str]:
    stem = start[:_TAG_STEM]
    end = start + "\U0010ffff"
    if len(start) <= _TAG_STEM:
        sql = (
            f"SELECT name FROM tags WHERE substr(name, 1, {len(stem)}) = ?"  # noqa: S608 - a number
            " ORDER BY last_id DESC LIMIT ?"
        )
        rows = connection.execute(sql, (stem, limit)).fetchall()
    else:
        sql = (
            "SELECT name FROM (SELECT name, last_id FROM tags WHERE name >= ? AND name < ? LIMIT ?)"
            " ORDER BY last_id DESC LIMIT ?"
        )
        rows = connection.execute(sql, (start, end, _TAG_RANGE, limit)).fetchall()
    exact = connection.execute("SELECT name FROM tags WHERE name = ?", (start,)).fetchall()
    return list(dict.fromkeys(cast("str", row[0]) for row in [*exact, *rows]))[:limit]


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
