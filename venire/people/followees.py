"""Whom a reader follows, and how: kept whole for most, asked one by one for those of thousands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from venire.people.model import FOLLOWING
from venire.storage.memory import Memory
from venire.storage.tables.ties import FOLLOWING as TIES
from venire.storage.tables.ties import FollowingRow
from venire.storage.world import World

_WHOLE_MOST = 1_000
_LANGUAGES = msgspec.json.Decoder(tuple[str, ...])


class Followee(msgspec.Struct, frozen=True):
    """How someone is followed: with boosts or without, in which languages (none: all)."""

    reblogs: bool = True
    languages: tuple[str, ...] = ()


class Followees:
    """The accounts that a reader follows; `learn` before asking."""

    __slots__ = ("_account_id", "_known", "_whole", "_world", "get")

    def __init__(self, world: World, account_id: int, whole: Mapping[int, Followee] | None) -> None:
        self._world = world
        self._account_id = account_id
        self._whole = whole
        self._known: dict[int, Followee | None] = {}
        # How an account that was learned is followed; None where it is not. Asked for every post
        # of every page, so it is the dictionary's own method.
        self.get: Callable[[int], Followee | None] = self._known.get if whole is None else whole.get

    async def learn(self, account_ids: Sequence[int]) -> None:
        """Read what is not known yet."""
        if self._whole is not None:
            return
        for one in account_ids:
            if one not in self._known:
                row = await self._world.storage.get(TIES, (self._account_id, one))
                self._known[one] = None if row is None else _followee(row)


def _followee(row: FollowingRow) -> Followee | None:
    if row.state != FOLLOWING:
        return None
    return Followee(row.reblogs, _LANGUAGES.decode(row.languages) if row.languages else ())


_KEPT: Memory[Mapping[int, Followee] | None] = Memory(2_000)


async def followees_of(world: World, account_id: int) -> Followees:
    """Whom an account follows."""

    async def read() -> Mapping[int, Followee] | None:
        rows = await world.storage.range(TIES, (account_id,), limit=_WHOLE_MOST)
        if len(rows) == _WHOLE_MOST:
            return None
        found = ((row.followee_id, _followee(row)) for row in rows)
        return {followee_id: one for followee_id, one in found if one is not None}

    whole = await _KEPT.recall(world.storage, account_id, ((TIES, (account_id,)),), read)
    return Followees(world, account_id, whole)
