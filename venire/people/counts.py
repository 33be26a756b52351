"""Followers, follows and posts, counted from events by one owner and recounted at night.

The subscriber hears whole pages in the journal's order. Each row says through which place it has
counted, so a page that is told again, or cut elsewhere, changes nothing twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import msgspec

from venire.events import (
    AccountCreated,
    AccountDeleted,
    AccountReturned,
    Followed,
    PostCreated,
    PostDeleted,
    PostImported,
    Unfollowed,
)
from venire.kernel.clock import iso_ms
from venire.kernel.ids import AccountId, id_ms
from venire.people.model import FOLLOWING, Counts
from venire.storage.memory import Decoded
from venire.storage.tables.people import COUNTS, SITE_COUNTS, CountsRow, SiteCountsRow
from venire.storage.tables.ties import FOLLOWING as TIES
from venire.storage.verbs import Envelope
from venire.storage.world import World

CURSOR = "account_counts"
HEARS = (
    AccountCreated,
    AccountDeleted,
    AccountReturned,
    Followed,
    Unfollowed,
    PostCreated,
    PostDeleted,
    PostImported,
)
_SITE = "here"
_DIRECT = "direct"


class _Change(msgspec.Struct):
    followers: int = 0
    following: int = 0
    statuses: int = 0
    last_status_at_ms: int | None = None


def _touches(envelope: Envelope) -> list[tuple[int, _Change]]:
    """Which accounts an event changes, and how."""
    match envelope.event:
        case Followed(follower_id=one, followee_id=other):
            return [(one, _Change(following=1)), (other, _Change(followers=1))]
        case Unfollowed(follower_id=one, followee_id=other):
            return [(one, _Change(following=-1)), (other, _Change(followers=-1))]
        case PostCreated(author_id=author):
            return [(author, _Change(statuses=1, last_status_at_ms=envelope.at_ms))]
        case PostImported(author_id=author, post_id=post_id):
            # Brought along from elsewhere: counted on the day that it was posted there.
            return [(author, _Change(statuses=1, last_status_at_ms=id_ms(post_id)))]
        case PostDeleted(author_id=author):
            return [(author, _Change(statuses=-1))]
        case _:
            return []


def _is_direct(envelope: Envelope) -> bool:
    """A direct message is nobody else's business, nor is when the last one was sent."""
    event = envelope.event
    return isinstance(event, PostCreated | PostDeleted) and event.visibility == _DIRECT


async def on_page(world: World, page: Sequence[Envelope], position: int) -> None:
    """Count a page of events and move the cursor `account_counts` past it."""
    page = [envelope for envelope in page if not _is_direct(envelope)]
    changes: dict[int, list[tuple[int, _Change]]] = {}
    for envelope in page:
        for account_id, change in _touches(envelope):
            changes.setdefault(account_id, []).append((envelope.sequence, change))
    rows = await _rows(world, changes)
    await _count_site(world, page, rows, position)
    await asyncio.gather(
        *(
            world.storage.put(COUNTS, _changed(rows[account_id], told, position))
            for account_id, told in changes.items()
        )
    )
    await world.storage.advance(CURSOR, position)


async def _rows(world: World, account_ids: Iterable[int]) -> dict[int, CountsRow]:
    wanted = list(account_ids)
    found = await world.storage.get_many(COUNTS, [(account_id,) for account_id in wanted])
    return {
        account_id: row or CountsRow(account_id, 0, 0, 0, None, 0)
        for account_id, row in zip(wanted, found, strict=True)
    }


def _changed(row: CountsRow, told: Sequence[tuple[int, _Change]], position: int) -> CountsRow:
    news = [change for sequence, change in told if sequence > row.counted_through]
    moments = [change.last_status_at_ms for change in news if change.last_status_at_ms is not None]
    if row.last_status_at_ms is not None:
        moments.append(row.last_status_at_ms)
    return CountsRow(
        account_id=row.account_id,
        followers=max(0, row.followers + sum(change.followers for change in news)),
        following=max(0, row.following + sum(change.following for change in news)),
        statuses=max(0, row.statuses + sum(change.statuses for change in news)),
        last_status_at_ms=max(moments, default=None),
        counted_through=max(position, row.counted_through),
    )


async def _count_site(
    world: World, page: Sequence[Envelope], rows: dict[int, CountsRow], position: int
) -> None:
    """Count the whole site before its accounts: who was already active is read from their rows."""
    old = await world.storage.get(SITE_COUNTS, (_SITE,))
    row = old or SiteCountsRow(_SITE, 0, 0, "", 0, 0)
    users, statuses, month, active = row.users, row.statuses, row.month, row.active
    seen: set[int] = set()
    for envelope in page:
        if envelope.sequence <= row.counted_through:
            continue
        match envelope.event:
            case AccountCreated() | AccountReturned():
                users += 1
            case AccountDeleted():
                users -= 1
            case PostDeleted() | PostImported() as event:
                statuses += 1 if isinstance(event, PostImported) else -1
            case PostCreated(author_id=author):
                statuses += 1
                if (now := _month(envelope.at_ms)) > month:
                    month, active, seen = now, 0, set()
                last = rows[author].last_status_at_ms
                if author not in seen and (last is None or _month(last) < month):
                    active += 1
                seen.add(author)
            case _:
                continue
    new = SiteCountsRow(_SITE, max(0, users), max(0, statuses), month, active, position)
    if old is None or position > old.counted_through:
        await world.storage.put(SITE_COUNTS, new)


def _month(at_ms: int) -> str:
    return iso_ms(at_ms)[:7]


def _counts(row: CountsRow) -> Counts:
    return Counts(row.followers, row.following, row.statuses, row.last_status_at_ms)


_COUNTS = Decoded(_counts)
_NOTHING = Counts()


async def load_counts(world: World, account_ids: Sequence[int]) -> dict[AccountId, Counts]:
    """The counts of accounts; zeros where nothing has been counted."""
    rows = await world.storage.get_many(COUNTS, [(account_id,) for account_id in account_ids])
    return {
        AccountId(account_id): _NOTHING if row is None else _COUNTS.of(account_id, row)
        for account_id, row in zip(account_ids, rows, strict=True)
    }


class SiteCounts(msgspec.Struct, frozen=True):
    """Members, posts, and members who posted this month."""

    users: int = 0
    statuses: int = 0
    active_month: int = 0


async def load_site_counts(world: World) -> SiteCounts:
    """What the site has gathered."""
    row = await world.storage.get(SITE_COUNTS, (_SITE,))
    if row is None:
        return SiteCounts()
    active = row.active if row.month == _month(world.now_ms()) else 0
    return SiteCounts(row.users, row.statuses, active)


async def recount_follows(world: World) -> int:
    """Count every tie again and correct what differs; return how many rows did.

    Accounts with events that are not counted yet are left for the next night: their ties may be in
    the scan already, and would be counted twice.
    """
    start = await world.storage.position(CURSOR)
    followers: dict[int, int] = {}
    following: dict[int, int] = {}
    cursor: bytes | None = None
    while True:
        ties, cursor = await world.storage.scan(TIES, cursor)
        for tie in ties:
            if tie.state == FOLLOWING:
                following[tie.follower_id] = following.get(tie.follower_id, 0) + 1
                followers[tie.followee_id] = followers.get(tie.followee_id, 0) + 1
        if cursor is None:
            break
    moving = await _moved_since(world, start)
    corrected = 0
    while True:
        rows, cursor = await world.storage.scan(COUNTS, cursor)
        for row in rows:
            new = msgspec.structs.replace(
                row,
                followers=followers.get(row.account_id, 0),
                following=following.get(row.account_id, 0),
            )
            if new != row and row.account_id not in moving:
                corrected += await world.storage.compare_and_set(COUNTS, row, new)
        if cursor is None:
            return corrected


async def _moved_since(world: World, sequence: int) -> set[int]:
    moved: set[int] = set()
    while page := await world.storage.tail(sequence, 1_000):
        moved |= {account_id for envelope in page for account_id, _ in _touches(envelope)}
        sequence = page[-1].sequence
    return moved
