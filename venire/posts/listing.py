"""Lists of posts across their partitions: an account's, several accounts', the public page."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Iterable, Sequence

from venire.kernel.ids import id_at
from venire.posts.model import Entry, Stretch
from venire.posts.spans import PUBLIC_DAYS, SCOPE, SHARDS, day_of, last_id_of, year_of
from venire.storage.tables.posts import (
    ACCOUNT_POSTS,
    ACCOUNT_YEARS,
    PUBLIC_POSTS,
    AccountYearRow,
)
from venire.storage.world import World

_BATCH = 8
_BREATH = 64
_YEARS_MOST = 200


async def note_year(world: World, account_id: int, post_id: int) -> None:
    """Note that an account posts in a year, before the post is there to be found."""
    row = AccountYearRow(account_id, year_of(post_id))
    if await world.storage.get(ACCOUNT_YEARS, (row.account_id, row.year)) is None:
        await world.storage.put(ACCOUNT_YEARS, row)


async def account_entries(world: World, account_id: int, stretch: Stretch) -> list[Entry]:
    """What an account posted."""
    rows = await world.storage.range(
        ACCOUNT_YEARS, (account_id,), limit=_YEARS_MOST, reverse=stretch.rising
    )
    lowest = year_of(stretch.above) if stretch.above is not None else 0
    highest = year_of(stretch.below) if stretch.below is not None else 10_000
    found: list[Entry] = []
    for year in (row.year for row in rows if lowest <= row.year <= highest):
        page = await world.storage.range(
            ACCOUNT_POSTS,
            (account_id, year),
            above=stretch.above_key,
            below=stretch.below_key,
            limit=stretch.count - len(found),
            reverse=stretch.rising,
        )
        found += [
            Entry(
                row.post_id,
                account_id,
                row.in_reply_to_account_id,
                row.visibility,
                row.reblog_of_id,
                row.reblog_author_id,
                has_media=row.has_media,
            )
            for row in page
        ]
        if len(found) >= stretch.count:
            break
    return found


async def merged_entries(world: World, account_ids: Iterable[int], stretch: Stretch) -> list[Entry]:
    """What several accounts posted: read in small batches, merged by id."""
    batches: dict[int, list[Entry]] = {}
    heap: list[tuple[int, int]] = []

    async def refill(account_id: int, after: int | None) -> None:
        # Nothing that was posted here is older than its account: below lies what was brought along.
        above = max(stretch.above or 0, account_id)
        part = Stretch(above, stretch.below, _BATCH, stretch.rising)
        part = part if after is None else part.beyond(after)
        batch = await account_entries(world, account_id, part)
        if batch:
            # Taken from the end, so the next one stands last.
            batches[account_id] = batch[::-1]
            heapq.heappush(heap, (batch[0].id if stretch.rising else -batch[0].id, account_id))

    for number, account_id in enumerate(dict.fromkeys(account_ids)):
        await refill(account_id, None)
        if number % _BREATH == _BREATH - 1:
            # Reads run on the loop: someone with 7,500 followees must not hold up everybody.
            await asyncio.sleep(0)
    found: list[Entry] = []
    while heap and len(found) < stretch.count:
        _, account_id = heapq.heappop(heap)
        batch = batches[account_id]
        found.append(batch.pop())
        if batch:
            heapq.heappush(heap, (batch[-1].id if stretch.rising else -batch[-1].id, account_id))
        else:
            await refill(account_id, found[-1].id)
    return found


async def public_entries(world: World, stretch: Stretch) -> list[Entry]:
    """What was posted publicly, as far back as the public page goes."""
    newest = day_of(last_id_of(world.now_ms())) + 1
    oldest = newest - PUBLIC_DAYS - 1
    if stretch.below is not None:
        newest = min(newest, day_of(stretch.below))
    if stretch.above is not None:
        oldest = max(oldest, day_of(stretch.above))
    days = range(oldest, newest + 1)
    found: list[Entry] = []
    for day in days if stretch.rising else reversed(days):
        found += await _day_entries(world, day, stretch.fewer(len(found)))
        if len(found) >= stretch.count:
            break
    return found


async def _day_entries(world: World, day: int, stretch: Stretch) -> list[Entry]:
    entries: list[Entry] = []
    for shard in range(SHARDS):
        rows = await world.storage.range(
            PUBLIC_POSTS,
            (SCOPE, day, shard),
            above=stretch.above_key,
            below=stretch.below_key,
            limit=stretch.count,
            reverse=stretch.rising,
        )
        entries += [Entry(row.post_id, row.author_id, has_media=row.has_media) for row in rows]
    return in_order(entries, rising=stretch.rising)[: stretch.count]


def in_order(entries: Sequence[Entry], *, rising: bool) -> list[Entry]:
    """Entries by id, each once."""
    unique = {entry.id: entry for entry in entries}
    return [unique[identifier] for identifier in sorted(unique, reverse=not rising)]


def start_of_moment(at_ms: int) -> int:
    """The lowest id of a moment; 0 for the beginning of time."""
    return id_at(max(0, at_ms))
