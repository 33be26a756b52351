"""The public page and an account's page: filtered at read, so that nothing hidden slips through."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from venire.posts.listing import account_entries, public_entries
from venire.posts.model import Entry, Page, Post, Stretch, Window
from venire.posts.pages import fill_page
from venire.posts.reactions import pinned_ids
from venire.posts.scan import tag_key
from venire.posts.sight import Sight
from venire.posts.spans import SCOPE, SHARDS, day_of, last_id_of
from venire.storage.memory import Memory
from venire.storage.tables.posts import PUBLIC_POSTS
from venire.storage.world import World

_NEWEST = 80
_TOPS: Memory[list[Entry]] = Memory(16)


def _place(entry: Entry) -> int:
    return entry.id


async def _top_of(world: World) -> list[Entry]:
    """The newest entries of the public page, which every reader asks for."""
    today = day_of(last_id_of(world.now_ms()))
    days = (today - 1, today, today + 1)
    sources = [(PUBLIC_POSTS, (SCOPE, day, shard)) for day in days for shard in range(SHARDS)]
    newest = Stretch(None, None, _NEWEST)
    return await _TOPS.recall(world.storage, today, sources, lambda: public_entries(world, newest))


async def public(
    world: World,
    viewer_id: int | None,
    window: Window,
    *,
    only_media: bool = False,
    sight: Sight | None = None,
) -> Page[Post]:
    """What the public page shows: public posts that answer nobody else."""
    sight = sight or await Sight.of(world, viewer_id)
    top = await _top_of(world)

    async def fetch(stretch: Stretch) -> list[Entry]:
        plain = not stretch.rising and stretch.above is None and stretch.below is None
        if plain and stretch.count <= _NEWEST:
            return top[: stretch.count]
        return await public_entries(world, stretch)

    async def keep(entries: Sequence[Entry]) -> list[tuple[int, Post]]:
        asked = [entry.id for entry in entries if entry.has_media or not only_media]
        return [(post.id, post) for post in await sight.posts(asked) if sight.lists(post)]

    return await fill_page(window, fetch, _place, keep)


class AccountPageChoice(msgspec.Struct, frozen=True):
    """Which of an account's posts are asked for."""

    exclude_replies: bool = False
    exclude_reblogs: bool = False
    only_media: bool = False
    tagged: str | None = None

    def takes(self, entry: Entry) -> bool:
        """Whether an entry is asked for, as far as can be told without its post."""
        return not (
            (self.exclude_replies and entry.replies_to_other)
            or (self.exclude_reblogs and entry.reblog_of_id is not None)
            or (self.only_media and not entry.has_media)
        )


_EVERYTHING = AccountPageChoice()


async def account_page(
    world: World,
    viewer_id: int | None,
    account_id: int,
    window: Window,
    choice: AccountPageChoice = _EVERYTHING,
) -> Page[Post]:
    """What an account's page shows a viewer."""
    sight = await Sight.of(world, viewer_id)
    await sight.learn([account_id])
    tag = tag_key(choice.tagged) if choice.tagged is not None else None

    async def fetch(stretch: Stretch) -> list[Entry]:
        return await account_entries(world, account_id, stretch)

    async def keep(entries: Sequence[Entry]) -> list[tuple[int, Post]]:
        asked = [entry.id for entry in entries if choice.takes(entry)]
        shown = [post for post in await sight.posts(asked) if sight.sees(post)]
        return [(post.id, post) for post in shown if tag is None or tag in post.tags]

    return await fill_page(window, fetch, _place, keep)


async def pinned(world: World, viewer_id: int | None, account_id: int) -> list[Post]:
    """What an account shows first on its page, the latest pin first."""
    sight = await Sight.of(world, viewer_id)
    posts = await sight.posts(await pinned_ids(world, account_id))
    return [post for post in posts if sight.sees(post)]
