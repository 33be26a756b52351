"""How a pool's members stand to an author: follows, blocks, mutes, a shared address."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from venire.people import addresses, follows, relations
from venire.storage.world import World

_PAGE = 1_000


class Ties(NamedTuple):
    """Account ids by kind of tie; blocks and mutes in both directions."""

    followers: frozenset[int]
    followed: frozenset[int]
    blocks: frozenset[int]
    mutes: frozenset[int]
    addresses: tuple[frozenset[int], ...]


async def ties_of(world: World, author_id: int, members: Sequence[int]) -> Ties:
    """The ties between an author and these members."""
    blocks = await relations.outgoing(world, author_id, "block")
    blocked = await relations.incoming(world, author_id, "block")
    mutes = await relations.outgoing(world, author_id, "mute")
    muted = await relations.incoming(world, author_id, "mute")
    shared = await addresses.accounts_by_address(world, author_id)
    return Ties(
        followers=await _followers(world, author_id, members),
        followed=frozenset(await follows.followee_ids(world, author_id)),
        blocks=frozenset(blocks | blocked),
        mutes=frozenset(mutes | muted),
        addresses=(frozenset(shared),) if shared else (),
    )


async def _followers(world: World, author_id: int, members: Sequence[int]) -> frozenset[int]:
    """Which members follow the author: read off the shorter side."""
    found: list[int] = []
    below: int | None = None
    while len(found) <= len(members):
        page = await follows.follower_page(world, author_id, below=below, limit=_PAGE)
        found += [account_id for _, account_id in page]
        if len(page) < _PAGE:
            return frozenset(found)
        below = page[-1][0]
    among: set[int] = set()
    left = iter(members)
    while some := list(islice(left, _PAGE)):
        among |= await follows.followers_among(world, author_id, some)
    return frozenset(among)
