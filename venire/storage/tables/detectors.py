"""The text bank: what was judged, so that it is known when it comes again."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class BankRow(msgspec.Struct, frozen=True):
    """One judged text in its normal form; copies inherit the verdict of the case `origin`."""

    shard: int
    post_id: int
    origin: str
    category: str
    normal_form: str
    active: bool
    added_at_ms: int


TEXT_BANK = Table(
    name="text_bank",
    row=BankRow,
    question="Which judged texts are there to compare with?",
    partition=("shard",),
    clustering=("post_id",),
    aggregate="bank:{post_id}",
    retention="while its verdict stands",
    wide=True,
)

TABLES = (TEXT_BANK,)
