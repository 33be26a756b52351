"""Tables of the spine: cases, what was said, rounds, seats, statements, reports."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class CaseRow(msgspec.Struct, frozen=True):
    """The head of a case. `body` is the whole case as JSON (`cases.model.Case`)."""

    id: int
    subject_kind: str
    subject_id: int
    author_id: int
    state: str
    body: bytes
    version: int


class SubjectRow(msgspec.Struct, frozen=True):
    """The case of a subject that is not closed: one at a time."""

    subject_kind: str
    subject_id: int
    case_id: int


class PublicCaseRow(msgspec.Struct, frozen=True):
    """From the public id that stands in the record to the case."""

    public_id: str
    case_id: int


class OpenCaseRow(msgspec.Struct, frozen=True):
    """A case that waits for something."""

    shard: int
    case_id: int
    state: str
    waits_for: str
    opened_at_ms: int


class SourceRow(msgspec.Struct, frozen=True):
    """One report, signal, notice item or bank match on a case."""

    case_id: int
    kind: str
    ref: str
    at_ms: int
    account_id: int | None
    body: bytes


class CopyRow(msgspec.Struct, frozen=True):
    """A case on a copy, found by the case whose post it copies."""

    origin: str
    case_id: int


class SeatRow(msgspec.Struct, frozen=True):
    """A juror asked to sit in a round, and what became of it; a vote once cast stays."""

    case_id: int
    round: int
    juror_id: int
    pool_index: int | None
    state: str
    offered_at_ms: int
    deadline_ms: int
    hit_rate: float
    false_alarm_rate: float
    vote: str | None
    category: str | None
    reason: str | None
    voted_at_ms: int | None


class SummonsRow(msgspec.Struct, frozen=True):
    """The same seat from the juror's side, while it is open."""

    juror_id: int
    case_id: int
    round: int
    state: str
    deadline_ms: int


class ServiceRow(msgspec.Struct, frozen=True):
    """A juror's seats of a day: the dose, and what is owed."""

    juror_id: int
    day: str
    case_id: int
    round: int
    state: str


class StatementRow(msgspec.Struct, frozen=True):
    """A statement of reasons, as sent to the author (DSA Art. 17)."""

    account_id: int
    id: int
    case_id: int
    kind: str
    at_ms: int
    body: bytes


class ReportRow(msgspec.Struct, frozen=True):
    """A member's complaint, as it was filed (Mastodon `Report`)."""

    id: int
    reporter_id: int
    target_account_id: int
    category: str
    comment: str
    post_ids: bytes
    rule_ids: bytes
    created_at_ms: int
    outcome: str | None
    version: int


class ReporterRow(msgspec.Struct, frozen=True):
    """The reports of one member, newest first."""

    reporter_id: int
    report_id: int


class ModeratorActionRow(msgspec.Struct, frozen=True):
    """What a moderator did by hand, and why; undone by a later row."""

    month: str
    id: int
    actor_id: int
    case_id: int
    action: str
    reason: str
    at_ms: int


CASES = Table(
    name="cases",
    row=CaseRow,
    question="What is known of this case?",
    partition=("id",),
    aggregate="case:{id}",
    subject=("author_id",),
    version="version",
    retention="6 months after closing; the record stays",
    wide=True,
)

SUBJECTS = Table(
    name="case_by_subject",
    row=SubjectRow,
    question="Which case is open on this post or account?",
    partition=("subject_kind", "subject_id"),
    aggregate="case:{case_id}",
    guarded=True,
    expires=True,
    retention="as the case",
)

PUBLIC_CASES = Table(
    name="case_by_public_id",
    row=PublicCaseRow,
    question="Which case is this public id?",
    partition=("public_id",),
    aggregate="case:{case_id}",
    retention="as the case",
)

OPEN_CASES = Table(
    name="open_cases",
    row=OpenCaseRow,
    question="Which cases are open, oldest first?",
    partition=("shard",),
    clustering=("case_id",),
    aggregate="case:{case_id}",
    retention="until decided",
)

SOURCES = Table(
    name="case_sources",
    row=SourceRow,
    question="What was said about the subject of this case?",
    partition=("case_id",),
    clustering=("kind", "ref"),
    aggregate="case:{case_id}",
    subject=("account_id",),
    retention="as the case",
    wide=True,
)

COPIES = Table(
    name="copies_by_origin",
    row=CopyRow,
    question="Which cases are about copies of this one's post?",
    partition=("origin",),
    clustering=("case_id",),
    aggregate="case:{case_id}",
    retention="as the case",
)

SEATS = Table(
    name="seats",
    row=SeatRow,
    question="Who sits in this round, and how did they vote?",
    partition=("case_id",),
    clustering=("round", "juror_id"),
    aggregate="case:{case_id}",
    subject=("juror_id",),
    retention="as the case; kept apart from exports",
)

SUMMONS = Table(
    name="summons_by_juror",
    row=SummonsRow,
    question="Which summons of this juror are open?",
    partition=("juror_id",),
    clustering=("case_id", "round"),
    aggregate="case:{case_id}",
    subject=("juror_id",),
    retention="until answered",
)

SERVICE = Table(
    name="service_by_juror",
    row=ServiceRow,
    question="How often did this juror serve on this day?",
    partition=("juror_id", "day"),
    clustering=("case_id", "round"),
    aggregate="case:{case_id}",
    subject=("juror_id",),
    retention="as the treasury needs",
)

STATEMENTS = Table(
    name="statements",
    row=StatementRow,
    question="Which statements of reasons did this account get?",
    partition=("account_id",),
    clustering=("id",),
    descending=True,
    aggregate="case:{case_id}",
    subject=("account_id",),
    retention="6 months after the appeal time",
    wide=True,
)

REPORTS = Table(
    name="reports",
    row=ReportRow,
    question="What does this report say?",
    partition=("id",),
    aggregate="report:{id}",
    subject=("reporter_id",),
    version="version",
    retention="as its case",
    wide=True,
)

REPORTS_BY_REPORTER = Table(
    name="reports_by_reporter",
    row=ReporterRow,
    question="What did this member report?",
    partition=("reporter_id",),
    clustering=("report_id",),
    descending=True,
    aggregate="report:{report_id}",
    subject=("reporter_id",),
    retention="as its case",
)

MODERATOR_ACTIONS = Table(
    name="moderator_actions",
    row=ModeratorActionRow,
    question="What did moderators do by hand?",
    partition=("month",),
    clustering=("id",),
    descending=True,
    aggregate="case:{case_id}",
    subject=("actor_id",),
    retention="for ever",
    wide=True,
)

TABLES = (
    CASES,
    SUBJECTS,
    PUBLIC_CASES,
    OPEN_CASES,
    SOURCES,
    COPIES,
    SEATS,
    SUMMONS,
    SERVICE,
    STATEMENTS,
    REPORTS,
    REPORTS_BY_REPORTER,
    MODERATOR_ACTIONS,
)
