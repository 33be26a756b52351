"""Who goes first while a backlog is worked off: the reader who waits for an answer.

Events are handled on the loop that also answers requests. A backlog makes hundreds of them ready
at once, and each turn of the loop runs all that is ready: readers would wait behind all of it. So
what nobody waits for takes turns with reads, one step after each read that was answered.
"""

from __future__ import annotations

import asyncio

_READING_S = 0.004
"""For so long after a read others are expected to follow it."""
_LONGEST_S = 0.05
"""The longest that a step waits: a house that is read without end still gets its work done."""
_DEBT_MOST = 256.0


class Pace:
    """Turns, on one event loop. Costs nothing while nobody reads."""

    def __init__(self) -> None:
        self._read_s = float("-inf")
        self._credit = 0.0
        self._gate = asyncio.Lock()
        self._read = asyncio.Event()

    def read_answered(self) -> None:
        """A read was answered: one step may be done for it."""
        self._read_s = asyncio.get_running_loop().time()
        self._credit = min(self._credit + 1.0, 1.0)
        self._read.set()

    async def turn(self, steps: float = 1.0) -> None:
        """Wait for the turn of work that costs about as much as so many reads."""
        if self._idle():
            self._credit = 0.0
            return
        async with self._gate:
            until_s = asyncio.get_running_loop().time() + _LONGEST_S
            while self._credit <= 0 and not self._idle():
                self._read.clear()
                try:
                    async with asyncio.timeout_at(min(until_s, self._read_s + _READING_S)):
                        await self._read.wait()
                except TimeoutError:
                    break
            self._credit = max(self._credit - steps, -_DEBT_MOST)

    def _idle(self) -> bool:
        return asyncio.get_running_loop().time() - self._read_s > _READING_S
