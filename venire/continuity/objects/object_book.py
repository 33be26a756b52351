"""Which store has which object, and what is still to be done there: rows that survive any crash.

An object is announced in the same moment as its bytes are written, and buried before they are
removed: whatever dies in between, the queue knows. The name that an object has outside is written
down before the first store gets it, so that no copy can be out there which nobody could delete.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable
from typing import Final

import msgspec

from venire.kernel.errors import Conflict
from venire.storage.tables.objects import (
    OBJECTS_DUE,
    STORED_OBJECTS,
    ObjectDueRow,
    StoredObjectRow,
)
from venire.storage.verbs import Delete, Put, Write
from venire.storage.world import World

COMING: Final = "coming"
KEPT: Final = "kept"
MISSING: Final = "missing"
GONE: Final = "gone"
LANES: Final = 16
SLOTS: Final = 256
_TRIES: Final = 8
_PAGE: Final = 500


def slot_of(key: str) -> int:
    """The partition of a key."""
    return int(key[:2], 16)


def lane_of(key: str) -> int:
    """The lane of the queue in which a key waits."""
    return int(key[0], 16)


def names_of(stored: StoredObjectRow) -> frozenset[str]:
    """The stores of a row."""
    return frozenset(stored.stores.split(",")) if stored.stores else frozenset()


def joined(names: Iterable[str]) -> str:
    """Stores as a row has them."""
    return ",".join(sorted(names))


async def load(world: World, kind: str, key: str) -> StoredObjectRow | None:
    """What is known of an object."""
    return await world.storage.get(STORED_OBJECTS, (kind, slot_of(key), key))


async def announce(world: World, kind: str, key: str, size: int) -> None:
    """Say that an object is kept from now on, and have the stores get it. Again is once."""
    for _ in range(_TRIES):
        old = await load(world, kind, key)
        if old is not None and old.state in {COMING, KEPT}:
            return
        now_ms = world.now_ms()
        fresh = StoredObjectRow(
            kind=kind,
            slot=slot_of(key),
            key=key,
            version=0,
            state=COMING,
            size=size,
            sealed_key="",
            sealed_size=0,
            stores="",
            changed_at_ms=now_ms,
            due_at_ms=None,
            tries=0,
        )
        if old is not None and old.state == MISSING:
            fresh = msgspec.structs.replace(
                fresh, sealed_key=old.sealed_key, sealed_size=old.sealed_size, stores=old.stores
            )
        elif old is not None:
            # While it was to go, `stores` were those that might still have it: none is known to.
            fresh = msgspec.structs.replace(
                fresh, sealed_key=old.sealed_key, sealed_size=old.sealed_size
            )
        if await _moved(world, old, fresh, now_ms):
            return
    raise Conflict("try_again", "This changed meanwhile: try again")


async def bury(world: World, kind: str, key: str, stores: Collection[str]) -> None:
    """Say that an object is to be removed from all of these stores. Again is once."""
    for _ in range(_TRIES):
        old = await load(world, kind, key)
        if old is None or old.state == GONE:
            return
        # Without a name outside, no store was ever given it.
        left = names_of(old) | set(stores) if old.sealed_key else frozenset()
        gone = msgspec.structs.replace(
            old, state=GONE, stores=joined(left), changed_at_ms=world.now_ms(), tries=0
        )
        if await _moved(world, old, gone, world.now_ms() if left else None):
            return
    raise Conflict("try_again", "This changed meanwhile: try again")


async def settle(
    world: World, old: StoredObjectRow, due_at_ms: int | None, **changes: object
) -> StoredObjectRow | None:
    """Write down what was done, and when there is more to do. None where it moved meanwhile."""
    new = msgspec.structs.replace(old, **changes)
    if not await _moved(world, old, new, due_at_ms):
        return None
    return msgspec.structs.replace(new, version=old.version + 1, due_at_ms=due_at_ms)


async def _moved(
    world: World, old: StoredObjectRow | None, new: StoredObjectRow, due_at_ms: int | None
) -> bool:
    version = 0 if old is None else old.version
    changed = msgspec.structs.replace(new, version=version + 1, due_at_ms=due_at_ms)
    lane = lane_of(new.key)
    writes: list[Write] = [Put(STORED_OBJECTS, changed)]
    if old is not None and old.due_at_ms is not None and old.due_at_ms != due_at_ms:
        row = ObjectDueRow(lane, old.due_at_ms, old.kind, old.key)
        writes.append(Delete(OBJECTS_DUE, row))
    if due_at_ms is not None:
        writes.append(Put(OBJECTS_DUE, ObjectDueRow(lane, due_at_ms, new.kind, new.key)))
    try:
        await world.storage.commit(f"stored:{new.kind}:{new.key}", writes, expect=version)
    except Conflict:
        return False
    return True


async def forget(world: World, stored: StoredObjectRow) -> None:
    """Remove a row that says nothing any more."""
    writes: list[Write] = [Delete(STORED_OBJECTS, stored)]
    if stored.due_at_ms is not None:
        row = ObjectDueRow(lane_of(stored.key), stored.due_at_ms, stored.kind, stored.key)
        writes.append(Delete(OBJECTS_DUE, row))
    await world.storage.commit(f"stored:{stored.kind}:{stored.key}", writes)


async def due(world: World, lane: int, limit: int) -> list[ObjectDueRow]:
    """What is due now in a lane, the oldest first."""
    return await world.storage.range(OBJECTS_DUE, (lane,), below=(world.now_ms() + 1,), limit=limit)


async def undue(world: World, row: ObjectDueRow) -> None:
    """Take a place in the queue away that belongs to nothing."""
    await world.storage.delete(OBJECTS_DUE, row)


async def waiting(world: World, most: int) -> tuple[int, int | None]:
    """How many objects wait for a store (at most `most` of each lane), and since when."""
    count, oldest = 0, None
    for lane in range(LANES):
        rows = await world.storage.range(OBJECTS_DUE, (lane,), limit=most)
        count += len(rows)
        for row in rows:
            stored = await load(world, row.kind, row.key)
            if stored is not None and (oldest is None or stored.changed_at_ms < oldest):
                oldest = stored.changed_at_ms
    return count, oldest


async def every(world: World, kind: str) -> AsyncIterator[StoredObjectRow]:
    """Every object of a kind in the order of the keys, also those that are gone."""
    for slot in range(SLOTS):
        above: tuple[str] | None = None
        while True:
            rows = await world.storage.range(STORED_OBJECTS, (kind, slot), above=above, limit=_PAGE)
            for row in rows:
                yield row
            if len(rows) < _PAGE:
                break
            above = (rows[-1].key,)
