"""Where a site's objects are: its folder, and the stores of the settings behind it.

Below each store's prefix: `objects/media/sha256/…` and `objects/evidence/sha256/…`, sealed, and
`objects/objects.key.age`, the key that opens them, for the backup recipients alone: whoever
restores a site from one store needs nothing else of the host that is gone.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pyrage

from venire.adapters.objects.bucket import Bucket
from venire.adapters.objects.local import LocalObjects
from venire.adapters.objects.named import NamedStore, Place, open_store
from venire.adapters.objects.sealing import Seal
from venire.continuity.journal.identities import read_recipient
from venire.continuity.objects.mirrored_objects import EVIDENCE, MEDIA, MirroredObjects
from venire.continuity.objects.object_manifests import Manifest, compare, newest
from venire.continuity.objects.object_mirroring import Mirroring
from venire.kernel.clock import DAY_MS, HOUR_MS
from venire.kernel.errors import Problem
from venire.kernel.ports import ObjectStore
from venire.kernel.told_once import ToldOnce
from venire.kernel.vendors import VendorFault
from venire.server import keys
from venire.server.settings import Settings
from venire.server.store_settings import StoreSettings, store_secret
from venire.storage.world import World

_log = logging.getLogger(__name__)
FOLDERS: Final = {EVIDENCE: "objects", MEDIA: "media"}
"""Kind -> its folder under DATA."""
MANIFESTS: Final = "manifests"
KEY_NAME: Final = "objects.key.age"
_LOOK_S: Final = 60.0
_AGAIN_S: Final = 600.0


@dataclasses.dataclass(frozen=True)
class ObjectStores:
    """The stores of an open site. `mirroring`: None where there is only the folder."""

    evidence: ObjectStore
    media: ObjectStore
    folder: Path
    kinds: Mapping[str, MirroredObjects]
    mirroring: Mirroring | None
    shelves: Mapping[str, NamedStore]
    recipients: tuple[str, ...]
    secret: bytes

    async def close(self) -> None:
        """Leave what is going on in the background."""
        for objects in self.kinds.values():
            await objects.close()


def open_object_stores(settings: Settings, world: World) -> ObjectStores:
    """Open what the settings name; nothing is asked of a store yet.

    Raises Unavailable `store_secret_missing`, `key_damaged`; Invalid `store_invalid`.
    """
    folder = settings.folder
    local = {kind: LocalObjects(folder / name) for kind, name in FOLDERS.items()}
    if not settings.stores:
        return ObjectStores(local[EVIDENCE], local[MEDIA], folder, {}, None, {}, (), b"")
    secret = keys.objects_secret(folder, world.chance)
    kinds: dict[str, MirroredObjects] = {}
    for kind in FOLDERS:
        outside = {
            one.name: Bucket(_opened(folder, one, f"objects/{kind}").opened)
            for one in settings.stores
        }
        kinds[kind] = MirroredObjects(world, kind, local[kind], outside, Seal(secret, kind))
    return ObjectStores(
        evidence=kinds[EVIDENCE],
        media=kinds[MEDIA],
        folder=folder,
        kinds=kinds,
        mirroring=Mirroring(world, kinds),
        shelves={one.name: _opened(folder, one, "objects") for one in settings.stores},
        recipients=settings.backup_recipients,
        secret=secret,
    )


def _opened(folder: Path, store: StoreSettings, below: str) -> NamedStore:
    place = Place(
        url=f"{store.url.rstrip('/')}/{below}",
        endpoint=store.endpoint,
        region=store.region,
        key_id=store.key_id,
        secret=store_secret(folder, store),
        allow_http=store.allow_http,
    )
    return open_store(place)


async def keep_mirrored(world: World, stores: ObjectStores) -> None:
    """Copy, erase, compare and mend until cancelled. In the leader alone."""
    if stores.mirroring is None:
        return
    async with asyncio.TaskGroup() as group:
        group.create_task(stores.mirroring.run(), name="mirroring")
        group.create_task(_keep_compared(world, stores), name="object_manifests")


async def _keep_compared(world: World, stores: ObjectStores) -> None:
    """Compare each kind once a day; at once where a store is new, or has lost what it had."""
    compared_ms = -HOUR_MS
    known: frozenset[str] = frozenset()
    keyless = ToldOnce(_log, "store_without_key")
    while True:
        wait_s = _LOOK_S
        without = await _without_key(stores)
        # One that is new to us never had it: nothing has happened to it.
        lost = without & await _compared_before(world, stores)
        for name in lost:
            keyless.is_so(of=name, vendor=name)
        keyless.are_over(but=lost)
        # At once where it is news; one that takes no key would be compared each minute.
        again = abs(world.now_ms() - compared_ms) >= HOUR_MS
        emptied = bool(without - known) or (bool(without) and again)
        compared_ms = world.now_ms() if emptied else compared_ms
        for kind in stores.kinds:
            try:
                if emptied or await _is_due(world, stores, kind):
                    await compare_now(world, stores, kind)
            except asyncio.CancelledError:
                raise
            except Exception:  # noqa: BLE001 - a worker outlives its work
                _log.exception("objects_not_compared", extra={"kind": kind})
                wait_s = _AGAIN_S
        # Who has got it by now may lose it again, which is news again.
        known = await _without_key(stores) if emptied else without
        await asyncio.sleep(wait_s)


async def _without_key(stores: ObjectStores) -> frozenset[str]:
    """The stores that have our key no more: everything else is likely to be gone with it."""
    found = set()
    for name, shelf in stores.shelves.items():
        try:
            if await shelf.size(KEY_NAME) is None:
                found.add(name)
        except (VendorFault, Problem):
            # One that does not answer has lost nothing yet.
            continue
    return frozenset(found)


async def _compared_before(world: World, stores: ObjectStores) -> frozenset[str]:
    """The stores that our key was left in, at the last comparison of each kind."""
    try:
        last = [await newest(world, kind) for kind in stores.kinds]
    except Problem:
        # It is asked again in a minute.
        return frozenset()
    reports = [item for one in last if one is not None for item in one.stores.items()]
    return frozenset(name for name, report in reports if report.reachable)


async def _is_due(world: World, stores: ObjectStores, kind: str) -> bool:
    last = await newest(world, kind)
    if last is None or world.now_ms() - last.at_ms >= DAY_MS:
        return True
    return frozenset(last.stores) != stores.kinds[kind].names


async def compare_now(world: World, stores: ObjectStores, kind: str) -> Manifest:
    """Compare one kind with its stores, and have mended what is not so."""
    await escrow(stores)
    return await compare(world, stores.kinds[kind], stores.folder / MANIFESTS)


async def escrow(stores: ObjectStores) -> None:
    """Leave the objects' key in each store, for the holders of the backup keys alone."""
    recipients = [read_recipient(text) for text in stores.recipients]
    for name, shelf in stores.shelves.items():
        try:
            # Sealed anew each time: the recipients may be others than yesterday.
            await shelf.put(KEY_NAME, pyrage.encrypt(stores.secret, recipients))
        except (VendorFault, Problem):
            _log.warning("objects_key_not_left", extra={"vendor": name}, exc_info=True)
