"""Tables of the fast lane: posting stopped until a verdict, packets, hold keys, counted entries."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class PendingRow(msgspec.Struct, frozen=True):
    """An author who may not post until the verdict on a severe threat.

    `key` is the step that held the post; `record_index` and `end_index` its places in the record
    (-1: it never came there). `ended_cause`: verdict, moderator, clock, appeal or deleted; empty
    while it stands.
    """

    case_id: int
    key: str
    account_id: int
    statement_id: int
    since_ms: int
    until_ms: int
    record_index: int | None
    ended_cause: str
    ended_at_ms: int | None
    end_index: int | None


class PacketRow(msgspec.Struct, frozen=True):
    """What is ready for the police where a life is at risk (DSA Art. 18). `body` is JSON.

    `state` is sealed, releasing or released. `prepared_by`: 0 for the system.
    """

    case_id: int
    id: int
    version: int
    author_id: int
    state: str
    prepared_by: int
    prepared_at_ms: int
    reason: str
    body: bytes
    digest: str
    released_by: int | None
    released_to: str
    released_at_ms: int | None
    record_index: int | None


class PacketListRow(msgspec.Struct, frozen=True):
    """A packet, found by its month."""

    month: str
    id: int
    case_id: int


class KeyHoldRow(msgspec.Struct, frozen=True):
    """A post that a juror with the hold key hid alone, and whether that lasted."""

    juror_id: int
    at_ms: int
    case_id: int
    lifted: bool


class HoldKeyRow(msgspec.Struct, frozen=True):
    """Since when a juror has had the hold key, from whom, and when it was lost."""

    juror_id: int
    version: int
    granted_at_ms: int
    granted_by: int
    lost_at_ms: int | None


class RecordFiguresRow(msgspec.Struct, frozen=True):
    """What the record's entries come to, counted up to `through` (exclusive). `body` is JSON."""

    epoch: int
    version: int
    through: int
    body: bytes


PENDING = Table(
    name="pending_suspensions",
    row=PendingRow,
    question="Who may not post until the verdict on this case?",
    partition=("case_id",),
    clustering=("key",),
    aggregate="pending:{case_id}:{key}",
    subject=("account_id",),
    retention="as the case",
)
PACKETS = Table(
    name="packets",
    row=PacketRow,
    question="What is ready for the police about this case?",
    partition=("case_id",),
    clustering=("id",),
    aggregate="packet:{id}",
    subject=("author_id",),
    version="version",
    expires=True,
    retention="6 months, or 6 months after its release",
    wide=True,
)
PACKET_LIST = Table(
    name="packets_by_month",
    row=PacketListRow,
    question="Which packets were prepared in this month?",
    partition=("month",),
    clustering=("id",),
    descending=True,
    aggregate="packet:{id}",
    expires=True,
    retention="as the packet",
)
KEY_HOLDS = Table(
    name="key_holds",
    row=KeyHoldRow,
    question="Which posts did this juror hide alone, and did it last?",
    partition=("juror_id",),
    clustering=("at_ms", "case_id"),
    descending=True,
    aggregate="key_hold:{juror_id}:{case_id}",
    subject=("juror_id",),
    retention="as the juror; never in an account export",
)
HOLD_KEYS = Table(
    name="hold_keys",
    row=HoldKeyRow,
    question="Since when has this juror had the hold key?",
    partition=("juror_id",),
    aggregate="hold_key:{juror_id}",
    subject=("juror_id",),
    version="version",
    retention="as the juror; never in an account export",
)
RECORD_FIGURES = Table(
    name="record_figures",
    row=RecordFiguresRow,
    question="How many holds does the record show, and how many did not last?",
    partition=("epoch",),
    aggregate="figures:{epoch}",
    version="version",
    retention="for ever; counted anew from the record at any time",
)

TABLES = (PENDING, PACKETS, PACKET_LIST, KEY_HOLDS, HOLD_KEYS, RECORD_FIGURES)
