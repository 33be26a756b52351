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
    money_news,
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
    we_moved,
    winding,
)
from venire.cases.court import Court
from venire.continuity.journal.generations import check_ours
from venire.continuity.names.beacon_copies import keep_copied
from venire.continuity.objects import revocations
from venire.continuity.recovery.relocating import keep_settled
from venire.continuity.recovery.relocating import read as read_move
from venire.jury.epoch_clock import keep_epochs
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Problem, Unavailable
from venire.people import follows, roll
from venire.people.post_office import PostOffice
from venire.posts import indexing, poll_ends, scheduled
from venire.posts.media import actions as media
from venire.posts.media.store import LAPSE_TIMER, OBJECT_TIMER
from venire.posts.moving import steps as moving
from venire.posts.moving.store import TIMER as IMPORT_TIMER
from venire.server import keys
from venire.server.certifying import keep_asking, keep_certified
from venire.server.object_stores import keep_mirrored
from venire.server.processes import Bell
from venire.server.reminding import keep_reminding
from venire.server.shipping import Shipping, keep_shipping
from venire.server.snapshotting import keep_drilled, keep_snapshots
from venire.server.subscriptions import subscriptions
from venire.server.wiring import House
from venire.storage.relay import Relay
from venire.storage.timers import TimerHandler, Timers
from venire.treasury import reconciling

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
        **we_moved.timers(court),
        **money_news.timers(court),
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
    if isinstance(failure, Problem) and failure.code == "fenced":
        raise failure
    if isinstance(failure, Exception):
        raise Unavailable("workers_died", "the log says why; nothing is lost") from failure


async def _lead(house: House, bell: Bell | None) -> None:
    while not house.leader.acquire():
        # The leader may have found that another host has taken this one's place.
        await check_ours(house.storage)
        await asyncio.sleep(1)
    # First of all: what the others commit may have to be in a store before they go on.
    backups = _for_backups(house, bell)
    try:
        await _work(house, bell, backups)
    finally:
        await _ended(backups)


async def _work(house: House, bell: Bell | None, backups: list[asyncio.Task[None]]) -> None:
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
        *backups,
        _named(timers.run(), "timers"),
        _named(_watch_other_processes(house, relay), "watch"),
        _named(_keep_epochs(court), "epochs"),
        _named(_housekeeping(house), "housekeeping"),
        _named(nights.keep_nights(court), "nights"),
        _named(keep_reminding(court), "reminders"),
    ]
    tasks += await _for_media(house)
    if court.money is not None:
        tasks.append(_named(reconciling.keep(house.world, court.money), "reconciliation"))
    tasks += _for_names(house)
    if house.mail is not None:
        office = PostOffice(house.world, house.mail, per_hour=house.settings.mail_per_hour)
        tasks.append(_named(office.run(), "post_office"))
    try:
        await asyncio.gather(*tasks)
    finally:
        await _ended(tasks)
        house.pulse.relay = None
        await relay.stop()


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _for_names(house: House) -> list[asyncio.Task[None]]:
    """Whether hosts of names and authorities serve us; the certificate, renewed by itself."""
    wanted, names = house.settings.certificate_names, house.names
    if wanted and (names is None or names.certificates is None):
        _log.error("certificate_not_kept", extra={"said": "no_authority"})
    if names is None:
        return []
    tasks = [_named(keep_asking(names.hosts, names.certificates), "names")]
    if names.certificates is not None and wanted:
        data, clock = house.settings.folder, house.world.clock
        keeping = keep_certified(names.certificates, wanted, data, clock)
        tasks.append(_named(keeping, "certificates"))
    return tasks


def _for_backups(house: House, bell: Bell | None) -> list[asyncio.Task[None]]:
    """The journal on its way out, a snapshot each hour, a restore each day."""
    if house.shipping is None:
        return []
    settings, world = house.settings, house.world
    shipping = _named(_ship(house, house.shipping, bell), "shipping")
    if not settings.stores:
        # Done at once: the journal is no longer kept for stores that were named before.
        return [shipping]
    return [
        shipping,
        _named(
            keep_settled(settings.folder, house.shipping.stores, world.clock, world.chance), "moves"
        ),
        _named(keep_snapshots(settings, world.clock), "snapshots"),
        _named(keep_drilled(settings, world), "restore_drills"),
        _named(keep_copied(world, house.shipping.stores), "beacon"),
    ]


async def _ship(house: House, shipping: Shipping, bell: Bell | None) -> None:
    """Ship; a host whose site was moved has nothing more to ship, and still says where it is."""
    try:
        await keep_shipping(shipping, house.world, bell)
    except Unavailable as problem:
        if problem.code not in {"fenced", "site_moving"} or not read_move(house.settings.folder):
            raise
        await asyncio.Event().wait()


async def _for_media(house: House) -> list[asyncio.Task[None]]:
    """What keeps objects in their stores, and mirrors from showing what is held."""
    world, sequencer = house.world, house.court.sequencer
    signer = keys.revocation_signer(house.settings.folder, sequencer.origin, world.chance)
    issuing = revocations.keep_issued(world, signer, sequencer.origin, sequencer.epoch)
    tasks = [_named(issuing, "revocations")]
    if house.stores is not None and house.stores.mirroring is not None:
        tasks.append(_named(keep_mirrored(world, house.stores), "objects"))
    return tasks


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
