"""Posts that are published later: planned, moved, taken back, and published once when due.

Before it is published, the id of the post is written into the plan: however often the timer fires,
and whoever dies between two commits, it is the same post. What may not be published when its time
comes (its author was suspended, what it answers is gone) is kept, and its author is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from venire.kernel.clock import DAY_MS, MINUTE_MS
from venire.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Throttled, TooLarge
from venire.kernel.i18n import translate
from venire.kernel.ids import AccountId, PostId
from venire.people.store import load_account
from venire.posts import actions, store, writing
from venire.posts.media import store as media
from venire.posts.media.actions import reserve
from venire.posts.media.model import Attachment
from venire.posts.model import Draft, Page, Stretch, Window
from venire.posts.pages import fill_page
from venire.storage.tables.scheduled import SCHEDULED, ScheduledRow
from venire.storage.timers import timer
from venire.storage.verbs import Put, Write
from venire.storage.world import World

TIMER: Final = "scheduled"
AHEAD_MS: Final = 5 * MINUTE_MS
PLANS_MOST: Final = 300
PLANS_OF_A_DAY: Final = 25
KEPT_MS: Final = 7 * DAY_MS
"""How long the media of a plan stay after its time, for its author to plan it again."""

WAITING: Final = "waiting"
PUBLISHING: Final = "publishing"
REFUSED: Final = "refused"
GONE: Final = "gone"
_SHOWN: Final = frozenset({WAITING, REFUSED})
_REFUSALS: Final = (Forbidden, Invalid, NotFound, Throttled, TooLarge)
_TRIES: Final = 8
_DRAFT = msgspec.json.Decoder(Draft)


class Plan(msgspec.Struct, frozen=True):
    """A post that is to be published at a moment; `media` as they are described now."""

    id: int
    account_id: AccountId
    at_ms: int
    draft: Draft
    media: tuple[Attachment, ...] = ()


class Refusal(msgspec.Struct, frozen=True):
    """That a planned post was not published: what its author is told, once under this key."""

    account_id: AccountId
    text: str
    key: str


def _check_moment(world: World, at_ms: int) -> None:
    if at_ms < world.now_ms() + AHEAD_MS:
        raise Invalid(
            "schedule_too_soon",
            "Validation failed: Scheduled at The scheduled date must be in the future",
            details={"scheduled_at": [{"error": "ERR_INVALID", "description": "too soon"}]},
        )


async def plan(world: World, account_id: int, draft: Draft, at_ms: int) -> Plan:
    """Have a post published at a moment; again with the same idempotency key is the same plan.

    What `actions.publish` would refuse now is refused now. Invalid `schedule_too_soon`,
    `schedule_full`.
    """
    _check_moment(world, at_ms)
    author = await actions.writer(world, account_id)
    plan_id = world.ids.next()
    if draft.idempotency_key:
        hashed = store.key_hash(f"scheduled:{draft.idempotency_key}")
        lapses_ms = world.now_ms() + actions.KEY_MS
        plan_id = await store.claim_key(world, account_id, hashed, plan_id, until_ms=lapses_ms)
        row = await world.storage.get(SCHEDULED, (account_id, plan_id))
        if row is not None and row.state in _SHOWN:
            return (await _plans(world, [row]))[0]
    await _check_room(world, account_id, at_ms)
    post = await writing.draft_post(world, author, draft)
    if draft.media_ids:
        await reserve(world, account_id, draft.media_ids, at_ms + KEPT_MS)
    # What was left to the author's preferences is settled now: so it is shown, so it will be.
    chosen = msgspec.structs.replace(
        draft,
        visibility=post.visibility,
        language=post.language,
        sensitive=post.sensitive,
        quote_policy=post.quote_policy,
    )
    body = msgspec.json.encode(chosen)
    row = ScheduledRow(account_id, plan_id, 1, WAITING, at_ms, body, None, None)
    if not await _saved(world, row, _timer(row)):
        there = await world.storage.get(SCHEDULED, (account_id, plan_id))
        if there is None or there.state not in _SHOWN:
            raise Conflict("try_again", "This changed meanwhile: try again")
        row = there
    return (await _plans(world, [row]))[0]


async def _check_room(world: World, account_id: int, at_ms: int) -> None:
    rows = await world.storage.range(SCHEDULED, (account_id,), limit=PLANS_MOST + 1)
    waiting = [row for row in rows if row.state in _SHOWN]
    that_day = [row for row in waiting if row.at_ms // DAY_MS == at_ms // DAY_MS]
    if len(that_day) >= PLANS_OF_A_DAY:
        raise Invalid(
            "schedule_full",
            f"Validation failed: You have exceeded the limit of {PLANS_OF_A_DAY} scheduled posts"
            " for today",
            limit=PLANS_OF_A_DAY,
        )
    if len(waiting) >= PLANS_MOST:
        raise Invalid(
            "schedule_full",
            f"Validation failed: You have exceeded the limit of {PLANS_MOST} scheduled posts",
            limit=PLANS_MOST,
        )


async def page_of(world: World, account_id: int, window: Window) -> Page[Plan]:
    """What an account has planned, the latest plan first."""

    async def fetch(stretch: Stretch) -> list[ScheduledRow]:
        return await world.storage.range(
            SCHEDULED,
            (account_id,),
            above=stretch.above_key,
            below=stretch.below_key,
            limit=stretch.count,
            reverse=stretch.rising,
        )

    async def keep(rows: Sequence[ScheduledRow]) -> list[tuple[int, Plan]]:
        shown = await _plans(world, [row for row in rows if row.state in _SHOWN])
        return [(one.id, one) for one in shown]

    return await fill_page(window, fetch, lambda row: row.id, keep)


async def load(world: World, account_id: int, plan_id: int) -> Plan:
    """One of an account's plans. NotFound."""
    return (await _plans(world, [await _own(world, account_id, plan_id)]))[0]


async def _own(world: World, account_id: int, plan_id: int) -> ScheduledRow:
    row = await world.storage.get(SCHEDULED, (account_id, plan_id))
    if row is None or row.state not in _SHOWN:
        raise NotFound("record_not_found", "Record not found")
    return row


async def _plans(world: World, rows: Sequence[ScheduledRow]) -> list[Plan]:
    drafts = {row.id: _DRAFT.decode(row.draft) for row in rows}
    wanted = list(dict.fromkeys(one for draft in drafts.values() for one in draft.media_ids))
    there = {one.id: one for one in await media.load_many(world, wanted) if one is not None}
    return [
        Plan(
            id=row.id,
            account_id=AccountId(row.account_id),
            at_ms=row.at_ms,
            draft=drafts[row.id],
            media=tuple(there[one].attachment for one in drafts[row.id].media_ids if one in there),
        )
        for row in rows
    ]


async def move(world: World, account_id: int, plan_id: int, at_ms: int) -> Plan:
    """Have a planned post published at another moment. NotFound; Invalid `schedule_too_soon`."""
    for _ in range(_TRIES):
        row = await _own(world, account_id, plan_id)
        _check_moment(world, at_ms)
        wanted = _DRAFT.decode(row.draft).media_ids
        if wanted:
            await reserve(world, account_id, wanted, at_ms + KEPT_MS)
        moved = _next(row, state=WAITING, at_ms=at_ms, refusal=None)
        if await _saved(world, moved, _timer(moved)):
            return (await _plans(world, [moved]))[0]
    raise Conflict("try_again", "This changed meanwhile: try again")


async def take_back(world: World, account_id: int, plan_id: int) -> None:
    """Never publish a planned post. NotFound where it is published, or was taken back already."""
    for _ in range(_TRIES):
        row = await _own(world, account_id, plan_id)
        # Two steps: only a write can be made on condition, and it might be published just now.
        gone = _next(row, state=GONE, draft=b"{}")
        if await _saved(world, gone):
            await world.storage.delete(SCHEDULED, gone)
            return
    raise Conflict("try_again", "This changed meanwhile: try again")


async def on_due(world: World, key: str) -> Refusal | None:
    """The timer of a plan: publish it, if this is its time; what its author is to be told."""
    account_id, plan_id = (int(part) for part in key.split(":"))
    row = await _begun(world, account_id, plan_id)
    if row is None or row.post_id is None:
        return None if row is None else await _refusal(world, row)
    try:
        draft = _DRAFT.decode(row.draft)
        await actions.publish_planned(world, account_id, draft, PostId(row.post_id))
    except _REFUSALS as problem:
        sentence = problem.hint or problem.code
        refused = _next(row, state=REFUSED, post_id=None, refusal=sentence)
        if not await _saved(world, refused):
            raise Conflict("try_again", "This changed meanwhile: try again") from problem
        return await _refusal(world, refused)
    await world.storage.delete(SCHEDULED, row)
    return None


async def _begun(world: World, account_id: int, plan_id: int) -> ScheduledRow | None:
    """A plan that is due, with the id of its post; None where nothing is due. Or one refused."""
    for _ in range(_TRIES):
        row = await world.storage.get(SCHEDULED, (account_id, plan_id))
        if row is not None and row.state == GONE:
            await world.storage.delete(SCHEDULED, row)
            return None
        if row is None or row.at_ms > world.now_ms():
            return None
        if row.state != WAITING:
            return row
        begun = _next(row, state=PUBLISHING, post_id=world.ids.next())
        if await _saved(world, begun):
            return begun
    raise Conflict("try_again", "This changed meanwhile: try again")


async def _refusal(world: World, row: ScheduledRow) -> Refusal | None:
    account = await load_account(world, row.account_id)
    if account is None:
        return None
    language = account.language or world.site.language
    reason = translate(language, row.refusal or "")
    opening = writing.opening(_DRAFT.decode(row.draft).text)
    text = translate(
        language,
        "A post that you had planned was not published: {reason}. It is kept among your planned"
        " posts, where you can choose another time for it: {opening}",
        reason=reason.rstrip("."),
        opening=opening,
    )
    return Refusal(account.id, text, f"scheduled:{row.id}:{row.at_ms}")


def _next(row: ScheduledRow, **changes: object) -> ScheduledRow:
    return msgspec.structs.replace(row, version=row.version + 1, **changes)


def _timer(row: ScheduledRow) -> Write:
    aggregate = SCHEDULED.aggregate_of(row)
    return timer(aggregate, TIMER, f"{row.account_id}:{row.id}", row.at_ms)


async def _saved(world: World, row: ScheduledRow, *more: Write) -> bool:
    try:
        await world.storage.commit(
            SCHEDULED.aggregate_of(row), [Put(SCHEDULED, row), *more], expect=row.version - 1
        )
    except Conflict:
        return False
    return True
