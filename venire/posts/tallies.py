"""How often posts are favourited, boosted and quoted: counted from events by one owner.

The subscriber hears whole pages in the journal's order; each row says through which place it has
counted, so a page told again changes nothing twice. A thousand favourites of one post that arrive
together are one write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from venire.events import (
    Favourited,
    Happened,
    Quoted,
    Reposted,
    Unfavourited,
    Unquoted,
    Unreposted,
)
from venire.posts.catching_up import until
from venire.storage.tables.reactions import TALLIES, TallyRow
from venire.storage.verbs import Envelope
from venire.storage.world import World

CURSOR = "tallies"


_CHANGES: dict[type[Happened], tuple[str, int]] = {
    Favourited: ("favourites", 1),
    Unfavourited: ("favourites", -1),
    Reposted: ("reblogs", 1),
    Unreposted: ("reblogs", -1),
    Quoted: ("quotes", 1),
    Unquoted: ("quotes", -1),
}
HEARS = tuple(_CHANGES)


class _Change(msgspec.Struct, frozen=True):
    sequence: int
    count: str
    by: int


def _change(envelope: Envelope) -> tuple[int, _Change] | None:
    event = envelope.event
    found = _CHANGES.get(type(event))
    if found is None:
        return None
    post_id = event.quoted_id if isinstance(event, Quoted | Unquoted) else event.post_id  # type: ignore[union-attr]
    return post_id, _Change(envelope.sequence, *found)


async def count_page(world: World, page: Sequence[Envelope], position: int) -> None:
    """Count a page of events and move the cursor `tallies` past it."""
    told: dict[int, list[_Change]] = {}
    for envelope in page:
        if (found := _change(envelope)) is not None:
            told.setdefault(found[0], []).append(found[1])
    rows = await load_tallies(world, list(told))
    await asyncio.gather(
        *(
            world.storage.put(TALLIES, _changed(rows.get(post_id), post_id, changes, position))
            for post_id, changes in told.items()
        )
    )
    await world.storage.advance(CURSOR, position)


def _changed(
    row: TallyRow | None, post_id: int, told: Sequence[_Change], position: int
) -> TallyRow:
    old = row or TallyRow(post_id, 0, 0, 0, 0)
    counts = {"favourites": old.favourites, "reblogs": old.reblogs, "quotes": old.quotes}
    for change in told:
        if change.sequence > old.counted_through:
            counts[change.count] = max(0, counts[change.count] + change.by)
    return TallyRow(post_id, **counts, counted_through=max(position, old.counted_through))


async def quotes_of(world: World, post_id: int) -> int:
    """How often a post was quoted, as far as it is counted."""
    row = await world.storage.get(TALLIES, (post_id,))
    return 0 if row is None else row.quotes


async def until_quotes(world: World, post_id: int, *, more_than: int) -> None:
    """Return once another quote of a post is counted, or a moment later."""

    async def counted() -> bool:
        return await quotes_of(world, post_id) > more_than

    await until(counted)


async def load_tallies(world: World, post_ids: Sequence[int]) -> dict[int, TallyRow]:
    """Tallies by post id; posts without any are left out."""
    rows = await world.storage.get_many(TALLIES, [(post_id,) for post_id in post_ids])
    return {row.post_id: row for row in rows if row is not None}
