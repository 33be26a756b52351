"""Tables of media: what was uploaded, which posts carry it, which objects are still needed."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class MediumRow(msgspec.Struct, frozen=True):
    """A medium: `body` is its attachment as JSON.

    `raw_key` is the upload that is being converted, `coming_key` an object that is being put.
    """

    id: int
    version: int
    account_id: int
    state: str
    attached: bool
    created_at_ms: int
    lapses_at_ms: int
    raw_key: str | None
    coming_key: str | None
    body: bytes


class MediumPostRow(msgspec.Struct, frozen=True):
    """A post that carries a medium, or did."""

    media_id: int
    post_id: int


class ObjectUseRow(msgspec.Struct, frozen=True):
    """Something that needs an object: `user` is its aggregate. Spread over shards by user."""

    key: str
    shard: int
    user: str


class LeavingObjectRow(msgspec.Struct, frozen=True):
    """An object that is being removed right now: whoever wants to put it waits."""

    key: str


class AccountPicturesRow(msgspec.Struct, frozen=True):
    """The pictures of an account, as JSON (`posts.media.model.Pictures`)."""

    account_id: int
    version: int
    body: bytes


MEDIA = Table(
    name="media",
    row=MediumRow,
    question="What is this medium?",
    partition=("id",),
    aggregate="media:{id}",
    subject=("account_id",),
    retention="24 hours unattached; else until its post is erased",
    version="version",
    wide=True,
)
MEDIUM_POSTS = Table(
    name="medium_posts",
    row=MediumPostRow,
    question="Which posts carry this medium?",
    partition=("media_id",),
    clustering=("post_id",),
    aggregate="media:{media_id}",
    retention="as the medium",
)
POST_MEDIA = Table(
    name="post_media",
    row=MediumPostRow,
    question="Which media does this post carry, or did before an edit?",
    partition=("post_id",),
    clustering=("media_id",),
    aggregate="media:{media_id}",
    retention="as the medium",
)
OBJECT_USES = Table(
    name="object_uses",
    row=ObjectUseRow,
    question="Does anything still need this object?",
    partition=("key", "shard"),
    clustering=("user",),
    aggregate="{user}",
    retention="as what uses it",
)
LEAVING_OBJECTS = Table(
    name="leaving_objects",
    row=LeavingObjectRow,
    question="Is this object being removed right now?",
    partition=("key",),
    aggregate="object:{key}",
    retention="10 minutes at most",
    guarded=True,
    expires=True,
)
ACCOUNT_PICTURES = Table(
    name="account_pictures",
    row=AccountPicturesRow,
    question="Which pictures has this account?",
    partition=("account_id",),
    aggregate="pictures:{account_id}",
    subject=("account_id",),
    retention="as the account",
    version="version",
)

TABLES = (MEDIA, MEDIUM_POSTS, POST_MEDIA, OBJECT_USES, LEAVING_OBJECTS, ACCOUNT_PICTURES)
