"""Waits a moment until one's own act is counted, so that what its author reads next shows it.

For acts that are rare and whose count is all there is to see of them, as a vote: where many act in
the same second, nobody misses the last one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

_WAITS = 10
_WAIT_S = 0.004


async def until(counted: Callable[[], Awaitable[bool]]) -> None:
    """Return once something is counted, after 40 ms at most."""
    for _ in range(_WAITS):
        if await counted():
            return
        await asyncio.sleep(_WAIT_S)
