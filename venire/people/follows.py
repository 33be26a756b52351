"""Who follows whom. Both directions are rows of one aggregate, so they cannot disagree."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import msgspec

from venire.events import Event, FollowChanged, Followed, FollowRequested, Unfollowed
from venire.kernel.errors import Conflict, Invalid, NotFound
from venire.kernel.ids import AccountId
from venire.people.follow_lists import (
    FOLLOWS_MOST,
    followee_ids,
    follower_page,
    follower_sources,
    following_page,
    gathered,
    list_writes,
    make_room,
    notifying_followers,
    request_page,
)
from venire.people.model import ACTIVE, FOLLOWING, NONE, REQUESTED, Account, Tie
from venire.people.relations import blocks_either_way
from venire.people.rules import decide_follow
from venire.people.store import load_account
from venire.storage.tables.ties import FOLLOWING as TIES
from venire.storage.tables.ties import LISTS_BUILT, ListsBuiltRow
from venire.storage.tables.ties import FollowingRow as TieRow
from venire.storage.verbs import Put, Write
from venire.storage.world import World

__all__ = [
    "Manner",
    "accept_all_requests",
    "answer_request",
    "build_lists",
    "follow",
    "followee_ids",
    "follower_page",
    "follower_sources",
    "followers_among",
    "following_among",
    "following_page",
    "is_following",
    "load_tie",
    "load_ties",
    "notifying_followers",
    "request_page",
    "sever",
    "ties_below",
    "unfollow",
]

_TRIES = 4
_AT_ONCE = 256
_LANGUAGES = msgspec.json.Decoder(tuple[str, ...])


def _tie(row: TieRow) -> Tie:
    return Tie(
        follower_id=AccountId(row.follower_id),
        followee_id=AccountId(row.followee_id),
        follow_id=row.follow_id,
        state=row.state,
        reblogs=row.reblogs,
        notify=row.notify,
        languages=_LANGUAGES.decode(row.languages) if row.languages else (),
    )


async def load_tie(world: World, follower_id: int, followee_id: int) -> Tie | None:
    """How one account follows another; None where it does not."""
    row = await world.storage.get(TIES, (follower_id, followee_id))
    return None if row is None or row.state == NONE else _tie(row)


async def is_following(world: World, follower_id: int, followee_id: int) -> bool:
    """Whether one account follows another."""
    tie = await load_tie(world, follower_id, followee_id)
    return tie is not None and tie.state == FOLLOWING


async def ties_below(
    world: World, follower_id: int, below: int | None, limit: int
) -> tuple[list[Tie], int | None]:
    """Whom an account follows, and how, by account id downwards; then where to go on, or None."""
    bound = None if below is None else (below,)
    rows = await world.storage.range(TIES, (follower_id,), below=bound, limit=limit)
    after = rows[-1].followee_id if len(rows) == limit else None
    return [_tie(row) for row in rows if row.state == FOLLOWING], after


async def load_ties(
    world: World, follower_id: int, account_ids: Iterable[int]
) -> dict[AccountId, str]:
    """How an account is tied to some others: following, requested or none, where it ever was."""
    wanted = list(dict.fromkeys(account_ids))
    rows = await world.storage.get_many(TIES, [(follower_id, one) for one in wanted])
    return {AccountId(row.followee_id): row.state for row in rows if row is not None}


async def following_among(
    world: World, viewer_id: int, account_ids: Iterable[int]
) -> set[AccountId]:
    """Whom of some accounts a viewer follows: one read for all of them."""
    ties = await load_ties(world, viewer_id, account_ids)
    return {one for one, state in ties.items() if state == FOLLOWING}


async def followers_among(
    world: World, followee_id: int, account_ids: Iterable[int]
) -> set[AccountId]:
    """Who of some accounts follows another: one read for all of them."""
    wanted = list(dict.fromkeys(account_ids))
    rows = await world.storage.get_many(TIES, [(one, followee_id) for one in wanted])
    return {AccountId(row.follower_id) for row in rows if row and row.state == FOLLOWING}


async def _save(world: World, old: TieRow | None, new: TieRow) -> None:
    before = old.state if old is not None else NONE
    events: list[Event] = []
    if before != FOLLOWING and new.state == FOLLOWING:
        events.append(Followed(new.follower_id, new.followee_id))
    elif before == FOLLOWING and new.state != FOLLOWING:
        events.append(Unfollowed(new.follower_id, new.followee_id))
    elif before == FOLLOWING:
        events.append(FollowChanged(new.follower_id, new.followee_id))
    if before != REQUESTED and new.state == REQUESTED:
        events.append(FollowRequested(new.follower_id, new.followee_id))
    writes: list[Write] = [Put(TIES, new), *await list_writes(world, old, new)]
    await world.storage.commit(
        f"follow:{new.follower_id}:{new.followee_id}", writes, events, expect=new.version - 1
    )


class Manner(msgspec.Struct, frozen=True):
    """How to follow: with reposts, with a notification of each post, in which languages.

    None leaves a thing as it is; at first it is reposts, no notifications, every language.
    """

    reblogs: bool | None = None
    notify: bool | None = None
    languages: tuple[str, ...] | None = None


_AS_IT_IS = Manner()


async def follow(world: World, me: AccountId, target_id: int, manner: Manner = _AS_IT_IS) -> Tie:
    """Follow an account, ask a locked one, or change how an account is followed.

    NotFound `record_not_found`; Forbidden `cannot_follow_self`, `follow_blocked`; Invalid
    `follow_limit_reached`.
    """
    target = await load_account(world, target_id)
    if target is None or target.state != ACTIVE:
        raise NotFound("record_not_found", "Record not found")
    blocked = await blocks_either_way(world, me, target.id)
    following, followers = await gathered(world, me, target.id)
    await make_room(world, target.id, followers)
    for _ in range(_TRIES):
        old = await world.storage.get(TIES, (me, target.id))
        there = None if old is None or old.state == NONE else old
        tie = None if there is None else _tie(there)
        state = decide_follow(
            me=me, target=target.id, blocked=blocked, locked=target.locked, tie=tie
        )
        if there is None and following >= FOLLOWS_MOST:
            hint = "Validation failed: You cannot follow more people"
            raise Invalid("follow_limit_reached", hint, limit=FOLLOWS_MOST)
        fresh = TieRow(
            follower_id=me,
            followee_id=target.id,
            version=0 if old is None else old.version,
            follow_id=world.ids.next(),
            state=state,
            reblogs=True,
            notify=False,
            languages=None,
            created_at_ms=world.now_ms(),
        )
        new = _in_manner(there or fresh, manner, state)
        if new == old:
            return _tie(old)
        new = msgspec.structs.replace(new, version=new.version + 1)
        try:
            await _save(world, old, new)
        except Conflict:
            continue
        return _tie(new)
    raise Conflict("try_again", "This changed meanwhile: try again")


def _in_manner(row: TieRow, manner: Manner, state: str) -> TieRow:
    languages = row.languages
    if manner.languages is not None:
        languages = msgspec.json.encode(manner.languages) if manner.languages else None
    return msgspec.structs.replace(
        row,
        state=state,
        reblogs=row.reblogs if manner.reblogs is None else manner.reblogs,
        notify=row.notify if manner.notify is None else manner.notify,
        languages=languages,
    )


async def unfollow(world: World, me: AccountId, target_id: int) -> None:
    """Stop following, or take a request back. Harmless where there is no tie."""
    await _end(world, me, target_id, (FOLLOWING, REQUESTED))


async def _end(
    world: World, follower_id: int, followee_id: int, states: Sequence[str]
) -> TieRow | None:
    for _ in range(_TRIES):
        old = await world.storage.get(TIES, (follower_id, followee_id))
        if old is None or old.state not in states:
            return None
        new = msgspec.structs.replace(old, version=old.version + 1, state=NONE)
        try:
            await _save(world, old, new)
        except Conflict:
            continue
        return old
    raise Conflict("try_again", "This changed meanwhile: try again")


async def answer_request(world: World, me: AccountId, requester_id: int, *, accept: bool) -> None:
    """Accept or refuse a follow request. NotFound `record_not_found` where there is none."""
    if not accept:
        if await _end(world, requester_id, me, (REQUESTED,)) is None:
            raise NotFound("record_not_found", "Record not found")
        return
    old = await world.storage.get(TIES, (requester_id, me))
    if old is None or old.state != REQUESTED:
        raise NotFound("record_not_found", "Record not found")
    new = msgspec.structs.replace(old, version=old.version + 1, state=FOLLOWING)
    await _save(world, old, new)


async def sever(world: World, one: AccountId, other: AccountId) -> None:
    """End the follows between two accounts, both ways: what a block does."""
    await unfollow(world, one, other)
    await unfollow(world, other, one)


async def accept_all_requests(world: World, me: Account) -> None:
    """Accept whoever waits: what an account does by unlocking itself."""
    while page := await request_page(world, me.id, limit=100):
        for _, requester_id in page:
            await answer_request(world, me.id, requester_id, accept=True)


async def build_lists(world: World) -> int:
    """Fill the lists of follows from ties that are older than these lists; once for each site.

    Returns how many ties were listed. Safe while members follow and unfollow, and after a crash.
    """
    if await world.storage.get(LISTS_BUILT, ("follows",)) is not None:
        return 0
    listed = 0
    cursor: bytes | None = None
    while True:
        ties, cursor = await world.storage.scan(TIES, cursor, _AT_ONCE)
        there = [tie for tie in ties if tie.state != NONE]
        await asyncio.gather(*(_list_again(world, tie) for tie in there))
        listed += len(there)
        if cursor is None:
            break
    await world.storage.put(LISTS_BUILT, ListsBuiltRow("follows", world.now_ms()))
    return listed


async def _list_again(world: World, tie: TieRow) -> None:
    """Put a tie into its lists, as it is by then."""
    there: TieRow | None = tie
    while there is not None and there.state != NONE:
        new = msgspec.structs.replace(there, version=there.version + 1)
        writes: list[Write] = [Put(TIES, new), *await list_writes(world, None, new)]
        aggregate = f"follow:{tie.follower_id}:{tie.followee_id}"
        try:
            await world.storage.commit(aggregate, writes, expect=there.version)
        except Conflict:
            there = await world.storage.get(TIES, (tie.follower_id, tie.followee_id))
            continue
        return
