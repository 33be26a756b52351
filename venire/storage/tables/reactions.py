"""Tables of what accounts do with posts: favourites, bookmarks, boosts, pins, quotes; tallies."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class MarkRow(msgspec.Struct, frozen=True):
    """What an account did with a post; each id is that of the act, None where it was not done.

    `reblog_id` is the post that a boost made. `year` is that of the post, so that the marks of a
    page of posts are one range.
    """

    account_id: int
    year: int
    post_id: int
    version: int
    favourite_id: int | None
    bookmark_id: int | None
    reblog_id: int | None
    pin_id: int | None


class ActRow(msgspec.Struct, frozen=True):
    """A post in an account's list of one kind of act, by when it was done."""

    account_id: int
    kind: str
    year: int
    act_id: int
    post_id: int


class ActYearRow(msgspec.Struct, frozen=True):
    """A year in which an account has done acts of a kind."""

    account_id: int
    kind: str
    year: int


class PostActRow(msgspec.Struct, frozen=True):
    """An account in a post's list of who favourited or boosted it, by when."""

    post_id: int
    kind: str
    year: int
    act_id: int
    account_id: int


class QuoteRow(msgspec.Struct, frozen=True):
    """A post that quotes another."""

    quoted_id: int
    post_id: int
    author_id: int


class TallyRow(msgspec.Struct, frozen=True):
    """How often a post was favourited, boosted and quoted, up to a place in the journal."""

    post_id: int
    favourites: int
    reblogs: int
    quotes: int
    counted_through: int


MARKS = Table(
    name="marks",
    row=MarkRow,
    question="What has this account done with this post?",
    partition=("account_id", "year"),
    clustering=("post_id",),
    descending=True,
    aggregate="mark:{account_id}:{post_id}",
    subject=("account_id",),
    version="version",
    retention="until the account is erased",
)
ACTS = Table(
    name="acts",
    row=ActRow,
    question="Which posts has this account favourited, bookmarked or pinned?",
    partition=("account_id", "kind", "year"),
    clustering=("act_id",),
    descending=True,
    aggregate="mark:{account_id}:{post_id}",
    subject=("account_id",),
    retention="until undone, or the account is erased",
)
ACT_YEARS = Table(
    name="act_years",
    row=ActYearRow,
    question="In which years has this account done acts of this kind?",
    partition=("account_id", "kind"),
    clustering=("year",),
    descending=True,
    aggregate="act_year:{account_id}:{kind}:{year}",
    subject=("account_id",),
    retention="until the account is erased",
)
POST_ACTS = Table(
    name="post_acts",
    row=PostActRow,
    question="Who favourited or boosted this post?",
    partition=("post_id", "kind", "year"),
    clustering=("act_id",),
    descending=True,
    aggregate="mark:{account_id}:{post_id}",
    subject=("account_id",),
    retention="until undone, or the account is erased",
)
QUOTES = Table(
    name="quotes",
    row=QuoteRow,
    question="Which posts quote this one?",
    partition=("quoted_id",),
    clustering=("post_id",),
    descending=True,
    aggregate="post:{post_id}",
    subject=("author_id",),
    retention="as the quoting post",
)
TALLIES = Table(
    name="tallies",
    row=TallyRow,
    question="How often was this post favourited, boosted and quoted?",
    partition=("post_id",),
    aggregate="tally:{post_id}",
    retention="as the post; recounted nightly",
)

TABLES = (MARKS, ACTS, ACT_YEARS, POST_ACTS, QUOTES, TALLIES)
