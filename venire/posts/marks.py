"""What accounts did with posts, as rows: one for all that an account did with a post, and lists.

The row's commit also writes the account's list of such acts and, where others may know, the post's.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from venire.events import Event
from venire.kernel.errors import Conflict
from venire.kernel.ids import AccountId
from venire.posts.model import Stretch
from venire.posts.spans import last_id_of, year_of
from venire.storage.memory import Memory
from venire.storage.tables.reactions import (
    ACT_YEARS,
    ACTS,
    MARKS,
    POST_ACTS,
    ActRow,
    ActYearRow,
    MarkRow,
    PostActRow,
)
from venire.storage.verbs import Delete, Put, Write
from venire.storage.world import World

FAVOURITE = "favourite"
BOOKMARK = "bookmark"
REBLOG = "reblog"
PIN = "pin"
_SEEN_BY_OTHERS = frozenset({FAVOURITE, REBLOG})
_TRIES = 8
_YEARS_MOST = 200
_RANGE_MOST = 400


def _no_marks(account_id: int, post_id: int) -> MarkRow:
    return MarkRow(account_id, year_of(post_id), post_id, 0, None, None, None, None)


async def mark_of(world: World, account_id: int, post_id: int) -> MarkRow:
    """What an account did with a post."""
    row = await world.storage.get(MARKS, (account_id, year_of(post_id), post_id))
    return row or _no_marks(account_id, post_id)


class _Newest(msgspec.Struct, frozen=True):
    """An account's marks on the newest posts of a year; those on posts above `whole_above`."""

    rows: dict[int, MarkRow]
    whole_above: int


_NEWEST: Memory[_Newest] = Memory()
_FEW = 3
"""Up to so many are asked for one by one: after each act the newest would be read anew."""


async def _newest_marks(world: World, account_id: int, year: int) -> _Newest:
    async def read() -> _Newest:
        rows = await world.storage.range(MARKS, (account_id, year), limit=_RANGE_MOST)
        whole_above = rows[-1].post_id - 1 if len(rows) == _RANGE_MOST else 0
        return _Newest({row.post_id: row for row in rows}, whole_above)

    sources = ((MARKS, (account_id, year)),)
    return await _NEWEST.recall(world.storage, (account_id, year), sources, read)


async def marks_of(world: World, account_id: int, post_ids: Sequence[int]) -> dict[int, MarkRow]:
    """What an account did with some posts; posts that it did nothing with are left out."""
    if len(post_ids) <= _FEW:
        keys = [(account_id, year_of(one), one) for one in post_ids]
        few = await world.storage.get_many(MARKS, keys)
        return {row.post_id: row for row in few if row is not None}
    years = {year_of(min(post_ids)), year_of(max(post_ids))}
    found: dict[int, MarkRow] = {}
    for year in range(min(years), max(years) + 1):
        newest = await _newest_marks(world, account_id, year)
        if newest.rows:
            found |= {one: newest.rows[one] for one in post_ids if one in newest.rows}
        older = [one for one in post_ids if one <= newest.whole_above and year_of(one) == year]
        if older:
            rows = await world.storage.get_many(MARKS, [(account_id, year, one) for one in older])
            found |= {row.post_id: row for row in rows if row is not None}
    return found


def _act_year(kind: str, act_id: int) -> int:
    # Pins are five at most: one partition, whenever they were made.
    return 0 if kind == PIN else year_of(act_id)


def _lists(row: MarkRow, kind: str, act_id: int) -> list[ActRow | PostActRow]:
    year = _act_year(kind, act_id)
    rows: list[ActRow | PostActRow] = [ActRow(row.account_id, kind, year, act_id, row.post_id)]
    if kind in _SEEN_BY_OTHERS:
        rows.append(PostActRow(row.post_id, kind, year, act_id, row.account_id))
    return rows


async def set_mark(
    world: World,
    account_id: int,
    post_id: int,
    kind: str,
    *events: Event,
    act_id: int | None = None,
) -> MarkRow:
    """Mark a post; where it is marked already nothing is written. Returns the mark as it is."""
    for _ in range(_TRIES):
        row = await mark_of(world, account_id, post_id)
        if getattr(row, f"{kind}_id") is not None:
            return row
        new_id = world.ids.next() if act_id is None else act_id
        await _note_act_year(world, account_id, kind, new_id)
        marked = msgspec.structs.replace(row, version=row.version + 1, **{f"{kind}_id": new_id})
        writes: list[Write] = [Put(MARKS, marked)]
        writes += [
            Put(ACTS if isinstance(listed, ActRow) else POST_ACTS, listed)
            for listed in _lists(row, kind, new_id)
        ]
        if await _saved(world, marked, writes, events):
            return marked
    raise Conflict("try_again", "This changed meanwhile: try again")


async def clear_mark(
    world: World,
    account_id: int,
    post_id: int,
    kind: str,
    *events: Event,
    only_act: int | None = None,
) -> None:
    """Take a mark back; `only_act`: if it is that one still."""
    for _ in range(_TRIES):
        row = await mark_of(world, account_id, post_id)
        act_id = getattr(row, f"{kind}_id")
        if act_id is None or only_act not in {None, act_id}:
            return
        unmarked = msgspec.structs.replace(row, version=row.version + 1, **{f"{kind}_id": None})
        writes: list[Write] = [Put(MARKS, unmarked)]
        writes += [
            Delete(ACTS if isinstance(listed, ActRow) else POST_ACTS, listed)
            for listed in _lists(row, kind, act_id)
        ]
        if await _saved(world, unmarked, writes, events):
            return
    raise Conflict("try_again", "This changed meanwhile: try again")


async def _saved(world: World, row: MarkRow, writes: list[Write], events: Sequence[Event]) -> bool:
    aggregate = f"mark:{row.account_id}:{row.post_id}"
    try:
        await world.storage.commit(aggregate, writes, events, expect=row.version - 1)
    except Conflict:
        return False
    return True


async def _note_act_year(world: World, account_id: int, kind: str, act_id: int) -> None:
    row = ActYearRow(account_id, kind, _act_year(kind, act_id))
    if await world.storage.get(ACT_YEARS, (account_id, kind, row.year)) is None:
        await world.storage.put(ACT_YEARS, row)


async def act_rows(world: World, account_id: int, kind: str, stretch: Stretch) -> list[ActRow]:
    """An account's acts of a kind; ids are those of the acts."""
    years = await world.storage.range(
        ACT_YEARS, (account_id, kind), limit=_YEARS_MOST, reverse=stretch.rising
    )
    found: list[ActRow] = []
    for year in (row.year for row in years):
        found += await world.storage.range(
            ACTS,
            (account_id, kind, year),
            above=stretch.above_key,
            below=stretch.below_key,
            limit=stretch.count - len(found),
            reverse=stretch.rising,
        )
        if len(found) >= stretch.count:
            break
    return found


async def post_act_rows(
    world: World, post_id: int, kind: str, stretch: Stretch
) -> list[PostActRow]:
    """Who favourited or boosted a post, by when."""
    years = range(year_of(post_id), year_of(world.ids.next()) + 1)
    found: list[PostActRow] = []
    for year in years if stretch.rising else reversed(years):
        found += await world.storage.range(
            POST_ACTS,
            (post_id, kind, year),
            above=stretch.above_key,
            below=stretch.below_key,
            limit=stretch.count - len(found),
            reverse=stretch.rising,
        )
        if len(found) >= stretch.count:
            break
    return found


_LIBRARIES: Memory[frozenset[int]] = Memory(128)
_KEEPING = (FAVOURITE, BOOKMARK, REBLOG)


async def library_ids(world: World, account_id: int, limit: int = 5_000) -> frozenset[int]:
    """The posts that an account lately favourited, bookmarked or boosted: what it may search.

    `limit` of each kind. What it took back of an earlier year may be among them for a while.
    """
    year = year_of(last_id_of(world.now_ms()))

    async def read() -> frozenset[int]:
        found: set[int] = set()
        for kind in _KEEPING:
            rows = await act_rows(world, account_id, kind, Stretch(None, None, limit))
            found |= {row.post_id for row in rows}
        return frozenset(found)

    sources = [(ACTS, (account_id, kind, year)) for kind in _KEEPING]
    return await _LIBRARIES.recall(world.storage, (account_id, limit, year), sources, read)


async def reposters(world: World, post_id: int, limit: int = 1_000) -> list[AccountId]:
    """Who boosted a post, the latest first."""
    rows = await post_act_rows(world, post_id, REBLOG, Stretch(None, None, limit))
    return [AccountId(row.account_id) for row in rows]
