"""Posts as the pages show them: everything that a card needs, read for a whole page at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from venire.kernel.ids import AccountId, parse_id
from venire.people.model import Account
from venire.people.store import load_accounts
from venire.posts import counts
from venire.posts.markup import post_path, with_base
from venire.posts.model import HELD, Page, Post, Window
from venire.web import words
from venire.web.visit import Visit

PAGE = 20
_OPENING = 90


class Card(NamedTuple):
    """One post on a page. `html` was escaped and cleaned when the post was written."""

    id: int
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
    held: bool
    own: bool


class Turn(NamedTuple):
    """Where the neighbouring pages of a list begin; 0 for none."""

    older: int
    later: int


def name_of(account: Account) -> str:
    """What an account is called."""
    return account.display_name or account.username


async def cards_of(visit: Visit, posts: Sequence[Post]) -> list[Card]:
    """The cards of some posts, in their order; posts of accounts that are gone are left out."""
    wanted = {post.author_id for post in posts}
    answered = {post.in_reply_to_account_id for post in posts}
    people = await load_accounts(visit.world, wanted | {one for one in answered if one is not None})
    replies = await counts.load_reply_counts(visit.world, [post.id for post in posts])
    return [
        _card(visit, post, people, replies[post.id].replies if post.id in replies else 0)
        for post in posts
        if post.author_id in people
    ]


def _card(visit: Visit, post: Post, people: dict[AccountId, Account], replies: int) -> Card:
    author = people[post.author_id]
    answered = post.in_reply_to_account_id
    reply_to = people[answered].username if answered is not None and answered in people else ""
    return Card(
        id=post.id,
        path=post_path(author.username, post.id),
        username=author.username,
        name=name_of(author),
        # Without the site's address links stay on whichever of its names the reader came by.
        html=with_base(post.html, ""),
        spoiler=post.spoiler,
        language=post.language or "",
        at_ms=post.created_at_ms,
        visibility=post.visibility,
        visibility_name=words.VISIBILITIES.get(post.visibility, ""),
        reply_to=reply_to,
        replies=replies,
        held=post.state == HELD,
        own=post.author_id == visit.viewer_id,
    )


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
