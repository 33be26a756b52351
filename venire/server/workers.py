"""What the leader does beside answering: relay, timers, sequencer, epochs, housekeeping."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from venire.cases import (
    alerting,
    bulk,
    copyright_desk,
    data_demands,
    delivery,
    erasure,
    escalation,
    exports,
    gold_cases,
    nights,
    notes,
    orders,
    pending_suspension,
    public,
    reporters_told,
    service,
    steps,
    sweep,
    waves,
    winding,
)
from venire.cases.court import Court
from venire.jury.freezing import keep_epochs
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Unavailable
from venire.people import follows, roll
from venire.people.post_office import PostOffice
from venire.posts import indexing, poll_ends, scheduled
from venire.posts.media import actions as media
from venire.posts.media.store import LAPSE_TIMER, OBJECT_TIMER
from venire.posts.moving import steps as moving
from venire.posts.moving.store import TIMER as IMPORT_TIMER
from venire.server.processes import Bell
from venire.server.subscriptions import subscriptions
from venire.server.wiring import House
from venire.storage.relay import Relay
from venire.storage.timers import TimerHandler, Timers

_log = logging.getLogger(__name__)
_LOOK_S = 0.05
_HOUSEKEEPING_S = 600
_JOURNAL_KEPT_MS = 7 * DAY_MS


def timer_handlers(court: Court) -> dict[str, TimerHandler]:
    """What each kind of timer does."""

    async def seat(key: str) -> None:
        await service.time_out(court.world, court.policy, key)

    async def case(key: str) -> None:
        await steps.advance(court, int(key))

    async def lapse(key: str) -> None:
        await media.lapse(court.world, key)

    async def release(key: str) -> None:
        await media.release(court.media, key)

    async def poll_ended(key: str) -> None:
        await poll_ends.on_due(court.world, key)

    async def publish(key: str) -> None:
        refusal = await scheduled.on_due(court.world, key)
        if refusal is not None:
            await delivery.tell(court, refusal.account_id, refusal.text, key=refusal.key)

    async def look_after(key: str) -> None:
        await moving.on_timer(court.media, key)

    return {
        "seat": seat,
        "case": case,
        LAPSE_TIMER: lapse,
        OBJECT_TIMER: release,
        IMPORT_TIMER: look_after,
        poll_ends.TIMER: poll_ended,
        scheduled.TIMER: publish,
        **gold_cases.timers(court),
        **escalation.timers(court),
        **pending_suspension.timers(court),
        **erasure.timers(court),
        **exports.timers(court),
        **waves.timers(court),
        **alerting.timers(court),
        **bulk.timers(court),
        **orders.timers(court),
        **data_demands.timers(court),
        **copyright_desk.timers(court),
        **notes.timers(court),
        **reporters_told.timers(court),
    }


@contextlib.asynccontextmanager
async def leading(
    house: House, stop: Callable[[], None], bell: Bell | None = None
) -> AsyncIterator[None]:
    """Run the workers while the block runs, as soon as this process can be the leader.

    A site whose workers are gone takes posts and never judges one: better that it stops. So `stop`
    is called should they die, and at the end Unavailable `workers_died` is raised.
    """

    def told(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            _log.critical("workers_died", exc_info=task.exception())
            stop()

    # In every process: what a request adds to the record does not wait for another process.
    house.court.sequencer.start()
    task = asyncio.create_task(_lead(house, bell), name="leader")
    task.add_done_callback(told)
    try:
        yield
    finally:
        task.cancel()
        (failure,) = await asyncio.gather(task, return_exceptions=True)
        await house.court.sequencer.stop()
    if isinstance(failure, Exception):
        raise Unavailable("workers_died", "the log says why; nothing is lost") from failure


async def _lead(house: House, bell: Bell | None) -> None:
    while not house.leader.acquire():  # noqa: ASYNC110 - the lock is another process's to free
        await asyncio.sleep(1)
    court = house.court
    relay = Relay(house.storage, subscriptions(court), pace=house.pulse.pace)
    house.storage.on_commit(relay.wake)
    if bell is not None:
        bell.on_ring(relay.wake)
    await public.note_policy(court)
    await winding.wind(court)
    await gold_cases.fill(court)
    await sweep.fill_bank(court)
    await roll.fill(court.world)
    await follows.build_lists(court.world)
    await indexing.prepare(court.world, court.search)
    relay.start()
    house.pulse.relay = relay
    timers = Timers(house.storage, house.world.clock, timer_handlers(court))
    tasks = [
        _named(timers.run(), "timers"),
        _named(_watch_other_processes(house, relay), "watch"),
        _named(_keep_epochs(court), "epochs"),
        _named(_housekeeping(house), "housekeeping"),
        _named(nights.keep_nights(court), "nights"),
    ]
    if house.mail is not None:
        office = PostOffice(house.world, house.mail, per_hour=house.settings.mail_per_hour)
        tasks.append(_named(office.run(), "post_office"))
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        house.pulse.relay = None
        await relay.stop()


def _named(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    return asyncio.create_task(work, name=name)


async def _watch_other_processes(house: House, relay: Relay) -> None:
    """Wake the relay when a process that has no bell has written: a command beside the site."""
    seen = house.storage.data_version()
    while True:
        await asyncio.sleep(_LOOK_S)
        house.pulse.beat()
        version = house.storage.data_version()
        if version != seen:
            seen = version
            relay.wake()


async def _keep_epochs(court: Court) -> None:
    while True:
        try:
            await keep_epochs(
                court.world, court.sequencer, court.policy, court.policy.jury.epoch_minutes
            )
        except asyncio.CancelledError:
            raise
        except Exception:  # noqa: BLE001 - a pool that cannot be frozen now can be in a minute
            _log.exception("epoch_not_frozen")
            await asyncio.sleep(60)


async def _housekeeping(house: House) -> None:
    while True:
        await asyncio.sleep(_HOUSEKEEPING_S)
        try:
            await house.storage.sweep()
            await house.storage.prune(house.world.now_ms() - _JOURNAL_KEPT_MS)
        except asyncio.CancelledError:
            raise
        except Exception:  # noqa: BLE001 - cleaning up can wait
            _log.exception("housekeeping_failed")
