"""The timeline of a hashtag, alone or with others."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from venire.posts.model import Entry, Page, Post, Stretch, Window
from venire.posts.pages import fill_page
from venire.posts.sight import Sight
from venire.posts.tags import tag_entries
from venire.storage.world import World

MODE_MOST = 4
"""Tags in each of `any`, `all` and `none`, as in Mastodon: each one more is a list to merge."""


class TagChoice(msgspec.Struct, frozen=True):
    """Which posts of a tag's timeline are wanted; tags are keys."""

    tag: str
    any: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    only_media: bool = False

    def takes(self, post: Post) -> bool:
        """Whether a post is asked for, by its tags as they are now."""
        tags = frozenset(post.tags)
        return (
            not tags.isdisjoint((self.tag, *self.any))
            and tags.issuperset(self.all)
            and tags.isdisjoint(self.none)
        )


async def tag_page(
    world: World, viewer_id: int | None, choice: TagChoice, window: Window
) -> Page[Post]:
    """What a tag's timeline shows a viewer."""
    sight = await Sight.of(world, viewer_id)

    async def fetch(stretch: Stretch) -> list[Entry]:
        return await tag_entries(world, (choice.tag, *choice.any), stretch)

    async def keep(entries: Sequence[Entry]) -> list[tuple[int, Post]]:
        asked = [entry for entry in entries if entry.has_media or not choice.only_media]
        posts = await sight.posts([entry.id for entry in asked])
        return [(post.id, post) for post in posts if choice.takes(post) and sight.lists(post)]

    return await fill_page(window, fetch, lambda entry: entry.id, keep)
