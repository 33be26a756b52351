"""From a draft to a post: reads whom it names and what it answers. Nothing is saved here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from venire.kernel.errors import NotFound
from venire.kernel.ids import AccountId, PostId
from venire.kernel.own_names import OwnNames
from venire.people.follows import is_following
from venire.people.model import DELETED, Account
from venire.people.store import find_by_handle
from venire.posts import quotes, rules, store
from venire.posts.markup import BASE, clean_text, handle_key, render
from venire.posts.media.actions import claim
from venire.posts.media.model import Attachment
from venire.posts.model import DIRECT, FOLLOWERS, Draft, Edit, Mention, Post
from venire.posts.scan import Entity, find_entities, tag_keys
from venire.posts.sight import Sight
from venire.storage.world import World


class Written(msgspec.Struct, frozen=True):
    """A text ready to be stored."""

    text: str
    html: str
    spoiler: str
    mentions: tuple[Mention, ...]
    tags: tuple[str, ...]


async def write(world: World, text: str, spoiler: str, *, shows: bool = False) -> Written:
    """Clean and mark up a text. `shows`: the post shows something else, so it may say nothing.

    Raises Invalid `text_blank`, `text_too_long`; TooLarge `text_too_large`.
    """
    text, spoiler = clean_text(text), clean_text(spoiler)
    if not text and not shows:
        text, spoiler = spoiler, ""
    rules.check_length(text, spoiler, shows=shows)
    entities = find_entities(text)
    named = await _named(world, entities)
    html = render(text, entities, named)
    rules.check_html(html)
    mentions = {mention.id: mention for mention in named.values()}
    return Written(text, html, spoiler, tuple(mentions.values()), tag_keys(entities))


async def _named(world: World, entities: Sequence[Entity]) -> dict[str, Mention]:
    """Whom the handles of a text name, by `handle_key`; accounts elsewhere are not known here."""
    named: dict[str, Mention] = {}
    handles = {
        handle_key(entity): entity.value
        for entity in entities
        if entity.kind == "mention" and _here(world, entity)
    }
    for key, username in list(handles.items())[: rules.MENTIONS_MOST]:
        account = await find_by_handle(world, username)
        if account is not None and account.state != DELETED:
            named[key] = Mention(account.id, account.username)
    return named


def _here(world: World, entity: Entity) -> bool:
    return entity.domain is None or world.site.own.has(entity.domain)


def earlier_html(world: World, text: str, mentions: Iterable[Mention]) -> str:
    """The markup of an earlier version, from its text and whom it named then."""
    entities = find_entities(text)
    there = {mention.username.lower(): mention for mention in mentions}
    named = {
        handle_key(entity): there[entity.value.lower()]
        for entity in entities
        if entity.kind == "mention" and entity.value.lower() in there and _here(world, entity)
    }
    return render(text, entities, named)


async def parent_of(world: World, author_id: int, post_id: int | None) -> Post | None:
    """The post that is answered, if the author may see and answer it.

    NotFound `reply_target_missing`; Forbidden `reply_not_allowed`.
    """
    if post_id is None:
        return None
    parent = await store.load(world, post_id)
    if parent is not None and parent.reblog_of_id is not None:
        parent = await store.load(world, parent.reblog_of_id)
    if parent is not None:
        sight = await Sight.of(world, author_id)
        await sight.learn([parent.author_id])
        if sight.sees(parent):
            follows = (
                parent.reply_policy == FOLLOWERS
                and author_id != parent.author_id
                and await is_following(world, author_id, parent.author_id)
            )
            rules.check_reply(parent, author_id, follows=follows)
            return parent
    raise NotFound("reply_target_missing", "The post you are trying to reply to does not exist")


async def draft_post(world: World, author: Account, draft: Draft) -> Post:
    """The post that a draft becomes.

    Raises what `write`, `parent_of`, `quote_of` and `claim` (media) do; Invalid
    `visibility_unknown`, `poll_invalid`, `poll_with_media`.
    """
    parent = await parent_of(world, author.id, draft.in_reply_to_id)
    attachments = await claim(world, author.id, draft.media_ids) if draft.media_ids else ()
    poll = rules.poll_of(draft.poll, world.now_ms(), has_media=bool(attachments))
    quoted = await quotes.quotable(world, author.id, draft.quoted_id)
    shows = bool(attachments) or quoted is not None
    written = await write(world, draft.text, draft.spoiler, shows=shows)
    shown = None if quoted is None else quoted.post
    visibility = rules.choose_visibility(draft.visibility, author.privacy, parent, shown)
    post_id = PostId(world.ids.next())
    post = Post(
        id=post_id,
        version=1,
        author_id=author.id,
        text=written.text,
        html=written.html,
        spoiler=written.spoiler,
        visibility=visibility,
        language=rules.choose_language(draft.language, author.language),
        sensitive=rules.choose_sensitive(draft, written.spoiler, author),
        in_reply_to_id=None if parent is None else parent.id,
        in_reply_to_account_id=None if parent is None else parent.author_id,
        conversation_id=post_id if parent is None else parent.conversation_id,
        mentions=written.mentions,
        tags=written.tags,
        uri=f"{author.uri}/statuses/{post_id}",
        created_at_ms=world.now_ms(),
        attachments=attachments,
        poll=poll,
        quoted_id=None if quoted is None else quoted.post.id,
        quoted_author_id=None if quoted is None else quoted.post.author_id,
        quote_state=None if quoted is None else quoted.state,
        quote_policy=rules.choose_quote_policy(draft.quote_policy, visibility),
        reply_policy=rules.choose_reply_policy(draft.reply_policy),
        local_only=draft.local_only,
        application=draft.application,
    )
    rules.check_size(post)
    return post


async def edited_post(world: World, post: Post, edit: Edit) -> Post:
    """What a post becomes by an edit, as its next version; the same where nothing changes."""
    text = post.text if edit.text is None else edit.text
    spoiler = post.spoiler if edit.spoiler is None else edit.spoiler
    attachments = await _edited_attachments(world, post, edit)
    poll = rules.edited_poll(post, edit.poll, world.now_ms(), has_media=bool(attachments))
    shows = bool(attachments) or post.quoted_id is not None
    written = await write(world, text, spoiler, shows=shows)
    sensitive = post.sensitive if edit.sensitive is None else edit.sensitive
    changed = msgspec.structs.replace(
        post,
        text=written.text,
        html=written.html,
        spoiler=written.spoiler,
        mentions=written.mentions,
        tags=written.tags,
        sensitive=bool(written.spoiler) or sensitive,
        language=rules.choose_language(edit.language, post.language),
        attachments=attachments,
        poll=poll,
        quote_policy=(
            post.quote_policy
            if edit.quote_policy is None
            else rules.choose_quote_policy(edit.quote_policy, post.visibility)
        ),
    )
    if changed == post:
        return post
    rules.check_size(changed, post)
    return msgspec.structs.replace(changed, version=post.version + 1, edited_at_ms=world.now_ms())


async def _edited_attachments(world: World, post: Post, edit: Edit) -> tuple[Attachment, ...]:
    attachments = post.attachments
    if edit.media_ids is not None:
        there = {one.id: one for one in attachments}
        new = [one for one in edit.media_ids if one not in there]
        claimed = await claim(world, post.author_id, new, post_id=post.id) if new else ()
        there |= {one.id: one for one in claimed}
        attachments = tuple(there[one] for one in dict.fromkeys(edit.media_ids))
        rules.check_attachments(attachments)
    changes = {change.id: change for change in edit.media_changes}
    return tuple(rules.changed_attachment(one, changes.get(one.id)) for one in attachments)


_MESSAGE_BYTES = 10_000


async def message_post(world: World, sender: Account, recipient: Account, text: str) -> Post:
    """A direct post from the site's account that names its recipient and nobody else.

    What it quotes may hold handles: whoever they belong to must not be told of it.
    """
    body = f"@{recipient.username} {clean_text(text)}"
    if len(body.encode()) > _MESSAGE_BYTES:
        body = body.encode()[:_MESSAGE_BYTES].decode(errors="ignore") + "…"
    entities = [e for e in find_entities(body) if e.kind != "tag"]
    mention = Mention(recipient.id, recipient.username)
    html = render(body, entities, {recipient.username.lower(): mention})
    post_id = PostId(world.ids.next())
    return Post(
        id=post_id,
        version=1,
        author_id=sender.id,
        text=body,
        # Read after a move, the way to one's case must not lead to a name that another has now.
        html=OwnNames((world.site.host,)).led_to(html, BASE),
        spoiler="",
        visibility=DIRECT,
        language=None,
        sensitive=False,
        in_reply_to_id=None,
        in_reply_to_account_id=None,
        conversation_id=post_id,
        mentions=(mention,),
        tags=(),
        uri=f"{sender.uri}/statuses/{post_id}",
        created_at_ms=world.now_ms(),
    )


def with_id(post: Post, post_id: PostId) -> Post:
    """A new post under another id: the one that its idempotency key was claimed for."""
    if post.id == post_id:
        return post
    first = post.conversation_id == post.id
    return msgspec.structs.replace(
        post,
        id=post_id,
        conversation_id=post_id if first else post.conversation_id,
        uri=post.uri.removesuffix(str(post.id)) + str(post_id),
    )


_OPENING = 80


def opening(text: str) -> str:
    """The beginning of a text on one line, without anything that would name or link."""
    line = " ".join(text.split()).replace("@", "@\u200b").replace("#", "#\u200b")
    return line if len(line) <= _OPENING else line[: _OPENING - 1] + "…"


def recipients(post: Post) -> list[AccountId]:
    """Whom a post names besides its author."""
    return [mention.id for mention in post.mentions if mention.id != post.author_id]
