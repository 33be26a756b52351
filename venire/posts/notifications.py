"""What an account is told. A notification has the id of its event: a retelling is the same row.

Nothing is taken out: what was put away is noted beside it, and what may no longer be seen is passed
over at read.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence

import msgspec

from venire.events import Notified
from venire.kernel.errors import NotFound
from venire.kernel.ids import AccountId, PostId, id_at, id_ms
from venire.people.follows import followers_among, load_tie
from venire.people.model import REQUESTED
from venire.posts.model import Notification, Page, Post, Stretch, Window
from venire.posts.notification_requests import KEPT_MS, held_rows
from venire.posts.pages import fill_page
from venire.posts.sight import Sight
from venire.posts.spans import last_id_of, month_of
from venire.storage.memory import Memory
from venire.storage.tables.notifications import HELD_NOTIFICATIONS
from venire.storage.tables.posts import (
    CLEARED,
    DISMISSALS,
    NOTIFICATIONS,
    ClearedRow,
    DismissalRow,
    NotificationRow,
)
from venire.storage.verbs import Put
from venire.storage.world import World

ABOUT_POSTS = frozenset(
    {
        "mention",
        "status",
        "reblog",
        "favourite",
        "poll",
        "update",
        "quote",
        "quoted_update",
    }
)
"""Those that say nothing without their post: hidden with it."""
ALWAYS = frozenset({"moderation_warning"})
"""What concerns the account itself reaches it whomever it blocks."""
_AHEAD_MS = 60_000
"""Ids may run so far ahead of the clock: a new month may have begun for them."""

_DATA = msgspec.json.Decoder(dict[str, object])


class Choice(msgspec.Struct, frozen=True):
    """Which notifications are asked for; empty `types` are all. `held`: those held back too."""

    types: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()
    from_id: int | None = None
    held: bool = False

    def takes(self, row: NotificationRow) -> bool:
        """Whether a row is asked for."""
        return (
            (not self.types or row.type in self.types)
            and row.type not in self.excluded
            and (self.from_id is None or row.from_id == self.from_id)
        )


class Told(Notification, frozen=True):
    """A notification with the post that it is about, as it is now."""

    post: Post | None = None


EVERYTHING = Choice()


async def notify(  # noqa: PLR0917 - who, what, from whom, about what: as it is said
    world: World,
    event_id: int,
    account_id: int,
    kind: str,
    from_id: int,
    post_id: int | None,
    data: Mapping[str, object] | None = None,
) -> None:
    """Tell an account something that follows from an event; again with the same event is once.

    `kind`: a type of Mastodon's. One event tells one account one thing. `data` is JSON; of a
    `moderation_warning` the AccountWarning, without its `target_account`.
    """
    row = NotificationRow(
        account_id=account_id,
        month=month_of(event_id),
        id=event_id,
        type=kind,
        from_id=from_id,
        post_id=post_id,
        data=None if data is None else msgspec.json.encode(data),
    )
    await save(world, row)


async def save(world: World, row: NotificationRow) -> None:
    """Write a notification and say so, once."""
    key = (row.account_id, row.month, row.id)
    if await world.storage.get(NOTIFICATIONS, key) is not None:
        return
    await world.storage.commit(
        f"notification:{row.account_id}:{row.id}",
        [Put(NOTIFICATIONS, row, id_ms(row.id) + KEPT_MS)],
        [Notified(row.account_id, row.id)],
    )


async def withdraw(
    world: World, account_id: int, kind: str, from_id: int, post_id: int | None
) -> None:
    """Put away what an account was lately told of an act that was taken back."""
    for row in await _rows(world, account_id, Stretch(None, None, _WITHDRAWN_FROM), held=None):
        if (row.type, row.from_id, row.post_id) == (kind, from_id, post_id):
            away = DismissalRow(account_id, row.month, row.id)
            await world.storage.put(DISMISSALS, away, expires_at_ms=id_ms(row.id) + KEPT_MS)


async def forget(world: World, account_id: int, notification_id: int) -> None:
    """Take a notification out altogether, with what it said."""
    key = (account_id, month_of(notification_id), notification_id)
    row = await world.storage.get(NOTIFICATIONS, key)
    if row is not None:
        await world.storage.delete(NOTIFICATIONS, row)


_WITHDRAWN_FROM = 400


async def page_of(
    world: World,
    account_id: int,
    window: Window,
    choice: Choice = EVERYTHING,
    *,
    sight: Sight | None = None,
) -> Page[Told]:
    """An account's notifications, newest first. `sight`: the account's, if it is there already."""
    eyes = sight or await Sight.of(world, account_id)
    cleared = await _cleared_through(world, account_id)
    held = (choice.from_id or 0) if choice.held else None
    top: _Top | None = None
    if held is None and not window.rising and window.max_id is None:
        top = await _top_of(world, account_id)
    known: frozenset[int] | None = None

    async def fetch(stretch: Stretch) -> list[NotificationRow]:
        nonlocal known
        part = stretch.within(above=cleared)
        if top is not None and part.below is None and part.count <= _NEWEST:
            known = top.away
            return top.rows_above(part.above, part.count)
        known = None
        return await _rows(world, account_id, part, held=held)

    async def keep(rows: Sequence[NotificationRow]) -> list[tuple[int, Told]]:
        away = await _dismissed(world, rows) if known is None else known
        everything = not away and choice is EVERYTHING
        asked = (
            rows
            if everything
            else [row for row in rows if row.id not in away and choice.takes(row)]
        )
        return [(told.id, told) for told in await _shown(world, eyes, asked)]

    return await fill_page(window, fetch, _place, keep)


def _place(row: NotificationRow) -> int:
    return row.id


class _Top(msgspec.Struct, frozen=True):
    """The newest rows of an account, and which of them were put away."""

    rows: list[NotificationRow]
    away: frozenset[int]

    def rows_above(self, above: int | None, count: int) -> list[NotificationRow]:
        """The newest of them, as a range has them."""
        rows = self.rows[:count]
        if above is None or not rows or rows[-1].id > above:
            return rows
        return [row for row in rows if row.id > above]


_NEWEST = 200
_TOPS: Memory[_Top] = Memory(4_000)


async def _top_of(world: World, account_id: int) -> _Top:
    async def read() -> _Top:
        rows = await _rows(world, account_id, Stretch(None, None, _NEWEST), held=None)
        return _Top(rows, frozenset(await _dismissed(world, rows)))

    months = _months(world, account_id)
    sources = [
        (table, (account_id, month)) for month in months for table in (NOTIFICATIONS, DISMISSALS)
    ]
    key = (account_id, months.start, months.stop)
    top = await _TOPS.recall(world.storage, key, sources, read)
    # Rows lapse without anybody writing.
    kept_from = id_at(max(0, world.now_ms() - KEPT_MS))
    if top.rows and top.rows[-1].id < kept_from:
        return _Top([row for row in top.rows if row.id >= kept_from], top.away)
    return top


def _months(world: World, account_id: int) -> range:
    """The months in which an account can have been told something, the oldest first."""
    now_ms = world.now_ms()
    newest = month_of(last_id_of(now_ms + _AHEAD_MS))
    # Nobody was told anything before they were here.
    return range(month_of(max(last_id_of(max(0, now_ms - KEPT_MS)), account_id)), newest + 1)


async def _rows(
    world: World, account_id: int, stretch: Stretch, *, held: int | None
) -> list[NotificationRow]:
    """Rows of a stretch. `held`: with those held back (of one sender; 0: of all)."""
    possible = _months(world, account_id)
    oldest, newest = possible.start, possible.stop - 1
    if stretch.below is not None:
        newest = min(newest, month_of(stretch.below))
    if stretch.above is not None:
        oldest = max(oldest, month_of(stretch.above))
    months = range(oldest, newest + 1)
    found: list[NotificationRow] = []
    for month in months if stretch.rising else reversed(months):
        left = stretch.count - len(found)
        rows = await _month(world, (account_id, month), stretch, left)
        if held == 0:
            apart = await world.storage.range(
                HELD_NOTIFICATIONS,
                (account_id, month),
                above=stretch.above_key,
                below=stretch.below_key,
                limit=left,
                reverse=stretch.rising,
            )
            rows = _together(rows, [_as_told(row) for row in apart], stretch.rising)[:left]
        found += rows
        if len(found) >= stretch.count:
            break
    if held:
        apart_from = await held_rows(
            world, account_id, held, above=stretch.above, below=stretch.below
        )
        ordered = list(apart_from[::-1] if stretch.rising else apart_from)
        found = _together(found, ordered, stretch.rising)[: stretch.count]
    return found


async def _month(
    world: World, partition: tuple[int, int], stretch: Stretch, limit: int
) -> list[NotificationRow]:
    return await world.storage.range(
        NOTIFICATIONS,
        partition,
        above=stretch.above_key,
        below=stretch.below_key,
        limit=limit,
        reverse=stretch.rising,
    )


def _as_told(row: msgspec.Struct) -> NotificationRow:
    return NotificationRow(**msgspec.structs.asdict(row))


def _together(
    one: list[NotificationRow], other: list[NotificationRow], rising: bool
) -> list[NotificationRow]:
    merged = heapq.merge(one, other, key=lambda row: row.id if rising else -row.id)
    return list(merged)


async def _shown(world: World, sight: Sight, rows: Sequence[NotificationRow]) -> list[Told]:
    """Those whose sender and post may be seen."""
    post_ids = list({row.post_id: None for row in rows if row.post_id is not None})
    seen = {int(post.id): post for post in await sight.posts(post_ids) if sight.sees(post)}
    senders = {row.from_id for row in rows}
    await sight.learn(senders)
    turned = sight.hidden.blocking | sight.hidden.blocked_by
    heard = {one for one in senders if one not in turned and sight.there(one)}
    over = await _over(world, rows)
    shown: list[Told] = []
    for row in rows:
        post = None if row.post_id is None else seen.get(row.post_id)
        if row.type not in ALWAYS and (
            row.from_id not in heard or row.id in over or (post is None and row.type in ABOUT_POSTS)
        ):
            continue
        shown.append(_told(row, post))
    return shown


async def _over(world: World, rows: Sequence[NotificationRow]) -> set[int]:
    """Those of some rows that tell of a follow, or of the wish for one, that is over."""
    follows = [row for row in rows if row.type == "follow"]
    over: set[int] = set()
    if follows:
        there = await followers_among(
            world, follows[0].account_id, [row.from_id for row in follows]
        )
        over = {row.id for row in follows if row.from_id not in there}
    for row in rows:
        if row.type == "follow_request":
            tie = await load_tie(world, row.from_id, row.account_id)
            if tie is None or tie.state != REQUESTED:
                over.add(row.id)
    return over


async def _dismissed(world: World, rows: Sequence[NotificationRow]) -> set[int]:
    """Which of some neighbouring rows were put away."""
    found: set[int] = set()
    for month in {row.month for row in rows}:
        ids = [row.id for row in rows if row.month == month]
        away = await world.storage.range(
            DISMISSALS,
            (rows[0].account_id, month),
            above=(min(ids) - 1,),
            below=(max(ids) + 1,),
            # Only what is there can be put away, and between neighbours there is nothing else.
            limit=len(ids),
        )
        found |= {row.id for row in away}
    return found


async def _kept(world: World, account_id: int, notification_id: int) -> NotificationRow:
    """A row that was not put away. NotFound `record_not_found`."""
    key = (account_id, month_of(notification_id), notification_id)
    row = await world.storage.get(NOTIFICATIONS, key)
    if row is None:
        apart = await world.storage.get(HELD_NOTIFICATIONS, key)
        row = None if apart is None else _as_told(apart)
    if row is None or row.id <= await _cleared_through(world, account_id):
        raise NotFound("record_not_found", "Record not found")
    if await _dismissed(world, [row]):
        raise NotFound("record_not_found", "Record not found")
    return row


async def load(world: World, account_id: int, notification_id: int) -> Told:
    """One notification, held back or not. NotFound `record_not_found`; also where put away."""
    row = await _kept(world, account_id, notification_id)
    shown = await _shown(world, await Sight.of(world, account_id), [row])
    if not shown:
        raise NotFound("record_not_found", "Record not found")
    return shown[0]


async def dismiss(world: World, account_id: int, notification_id: int) -> None:
    """Put a notification away, shown at the moment or not. NotFound `record_not_found`."""
    row = await _kept(world, account_id, notification_id)
    away = DismissalRow(account_id, row.month, row.id)
    await world.storage.put(DISMISSALS, away, expires_at_ms=id_ms(row.id) + KEPT_MS)


async def clear(world: World, account_id: int) -> None:
    """Put every notification there is away."""
    await world.storage.put(CLEARED, ClearedRow(account_id, last_id_of(world.now_ms())))


async def _cleared_through(world: World, account_id: int) -> int:
    row = await world.storage.get(CLEARED, (account_id,))
    return 0 if row is None else row.through_id


def _told(row: NotificationRow, post: Post | None) -> Told:
    return Told(
        row.id,
        AccountId(row.account_id),
        row.type,
        AccountId(row.from_id),
        None if row.post_id is None else PostId(row.post_id),
        None if row.data is None else _DATA.decode(row.data),
        post,
    )
