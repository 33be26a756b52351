"""From the outbox to its subscribers: at least once, in order within an aggregate.

Each subscriber has its own cursor, so a slow one holds up nobody. A page of events is handled in
lanes, one per aggregate; the cursor moves when the whole page is done. A handler that fails is
tried again; what fails for good is parked with its error, told to the operator and tried again at
each minute and at the next start, so that one bad event cannot stop a house.
"""

from __future__ import annotations

import asyncio
import bisect
import contextlib
import dataclasses
import logging
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from venire.events import Happened
from venire.kernel.told_once import ToldOnce
from venire.storage.pace import Pace
from venire.storage.tables.outbox import PARKED, ParkedRow
from venire.storage.verbs import Envelope, Storage

_log = logging.getLogger(__name__)
_PAGE = 256
_LANES = 64
_UNSAVED = 512
_KEPT = 1_024
_RETRY_S = 60.0
_TRIES = 5
_BREATH_S = 0.003
"""At most so often a subscriber looks: a page costs the same for one event as for twenty."""
_GLANCE_S = 0.5
"""Another process of the same host may have committed: nobody wakes us for that."""

Handler = Callable[[Envelope], Awaitable[None]]


@dataclasses.dataclass(frozen=True)
class Subscription:
    """`name` is the cursor's name and never changes; `hears` are event types, empty for all.

    With `page` the subscriber gets whole pages and moves its own cursor (`Storage.rebuild`); one
    that also says what it `hears` is not bothered with pages that hold nothing of it.
    """

    name: str
    handler: Handler | None = None
    hears: tuple[type[Happened], ...] = ()
    page: Callable[[Sequence[Envelope], int], Awaitable[None]] | None = None
    lanes: int = _LANES
    waits: bool = True
    """Whether it takes turns with those who read; not so what a person's safety depends on."""


class _Recent:
    """The end of the journal, read and decoded once for all subscribers."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._envelopes: list[Envelope] = []
        self._after: int | None = None
        self._through = 0
        self._wakes = 0
        self._nothing_at = (-1, 0.0)
        self._reading = asyncio.Lock()

    def wake(self) -> None:
        """Something was committed: what was looked at before does not count any more."""
        self._wakes += 1

    async def page(self, after: int, limit: int) -> list[Envelope]:
        """As `Storage.tail`; whoever is far behind, or ahead at a start, reads for itself."""
        if self._after is None:
            self._after = self._through = after
        if after < self._after or after > self._through:
            return await self._storage.tail(after, limit)
        if after >= self._through:
            async with self._reading:
                # Somebody else may have read on while this waited.
                if after >= self._through and not self._is_at_the_end():
                    await self._read_on(limit)
        start = bisect.bisect_right(self._envelopes, after, key=lambda one: one.sequence)
        end = start + limit
        # The events of one commit are never torn apart.
        while (
            start < end < len(self._envelopes)
            and self._envelopes[end - 1].sequence == self._envelopes[end].sequence
        ):
            end += 1
        return self._envelopes[start:end]

    async def _read_on(self, limit: int) -> None:
        # As it is before the read: what is committed during it wakes everyone again.
        begun = (self._wakes, asyncio.get_running_loop().time())
        new = await self._storage.tail(self._through, limit)
        if new:
            self._envelopes += new
            self._through = new[-1].sequence
            self._trim()
        else:
            self._nothing_at = begun

    def _is_at_the_end(self) -> bool:
        """Whether somebody found nothing more a moment ago, and nobody was woken since.

        Two dozen subscribers are woken by each commit: one look at the journal's end is enough.
        """
        wakes, at_s = self._nothing_at
        ago_s = asyncio.get_running_loop().time() - at_s
        return wakes == self._wakes and ago_s < _GLANCE_S / 5

    def _trim(self) -> None:
        if len(self._envelopes) > 2 * _KEPT:
            cut = self._envelopes[-_KEPT].sequence
            self._envelopes = [one for one in self._envelopes if one.sequence > cut]
            self._after = cut


class Relay:
    """Runs the subscribers of one process, the leader."""

    def __init__(
        self,
        storage: Storage,
        subscriptions: Sequence[Subscription],
        *,
        pause_s: float = 0.05,
        breath_s: float = _BREATH_S,
        pace: Pace | None = None,
    ) -> None:
        self._storage = storage
        self._breath_s = breath_s
        self._pace = pace or Pace()
        self._subscriptions = subscriptions
        self._pause_s = pause_s
        self._recent = _Recent(storage)
        self._waiting: list[asyncio.Event] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._stumbling = ToldOnce(_log, "relay_stumbled")
        self.positions: dict[str, int] = {}

    def start(self) -> None:
        """Begin to deliver."""
        self._waiting.clear()
        self._recent.wake()
        for subscription in self._subscriptions:
            wake = asyncio.Event()
            self._waiting.append(wake)
            self._tasks.append(
                asyncio.create_task(self._follow(subscription, wake), name=subscription.name)
            )

    def wake(self) -> None:
        """Say that there is something new; harmless when there is not."""
        self._recent.wake()
        for wake in self._waiting:
            wake.set()

    async def stop(self) -> None:
        """Stop delivering. What was not finished is delivered again at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def drained(self) -> bool:
        """Whether every subscriber has heard everything there is."""
        # Nearly all stand at the same place: one look is enough for them.
        places = {self.positions.get(one.name, -1) for one in self._subscriptions}
        for after in places:
            if after < 0 or await self._storage.tail(after, 1):
                return False
        return True

    def heard_through(self) -> int:
        """The place in the journal up to which every subscriber has heard; -1 before they begin."""
        places = [self.positions.get(one.name, -1) for one in self._subscriptions]
        return min(places, default=-1)

    async def _follow(self, subscription: Subscription, wake: asyncio.Event) -> None:
        position: int | None = None
        saved = 0
        loop = asyncio.get_running_loop()
        read_s = float("-inf")
        retry_at = loop.time() + _RETRY_S
        while True:
            if subscription.waits and (breath_s := read_s + self._breath_s - loop.time()) > 0:
                # What was committed meanwhile is then read at once, not one by one.
                await asyncio.sleep(breath_s)
            read_s = loop.time()
            try:
                if position is None:
                    await self._retry_parked(subscription)
                    position = saved = await self._begin(subscription)
                self.positions[subscription.name] = position
                wake.clear()
                page = await self._recent.page(position, _PAGE)
                if not page:
                    self._goes_on(subscription)
                    if loop.time() >= retry_at:
                        await self._retry_parked(subscription)
                        retry_at = loop.time() + _RETRY_S
                    await _until(wake)
                    continue
                heard = await self._deliver(subscription, page)
                position = page[-1].sequence
                # A page of which nothing was heard is passed over again after a crash, at no cost:
                # a dozen cursors written for every post would cost more than the post.
                if subscription.page is not None and heard:
                    saved = position
                elif (heard or position - saved >= _UNSAVED) and not _keeps_own(subscription):
                    await self._storage.advance(subscription.name, position)
                    saved = position
                self._goes_on(subscription)
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - a worker outlives its work
                # The journal or a cursor could not be read or written: nothing is lost by waiting.
                name = subscription.name
                self._stumbling.is_so(of=name, error=error, subscriber=name)
                await asyncio.sleep(1)

    def _goes_on(self, subscription: Subscription) -> None:
        self._stumbling.is_over(of=subscription.name)

    async def _begin(self, subscription: Subscription) -> int:
        if subscription.name in self.positions:
            # Stopped and started again: what was heard since the cursor was saved is not forgotten.
            return self.positions[subscription.name]
        position = await self._storage.position(subscription.name)
        if position == 0 and subscription.page is None:
            # Written down at once: a subscriber without a cursor would not hold back the pruning
            # of a journal that it has not heard.
            await self._storage.advance(subscription.name, 0)
        return position

    async def _deliver(self, subscription: Subscription, page: Sequence[Envelope]) -> bool:
        """Deliver a page; say whether anything of it was for this subscriber."""
        if subscription.page is not None:
            hears = subscription.hears
            if hears and not any(isinstance(envelope.event, hears) for envelope in page):
                return False
            if subscription.waits:
                await self._pace.turn(len(page))
            await subscription.page(page, page[-1].sequence)
            return True
        lanes: dict[str, list[Envelope]] = {}
        for envelope in page:
            if not subscription.hears or isinstance(envelope.event, subscription.hears):
                lanes.setdefault(envelope.aggregate, []).append(envelope)
        gate = asyncio.Semaphore(subscription.lanes)

        async def lane(envelopes: list[Envelope]) -> None:
            async with gate:
                for envelope in envelopes:
                    if subscription.waits:
                        await self._pace.turn()
                    await self._handle(subscription, envelope)

        # A lane that fails ends the others: the page comes again, and a lane that was left
        # running would then hear its events twice at once, out of order.
        async with asyncio.TaskGroup() as group:
            for envelopes in lanes.values():
                group.create_task(lane(envelopes))
        return bool(lanes)

    async def _handle(self, subscription: Subscription, envelope: Envelope) -> None:
        if subscription.handler is None:
            return
        failure: Exception | None = None
        for attempt in range(_TRIES):
            try:
                await subscription.handler(envelope)
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - a worker outlives its work
                _log.exception(
                    "handler_failed",
                    extra={
                        "subscriber": subscription.name,
                        "event_id": envelope.id,
                        "event": type(envelope.event).__name__,
                        "attempt": attempt + 1,
                    },
                )
                failure = error
                if attempt + 1 < _TRIES:
                    await asyncio.sleep(self._pause_s * 4**attempt)
            else:
                return
        if failure is not None:
            await self._park(subscription, envelope, failure)

    async def _park(self, subscription: Subscription, envelope: Envelope, error: Exception) -> None:
        _log.error("event_parked", extra={"subscriber": subscription.name, "event_id": envelope.id})
        row = ParkedRow(
            subscriber=subscription.name,
            event_id=envelope.id,
            envelope=msgspec.msgpack.encode(envelope),
            error=f"{type(error).__name__}: {error}"[:500],
        )
        await self._storage.put(PARKED, row)

    async def _retry_parked(self, subscription: Subscription) -> None:
        if subscription.handler is None:
            return
        after: tuple[int] | None = None
        while True:
            rows = await self._storage.range(PARKED, (subscription.name,), above=after, limit=_PAGE)
            for row in rows:
                try:
                    await subscription.handler(msgspec.msgpack.decode(row.envelope, type=Envelope))
                except Exception:  # noqa: BLE001 - a worker outlives its work
                    _log.exception("parked_event_fails_again", extra={"event_id": row.event_id})
                else:
                    await self._storage.delete(PARKED, row)
            if len(rows) < _PAGE:
                return
            after = (rows[-1].event_id,)


def _keeps_own(subscription: Subscription) -> bool:
    """Whether a subscriber is told of every page, and so moves its cursor itself each time."""
    return subscription.page is not None and not subscription.hears


async def _until(wake: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_GLANCE_S):
            await wake.wait()
