"""How everything that the site depends on stands now: the register with what is known of each."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from venire.continuity.journal import ship_states
from venire.continuity.vendors import breaker, drill_results, vendor_states
from venire.continuity.vendors.breaker import Health
from venire.continuity.vendors.register import Drilled, KindState, kinds
from venire.kernel.errors import NotFound
from venire.kernel.vendors import Listed
from venire.storage.tables.shipping import ShipStateRow
from venire.storage.world import World


class Known(NamedTuple):
    """A vendor of the settings, and how it does."""

    listed: Listed
    health: Health


class Survey(NamedTuple):
    """All kinds, all vendors in the order of the settings, and the last result of each drill."""

    kinds: list[KindState]
    vendors: list[Known]
    drills: dict[str, Drilled]


async def survey(world: World) -> Survey:
    """Look at everything. One read for each kind and each drill."""
    listed = world.site.vendors
    healths: dict[tuple[str, str], Health] = {}
    for kind in {one.kind for one in listed}:
        for name, health in (await vendor_states.load(world, kind)).items():
            healths[kind, name] = health
    for row in await ship_states.every(world.storage):
        key = (ship_states.KIND, row.store)
        healths[key] = _shipped(healths.get(key, Health()), row, world.now_ms())
    drills = await drill_results.newest(world)
    known = [Known(one, healths.get((one.kind, one.name), Health())) for one in listed]
    return Survey(kinds(listed, healths, drills, world.now_ms()), known, drills)


def _shipped(health: Health, row: ShipStateRow, now_ms: int) -> Health:
    """A store's health with what the shipper knows: where it works, it is used all the time."""
    if row.state == "working":
        return msgspec.structs.replace(health, last_success_ms=now_ms)
    if row.state == "closed":
        return msgspec.structs.replace(
            health, state=breaker.SHUT, said=row.said, since_ms=row.since_ms
        )
    if health.state == breaker.SHUT:
        return health
    # Failing, given up or not ours: nothing lies there that a site could be restored from.
    return msgspec.structs.replace(
        health, state=breaker.RESTING, said=row.said or row.state, since_ms=row.since_ms
    )


def find(world: World, kind: str, name: str) -> Listed:
    """A vendor of the settings. NotFound."""
    for one in world.site.vendors:
        if (one.kind, one.name) == (kind, name):
            return one
    raise NotFound("record_not_found", "Record not found")


async def reset(world: World, listed: Listed) -> Health:
    """A person has looked: it may be asked again."""
    now_ms = world.now_ms()
    if listed.kind == ship_states.KIND:
        await ship_states.reset(world.storage, listed.name, now_ms)
    return await vendor_states.change(
        world, listed.kind, listed.name, lambda health: breaker.reset(health, now_ms)
    )


async def used(world: World, listed: Listed) -> Health:
    """A person says that one no adapter speaks to was used today: a bank, counsel. NotFound.

    What an adapter speaks to shows by itself whether it works.
    """
    if listed.usable:
        raise NotFound("record_not_found", "Record not found")
    now_ms = world.now_ms()
    return await vendor_states.change(
        world, listed.kind, listed.name, lambda health: breaker.after_success(health, now_ms)
    )
