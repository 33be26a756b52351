"""Tables of the people room that tie accounts to each other: follows, blocks, mutes, notes."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class FollowingRow(msgspec.Struct, frozen=True):
    """A tie from follower to followee; `state` is following, requested or none, never deleted."""

    follower_id: int
    followee_id: int
    version: int
    follow_id: int
    state: str
    reblogs: bool
    notify: bool
    languages: bytes | None
    created_at_ms: int


class FollowerRow(msgspec.Struct, frozen=True):
    """The same tie seen from the followee, newest first."""

    followee_id: int
    follow_id: int
    follower_id: int


class FollowRequestRow(msgspec.Struct, frozen=True):
    """A follow that a locked account has yet to accept."""

    followee_id: int
    follow_id: int
    follower_id: int


class RelationRow(msgspec.Struct, frozen=True):
    """A one-sided tie: `kind` is block, mute or note."""

    account_id: int
    kind: str
    target_id: int
    comment: str
    notifications: bool
    until_ms: int | None
    created_at_ms: int


class RelationInRow(msgspec.Struct, frozen=True):
    """The same tie, found from the other side."""

    target_id: int
    kind: str
    account_id: int


FOLLOWING = Table(
    name="following",
    row=FollowingRow,
    question="Whom does this account follow, and does it follow that one?",
    partition=("follower_id",),
    clustering=("followee_id",),
    descending=True,
    aggregate="follow:{follower_id}:{followee_id}",
    subject=("follower_id", "followee_id"),
    version="version",
    retention="until one of the two is erased",
)
FOLLOWERS = Table(
    name="followers",
    row=FollowerRow,
    question="Who follows this account?",
    partition=("followee_id",),
    clustering=("follow_id",),
    descending=True,
    aggregate="follow:{follower_id}:{followee_id}",
    subject=("follower_id", "followee_id"),
    retention="until the follow ends",
)
FOLLOW_REQUESTS = Table(
    name="follow_requests",
    row=FollowRequestRow,
    question="Who asks to follow this account?",
    partition=("followee_id",),
    clustering=("follow_id",),
    descending=True,
    aggregate="follow:{follower_id}:{followee_id}",
    subject=("follower_id", "followee_id"),
    retention="until answered",
)
RELATIONS = Table(
    name="relations",
    row=RelationRow,
    question="Whom does this account block, mute or have a note on?",
    partition=("account_id", "kind"),
    clustering=("target_id",),
    descending=True,
    aggregate="relation:{account_id}:{kind}:{target_id}",
    subject=("account_id",),
    retention="until undone",
    expires=True,
)
RELATIONS_IN = Table(
    name="relations_in",
    row=RelationInRow,
    question="Who blocks or mutes this account?",
    partition=("target_id", "kind"),
    clustering=("account_id",),
    descending=True,
    aggregate="relation:{account_id}:{kind}:{target_id}",
    subject=("account_id",),
    retention="until undone",
    expires=True,
)

TABLES = (FOLLOWING, FOLLOWERS, FOLLOW_REQUESTS, RELATIONS, RELATIONS_IN)
