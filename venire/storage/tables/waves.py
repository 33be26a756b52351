"""Tables of undone waves: what one account did in a span, taken back, and put back again."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class WaveRow(msgspec.Struct, frozen=True):
    """A wave that is undone, or put back. `part` and `place` say how far it has come."""

    id: int
    version: int
    account_id: int
    actor_id: int
    state: str
    part: str
    place: int | None
    since_ms: int
    until_ms: int
    category: str
    reason: str
    posts: int
    boosts: int
    follows: int
    at_ms: int


class WaveListRow(msgspec.Struct, frozen=True):
    """The same, found by whose it was."""

    account_id: int
    id: int


class WaveItemRow(msgspec.Struct, frozen=True):
    """One thing that was taken back: `kind` is post, boost or follow."""

    wave_id: int
    kind: str
    item_id: int


WAVES = Table(
    name="waves",
    row=WaveRow,
    question="How far has this wave been undone?",
    partition=("id",),
    aggregate="wave:{id}",
    subject=("account_id",),
    version="version",
    retention="a year",
    expires=True,
)
WAVES_BY_ACCOUNT = Table(
    name="waves_by_account",
    row=WaveListRow,
    question="Which waves of this account were undone?",
    partition=("account_id",),
    clustering=("id",),
    descending=True,
    aggregate="wave:{id}",
    subject=("account_id",),
    retention="a year",
    expires=True,
)
WAVE_ITEMS = Table(
    name="wave_items",
    row=WaveItemRow,
    question="What was taken back with this wave?",
    partition=("wave_id",),
    clustering=("kind", "item_id"),
    aggregate="wave:{wave_id}",
    retention="a year",
    expires=True,
)

TABLES = (WAVES, WAVES_BY_ACCOUNT, WAVE_ITEMS)
