"""Which tags an account follows, and which it features on its profile."""

from __future__ import annotations

from collections import Counter

from venire.events import TagsChanged
from venire.kernel.errors import Invalid, NotFound
from venire.posts.listing import account_entries
from venire.posts.model import DELETED, PUBLIC, UNLISTED, Post, Stretch
from venire.posts.store import load_many
from venire.storage.tables.tags import FEATURED_TAGS, FOLLOWED_TAGS, FeaturedTagRow, FollowedTagRow
from venire.storage.verbs import Delete, Put
from venire.storage.world import World

FOLLOWED_MOST = 100
"""Each is a list that is merged into a home."""
FEATURED_MOST = 10
_LOOKED_BACK = 400
"""Newest posts of an account in which its use of a tag is counted when it features it."""


def _too_many(said: str) -> Invalid:
    # Clients that read Mastodon's details look for them under the field.
    details = {"base": [{"error": "ERR_TOO_MANY", "description": said}]}
    return Invalid("too_many_tags", f"Validation failed: {said}", details=details)


async def followed_tags(world: World, account_id: int) -> list[FollowedTagRow]:
    """The tags that an account follows, the latest first."""
    rows = await world.storage.range(FOLLOWED_TAGS, (account_id,), limit=FOLLOWED_MOST)
    return sorted(rows, key=lambda row: -row.follow_id)


async def follows_tag(world: World, account_id: int, tag: str) -> bool:
    """Whether an account follows a tag."""
    return await world.storage.get(FOLLOWED_TAGS, (account_id, tag)) is not None


async def follow_tag(world: World, account_id: int, tag: str) -> None:
    """Follow a tag; again is once. Invalid `too_many_tags`."""
    rows = await followed_tags(world, account_id)
    if any(row.tag == tag for row in rows):
        return
    if len(rows) >= FOLLOWED_MOST:
        raise _too_many("You follow as many hashtags as you may")
    row = FollowedTagRow(account_id, tag, world.ids.next())
    await world.storage.commit(
        FOLLOWED_TAGS.aggregate_of(row), [Put(FOLLOWED_TAGS, row)], [TagsChanged(account_id)]
    )


async def unfollow_tag(world: World, account_id: int, tag: str) -> None:
    """Follow a tag no longer. Harmless where it was not followed."""
    row = await world.storage.get(FOLLOWED_TAGS, (account_id, tag))
    if row is not None:
        await world.storage.commit(
            FOLLOWED_TAGS.aggregate_of(row), [Delete(FOLLOWED_TAGS, row)], [TagsChanged(account_id)]
        )


async def featured_tags(world: World, account_id: int) -> list[FeaturedTagRow]:
    """The tags on an account's profile, the most used first."""
    rows = await world.storage.range(FEATURED_TAGS, (account_id,), limit=FEATURED_MOST)
    return sorted(rows, key=lambda row: (-row.statuses, row.tag))


async def feature_tag(world: World, account_id: int, tag: str) -> FeaturedTagRow:
    """Put a tag on one's profile; again is once. Invalid `too_many_tags`."""
    rows = await world.storage.range(FEATURED_TAGS, (account_id,), limit=FEATURED_MOST)
    there = next((row for row in rows if row.tag == tag), None)
    if there is not None:
        return there
    if len(rows) >= FEATURED_MOST:
        raise _too_many("You have already featured the maximum number of hashtags")
    through = await world.storage.position(USAGE_CURSOR)
    used = [post for post in await _own_posts(world, account_id) if tag in post.tags]
    last = max((post.created_at_ms for post in used), default=None)
    row = FeaturedTagRow(account_id, tag, world.ids.next(), len(used), last, through)
    return await world.storage.put_if_absent(FEATURED_TAGS, row) or row


USAGE_CURSOR = "usage"
"""The subscription that counts on from there (`posts.usage`)."""


async def unfeature_tag(world: World, account_id: int, tag: str) -> None:
    """Take a tag off one's profile. Harmless where it is not there."""
    row = await world.storage.get(FEATURED_TAGS, (account_id, tag))
    if row is not None:
        await world.storage.delete(FEATURED_TAGS, row)


async def unfeature(world: World, account_id: int, featured_id: int) -> None:
    """The same by the id of the place on the profile. NotFound `record_not_found`."""
    rows = await world.storage.range(FEATURED_TAGS, (account_id,), limit=FEATURED_MOST)
    row = next((row for row in rows if row.id == featured_id), None)
    if row is None:
        raise NotFound("record_not_found", "Record not found")
    await world.storage.delete(FEATURED_TAGS, row)


async def suggested_tags(world: World, account_id: int, most: int = 10) -> list[str]:
    """The tags that an account used most of late and does not feature."""
    featured = {row.tag for row in await featured_tags(world, account_id)}
    used = Counter(tag for post in await _own_posts(world, account_id) for tag in post.tags)
    return [tag for tag, _ in used.most_common() if tag not in featured][:most]


async def _own_posts(world: World, account_id: int) -> list[Post]:
    entries = await account_entries(world, account_id, Stretch(None, None, _LOOKED_BACK))
    shown = [entry.id for entry in entries if entry.visibility in {PUBLIC, UNLISTED}]
    return [post for post in await load_many(world, shown) if post.state != DELETED]
