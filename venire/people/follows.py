"""Who follows whom. Both directions are rows of one aggregate, so they cannot disagree."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from venire.events import Event, Followed, FollowRequested, Unfollowed
from venire.kernel.errors import Conflict, NotFound
from venire.kernel.ids import AccountId
from venire.people.model import ACTIVE, FOLLOWING, NONE, REQUESTED, Account, Tie
from venire.people.relations import blocks_either_way
from venire.people.rules import decide_follow
from venire.people.store import load_account
from venire.storage.tables.ties import FOLLOW_REQUESTS, FOLLOWERS, FollowerRow, FollowRequestRow
from venire.storage.tables.ties import FOLLOWING as TIES
from venire.storage.tables.ties import FollowingRow as TieRow
from venire.storage.verbs import Delete, Key, Put, Write
from venire.storage.world import World

_TRIES = 4
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


def _writes(old: TieRow | None, new: TieRow) -> list[Write]:
    """The tie's head, and its rows on the followee's side moved to where its state wants them."""
    writes: list[Write] = [Put(TIES, new)]
    if old is not None and (old.state, old.follow_id) != (new.state, new.follow_id):
        key = (old.followee_id, old.follow_id, old.follower_id)
        if old.state == FOLLOWING:
            writes.append(Delete(FOLLOWERS, FollowerRow(*key)))
        elif old.state == REQUESTED:
            writes.append(Delete(FOLLOW_REQUESTS, FollowRequestRow(*key)))
    key = (new.followee_id, new.follow_id, new.follower_id)
    if new.state == FOLLOWING:
        writes.append(Put(FOLLOWERS, FollowerRow(*key)))
    elif new.state == REQUESTED:
        writes.append(Put(FOLLOW_REQUESTS, FollowRequestRow(*key)))
    return writes


async def _save(world: World, old: TieRow | None, new: TieRow) -> None:
    before = old.state if old is not None else NONE
    events: list[Event] = []
    if before != FOLLOWING and new.state == FOLLOWING:
        events.append(Followed(new.follower_id, new.followee_id))
    elif before == FOLLOWING and new.state != FOLLOWING:
        events.append(Unfollowed(new.follower_id, new.followee_id))
    if before != REQUESTED and new.state == REQUESTED:
        events.append(FollowRequested(new.follower_id, new.followee_id))
    await world.storage.commit(
        f"follow:{new.follower_id}:{new.followee_id}",
        _writes(old, new),
        events,
        expect=new.version - 1,
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

    NotFound `record_not_found`; Forbidden `cannot_follow_self`, `follow_blocked`.
    """
    target = await load_account(world, target_id)
    if target is None or target.state != ACTIVE:
        raise NotFound("record_not_found", "Record not found")
    blocked = await blocks_either_way(world, me, target.id)
    for _ in range(_TRIES):
        old = await world.storage.get(TIES, (me, target.id))
        there = None if old is None or old.state == NONE else old
        state = decide_follow(
            me=me,
            target=target.id,
            blocked=blocked,
            locked=target.locked,
            tie=None if there is None else _tie(there),
        )
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
    while rows := await world.storage.range(FOLLOW_REQUESTS, (me.id,), limit=100):
        for row in rows:
            await answer_request(world, me.id, row.follower_id, accept=True)


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
    rows = await world.storage.range(
        FOLLOWERS,
        (account_id,),
        above=_bound(above),
        below=_bound(below),
        limit=limit,
        reverse=reverse,
    )
    return [(row.follow_id, AccountId(row.follower_id)) for row in rows]


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
    rows = await world.storage.range(
        FOLLOW_REQUESTS,
        (account_id,),
        above=_bound(above),
        below=_bound(below),
        limit=limit,
        reverse=reverse,
    )
    return [(row.follow_id, AccountId(row.follower_id)) for row in rows]


def _bound(value: int | None) -> Key | None:
    return None if value is None else (value,)


async def following_page(
    world: World,
    account_id: int,
    *,
    above: int | None = None,
    below: int | None = None,
    limit: int = 40,
    reverse: bool = False,
) -> list[Tie]:
    """Whom an account follows, by account id downwards; bounds are account ids, exclusive.

    Ties that ended are passed over, so a page is short only at the end.
    """
    found: list[Tie] = []
    while len(found) < limit:
        rows = await world.storage.range(
            TIES,
            (account_id,),
            above=_bound(above),
            below=_bound(below),
            limit=limit,
            reverse=reverse,
        )
        found += [_tie(row) for row in rows if row.state == FOLLOWING]
        if len(rows) < limit:
            break
        if reverse:
            above = rows[-1].followee_id
        else:
            below = rows[-1].followee_id
    return found[:limit]


async def followee_ids(world: World, account_id: int, *, most: int = 7_500) -> list[AccountId]:
    """Everyone an account follows, up to `most`."""
    ties = await following_page(world, account_id, limit=most)
    return [tie.followee_id for tie in ties]
