"""What follows for media from what happens to posts and accounts."""

from __future__ import annotations

from typing import Final

import msgspec

from venire.events import AccountDeleted, PostCreated, PostDeleted, PostEdited, PostImported
from venire.kernel.errors import Conflict
from venire.posts import store as posts
from venire.posts.media import pictures, store
from venire.posts.media.model import Attachment
from venire.posts.model import DELETED, Post
from venire.storage.verbs import Envelope
from venire.storage.world import World

HEARS: Final = (PostCreated, PostEdited, PostDeleted, PostImported, AccountDeleted)
_TRIES: Final = 8


async def follow(world: World, envelope: Envelope) -> None:
    """Tie media to the posts that carry them, and let go of what was erased."""
    event = envelope.event
    if isinstance(event, AccountDeleted):
        await pictures.clear(world, event.account_id)
        return
    if not isinstance(event, (PostCreated, PostEdited, PostDeleted, PostImported)):
        return
    post = await posts.load(world, event.post_id)
    if post is None:
        return
    if _erased(post):
        for media_id in await store.media_of(world, post.id):
            await _let_go(world, media_id, post.id)
        return
    for attachment in post.attachments:
        await _tie(world, attachment, post.id)


def _erased(post: Post) -> bool:
    return post.state == DELETED and not (post.text or post.spoiler or post.attachments)


async def _tie(world: World, attachment: Attachment, post_id: int) -> None:
    for _ in range(_TRIES):
        medium = await store.load(world, attachment.id)
        if medium is None:
            return
        said = (attachment.description, attachment.focus)
        same = (medium.attachment.description, medium.attachment.focus) == said
        tied = medium.attached and post_id in await store.posts_of(world, medium.id)
        if tied and same:
            return
        worded = msgspec.structs.replace(
            medium.attachment, description=attachment.description, focus=attachment.focus
        )
        carried = store.next_of(medium, attached=True, attachment=worded)
        if await store.save(world, carried, store.post_writes(medium.id, post_id)):
            return
    raise Conflict("try_again", "This changed meanwhile: try again")


async def _let_go(world: World, media_id: int, post_id: int) -> None:
    for _ in range(_TRIES):
        medium = await store.load(world, media_id)
        if medium is None:
            return
        others = [one for one in await store.posts_of(world, media_id) if one != post_id]
        if not others:
            if await store.remove(world, medium):
                return
            continue
        untied = store.untie_writes(media_id, post_id)
        if await store.save(world, store.next_of(medium), untied):
            return
    raise Conflict("try_again", "This changed meanwhile: try again")
