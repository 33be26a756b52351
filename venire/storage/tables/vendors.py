"""Tables of the continuity room: how each vendor does, and what drills have shown."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class VendorStateRow(msgspec.Struct, frozen=True):
    """How one vendor does; `state` as in `continuity.breaker`. `said`: its code, nothing personal.

    `until_ms`: when a resting one is tried again. `rests`: how often in a row it has rested.
    """

    kind: str
    name: str
    version: int
    state: str
    since_ms: int
    until_ms: int | None
    rests: int
    said: str
    last_success_ms: int | None
    last_fault_ms: int | None


class DrillResultRow(msgspec.Struct, frozen=True):
    """What a drill showed; `result` is the JSON that `venire drill vendors` prints."""

    drill: str
    at_ms: int
    kind: str
    passed: bool
    switched_ms: int | None
    result: bytes


VENDOR_STATES = Table(
    name="vendor_states",
    row=VendorStateRow,
    question="How do the vendors of this kind do?",
    partition=("kind",),
    clustering=("name",),
    aggregate="vendor:{kind}:{name}",
    version="version",
    retention="as long as the vendor is named in the settings",
)
DRILL_RESULTS = Table(
    name="drill_results",
    row=DrillResultRow,
    question="When was this drill last passed, and how long did it take?",
    partition=("drill",),
    clustering=("at_ms",),
    descending=True,
    aggregate="drill:{drill}",
    retention="two years",
    expires=True,
)

TABLES = (VENDOR_STATES, DRILL_RESULTS)
