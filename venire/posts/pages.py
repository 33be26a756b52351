"""Fills a page from a list of which not everything may be shown.

Nothing is ever taken out of a list: what is hidden is passed over at read, with over-fetch. A page
may therefore be short and yet not the last; its `older` says where to go on. Following `older` (or
`newer`) walks everything that may be shown exactly once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from venire.posts.model import Page, Stretch, Window

C = TypeVar("C")
T = TypeVar("T")

ROUNDS = 3
LEAST_FETCH = 40

Fetch = Callable[[Stretch], Awaitable[list[C]]]
"""The entries of a stretch; fewer than its count only where the list ends."""
Keep = Callable[[Sequence[C]], Awaitable[list[tuple[int, T]]]]
"""What may be shown of some entries, each with its id, in their order."""


async def fill_page(
    window: Window, fetch: Fetch[C], place: Callable[[C], int], keep: Keep[C, T]
) -> Page[T]:
    """Fetch, pass over, fetch on, until the page is full, the list ends or the rounds are up."""
    count = max(2 * window.limit, LEAST_FETCH)
    stretch = Stretch(window.above, window.max_id, count, window.rising)
    kept: list[tuple[int, T]] = []
    ended, last = False, None
    for _ in range(ROUNDS):
        found = await fetch(stretch)
        looked = 0
        # In parts: most of what is fetched is shown, so the half is mostly enough.
        while looked < len(found) and len(kept) < window.limit:
            part = found[looked : looked + window.limit]
            kept += await keep(part)
            looked += len(part)
        ended = len(found) < count and looked == len(found)
        if looked:
            last = place(found[looked - 1])
            stretch = stretch.beyond(last)
        if ended or len(kept) >= window.limit:
            break
    more = not ended or len(kept) > window.limit
    return _page(window, kept[: window.limit], last, more=more)


def _page(window: Window, kept: list[tuple[int, T]], last: int | None, *, more: bool) -> Page[T]:
    """`last` is the furthest entry looked at, which may lie past the furthest one kept."""
    full = len(kept) == window.limit
    reached = kept[-1][0] if full else last
    if window.rising:
        return Page(
            [item for _, item in reversed(kept)],
            older=kept[0][0] if kept else None,
            newer=reached if more else (kept[-1][0] if kept else None),
        )
    return Page(
        [item for _, item in kept],
        older=reached if more else None,
        newer=kept[0][0] if kept else None,
    )
