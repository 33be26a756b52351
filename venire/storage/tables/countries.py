"""The table of where members say that they are at home."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class CountryRow(msgspec.Struct, frozen=True):
    """Where an account says that it is at home; never traced."""

    account_id: int
    country: str
    said_at_ms: int


COUNTRIES = Table(
    name="account_countries",
    row=CountryRow,
    question="In which country does this account say that it is at home?",
    partition=("account_id",),
    aggregate="account_country:{account_id}",
    subject=("account_id",),
    retention="as the account",
)

TABLES = (COUNTRIES,)
