"""The way out for pushes: each device in its own lane, so that a slow one holds up nobody.

What waits is in memory: a push that is lost with the process is still among the notifications.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

import msgspec

from venire.kernel.ports import PushMessage, PushOutcome, PushService

_log = logging.getLogger(__name__)
LANES_MOST: Final = 10_000
WAITING_MOST: Final = 32
"""Of one device; the oldest make room."""
AT_ONCE: Final = 64
PER_HOST: Final = 16
PAUSES_S: Final = (2.0, 20.0, 120.0)
"""Between the tries of one message; after the last it is given up."""

Gone = Callable[[], Awaitable[None]]


class _Parcel(msgspec.Struct, frozen=True):
    message: PushMessage
    gone: Gone


class PushDelivery:
    """Sends what it is offered, in order for each device. Close it to stop."""

    def __init__(self, service: PushService, *, pauses_s: tuple[float, ...] = PAUSES_S) -> None:
        self.public_key = service.public_key
        self._service = service
        self._pauses_s = pauses_s
        self._lanes: dict[int, deque[_Parcel]] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._hosts: dict[str, asyncio.Semaphore] = {}

    def offer(self, device: int, message: PushMessage, gone: Gone) -> None:
        """Send a message when its turn comes; returns at once. `gone` is told that it never can."""
        lane = self._lanes.get(device)
        if lane is None:
            if len(self._lanes) >= LANES_MOST:
                _log.warning("push_dropped", extra={"lanes": LANES_MOST})
                return
            lane = self._lanes[device] = deque(maxlen=WAITING_MOST)
            self._tasks[device] = asyncio.create_task(self._run(device, lane), name="push")
        lane.append(_Parcel(message, gone))

    async def now(self, message: PushMessage) -> PushOutcome:
        """Send a message at once, with one try, and say what became of it."""
        return await self._send(message)

    async def idle(self) -> None:
        """Wait until nothing waits."""
        while self._tasks:
            await asyncio.gather(*list(self._tasks.values()))

    async def close(self) -> None:
        """Stop; what was not sent is not sent."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, device: int, lane: deque[_Parcel]) -> None:
        # Whoever offered has not put the first one in yet.
        await asyncio.sleep(0)
        try:
            while lane:
                if not await self._deliver(lane.popleft()):
                    return
        except Exception:  # noqa: BLE001 - one device's trouble is no other's
            _log.exception("push_stumbled")
        finally:
            del self._lanes[device], self._tasks[device]

    async def _deliver(self, parcel: _Parcel) -> bool:
        """Try until it is there or given up; say whether the device is."""
        for pause_s in (*self._pauses_s, None):
            outcome = await self._send(parcel.message)
            if outcome == "gone":
                await parcel.gone()
                return False
            if outcome == "refused":
                _log.info("push_refused")
            if outcome != "later" or pause_s is None:
                return True
            await asyncio.sleep(pause_s)
        return True

    async def _send(self, message: PushMessage) -> PushOutcome:
        host = urlsplit(message.endpoint).netloc
        # A service that hangs takes its own places, not those of the others.
        turn = self._hosts.setdefault(host, asyncio.Semaphore(PER_HOST))
        async with turn, self._gate:
            outcome = await self._service.send(message)
        if len(self._hosts) > LANES_MOST:
            self._hosts.clear()
        return outcome
