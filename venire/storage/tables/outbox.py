"""Tables of the cellar itself: events that failed for good, and what is due later."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class ParkedRow(msgspec.Struct, frozen=True):
    """An event that a subscriber could not handle, kept until it can."""

    subscriber: str
    event_id: int
    envelope: bytes
    error: str


class TimerRow(msgspec.Struct, frozen=True):
    """Something due: `kind` names the handler, `key` what it is about."""

    shard: int
    due_at_ms: int
    kind: str
    key: str
    aggregate: str


PARKED = Table(
    name="parked_events",
    row=ParkedRow,
    question="Which events could a subscriber not handle?",
    partition=("subscriber",),
    clustering=("event_id",),
    aggregate="parked:{subscriber}:{event_id}",
    retention="until handled",
    wide=True,
)

TIMERS = Table(
    name="timers",
    row=TimerRow,
    question="What is due by now?",
    partition=("shard",),
    clustering=("due_at_ms", "kind", "key"),
    aggregate="{aggregate}",
    retention="until fired",
)
"""A timer belongs to the aggregate that waits, so that the wait and its end are one commit."""

TABLES = (PARKED, TIMERS)
