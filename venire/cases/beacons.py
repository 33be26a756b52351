"""What the beacon has said: fetched beside the cases that wait for it, checked, kept for a while.

A case never waits for a network inside a step. It asks what is known, says what it wants, and looks
again by its timer; nothing here outlives the process, and nothing needs to.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from typing import Any, Final, NamedTuple

from venire.jury.beacon import randomness_of, time_of
from venire.kernel.clock import Clock
from venire.kernel.errors import Invalid
from venire.kernel.ports import Beacon, RandomnessSource

_log = logging.getLogger(__name__)
_KEPT: Final = 512
_AHEAD_MS: Final = 15_000
"""How far the beacon may be ahead of our clock. Half of what a round is fixed before its time."""


class Heard(NamedTuple):
    """A round whose signature is the chain's. `early`: the beacon's time is ahead of our clock.

    A draw that chose the round by a clock that is behind chose one that was known already.
    """

    round: int
    signature: str
    randomness: bytes
    early: bool


class Beacons:
    """The rounds that draws of this process wait for."""

    def __init__(self, source: RandomnessSource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._heard: OrderedDict[int, Heard] = OrderedDict()
        self._lied: OrderedDict[int, None] = OrderedDict()
        self._since: OrderedDict[int, int] = OrderedDict()
        self._asking: dict[int, asyncio.Task[None]] = {}

    def heard(self, number: int) -> Heard | None:
        """A round, where it is known."""
        return self._heard.get(number)

    def lied(self, number: int) -> bool:
        """Whether some source gave for this round what its chain never signed."""
        return number in self._lied

    def want(self, number: int) -> int:
        """Ask for a round, unless that is under way; how long it has been wanted, in ms."""
        now_ms = self._clock.now_ms()
        since_ms = self._since.setdefault(number, now_ms)
        if number not in self._asking and number not in self._heard:
            task = asyncio.create_task(self._ask(number), name=f"beacon_{number}")
            self._asking[number] = task
            task.add_done_callback(lambda _: self._asking.pop(number, None))
        while len(self._since) > _KEPT:
            self._since.popitem(last=False)
        return max(now_ms - since_ms, 0)

    async def close(self) -> None:
        """Stop asking."""
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, number: int) -> None:
        said = await self._source.ask(number)
        known = next((each for one in said if (each := self._checked(one, number))), None)
        if known is None:
            return
        newest = max(
            (one.round for one in await self._source.ask(None) if self._checked(one, one.round)),
            default=number,
        )
        early = time_of(newest) - self._clock.now_ms() > _AHEAD_MS
        _keep(self._heard, number, known._replace(early=early))

    def _checked(self, said: Beacon, number: int) -> Heard | None:
        try:
            # By the number that was asked for: another round's signature does not fit it.
            randomness = randomness_of(number, said.signature)
        except Invalid:
            _log.warning("beacon_lied", extra={"round": number})
            _keep(self._lied, number, None)
            return None
        return Heard(number, said.signature, randomness, early=False)


def _keep(shelf: OrderedDict[int, Any], number: int, value: object) -> None:
    shelf[number] = value
    while len(shelf) > _KEPT:
        shelf.popitem(last=False)
