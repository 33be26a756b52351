"""Tables of the reports' desk: which are open, about whom, and who looks after them."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class ReportDeskRow(msgspec.Struct, frozen=True):
    """How a report stands with the moderators. `category` and `rule_ids` (JSON): as corrected.

    `resolved_by` is None where its cases were decided without a moderator.
    """

    report_id: int
    state: str
    assigned_id: int | None
    category: str | None
    rule_ids: bytes | None
    updated_at_ms: int
    resolved_at_ms: int | None
    resolved_by: int | None


class ReportRollRow(msgspec.Struct, frozen=True):
    """A report in the month (`YYYY-MM`) in which it was filed; `state` is open or resolved."""

    state: str
    month: str
    report_id: int


class ReportTargetRow(msgspec.Struct, frozen=True):
    """The same, found by whom it is about."""

    target_account_id: int
    report_id: int
    reporter_id: int


REPORT_DESK = Table(
    name="report_desk",
    row=ReportDeskRow,
    question="How does this report stand with the moderators?",
    partition=("report_id",),
    aggregate="report:{report_id}",
    subject=("assigned_id", "resolved_by"),
    retention="as the report",
)
REPORT_ROLL = Table(
    name="report_roll",
    row=ReportRollRow,
    question="Which reports are open, which are resolved?",
    partition=("state", "month"),
    clustering=("report_id",),
    descending=True,
    aggregate="report:{report_id}",
    retention="as the report",
)
REPORT_TARGETS = Table(
    name="reports_by_target",
    row=ReportTargetRow,
    question="Which reports are about this account?",
    partition=("target_account_id",),
    clustering=("report_id",),
    descending=True,
    aggregate="report:{report_id}",
    subject=("reporter_id",),
    retention="as the report",
)

TABLES = (REPORT_DESK, REPORT_ROLL, REPORT_TARGETS)
