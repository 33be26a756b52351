"""What a card shows besides its text: pictures and films, a question with its answers, a quote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from venire.posts.markup import post_path, with_base
from venire.posts.media.model import Attachment
from venire.posts.media.rules import small_name
from venire.posts.model import ACCEPTED, DELETED, Poll, Post
from venire.posts.polls import Ballots
from venire.posts.sight import Sight
from venire.web import words


class Medium(NamedTuple):
    """A picture, a film or a sound; addresses are this site's own, sizes in pixels (0: unknown)."""

    kind: str
    address: str
    content_type: str
    small: str
    width: int
    height: int
    description: str


class Answer(NamedTuple):
    """One answer of a question: its votes (None while they are hidden), its share in percent."""

    title: str
    votes: int | None
    share: int
    own: bool


class Question(NamedTuple):
    """A poll as a viewer sees it. `open`: they can vote now."""

    answers: tuple[Answer, ...]
    multiple: bool
    voters: int
    ends_at_ms: int
    ended: bool
    open: bool


class Quote(NamedTuple):
    """A quoted post; `text_of_state` says why it is not shown, else its words are there."""

    text_of_state: str = ""
    path: str = ""
    username: str = ""
    name: str = ""
    html: str = ""
    spoiler: str = ""
    language: str = ""
    at_ms: int = 0
    media: tuple[Medium, ...] = ()
    sensitive: bool = False


def media_of(post: Post) -> tuple[Medium, ...]:
    """The media of a post, as far as they are ready."""
    return tuple(_medium(one) for one in post.attachments if one.original)


def _medium(attachment: Attachment) -> Medium:
    address = f"/media/{attachment.id}"
    small = small_name(attachment)
    size = attachment.meta.get("small") or attachment.meta.get("original") or {}
    width, height = int(size.get("width", 0)), int(size.get("height", 0))
    return Medium(
        kind=attachment.kind,
        address=f"{address}/{attachment.name}",
        content_type=attachment.content_type,
        small=f"{address}/{small}" if small else "",
        width=width,
        height=height,
        description=attachment.description or "",
    )


def question_of(
    post: Post, ballots: Ballots | None, viewer_id: int | None, now_ms: int
) -> Question | None:
    """The question of a post, if it asks one."""
    poll = post.poll
    if poll is None:
        return None
    stands = ballots or Ballots((0,) * len(poll.options), 0)
    ended = now_ms >= poll.ends_at_ms
    voted = stands.own is not None
    may_vote = viewer_id not in {None, post.author_id} and not voted and not ended
    return Question(
        answers=_answers(poll, stands, hidden=poll.hide_totals and not ended),
        multiple=poll.multiple,
        voters=stands.voters,
        ends_at_ms=poll.ends_at_ms,
        ended=ended,
        open=may_vote,
    )


def _answers(poll: Poll, stands: Ballots, *, hidden: bool) -> tuple[Answer, ...]:
    everyone = max(1, stands.voters)
    own = stands.own or ()
    return tuple(
        Answer(title, None if hidden else votes, round(100 * votes / everyone), place in own)
        for place, (title, votes) in enumerate(zip(poll.options, stands.votes, strict=False))
    )


def quote_of(post: Post, there: Mapping[int, Post], sight: Sight) -> Quote | None:
    """What a post quotes, for the viewer of `sight`; its author was learned."""
    if post.quoted_id is None:
        return None
    state = post.quote_state or ACCEPTED
    quoted = there.get(post.quoted_id)
    if state == ACCEPTED:
        state = _state_of(quoted, sight)
    if state != ACCEPTED or quoted is None:
        return Quote(text_of_state=words.QUOTES.get(state, words.QUOTES["unauthorized"]))
    author = sight.accounts[quoted.author_id]
    return Quote(
        path=post_path(author.username, quoted.id),
        username=author.username,
        name=author.display_name or author.username,
        html=with_base(quoted.html, ""),
        spoiler=quoted.warning,
        language=quoted.language or "",
        at_ms=quoted.created_at_ms,
        media=media_of(quoted),
        sensitive=quoted.sensitive,
    )


def _state_of(quoted: Post | None, sight: Sight) -> str:
    """Only that its author deleted it is told of a post that cannot be shown."""
    if quoted is None or quoted.state == DELETED:
        return "deleted"
    if not sight.sees(quoted):
        return "unauthorized"
    return "hidden" if sight.hides(quoted.author_id) else ACCEPTED
