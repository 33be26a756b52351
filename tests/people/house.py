"""A world with the people room's tables alone."""

from __future__ import annotations

from pathlib import Path

from venire.kernel.chance import SeededChance
from venire.kernel.clock import ManualClock
from venire.kernel.ids import AccountId, Ids
from venire.people import actions as people
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.tables.people import TABLES
from venire.storage.world import Site, World


def make_world(
    folder: Path,
    clock: ManualClock,
    *,
    seed: str = "people",
    node: int = 0,
    acceptance: bool = True,
) -> World:
    ids = Ids(clock, node=node)
    return World(
        storage=SqliteStorage(folder, clock, ids, TABLES),
        clock=clock,
        chance=SeededChance(seed),
        ids=ids,
        site=Site("venire.test", "http://venire.test", acceptance=acceptance),
    )


async def someone(world: World, username: str) -> AccountId:
    created = await people.create_account(world, username, f"{username}@mail.test", "correct horse")
    return AccountId(int(created.id))
