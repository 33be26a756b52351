"""Reads the journal as it grows and has each event told to whoever listens in this process.

Every process has a hub of its own: a site may run in several that share one file, and a socket is
open in one of them. It begins at the end of the journal with the first socket and rests after the
last: what nobody listened to is read from the timelines.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol, runtime_checkable

from venire.api.streaming.audience import Audience
from venire.api.streaming.listeners import NO_LONGER_VALID, RESTARTING, Ending, Listener
from venire.api.streaming.teller import Still
from venire.storage.verbs import Envelope, Storage
from venire.storage.world import World

_log = logging.getLogger(__name__)
_PAGE = 256
_LOOK_S = 0.02
"""How late the commit of another process is seen where nobody rings: 3 microseconds each time."""
_LOOK_FAR_S = 0.25
"""The same where the engine has no cheap way to see that something was written."""
_ROUND_S = 15
"""Within how many seconds each socket is shown to be alive and its token is asked for again."""

Tell = Callable[[Envelope], Awaitable[None]]


@runtime_checkable
class Rung(Protocol):
    """What an engine of one host has beside the verbs (`engines.sqlite`)."""

    def on_commit(self, wake: Callable[[], None]) -> None:
        """Call `wake` after each commit of this process that carries events."""

    def data_version(self) -> int:
        """A number that changes when any process has written."""


class Hub:
    """Follows the journal of `world.storage` while anybody listens."""

    def __init__(self, world: World, audience: Audience, tell: Tell, still: Still) -> None:
        self._world = world
        self._storage = world.storage
        self._audience = audience
        self._tell = tell
        self._still = still
        self._rung = world.storage if isinstance(world.storage, Rung) else None
        self._bell = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._starting = asyncio.Lock()
        self._users = 0
        self._position = 0
        if self._rung is not None:
            self._rung.on_commit(self.wake)

    def wake(self) -> None:
        """Say that there is something new; harmless when there is not. On the hub's own loop."""
        self._bell.set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow the journal while the block runs; nothing told in it is missed."""
        self._users += 1
        try:
            async with self._starting:
                if not self._tasks:
                    self._position = await newest_sequence(self._storage)
                    self._tasks = [
                        asyncio.create_task(self._follow(), name="streaming"),
                        asyncio.create_task(self._go_round(), name="streaming-round"),
                    ]
            yield
        finally:
            self._users -= 1
            if not self._users:
                for task in self._tasks:
                    task.cancel()
                self._tasks = []

    def end_all(self, ending: Ending = RESTARTING) -> None:
        """Close every socket: the process is about to stop."""
        for listener in list(self._audience.listeners.values()):
            listener.end(ending)

    async def _follow(self) -> None:
        seen = -1
        while True:
            try:
                seen = await self._something_new(seen)
                while page := await self._storage.tail(self._position, _PAGE):
                    for envelope in page:
                        await self._told(envelope)
                    self._position = page[-1].sequence
            except asyncio.CancelledError:
                raise
            except Exception:  # noqa: BLE001 - the journal could not be read: it can be later
                _log.exception("streaming_stumbled")
                await asyncio.sleep(1)

    async def _something_new(self, seen: int) -> int:
        """Wait until the journal may have grown; return what it looked like."""
        if self._rung is None:
            await self._rings(_LOOK_FAR_S)
            return seen
        while True:
            version = self._rung.data_version()
            if version != seen:
                self._bell.clear()
                return version
            if await self._rings(_LOOK_S):
                return version

    async def _rings(self, within_s: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._bell.wait()
        rang = self._bell.is_set()
        self._bell.clear()
        return rang

    async def _told(self, envelope: Envelope) -> None:
        try:
            await self._tell(envelope)
        except Exception:  # noqa: BLE001 - one event that cannot be told must not silence the rest
            _log.exception(
                "event_not_streamed",
                extra={"event_id": envelope.id, "event": type(envelope.event).__name__},
            )

    async def _go_round(self) -> None:
        """Visit every socket once in `_ROUND_S`, a part of them each second."""
        waiting: list[Listener] = []
        share = 0
        while True:
            await asyncio.sleep(1)
            if not waiting:
                waiting = list(self._audience.listeners.values())
                share = -(-len(waiting) // _ROUND_S)
            for listener in waiting[:share]:
                await self._visit(listener)
                await asyncio.sleep(0)
            waiting = waiting[share:]

    async def _visit(self, listener: Listener) -> None:
        if listener.ending is not None:
            return
        listener.beat()
        try:
            await self._audience.watchers.refresh(listener.watcher, self._world.now_ms())
            if not await self._still(listener):
                listener.end(NO_LONGER_VALID)
        except Exception:  # noqa: BLE001 - who cannot be asked now is asked again in a round
            _log.exception("socket_not_visited")


async def newest_sequence(storage: Storage) -> int:
    """Where the journal ends now, found by asking what is above: sixty reads at most."""
    low, high = 0, 1
    # `low`: something is there; `high`: nothing is above it.
    while page := await storage.tail(high, 1):
        low = page[-1].sequence
        high = low * 2
    while low < high:
        middle = (low + high) // 2
        page = await storage.tail(middle, 1)
        if page:
            low = page[-1].sequence
        else:
            high = middle
    return low
