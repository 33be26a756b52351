"""Hashtags: under which a post stands, and what stands under them."""

from __future__ import annotations

from collections.abc import Iterable

from venire.posts.listing import in_order
from venire.posts.model import PUBLIC, Entry, Post, Stretch
from venire.posts.scan import TAG_LENGTH, find_entities, tag_key
from venire.posts.spans import SHARDS, last_id_of, month_of, shard_of
from venire.storage.tables.tags import TAG_MONTHS, TAG_POSTS, TagPostRow
from venire.storage.verbs import Put, Write
from venire.storage.world import World

LISTED_MOST = 30
"""Tags of one post under which it is found: rows of its commit. The others are links only."""
_MONTHS_MOST = 240


def listed_tags(post: Post) -> tuple[str, ...]:
    """The tags under which a post is found: public posts only, boosts under none."""
    if post.visibility != PUBLIC or post.reblog_of_id is not None:
        return ()
    return tuple(tag for tag in post.tags[:LISTED_MOST] if len(tag) <= 2 * TAG_LENGTH)


def tag_writes(post: Post) -> list[Write]:
    """The rows of a new post under its tags, for its own commit."""
    has_media = bool(post.attachments)
    return [
        Put(
            TAG_POSTS,
            TagPostRow(
                tag, month_of(post.id), shard_of(post.id), post.id, post.author_id, has_media
            ),
        )
        for tag in listed_tags(post)
    ]


def edited_tag_writes(old: Post, new: Post) -> list[Write]:
    """The rows of tags that an edit brought. One that is gone stays listed and is passed over."""
    before = set(listed_tags(old)) if bool(old.attachments) == bool(new.attachments) else set()
    return [write for write in tag_writes(new) if write.row.tag not in before]


def tag_of(name: str) -> str | None:
    """The key of a tag as someone wrote it, with or without the sign; None where it is no tag."""
    bare = name.strip().removeprefix("#")
    found = find_entities(f"#{bare}") if len(bare) <= TAG_LENGTH else []
    if len(found) == 1 and found[0].kind == "tag" and found[0].value == bare:
        return tag_key(bare)
    return None


async def _months(world: World, tag: str) -> list[int]:
    """Months in which a tag was used, the latest first.

    Written down a moment after a post is: this month and the last are looked at in any case.
    """
    rows = await world.storage.range(TAG_MONTHS, (tag,), limit=_MONTHS_MOST)
    now = month_of(last_id_of(world.now_ms()))
    return sorted({now + 1, now, now - 1, *(row.month for row in rows)}, reverse=True)


async def tag_entries(world: World, tags: Iterable[str], stretch: Stretch) -> list[Entry]:
    """What stands under any of some tags (their keys), each post once."""
    found: list[Entry] = []
    for tag in dict.fromkeys(tags):
        found += await _entries(world, tag, stretch)
    return in_order(found, rising=stretch.rising)[: stretch.count]


async def _entries(world: World, tag: str, stretch: Stretch) -> list[Entry]:
    lowest = 0 if stretch.above is None else month_of(stretch.above)
    highest = 1 << 40 if stretch.below is None else month_of(stretch.below)
    months = [month for month in await _months(world, tag) if lowest <= month <= highest]
    found: list[Entry] = []
    for month in reversed(months) if stretch.rising else months:
        entries: list[Entry] = []
        for shard in range(SHARDS):
            rows = await world.storage.range(
                TAG_POSTS,
                (tag, month, shard),
                above=stretch.above_key,
                below=stretch.below_key,
                limit=stretch.count - len(found),
                reverse=stretch.rising,
            )
            entries += [Entry(row.post_id, row.author_id, has_media=row.has_media) for row in rows]
        found += in_order(entries, rising=stretch.rising)[: stretch.count - len(found)]
        if len(found) >= stretch.count:
            break
    return found
