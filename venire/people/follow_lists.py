"""Follows in lists, by when they were made: whom one follows, who follows, who asks, who watches.

A list of followers lies in parts, so that twenty million are not one partition. Which part a follow
belongs to is read from its id alone: a part begins at an id that was still to come when it was
opened, so nothing is ever moved, and whoever wrote before that moment wrote into the one before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from venire.kernel.ids import AccountId, id_at
from venire.people.counts import load_counts
from venire.people.model import FOLLOWING, REQUESTED
from venire.storage.memory import Source
from venire.storage.tables.ties import (
    FOLLOW_BUCKETS,
    FOLLOWERS_BY_TIME,
    FOLLOWS_BY_TIME,
    REQUESTS_BY_TIME,
    WATCHERS,
    FollowBucketRow,
    FollowedLineRow,
    FollowingRow,
    FollowLineRow,
)
from venire.storage.verbs import Delete, Key, Put, Table, Write
from venire.storage.world import World

FOLLOWS_MOST = 7_500
"""Whom one account may follow, as in Mastodon: a home is merged from no more than these."""
PART = 50_000
"""Followers after which a new part of the lists begins."""
_AHEAD_MS = 120_000
"""How far ahead a part begins: longer than any commit takes, on whichever machine."""
_PAGE = 1_000


async def _part_of(world: World, followee_id: int, follow_id: int) -> int:
    rows = await world.storage.range(
        FOLLOW_BUCKETS, (followee_id,), below=(follow_id + 1,), limit=1
    )
    return rows[0].bucket if rows else 0


async def make_room(world: World, followee_id: int, followers: int) -> None:
    """Open the next part of an account's lists when the last one has its fill."""
    if followers < PART:
        return
    rows = await world.storage.range(FOLLOW_BUCKETS, (followee_id,), limit=1)
    number = rows[0].number if rows else 0
    if followers >= PART * (number + 1):
        # On a grid, so that a crowd that follows at once opens one part.
        begins_ms = (world.now_ms() // _AHEAD_MS + 2) * _AHEAD_MS
        row = FollowBucketRow(followee_id, id_at(begins_ms), number + 1)
        await world.storage.put_if_absent(FOLLOW_BUCKETS, row)


async def gathered(world: World, me: int, followee_id: int) -> tuple[int, int]:
    """How many one account follows, and how many follow another, as last counted."""
    counts = await load_counts(world, [me, followee_id])
    return counts[AccountId(me)].following, counts[AccountId(followee_id)].followers


async def _lines(world: World, tie: FollowingRow | None) -> list[tuple[Table[Any], Any]]:
    """In which lists a tie stands."""
    if tie is None or tie.state not in {FOLLOWING, REQUESTED}:
        return []
    part = await _part_of(world, tie.followee_id, tie.follow_id)
    line = FollowedLineRow(tie.followee_id, part, tie.follow_id, tie.follower_id)
    if tie.state == REQUESTED:
        return [(REQUESTS_BY_TIME, line)]
    own = FollowLineRow(tie.follower_id, tie.follow_id, tie.followee_id)
    watched = [(WATCHERS, line)] if tie.notify else []
    return [(FOLLOWS_BY_TIME, own), (FOLLOWERS_BY_TIME, line), *watched]


async def list_writes(world: World, old: FollowingRow | None, new: FollowingRow) -> list[Write]:
    """What moves a tie from the lists where it stood to those where it stands now."""
    before, after = await _lines(world, old), await _lines(world, new)
    gone = [Delete(table, row) for table, row in before if (table, row) not in after]
    come = [Put(table, row) for table, row in after if (table, row) not in before]
    return [*gone, *come]


async def _read(
    world: World,
    table: Table[FollowedLineRow],
    followee_id: int,
    *,
    above: int | None,
    below: int | None,
    limit: int,
    reverse: bool,
) -> list[tuple[int, AccountId]]:
    """A page of one of an account's lists, across its parts."""
    if reverse:
        part = 0 if above is None else await _part_of(world, followee_id, above + 1)
    else:
        part = await _part_of(world, followee_id, _LAST if below is None else below - 1)
    found: list[FollowedLineRow] = []
    while True:
        found += await world.storage.range(
            table,
            (followee_id, part),
            above=_bound(above),
            below=_bound(below),
            limit=limit - len(found),
            reverse=reverse,
        )
        following = await _next_part(
            world, followee_id, part, above=above, below=below, reverse=reverse
        )
        if len(found) >= limit or following is None:
            return [(row.follow_id, AccountId(row.follower_id)) for row in found]
        part = following


_LAST = (1 << 63) - 2


async def _next_part(
    world: World,
    followee_id: int,
    part: int,
    *,
    above: int | None,
    below: int | None,
    reverse: bool,
) -> int | None:
    if not reverse and (part == 0 or (above is not None and part <= above)):
        return None
    rows = await world.storage.range(
        FOLLOW_BUCKETS,
        (followee_id,),
        above=(part,) if reverse else None,
        below=None if reverse else (part,),
        limit=1,
        reverse=reverse,
    )
    if not reverse:
        return rows[0].bucket if rows else 0
    if not rows or (below is not None and rows[0].bucket >= below):
        return None
    return rows[0].bucket


def _bound(value: int | None) -> Key | None:
    return None if value is None else (value,)


async def follower_page(
    world: World,
    account_id: int,
    *,
    above: int | None = None,
    below: int | None = None,
    limit: int = 40,
    reverse: bool = False,
) -> list[tuple[int, AccountId]]:
    """Followers as (follow id, account id), newest first; bounds are follow ids, exclusive."""
    return await _read(
        world, FOLLOWERS_BY_TIME, account_id, above=above, below=below, limit=limit, reverse=reverse
    )


def follower_sources(account_id: int) -> Sequence[Source]:
    """What a short list of followers follows from: its first part, and that there is no other."""
    return ((FOLLOWERS_BY_TIME, (account_id, 0)), (FOLLOW_BUCKETS, (account_id,)))


async def request_page(
    world: World,
    account_id: int,
    *,
    above: int | None = None,
    below: int | None = None,
    limit: int = 40,
    reverse: bool = False,
) -> list[tuple[int, AccountId]]:
    """Follow requests as (follow id, account id), newest first."""
    return await _read(
        world, REQUESTS_BY_TIME, account_id, above=above, below=below, limit=limit, reverse=reverse
    )


async def following_page(
    world: World,
    account_id: int,
    *,
    above: int | None = None,
    below: int | None = None,
    limit: int = 40,
    reverse: bool = False,
) -> list[tuple[int, AccountId]]:
    """Whom an account follows as (follow id, account id), newest first."""
    rows = await world.storage.range(
        FOLLOWS_BY_TIME,
        (account_id,),
        above=_bound(above),
        below=_bound(below),
        limit=limit,
        reverse=reverse,
    )
    return [(row.follow_id, AccountId(row.followee_id)) for row in rows]


async def followee_ids(
    world: World, account_id: int, *, most: int = FOLLOWS_MOST
) -> list[AccountId]:
    """Everyone an account follows, the latest first, up to `most`."""
    return [one for _, one in await following_page(world, account_id, limit=most)]


async def notifying_followers(world: World, author_id: int) -> Sequence[AccountId]:
    """Followers who want to be told of each post of an account (`notify`)."""
    found: list[AccountId] = []
    below: int | None = None
    while True:
        page = await _read(
            world, WATCHERS, author_id, above=None, below=below, limit=_PAGE, reverse=False
        )
        found += [follower_id for _, follower_id in page]
        if len(page) < _PAGE:
            return found
        below = page[-1][0]
