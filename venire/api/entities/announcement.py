"""Mastodon's `Announcement` and `Reaction`. Source: docs.joinmastodon.org/entities/Announcement."""

from __future__ import annotations

import msgspec

from venire.kernel.clock import iso_ms
from venire.people.profile import note_html
from venire.posts.announcements import Announcement


class ReactionEntity(msgspec.Struct, frozen=True):
    """A sign under an announcement; addresses are those of pictures, which an emoji has none of."""

    name: str
    count: int
    me: bool
    url: None = None
    static_url: None = None


class AnnouncementEntity(msgspec.Struct, frozen=True, kw_only=True):
    """What the site tells its members."""

    id: str
    content: str
    starts_at: str | None
    ends_at: str | None
    all_day: bool
    published_at: str
    updated_at: str
    read: bool
    mentions: tuple[()] = ()
    statuses: tuple[()] = ()
    tags: tuple[()] = ()
    emojis: tuple[()] = ()
    reactions: tuple[ReactionEntity, ...]


def build_announcement(one: Announcement) -> AnnouncementEntity:
    """The entity of an announcement."""
    row = one.row
    return AnnouncementEntity(
        id=str(row.id),
        content=note_html(row.text),
        starts_at=None if row.starts_at_ms is None else iso_ms(row.starts_at_ms),
        ends_at=None if row.ends_at_ms is None else iso_ms(row.ends_at_ms),
        all_day=row.all_day,
        published_at=iso_ms(row.published_at_ms),
        updated_at=iso_ms(row.updated_at_ms),
        read=one.read,
        reactions=tuple(ReactionEntity(sign.name, sign.count, sign.mine) for sign in one.signs),
    )
