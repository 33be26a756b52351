"""How everything that the site depends on stands now: the register with what is known of each."""

from __future__ import annotations

from typing import NamedTuple

from venire.continuity import breaker, drill_results, vendor_states
from venire.continuity.breaker import Health
from venire.continuity.register import Drilled, KindState, kinds
from venire.kernel.errors import NotFound
from venire.kernel.vendors import Listed
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
    drills = await drill_results.newest(world)
    known = [Known(one, healths.get((one.kind, one.name), Health())) for one in listed]
    return Survey(kinds(listed, healths, drills, world.now_ms()), known, drills)


def find(world: World, kind: str, name: str) -> Listed:
    """A vendor of the settings. NotFound."""
    for one in world.site.vendors:
        if (one.kind, one.name) == (kind, name):
            return one
    raise NotFound("record_not_found", "Record not found")


async def reset(world: World, listed: Listed) -> Health:
    """A person has looked: it may be asked again."""
    now_ms = world.now_ms()
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
