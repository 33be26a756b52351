"""What the draw needs to know without asking everyone in a pool."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class BusyJurorRow(msgspec.Struct, frozen=True):
    """A seat that brought a juror near the day's dose. A hint: what counts is `service_by_juror`.

    A seat given back leaves its hint behind; whoever reads it counts that juror's seats.
    """

    day: str
    shard: int
    juror_id: int
    case_id: int
    round: int


BUSY_JURORS = Table(
    name="busy_jurors",
    row=BusyJurorRow,
    question="Which jurors may have reached their dose on this day?",
    partition=("day", "shard"),
    clustering=("juror_id", "case_id", "round"),
    aggregate="case:{case_id}",
    subject=("juror_id",),
    expires=True,
    retention="two days",
)

TABLES = (BUSY_JURORS,)
