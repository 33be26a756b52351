"""Mastodon's `Status` and what belongs to it: every key, always; null where there is nothing.

Source: docs.joinmastodon.org/entities/Status. A status is what everyone sees of it (`status_body`)
followed by what depends on who looks: their marks, filters, votes, and the posts it shows.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

import msgspec

from venire.api.entities.account import WrittenAccount, account_jsons, written_accounts
from venire.api.entities.filter import build_result
from venire.api.entities.media import MediaAttachmentEntity, build_attachment
from venire.api.entities.poll import PollEdit, build_poll_edit, poll_json
from venire.api.entities.status_body import body_bytes
from venire.kernel.clock import iso_ms
from venire.kernel.errors import NotFound
from venire.posts import quotes
from venire.posts.conversation_mutes import muted
from venire.posts.counts import load_reply_counts
from venire.posts.filters import Filters, filters_of
from venire.posts.marks import marks_of
from venire.posts.markup import with_base
from venire.posts.model import (
    ACCEPTED,
    DELETED,
    FOLLOWERS,
    LISTED,
    NOBODY,
    PUBLIC,
    Context,
    Post,
    Version,
)
from venire.posts.polls import Ballots, load_ballots
from venire.posts.sight import Sight
from venire.posts.store import load_many
from venire.posts.tallies import load_tallies
from venire.storage.tables.posts import PostCountsRow
from venire.storage.tables.reactions import MarkRow, TallyRow
from venire.storage.world import World

Status = msgspec.Raw
"""A whole status, written already."""

_QUOTES_SHOWN = frozenset({ACCEPTED, "blocked_account", "muted_account"})
"""States in which a client gets the quoted post; whom its reader hides, it asks before showing."""
_AUTOMATIC = {PUBLIC: b'["public"]', FOLLOWERS: b'["followers"]', NOBODY: b"[]"}


class SourceEntity(msgspec.Struct, frozen=True):
    """A post as it was typed."""

    id: str
    text: str
    spoiler_text: str


class ContextEntity(msgspec.Struct, frozen=True):
    """What stands around a post."""

    ancestors: Sequence[Status]
    descendants: Sequence[Status]


class EditEntity(msgspec.Struct, frozen=True):
    """What a post said from a moment on."""

    content: str
    spoiler_text: str
    sensitive: bool
    created_at: str
    account: msgspec.Raw
    media_attachments: tuple[MediaAttachmentEntity, ...]
    poll: PollEdit | None
    emojis: tuple[()] = ()
    quote: None = None


@functools.cache
def _flags(bits: tuple[bool, bool, bool, bool, bool], policy: str, standing: str) -> bytes:
    names = (b"favourited", b"reblogged", b"bookmarked", b"pinned", b"muted")
    flags = b"".join(
        b',"%b":%b' % (name, b"true" if bit else b"false")
        for name, bit in zip(names, bits, strict=True)
    )
    approval = b',"quote_approval":{"automatic":%b,"manual":[],"current_user":"%b"}' % (
        _AUTOMATIC[policy],
        standing.encode(),
    )
    return flags + approval


_NO_MARKS = (False, False, False, False)
_NOTHING_MORE = b',"reblog":null,"poll":null,"quote":null,"filtered":[]}'


_PLAIN = _flags((False, False, False, False, False), PUBLIC, "automatic") + _NOTHING_MORE


def _is_plain(post: Post) -> bool:
    """Whether nothing of a post depends on a member who did nothing with it: true of most."""
    return (
        post.reblog_of_id is None
        and post.poll is None
        and post.quoted_id is None
        and post.quote_policy == PUBLIC
        and post.visibility in LISTED
    )


class _Scene(msgspec.Struct, frozen=True):
    """Everything that the posts of one answer need, read in a few strokes."""

    world: World
    viewer_id: int | None
    sight: Sight
    shown: Mapping[int, Post]
    deleted: AbstractSet[int]
    authors: Mapping[int, WrittenAccount]
    replies: Mapping[int, PostCountsRow]
    tallies: Mapping[int, TallyRow]
    marks: Mapping[int, MarkRow]
    muted: AbstractSet[int]
    filters: Filters
    ballots: Mapping[int, Ballots]
    plain: bool
    """Whether the viewer is a member without filters and muted threads on this page."""

    def write(self, post: Post, *, inner: bool = False) -> bytes | None:
        """A post as JSON; None where its author, or what it boosts, is not there any more.

        `inner`: a quoted post, of whose own quote only the id is told.
        """
        author = self.authors.get(post.author_id)
        if author is None:
            return None
        about = post
        reblog = b"null"
        if post.reblog_of_id is not None:
            target = self.shown.get(post.reblog_of_id)
            if target is None or target.reblog_of_id is not None:
                return None
            written = self.write(target)
            if written is None:
                return None
            about, reblog = target, written
        body = body_bytes(
            self.world, post, author, self.replies.get(post.id), self.tallies.get(post.id)
        )
        if self.plain and _is_plain(post) and post.id not in self.marks:
            return body + _PLAIN
        return body + self._marks(about) + self._more(post, about, reblog, inner=inner)

    def _marks(self, post: Post) -> bytes:
        row = self.marks.get(post.id)
        bits = (
            _NO_MARKS
            if row is None
            else (
                row.favourite_id is not None,
                row.reblog_id is not None,
                row.bookmark_id is not None,
                row.pin_id is not None,
            )
        )
        return _flags(
            (*bits, post.conversation_id in self.muted), post.quote_policy, self._may_quote(post)
        )

    def _may_quote(self, post: Post) -> str:
        if self.viewer_id is None:
            return "denied"
        follows = self.sight.relation(post.author_id).following
        return "automatic" if quotes.lets_quote(post, self.viewer_id, follows=follows) else "denied"

    def _more(self, post: Post, about: Post, reblog: bytes, *, inner: bool) -> bytes:
        filtered = () if about.author_id == self.viewer_id else self.filters.matches(about)
        if post is about and post.poll is None and post.quoted_id is None and not filtered:
            return _NOTHING_MORE
        poll = b"null"
        if post.poll is not None:
            poll = poll_json(post, self.ballots.get(post.id), self.viewer_id, self.world.now_ms())
        return b',"reblog":%b,"poll":%b,"quote":%b,"filtered":%b}' % (
            reblog,
            poll,
            self._quote(post, inner=inner),
            msgspec.json.encode([build_result(match) for match in filtered]),
        )

    def _quote(self, post: Post, *, inner: bool) -> bytes:
        if post.quoted_id is None:
            return b"null"
        state, quoted = self._quote_state(post), self.shown.get(post.quoted_id)
        written = None
        if state in _QUOTES_SHOWN and quoted is not None:
            written = b'"%d"' % quoted.id if inner else self.write(quoted, inner=True)
        key = b"quoted_status_id" if inner else b"quoted_status"
        return b'{"state":"%b","%b":%b}' % (state.encode(), key, written or b"null")

    def _quote_state(self, post: Post) -> str:
        """What became of a quote, for this viewer.

        Why a post is not shown is told only of one that its author deleted: that one is held, or
        that its author blocks the viewer, is nobody's business.
        """
        state, quoted = post.quote_state or ACCEPTED, self.shown.get(post.quoted_id or 0)
        if state != ACCEPTED:
            return state
        if quoted is None:
            return "deleted" if post.quoted_id in self.deleted else "unauthorized"
        relation = self.sight.relation(quoted.author_id)
        if relation.blocking:
            return "blocked_account"
        return "muted_account" if relation.muting else state


async def _shown_by(
    world: World, posts: Sequence[Post], sight: Sight
) -> tuple[dict[int, Post], set[int]]:
    """The posts that some boost or quote, and that the viewer may see; two steps deep.

    And the ids of those that their authors deleted.
    """
    found: dict[int, Post] = {}
    gone: set[int] = set()
    if all(post.reblog_of_id is None and post.quoted_id is None for post in posts):
        return found, gone
    layer: Sequence[Post] = posts
    for _ in range(2):
        wanted = {
            one
            for post in layer
            for one in (post.reblog_of_id, post.quoted_id)
            if one is not None and one not in found
        }
        if not wanted:
            break
        layer = await load_many(world, wanted)
        await sight.learn(post.author_id for post in layer)
        found |= {post.id: post for post in layer if sight.sees(post)}
        gone |= {
            post.id for post in layer if post.state == DELETED or not sight.there(post.author_id)
        }
    return found, gone


async def status_jsons(
    world: World, posts: Iterable[Post], viewer_id: int | None = None, *, sight: Sight | None = None
) -> list[Status]:
    """Posts as a viewer sees them, in their order; whether they see them was asked before.

    `sight`: the viewer's, where the caller has it already.
    """
    return [msgspec.Raw(one) for _, one in await _written(world, posts, viewer_id, sight)]


async def status_page(
    world: World, posts: Iterable[Post], viewer_id: int | None = None, *, sight: Sight | None = None
) -> bytes:
    """The same as one JSON array, for answers that are nothing else."""
    return b"[%b]" % b",".join([one for _, one in await _written(world, posts, viewer_id, sight)])


async def statuses_by_id(
    world: World, posts: Iterable[Post], viewer_id: int | None = None, *, sight: Sight | None = None
) -> dict[int, Status]:
    """The same by post id."""
    written = await _written(world, posts, viewer_id, sight)
    return {post_id: msgspec.Raw(one) for post_id, one in written}


async def _written(
    world: World,
    posts: Iterable[Post],
    viewer_id: int | None,
    sight: Sight | None,
    tally: TallyRow | None = None,
) -> list[tuple[int, bytes]]:
    """What can still be shown of some posts. `tally`: the counts of one of them, known better."""
    wanted = list(posts)
    if not wanted:
        return []
    scene = await _scene(world, wanted, viewer_id, sight)
    if tally is not None:
        tallies = {**scene.tallies, tally.post_id: tally}
        scene = msgspec.structs.replace(scene, tallies=tallies)
    written = [(post.id, scene.write(post)) for post in wanted]
    return [(post_id, one) for post_id, one in written if one is not None]


async def _scene(
    world: World, posts: Sequence[Post], viewer_id: int | None, sight: Sight | None
) -> _Scene:
    sight = sight or await Sight.of(world, viewer_id)
    shown, deleted = await _shown_by(world, posts, sight)
    everything = [*posts, *shown.values()] if shown else posts
    authors = {post.author_id for post in everything}
    await sight.learn(authors)
    ids = [post.id for post in everything]
    threads_muted = await muted(world, viewer_id, {post.conversation_id for post in everything})
    filters = await filters_of(world, viewer_id)
    return _Scene(
        world=world,
        viewer_id=viewer_id,
        sight=sight,
        shown=shown,
        deleted=deleted,
        authors=await written_accounts(world, authors, sight.accounts),
        replies=await load_reply_counts(world, ids),
        tallies=await load_tallies(world, ids),
        marks=await marks_of(world, viewer_id, ids) if viewer_id is not None else {},
        muted=threads_muted,
        filters=filters,
        ballots=await load_ballots(world, viewer_id, everything),
        plain=viewer_id is not None and not threads_muted and not filters,
    )


async def fresh_json(world: World, post: Post, author_id: int) -> Status:
    """A post that its author made this moment: nobody has done anything with it yet."""
    authors = await written_accounts(world, [post.author_id])
    if post.quoted_id is not None or post.poll is not None or post.version > 1:
        return await status_json(world, post, author_id)
    author = authors.get(post.author_id)
    if author is None:
        raise NotFound("record_not_found", "Record not found")
    body = body_bytes(world, post, author, None, None)
    standing = "automatic" if quotes.lets_quote(post, author_id, follows=False) else "denied"
    marks = _flags((False, False, False, False, False), post.quote_policy, standing)
    return msgspec.Raw(body + marks + _NOTHING_MORE)


async def status_json(
    world: World, post: Post, viewer_id: int | None = None, *, tally: TallyRow | None = None
) -> Status:
    """One post as a viewer sees it. NotFound `record_not_found` where its author is gone.

    `tally`: the counts to tell, where they are known better than they are counted.
    """
    found = await _written(world, [post], viewer_id, None, tally)
    if not found:
        raise NotFound("record_not_found", "Record not found")
    return msgspec.Raw(found[0][1])


async def deleted_json(world: World, post: Post, viewer_id: int) -> Status:
    """A post that was just deleted, with the text to write it anew."""
    entity = bytes(await status_json(world, post, viewer_id))
    return msgspec.Raw(entity[:-1] + b',"text":' + msgspec.json.encode(post.text) + b"}")


async def context_entity(world: World, context: Context, viewer_id: int | None) -> ContextEntity:
    """What stands around a post, as JSON."""
    return ContextEntity(
        await status_jsons(world, context.ancestors, viewer_id),
        await status_jsons(world, context.descendants, viewer_id),
    )


async def edit_entities(world: World, post: Post, versions: Sequence[Version]) -> list[EditEntity]:
    """The versions of a post, oldest first."""
    jsons = await account_jsons(world, [post.author_id])
    base = world.site.base_url
    return [
        EditEntity(
            content=with_base(version.html, base),
            spoiler_text=version.spoiler,
            sensitive=version.sensitive,
            created_at=iso_ms(version.at_ms),
            account=jsons[post.author_id],
            media_attachments=tuple(build_attachment(one, base) for one in version.attachments),
            poll=build_poll_edit(version.poll),
        )
        for version in versions
        if post.author_id in jsons
    ]
