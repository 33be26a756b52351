"""The queue of the stores outside, worked off by the leader: copies made, erasures carried out.

What a store has is written down only after it has said so and the size is right. What was erased
while a store was away stays in the queue until that store has been told.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, BinaryIO, Final

from venire.continuity.objects import object_book
from venire.continuity.objects.mirrored_objects import KIND, MirroredObjects, serving
from venire.continuity.objects.object_book import COMING, GONE, KEPT, LANES, MISSING, names_of
from venire.continuity.vendors import vendor_states
from venire.kernel.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from venire.kernel.errors import Invalid, Problem
from venire.kernel.told_once import ToldOnce
from venire.kernel.vendors import VendorFault
from venire.storage.tables.objects import ObjectDueRow, StoredObjectRow
from venire.storage.world import World

_log = logging.getLogger(__name__)
_PAUSE_S: Final = 1.0
_PAGE: Final = 32
_AT_ONCE: Final = 4
_FIRST_WAIT_MS: Final = 2 * SECOND_MS
_LONGEST_WAIT_MS: Final = 10 * MINUTE_MS
_MOST_DOUBLINGS: Final = 9
UNSEEN_MS: Final = HOUR_MS
"""How long an announced object may take to appear: then whoever uploaded it was cut off."""
_LOOKED_FOR_MS: Final = 6 * HOUR_MS
_LEFT_BEHIND_MS: Final = DAY_MS


class Mirroring:
    """Runs in the leader, over both kinds of objects."""

    def __init__(self, world: World, kinds: Mapping[str, MirroredObjects]) -> None:
        self._world = world
        self._kinds = kinds
        self._awake = asyncio.Event()
        for objects in kinds.values():
            objects.wake = self._awake.set

    async def run(self) -> None:
        """Work the queue off until cancelled."""
        stumbling = ToldOnce(_log, "mirroring_stumbled")
        while True:
            self._awake.clear()
            try:
                done = await self.work()
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - a worker outlives its work
                stumbling.is_so(error=error)
                done = 0
            else:
                stumbling.is_over()
            if not done:
                # What another process wrote wakes nobody here.
                await _until(self._awake, _PAUSE_S)

    async def work(self) -> int:
        """Do what is due now; return how many objects were looked at."""
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(row: ObjectDueRow) -> None:
            async with gate:
                await self._one(row)

        count = 0
        for lane in range(LANES):
            rows = await object_book.due(self._world, lane, _PAGE)
            count += len(rows)
            async with asyncio.TaskGroup() as group:
                for row in rows:
                    group.create_task(one(row))
        return count

    async def _one(self, row: ObjectDueRow) -> None:
        objects = self._kinds.get(row.kind)
        stored = await object_book.load(self._world, row.kind, row.key)
        if stored is None or stored.due_at_ms != row.due_at_ms:
            # Its object was forgotten, or waits at another place by now.
            await object_book.undue(self._world, row)
            return
        if objects is None:
            await self._later(stored, _LEFT_BEHIND_MS)
            return
        try:
            if stored.state == GONE:
                await self._remove(objects, stored)
            else:
                await self._copy(objects, stored)
        except (Problem, VendorFault, OSError):
            _log.warning("object_not_mirrored", extra={"kind": row.kind}, exc_info=True)
            await self._later(stored)

    async def _later(self, stored: StoredObjectRow, wait_ms: int | None = None) -> None:
        now = await object_book.load(self._world, stored.kind, stored.key)
        if now is None or now.due_at_ms is None:
            return
        if wait_ms is None:
            wait_ms = min(_FIRST_WAIT_MS << min(now.tries, _MOST_DOUBLINGS), _LONGEST_WAIT_MS)
        due_at_ms = self._world.now_ms() + wait_ms
        await object_book.settle(self._world, now, due_at_ms, tries=now.tries + 1)

    async def _able(self, objects: MirroredObjects, names: frozenset[str]) -> list[str]:
        healths = await vendor_states.load(self._world, KIND)
        now_ms = self._world.now_ms()
        return [
            name
            for name in objects.vendors.names
            if name in names and serving(healths, name, now_ms)
        ]

    async def _remove(self, objects: MirroredObjects, stored: StoredObjectRow) -> None:
        left = names_of(stored)
        for name in await self._able(objects, left):
            try:
                await objects.vendors.call_one(name, lambda store: store.delete(stored.sealed_key))
            except VendorFault:
                continue
            left -= {name}
        if not left:
            await object_book.settle(self._world, stored, None, stores="", tries=0)
            return
        told = await object_book.settle(
            self._world, stored, stored.due_at_ms, stores=object_book.joined(left)
        )
        if told is not None:
            # One that the settings no longer name may come back: it is asked once a day for ever.
            lost = not left & objects.names
            await self._later(told, _LEFT_BEHIND_MS if lost else None)

    async def _copy(self, objects: MirroredObjects, stored: StoredObjectRow) -> None:
        wanted = objects.names - names_of(stored)
        if not wanted:
            await object_book.settle(self._world, stored, None, state=KEPT, tries=0)
            return
        able = await self._able(objects, wanted)
        if not able:
            await self._later(stored)
            return
        with tempfile.TemporaryFile() as sealed:
            row = await self._sealed(objects, stored, sealed)
            if row is None:
                return
            got = await self._put(objects, able, sealed)
        having = names_of(row) | got
        all_done = objects.names <= having
        done = await object_book.settle(
            self._world,
            row,
            None if all_done else row.due_at_ms,
            state=KEPT,
            stores=object_book.joined(having),
            tries=0 if got else row.tries,
        )
        if done is not None and not all_done:
            await self._later(done)

    async def _put(
        self, objects: MirroredObjects, names: list[str], sealed: BinaryIO
    ) -> frozenset[str]:
        """Give a file to stores, one after the other; who took it. They share its place in it."""
        got = set[str]()
        for name in names:
            try:
                await objects.vendors.call_one(name, lambda store: store.put_file(sealed))
            except VendorFault as fault:
                _log.warning(
                    "store_refuses",
                    extra={"vendor": name, "kind": objects.kind, "said": fault.said},
                )
                continue
            got.add(name)
        return frozenset(got)

    async def _sealed(
        self, objects: MirroredObjects, stored: StoredObjectRow, sealed: BinaryIO
    ) -> StoredObjectRow | None:
        """Seal an object from the folder, where it is brought back to if it is not there, or whole.

        None where nobody has it, or its row moved on meanwhile: then it comes again.
        """
        for last in (False, True):
            size = await objects.local.size(stored.key)
            if size is not None:
                sealed.seek(0)
                sealed.truncate()
                reading = _local(objects, stored.key)
                try:
                    return await objects.sealed_into(stored.key, size, reading, sealed)
                except Invalid:
                    _log.error("object_spoilt_here", extra={"key": stored.key})
            known = stored.sealed_key and stored.stores
            if last or not known or not await objects.brought_back(stored):
                break
        await self._nowhere(stored)
        return None

    async def _nowhere(self, stored: StoredObjectRow) -> None:
        """Nobody has it: it never came, or it is lost, which is said and looked for again."""
        age_ms = self._world.now_ms() - stored.changed_at_ms
        if stored.state == COMING and age_ms < UNSEEN_MS:
            await self._later(stored, MINUTE_MS)
            return
        if stored.state == COMING and not stored.sealed_key:
            _log.warning("object_never_came", extra={"kind": stored.kind, "key": stored.key})
            await object_book.forget(self._world, stored)
            return
        if stored.state != MISSING:
            _log.critical("object_missing", extra={"kind": stored.kind, "key": stored.key})
        due_at_ms = self._world.now_ms() + _LOOKED_FOR_MS
        await object_book.settle(self._world, stored, due_at_ms, state=MISSING)


def _local(objects: MirroredObjects, key: str) -> Callable[[int, int], Coroutine[Any, Any, bytes]]:
    return lambda start, length: objects.local.read(key, start, length)


async def _until(awake: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await awake.wait()
    except TimeoutError:
        return
