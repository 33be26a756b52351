"""The outbox on CQL: who writes where in it, how far it may be read, and in which order.

A commit's place in the journal is its *stamp*: microseconds, unique among all processes, rising
within each. It is the timestamp of the commit's rows too, so the order in which events are told is
the order in which rows replace each other. Partitions are (shard, minute), a shard for each
process; `outbox_minutes` lists those that hold anything.

A reader must not pass a place where a commit is still to appear. Each process therefore says five
times a second below which stamp it has nothing under way (`writers`), and is believed: a page ends
at the lowest of these. A process that falls silent holds the others up until it has been silent for
`silent_s`, after which what it left under way is settled (a logged batch is replayed by then).
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import msgspec

from venire.events import Event
from venire.kernel.clock import Clock
from venire.kernel.errors import Unavailable
from venire.storage.engines.cql_driver import UNSET, CqlDriver, InDoubtError
from venire.storage.verbs import Write

_log = logging.getLogger(__name__)
_EVENTS = msgspec.msgpack.Decoder(list[tuple[int, Event]])
_NODES = 32
MINUTE_US = 60_000_000
DAY_US = 86_400_000_000
PAGE = 500
_REMEMBERED = 8
CLAIM_BYTES = 16
BEAT_S = 0.2
FRESH_S = 0.5
JOIN_S = 2.0
"""A process that joins waits as long before its first commit: all others have seen it by then, if
their clocks are within a second of its own."""

TABLES = (
    (
        'CREATE TABLE IF NOT EXISTS "outbox" ("shard" bigint, "minute" bigint, "sequence" bigint,'
        ' "at_ms" bigint, "aggregate" text, "events" blob, "writes" blob,'
        ' PRIMARY KEY (("shard", "minute"), "sequence"))'
    ),
    (
        'CREATE TABLE IF NOT EXISTS "outbox_minutes" ("day" bigint, "minute" bigint,'
        ' "shard" bigint, PRIMARY KEY (("day"), "minute", "shard"))'
    ),
    'CREATE TABLE IF NOT EXISTS "cursors" ("name" text PRIMARY KEY, "position" bigint)',
    (
        'CREATE TABLE IF NOT EXISTS "writers" ("all" bigint, "writer" blob, "low" bigint,'
        ' "beat" bigint, "commits" bigint, PRIMARY KEY (("all"), "writer"))'
    ),
)
_APPEND = (
    'INSERT INTO "outbox" ("shard", "minute", "sequence", "at_ms", "aggregate", "events", "writes")'
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_LIST = 'INSERT INTO "outbox_minutes" ("day", "minute", "shard") VALUES (?, ?, ?)'
MINUTES = 'SELECT "minute", "shard" FROM "outbox_minutes" WHERE "day" = ? AND "minute" >= ?'
_DROP = 'DELETE FROM "outbox" WHERE "shard" = ? AND "minute" = ?'
_UNLIST = 'DELETE FROM "outbox_minutes" WHERE "day" = ? AND "minute" = ? AND "shard" = ?'
_READ = (
    'SELECT "sequence", "at_ms", "aggregate", "events" FROM "outbox"'
    ' WHERE "shard" = ? AND "minute" = ? AND "sequence" > ? AND "sequence" <= ?'
)
_BEAT = 'INSERT INTO "writers" ("all", "writer", "low", "beat", "commits") VALUES (0, ?, ?, ?, ?)'
_WRITERS = 'SELECT "writer", "low", "beat", "commits" FROM "writers" WHERE "all" = 0'
_LEAVE = 'DELETE FROM "writers" WHERE "all" = 0 AND "writer" = ?'
_SET_CURSOR = 'INSERT INTO "cursors" ("name", "position") VALUES (?, ?)'
_CURSOR = 'SELECT "position" FROM "cursors" WHERE "name" = ?'


@dataclasses.dataclass(frozen=True)
class Draft:
    """A commit on its way: its claim, and everything that must be written for it."""

    claim: bytes
    at_ms: int
    aggregate: str
    told: bytes | None
    journal: bytes
    writes: tuple[Write, ...]

    @property
    def stamp(self) -> int:
        """Its timestamp, and its place in the journal unless another finishes it."""
        return int.from_bytes(self.claim[:8], "big")

    def encode(self) -> bytes:
        """The intent: the writes are those of the journal entry."""
        rest = (self.at_ms, self.aggregate, self.told, self.journal)
        return self.claim + msgspec.msgpack.encode(rest)


class Stamps:
    """Places in the journal, drawn by one process, and which of them are still under way."""

    def __init__(self, clock: Clock, node: int) -> None:
        self._clock = clock
        self.node = node
        self._last = 0
        self._under_way: set[int] = set()
        self._in_doubt: set[int] = set()

    def raise_floor(self, stamp: int) -> None:
        """Draw nothing at or below a stamp that is known to be used."""
        self._last = max(self._last, stamp // _NODES * _NODES + _NODES + self.node)

    def draw(self, above: int = 0) -> int:
        """The next stamp; higher than all before it, of this process alone."""
        self.raise_floor(above)
        now = self._clock.now_ms() * 1000 // _NODES * _NODES + self.node
        self._last = max(self._last + _NODES, now)
        return self._last

    @contextlib.contextmanager
    def under_way(self, above: int = 0) -> Iterator[int]:
        """A stamp whose commit is not decided before the block ends."""
        stamp = self.draw(above)
        self._under_way.add(stamp)
        try:
            yield stamp
        finally:
            if stamp not in self._in_doubt:
                self._under_way.discard(stamp)

    def linger(self, stamp: int, for_s: float) -> None:
        """What was written at this stamp may still appear, for so long."""
        self._in_doubt.add(stamp)
        asyncio.get_running_loop().call_later(for_s, self._let_go, stamp)

    def _let_go(self, stamp: int) -> None:
        self._in_doubt.discard(stamp)
        self._under_way.discard(stamp)

    def idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._under_way

    def low(self) -> int:
        """Nothing at or below this appears any more that is not there."""
        if self._under_way:
            return min(self._under_way) - 1
        return self.draw()


@dataclasses.dataclass(frozen=True)
class _Seen:
    """Another process, as it was last heard of; silent for so long while we listened."""

    beat: int
    low: int
    commits: int
    silent_s: float = 0.0


class Journal:
    """The outbox of one process, and what it knows of the other processes."""

    def __init__(
        self, driver: CqlDriver, stamps: Stamps, writer: bytes, first_us: int, silent_s: float
    ) -> None:
        self._driver = driver
        self.stamps = stamps
        self._writer = writer
        self.first_us = first_us
        self.silent_s = silent_s
        self._others: dict[bytes, _Seen] = {}
        self._heard_s = 0.0
        self._beaten_s = 0.0
        self._beats = 0
        self._commits = 0
        self.newest_own = 0
        self._listed: set[int] = set()
        self._beating: asyncio.Task[None] | None = None

    # who else writes

    async def join(self) -> None:
        """Make this process known to the others, then begin to commit."""
        await self._beat()
        await self._listen()
        if self._others:
            await asyncio.sleep(JOIN_S)
            await self._listen()
            self.stamps.raise_floor(max((one.low for one in self._others.values()), default=0))
        self._beating = asyncio.create_task(self._keep_beating(), name="cql-journal")

    async def leave(self, *, clean: bool) -> None:
        """Stop; not clean: something is still under way, the others must wait for it."""
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.gather(self._beating, return_exceptions=True)
        if clean:
            with contextlib.suppress(Unavailable, InDoubtError):
                await self._driver.execute(_LEAVE, (self._writer,), at_us=self.stamps.draw())

    async def _keep_beating(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                await self._beat()
                await self._listen()
            except (Unavailable, InDoubtError):
                # Unheard we hold the others up, and tell nothing ourselves; both are safe.
                continue

    async def check_heard(self) -> None:
        """Before a commit: a process that was stopped for long is no longer waited for."""
        if asyncio.get_running_loop().time() - self._beaten_s > self.silent_s / 3:
            try:
                await self._beat()
            except InDoubtError as error:
                raise Unavailable("storage_unavailable", "the cluster does not answer") from error
            await asyncio.sleep(JOIN_S)

    async def _beat(self) -> None:
        self._beats += 1
        # The low is taken first: what begins while this is written lies above it.
        values = (self._writer, self.stamps.low(), self._beats, self._commits)
        began_s = asyncio.get_running_loop().time()
        await self._driver.execute(_BEAT, values, at_us=self.stamps.draw())
        self._beaten_s = began_s

    async def _listen(self) -> None:
        now_s = asyncio.get_running_loop().time()
        rows = await self._driver.execute(_WRITERS)
        # While the cluster was away nobody could be heard: that is not their silence.
        listened_s = min(now_s - self._heard_s, JOIN_S)
        heard: dict[bytes, _Seen] = {}
        for writer, low, beat, commits in rows:
            if writer == self._writer:
                continue
            before = self._others.get(writer)
            if before is None or before.beat != beat:
                heard[writer] = _Seen(beat, low, commits)
            elif before.silent_s + listened_s < self.silent_s:
                silent_s = before.silent_s + listened_s
                heard[writer] = dataclasses.replace(before, silent_s=silent_s)
            else:
                _log.warning("writer_silent", extra={"writer": writer.hex()})
                at_us = self.stamps.draw()
                await self._driver.execute(_LEAVE, (writer,), at_us=at_us)
        self._others, self._heard_s = heard, now_s

    async def safe(self) -> int:
        """The highest place that may be read: below it nothing is to come."""
        own = self.stamps.low()
        if asyncio.get_running_loop().time() - self._heard_s > FRESH_S:
            await self._listen()
        return min([own, *(one.low for one in self._others.values())])

    def commits(self) -> int:
        """A number that changes when any process has committed, as far as heard."""
        return self._commits + sum(one.commits for one in self._others.values())

    # writing

    def entry(self, draft: Draft, place: int) -> list[tuple[str, tuple[Any, ...]]]:
        """The statements that write a commit's row of the outbox."""
        shard, minute = place % _NODES, place // MINUTE_US
        told = UNSET if draft.told is None else draft.told
        where = (shard, minute, place)
        row = (*where, draft.at_ms, draft.aggregate, told, draft.journal)
        statements: list[tuple[str, tuple[Any, ...]]] = [(_APPEND, row)]
        if minute not in self._listed:
            statements.append((_LIST, (place // DAY_US, minute, shard)))
        return statements

    def written(self, place: int) -> None:
        """A commit at this place is in the outbox."""
        self._listed.add(place // MINUTE_US)
        if len(self._listed) > _REMEMBERED:
            self._listed.discard(min(self._listed))
        self._commits += 1
        self.newest_own = max(self.newest_own, place)

    # reading

    async def all_rows(self, text: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """Every row of a select."""
        rows, state = await self._driver.page(text, values, PAGE)
        while state is not None:
            more, state = await self._driver.page(text, values, PAGE, state)
            rows += more
        return rows

    async def newest(self) -> tuple[int, int]:
        """The last place used and the last event id told; zeros on a new site."""
        now = self.stamps.draw()
        place = 0
        for day in range(now // DAY_US + 1, self.first_us // DAY_US - 1, -1):
            minutes = await self.all_rows(MINUTES, (day, 0))
            for minute in sorted({minute for minute, _ in minutes}, reverse=True):
                shards = [shard for at, shard in minutes if at == minute]
                values = [(shard, minute, 0, (1 << 63) - 1) for shard in shards]
                found = [row for one in values for row in await self.all_rows(_READ, one)]
                place = max([place, *(row[0] for row in found)])
                told = [row for row in found if row[3] is not None]
                if told:
                    return place, max(i for row in told for i, _ in _EVENTS.decode(row[3]))
        return place, 0

    # cursors

    async def position(self, cursor: str) -> int:
        """See `Storage.position`."""
        rows = await self._driver.execute(_CURSOR, (cursor,))
        return int(rows[0][0]) if rows else 0

    def cursor(self, cursor: str, position: int) -> tuple[str, tuple[Any, ...]]:
        """The statement that moves a cursor."""
        return _SET_CURSOR, (cursor, position)

    async def prune(
        self, before_ms: int, limit: int, write: Callable[[list[Any], int], Awaitable[None]]
    ) -> tuple[int, int]:
        """Drop whole minutes that every cursor has passed, at most `limit` partitions.

        Returns how many, and the place below which none is left.
        """
        positions = [row[0] for row in await self.all_rows('SELECT "position" FROM "cursors"', ())]
        upto = min([*positions, before_ms * 1000], default=0) // MINUTE_US
        gone = 0
        days = range(self.first_us // DAY_US, upto * MINUTE_US // DAY_US + 1)
        for day in days if positions else ():
            for minute, shard in await self.all_rows(MINUTES, (day, 0)):
                if minute >= upto:
                    break
                if gone >= limit:
                    return gone, self.first_us
                drops: list[Any] = [(_DROP, (shard, minute)), (_UNLIST, (day, minute, shard))]
                await write(drops, self.stamps.draw())
                gone += 1
            self.first_us = max(self.first_us, min((day + 1) * DAY_US, upto * MINUTE_US))
        return gone, self.first_us
