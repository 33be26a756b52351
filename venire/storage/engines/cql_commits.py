"""How a commit is written on CQL: at once, or decided by one guarded row and then finished."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from venire.kernel.errors import Unavailable
from venire.storage.engines.cql_claims import (
    DOUBT_S,
    BehindError,
    Claims,
    Decide,
    newest_stamp,
)
from venire.storage.engines.cql_driver import CqlDriver, InDoubtError
from venire.storage.engines.cql_journal import Draft, Journal
from venire.storage.engines.cql_statements import Found, guards, statements_for
from venire.storage.verbs import Key, Put, Write

T = TypeVar("T")
_CLOSE_S = 5.0
_BATCH_ROWS = 50

Texts = list[tuple[str, Sequence[Any]]]


class Commits:
    """The writes of one process; what has begun goes on where its caller has gone."""

    def __init__(self, driver: CqlDriver, journal: Journal, claims: Claims) -> None:
        self._driver = driver
        self._journal = journal
        self._stamps = journal.stamps
        self._claims = claims
        self._tasks: set[asyncio.Task[Any]] = set()
        claims.finish = self.finish

    async def close(self) -> bool:
        """Wait for what is under way; say whether all of it was done."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_CLOSE_S)
        clean = not self._tasks and self._stamps.idle()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        return clean

    async def plain(self, draft: Draft) -> None:
        """Write a commit without a guarded row: one logged batch."""
        await asyncio.shield(self._begin(self._plain(draft)))

    async def guarded(
        self, draft: Draft, anchor: Write, decide: Decide, *, absent: bool = False
    ) -> Found | None:
        """Move the anchor, which decides the commit, then write the rest of it.

        Returns None when it moved, else what stands there instead. `absent` guesses that nothing
        does.
        """
        return await asyncio.shield(
            self._begin(self._in_turn(draft, anchor, decide, absent=absent))
        )

    async def write(
        self,
        writes: Sequence[tuple[str, Sequence[Any]]],
        at_us: int,
        *,
        decided: bool = False,
        place: int | None = None,
        logged: bool = True,
    ) -> None:
        """Write a batch, again and again while it is in doubt: it has one timestamp.

        `decided`: it must be written, whatever happens now. Raises Unavailable.
        """
        loop = asyncio.get_running_loop()
        until_s, pause_s = loop.time() + DOUBT_S, 0.05
        doubted = decided
        while True:
            try:
                await self._driver.batch(writes, at_us, logged=logged)
            except InDoubtError:
                doubted = True
            except Unavailable as problem:
                if not doubted or problem.code == "storage_refused":
                    raise
            else:
                return
            if loop.time() > until_s:
                # It may yet appear: nobody may read past its place in the journal until then.
                self._stamps.linger(at_us if place is None else place, self._journal.silent_s)
                raise Unavailable("storage_in_doubt", "the cluster did not say whether it wrote")
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, 1.0)

    async def fill(
        self, writes: Sequence[Write], stamp: int, now_ms: int, gate: asyncio.Semaphore
    ) -> None:
        """Write rows of rebuildable tables, those of one partition together."""
        partitions: dict[tuple[str, Key], list[Write]] = {}
        for write in writes:
            key = write.table.key_of(write.row)
            name = (write.table.name, key[: len(write.table.partition)])
            partitions.setdefault(name, []).append(write)

        async def one(part: Sequence[Write]) -> None:
            async with gate:
                await self.write(texts_of(part, now_ms), stamp, logged=False)

        await asyncio.gather(
            *(
                one(part[start : start + _BATCH_ROWS])
                for part in partitions.values()
                for start in range(0, len(part), _BATCH_ROWS)
            )
        )

    async def finish(self, draft: Draft, place: int, anchor: Write) -> None:
        """Write the rest of a decided commit. May be repeated, by any process."""
        moved = (anchor.table.name, anchor.table.key_of(anchor.row))
        for write in draft.writes:
            same = (write.table.name, write.table.key_of(write.row)) == moved
            if guards(write.table) and not same:
                await self._claims.follow(write.table, draft, write)
        texts = [*texts_of(draft.writes, draft.at_ms), *self._journal.entry(draft, place)]
        await self.write(texts, draft.stamp, decided=True, place=place)
        self._journal.written(place)

    async def _plain(self, draft: Draft) -> None:
        await self._journal.check_heard()
        with self._stamps.under_way() as stamp:
            entry = self._journal.entry(draft, stamp)
            await self.write([*texts_of(draft.writes, draft.at_ms), *entry], stamp)
            self._journal.written(stamp)

    async def _in_turn(
        self, draft: Draft, anchor: Write, decide: Decide, *, absent: bool
    ) -> Found | None:
        above = 0
        await self._journal.check_heard()
        async with self._claims.turn(anchor.table, anchor.table.key_of(anchor.row)):
            while True:
                try:
                    return await self._moved(draft, anchor, decide, absent=absent, above=above)
                except BehindError as behind:
                    above = behind.stamp

    async def _moved(
        self, draft: Draft, anchor: Write, decide: Decide, *, absent: bool, above: int
    ) -> Found | None:
        table, key = anchor.table, anchor.table.key_of(anchor.row)
        with self._stamps.under_way(above) as stamp:
            draft = dataclasses.replace(draft, claim=self._claims.claim(stamp))
            for write in draft.writes:
                if guards(write.table) and write is not anchor:
                    await self._check_ahead(write, stamp)
            there = await self._claims.move(table, key, draft, decide, absent=absent)
            if there is None:
                async with self._claims.finishing(draft.claim):
                    await self.finish(draft, stamp, anchor)
                clearing = self._begin(self._claims.clear(table, key, draft.claim))
                clearing.set_name("cql-clear")
            return there

    async def _check_ahead(self, write: Write, stamp: int) -> None:
        """Our stamp must be above that of every row to be moved, or ours would be the older."""
        found = await self._claims.find(write.table, write.table.key_of(write.row))
        if (newest := newest_stamp(found.claims)) >= stamp:
            raise BehindError(newest)

    def _begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(_retrieved)
        return task


def texts_of(writes: Sequence[Write], now_ms: int) -> Texts:
    """The statements of the writes that no condition guards."""
    texts: Texts = []
    for write in writes:
        statements = statements_for(write.table)
        if statements.guarded:
            continue
        if isinstance(write, Put):
            bound = statements.bind_put(write.row, write.expires_at_ms, now_ms)
            texts.append((statements.put, bound))
        else:
            texts.append((statements.delete, write.table.key_of(write.row)))
    return texts


def _retrieved(task: asyncio.Task[Any]) -> None:
    """Its caller may have gone, and nobody else waits for what it raised."""
    if not task.cancelled():
        task.exception()
