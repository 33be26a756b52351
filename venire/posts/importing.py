"""Old posts that a member brings along: kept with their dates, told to nobody.

An old post gets the id that its moment and its identity lead to, so bringing it again finds it. Its
commit is told as `PostImported`: it is indexed, counted and looked at by detectors as any other,
and neither delivered nor notified.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import msgspec

from venire.events import PostImported
from venire.kernel.errors import Conflict
from venire.kernel.ids import AccountId, PostId, id_ms, imported_id, parse_id
from venire.people.model import DELETED as ACCOUNT_DELETED
from venire.people.model import Account
from venire.people.store import find_by_handle
from venire.posts import rules, store
from venire.posts.listing import note_year
from venire.posts.markup import clean_text, handle_key, render
from venire.posts.media.model import Attachment
from venire.posts.model import DELETED, VISIBILITIES, Mention, Post
from venire.posts.moving.model import BROUGHT, REFUSED, THERE, BroughtPost, Outcome
from venire.posts.scan import Entity, find_entities, tag_keys
from venire.posts.spans import FIRST_YEAR, year_of
from venire.storage.tables.moving import IMPORTED_URIS, POST_ORIGINS, ImportedUriRow, PostOriginRow
from venire.storage.tables.posts import PUBLIC_POSTS
from venire.storage.verbs import Put, Write
from venire.storage.world import World

SLOTS_TRIED = 64
"""Places that an old post may get: one in each of so many milliseconds from its own on."""


class Prepared(msgspec.Struct, frozen=True):
    """An old post ready to be kept but for its media."""

    author: Account
    line: BroughtPost
    text: str
    html: str
    spoiler: str
    mentions: tuple[Mention, ...]
    tags: tuple[str, ...]
    parent: Post | None


def uri_hash(uri: str) -> bytes:
    """Under which an old identity is found."""
    return hashlib.sha256(uri.encode(errors="replace")).digest()


async def own_post(world: World, author: Account, uri: str) -> Post | None:
    """A post of an account by its identity here, or by the one that it had elsewhere."""
    there = await world.storage.get(IMPORTED_URIS, (author.id, uri_hash(uri)))
    post_id = None if there is None else there.post_id
    if post_id is None:
        post_id = parse_id(uri.rpartition("/")[2])
    post = None if post_id is None else await store.load(world, post_id)
    if post is None or post.author_id != author.id:
        return None
    return post if there is not None or post.uri == uri else None


async def origin_of(world: World, post_id: int) -> PostOriginRow | None:
    """Where a post was before it was brought here."""
    return await world.storage.get(POST_ORIGINS, (post_id,))


async def origins_of(world: World, post_ids: Sequence[int]) -> dict[int, PostOriginRow]:
    """Where posts were before they were brought here; those made here are left out."""
    rows = await world.storage.get_many(POST_ORIGINS, [(one,) for one in post_ids])
    return {row.post_id: row for row in rows if row is not None}


async def prepare(world: World, author: Account, line: BroughtPost) -> Prepared | Outcome:
    """What an old post will say; or that it is there already, or why it cannot be kept."""
    there = await own_post(world, author, line.uri)
    if there is not None:
        return Outcome(THERE)
    if line.published_at_ms > world.now_ms():
        return Outcome(REFUSED, "date_in_future")
    if line.published_at_ms < 0 or year_of(imported_id(line.published_at_ms, 0)) < FIRST_YEAR:
        return Outcome(REFUSED, "date_too_early")
    if line.visibility not in VISIBILITIES[:3]:
        return Outcome(REFUSED, "visibility_unknown")
    parent = await _parent(world, author, line)
    return await _written(world, author, line, parent)


async def _parent(world: World, author: Account, line: BroughtPost) -> Post | None:
    """The author's own post that an old one answers.

    Of others' none: an answer with an old date would stand among theirs, and they not be told.
    """
    if line.reply_uri is None:
        return None
    parent = await own_post(world, author, line.reply_uri)
    if parent is None or parent.state == DELETED or parent.reblog_of_id is not None:
        return None
    # Answers stand after what they answer, whatever an archive says of their moments.
    last = id_ms(imported_id(line.published_at_ms + SLOTS_TRIED - 1, 0))
    return parent if id_ms(parent.id) < last else None


async def _written(
    world: World, author: Account, line: BroughtPost, parent: Post | None
) -> Prepared | Outcome:
    text, spoiler = clean_text(line.text), clean_text(line.spoiler)
    if line.reply_uri is not None and parent is None and line.reply_uri not in text:
        text = f"{text}\n\n↩ {line.reply_uri}".strip()
    if not text and not line.media:
        text, spoiler = spoiler, ""
    if not text and not line.media:
        return Outcome(REFUSED, "text_blank")
    if len(text.encode()) + len(spoiler.encode()) > rules.TEXT_BYTES:
        return Outcome(REFUSED, "text_too_large")
    entities = find_entities(text)
    named = await _named(world, line, entities)
    html = render(text, entities, named)
    if len(html.encode()) > rules.HTML_BYTES:
        return Outcome(REFUSED, "text_too_large")
    mentions = {mention.id: mention for mention in named.values()}
    return Prepared(
        author, line, text, html, spoiler, tuple(mentions.values()), tag_keys(entities), parent
    )


async def _named(world: World, line: BroughtPost, entities: Sequence[Entity]) -> dict[str, Mention]:
    """Whom an old post names of this site: with the domain, and only where it says so itself."""
    named: dict[str, Mention] = {}
    for entity in entities:
        key = handle_key(entity)
        here = entity.kind == "mention" and world.site.own.has(entity.domain or "")
        if not here or key not in line.named or len(named) >= rules.MENTIONS_MOST:
            continue
        account = await find_by_handle(world, entity.value)
        if account is not None and account.state != ACCOUNT_DELETED:
            named[key] = Mention(account.id, account.username)
    return named


async def keep(world: World, prepared: Prepared, attachments: tuple[Attachment, ...]) -> Outcome:
    """Keep an old post; told twice it is kept once."""
    line, author = prepared.line, prepared.author
    if not (prepared.text or prepared.spoiler or attachments):
        return Outcome(REFUSED, "media_missing")
    for post_id in _places(prepared):
        post = _post(prepared, post_id, attachments)
        await note_year(world, author.id, post_id)
        origin = PostOriginRow(post_id, author.id, line.uri, line.url, line.reply_uri)
        known = ImportedUriRow(author.id, uri_hash(line.uri), post_id)
        writes: list[Write] = [
            *_listed(world, store.new_post_writes(post, None, None)),
            Put(POST_ORIGINS, origin),
            Put(IMPORTED_URIS, known),
        ]
        event = PostImported(post.id, post.author_id, post.visibility)
        try:
            await world.storage.commit(store.aggregate(post_id), writes, [event], expect=0)
        except Conflict:
            # Somebody else's old post of the same moment, or this one, kept by another attempt.
            if await own_post(world, author, line.uri) is not None:
                return Outcome(THERE)
            continue
        return Outcome(BROUGHT)
    return Outcome(REFUSED, "date_crowded")


def _listed(world: World, writes: Sequence[Write]) -> list[Write]:
    """The rows of a post without its place on a day of the public page that is over."""
    now_ms = world.now_ms()
    return [
        write
        for write in writes
        if not (
            isinstance(write, Put)
            and write.table is PUBLIC_POSTS
            and write.expires_at_ms is not None
            and write.expires_at_ms <= now_ms
        )
    ]


def _places(prepared: Prepared) -> Iterator[PostId]:
    """The ids that an old post may get, the same in the same order at every attempt."""
    digest = uri_hash(prepared.line.uri)
    above = 0 if prepared.parent is None else prepared.parent.id
    for attempt in range(SLOTS_TRIED):
        mixed = hashlib.sha256(digest + bytes([attempt])).digest()
        sequence = int.from_bytes(mixed[:2])
        found = imported_id(prepared.line.published_at_ms + attempt, sequence)
        if found > above:
            yield PostId(found)


def _post(prepared: Prepared, post_id: PostId, attachments: tuple[Attachment, ...]) -> Post:
    line, author, parent = prepared.line, prepared.author, prepared.parent
    return Post(
        id=post_id,
        version=1,
        author_id=AccountId(author.id),
        text=prepared.text,
        html=prepared.html,
        spoiler=prepared.spoiler,
        visibility=line.visibility,
        language=rules.choose_language(line.language, None),
        sensitive=line.sensitive or bool(prepared.spoiler),
        in_reply_to_id=None if parent is None else parent.id,
        in_reply_to_account_id=None if parent is None else parent.author_id,
        conversation_id=post_id if parent is None else parent.conversation_id,
        mentions=prepared.mentions,
        tags=prepared.tags,
        uri=f"{author.uri}/statuses/{post_id}",
        created_at_ms=line.published_at_ms,
        edited_at_ms=line.edited_at_ms,
        attachments=attachments,
        quote_policy=rules.choose_quote_policy(None, line.visibility),
    )
