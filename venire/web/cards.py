"""Posts as the pages show them: everything that a card needs, read for a whole page at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from venire.kernel.ids import parse_id
from venire.people.model import Account
from venire.posts import counts, marks, polls, store, tallies
from venire.posts.markup import post_path, with_base
from venire.posts.model import HELD, LISTED, PRIVATE, Page, Post, Window
from venire.posts.polls import Ballots
from venire.posts.sight import Sight
from venire.storage.tables.posts import PostCountsRow
from venire.storage.tables.reactions import MarkRow, TallyRow
from venire.web import words
from venire.web.enclosures import Medium, Question, Quote, media_of, question_of, quote_of
from venire.web.visit import Visit

PAGE = 20
_OPENING = 90


class Marks(NamedTuple):
    """What the viewer did with a post."""

    favourite: bool = False
    boost: bool = False
    bookmark: bool = False


class Booster(NamedTuple):
    """Who shows a post to their followers."""

    username: str
    name: str


class Card(NamedTuple):
    """One post on a page. `html` was escaped and cleaned when the post was written.

    `place`: the id under which it stands on this page: that of the boost, where it is one.
    """

    id: int
    place: int
    path: str
    username: str
    name: str
    html: str
    spoiler: str
    language: str
    at_ms: int
    visibility: str
    visibility_name: str
    reply_to: str
    replies: int
    favourites: int
    boosts: int
    marks: Marks
    booster: Booster | None
    media: tuple[Medium, ...]
    sensitive: bool
    question: Question | None
    quote: Quote | None
    held: bool
    own: bool
    boostable: bool


class Turn(NamedTuple):
    """Where the neighbouring pages of a list begin; 0 for none."""

    older: int
    later: int


def name_of(account: Account) -> str:
    """What an account is called."""
    return account.display_name or account.username


class _Facts(NamedTuple):
    """Everything that the cards of a page need."""

    visit: Visit
    sight: Sight
    there: dict[int, Post]
    replies: dict[int, PostCountsRow]
    tallies: dict[int, TallyRow]
    marks: dict[int, MarkRow]
    ballots: dict[int, Ballots]


async def cards_of(visit: Visit, posts: Sequence[Post]) -> list[Card]:
    """The cards of some posts, in their order; a boost is the card of what it shows.

    What is by accounts that are gone, and what a boost shows no more, is left out. Whether the
    viewer sees the posts themselves was asked before.
    """
    facts = await _facts(visit, posts)
    cards: list[Card] = []
    for post in posts:
        shown = post if post.reblog_of_id is None else facts.there.get(post.reblog_of_id)
        if shown is None or (shown is not post and not facts.sight.sees(shown)):
            continue
        if {post.author_id, shown.author_id} <= facts.sight.accounts.keys():
            cards.append(_card(facts, post, shown))
    return cards


async def _facts(visit: Visit, posts: Sequence[Post]) -> _Facts:
    world, viewer_id = visit.world, visit.viewer_id
    sight = await Sight.of(world, viewer_id)
    boosted = await store.load_many(world, _ids(post.reblog_of_id for post in posts))
    shown = [post for post in (*posts, *boosted) if post.reblog_of_id is None]
    quoted = await store.load_many(world, _ids(post.quoted_id for post in shown))
    everyone = [*posts, *boosted, *quoted]
    await sight.learn(post.author_id for post in everyone)
    await sight.learn(post.in_reply_to_account_id for post in shown)
    ids = [post.id for post in shown]
    return _Facts(
        visit=visit,
        sight=sight,
        there={post.id: post for post in (*boosted, *quoted)},
        replies=await counts.load_reply_counts(world, ids),
        tallies=await tallies.load_tallies(world, ids),
        marks={} if viewer_id is None else await marks.marks_of(world, viewer_id, ids),
        ballots=await polls.load_ballots(world, viewer_id, shown),
    )


def _ids(found: Iterable[int | None]) -> list[int]:
    return list(dict.fromkeys(one for one in found if one is not None))


def _card(facts: _Facts, post: Post, shown: Post) -> Card:
    visit, people = facts.visit, facts.sight.accounts
    author, answered = people[shown.author_id], shown.in_reply_to_account_id
    replies, tally = facts.replies.get(shown.id), facts.tallies.get(shown.id)
    own = shown.author_id == visit.viewer_id
    now_ms = visit.world.now_ms()
    return Card(
        id=shown.id,
        place=post.id,
        path=post_path(author.username, shown.id),
        username=author.username,
        name=name_of(author),
        # Without the site's address links stay on whichever of its names the reader came by.
        html=with_base(shown.html, ""),
        spoiler=shown.warning,
        language=shown.language or "",
        at_ms=shown.created_at_ms,
        visibility=shown.visibility,
        visibility_name=words.VISIBILITIES.get(shown.visibility, ""),
        reply_to=people[answered].username if answered is not None and answered in people else "",
        replies=0 if replies is None else replies.replies,
        favourites=0 if tally is None else tally.favourites,
        boosts=0 if tally is None else tally.reblogs,
        marks=_marks(facts.marks.get(shown.id)),
        booster=_booster(people[post.author_id]) if post is not shown else None,
        media=media_of(shown),
        sensitive=shown.sensitive,
        question=question_of(shown, facts.ballots.get(shown.id), visit.viewer_id, now_ms),
        quote=quote_of(shown, facts.there, facts.sight),
        held=shown.state == HELD,
        own=own,
        boostable=shown.visibility in LISTED or (own and shown.visibility == PRIVATE),
    )


def _booster(account: Account) -> Booster:
    return Booster(account.username, name_of(account))


def _marks(row: MarkRow | None) -> Marks:
    if row is None:
        return Marks()
    ids = (row.favourite_id, row.reblog_id, row.bookmark_id)
    return Marks(*(one is not None for one in ids))


def window_of(visit: Visit) -> Window:
    """Which part of a list is asked for: `?before=` an id, or `?after=` one."""
    before = parse_id(visit.request.query_params.get("before", ""))
    after = parse_id(visit.request.query_params.get("after", ""))
    return Window(limit=PAGE, max_id=before, min_id=None if before is not None else after)


def is_first(visit: Visit) -> bool:
    """Whether this is where a list begins."""
    return not ({"before", "after"} & visit.request.query_params.keys())


def turn_of(visit: Visit, page: Page[Post]) -> Turn:
    """The neighbouring pages. On the first page there is nothing newer to go to."""
    later = 0 if is_first(visit) else page.newer or 0
    return Turn(page.older or 0, later)


def opening(text: str) -> str:
    """The beginning of a text on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _OPENING else line[: _OPENING - 1] + "…"
