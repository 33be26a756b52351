"""Mastodon's `Status` and what belongs to it: every key, always; null where there is nothing.

Source: docs.joinmastodon.org/entities/Status. The author is bytes written before; the site's
address is put into the stored markup here and nowhere earlier.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from venire.api.entities.account import account_jsons
from venire.kernel.clock import iso_ms
from venire.kernel.errors import NotFound
from venire.people.store import load_accounts
from venire.posts.counts import load_replies
from venire.posts.markup import account_path, post_path, tag_path, with_base
from venire.posts.model import Context, Post, Version
from venire.storage.world import World


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


class QuoteApproval(msgspec.Struct, frozen=True):
    """Who may quote a post: nobody, since there are no quotes here."""

    automatic: tuple[()] = ()
    manual: tuple[()] = ()
    current_user: str = "denied"


_NO_QUOTES = QuoteApproval()


class StatusEntity(msgspec.Struct, frozen=True, kw_only=True):
    """A post as a viewer may see it. There are no favourites, boosts, media or polls yet."""

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
    replies_count: int
    reblogs_count: int = 0
    favourites_count: int = 0
    quotes_count: int = 0
    favourited: bool = False
    reblogged: bool = False
    muted: bool = False
    bookmarked: bool = False
    pinned: bool = False
    content: str
    reblog: None = None
    application: None = None
    account: msgspec.Raw
    media_attachments: tuple[()] = ()
    mentions: tuple[MentionEntity, ...]
    tags: tuple[TagEntity, ...]
    emojis: tuple[()] = ()
    filtered: tuple[()] = ()
    card: None = None
    poll: None = None
    quote: None = None
    quote_approval: QuoteApproval = _NO_QUOTES


class DeletedStatusEntity(StatusEntity, frozen=True, kw_only=True):
    """A post that its author just deleted, with its source, to be written anew."""

    text: str


class ContextEntity(msgspec.Struct, frozen=True):
    """What stands around a post."""

    ancestors: Sequence[StatusEntity]
    descendants: Sequence[StatusEntity]


class SourceEntity(msgspec.Struct, frozen=True):
    """A post as it was typed."""

    id: str
    text: str
    spoiler_text: str


class EditEntity(msgspec.Struct, frozen=True):
    """What a post said from a moment on."""

    content: str
    spoiler_text: str
    sensitive: bool
    created_at: str
    account: msgspec.Raw
    media_attachments: tuple[()] = ()
    emojis: tuple[()] = ()
    poll: None = None
    quote: None = None


async def status_entities(world: World, posts: Iterable[Post]) -> list[StatusEntity]:
    """Posts as JSON, in their order; whoever sees them was asked before."""
    wanted = list(posts)
    author_ids = list(dict.fromkeys(post.author_id for post in wanted))
    jsons = await account_jsons(world, author_ids)
    authors = await load_accounts(world, author_ids)
    replies = await load_replies(world, [post.id for post in wanted])
    return [
        _entity(world, post, authors[post.author_id].username, jsons[post.author_id], replies)
        for post in wanted
        if post.author_id in authors and post.author_id in jsons
    ]


def _entity(
    world: World, post: Post, username: str, account: msgspec.Raw, replies: Mapping[int, int]
) -> StatusEntity:
    base = world.site.base_url
    answered, answered_account = post.in_reply_to_id, post.in_reply_to_account_id
    return StatusEntity(
        id=str(post.id),
        created_at=iso_ms(post.created_at_ms),
        edited_at=None if post.edited_at_ms is None else iso_ms(post.edited_at_ms),
        in_reply_to_id=None if answered is None else str(answered),
        in_reply_to_account_id=None if answered_account is None else str(answered_account),
        sensitive=post.sensitive,
        spoiler_text=post.spoiler,
        visibility=post.visibility,
        language=post.language,
        uri=post.uri,
        url=base + post_path(username, post.id),
        replies_count=replies.get(post.id, 0),
        content=with_base(post.html, base),
        account=account,
        mentions=tuple(
            MentionEntity(
                str(mention.id),
                mention.username,
                base + account_path(mention.username),
                mention.username,
            )
            for mention in post.mentions
        ),
        tags=tuple(TagEntity(tag, base + tag_path(tag)) for tag in post.tags),
    )


async def status_entity(world: World, post: Post) -> StatusEntity:
    """One post as JSON. NotFound `record_not_found` where its author is gone."""
    found = await status_entities(world, [post])
    if not found:
        raise NotFound("record_not_found", "Record not found")
    return found[0]


async def deleted_entity(world: World, post: Post) -> DeletedStatusEntity:
    """A post that was just deleted, with the text to write it anew."""
    entity = await status_entity(world, post)
    return DeletedStatusEntity(**msgspec.structs.asdict(entity), text=post.text)


async def context_entity(world: World, context: Context) -> ContextEntity:
    """What stands around a post, as JSON."""
    return ContextEntity(
        await status_entities(world, context.ancestors),
        await status_entities(world, context.descendants),
    )


async def edit_entities(world: World, post: Post, versions: Sequence[Version]) -> list[EditEntity]:
    """The versions of a post, oldest first."""
    jsons = await account_jsons(world, [post.author_id])
    return [
        EditEntity(
            content=with_base(version.html, world.site.base_url),
            spoiler_text=version.spoiler,
            sensitive=version.sensitive,
            created_at=iso_ms(version.at_ms),
            account=jsons[post.author_id],
        )
        for version in versions
        if post.author_id in jsons
    ]
