"""Mastodon's `Relationship`. Source: docs.joinmastodon.org/entities/Relationship."""

from __future__ import annotations

import msgspec

from venire.kernel.clock import iso_ms
from venire.people.model import Relationship


class RelationshipEntity(msgspec.Struct, frozen=True):
    """Everything between the viewer and another account."""

    id: str
    following: bool
    showing_reblogs: bool
    notifying: bool
    languages: tuple[str, ...] | None
    followed_by: bool
    blocking: bool
    blocked_by: bool
    muting: bool
    muting_notifications: bool
    muting_expires_at: str | None
    requested: bool
    requested_by: bool
    note: str
    domain_blocking: bool = False
    endorsed: bool = False


def build_relationship(tie: Relationship) -> RelationshipEntity:
    """The entity of a relationship."""
    until_ms = tie.muting_expires_at_ms
    return RelationshipEntity(
        id=str(tie.id),
        following=tie.following,
        showing_reblogs=tie.showing_reblogs,
        notifying=tie.notifying,
        languages=tie.languages or None,
        followed_by=tie.followed_by,
        blocking=tie.blocking,
        blocked_by=tie.blocked_by,
        muting=tie.muting,
        muting_notifications=tie.muting_notifications,
        muting_expires_at=None if until_ms is None else iso_ms(until_ms),
        requested=tie.requested,
        requested_by=tie.requested_by,
        note=tie.note,
        endorsed=tie.endorsed,
    )
