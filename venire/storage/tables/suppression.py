"""Tables of the people room: addresses to which nothing is sent, letters that nobody wants."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class SuppressedRow(msgspec.Struct, frozen=True):
    """An address that took no letter, or whose owner complained. `said`: a status code.

    `address_key` is a keyed hash of the address.
    """

    address_key: str
    reason: str
    said: str
    since_ms: int


class LetterStopRow(msgspec.Struct, frozen=True):
    """A kind of letter that somebody wants no more of."""

    account_id: int
    kind: str
    since_ms: int


SUPPRESSED = Table(
    name="suppressed_addresses",
    row=SuppressedRow,
    question="Is nothing sent to this address, and why?",
    partition=("address_key",),
    aggregate="suppressed:{address_key}",
    guarded=True,
    retention="until the address is confirmed again, a year at most",
    expires=True,
)

LETTER_STOPS = Table(
    name="letter_stops",
    row=LetterStopRow,
    question="Of which letters does this member want no more?",
    partition=("account_id",),
    clustering=("kind",),
    aggregate="letter_stop:{account_id}:{kind}",
    subject=("account_id",),
    retention="until undone",
)

TABLES = (SUPPRESSED, LETTER_STOPS)
