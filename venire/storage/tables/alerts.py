"""Tables of alerts: how a juror hears of a summons, and which of the ways there are alive."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class AlertRow(msgspec.Struct, frozen=True):
    """The last alert of a juror: which way it went, and when the clock looks at it again.

    `tried` is JSON: the channels that it has gone to. `phase`: of the last one of them.
    """

    juror_id: int
    version: int
    id: int
    state: str
    tried: bytes
    phase: str
    begun_at_ms: int
    told_at_ms: int | None
    next_at_ms: int
    seen_at_ms: int | None


class ChannelHealthRow(msgspec.Struct, frozen=True):
    """How one way to a juror fares. `said`: the other side's code, never an address.

    `unopened`: alerts in a row that went this way and led nobody to the jury room.
    """

    juror_id: int
    channel: str
    health: str
    said: str
    since_ms: int
    unopened: int


ALERTS = Table(
    name="juror_alerts",
    row=AlertRow,
    question="Has this juror heard of the summons?",
    partition=("juror_id",),
    aggregate="alert:{juror_id}",
    version="version",
    subject=("juror_id",),
    retention="until the next one; never in an account export",
)
CHANNEL_HEALTH = Table(
    name="juror_channels",
    row=ChannelHealthRow,
    question="Which ways to this juror are alive?",
    partition=("juror_id",),
    clustering=("channel",),
    aggregate="alert:{juror_id}",
    subject=("juror_id",),
    retention="as the account; never in an account export",
)

TABLES = (ALERTS, CHANNEL_HEALTH)
