"""Tables of what may harm a child: what one named person decided, reported, and who looked."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class SealedRow(msgspec.Struct, frozen=True):
    """A sealed case on the desk of the named person.

    `state` is waiting, unfounded, prepared or reported. `decided_by` and `heard_by` are who decided
    first and who heard the appeal. `packet` is the JSON for the authority, made when it was
    decided, with what was known of the account then: it is kept even when the account is erased.
    """

    case_id: int
    version: int
    author_id: int
    state: str
    decided_by: int | None
    heard_by: int | None
    packet: bytes | None
    prepared_at_ms: int | None
    reported_at_ms: int | None
    reported_by: int | None
    authority: str
    reference: str
    keep_until_ms: int | None


class SealedListRow(msgspec.Struct, frozen=True):
    """A sealed case that is not done with."""

    scope: str
    case_id: int


class SealedLogRow(msgspec.Struct, frozen=True):
    """Who did what with a sealed case: opened its text, decided, took its packet, reported it."""

    case_id: int
    id: int
    actor_id: int
    act: str
    note: str
    at_ms: int


SEALED = Table(
    name="sealed_cases",
    row=SealedRow,
    question="What became of this sealed case, and what was reported to the authority?",
    partition=("case_id",),
    aggregate="sealed:{case_id}",
    subject=("author_id",),
    version="version",
    retention="as the law of the authority requires; then a person deletes it",
    wide=True,
)
SEALED_LIST = Table(
    name="sealed_waiting",
    row=SealedListRow,
    question="Which sealed cases wait for the named person?",
    partition=("scope",),
    clustering=("case_id",),
    aggregate="sealed:{case_id}",
    retention="until it is reported or found to be nothing",
)
SEALED_LOG = Table(
    name="sealed_log",
    row=SealedLogRow,
    question="Who looked into this sealed case, and did what?",
    partition=("case_id",),
    clustering=("id",),
    aggregate="sealed:{case_id}",
    subject=("actor_id",),
    retention="as its case",
    wide=True,
)

TABLES = (SEALED, SEALED_LIST, SEALED_LOG)
