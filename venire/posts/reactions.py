"""What members do with posts: favourite, bookmark, boost, pin. The rows of it are in `marks`.

A boost is a post of its own with an id chosen here: the mark is committed first, and whoever hears
of it sees to it that the post is there.
"""

from __future__ import annotations

import msgspec

from venire.events import (
    Favourited,
    PostCreated,
    PostDeleted,
    Reposted,
    Unfavourited,
    Unreposted,
)
from venire.kernel.errors import Conflict, Invalid, NotFound
from venire.kernel.ids import PostId
from venire.people.store import load_account
from venire.posts import rules, store
from venire.posts.listing import note_year
from venire.posts.marks import (
    BOOKMARK,
    FAVOURITE,
    PIN,
    REBLOG,
    act_rows,
    clear_mark,
    mark_of,
    set_mark,
)
from venire.posts.model import DELETED, DIRECT, REMOVED, Post, Stretch
from venire.posts.sight import Sight
from venire.storage.verbs import Envelope
from venire.storage.world import World

PINS_MOST = 5
_TRIES = 8


async def target_of(world: World, viewer_id: int, post_id: int) -> Post:
    """The post that an act is about: a boost stands for what it shows. NotFound."""
    sight = await Sight.of(world, viewer_id)
    for post in await sight.posts([post_id]):
        shown = sight.shown_by(post)
        if shown is not None and sight.sees(post):
            return shown
    raise NotFound("record_not_found", "Record not found")


async def favourite(world: World, account_id: int, post_id: int) -> Post:
    """Favourite a post; again is once. NotFound."""
    post = await target_of(world, account_id, post_id)
    event = Favourited(account_id, post.id, post.author_id)
    await set_mark(world, account_id, post.id, FAVOURITE, event)
    return post


async def unfavourite(world: World, account_id: int, post_id: int) -> Post:
    """Take a favourite back; harmless where there is none. NotFound."""
    post = await _once_seen(world, account_id, post_id)
    event = Unfavourited(account_id, post.id, post.author_id)
    await clear_mark(world, account_id, post.id, FAVOURITE, event)
    return post


async def bookmark(world: World, account_id: int, post_id: int) -> Post:
    """Keep a post in one's own list, which nobody else sees. NotFound."""
    post = await target_of(world, account_id, post_id)
    await set_mark(world, account_id, post.id, BOOKMARK)
    return post


async def unbookmark(world: World, account_id: int, post_id: int) -> Post:
    """Take a post out of one's list. NotFound."""
    post = await _once_seen(world, account_id, post_id)
    await clear_mark(world, account_id, post.id, BOOKMARK)
    return post


async def pin(world: World, account_id: int, post_id: int) -> Post:
    """Show a post first on one's page. Invalid `pin_limit`, `pin_not_own`, `pin_not_allowed`."""
    post = await target_of(world, account_id, post_id)
    if post.author_id != account_id:
        raise Invalid("pin_not_own", "Validation failed: Someone else's post cannot be pinned")
    if post.visibility == DIRECT:
        raise Invalid(
            "pin_not_allowed",
            "Validation failed: Posts that are only visible to mentioned users cannot be pinned",
        )
    pinned = await _pins_that_count(world, account_id)
    if post.id not in pinned and len(pinned) >= PINS_MOST:
        raise Invalid(
            "pin_limit",
            "Validation failed: You have already pinned the maximum number of posts",
            limit=PINS_MOST,
        )
    await set_mark(world, account_id, post.id, PIN)
    return post


async def unpin(world: World, account_id: int, post_id: int) -> Post:
    """No longer show a post first. NotFound."""
    post = await _once_seen(world, account_id, post_id)
    await clear_mark(world, account_id, post.id, PIN)
    return post


async def pinned_ids(world: World, account_id: int) -> list[int]:
    """The posts that an account pinned, the newest pin first."""
    rows = await act_rows(world, account_id, PIN, Stretch(None, None, PINS_MOST))
    return [row.post_id for row in rows]


async def _pins_that_count(world: World, account_id: int) -> list[int]:
    """The pinned posts; pins of posts that are gone are taken out: they would fill the five."""
    pinned = await pinned_ids(world, account_id)
    there = await store.load_many(world, pinned)
    gone = {post.id for post in there if post.state in {REMOVED, DELETED}}
    for post_id in gone:
        await clear_mark(world, account_id, post_id, PIN)
    return [one for one in pinned if one not in gone]


async def repost(
    world: World, account_id: int, post_id: int, visibility: str | None = None
) -> Post:
    """Boost a post: show it to one's followers. Returns the boost; again is the same one.

    `visibility`: public, unlisted or private. NotFound; Forbidden `repost_not_allowed` for a direct
    post and another's followers-only post.
    """
    post = await target_of(world, account_id, post_id)
    chosen = rules.choose_repost_visibility(visibility, post, account_id)
    for _ in range(_TRIES):
        row = await mark_of(world, account_id, post.id)
        boost_id = row.reblog_id
        if boost_id is None:
            boost_id = world.ids.next()
            event = Reposted(account_id, post.id, post.author_id, boost_id, chosen)
            row = await set_mark(world, account_id, post.id, REBLOG, event, act_id=boost_id)
            boost_id = row.reblog_id or boost_id
        boost = await _ensure_boost(world, account_id, post, boost_id, chosen)
        if boost.state != DELETED:
            return boost
        # Taken back, but whoever did so died before the mark was: that is done first.
        await _unmark(world, account_id, post, boost_id)
    raise Conflict("try_again", "This changed meanwhile: try again")


async def on_reposted(world: World, envelope: Envelope) -> None:
    """See to it that the post of a boost is there: its maker may have died between two commits."""
    event = envelope.event
    if not isinstance(event, Reposted):
        return
    row = await mark_of(world, event.account_id, event.post_id)
    post = await store.load(world, event.post_id)
    if row.reblog_id == event.boost_id and post is not None and post.state != DELETED:
        await _ensure_boost(world, event.account_id, post, event.boost_id, event.visibility)
        row = await mark_of(world, event.account_id, event.post_id)
    if row.reblog_id != event.boost_id:
        # Taken back while it was being made: no boost stays that nobody could take back.
        await _delete_boost(world, event.boost_id)


async def _ensure_boost(
    world: World, account_id: int, post: Post, boost_id: int, visibility: str
) -> Post:
    there = await store.load(world, boost_id)
    if there is not None:
        return there
    author = await load_account(world, account_id)
    if author is None:
        raise NotFound("record_not_found", "Record not found")
    boost = Post(
        id=PostId(boost_id),
        version=1,
        author_id=author.id,
        text="",
        html="",
        spoiler="",
        visibility=visibility,
        language=None,
        sensitive=False,
        in_reply_to_id=None,
        in_reply_to_account_id=None,
        conversation_id=boost_id,
        mentions=(),
        tags=(),
        uri=f"{author.uri}/statuses/{boost_id}/activity",
        created_at_ms=world.now_ms(),
        reblog_of_id=post.id,
        reblog_author_id=post.author_id,
    )
    await note_year(world, account_id, boost_id)
    event = PostCreated(boost.id, boost.author_id, boost.visibility)
    writes = store.new_post_writes(boost, None, None)
    try:
        await world.storage.commit(store.aggregate(boost_id), writes, [event], expect=0)
    except Conflict:
        return await store.load(world, boost_id) or boost
    return boost


async def unrepost(world: World, account_id: int, post_id: int) -> Post:
    """Take a boost back; returns the post that it showed. NotFound."""
    post = await _once_seen(world, account_id, post_id)
    row = await mark_of(world, account_id, post.id)
    if row.reblog_id is not None:
        await _delete_boost(world, row.reblog_id)
        await _unmark(world, account_id, post, row.reblog_id)
    return post


async def _unmark(world: World, account_id: int, post: Post, boost_id: int) -> None:
    event = Unreposted(account_id, post.id, post.author_id, boost_id)
    await clear_mark(world, account_id, post.id, REBLOG, event, only_act=boost_id)


async def _delete_boost(world: World, boost_id: int) -> None:
    for _ in range(_TRIES):
        boost = await store.load(world, boost_id)
        if boost is None or boost.state == DELETED:
            return
        gone = msgspec.structs.replace(
            boost, version=boost.version + 1, state=DELETED, state_at_ms=world.now_ms()
        )
        event = PostDeleted(boost.id, boost.author_id, boost.visibility)
        try:
            await world.storage.commit(
                store.aggregate(boost_id), [store.put_post(gone)], [event], expect=boost.version
            )
        except Conflict:
            continue
        return
    raise Conflict("try_again", "This changed meanwhile: try again")


async def _once_seen(world: World, account_id: int, post_id: int) -> Post:
    """A post that an act is taken back from: also one that may not be seen any more."""
    post = await store.load(world, post_id)
    if post is not None and post.reblog_of_id is not None:
        post = await store.load(world, post.reblog_of_id)
    if post is None:
        raise NotFound("record_not_found", "Record not found")
    row = await mark_of(world, account_id, post.id)
    if row.version == 0:
        return await target_of(world, account_id, post_id)
    return post
