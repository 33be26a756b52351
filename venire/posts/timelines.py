"""Home, the public page, an account's page: filtered at read, so that nothing hidden slips through.

Home is a range of the viewer's feed from where that is whole; below, and for authors too widely
followed to be written into feeds, it is merged from what each followed account posted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from venire.people.follows import followee_ids, is_following
from venire.posts import feeds
from venire.posts.listing import account_entries, in_order, merged_entries, public_entries
from venire.posts.model import Entry, Page, Post, Stretch, Window
from venire.posts.pages import fill_page
from venire.posts.scan import tag_key
from venire.posts.sight import Sight
from venire.posts.store import load_many
from venire.storage.world import World


def _place(entry: Entry) -> int:
    return entry.id


async def _shown(
    world: World, entries: Sequence[Entry], wanted: Callable[[Post], bool]
) -> list[tuple[int, Post]]:
    posts = await load_many(world, [entry.id for entry in entries])
    return [(post.id, post) for post in posts if wanted(post)]


async def home(world: World, viewer_id: int, window: Window) -> Page[Post]:
    """What a viewer's home shows."""
    sight = await Sight.of(world, viewer_id)
    source = _Home(world, viewer_id, await feeds.start_of(world, viewer_id))

    async def keep(entries: Sequence[Entry]) -> list[tuple[int, Post]]:
        await sight.learn(entry.author_id for entry in entries)
        passed = [entry for entry in entries if sight.passes(entry.author_id)]
        await sight.learn(entry.in_reply_to_account_id for entry in passed)
        return await _shown(world, passed, sight.wants_home)

    return await fill_page(window, source.fetch, _place, keep)


class _Home:
    """The entries of one home: the feed from `start` on, what followees posted below it."""

    def __init__(self, world: World, owner_id: int, start: int) -> None:
        self._world = world
        self._owner_id = owner_id
        self._start = start
        self._followees: list[int] | None = None
        self._pulled: list[int] | None = None

    async def fetch(self, stretch: Stretch) -> list[Entry]:
        """Both parts, in the direction asked for."""
        parts = (self._below_start, self._from_start)
        found: list[Entry] = []
        for part in parts if stretch.rising else parts[::-1]:
            found += await part(stretch.fewer(len(found)))
            if len(found) >= stretch.count:
                break
        return found

    async def _from_start(self, stretch: Stretch) -> list[Entry]:
        if stretch.below is not None and stretch.below <= self._start:
            return []
        part = stretch.within(above=self._start - 1)
        entries = await feeds.entries(self._world, self._owner_id, part)
        if pulled := await self._pulled_authors():
            entries += await merged_entries(self._world, pulled, part)
            entries = in_order(entries, rising=part.rising)[: part.count]
        return entries

    async def _below_start(self, stretch: Stretch) -> list[Entry]:
        if self._start == 0 or (stretch.above is not None and stretch.above >= self._start - 1):
            return []
        if self._followees is None:
            followees = await followee_ids(self._world, self._owner_id)
            self._followees = [self._owner_id, *followees]
        part = stretch.within(below=self._start)
        return await merged_entries(self._world, self._followees, part)

    async def _pulled_authors(self) -> list[int]:
        if self._pulled is None:
            self._pulled = [
                author_id
                for author_id in await feeds.pulled_authors(self._world)
                if await is_following(self._world, self._owner_id, author_id)
            ]
        return self._pulled


async def public(world: World, viewer_id: int | None, window: Window) -> Page[Post]:
    """What the public page shows: public posts that answer nobody else."""
    sight = await Sight.of(world, viewer_id)

    async def fetch(stretch: Stretch) -> list[Entry]:
        return await public_entries(world, stretch)

    async def keep(entries: Sequence[Entry]) -> list[tuple[int, Post]]:
        await sight.learn(entry.author_id for entry in entries)
        return await _shown(world, entries, sight.lists)

    return await fill_page(window, fetch, _place, keep)


async def account_page(
    world: World,
    viewer_id: int | None,
    account_id: int,
    window: Window,
    *,
    exclude_replies: bool = False,
    tagged: str | None = None,
) -> Page[Post]:
    """What an account's page shows a viewer."""
    sight = await Sight.of(world, viewer_id)
    await sight.learn([account_id])
    tag = tag_key(tagged) if tagged is not None else None

    async def fetch(stretch: Stretch) -> list[Entry]:
        return await account_entries(world, account_id, stretch)

    async def keep(entries: Sequence[Entry]) -> list[tuple[int, Post]]:
        asked = [entry for entry in entries if not (exclude_replies and entry.replies_to_other)]
        shown = await _shown(world, asked, sight.sees)
        return [(place, post) for place, post in shown if tag is None or tag in post.tags]

    return await fill_page(window, fetch, _place, keep)
