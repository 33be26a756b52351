"""Tables of moderators' acts on many posts at once: what is meant, how far it has come."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class BulkRow(msgspec.Struct, frozen=True):
    """A bulk act. `kind` is author, domain, text or wave; `sought` is what was asked for.

    `state` is counting, ready, acting, done, restoring, restored or dropped; `place` says how far
    it has come in that. `untold`: deceptive commercial content, whose authors get no statement.
    """

    id: int
    version: int
    actor_id: int
    kind: str
    sought: str
    account_id: int | None
    since_ms: int
    until_ms: int
    category: str
    reason: str
    untold: bool
    state: str
    place: int | None
    counted: int
    over: bool
    done: int
    left_alone: int
    wave_id: int | None
    confirmed_by: int | None
    at_ms: int


class BulkListRow(msgspec.Struct, frozen=True):
    """The same, found by its month."""

    month: str
    id: int


class BulkItemRow(msgspec.Struct, frozen=True):
    """One post that is meant. `state` is meant, done, left or restored; `why` it was left."""

    bulk_id: int
    post_id: int
    author_id: int
    state: str
    why: str


BULKS = Table(
    name="bulk_acts",
    row=BulkRow,
    question="What does this bulk act mean, and how far has it come?",
    partition=("id",),
    aggregate="bulk:{id}",
    subject=("account_id",),
    version="version",
    retention="a year",
    expires=True,
    wide=True,
)
BULKS_BY_MONTH = Table(
    name="bulk_acts_by_month",
    row=BulkListRow,
    question="Which bulk acts were begun in this month?",
    partition=("month",),
    clustering=("id",),
    descending=True,
    aggregate="bulk:{id}",
    retention="a year",
    expires=True,
)
BULK_ITEMS = Table(
    name="bulk_items",
    row=BulkItemRow,
    question="Which posts does this bulk act mean, and what became of each?",
    partition=("bulk_id",),
    clustering=("post_id",),
    aggregate="bulk:{bulk_id}",
    subject=("author_id",),
    retention="a year",
    expires=True,
)

TABLES = (BULKS, BULKS_BY_MONTH, BULK_ITEMS)
