"""The only opener of the tables of posts and where they are listed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import msgspec

from venire.kernel.clock import DAY_MS
from venire.kernel.ids import AccountId, PostId, id_ms
from venire.posts.media.model import Attachment
from venire.posts.model import Application, Mention, Poll, Post
from venire.posts.rules import public_page
from venire.posts.spans import PUBLIC_DAYS, SCOPE, bucket_of, shard_of, year_of
from venire.posts.tags import tag_writes
from venire.storage.memory import Decoded
from venire.storage.tables.posts import (
    ACCOUNT_POSTS,
    IDEMPOTENCY,
    POST_VERSIONS,
    POSTS,
    PUBLIC_POSTS,
    THREAD_POSTS,
    AccountPostRow,
    IdempotencyRow,
    PostRow,
    PostVersionRow,
    PublicPostRow,
    ThreadPostRow,
)
from venire.storage.tables.reactions import QUOTES, QuoteRow
from venire.storage.verbs import Put, Write
from venire.storage.world import World

CLAIM_MS = 600_000
_MENTIONS = msgspec.json.Decoder(tuple[Mention, ...])
_TAGS = msgspec.json.Decoder(tuple[str, ...])
_ATTACHMENTS = msgspec.json.Decoder(tuple[Attachment, ...])
_POLL = msgspec.json.Decoder(Poll)
_APPLICATION = msgspec.json.Decoder(Application)
_NONE = b"[]"
_NOWHERE: frozenset[str] = frozenset()


def aggregate(post_id: int) -> str:
    """The aggregate of a post."""
    return f"post:{post_id}"


def _post(row: PostRow) -> Post:
    return Post(
        id=PostId(row.id),
        version=row.version,
        author_id=AccountId(row.author_id),
        text=row.text,
        html=row.html,
        spoiler=row.spoiler,
        visibility=row.visibility,
        language=row.language,
        sensitive=row.sensitive,
        in_reply_to_id=None if row.in_reply_to_id is None else PostId(row.in_reply_to_id),
        in_reply_to_account_id=(
            None if row.in_reply_to_account_id is None else AccountId(row.in_reply_to_account_id)
        ),
        conversation_id=row.conversation_id,
        mentions=() if row.mentions == _NONE else _MENTIONS.decode(row.mentions),
        tags=() if row.tags == _NONE else _TAGS.decode(row.tags),
        uri=row.uri,
        created_at_ms=row.created_at_ms,
        edited_at_ms=row.edited_at_ms,
        state=row.state,
        state_case_id=row.state_case_id,
        state_rule=row.state_rule,
        state_at_ms=row.state_at_ms,
        reblog_of_id=None if row.reblog_of_id is None else PostId(row.reblog_of_id),
        reblog_author_id=(
            None if row.reblog_author_id is None else AccountId(row.reblog_author_id)
        ),
        attachments=_attachments(row.attachments),
        poll=None if row.poll is None else _POLL.decode(row.poll),
        quoted_id=None if row.quoted_id is None else PostId(row.quoted_id),
        quoted_author_id=(
            None if row.quoted_author_id is None else AccountId(row.quoted_author_id)
        ),
        quote_state=row.quote_state,
        quote_policy=row.quote_policy,
        reply_policy=row.reply_policy,
        local_only=row.local_only,
        application=None if row.application is None else _APPLICATION.decode(row.application),
        withheld_in=frozenset(row.withheld_in.split()) if row.withheld_in else _NOWHERE,
        label=row.label,
        demoted=row.demoted,
    )


def _attachments(kept: bytes) -> tuple[Attachment, ...]:
    return () if kept == _NONE else _ATTACHMENTS.decode(kept)


def put_post(post: Post) -> Put[PostRow]:
    """The write of a post's head."""
    values = msgspec.structs.asdict(post)
    values["mentions"] = msgspec.json.encode(post.mentions) if post.mentions else _NONE
    values["tags"] = msgspec.json.encode(post.tags) if post.tags else _NONE
    values["attachments"] = msgspec.json.encode(post.attachments) if post.attachments else _NONE
    values["poll"] = None if post.poll is None else msgspec.json.encode(post.poll)
    if post.application is not None:
        values["application"] = msgspec.json.encode(post.application)
    values["withheld_in"] = " ".join(sorted(post.withheld_in))
    return Put(POSTS, PostRow(**values))


_POSTS = Decoded(_post, 4_000)


async def load(world: World, post_id: int) -> Post | None:
    """A post in whatever state it is."""
    row = await world.storage.get(POSTS, (post_id,))
    return None if row is None else _POSTS.of(row.id, row)


async def load_many(world: World, post_ids: Iterable[int]) -> list[Post]:
    """Posts in the order of their ids as given; those that do not exist are left out."""
    rows = await world.storage.get_many(POSTS, [(post_id,) for post_id in post_ids])
    return [_POSTS.of(row.id, row) for row in rows if row is not None]


def new_post_writes(post: Post, key_hash: bytes | None, key_until_ms: int | None) -> list[Write]:
    """Every row of a new post: its head and the places where it is listed."""
    writes: list[Write] = [
        put_post(post),
        Put(
            ACCOUNT_POSTS,
            AccountPostRow(
                post.author_id,
                year_of(post.id),
                post.id,
                post.visibility,
                post.in_reply_to_account_id,
                post.reblog_of_id,
                post.reblog_author_id,
                bool(post.attachments),
            ),
        ),
    ]
    if post.reblog_of_id is None:
        thread = ThreadPostRow(
            post.conversation_id,
            bucket_of(post.conversation_id, post.id),
            post.id,
            post.in_reply_to_id,
            post.author_id,
        )
        writes.append(Put(THREAD_POSTS, thread))
    if public_page(post):
        row = PublicPostRow(
            SCOPE,
            id_ms(post.id) // DAY_MS,
            shard_of(post.id),
            post.id,
            post.author_id,
            bool(post.attachments),
        )
        writes.append(Put(PUBLIC_POSTS, row, id_ms(post.id) + PUBLIC_DAYS * DAY_MS))
    writes += tag_writes(post)
    if post.quoted_id is not None:
        writes.append(Put(QUOTES, QuoteRow(post.quoted_id, post.id, post.author_id)))
    if key_hash is not None:
        writes.append(
            Put(IDEMPOTENCY, IdempotencyRow(post.author_id, key_hash, post.id), key_until_ms)
        )
    return writes


def key_hash(key: str) -> bytes:
    """The form in which an idempotency key is kept, whatever its length."""
    return hashlib.sha256(key.encode(errors="replace")).digest()


async def claim_key(
    world: World, author_id: int, hashed: bytes, post_id: int, *, until_ms: int | None = None
) -> PostId:
    """The id of the post that a key stands for: `post_id`, or the one claimed before.

    Whoever comes second goes on with the first one's id: the head's version lets one commit of the
    two through, so nobody waits, and a claim whose holder died is taken over at once.
    """
    row = IdempotencyRow(author_id, hashed, post_id)
    lapses_ms = until_ms or world.now_ms() + CLAIM_MS
    there = await world.storage.put_if_absent(IDEMPOTENCY, row, expires_at_ms=lapses_ms)
    return PostId(post_id if there is None else there.post_id)


async def spent_key(world: World, author_id: int, hashed: bytes) -> PostId | None:
    """The post that a key was spent on, or claimed for."""
    row = await world.storage.get(IDEMPOTENCY, (author_id, hashed))
    return None if row is None else PostId(row.post_id)


def put_version(post: Post) -> Put[PostVersionRow]:
    """The write that keeps what a post said before an edit."""
    return Put(
        POST_VERSIONS,
        PostVersionRow(
            post_id=post.id,
            version=post.version,
            author_id=post.author_id,
            text=post.text,
            spoiler=post.spoiler,
            sensitive=post.sensitive,
            mentions=msgspec.json.encode(post.mentions),
            at_ms=post.edited_at_ms or post.created_at_ms,
            attachments=msgspec.json.encode(post.attachments) if post.attachments else _NONE,
            poll=None if post.poll is None else msgspec.json.encode(post.poll),
        ),
    )


async def versions(world: World, post_id: int, most: int = 100) -> list[PostVersionRow]:
    """What a post said before, oldest first."""
    return await world.storage.range(POST_VERSIONS, (post_id,), limit=most)


def version_mentions(row: PostVersionRow) -> tuple[Mention, ...]:
    """Whom an earlier version named."""
    return _MENTIONS.decode(row.mentions)


def version_shown(row: PostVersionRow) -> tuple[tuple[Attachment, ...], Poll | None]:
    """What an earlier version showed beside its text."""
    return _attachments(row.attachments), None if row.poll is None else _POLL.decode(row.poll)


async def scan(world: World, cursor: bytes | None) -> tuple[Sequence[Post], bytes | None]:
    """Maintenance: every post, page by page."""
    rows, after = await world.storage.scan(POSTS, cursor)
    return [_post(row) for row in rows], after
