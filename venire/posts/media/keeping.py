"""Objects in their store: put only by who said so before, removed only when nobody needs them.

Objects are named by what is in them, so two uploads of one picture share one. Whoever puts an
object has committed a use of it first; whoever removes one has said so first and then looks for
uses. So one of the two always sees the other.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import BinaryIO, Final

from venire.kernel.clock import MINUTE_MS
from venire.kernel.errors import Unavailable
from venire.kernel.ports import ObjectStore
from venire.posts.media import store
from venire.storage.world import World

_WAIT_S: Final = 0.05
_WAITS: Final = 100


async def key_of(file: BinaryIO) -> str:
    """The key that a file will have."""
    return await asyncio.to_thread(_digest, file)


def _digest(file: BinaryIO) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


async def keep(world: World, objects: ObjectStore, key: str, file: BinaryIO) -> None:
    """Put an object whose use is committed. Unavailable `objects_busy`, `objects_failing`."""
    for _ in range(_WAITS):
        if not await store.leaving(world, key):
            await objects.put_file(file)
            return
        await asyncio.sleep(_WAIT_S)
    raise Unavailable("objects_busy", "This file is being removed just now: try again")


async def release(world: World, objects: ObjectStore, key: str) -> None:
    """Remove an object unless something needs it. Called by a timer, in the leader alone.

    Where somebody else is at it, or was cut off just now, it is looked at again later.
    """
    until_ms = await store.mark_leaving(world, key)
    if until_ms is None:
        await store.look_at(world, key, MINUTE_MS)
        return
    try:
        # Past that moment somebody may have put it again, trusting that it is there.
        if not await store.used(world, key) and world.now_ms() < until_ms:
            await objects.delete(key)
    finally:
        await store.unmark_leaving(world, key)
