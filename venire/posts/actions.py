"""What is done to posts: publish, edit, delete, hold and release, erase; each one commit.

Whoever is told of a post, counted or indexed, follows from the event of that commit.
"""

from __future__ import annotations

import msgspec

from venire.events import (
    Event,
    PostCreated,
    PostDeleted,
    PostEdited,
    PostShown,
    PostWithheld,
    Quoted,
    Unquoted,
)
from venire.kernel.errors import Conflict, Forbidden, NotFound
from venire.kernel.ids import AccountId, PostId
from venire.people.budgets import check_edit, check_post
from venire.people.model import DELETED as ACCOUNT_DELETED
from venire.people.model import Account
from venire.people.rules import may_write
from venire.people.standing import standing
from venire.people.store import load_account
from venire.posts import poll_ends, rules, store, tallies, writing
from venire.posts.listing import note_year
from venire.posts.model import ACCEPTED, DELETED, LISTED, REMOVED, Draft, Edit, Post, Version
from venire.posts.reactions import unrepost
from venire.posts.sight import Sight
from venire.posts.store import load, load_many
from venire.posts.tags import edited_tag_writes
from venire.storage.tables.posts import POST_VERSIONS, PostVersionRow
from venire.storage.verbs import Delete, Write
from venire.storage.world import World

__all__ = [
    "aimed_at",
    "delete",
    "edit",
    "erase",
    "history",
    "load",
    "load_many",
    "may_see",
    "publish",
    "publish_planned",
    "send_direct",
    "set_state",
    "writer",
]

KEY_MS = 3_600_000
"""How long a repeat under an idempotency key is answered with the first post."""
_TRIES = 8
_VERSIONS_PAGE = 90


async def publish(world: World, author_id: int, draft: Draft) -> Post:
    """Publish a post; again with the same idempotency key within an hour is the same post.

    Raises Throttled (a new account's budget); Forbidden `account_suspended`, `posting_stopped`;
    NotFound `reply_target_missing`; Invalid `text_blank`, `text_too_long`, `visibility_unknown`;
    TooLarge `text_too_large`.
    """
    author = await writer(world, author_id)
    hashed = None
    if draft.idempotency_key:
        hashed = store.key_hash(f"client:{draft.idempotency_key}")
        if (first := await _made_under(world, author_id, hashed)) is not None:
            return first
    post = await _drafted(world, author, draft)
    return await _save_new(world, post, hashed, world.now_ms() + KEY_MS)


async def publish_planned(world: World, author_id: int, draft: Draft, post_id: PostId) -> Post:
    """Publish a post under an id that was chosen before; again is the same post. As `publish`."""
    if (there := await store.load(world, post_id)) is not None:
        return there
    author = await writer(world, author_id)
    post = writing.with_id(await _drafted(world, author, draft), post_id)
    return await _save_new(world, post, None, None)


async def _drafted(world: World, author: Account, draft: Draft) -> Post:
    """The post that a draft becomes, if its author may publish it now. Raises as `publish`."""
    post = await writing.draft_post(world, author, draft)
    await check_post(world, author, mentions=writing.recipients(post), links=_links(post))
    return post


def _links(post: Post) -> int:
    return post.html.count('target="_blank"')


async def writer(world: World, author_id: int) -> Account:
    """An account that may post now. NotFound; Forbidden `account_suspended`, `posting_stopped`."""
    author = await load_account(world, author_id)
    if author is None or author.state == ACCOUNT_DELETED:
        raise NotFound("record_not_found", "Record not found")
    stands = await standing(world, author_id)
    if not may_write(stands, posting=True, waived=world.site.acceptance):
        if stands.suspended or stands.terminated:
            raise Forbidden("account_suspended", "Your account is suspended")
        raise Forbidden("posting_stopped", "You cannot post until the verdict on an earlier post")
    return author


async def _made_under(world: World, author_id: int, hashed: bytes) -> Post | None:
    post_id = await store.spent_key(world, author_id, hashed)
    return None if post_id is None else await store.load(world, post_id)


async def _save_new(world: World, post: Post, hashed: bytes | None, until_ms: int | None) -> Post:
    if hashed is not None:
        claimed = await store.claim_key(world, post.author_id, hashed, post.id)
        post = writing.with_id(post, claimed)
    await note_year(world, post.author_id, post.id)
    writes = store.new_post_writes(post, hashed, until_ms)
    events: list[Event] = [PostCreated(post.id, post.author_id, post.visibility)]
    if post.quoted_id is not None and post.quoted_author_id is not None:
        events.append(Quoted(post.id, post.quoted_id, post.quoted_author_id))
    writes += poll_ends.end_timer(post)
    quotes = 0 if post.quoted_id is None else await tallies.quotes_of(world, post.quoted_id)
    try:
        await world.storage.commit(store.aggregate(post.id), writes, events, expect=0)
    except Conflict:
        there = await store.load(world, post.id)
        if there is None:
            raise
        return there
    if post.quoted_id is not None:
        await tallies.until_quotes(world, post.quoted_id, more_than=quotes)
    return post


async def edit(world: World, editor_id: int, post_id: int, edit: Edit) -> Post:
    """Change a post; what it said before is kept.

    Raises NotFound; Forbidden `not_the_author`, `post_held`; what `publish` raises of the text and
    of a new account's budget.
    """
    editor = await writer(world, editor_id)
    counted = False
    for _ in range(_TRIES):
        post = await _own(world, editor_id, post_id)
        if post.reblog_of_id is not None:
            # A boost says nothing: there is nothing to change.
            raise NotFound("record_not_found", "Record not found")
        rules.check_edit(post, editor_id)
        changed = await writing.edited_post(world, post, edit)
        if changed == post:
            return post
        if not counted:
            named = set(writing.recipients(changed)) - set(writing.recipients(post))
            added = max(0, _links(changed) - _links(post))
            await check_edit(world, editor, mentions=named, links=added)
            counted = True
        writes: list[Write] = [
            store.put_version(post),
            store.put_post(changed),
            *edited_tag_writes(post, changed),
        ]
        if changed.poll != post.poll:
            writes += poll_ends.end_timer(changed)
        if await _moved(world, changed, writes, PostEdited(post.id, post.author_id)):
            return changed
    raise Conflict("try_again", "This changed meanwhile: try again")


async def history(world: World, post: Post) -> list[Version]:
    """What a post said, oldest first; the last is what it says now."""
    earlier = [_version(world, row) for row in await store.versions(world, post.id)]
    since_ms = post.edited_at_ms or post.created_at_ms
    now = Version(post.html, post.spoiler, post.sensitive, since_ms, post.attachments, post.poll)
    return [*earlier, now]


def _version(world: World, row: PostVersionRow) -> Version:
    attachments, poll = store.version_shown(row)
    return Version(
        html=writing.earlier_html(world, row.text, store.version_mentions(row)),
        spoiler=row.spoiler,
        sensitive=row.sensitive,
        at_ms=row.at_ms,
        attachments=attachments,
        poll=poll,
    )


async def delete(world: World, author_id: int, post_id: int) -> Post:
    """Delete one's own post; return it as it was.

    Its text stays until nothing needs it (`erase`): a case may be looking at it. NotFound for
    another's, and for one that was removed.
    """
    for _ in range(_TRIES):
        post = await _own(world, author_id, post_id)
        if post.reblog_of_id is not None:
            await unrepost(world, author_id, post.reblog_of_id)
            return post
        gone = msgspec.structs.replace(
            post, version=post.version + 1, state=DELETED, state_at_ms=world.now_ms()
        )
        events: list[Event] = [PostDeleted(post.id, post.author_id, post.visibility)]
        if await _moved(world, gone, [store.put_post(gone)], *events, *_unquoted(post)):
            return post
    raise Conflict("try_again", "This changed meanwhile: try again")


def _unquoted(post: Post) -> list[Event]:
    """What a post that goes takes out of the count of the one that it quotes: once, as it came."""
    if post.state == DELETED or post.quote_state != ACCEPTED:
        return []
    if post.quoted_id is None or post.quoted_author_id is None:
        return []
    return [Unquoted(post.id, post.quoted_id, post.quoted_author_id)]


async def _own(world: World, author_id: int, post_id: int) -> Post:
    post = await store.load(world, post_id)
    if post is None or post.author_id != author_id or post.state in {REMOVED, DELETED}:
        raise NotFound("record_not_found", "Record not found")
    return post


async def _moved(world: World, post: Post, writes: list[Write], *events: Event) -> bool:
    try:
        await world.storage.commit(
            store.aggregate(post.id), writes, events, expect=post.version - 1
        )
    except Conflict:
        return False
    return True


async def set_state(
    world: World,
    post_id: int,
    state: str,
    *,
    case_id: int,
    rule: int | None,
    at_ms: int,
    label: str = "",
    demoted: bool = False,
) -> Post | None:
    """Hold, remove or release a post in place; again with the same case and state is once.

    `state`: visible, held or removed; `label` and `demoted`: how a verdict leaves it visible. A
    post that its author deleted stays deleted. Returns the post as it is then; None where there is
    none. Invalid `state_unknown`.
    """
    rules.check_state(state)
    for _ in range(_TRIES):
        post = await store.load(world, post_id)
        if post is None or post.state == DELETED:
            return post
        now = (post.state, post.state_case_id, post.state_rule, post.label, post.demoted)
        if now == (state, case_id, rule, label, demoted):
            return post
        changed = msgspec.structs.replace(
            post,
            version=post.version + 1,
            state=state,
            state_case_id=case_id,
            state_rule=rule,
            state_at_ms=at_ms,
            label=label,
            demoted=demoted,
        )
        event = PostShown(post.id, post.author_id, state, case_id)
        if await _moved(world, changed, [store.put_post(changed)], event):
            return changed
    raise Conflict("try_again", "This changed meanwhile: try again")


async def set_withheld(world: World, post_id: int, countries: frozenset[str]) -> Post | None:
    """Withhold a post in these countries and in no others; again is once. None: no such post."""
    for _ in range(_TRIES):
        post = await store.load(world, post_id)
        if post is None or post.withheld_in == countries:
            return post
        changed = msgspec.structs.replace(post, version=post.version + 1, withheld_in=countries)
        event = PostWithheld(post.id, post.author_id)
        if await _moved(world, changed, [store.put_post(changed)], event):
            return changed
    raise Conflict("try_again", "This changed meanwhile: try again")


async def erase(world: World, post_id: int) -> None:
    """Take the words of a post out of every row; that it was there stays. For erasure alone.

    The caller has made sure that no legal hold covers it.
    """
    while True:
        post = await store.load(world, post_id)
        if post is None:
            return
        old = await store.versions(world, post_id, _VERSIONS_PAGE)
        blank = msgspec.structs.replace(
            post,
            version=post.version + 1,
            text="",
            html="",
            spoiler="",
            mentions=(),
            tags=(),
            attachments=(),
            poll=None,
            application=None,
            state=DELETED,
            state_at_ms=world.now_ms() if post.state != DELETED else post.state_at_ms,
        )
        writes: list[Write] = [store.put_post(blank), *(Delete(POST_VERSIONS, row) for row in old)]
        # A deletion is counted: one that was told already is told as a change.
        event = (
            PostEdited(post.id, post.author_id)
            if post.state == DELETED
            else PostDeleted(post.id, post.author_id, post.visibility)
        )
        done = await _moved(world, blank, writes, event, *_unquoted(post))
        if done and len(old) < _VERSIONS_PAGE:
            return


async def send_direct(
    world: World, site_account_id: int, to_account_id: int, text: str, *, key: str
) -> Post | None:
    """A direct message from the site's account; again with the same key, at any time, is once.

    None where either account is gone.
    """
    sender = await load_account(world, site_account_id)
    recipient = await load_account(world, to_account_id)
    if sender is None or recipient is None or recipient.state == ACCOUNT_DELETED:
        return None
    hashed = store.key_hash(f"message:{to_account_id}:{key}")
    if (first := await _made_under(world, site_account_id, hashed)) is not None:
        return first
    post = await writing.message_post(world, sender, recipient, text)
    return await _save_new(world, post, hashed, None)


async def unsend_direct(world: World, site_account_id: int, to_account_id: int, key: str) -> None:
    """Take the words of a message back that was sent under a key, if one was."""
    hashed = store.key_hash(f"message:{to_account_id}:{key}")
    sent = await _made_under(world, site_account_id, hashed)
    if sent is not None and sent.text:
        await erase(world, sent.id)


async def may_see(world: World, post: Post, viewer_id: int | None) -> bool:
    """Whether a viewer (None: not signed in) may see a post; a boost, where also what it shows."""
    sight = await Sight.of(world, viewer_id)
    if post.reblog_of_id is not None:
        await sight.posts([post.id])
    await sight.learn([post.author_id])
    return sight.sees(post)


async def aimed_at(world: World, post_id: int) -> list[AccountId]:
    """Whom a post is aimed at, whatever its state: whom it names, and whom it answers.

    Who was answered without a name is so only where they may read it.
    """
    post = await store.load(world, post_id)
    if post is None:
        return []
    named, answered = writing.recipients(post), post.in_reply_to_account_id
    if answered is None or answered in {post.author_id, *named} or post.visibility not in LISTED:
        return named
    return [*named, answered]
