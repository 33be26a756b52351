"""The only file that knows engines and vendors: from settings to a house that can be lived in."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncIterator

from venire.adapters.objects.local import LocalObjects
from venire.adapters.search.sqlite_fts import SqliteIndex
from venire.cases.court import Court
from venire.cases.policy import Policy, load_policy
from venire.detectors.bank import TextBank
from venire.detectors.model import Detectors
from venire.detectors.run import load_models
from venire.jury.actions import Pools
from venire.kernel.chance import SystemChance
from venire.kernel.clock import SystemClock
from venire.kernel.errors import Invalid
from venire.kernel.ids import Ids
from venire.notices.ocr import OcrPool
from venire.people import actions as people
from venire.record.actions import Sequencer
from venire.server import keys
from venire.server.settings import Settings
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.leases import LeaderLock, NodeLease
from venire.storage.relay import Relay
from venire.storage.tables.every import ALL
from venire.storage.world import Site, World


class Pulse:
    """Whether the relay has caught up; a process without one has nothing to say about it."""

    def __init__(self) -> None:
        self.relay: Relay | None = None

    async def drained(self) -> bool:
        """See `cases.court.Pulse`."""
        return self.relay is not None and await self.relay.drained()


@dataclasses.dataclass
class House:
    """An open site: what the face is given, and what the workers need besides."""

    settings: Settings
    court: Court
    storage: SqliteStorage
    leader: LeaderLock
    pulse: Pulse

    @property
    def world(self) -> World:
        """Storage, time, chance, ids."""
        return self.court.world


@contextlib.asynccontextmanager
async def open_house(settings: Settings) -> AsyncIterator[House]:
    """Open a data folder and everything on it; closed when the block ends.

    Raises Unavailable `data_is_newer`, `folder_not_for_acceptance`, `key_damaged`, Invalid
    `policy_invalid`, `settings_invalid`.
    """
    folder = settings.folder
    policy = _policy(settings)
    keys.claim_folder(folder, acceptance=settings.acceptance)
    clock, chance = SystemClock(), SystemChance()
    signer = keys.record_signer(folder, settings.record_origin or _origin(settings), chance)
    async with contextlib.AsyncExitStack() as stack:
        lease = NodeLease(folder)
        stack.callback(lease.release)
        leader = LeaderLock(folder)
        stack.callback(leader.release)
        ids = Ids(clock, node=lease.node)
        storage = SqliteStorage(folder, clock, ids, ALL)
        stack.push_async_callback(storage.close)
        ids.raise_floor(storage.newest_event_id())
        world = World(storage, clock, chance, ids, _site(settings), storage.rebuilt_at_ms)
        search = SqliteIndex(folder / "search.db")
        stack.push_async_callback(search.close)
        ocr = OcrPool(workers=settings.ocr_workers)
        stack.push_async_callback(ocr.close)
        sequencer = Sequencer(world, signer)
        stack.push_async_callback(sequencer.stop)
        pulse = Pulse()
        court = Court(
            world=world,
            policy=policy,
            detectors=Detectors(load_models(), TextBank()),
            search=search,
            objects=LocalObjects(folder / "objects"),
            sequencer=sequencer,
            pools=Pools(world),
            ocr=ocr,
            site_account_id=(await people.ensure_site_account(world)).id,
            pulse=pulse,
        )
        yield House(settings, court, storage, leader, pulse)


def _policy(settings: Settings) -> Policy:
    if not settings.policy:
        return load_policy()
    try:
        return load_policy(settings.folder / settings.policy)
    except OSError as error:
        raise Invalid("settings_invalid", f"policy: {settings.policy}: {error.strerror}") from error


def _site(settings: Settings) -> Site:
    return Site(
        domain=settings.domain,
        base_url=settings.url,
        title=settings.title,
        language=settings.language,
        acceptance=settings.acceptance,
        contact=settings.contact,
    )


def _origin(settings: Settings) -> str:
    """The record's name at first start, when the settings name none; never read again later."""
    host = settings.domain.split(":")[0].strip("[]") or "localhost"
    return f"{host}/record"
