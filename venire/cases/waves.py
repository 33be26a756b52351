"""Taking back what an account did in a span of time, at once; and putting it back.

Posts go through their own cases, each with its statement; follows end, and those who were told of
them are told no more. A few at a time: each firing of the timer saves how far it has come, and each
thing may be done twice. What was taken back is listed, so that an error can be mended.
"""

from __future__ import annotations

import contextlib

import msgspec

from venire.cases import moderators, putting_back, store
from venire.cases.court import Court
from venire.cases.discipline import may_act
from venire.cases.judges import SEALED
from venire.kernel.clock import DAY_MS, HOUR_MS
from venire.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from venire.kernel.ids import AccountId, id_at
from venire.people import follow_lists, follows
from venire.people.admin_log import log_line
from venire.people.relations import blocks_either_way
from venire.people.store import load_account
from venire.posts import actions as posts
from venire.posts import notifications, reactions
from venire.posts.listing import account_entries
from venire.posts.model import HELD, LISTED, REMOVED, VISIBLE, Stretch
from venire.storage.tables.waves import (
    WAVE_ITEMS,
    WAVES,
    WAVES_BY_ACCOUNT,
    WaveItemRow,
    WaveListRow,
    WaveRow,
)
from venire.storage.timers import TimerHandler, timer
from venire.storage.verbs import Put, Write
from venire.storage.world import World

UNDOING = "undoing"
UNDONE = "undone"
RESTORING = "restoring"
RESTORED = "restored"
POSTS = "posts"
BOOSTS = "boosts"
FOLLOWS = "follows"
DONE = "done"
TIMER = "wave"
SPAN_MOST_MS = 31 * DAY_MS
KEPT_MS = 365 * DAY_MS
_AT_ONCE = 10
_COUNTED = 500
_NEXT_MS = 50
_POST = "post"
_BOOST = "boost"
_FOLLOW = "follow"


async def begin(
    court: Court,
    account_id: int,
    *,
    actor_id: int,
    since_ms: int,
    until_ms: int,
    reason: str,
    category: str = "spam",
    wave_id: int | None = None,
) -> WaveRow:
    """Begin to take back what an account did; the timers do it.

    `wave_id`: of whoever may have to begin it again after a crash; it is begun once under it.
    Raises Invalid `span_invalid`, `reason_missing`, `category_unknown`; NotFound; Forbidden.
    """
    begun = None if wave_id is None else await court.world.storage.get(WAVES, (wave_id,))
    if begun is not None:
        return begun
    await may_act(court.world, actor_id, account_id)
    now_ms = court.world.now_ms()
    _check(since_ms, until_ms, now_ms, reason)
    if category not in {known.name for known in court.policy.categories}:
        raise Invalid("category_unknown", "not a category of this site's policy")
    row = WaveRow(
        id=court.world.ids.next() if wave_id is None else wave_id,
        version=1,
        account_id=account_id,
        actor_id=actor_id,
        state=UNDOING,
        part=POSTS,
        place=None,
        since_ms=since_ms,
        until_ms=min(until_ms, now_ms),
        category=category,
        reason=reason,
        posts=0,
        follows=0,
        boosts=0,
        at_ms=now_ms,
    )
    writes: list[Write] = [
        Put(WAVES, row, now_ms + KEPT_MS),
        Put(WAVES_BY_ACCOUNT, WaveListRow(account_id, row.id), now_ms + KEPT_MS),
        timer(f"wave:{row.id}", TIMER, str(row.id), now_ms),
        _line(court.world, row, actor_id, "undo_wave", reason),
    ]
    await court.world.storage.commit(f"wave:{row.id}", writes, expect=0)
    return row


def _check(since_ms: int, until_ms: int, now_ms: int, reason: str) -> None:
    if not 0 <= since_ms < until_ms <= now_ms + HOUR_MS or until_ms - since_ms > SPAN_MOST_MS:
        raise Invalid("span_invalid", "a wave lies in the past and lasts 31 days at most")
    if not reason.strip() or len(reason) > moderators.REASON_CHARACTERS:
        raise Invalid("reason_missing", "say why, in 2,000 characters at most")


def _line(world: World, row: WaveRow, actor_id: int, action: str, reason: str) -> Write:
    return log_line(
        world,
        actor_id=actor_id,
        action=action,
        target=str(row.account_id),
        reason=reason,
        aggregate=f"wave:{row.id}",
    )


def _left(world: World, row: WaveRow, post_id: int, why: str) -> Write:
    """A line for whoever restored a wave: which post stays hidden, and why."""
    return log_line(
        world,
        actor_id=row.actor_id,
        action="wave_left",
        target=f"post:{post_id}",
        reason=why,
        aggregate=f"wave:{row.id}",
    )


async def load(world: World, wave_id: int) -> WaveRow:
    """A wave. NotFound `record_not_found`."""
    row = await world.storage.get(WAVES, (wave_id,))
    if row is None:
        raise NotFound("record_not_found", "Record not found")
    return row


async def waves_of(world: World, account_id: int, limit: int = 40) -> list[WaveRow]:
    """The waves of an account, newest first."""
    listed = await world.storage.range(WAVES_BY_ACCOUNT, (account_id,), limit=limit)
    rows = await world.storage.get_many(WAVES, [(each.id,) for each in listed])
    return [row for row in rows if row is not None]


async def restore(court: Court, wave_id: int, *, actor_id: int) -> WaveRow:
    """Begin to put back what was taken. Conflict `wave_moving` before all of it was."""
    row = await load(court.world, wave_id)
    await may_act(court.world, actor_id, row.account_id)
    if row.state != UNDONE:
        raise Conflict("wave_moving", "only a wave that was taken back whole can be put back")
    now_ms = court.world.now_ms()
    new = msgspec.structs.replace(
        row, version=row.version + 1, state=RESTORING, part=POSTS, place=None, actor_id=actor_id
    )
    writes: list[Write] = [
        Put(WAVES, new, row.at_ms + KEPT_MS),
        timer(f"wave:{row.id}", TIMER, str(row.id), now_ms),
        _line(court.world, row, actor_id, "restore_wave", ""),
    ]
    await court.world.storage.commit(f"wave:{row.id}", writes, expect=row.version)
    return new


async def go_on(court: Court, key: str) -> None:
    """Do the next few things of a wave."""
    row = await court.world.storage.get(WAVES, (int(key),))
    if row is None or row.state not in {UNDOING, RESTORING}:
        return
    left: list[tuple[int, str]] = []
    new = await (_undo(court, row) if row.state == UNDOING else _put_back(court, row, left))
    if new.part == DONE:
        ended = UNDONE if row.state == UNDOING else RESTORED
        counted = await _counted(court.world, new) if ended == UNDONE else new
        new = msgspec.structs.replace(counted, state=ended)
    new = msgspec.structs.replace(new, version=row.version + 1)
    writes: list[Write] = [Put(WAVES, new, row.at_ms + KEPT_MS)]
    writes += [_left(court.world, row, post_id, why) for post_id, why in left]
    if new.part != DONE:
        due_ms = court.world.now_ms() + _NEXT_MS
        writes.append(timer(f"wave:{row.id}", TIMER, key, due_ms))
    await court.world.storage.commit(f"wave:{row.id}", writes, expect=row.version)


async def _counted(world: World, row: WaveRow) -> WaveRow:
    """The wave with how much was taken back: counted at its end, so that nothing counts twice."""
    found: dict[str, int] = {}
    above: tuple[str | int, ...] | None = None
    while True:
        items = await world.storage.range(WAVE_ITEMS, (row.id,), above=above, limit=_COUNTED)
        for item in items:
            found[item.kind] = found.get(item.kind, 0) + 1
        if len(items) < _COUNTED:
            break
        above = (items[-1].kind, items[-1].item_id)
    return msgspec.structs.replace(
        row,
        posts=found.get(_POST, 0),
        boosts=found.get(_BOOST, 0),
        follows=found.get(_FOLLOW, 0),
    )


async def _list(world: World, row: WaveRow, kind: str, item_id: int) -> None:
    """List a thing before it is taken back: killed between the two, it can still be put back."""
    item = WaveItemRow(row.id, kind, item_id)
    await world.storage.put(WAVE_ITEMS, item, expires_at_ms=row.at_ms + KEPT_MS)


async def _undo(court: Court, row: WaveRow) -> WaveRow:
    if row.part == POSTS:
        return await _undo_posts(court, row)
    return await _undo_follows(court.world, row)


async def _undo_posts(court: Court, row: WaveRow) -> WaveRow:
    below = id_at(row.until_ms) if row.place is None else row.place
    entries = await account_entries(
        court.world, row.account_id, Stretch(id_at(row.since_ms) - 1, below, _AT_ONCE)
    )
    for entry in entries:
        if entry.reblog_of_id is not None:
            await _list(court.world, row, _BOOST, entry.reblog_of_id)
            with contextlib.suppress(NotFound):
                await reactions.unrepost(court.world, row.account_id, entry.reblog_of_id)
        else:
            await _remove(court, row, entry.id)
    done = len(entries) < _AT_ONCE
    place = None if done else entries[-1].id
    return msgspec.structs.replace(row, part=FOLLOWS if done else POSTS, place=place)


async def _remove(court: Court, row: WaveRow, post_id: int) -> None:
    """Remove a post by its case, unless it is hidden already or was not said in public."""
    post = await posts.load(court.world, post_id)
    if post is None or post.visibility not in LISTED:
        return
    # A copy of one that was just removed may be gone by the time its turn comes: it is of the wave.
    swept = post.state in {HELD, REMOVED} and (post.state_at_ms or 0) >= row.at_ms
    if post.state != VISIBLE and not swept:
        return
    await _list(court.world, row, _POST, post_id)
    case = await store.case_of_subject(court.world.storage, "post", post_id)
    if case is not None and SEALED in case.categories:
        return
    # One post that is gone, or that nobody may touch, does not stop those after it.
    with contextlib.suppress(Conflict, Forbidden, NotFound):
        await moderators.act_on_post(
            court,
            post_id,
            actor_id=row.actor_id,
            action="remove",
            reason=row.reason,
            category=row.category,
        )


async def _undo_follows(world: World, row: WaveRow) -> WaveRow:
    below = id_at(row.until_ms) if row.place is None else row.place
    ties = await follow_lists.following_page(
        world, row.account_id, above=id_at(row.since_ms) - 1, below=below, limit=_AT_ONCE
    )
    for _, followee_id in ties:
        await _list(world, row, _FOLLOW, followee_id)
        await follows.unfollow(world, AccountId(row.account_id), followee_id)
        await notifications.withdraw(world, followee_id, "follow", row.account_id, None)
    done = len(ties) < _AT_ONCE
    place = None if done else ties[-1][0]
    return msgspec.structs.replace(row, part=DONE if done else FOLLOWS, place=place)


async def _put_back(court: Court, row: WaveRow, left: list[tuple[int, str]]) -> WaveRow:
    """Put the next few things back; `left` takes the posts that stay hidden, and why."""
    kind = {POSTS: _POST, BOOSTS: _BOOST, FOLLOWS: _FOLLOW}[row.part]
    above = None if row.place is None else (row.place,)
    items = await court.world.storage.range(WAVE_ITEMS, (row.id, kind), above=above, limit=_AT_ONCE)
    for item in items:
        if kind == _POST:
            why = await _keep(court, row, item.item_id)
            if why:
                left.append((item.item_id, why))
        elif kind == _BOOST:
            await _repost(court.world, row.account_id, item.item_id)
        else:
            await _follow_again(court.world, row.account_id, item.item_id)
    done = len(items) < _AT_ONCE
    following = {POSTS: BOOSTS, BOOSTS: FOLLOWS, FOLLOWS: DONE}[row.part]
    place = None if done else items[-1].item_id
    return msgspec.structs.replace(row, part=following if done else row.part, place=place)


async def _keep(court: Court, row: WaveRow, post_id: int) -> str:
    """Put a post back; empty when it is, or was before, else why it is not."""
    case = await store.case_of_subject(court.world.storage, "post", post_id)
    if case is None:
        return ""
    reason = f"Put back what was taken with wave {row.id}."
    undo = putting_back.Undo(row.actor_id, row.category, reason)
    return await putting_back.put_back(court, case.id, undo)


async def _repost(world: World, account_id: int, post_id: int) -> None:
    try:
        await reactions.repost(world, account_id, post_id)
    except Problem:
        # The post is gone meanwhile, or its author wants no boosts of it.
        return


async def _follow_again(world: World, account_id: int, followee_id: int) -> None:
    account = await load_account(world, account_id)
    if account is None or await blocks_either_way(world, account_id, followee_id):
        return
    try:
        await follows.follow(world, AccountId(account_id), followee_id)
    except Problem:
        # Gone meanwhile, or no longer to be followed.
        return


def timers(court: Court) -> dict[str, TimerHandler]:
    """What the timer of this part does."""

    async def wave(key: str) -> None:
        await go_on(court, key)

    return {TIMER: wave}
