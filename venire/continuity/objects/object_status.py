"""How a site's object stores stand: what waits, what the last comparison found, who is shut."""

from __future__ import annotations

import msgspec

from venire.continuity.objects import object_book, object_manifests
from venire.continuity.objects.mirrored_objects import EVIDENCE, KIND, MEDIA
from venire.continuity.objects.object_manifests import Manifest
from venire.continuity.vendors import vendor_states
from venire.continuity.vendors.breaker import SERVING
from venire.storage.world import World

WAITING_MOST = 1_000


class StoreState(msgspec.Struct, frozen=True):
    """A store: serving, resting or shut (`continuity.breaker`), and the code it last gave."""

    state: str
    said: str


class ObjectStatus(msgspec.Struct, frozen=True):
    """`waiting`: objects with something to be done in a store, 1,000 of each lane are counted.

    `oldest_ms`: since when the oldest of them waits. `compared`: the newest, by kind.
    """

    stores: dict[str, StoreState]
    waiting: int
    oldest_ms: int | None
    compared: dict[str, Manifest | None]


async def status(world: World) -> ObjectStatus:
    """How they stand now. Without stores in the settings, everything is empty."""
    waiting, oldest_ms = await object_book.waiting(world, WAITING_MOST)
    compared = {kind: await object_manifests.newest(world, kind) for kind in (EVIDENCE, MEDIA)}
    healths = await vendor_states.load(world, KIND)
    names = {name for made in compared.values() if made is not None for name in made.stores}
    stores = {name: StoreState(SERVING, "") for name in sorted(names)}
    stores |= {name: StoreState(one.state, one.said) for name, one in healths.items()}
    return ObjectStatus(stores, waiting, oldest_ms, compared)
