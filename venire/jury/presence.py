"""Which members of a frozen pool may not be drawn any more: left, paused, opted out of a category.

Read a part of the jurors at a time, and again only when one of that part was written: a draw does
not ask everyone.
"""

from __future__ import annotations

from typing import NamedTuple

from venire.jury import store
from venire.jury.freezing import Frozen
from venire.storage.memory import Memory
from venire.storage.tables.jury import JURORS
from venire.storage.tables.service import CHOICES
from venire.storage.verbs import Storage


class _Part(NamedTuple):
    """Of one part of the jurors: who is gone, who pauses until when, who opted out of what."""

    gone: frozenset[int]
    paused: dict[int, int]
    opted_out: dict[str, frozenset[int]]


_PARTS: Memory[_Part] = Memory(most=128)


async def absent(storage: Storage, members: Frozen, category: str, now_ms: int) -> set[int]:
    """The members of a pool who may not be drawn for a case of this category."""
    found: set[int] = set()
    for shard, accounts in members.shards.items():
        part = await _part(storage, members.epoch, shard, accounts)
        found |= part.gone | part.opted_out.get(category, frozenset())
        found.update(account for account, until_ms in part.paused.items() if until_ms > now_ms)
    return found


async def _part(storage: Storage, epoch: int, shard: int, accounts: frozenset[int]) -> _Part:
    async def read() -> _Part:
        jurors = [
            juror
            for juror in await store.of_shard(storage, shard)
            if juror.account_id in accounts and juror.state == "active"
        ]
        chosen = await storage.get_many(CHOICES, [(juror.account_id,) for juror in jurors])
        opted_out: dict[str, set[int]] = {}
        for juror in jurors:
            for category in juror.opt_outs:
                opted_out.setdefault(category, set()).add(juror.account_id)
        return _Part(
            accounts - {juror.account_id for juror in jurors},
            {row.account_id: row.paused_until_ms for row in chosen if row and row.paused_until_ms},
            {category: frozenset(who) for category, who in opted_out.items()},
        )

    return await _PARTS.recall(storage, (epoch, shard), ((JURORS, (shard,)),), read)
