"""The people room's table of addresses to which nothing, or nothing but what is needed, is sent."""

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

TABLES = (SUPPRESSED,)
