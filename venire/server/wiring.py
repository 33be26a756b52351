"""The only file that knows engines and vendors: from settings to a house that can be lived in."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from collections.abc import AsyncIterator

from venire.adapters.push.addresses import Gate
from venire.adapters.push.vapid import Vapid
from venire.adapters.push.web_push import WebPush
from venire.adapters.randomness import DrandRelays
from venire.adapters.search.sqlite_fts import SqliteIndex
from venire.cases.beacons import Beacons
from venire.cases.court import Court
from venire.cases.policy import Policy, load_policy
from venire.detectors.bank import TextBank
from venire.detectors.batching import Bench
from venire.detectors.model import Detectors
from venire.detectors.run import load_models
from venire.jury.beacon import CHAIN, can_verify
from venire.jury.freezing import Pools
from venire.kernel.chance import SystemChance
from venire.kernel.clock import Clock, SystemClock
from venire.kernel.errors import Invalid
from venire.kernel.ids import Ids
from venire.kernel.ports import MailService
from venire.notices.ocr import OcrPool
from venire.people import actions as people
from venire.posts.media.studio import Films, Studio, Tools
from venire.posts.push_delivery import PushDelivery
from venire.record.actions import Sequencer, newest_epoch
from venire.server import keys, site_names
from venire.server.mail import first_submission, mail_services, open_mail
from venire.server.money import open_money
from venire.server.naming import Names, open_names
from venire.server.object_stores import ObjectStores, open_object_stores
from venire.server.pulse import Board, Pulse
from venire.server.settings import Settings
from venire.server.shipping import Shipping, open_shipping
from venire.server.texting import open_chats, open_phones
from venire.server.upgrading import refuse_older
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.leases import LeaderLock, NodeLease
from venire.storage.tables.every import ALL
from venire.storage.world import Site, World

_log = logging.getLogger(__name__)


@dataclasses.dataclass
class House:
    """An open site: what the face is given, and what the workers need besides."""

    settings: Settings
    court: Court
    storage: SqliteStorage
    leader: LeaderLock
    pulse: Pulse
    mail: MailService | None = None
    stores: ObjectStores | None = None
    shipping: Shipping | None = None
    names: Names | None = None

    @property
    def world(self) -> World:
        """Storage, time, chance, ids."""
        return self.court.world


@contextlib.asynccontextmanager
async def open_house(settings: Settings, board: Board | None = None) -> AsyncIterator[House]:
    """Open a data folder and everything on it; closed when the block ends.

    `board`: what the processes of one site share.

    Raises Unavailable `data_is_newer`, `data_is_older`, `folder_not_for_acceptance`, `key_damaged`,
    `fenced`, `names_unreadable`; Invalid `policy_invalid`, `settings_invalid`.
    """
    folder = settings.folder
    policy = _policy(settings)
    # Refused before anything is opened.
    mail_services(settings)
    keys.claim_folder(folder, acceptance=settings.acceptance)
    refuse_older(folder)
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
        shipping = await open_shipping(settings, storage, signer, chance)
        world = await _open_world(settings, storage, ids)
        pulse = Pulse(storage, board or Board())
        stores = open_object_stores(settings, world)
        stack.push_async_callback(stores.close)
        sequencer = Sequencer(world, signer, epoch=await newest_epoch(storage))
        stack.push_async_callback(sequencer.stop)
        court = await _open_court(settings, world, stack, policy, (stores, sequencer, pulse))
        mail = open_mail(settings, world)
        names = open_names(settings, world, stack)
        yield House(settings, court, storage, leader, pulse, mail, stores, shipping, names)


async def _open_world(settings: Settings, storage: SqliteStorage, ids: Ids) -> World:
    """The world of a folder, under the names that its site has for good."""
    clock, chance = SystemClock(), SystemChance()
    if settings.signed_out_before_ms > clock.now_ms():
        # Whoever signs in would be signed out at once, the operator with them.
        raise Invalid("settings_invalid", "signed_out_before: this moment has not come yet")
    sealing = keys.vault(settings.folder, chance)
    world = World(storage, clock, chance, ids, site_of(settings), storage.rebuilt_at_ms, sealing)
    names = await site_names.keep(settings, world)
    return dataclasses.replace(world, site=site_of(settings, names))


async def _open_court(
    settings: Settings,
    world: World,
    stack: contextlib.AsyncExitStack,
    policy: Policy,
    parts: tuple[ObjectStores, Sequencer, Pulse],
) -> Court:
    stores, sequencer, pulse = parts
    search = SqliteIndex(settings.folder / "search.db")
    stack.push_async_callback(search.close)
    ocr = OcrPool(workers=settings.ocr_workers)
    stack.push_async_callback(ocr.close)
    models = load_models()
    return Court(
        world=world,
        policy=policy,
        detectors=Detectors(models, TextBank(), Bench(models)),
        search=search,
        objects=stores.evidence,
        sequencer=sequencer,
        pools=Pools(world),
        ocr=ocr,
        site_account_id=(await people.ensure_site_account(world)).id,
        pulse=pulse,
        push=_push(stack, settings, world),
        media=await _media(settings, world, stores),
        beacons=_beacons(stack, settings, world.clock),
        money=open_money(stack, settings, world, policy),
        phones=open_phones(settings, world, stack),
        chats=open_chats(settings, world, stack),
    )


async def _media(settings: Settings, world: World, stores: ObjectStores) -> Tools:
    """A store of its own: what lapses there must not take a notice's evidence, the same bytes."""
    studio = Studio(settings.media_workers, films=await Films.find())
    return Tools(world, stores.media, studio)


def _beacons(stack: contextlib.AsyncExitStack, settings: Settings, clock: Clock) -> Beacons | None:
    """The randomness beacon, where the operator named one and its signatures can be checked."""
    if not settings.beacon:
        return None
    if not can_verify():
        _log.warning("beacon_unverifiable", extra={"hint": "draws are weaker: use Python 3.12"})
        return None
    relays = DrandRelays(settings.beacon, CHAIN, Gate(loopback=settings.acceptance))
    stack.push_async_callback(relays.close)
    beacons = Beacons(relays, clock)
    stack.push_async_callback(beacons.close)
    return beacons


def _push(stack: contextlib.AsyncExitStack, settings: Settings, world: World) -> PushDelivery:
    secret = keys.vapid_secret(settings.folder, world.chance)
    service = WebPush(
        Vapid(secret, _voice(settings), world.clock),
        world.chance,
        Gate(loopback=settings.acceptance),
    )
    stack.push_async_callback(service.close)
    push = PushDelivery(service)
    stack.push_async_callback(push.close)
    return push


def _policy(settings: Settings) -> Policy:
    if not settings.policy:
        return load_policy()
    try:
        return load_policy(settings.folder / settings.policy)
    except OSError as error:
        raise Invalid("settings_invalid", f"policy: {settings.policy}: {error.strerror}") from error


def site_of(settings: Settings, names: site_names.Names | None = None) -> Site:
    """What a site is called, and whom it depends on. Unavailable `names_unreadable`.

    `names`: those that count, where they are known already.
    """
    named = site_names.in_force(settings) if names is None else names
    return Site(
        domain=named.handle_domain or settings.domain,
        base_url=settings.url,
        title=settings.title,
        language=settings.language,
        acceptance=settings.acceptance,
        contact=settings.contact,
        letters=settings.letters,
        vendors=(
            *first_submission(settings),
            *(one.listed for one in settings.vendors),
            *(one.listed for one in settings.stores),
        ),
        beacon_signers=settings.beacon_signers,
        beacon_site=settings.beacon_site,
        passkey_domains=settings.passkey_domains,
        bounces=settings.mail_bounces,
        names=named.known,
        signed_out_before_ms=settings.signed_out_before_ms,
    )


def _voice(settings: Settings) -> str:
    """Whom a push service may write to (RFC 8292 section 2.1)."""
    return f"mailto:{settings.contact}" if settings.contact else settings.url


def _origin(settings: Settings) -> str:
    """The record's name at first start, when the settings name none; never read again later."""
    name = settings.handle_domain or settings.domain
    host = name.split(":")[0].strip("[]") or "localhost"
    return f"{host}/record"
