"""What everyone sees of a post, as bytes: written once, kept until the post or its author changes.

Source: docs.joinmastodon.org/entities/Status. A page of posts is these bytes joined with what
depends on the viewer (`status.py`). The site's address is put into the stored markup here and
nowhere earlier.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from venire.api.entities.account import WrittenAccount
from venire.api.entities.media import MediaAttachmentEntity, build_attachment
from venire.kernel.clock import iso_ms
from venire.people.model import Account
from venire.posts.markup import account_path, post_path, tag_path, with_base
from venire.posts.model import Application, Mention, Post
from venire.storage.tables.posts import PostCountsRow
from venire.storage.tables.reactions import TallyRow
from venire.storage.world import World

_KEPT = 4_000
_ENCODER = msgspec.json.Encoder()


class MentionEntity(msgspec.Struct, frozen=True):
    """Someone whom a post names."""

    id: str
    username: str
    url: str
    acct: str


class TagEntity(msgspec.Struct, frozen=True):
    """A hashtag of a post."""

    name: str
    url: str


class StatusBody(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a `Status` that is the same for everyone, without its author and counts."""

    id: str
    created_at: str
    edited_at: str | None
    in_reply_to_id: str | None
    in_reply_to_account_id: str | None
    sensitive: bool
    spoiler_text: str
    visibility: str
    language: str | None
    uri: str
    url: str
    content: str
    application: Application | None
    media_attachments: tuple[MediaAttachmentEntity, ...]
    mentions: tuple[MentionEntity, ...]
    tags: tuple[TagEntity, ...]
    emojis: tuple[()] = ()
    card: None = None
    local_only: bool = False
    reply_policy: str = "anyone"


def mention_entities(mentions: Iterable[Mention], base_url: str) -> tuple[MentionEntity, ...]:
    """Whom a post names."""
    return tuple(
        MentionEntity(
            str(mention.id),
            mention.username,
            base_url + account_path(mention.username),
            mention.username,
        )
        for mention in mentions
    )


def build_body(world: World, post: Post, author: Account) -> StatusBody:
    """The body of a post by an account."""
    base = world.site.base_url
    answered, answered_account = post.in_reply_to_id, post.in_reply_to_account_id
    return StatusBody(
        id=str(post.id),
        created_at=iso_ms(post.created_at_ms),
        edited_at=None if post.edited_at_ms is None else iso_ms(post.edited_at_ms),
        in_reply_to_id=None if answered is None else str(answered),
        in_reply_to_account_id=None if answered_account is None else str(answered_account),
        sensitive=(
            post.sensitive or bool(post.label) or (author.sensitized and bool(post.attachments))
        ),
        spoiler_text=post.warning,
        visibility=post.visibility,
        language=post.language,
        uri=post.uri,
        url=base + post_path(author.username, post.id),
        content=with_base(post.html, base),
        application=post.application,
        media_attachments=tuple(build_attachment(one, base) for one in post.attachments),
        mentions=mention_entities(post.mentions, base),
        tags=tuple(TagEntity(tag, base + tag_path(tag)) for tag in post.tags),
        local_only=post.local_only,
        reply_policy=post.reply_policy,
    )


class _Kept(msgspec.Struct, frozen=True):
    post: Post
    account: msgspec.Raw
    replies: PostCountsRow | None
    tally: TallyRow | None
    body: bytes
    whole: bytes


# By id alone: what was kept for another site's post of the same id holds another object.
_BODIES: dict[int, _Kept] = {}


def body_bytes(
    world: World,
    post: Post,
    author: WrittenAccount,
    replies: PostCountsRow | None,
    tally: TallyRow | None,
) -> bytes:
    """The JSON object of a post without its end: what the viewer sees of it is yet to follow.

    Kept by the identity of what it was written from: storage gives the same row object again until
    the row is written.
    """
    kept = _BODIES.get(post.id)
    if kept is not None and kept.post is post and kept.account is author.json:
        if kept.replies is replies and kept.tally is tally:
            return kept.whole
        body = kept.body
    else:
        encoded = _ENCODER.encode(build_body(world, post, author.account))
        body = b'%b,"account":%b' % (encoded[:-1], bytes(author.json))
    whole = body + _counts(replies, tally)
    if len(_BODIES) >= _KEPT:
        for old in list(_BODIES)[: _KEPT // 10]:
            del _BODIES[old]
    _BODIES[post.id] = _Kept(post, author.json, replies, tally, body, whole)
    return whole


def _counts(replies: PostCountsRow | None, tally: TallyRow | None) -> bytes:
    return b',"replies_count":%d,"reblogs_count":%d,"favourites_count":%d,"quotes_count":%d' % (
        0 if replies is None else replies.replies,
        0 if tally is None else tally.reblogs,
        0 if tally is None else tally.favourites,
        0 if tally is None else tally.quotes,
    )
