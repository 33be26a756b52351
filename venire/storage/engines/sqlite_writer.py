"""One writer thread per file: many callers, one transaction, one sync to disk.

Alone, a durable write costs a sync (about 130 a second here); grouped they share it (6,000 to
28,000 a second). A future is resolved after COMMIT, never before.
"""

from __future__ import annotations

import asyncio
import fcntl
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import apsw

from venire.kernel.errors import Problem, Unavailable

T = TypeVar("T")
Operation = Callable[[apsw.Connection], Any]

_GROUP = 512
_CLOSE = object()


class _Job:
    __slots__ = ("future", "journaled", "loop", "operation", "result", "thrown")

    def __init__(
        self,
        operation: Operation,
        future: asyncio.Future[Any],
        loop: asyncio.AbstractEventLoop,
        *,
        journaled: bool,
    ) -> None:
        self.operation = operation
        self.journaled = journaled
        self.future = future
        self.loop = loop
        self.result: Any = None
        self.thrown: BaseException | None = None

    def run(self, connection: apsw.Connection) -> None:
        """Run inside the group's transaction. A Problem is an answer: raised before any write."""
        try:
            self.result = self.operation(connection)
        except Problem as problem:
            self.thrown = problem

    def resolve(self) -> None:
        """Hand the answer to the waiting caller, who may have gone."""
        if self.future.done():
            return
        if self.thrown is not None:
            self.future.set_exception(self.thrown)
        else:
            self.future.set_result(self.result)


class Writer:
    """Serialises every write to one SQLite file.

    Operations must check before they write: a Problem they raise is reported to their caller alone
    and the group goes on. Any other error rolls the group back and each job is run by itself.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        lock: Path,
        *,
        after: Callable[[], None] | None = None,
        refusal: Callable[[apsw.Connection], Problem | None] = lambda _connection: None,
    ) -> None:
        self._connection = connection
        self._refusal = refusal
        self._lock = lock.open("ab")
        self._after = after
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name=f"writer:{lock.stem}", daemon=True)
        self._thread.start()

    async def run(self, operation: Callable[[apsw.Connection], T], *, journaled: bool = True) -> T:
        """Run an operation in the next group; return its result once it is durable.

        One that is `journaled` gets the refusal instead, where there is one at that moment.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        with self._gate:
            # Behind the closing mark nobody would ever answer.
            if self._closed:
                raise Unavailable("storage_closed", "the site is stopping")
            self._queue.put(_Job(operation, future, loop, journaled=journaled))
        return await future

    def close(self) -> None:
        """Finish what is queued, then stop."""
        with self._gate:
            if self._closed:
                return
            self._closed = True
            self._queue.put(_CLOSE)
        self._thread.join()
        self._lock.close()

    def _work(self) -> None:
        while (first := self._queue.get()) is not _CLOSE:
            jobs = [first]
            closing = False
            while len(jobs) < _GROUP:
                try:
                    job = self._queue.get_nowait()
                except queue.Empty:
                    break
                if job is _CLOSE:
                    closing = True
                    break
                jobs.append(job)
            self._group(jobs)
            if closing:
                return

    def _group(self, jobs: list[_Job]) -> None:
        try:
            self._transact(jobs)
        except Exception:  # noqa: BLE001 - one bad job must not fail its neighbours
            for job in jobs:
                job.thrown = None
                try:
                    self._transact([job])
                except Exception as error:  # noqa: BLE001 - the caller must hear of it, whatever it is
                    job.thrown = _translate(error)
        if self._after is not None:
            self._after()
        for loop in {job.loop for job in jobs}:
            answers = [job for job in jobs if job.loop is loop]
            try:
                loop.call_soon_threadsafe(_resolve_all, answers)
            except RuntimeError:
                # The loop closed while this was being written: nobody is left to tell.
                continue

    def _transact(self, jobs: list[_Job]) -> None:
        # The lock comes before BEGIN: SQLite's own busy handler sleeps and retries, which made two
        # processes wait 1.1 s where the lock makes them wait 9 ms.
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                refusal = self._refusal(self._connection)
                for job in jobs:
                    if refusal is not None and job.journaled:
                        job.thrown = refusal
                    else:
                        job.run(self._connection)
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)


def _resolve_all(jobs: list[_Job]) -> None:
    for job in jobs:
        job.resolve()


def _translate(error: Exception) -> Exception:
    if isinstance(error, apsw.FullError | apsw.IOError | apsw.ReadOnlyError | apsw.CantOpenError):
        return Unavailable("storage_full_or_failing", "the disk refused a write; nothing was lost")
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return Unavailable("storage_busy", "another program holds the data file; try again")
    return error
