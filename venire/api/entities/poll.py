"""Mastodon's `Poll`. Source: docs.joinmastodon.org/entities/Poll."""

from __future__ import annotations

import msgspec

from venire.kernel.clock import iso_ms
from venire.posts.model import Poll, Post
from venire.posts.polls import Ballots


class PollOptionEntity(msgspec.Struct, frozen=True):
    """An answer; its votes are null while they are hidden."""

    title: str
    votes_count: int | None


class PollEntity(msgspec.Struct, frozen=True, omit_defaults=True):
    """A poll as a viewer sees it; `voted` and `own_votes` only for someone signed in."""

    id: str
    expires_at: str
    expired: bool
    multiple: bool
    votes_count: int
    voters_count: int | None
    options: tuple[PollOptionEntity, ...]
    emojis: list[str]
    voted: bool | None = None
    own_votes: tuple[int, ...] | None = None


class PollEditOption(msgspec.Struct, frozen=True):
    """An answer as it was then."""

    title: str


class PollEdit(msgspec.Struct, frozen=True):
    """A poll as it was before an edit."""

    options: tuple[PollEditOption, ...]


def build_poll(
    post: Post, poll: Poll, ballots: Ballots | None, viewer_id: int | None, now_ms: int
) -> PollEntity:
    """The poll of a post."""
    stands = ballots or Ballots((0,) * len(poll.options), 0)
    expired = now_ms >= poll.ends_at_ms
    own = post.author_id == viewer_id
    hidden = poll.hide_totals and not expired
    member = viewer_id is not None
    return PollEntity(
        id=str(post.id),
        expires_at=iso_ms(poll.ends_at_ms),
        expired=expired,
        multiple=poll.multiple,
        votes_count=sum(stands.votes),
        voters_count=stands.voters,
        options=tuple(
            PollOptionEntity(title, None if hidden else votes)
            for title, votes in zip(poll.options, stands.votes, strict=False)
        ),
        emojis=[],
        # An author cannot vote: told that they have, clients show the result instead of a ballot.
        voted=(own or stands.own is not None) if member else None,
        own_votes=(stands.own or ()) if member else None,
    )


def poll_json(post: Post, ballots: Ballots | None, viewer_id: int | None, now_ms: int) -> bytes:
    """The poll of a post that has one, as JSON."""
    if post.poll is None:
        return b"null"
    return msgspec.json.encode(build_poll(post, post.poll, ballots, viewer_id, now_ms))


def build_poll_edit(poll: Poll | None) -> PollEdit | None:
    """A poll as an earlier version of its post had it."""
    if poll is None:
        return None
    return PollEdit(tuple(PollEditOption(title) for title in poll.options))
