"""A world with the people room's tables, and timers."""

from __future__ import annotations

from pathlib import Path

from tests.kit.blank import open_storage
from venire.kernel.chance import SeededChance
from venire.kernel.clock import ManualClock
from venire.kernel.ids import AccountId, Ids
from venire.kernel.vault import Vault
from venire.people import actions as people
from venire.storage.tables import outbox
from venire.storage.tables import people as tables
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
        storage=open_storage(folder, clock, ids, (*outbox.TABLES, *tables.TABLES)),
        clock=clock,
        chance=SeededChance(seed),
        ids=ids,
        site=Site("venire.test", "http://venire.test", acceptance=acceptance),
        sealing=Vault(bytes(32)),
    )


async def someone(world: World, username: str) -> AccountId:
    created = await people.create_account(world, username, f"{username}@mail.test", "correct horse")
    return AccountId(int(created.id))


_WRITING = {"put", "put_if_absent", "compare_and_set", "delete", "commit", "advance"}


class Killed(BaseException):
    """The power failed."""


class MortalStorage:
    """Storage whose process dies before the n-th write, or right after it."""

    def __init__(self, storage, writes_left: int, *, after: bool) -> None:
        self._storage = storage
        self._left = writes_left
        self._after = after

    def __getattr__(self, name: str):
        verb = getattr(self._storage, name)
        if name not in _WRITING:
            return verb

        async def mortal(*arguments, **more):
            self._left -= 1
            if self._left < 0 and not self._after:
                raise Killed
            answer = await verb(*arguments, **more)
            if self._left < 0:
                raise Killed
            return answer

        return mortal
