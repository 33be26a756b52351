"""Tables of both sides being heard: appeals, moderators' notes, how often reporters are right."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class AppealRow(msgspec.Struct, frozen=True):
    """One party's appeal against one decision; `decision` is the number of its step on the case.

    `leader_id` is who appealed first: other reporters join that appeal and end with it. State and
    code are the leader's to carry. `ended_by` is the key of the step that ended it. `for_site`: the
    site itself asked, by the hand of an account, for whomever the decision went against.
    """

    case_id: int
    decision: int
    account_id: int
    leader_id: int
    party: str
    state: str
    code: str
    reason: str
    filed_at_ms: int
    due_at_ms: int
    ended_at_ms: int | None
    ended_by: str | None
    for_site: bool = False


class AppealOfAccountRow(msgspec.Struct, frozen=True):
    """The same, found by who appealed."""

    account_id: int
    case_id: int
    decision: int


class CaseNoteRow(msgspec.Struct, frozen=True):
    """What a moderator wrote beside a case, for moderators alone."""

    case_id: int
    id: int
    actor_id: int
    text: str
    at_ms: int


class CaseKeeperRow(msgspec.Struct, frozen=True):
    """The moderator who looks after a case."""

    case_id: int
    account_id: int | None
    since_ms: int
    version: int


class ReportOutcomeRow(msgspec.Struct, frozen=True):
    """What became of a member's report on one case: right, wrong or unfounded."""

    reporter_id: int
    case_id: int
    outcome: str
    at_ms: int


class ReporterStandingRow(msgspec.Struct, frozen=True):
    """How a member stands as a reporter: clear, warned or suspended until a moment.

    `counted_from` is the case after which unfounded reports count: those before were answered for.
    `appeal`: empty, waiting, upheld or won.
    """

    account_id: int
    state: str
    since_ms: int
    until_ms: int | None
    counted_from: int
    statement_id: int
    appeal: str
    reason: str
    answered_by: int | None
    version: int


class ReporterAppealRow(msgspec.Struct, frozen=True):
    """A suspended reporter's appeal that waits for a moderator."""

    shard: int
    account_id: int
    at_ms: int


APPEALS = Table(
    name="appeals",
    row=AppealRow,
    question="Who appealed against which decision of this case, and what came of it?",
    partition=("case_id",),
    clustering=("decision", "account_id"),
    aggregate="case:{case_id}",
    subject=("account_id",),
    retention="as the case",
    wide=True,
)
APPEALS_BY_ACCOUNT = Table(
    name="appeals_by_account",
    row=AppealOfAccountRow,
    question="Which decisions did this account appeal against?",
    partition=("account_id",),
    clustering=("case_id", "decision"),
    descending=True,
    aggregate="case:{case_id}",
    subject=("account_id",),
    retention="as the case",
)
CASE_NOTES = Table(
    name="case_notes",
    row=CaseNoteRow,
    question="What did moderators note beside this case?",
    partition=("case_id",),
    clustering=("id",),
    descending=True,
    aggregate="case_notes:{case_id}",
    subject=("actor_id",),
    retention="as the case",
    wide=True,
)
CASE_KEEPERS = Table(
    name="case_keepers",
    row=CaseKeeperRow,
    question="Which moderator looks after this case?",
    partition=("case_id",),
    aggregate="case_notes:{case_id}",
    subject=("account_id",),
    version="version",
    retention="as the case",
)
REPORT_OUTCOMES = Table(
    name="report_outcomes",
    row=ReportOutcomeRow,
    question="How often was this reporter right, of late?",
    partition=("reporter_id",),
    clustering=("case_id",),
    descending=True,
    aggregate="reporter:{reporter_id}",
    subject=("reporter_id",),
    expires=True,
    retention="a year",
)
REPORTERS = Table(
    name="reporters",
    row=ReporterStandingRow,
    question="May this member report?",
    partition=("account_id",),
    aggregate="reporter:{account_id}",
    subject=("account_id",),
    version="version",
    retention="while the account is there",
    wide=True,
)
REPORTER_APPEALS = Table(
    name="reporter_appeals",
    row=ReporterAppealRow,
    question="Which suspended reporters wait for an answer?",
    partition=("shard",),
    clustering=("account_id",),
    aggregate="reporter:{account_id}",
    subject=("account_id",),
    retention="until answered",
)

TABLES = (
    APPEALS,
    APPEALS_BY_ACCOUNT,
    CASE_NOTES,
    CASE_KEEPERS,
    REPORT_OUTCOMES,
    REPORTERS,
    REPORTER_APPEALS,
)
