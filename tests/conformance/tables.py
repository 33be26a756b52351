"""Tables that no room has: every shape that the verbs promise to carry."""

from __future__ import annotations

from typing import Any

import msgspec

from venire.storage.verbs import Table


class Note(msgspec.Struct, frozen=True):
    """Every kind of column, filled and empty."""

    id: int
    body: str = ""
    data: bytes = b""
    flag: bool = False
    ratio: float = 0.0
    no_body: str | None = None
    no_data: bytes | None = None
    no_flag: bool | None = None
    no_ratio: float | None = None
    no_number: int | None = None


class Book(msgspec.Struct, frozen=True):
    """A partition of two columns, rows sorted by three, of every kind that a key may have."""

    owner: int
    shelf: str
    n: int
    title: str
    mark: bytes
    pages: int | None = None


class Line(msgspec.Struct, frozen=True):
    """Newest first."""

    owner: int
    at_ms: int
    id: int
    seen: bool = False


class Head(msgspec.Struct, frozen=True):
    """The head row of an owner."""

    owner: int
    version: int
    name: str = ""


class Claim(msgspec.Struct, frozen=True):
    """A name that can be had once."""

    name: str
    owner: int


class Session(msgspec.Struct, frozen=True):
    """Lapses; sorted by bytes, downwards."""

    owner: int
    token: bytes
    scopes: str = ""


class Mark(msgspec.Struct, frozen=True):
    """Nothing but a key."""

    owner: int
    name: str


class Body(msgspec.Struct, frozen=True):
    """A wide row."""

    id: int
    part: int
    text: str


class FeedRow(msgspec.Struct, frozen=True):
    """Can be rebuilt."""

    owner: int
    id: int
    author: int


NOTES = Table(
    name="notes",
    row=Note,
    question="What does this note say?",
    partition=("id",),
    aggregate="note:{id}",
    guarded=True,
    retention="none",
)
JOTTINGS = Table(
    name="jottings",
    row=Note,
    question="What does this note, which nobody claims, say?",
    partition=("id",),
    aggregate="note:{id}",
    retention="none",
)
BOOKS = Table(
    name="books",
    row=Book,
    question="What stands on this shelf?",
    partition=("owner", "shelf"),
    clustering=("n", "title", "mark"),
    aggregate="owner:{owner}",
    guarded=True,
    retention="none",
)
LINES = Table(
    name="lines",
    row=Line,
    question="What is newest?",
    partition=("owner",),
    clustering=("at_ms", "id"),
    descending=True,
    aggregate="owner:{owner}",
    retention="none",
)
HEADS = Table(
    name="heads",
    row=Head,
    question="At which version is this owner?",
    partition=("owner",),
    aggregate="owner:{owner}",
    version="version",
    retention="none",
)
CLAIMS = Table(
    name="claims",
    row=Claim,
    question="Who has this name?",
    partition=("name",),
    aggregate="owner:{owner}",
    guarded=True,
    expires=True,
    retention="10 minutes unless confirmed",
)
SESSIONS = Table(
    name="sessions",
    row=Session,
    question="Where is this owner signed in?",
    partition=("owner",),
    clustering=("token",),
    descending=True,
    aggregate="owner:{owner}",
    expires=True,
    retention="until it lapses",
)
MARKS = Table(
    name="marks",
    row=Mark,
    question="Which names are marked?",
    partition=("owner",),
    clustering=("name",),
    aggregate="owner:{owner}",
    retention="none",
)
BODIES = Table(
    name="bodies",
    row=Body,
    question="What is the text?",
    partition=("id",),
    clustering=("part",),
    aggregate="note:{id}",
    wide=True,
    retention="none",
)
FEED = Table(
    name="feed_rows",
    row=FeedRow,
    question="What does this owner see?",
    partition=("owner",),
    clustering=("id",),
    descending=True,
    aggregate="feed:{owner}",
    expires=True,
    rebuildable=True,
    retention="14 days",
)

TABLES: tuple[Table[Any], ...] = (
    NOTES,
    JOTTINGS,
    BOOKS,
    LINES,
    HEADS,
    CLAIMS,
    SESSIONS,
    MARKS,
    BODIES,
    FEED,
)
