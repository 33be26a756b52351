"""Guarded rows: moved by lightweight transactions alone, each carrying what is still to be done.

A guarded row holds `guard_claims`, who moved it (its last eight movers, newest first), and
`guard_intent`, the rest of the mover's commit: its other rows, its events, its journal entry. A
mover compares the claims it read; who wins writes the rest, then takes the intent away. Whoever
finds an intent on the way waits a moment for its owner, then finishes it: so a commit whose writer
died is whole or was never there.

A lightweight transaction that was not answered may have been applied (37 to 61 of 100 had been,
measured under contention). Then the row is read again at SERIAL and the claims say whether ours is
among them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from venire.kernel.chance import Chance
from venire.kernel.clock import Clock
from venire.kernel.errors import Unavailable
from venire.storage.engines.cql_driver import UNSET, CqlDriver, InDoubtError
from venire.storage.engines.cql_journal import CLAIM_BYTES, Draft, Stamps
from venire.storage.engines.cql_statements import (
    FOR_GOOD,
    GONE_S,
    Found,
    statements_for,
    time_to_live_s,
)
from venire.storage.verbs import Delete, Key, Put, Table, Value, Write

_log = logging.getLogger(__name__)
_TRAIL = 8
DOUBT_S = 15.0
"""How long a caller waits for the outcome of a write that was not answered."""
GRACE_S = 1.0
"""How long a reader leaves an intent to the process that wrote it."""

Decide = Callable[[Found], Write | None]


class BehindError(Exception):
    """The row was moved at a later stamp than ours: draw another one above it."""

    def __init__(self, stamp: int) -> None:
        super().__init__(stamp)
        self.stamp = stamp


Finish = Callable[[Draft, int, Write], Awaitable[None]]


class Claims:
    """The guarded rows of one process."""

    def __init__(
        self,
        driver: CqlDriver,
        clock: Clock,
        stamps: Stamps,
        *,
        chance: Chance,
        tables: Mapping[str, Table[Any]],
        defaults: Mapping[str, Mapping[str, Value]],
    ) -> None:
        self._driver = driver
        self._clock = clock
        self._stamps = stamps
        self._chance = chance
        self._tables = tables
        self._defaults = defaults
        self._locks: weakref.WeakValueDictionary[Any, asyncio.Lock] = weakref.WeakValueDictionary()
        self._mine: dict[bytes, asyncio.Event] = {}
        self._done: set[bytes] = set()
        self.grace_s = GRACE_S
        self.finish: Finish

    def claim(self, stamp: int) -> bytes:
        """A claim that nobody else can make."""
        return stamp.to_bytes(8, "big") + self._chance.token(8)

    @contextlib.asynccontextmanager
    async def turn(self, table: Table[Any], key: Key) -> AsyncIterator[None]:
        """One at a time within this process: contention is what makes these transactions dear."""
        name = (table.name, key[: len(table.partition)])
        lock = self._locks.get(name)
        if lock is None:
            self._locks[name] = lock = asyncio.Lock()
        async with lock:
            yield

    # reading

    def read(self, table: Table[Any], values: tuple[Any, ...]) -> Found:
        """What a selected row holds."""
        return statements_for(table).read(values, self._defaults.get(table.name, {}))

    async def find(self, table: Table[Any], key: Key, *, serial: bool = False) -> Found:
        """The row as it lies there, its intent included."""
        rows = await self._driver.execute(statements_for(table).get, key, serial=serial)
        return self.read(table, rows[0]) if rows else Found(None, None)

    async def settled(
        self, table: Table[Any], key: Key, found: Found | None = None, *, serial: bool = False
    ) -> Found:
        """The row once nothing of its last mover's commit is left to be written."""
        if found is None:
            found = await self.find(table, key, serial=serial)
        loop = asyncio.get_running_loop()
        pause_s, until_s, claims = 0.002, loop.time() + self.grace_s, found.claims
        while found.intent is not None:
            claim = found.intent[:CLAIM_BYTES]
            if claim in self._done:
                break
            if claim in self._mine:
                await self._mine[claim].wait()
            elif loop.time() < until_s:
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, 0.05)
            else:
                await self._take_over(table, key, found)
            found = await self.find(table, key, serial=serial)
            if found.claims != claims:
                claims, until_s = found.claims, loop.time() + self.grace_s
        return found

    # moving

    async def move(
        self, table: Table[Any], key: Key, draft: Draft, decide: Decide, *, absent: bool
    ) -> Found | None:
        """Move a row as `decide` says of what is found; None when moved, else what stands there.

        `absent` is the guess that nothing is there, which saves a read. Raises BehindError.
        """
        found = Found(None, None) if absent else await self.settled(table, key)
        while True:
            if draft.claim in _trail(found.claims):
                return None
            if (newest := newest_stamp(found.claims)) >= draft.stamp:
                raise BehindError(newest)
            write = decide(found)
            if write is None:
                return found
            if await self._cas(table, key, draft, write, found, intent=draft.encode()):
                return None
            found = await self.settled(table, key, serial=True)

    async def follow(self, table: Table[Any], draft: Draft, write: Write) -> None:
        """Move a guarded row that is not the one by which its commit was decided.

        May be repeated, by anyone: what was moved by this commit or a later one is left alone. The
        row may hold another commit's intent, which stays.
        """
        key = table.key_of(write.row)
        while True:
            found = await self.find(table, key, serial=True)
            if draft.claim in _trail(found.claims) or newest_stamp(found.claims) >= draft.stamp:
                return
            if await self._cas(table, key, draft, write, found):
                return

    @contextlib.asynccontextmanager
    async def finishing(self, claim: bytes) -> AsyncIterator[None]:
        """While the rest of a commit is written here: readers of this process wait for it."""
        self._mine[claim] = asyncio.Event()
        try:
            yield
            self._done.add(claim)
        finally:
            self._mine.pop(claim).set()

    async def clear(self, table: Table[Any], key: Key, claim: bytes) -> None:
        """Take a finished intent away, unless the next mover did."""
        async with self.turn(table, key):
            await self._clear(table, key, claim)

    async def _clear(self, table: Table[Any], key: Key, claim: bytes) -> None:
        settle = statements_for(table).settle
        try:
            for _ in range(5):
                found = await self.find(table, key)
                if found.intent is None or found.intent[:CLAIM_BYTES] != claim:
                    return
                with contextlib.suppress(InDoubtError):
                    if await self._driver.cas(settle, (*key, found.claims)):
                        return
        except Unavailable:
            # It stays until the row is read again, and is then finished once more: idempotent.
            _log.warning("intent_left", extra={"table": table.name})
        finally:
            self._done.discard(claim)

    async def _cas(
        self,
        table: Table[Any],
        key: Key,
        draft: Draft,
        write: Write,
        found: Found,
        *,
        intent: object = UNSET,
    ) -> bool:
        values = self._values(table, write, found)
        gone = b"\x01" if isinstance(write, Delete) else b"\x00"
        trail = [draft.claim, *_trail(found.claims)][:_TRAIL]
        values["guard_claims"] = gone + b"".join(trail)
        values["guard_intent"] = intent
        lapses = write.expires_at_ms if isinstance(write, Put) else None
        live_s = GONE_S if gone == b"\x01" else time_to_live_s(lapses, self._clock.now_ms())
        statements = statements_for(table)
        bound = [live_s, *(values[name] for name in statements.values), *key, found.claims]
        try:
            return await self._driver.cas(statements.move, bound)
        except InDoubtError:
            return await self._was_applied(table, key, draft.claim, found.claims)

    def _values(self, table: Table[Any], write: Write, found: Found) -> dict[str, object]:
        """What to bind: a null is a tombstone, so only where there is a value to be removed."""
        statements = statements_for(table)
        before = {} if found.row is None else statements.named(found.row)
        after: dict[str, Value] = {}
        if isinstance(write, Put):
            after = statements.named(write.row)
        values: dict[str, object] = {
            name: None if value is None and before.get(name) is not None else value
            for name, value in after.items()
        }
        for name in statements.values:
            if after.get(name) is None:
                values[name] = UNSET if before.get(name) is None else None
        if table.expires:
            lapses = write.expires_at_ms if isinstance(write, Put) else None
            values["expires_at_ms"] = FOR_GOOD if lapses is None else lapses
        return values

    async def _was_applied(
        self, table: Table[Any], key: Key, claim: bytes, before: bytes | None
    ) -> bool:
        """What became of a transaction that was not answered; Unavailable when nobody can say."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + DOUBT_S
        while loop.time() < until_s:
            try:
                found = await self.find(table, key, serial=True)
            except (Unavailable, InDoubtError):
                await asyncio.sleep(0.1)
                continue
            trail = _trail(found.claims)
            if claim in trail:
                return True
            known = _trail(before)
            whole = len(trail) < _TRAIL if not known else known[0] in trail
            if found.claims == before or whole:
                return False
            break
        raise Unavailable("storage_in_doubt", "the cluster did not say whether this was written")

    # what others left

    async def _take_over(self, table: Table[Any], key: Key, found: Found) -> None:
        """Finish the commit of a process that died: one of all who find it does.

        Its events are told at a place of ours. The one it had drawn may have been passed by all
        readers; two processes that both live tell them twice at worst.
        """
        if found.intent is None:
            return
        with self._stamps.under_way(newest_stamp(found.claims)) as place:
            trail = [self.claim(place), *_trail(found.claims)][:_TRAIL]
            claims = (found.claims or b"\x00")[:1] + b"".join(trail)
            gone = claims[:1] == b"\x01"
            live_s = GONE_S if gone else time_to_live_s(found.lapses_at_ms, self._clock.now_ms())
            values = (live_s, claims, found.intent, *key, found.claims)
            try:
                if not await self._driver.cas(statements_for(table).take_over, values):
                    return
            except InDoubtError:
                # Whoever comes next sees by the claims who has it.
                return
            draft = self._decode(found.intent)
            _log.warning("intent_taken_over", extra={"table": table.name})
            async with self.finishing(draft.claim):
                await self.finish(draft, place, Delete(table, _key_only(table, key)))
        # Not in turn: whoever moves the row next has the turn already, and waits for this.
        await self._clear(table, key, draft.claim)

    def _decode(self, intent: bytes) -> Draft:
        at_ms, aggregate, told, journal = msgspec.msgpack.decode(intent[CLAIM_BYTES:])
        writes: list[Write] = []
        for name, kind, values, lapses in msgspec.msgpack.decode(journal):
            table = self._tables[name]
            if kind == "put":
                added = self._defaults.get(name, {})
                late = [added.get(column.name) for column in table.columns[len(values) :]]
                writes.append(Put(table, table.row(*values, *late), lapses))
            else:
                writes.append(Delete(table, _key_only(table, tuple(values))))
        return Draft(intent[:CLAIM_BYTES], at_ms, aggregate, told, journal, latest(writes))


def latest(writes: Sequence[Write]) -> tuple[Write, ...]:
    """Of writes with one key the last: a batch has one timestamp, and no order."""
    final = {(write.table.name, write.table.key_of(write.row)): write for write in writes}
    return tuple(final.values())


def newest_stamp(claims: bytes | None) -> int:
    """The stamp of a row's last mover; 0 where there was none."""
    return int.from_bytes(claims[1:9], "big") if claims else 0


def _trail(claims: bytes | None) -> list[bytes]:
    if not claims:
        return []
    return [claims[at : at + CLAIM_BYTES] for at in range(1, len(claims), CLAIM_BYTES)]


def _key_only(table: Table[Any], key: Key) -> Any:
    """A row of which only the key is known: enough to delete it."""
    by_name = dict(zip(table.key, key, strict=True))
    return table.row(*(by_name.get(column.name) for column in table.columns))
