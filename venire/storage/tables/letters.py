"""Tables of the people room that hold letters by e-mail: what is due, what was sent, what failed.

No address and no text lies here: both are made from the account when a letter goes out.
"""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class LetterRow(msgspec.Struct, frozen=True):
    """A letter to the owner of an account, or to their guardian. `until_ms`: when its link ends.

    The link is made from `nonce` by a secret of the site; `used_at_ms` says when it was used.
    """

    id: int
    version: int
    account_id: int
    kind: str
    state: str
    nonce: bytes
    language: str
    queued_at_ms: int
    until_ms: int
    settled_at_ms: int | None
    used_at_ms: int | None
    tries: int
    said: str


class LetterDueRow(msgspec.Struct, frozen=True):
    """A letter that waits for its next try."""

    shard: int
    due_at_ms: int
    id: int


class LetterLostRow(msgspec.Struct, frozen=True):
    """A letter that was given up, and what the other side said last."""

    day: str
    id: int
    account_id: int
    kind: str
    said: str
    at_ms: int


class LetterAllowanceRow(msgspec.Struct, frozen=True):
    """How many letters went to one address on one day; `key` is a keyed hash of both."""

    key: str
    spent: int


LETTERS = Table(
    name="letters",
    row=LetterRow,
    question="What became of this letter, and does its link still work?",
    partition=("id",),
    aggregate="letter:{id}",
    version="version",
    subject=("account_id",),
    retention="30 days",
    expires=True,
)
LETTERS_DUE = Table(
    name="letters_due",
    row=LetterDueRow,
    question="Which letters are to be handed over by now?",
    partition=("shard",),
    clustering=("due_at_ms", "id"),
    aggregate="letter:{id}",
    retention="until sent or given up, three days at most",
)
LETTERS_LOST = Table(
    name="letters_lost",
    row=LetterLostRow,
    question="Which letters were given up on this day?",
    partition=("day",),
    clustering=("id",),
    descending=True,
    aggregate="letter:{id}",
    subject=("account_id",),
    retention="30 days",
    expires=True,
)
LETTER_ALLOWANCES = Table(
    name="letter_allowances",
    row=LetterAllowanceRow,
    question="How many letters did this address get today?",
    partition=("key",),
    aggregate="letter_allowance:{key}",
    guarded=True,
    retention="a day",
    expires=True,
)

TABLES = (LETTERS, LETTERS_DUE, LETTERS_LOST, LETTER_ALLOWANCES)
