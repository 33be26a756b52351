"""Direct conversations as each participant has them: kept from events, ordered by the last post.

Source: docs.joinmastodon.org/methods/conversations. What may no longer be seen is passed over at
read: a conversation then shows the newest of its posts that may, and without one it is not listed.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from venire.events import ConversationChanged, PostCreated, PostEdited
from venire.kernel.errors import Conflict, NotFound
from venire.kernel.ids import AccountId
from venire.people.relations import BLOCK, load_relation
from venire.posts import store, writing
from venire.posts.conversation_mutes import muted
from venire.posts.model import DELETED, DIRECT, Page, Post, Stretch, Window
from venire.posts.pages import fill_page
from venire.posts.sight import Sight
from venire.storage.tables.conversations import (
    CONVERSATION_LIST,
    CONVERSATIONS,
    ConversationListRow,
    ConversationRow,
)
from venire.storage.verbs import Delete, Envelope, Put, Write
from venire.storage.world import World

HEARS = (PostCreated, PostEdited)
RECENT = 20
"""Posts that a participant's row remembers: to these it falls back when the last one is hidden."""
_TRIES = 8
_IDS = msgspec.json.Decoder(tuple[int, ...])


class Conversation(msgspec.Struct, frozen=True):
    """A conversation for one participant; `others` are whom its last post is from and names."""

    id: int
    last_id: int
    unread: bool
    last: Post
    others: tuple[AccountId, ...]


async def keep(world: World, envelope: Envelope) -> None:
    """Put a direct post into the conversation of everyone whom it concerns."""
    event = envelope.event
    if not isinstance(event, HEARS):
        return
    post = await store.load(world, event.post_id)
    if post is None or post.visibility != DIRECT or post.state == DELETED:
        return
    if post.reblog_of_id is not None:
        return
    await _add(world, post.author_id, post, unread=False)
    for account_id in writing.recipients(post):
        if await load_relation(world, account_id, BLOCK, post.author_id) is None:
            quiet = bool(await muted(world, account_id, [post.conversation_id]))
            await _add(world, account_id, post, unread=not quiet)


async def _add(world: World, account_id: int, post: Post, *, unread: bool) -> None:
    key = (account_id, post.conversation_id)
    for _ in range(_TRIES):
        old = await world.storage.get(CONVERSATIONS, key)
        recent = () if old is None else _IDS.decode(old.recent)
        if post.id in recent or (old is not None and post.id <= old.removed_through):
            return
        if len(recent) == RECENT and post.id < recent[-1]:
            return
        newest = sorted((*recent, int(post.id)), reverse=True)[:RECENT]
        new = ConversationRow(
            account_id=account_id,
            conversation_id=post.conversation_id,
            version=1 if old is None else old.version + 1,
            last_id=newest[0],
            recent=msgspec.json.encode(newest),
            unread=unread if newest[0] == post.id else old is not None and old.unread,
            removed_through=0 if old is None else old.removed_through,
        )
        if await _saved(world, old, new):
            return
    raise Conflict("try_again", "This changed meanwhile: try again")


async def _saved(world: World, old: ConversationRow | None, new: ConversationRow) -> bool:
    writes: list[Write] = [Put(CONVERSATIONS, new)]
    before = 0 if old is None else old.last_id
    if before and before != new.last_id:
        gone = ConversationListRow(new.account_id, before, new.conversation_id)
        writes.append(Delete(CONVERSATION_LIST, gone))
    if new.last_id and before != new.last_id:
        come = ConversationListRow(new.account_id, new.last_id, new.conversation_id)
        writes.append(Put(CONVERSATION_LIST, come))
    event = ConversationChanged(new.account_id, new.conversation_id)
    try:
        await world.storage.commit(
            f"conversation:{new.account_id}:{new.conversation_id}",
            writes,
            [event] if new.last_id else [],
            expect=new.version - 1,
        )
    except Conflict:
        return False
    return True


async def page_of(world: World, account_id: int, window: Window) -> Page[Conversation]:
    """A participant's conversations by their last post, the latest first."""
    sight = await Sight.of(world, account_id)

    async def fetch(stretch: Stretch) -> list[ConversationListRow]:
        return await world.storage.range(
            CONVERSATION_LIST,
            (account_id,),
            above=stretch.above_key,
            below=stretch.below_key,
            limit=stretch.count,
            reverse=stretch.rising,
        )

    async def shown(rows: Sequence[ConversationListRow]) -> list[tuple[int, Conversation]]:
        keys = [(account_id, row.conversation_id) for row in rows]
        heads = await world.storage.get_many(CONVERSATIONS, keys)
        there = [head for head in heads if head is not None]
        found = await _conversations(world, sight, account_id, there)
        return [(one.last_id, one) for one in found]

    return await fill_page(window, fetch, lambda row: row.last_id, shown)


async def _conversations(
    world: World, sight: Sight, account_id: int, heads: Sequence[ConversationRow]
) -> list[Conversation]:
    recent = {head.conversation_id: _IDS.decode(head.recent) for head in heads}
    last = await _seen(world, sight, [ids[0] for ids in recent.values() if ids])
    # Only where the last post is hidden are the ones before it read.
    behind = [one for ids in recent.values() if ids and ids[0] not in last for one in ids[1:]]
    seen = last | await _seen(world, sight, behind)
    found: list[Conversation] = []
    for head in heads:
        post = next((seen[one] for one in recent[head.conversation_id] if one in seen), None)
        if post is not None:
            others = dict.fromkeys((post.author_id, *(one.id for one in post.mentions)))
            others.pop(AccountId(account_id), None)
            found.append(
                Conversation(
                    id=head.conversation_id,
                    last_id=head.last_id,
                    unread=head.unread,
                    last=post,
                    others=tuple(others) or (AccountId(account_id),),
                )
            )
    return found


async def _seen(world: World, sight: Sight, post_ids: Sequence[int]) -> dict[int, Post]:
    if not post_ids:
        return {}
    posts = await store.load_many(world, post_ids)
    await sight.learn(post.author_id for post in posts)
    return {int(post.id): post for post in posts if sight.lists(post)}


async def load(world: World, account_id: int, conversation_id: int) -> Conversation:
    """One conversation of a participant. NotFound `record_not_found`."""
    head = await _head(world, account_id, conversation_id)
    sight = await Sight.of(world, account_id)
    found = await _conversations(world, sight, account_id, [head])
    if not found:
        raise NotFound("record_not_found", "Record not found")
    return found[0]


async def _head(world: World, account_id: int, conversation_id: int) -> ConversationRow:
    row = await world.storage.get(CONVERSATIONS, (account_id, conversation_id))
    if row is None or not row.last_id:
        raise NotFound("record_not_found", "Record not found")
    return row


async def set_unread(
    world: World, account_id: int, conversation_id: int, *, unread: bool
) -> Conversation:
    """Mark a conversation as read, or as not. NotFound `record_not_found`."""
    for _ in range(_TRIES):
        old = await _head(world, account_id, conversation_id)
        new = msgspec.structs.replace(old, version=old.version + 1, unread=unread)
        if old.unread == unread or await _saved(world, old, new):
            return await load(world, account_id, conversation_id)
    raise Conflict("try_again", "This changed meanwhile: try again")


async def remove(world: World, account_id: int, conversation_id: int) -> None:
    """Put a conversation away, for this participant; a new post brings it back. NotFound."""
    for _ in range(_TRIES):
        old = await _head(world, account_id, conversation_id)
        new = msgspec.structs.replace(
            old,
            version=old.version + 1,
            last_id=0,
            recent=b"[]",
            unread=False,
            removed_through=old.last_id,
        )
        if await _saved(world, old, new):
            return
    raise Conflict("try_again", "This changed meanwhile: try again")
