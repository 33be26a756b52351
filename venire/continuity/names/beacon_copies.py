"""The beacon in every store of the site: the same bytes there, believed by the same keys."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Sequence
from typing import Final

from venire.continuity.journal.stores import Store
from venire.continuity.names import whereabouts
from venire.kernel.errors import NotFound
from venire.kernel.vendors import VendorFault
from venire.storage.world import World

_log = logging.getLogger(__name__)
PATH: Final = "beacon"
LOOK_S: Final = 10.0
_ANEW: Final = 360
"""After so many looks it is put everywhere again: a store may have lost it, or have another."""


async def copy(world: World, stores: Sequence[Store], there: dict[str, bytes]) -> None:
    """Put the newest beacon into every store that has not got it; `there` keeps who has."""
    try:
        row = await whereabouts.shown(world)
    except NotFound:
        return
    for store in stores:
        if there.get(store.name) == row.signed:
            continue
        try:
            await store.replace(PATH, row.signed)
        except VendorFault as fault:
            _log.warning("beacon_not_copied", extra={"store": store.name, "said": fault.said})
            continue
        there[store.name] = row.signed


async def keep_copied(world: World, stores: Sequence[Store]) -> None:
    """In the leader: copy it soon after it is published, and to whoever was away."""
    there: dict[str, bytes] = {}
    for look in itertools.count(1):
        if look % _ANEW == 0:
            there.clear()
        await copy(world, stores, there)
        await asyncio.sleep(LOOK_S)
