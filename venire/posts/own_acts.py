"""What the answer to an act says of a post's counts: the act itself is in, counted yet or not.

Counting follows from events a moment later; clients show what the answer says until they ask again.
"""

from __future__ import annotations

import msgspec

from venire.posts import store
from venire.posts.marks import mark_of
from venire.posts.tallies import load_tallies
from venire.storage.tables.reactions import MarkRow, TallyRow
from venire.storage.world import World


class Stood(msgspec.Struct, frozen=True):
    """How a post was counted, and what an account had done with it, before the account's act."""

    post_id: int
    account_id: int
    tally: TallyRow
    marks: MarkRow


async def before(world: World, account_id: int, post_id: int) -> Stood | None:
    """To be asked before an act; a boost stands for what it shows. None: there is no such post."""
    post = await store.load(world, post_id)
    if post is None:
        return None
    target_id = post.reblog_of_id or post.id
    tally = await _tally(world, target_id)
    return Stood(target_id, account_id, tally, await mark_of(world, account_id, target_id))


async def after(world: World, stood: Stood | None) -> TallyRow | None:
    """The counts with the act, to be asked after it."""
    if stood is None:
        return None
    tally = await _tally(world, stood.post_id)
    marks = await mark_of(world, stood.account_id, stood.post_id)
    return msgspec.structs.replace(
        tally,
        favourites=_with(
            stood.tally.favourites,
            tally.favourites,
            (marks.favourite_id is not None) - (stood.marks.favourite_id is not None),
        ),
        reblogs=_with(
            stood.tally.reblogs,
            tally.reblogs,
            (marks.reblog_id is not None) - (stood.marks.reblog_id is not None),
        ),
    )


def _with(before_it: int, counted: int, change: int) -> int:
    if change > 0:
        return max(counted, before_it + change)
    return max(0, min(counted, before_it + change)) if change < 0 else counted


async def _tally(world: World, post_id: int) -> TallyRow:
    return (await load_tallies(world, [post_id])).get(post_id) or TallyRow(post_id, 0, 0, 0, 0)
