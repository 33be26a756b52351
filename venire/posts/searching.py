"""Finds posts for a member: their own, those they had to do with, what everyone may find.

Order: newest first, posts with every word as a whole word; then, where those do not fill the page
and nothing but words was asked for, posts with the words inside longer ones, newest first again.
What the index offers is looked at again before it is shown: blocks, mutes, holds and an author's
wish not to be found are obeyed from the next question on.

| what | searched by |
|---|---|
| public, author `indexable` | every member |
| public and unlisted of others, which name the viewer or answer them | the viewer |
| what the viewer favourited, bookmarked or boosted, the newest 5,000 of each | the viewer |
| followers-only and direct | its author, and those it names |
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import msgspec

from venire.kernel.errors import Unavailable
from venire.kernel.ids import id_at
from venire.kernel.ports import SearchIndex, Sought
from venire.people.finding import local_name
from venire.people.model import DELETED, Account
from venire.people.store import find_by_handle, load_accounts
from venire.posts.indexing import index_own, pending
from venire.posts.marks import library_ids
from venire.posts.model import LISTED, Post
from venire.posts.search_marks import (
    FINDABLE,
    author_mark,
    findable,
    language_mark,
    named_mark,
    property_mark,
    readers_of,
    tag_mark,
)
from venire.posts.search_query import LIBRARY, ME, PUBLIC_ONLY, Query, Span, read_query
from venire.posts.sight import Sight
from venire.storage.world import World

_ROUNDS = 4
_SPARE = 4
_PART_LEAST = 4
"""Inside longer words three letters are found almost anywhere."""
_PARTS_MOST = 80
_WAITS = 8
_WAIT_S = 0.003
_QUIET = 16
_LAST_MS = (1 << 47) - 1


class Slice(msgspec.Struct, frozen=True):
    """Which of the posts found are wanted. Ids are exclusive, and leave out parts of words."""

    limit: int = 20
    offset: int = 0
    max_id: int | None = None
    min_id: int | None = None
    since_id: int | None = None
    author_id: int | None = None

    @property
    def above(self) -> int | None:
        """The lower bound."""
        bounds = [bound for bound in (self.min_id, self.since_id) if bound is not None]
        return max(bounds, default=None)

    @property
    def bounded(self) -> bool:
        """Whether it is a page by ids."""
        return not (self.max_id is None and self.min_id is None and self.since_id is None)


async def find_posts(
    world: World, search: SearchIndex, sight: Sight, text: str, part: Slice
) -> list[Post]:
    """Posts that a member may find, best first; strangers find none. See the top of this file."""
    query, viewer_id = read_query(text), sight.viewer_id
    if viewer_id is None or query.nothing or not query.asks:
        return []
    await _caught_up(world, search, viewer_id)
    sought = await _sought(world, viewer_id, query, part)
    if sought is None:
        return []
    eyes = _Eyes(world, sight, sought, query.place)
    wanted = part.offset + part.limit
    found = await _by_words(search, eyes, query, wanted)
    if len(found) < wanted and _plain(query) and not part.bounded and part.author_id is None:
        found += await _by_parts(search, eyes, query, found, wanted)
    return found[part.offset : wanted]


def _plain(query: Query) -> bool:
    """Whether nothing but words was asked for."""
    return query == Query(texts=query.texts) and not query.phrased


async def _caught_up(world: World, search: SearchIndex, viewer_id: int) -> None:
    """What the viewer just posted is indexed here; for others' a quiet house is waited for.

    Not longer than 24 ms, and not at all where much is being posted: then what is missing is not
    what anybody looks for.
    """
    try:
        others = await index_own(world, search, viewer_id)
    except Unavailable:
        # A full disk: what is indexed already can still be found.
        return
    for _ in range(_WAITS):
        if not others:
            return
        waiting = await pending(world)
        if not waiting or len(waiting) > _QUIET:
            return
        await asyncio.sleep(_WAIT_S)


async def _sought(world: World, viewer_id: int, query: Query, part: Slice) -> Sought | None:
    """The query as the index takes it; None where an author is not known here."""
    authors = await _named(world, viewer_id, query.authors)
    without = await _named(world, viewer_id, query.without_authors)
    if query.authors and not authors:
        return None
    if part.author_id is not None:
        if authors and part.author_id not in authors:
            return None
        authors = [part.author_id]
    own = (author_mark(viewer_id), named_mark(viewer_id))
    library = query.place != PUBLIC_ONLY
    groups = [
        tuple(map(author_mark, authors)),
        tuple(map(language_mark, query.languages)),
        *((property_mark(name),) for name in query.properties),
        *((tag_mark(tag),) for tag in query.tags),
    ]
    return Sought(
        texts=query.texts,
        without_texts=query.without_texts,
        marks=tuple(group for group in groups if group),
        without_marks=(
            *map(author_mark, without),
            *map(language_mark, query.without_languages),
            *map(property_mark, query.without_properties),
            *map(tag_mark, query.without_tags),
        ),
        scope={LIBRARY: own, PUBLIC_ONLY: (FINDABLE,)}.get(query.place, (FINDABLE, *own)),
        reader_id=viewer_id if library else None,
        within=await library_ids(world, viewer_id) if library else frozenset(),
        above=part.above,
        below=part.max_id,
        rising=part.min_id is not None,
    )


async def _named(world: World, viewer_id: int, names: Iterable[str]) -> list[int]:
    found: list[int] = []
    for name in names:
        if name == ME:
            found.append(viewer_id)
            continue
        local = local_name(world, name)
        account = await find_by_handle(world, local) if local else None
        if account is not None and account.state != DELETED:
            found.append(account.id)
    return found


async def _by_words(search: SearchIndex, eyes: _Eyes, query: Query, wanted: int) -> list[Post]:
    shown: list[Post] = []
    spans = list(query.spans) if query.spans is not None else [(0, _LAST_MS)]
    for span in reversed(spans) if eyes.sought.rising else spans:
        sought: Sought | None = _within_span(eyes.sought, span)
        for _ in range(_ROUNDS):
            if sought is None or len(shown) >= wanted:
                break
            count = wanted - len(shown) + _SPARE
            ids = await search.search(sought, count)
            shown += await eyes.see(ids)
            sought = _beyond(sought, ids[-1]) if len(ids) == count else None
    shown = shown[:wanted]
    return shown[::-1] if eyes.sought.rising else shown


def _within_span(sought: Sought, span: Span) -> Sought:
    start, end = span
    above, below = id_at(start) - 1, id_at(min(end, _LAST_MS))
    return msgspec.structs.replace(
        sought,
        above=above if sought.above is None else max(above, sought.above),
        below=below if sought.below is None else min(below, sought.below),
    )


def _beyond(sought: Sought, last: int) -> Sought:
    if sought.rising:
        return msgspec.structs.replace(sought, above=last)
    return msgspec.structs.replace(sought, below=last)


async def _by_parts(
    search: SearchIndex,
    eyes: _Eyes,
    query: Query,
    found: Sequence[Post],
    wanted: int,
) -> list[Post]:
    if any(len(text) < _PART_LEAST for text in query.texts):
        return []
    there = {post.id for post in found}
    ids = await search.part_matches(query.texts, min(_PARTS_MOST, len(there) + wanted + _SPARE))
    more = await eyes.see([one for one in ids if one not in there])
    return more[: wanted - len(found)]


class _Eyes:
    """What one member may be shown of what the index offers."""

    def __init__(self, world: World, sight: Sight, sought: Sought, place: str) -> None:
        self.sought = sought
        self._world = world
        self._sight = sight
        self._place = place

    async def see(self, post_ids: Sequence[int]) -> list[Post]:
        """Those that may be found and shown, in their order."""
        posts = await self._sight.posts(post_ids)
        authors = await load_accounts(self._world, [post.author_id for post in posts])
        return [
            post
            for post in posts
            if post.author_id in authors
            and self._finds(post, authors[post.author_id])
            and self._sight.lists(post)
        ]

    def _finds(self, post: Post, author: Account) -> bool:
        """Whether the viewer's search reaches a post, as it and its author are now."""
        if self._place != LIBRARY and findable(post, author):
            return True
        if self._place == PUBLIC_ONLY:
            return False
        viewer_id = self._sight.viewer_id
        if viewer_id in readers_of(post) or post.id in self.sought.within:
            return True
        return post.visibility in LISTED and post.in_reply_to_account_id == viewer_id
