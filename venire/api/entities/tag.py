"""Mastodon's `Tag` and `FeaturedTag`. Source: docs.joinmastodon.org/entities/Tag, FeaturedTag."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from venire.kernel.clock import DAY_MS, utc_day
from venire.posts.markup import tag_path
from venire.posts.tag_choices import featured_tags, followed_tags
from venire.posts.usage import histories
from venire.storage.tables.tags import FeaturedTagRow
from venire.storage.world import World


class HistoryEntity(msgspec.Struct, frozen=True):
    """A day of a tag: its first second, and figures, all as texts."""

    day: str
    accounts: str
    uses: str


class TagEntity(msgspec.Struct, frozen=True):
    """A hashtag. `following` and `featuring` are null where nobody is signed in."""

    id: str
    name: str
    url: str
    history: tuple[HistoryEntity, ...]
    following: bool | None
    featuring: bool | None


class FeaturedTagEntity(msgspec.Struct, frozen=True):
    """A tag on a profile, with how often its owner used it."""

    id: str
    name: str
    url: str
    statuses_count: str
    last_status_at: str | None


def tag_id(tag: str) -> str:
    """The id of a tag: the same for the same key, here and after any restore."""
    digest = hashlib.sha256(tag.encode()).digest()
    return str(int.from_bytes(digest[:8], "big") >> 1)


async def tag_entities(world: World, tags: Sequence[str], viewer_id: int | None) -> list[TagEntity]:
    """Tags by their keys, with their last seven days."""
    days = await histories(world, tags)
    followed, featured = set[str](), set[str]()
    if viewer_id is not None:
        followed = {row.tag for row in await followed_tags(world, viewer_id)}
        featured = {row.tag for row in await featured_tags(world, viewer_id)}
    return [
        TagEntity(
            id=tag_id(tag),
            name=tag,
            url=world.site.base_url + tag_path(tag),
            history=tuple(
                HistoryEntity(str(row.day * DAY_MS // 1000), str(row.accounts), str(row.uses))
                for row in days[tag]
            ),
            following=None if viewer_id is None else tag in followed,
            featuring=None if viewer_id is None else tag in featured,
        )
        for tag in tags
    ]


def build_featured_tag(world: World, row: FeaturedTagRow) -> FeaturedTagEntity:
    """The entity of a tag on an account's profile."""
    last = row.last_status_at_ms
    return FeaturedTagEntity(
        id=str(row.id),
        name=row.tag,
        url=world.site.base_url + tag_path(row.tag),
        statuses_count=str(row.statuses),
        last_status_at=None if last is None else utc_day(last),
    )
