"""Notifications that a policy held back: kept apart by sender, until their reader answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from venire.events import NotificationsMerged
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Conflict, NotFound
from venire.kernel.ids import AccountId, PostId, id_ms
from venire.posts.notification_policy import permit
from venire.posts.spans import month_of
from venire.storage.tables.notifications import (
    HELD_FROM,
    HELD_NOTIFICATIONS,
    REQUEST_LIST,
    REQUESTS,
    HeldFromRow,
    HeldNotificationRow,
    RequestListRow,
    RequestRow,
)
from venire.storage.tables.posts import NOTIFICATIONS, NotificationRow
from venire.storage.verbs import Delete, Put, Write
from venire.storage.world import World

KEPT_MS = 180 * DAY_MS
HELD_MOST = 100
"""Of one sender: what comes after is not kept. A flood must not fill its reader's rows."""
COUNTED_MOST = 100
_PENDING = "pending"
_ANSWERED = "answered"
_TRIES = 8


class Request(msgspec.Struct, frozen=True):
    """A sender who waits to be heard. `last_id`: the newest that was held, `count` at most 100."""

    id: int
    from_id: AccountId
    count: int
    last_id: int
    last_post_id: PostId | None


async def hold(world: World, row: NotificationRow) -> None:
    """Keep a notification apart; told again it is the same one, answered before it stays so."""
    head = await world.storage.get(REQUESTS, (row.account_id, row.from_id))
    if head is not None and row.id <= head.answered_through:
        return
    there = await world.storage.range(HELD_FROM, (row.account_id, row.from_id), limit=HELD_MOST)
    if len(there) < HELD_MOST and all(held.id != row.id for held in there):
        held = HeldNotificationRow(**msgspec.structs.asdict(row))
        index = HeldFromRow(row.account_id, row.from_id, row.id, row.post_id)
        until_ms = id_ms(row.id) + KEPT_MS
        await world.storage.commit(
            f"notification:{row.account_id}:{row.id}",
            [Put(HELD_NOTIFICATIONS, held, until_ms), Put(HELD_FROM, index, until_ms)],
        )
    await _ask(world, row.account_id, row.from_id, row.id)


async def _ask(world: World, account_id: int, from_id: int, event_id: int) -> None:
    for _ in range(_TRIES):
        head = await world.storage.get(REQUESTS, (account_id, from_id))
        if head is not None and head.state == _PENDING:
            return
        version = 0 if head is None else head.version
        through = 0 if head is None else head.answered_through
        row = RequestRow(account_id, from_id, version + 1, event_id, _PENDING, through)
        listed = RequestListRow(account_id, event_id, from_id)
        try:
            await world.storage.commit(
                _aggregate(account_id, from_id),
                [Put(REQUESTS, row), Put(REQUEST_LIST, listed, id_ms(event_id) + KEPT_MS)],
                expect=version,
            )
        except Conflict:
            continue
        return
    raise Conflict("try_again", "This changed meanwhile: try again")


def _aggregate(account_id: int, from_id: int) -> str:
    return f"notification_request:{account_id}:{from_id}"


async def page(
    world: World,
    account_id: int,
    *,
    above: int | None = None,
    below: int | None = None,
    limit: int = 40,
    reverse: bool = False,
) -> list[Request]:
    """Who waits, the latest request first; bounds are ids of requests."""
    rows = await world.storage.range(
        REQUEST_LIST,
        (account_id,),
        above=None if above is None else (above,),
        below=None if below is None else (below,),
        limit=limit,
        reverse=reverse,
    )
    return [await _request(world, row) for row in rows]


async def _request(world: World, row: RequestListRow) -> Request:
    held = await world.storage.range(HELD_FROM, (row.account_id, row.from_id), limit=COUNTED_MOST)
    last_post = next((one.post_id for one in held if one.post_id is not None), None)
    return Request(
        id=row.id,
        from_id=AccountId(row.from_id),
        count=len(held),
        last_id=held[0].id if held else row.id,
        last_post_id=None if last_post is None else PostId(last_post),
    )


async def summary(world: World, account_id: int) -> tuple[int, int]:
    """How many senders wait and how many notifications of theirs, up to 100 senders."""
    waiting = await page(world, account_id, limit=100)
    return len(waiting), sum(one.count for one in waiting)


async def _listed(world: World, account_id: int, request_id: int) -> RequestListRow:
    row = await world.storage.get(REQUEST_LIST, (account_id, request_id))
    if row is None:
        raise NotFound("record_not_found", "Record not found")
    return row


async def load(world: World, account_id: int, request_id: int) -> Request:
    """One request that waits. NotFound `record_not_found`."""
    return await _request(world, await _listed(world, account_id, request_id))


async def accept(world: World, account_id: int, request_id: int) -> None:
    """Hear of a sender from now on, and of what was held back. NotFound.

    Safe to be cut short: the request stays until everything was moved.
    """
    row = await _listed(world, account_id, request_id)
    await permit(world, account_id, row.from_id)
    await _move(world, account_id, row.from_id, keep=True)
    await _answer(world, row)


async def dismiss(world: World, account_id: int, request_id: int) -> None:
    """Put away what a sender's were held back. They may be held back again. NotFound."""
    row = await _listed(world, account_id, request_id)
    await _move(world, account_id, row.from_id, keep=False)
    await _answer(world, row)


async def _move(world: World, account_id: int, from_id: int, *, keep: bool) -> None:
    """Take what was held out of there, into the member's notifications if they are kept."""
    held = await world.storage.range(HELD_FROM, (account_id, from_id), limit=HELD_MOST)
    keys = [(account_id, month_of(row.id), row.id) for row in held]
    whole = await world.storage.get_many(HELD_NOTIFICATIONS, keys)
    await asyncio.gather(
        *(_move_one(world, index, row, keep=keep) for index, row in zip(held, whole, strict=True))
    )


async def _move_one(
    world: World, index: HeldFromRow, held: HeldNotificationRow | None, *, keep: bool
) -> None:
    writes: list[Write] = [Delete(HELD_FROM, index)]
    if held is not None:
        writes.append(Delete(HELD_NOTIFICATIONS, held))
        if keep:
            row = NotificationRow(**msgspec.structs.asdict(held))
            writes.append(Put(NOTIFICATIONS, row, id_ms(row.id) + KEPT_MS))
    await world.storage.commit(f"notification:{index.account_id}:{index.id}", writes)


async def _answer(world: World, listed: RequestListRow) -> None:
    for _ in range(_TRIES):
        head = await world.storage.get(REQUESTS, (listed.account_id, listed.from_id))
        version = 0 if head is None else head.version
        row = RequestRow(
            listed.account_id,
            listed.from_id,
            version + 1,
            listed.id,
            _ANSWERED,
            world.ids.next(),
        )
        try:
            await world.storage.commit(
                _aggregate(listed.account_id, listed.from_id),
                [Put(REQUESTS, row), Delete(REQUEST_LIST, listed)],
                [NotificationsMerged(listed.account_id)],
                expect=version,
            )
        except Conflict:
            continue
        return
    raise Conflict("try_again", "This changed meanwhile: try again")


async def held_rows(
    world: World,
    account_id: int,
    from_id: int,
    *,
    above: int | None,
    below: int | None,
) -> Sequence[NotificationRow]:
    """What is held of one sender between two ids, newest first."""
    index = await world.storage.range(
        HELD_FROM,
        (account_id, from_id),
        above=None if above is None else (above,),
        below=None if below is None else (below,),
        limit=HELD_MOST,
    )
    keys = [(account_id, month_of(row.id), row.id) for row in index]
    rows = await world.storage.get_many(HELD_NOTIFICATIONS, keys)
    return [NotificationRow(**msgspec.structs.asdict(row)) for row in rows if row is not None]
