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


class FollowLineRow(msgspec.Struct, frozen=True):
    """A follow in its follower's list, by when it was made."""

    follower_id: int
    follow_id: int
    followee_id: int


class FollowedLineRow(msgspec.Struct, frozen=True):
    """A follow in one of its followee's lists; `bucket` is the id at which that part begins."""

    followee_id: int
    bucket: int
    follow_id: int
    follower_id: int


class FollowBucketRow(msgspec.Struct, frozen=True):
    """A part of a followee's lists: follows with this id or a higher one, up to the next part."""

    followee_id: int
    bucket: int
    number: int


class ListsBuiltRow(msgspec.Struct, frozen=True):
    """Since when the lists of follows hold what was there before they were kept."""

    name: str
    at_ms: int


class RelationRow(msgspec.Struct, frozen=True):
    """A one-sided tie: `kind` is block, mute, note, endorsement or dismissal."""

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
FOLLOWS_BY_TIME = Table(
    name="follows_by_time",
    row=FollowLineRow,
    question="Whom does this account follow, the latest first?",
    partition=("follower_id",),
    clustering=("follow_id",),
    descending=True,
    aggregate="follow:{follower_id}:{followee_id}",
    subject=("follower_id", "followee_id"),
    retention="until the follow ends",
)
FOLLOWERS_BY_TIME = Table(
    name="followers_by_time",
    row=FollowedLineRow,
    question="Who follows this account, the latest first?",
    partition=("followee_id", "bucket"),
    clustering=("follow_id",),
    descending=True,
    aggregate="follow:{follower_id}:{followee_id}",
    subject=("follower_id", "followee_id"),
    retention="until the follow ends",
)
REQUESTS_BY_TIME = Table(
    name="requests_by_time",
    row=FollowedLineRow,
    question="Who asks to follow this account?",
    partition=("followee_id", "bucket"),
    clustering=("follow_id",),
    descending=True,
    aggregate="follow:{follower_id}:{followee_id}",
    subject=("follower_id", "followee_id"),
    retention="until answered",
)
WATCHERS = Table(
    name="watchers",
    row=FollowedLineRow,
    question="Which followers want to be told of each post of this account?",
    partition=("followee_id", "bucket"),
    clustering=("follow_id",),
    descending=True,
    aggregate="follow:{follower_id}:{followee_id}",
    subject=("follower_id", "followee_id"),
    retention="until the follow ends, or they want it no longer",
)
FOLLOW_BUCKETS = Table(
    name="follow_buckets",
    row=FollowBucketRow,
    question="In which parts do the lists of this account's followers lie?",
    partition=("followee_id",),
    clustering=("bucket",),
    descending=True,
    aggregate="follow_bucket:{followee_id}:{bucket}",
    guarded=True,
    subject=("followee_id",),
    retention="until the account is erased",
)
LISTS_BUILT = Table(
    name="lists_built",
    row=ListsBuiltRow,
    question="Were these lists filled from what was there before them?",
    partition=("name",),
    aggregate="lists_built:{name}",
    retention="for ever",
)
RELATIONS = Table(
    name="relations",
    row=RelationRow,
    question="Whom does this account block, mute, endorse, or have a note on?",
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
    question="Who blocks, mutes or endorses this account?",
    partition=("target_id", "kind"),
    clustering=("account_id",),
    descending=True,
    aggregate="relation:{account_id}:{kind}:{target_id}",
    subject=("account_id",),
    retention="until undone",
    expires=True,
)

TABLES = (
    FOLLOWING,
    FOLLOWS_BY_TIME,
    FOLLOWERS_BY_TIME,
    REQUESTS_BY_TIME,
    WATCHERS,
    FOLLOW_BUCKETS,
    LISTS_BUILT,
    RELATIONS,
    RELATIONS_IN,
)
