"""A member's home: their feed from where that is whole, below it what each followed account posted.

Filtered at read, so that nothing hidden slips through. Authors too widely followed to be written
into feeds, and followed hashtags, are merged in.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from venire.kernel.ids import is_imported
from venire.people.follows import followee_ids
from venire.posts import feeds
from venire.posts.listing import in_order, merged_entries
from venire.posts.lists import exclusive_members
from venire.posts.model import DIRECT, Entry, Page, Post, Stretch, Window
from venire.posts.pages import fill_page
from venire.posts.sight import Sight
from venire.posts.tag_choices import followed_tags
from venire.posts.tags import tag_entries
from venire.storage.memory import Memory
from venire.storage.tables.lists import LISTS
from venire.storage.tables.posts import FEED_STARTS, FEEDS, PULLED_AUTHORS
from venire.storage.tables.tags import FOLLOWED_TAGS
from venire.storage.world import World

_NEWEST = 40
"""Entries at the top of a feed that are kept ready: nearly every read of a home is there."""


class _Taste(msgspec.Struct, frozen=True):
    """What a member chose for their home besides whom they follow."""

    tags: tuple[str, ...]
    elsewhere: frozenset[int]
    pulled: tuple[int, ...]


class _Top(msgspec.Struct, frozen=True):
    """The newest entries of a feed, and the id from which on it is whole."""

    start: int
    entries: list[Entry]


_TASTES: Memory[_Taste] = Memory()
_TOPS: Memory[_Top] = Memory(2_000)


async def _taste_of(world: World, owner_id: int) -> _Taste:
    async def read() -> _Taste:
        return _Taste(
            tags=tuple(row.tag for row in await followed_tags(world, owner_id)),
            elsewhere=frozenset(await exclusive_members(world, owner_id)),
            pulled=tuple(await feeds.pulled_authors(world)),
        )

    sources = (
        (FOLLOWED_TAGS, (owner_id,)),
        # A list's head moves with its members.
        (LISTS, (owner_id,)),
        (PULLED_AUTHORS, (0,)),
    )
    return await _TASTES.recall(world.storage, owner_id, sources, read)


async def _top_of(world: World, owner_id: int) -> _Top:
    async def read() -> _Top:
        start = await feeds.start_of(world, owner_id)
        newest = Stretch(start - 1 if start else None, None, _NEWEST)
        return _Top(start, await feeds.entries(world, owner_id, newest))

    sources = ((FEEDS, (owner_id,)), (FEED_STARTS, (owner_id,)))
    return await _TOPS.recall(world.storage, owner_id, sources, read)


async def home(
    world: World, viewer_id: int, window: Window, sight: Sight | None = None
) -> Page[Post]:
    """What a viewer's home shows. `sight`: the viewer's, where the caller goes on with it."""
    sight = sight or await Sight.of(world, viewer_id)
    taste = await _taste_of(world, viewer_id)
    source = _Source(world, sight, await _top_of(world, viewer_id), taste)

    async def keep(entries: Sequence[Entry]) -> list[tuple[int, Post]]:
        await sight.learn(entry.author_id for entry in entries)
        passed = [entry for entry in entries if source.passes(entry)]
        await sight.learn(entry.in_reply_to_account_id for entry in passed)
        posts = await sight.posts([entry.id for entry in passed])
        return [(post.id, post) for post in posts if source.wants(post)]

    return await fill_page(window, source.fetch, _place, keep)


def _place(entry: Entry) -> int:
    return entry.id


class _Source:
    """The entries of one home."""

    def __init__(self, world: World, sight: Sight, top: _Top, taste: _Taste) -> None:
        self._world = world
        self._sight = sight
        self._owner_id = sight.viewer_id or 0
        self._top = top
        self._taste = taste
        self._tags = frozenset(taste.tags)
        self._tagged: set[int] = set()
        self._repeated: set[int] = set()

    def passes(self, entry: Entry) -> bool:
        """Whether an entry may stand here, as far as it can be told without its post."""
        if entry.id in self._repeated or is_imported(entry.id):
            return False
        return self._sight.passes(entry.author_id) or entry.id in self._tagged

    def wants(self, post: Post) -> bool:
        """Whether a post stands here."""
        if post.author_id in self._taste.elsewhere and post.visibility != DIRECT:
            return False
        if self._sight.wants_home(post):
            return True
        tagged = post.id in self._tagged and not self._tags.isdisjoint(post.tags)
        return tagged and self._sight.lists(post)

    async def fetch(self, stretch: Stretch) -> list[Entry]:
        """Both parts, in the direction asked for."""
        parts = (self._below_start, self._from_start)
        found: list[Entry] = []
        for part in parts if stretch.rising else parts[::-1]:
            found += await part(stretch.fewer(len(found)))
            if len(found) >= stretch.count:
                break
        if self._taste.tags:
            found = await self._with_tags(found, stretch)
        if any(entry.reblog_of_id is not None for entry in found):
            await self._note_repeats(found, rising=stretch.rising)
        return found

    async def _with_tags(self, found: list[Entry], stretch: Stretch) -> list[Entry]:
        tagged = await tag_entries(self._world, self._taste.tags, stretch)
        self._tagged.update(entry.id for entry in tagged)
        return in_order([*tagged, *found], rising=stretch.rising)[: stretch.count]

    async def _note_repeats(self, entries: Sequence[Entry], *, rising: bool) -> None:
        """Of posts that are boosted by several, or stand here themselves, the oldest showing stays.

        Otherwise a post that everyone boosts would fill the page. A showing that is itself passed
        over does not count: the post would not be seen at all.
        """
        await self._sight.learn(
            one
            for entry in entries
            for one in (entry.author_id, entry.in_reply_to_account_id, entry.reblog_author_id)
        )
        seen: set[int] = set()
        for entry in entries if rising else reversed(entries):
            shown = entry.id if entry.reblog_of_id is None else entry.reblog_of_id
            if shown in seen and entry.reblog_of_id is not None:
                self._repeated.add(entry.id)
            elif self._shows(entry):
                seen.add(shown)

    def _shows(self, entry: Entry) -> bool:
        """Whether an entry whose people were learned will stand here, as far as can be told."""
        if not self.passes(entry) or entry.author_id in self._taste.elsewhere:
            return False
        if entry.reblog_of_id is None:
            parent = entry.in_reply_to_account_id
            return not entry.replies_to_other or (
                parent is not None
                and (parent == self._owner_id or self._sight.followee(parent) is not None)
            )
        followee = self._sight.followee(entry.author_id)
        hidden = entry.reblog_author_id is not None and self._sight.hides(entry.reblog_author_id)
        return not hidden and (followee is None or followee.reblogs)

    async def _from_start(self, stretch: Stretch) -> list[Entry]:
        start = self._top.start
        if stretch.below is not None and stretch.below <= start:
            return []
        part = stretch.within(above=start - 1)
        entries = self._from_top(part)
        if entries is None:
            entries = await feeds.entries(self._world, self._owner_id, part)
        if self._taste.pulled:
            entries = entries + await merged_entries(self._world, self._taste.pulled, part)
            entries = in_order(entries, rising=part.rising)[: part.count]
        return entries

    def _from_top(self, part: Stretch) -> list[Entry] | None:
        """The part from what is kept ready; None where it reaches below that."""
        if part.rising:
            return None
        top = self._top.entries
        found = top if part.below is None else [one for one in top if one.id < part.below]
        if part.above is not None:
            found = [one for one in found if one.id > part.above]
        if len(found) >= part.count:
            return found[: part.count]
        whole = len(top) < _NEWEST or (part.above is not None and top[-1].id <= part.above)
        return found if whole else None

    async def _below_start(self, stretch: Stretch) -> list[Entry]:
        start = self._top.start
        if start == 0 or (stretch.above is not None and stretch.above >= start - 1):
            return []
        followees = await followee_ids(self._world, self._owner_id)
        part = stretch.within(below=start)
        return await merged_entries(self._world, [self._owner_id, *followees], part)
