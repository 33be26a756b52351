"""Waits a moment until one's own act is counted, so that what its author reads next shows it.

For acts that are rare and whose count is all there is to see of them, as a vote: where many act in
the same second, nobody misses the last one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from venire.events import Happened
from venire.storage.world import World

_WAITS = 10
_WAIT_S = 0.003
_AHEAD = 32


async def heard(world: World, cursor: str, own: Callable[[Happened], bool]) -> None:
    """Return once the subscriber `cursor` has heard an event that was just committed.

    Not later than after 30 ms, and at once where it is more than 32 commits behind.
    """
    for _ in range(_WAITS):
        waiting = await world.storage.tail(await world.storage.position(cursor), _AHEAD)
        if len(waiting) >= _AHEAD or not any(own(envelope.event) for envelope in waiting):
            return
        await asyncio.sleep(_WAIT_S)
