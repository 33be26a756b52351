"""The journal's way out of this host, wired: stores, keys, the shipper in the leader process."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
from pathlib import Path
from typing import Final

import pyrage
from pyrage.x25519 import Recipient

from venire.continuity.journal.generations import check_ours
from venire.continuity.journal.identities import parse_identities, read_recipient
from venire.continuity.journal.news import Pace
from venire.continuity.journal.offsite import Stores
from venire.continuity.journal.shipper import Shipper
from venire.continuity.journal.slices import Slices
from venire.continuity.journal.stores import Store
from venire.continuity.recovery.restoring import record_check
from venire.kernel.chance import Chance
from venire.kernel.clock import DAY_MS
from venire.record.note import Signer
from venire.server.backup_sources import stores_of
from venire.server.keys import make_once
from venire.server.processes import Bell
from venire.server.settings import Settings
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.verbs import Storage
from venire.storage.world import World

DRILL_KEY: Final = "backup-drill.key"
_FLUSH_S: Final = 2.0
_KEY_BYTES: Final = 64 * 1024


@dataclasses.dataclass(frozen=True)
class Shipping:
    """What a process needs to ship, should it come to lead."""

    stores: tuple[Store, ...]
    recipients: tuple[Recipient, ...]
    signer: Signer
    pace: Pace

    def shipper(self, world: World) -> Shipper:
        """A shipper of this site; it runs in one process at a time."""
        check = record_check(str(self.signer.verifier))
        slices = Slices(world.storage, self.recipients, self._sign, check)
        origin = self.signer.verifier.name
        return Shipper(world, self.stores, slices, origin=origin, pace=self.pace)

    def _sign(self, message: bytes) -> bytes:
        return self.signer.sign(message.decode()).signature


async def open_shipping(
    settings: Settings, storage: SqliteStorage, signer: Signer, chance: Chance
) -> Shipping:
    """Have commits wait for the stores that the settings name, where they ask for it.

    Raises Unavailable `fenced`, `store_secret_missing`; Invalid `store_invalid`.
    """
    await check_ours(storage)
    stores = tuple(stores_of(settings))
    recipients = [read_recipient(text) for text in settings.backup_recipients]
    if stores:
        recipients.append(drill_recipient(settings.folder, chance))
        storage.offsite = Stores(
            storage,
            [store.name for store in stores],
            patience_s=settings.store_patience_s,
            refuses=settings.when_stores_fail == "refuse",
        )
    pace = Pace(
        gap_s=settings.ship_every_ms / 1000,
        patience_s=settings.store_patience_s,
        given_up_ms=settings.store_given_up_days * DAY_MS,
    )
    return Shipping(stores, tuple(recipients), signer, pace)


def call_when_waiting(storage: Storage, bell: Bell) -> None:
    """In each process: whoever waits for a store has the leader's shipper hear of it."""
    if isinstance(storage, SqliteStorage) and isinstance(storage.offsite, Stores):
        storage.offsite.on_wait(bell.call)


def drill_recipient(folder: Path, chance: Chance) -> Recipient:
    """The key of the daily restore drill, which has to read here what it is to prove.

    Made once. Whoever has it has the host, and with it all that the key opens.
    """
    path = folder / "keys" / DRILL_KEY
    if not path.exists():
        made = pyrage.x25519.Identity.generate()
        text = f"# opens this site's backups, for the daily drill alone\n{made}\n"
        make_once(path, text.encode(), 0o600, chance)
    with path.open("rb") as file:
        held = file.read(_KEY_BYTES)
    (identity, *_) = parse_identities(held, os.fspath(path))
    return identity.to_public()


async def keep_shipping(shipping: Shipping, world: World, bell: Bell | None) -> None:
    """In the leader: ship until the site stops. Unavailable `fenced`."""
    shipper = shipping.shipper(world)
    storage = world.storage
    if isinstance(storage, SqliteStorage):
        storage.on_commit(shipper.wake)
    if bell is not None:
        bell.on_ring(shipper.wake)
        bell.on_call(shipper.hurry)
    if isinstance(storage, SqliteStorage) and isinstance(storage.offsite, Stores):
        storage.offsite.on_wait(shipper.hurry)
    try:
        await shipper.run()
    except asyncio.CancelledError:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FLUSH_S):
                await shipper.flush()
        raise
