"""How often a reporter is right, what their word opens, and when it is not taken. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec

from venire.cases.model import Case, Source
from venire.cases.policy import Policy
from venire.cases.reporter_policy import ReporterPolicy
from venire.kernel.clock import DAY_MS, HOUR_MS
from venire.kernel.states import State, StateMachine

RIGHT: Final = "right"
WRONG: Final = "wrong"
UNFOUNDED: Final = "unfounded"
"""Manifestly so: reported by members alone, and not one of the jurors saw a violation."""

REPORTER_STATES: Final = StateMachine(
    name="reporter",
    start="clear",
    states=(
        State("clear", ("warned",), "none", "reports that are manifestly unfounded"),
        State("warned", ("suspended", "clear"), "warning_lapses", "more of them, or half a year"),
        State(
            "suspended",
            ("warned", "clear", "over"),
            "until_ms",
            "its time, an appeal that is won, or a verdict that was overturned",
        ),
        State("over", (), None, "nothing: the account is gone"),
    ),
)
_NOT_FOR_A_PERSON: Final = frozenset({"", "ballots", "bench", "reports"})
WARNING_MS: Final = 182 * DAY_MS
Turn = Literal["stay", "warn", "suspend", "clear"]


class Reported(msgspec.Struct, frozen=True):
    """What became of one report."""

    outcome: str
    at_ms: int


def outcome_of(case: Case) -> str:
    """What a decided case says of those who reported it; empty where it says nothing."""
    if case.state != "decided" or case.verdict not in {"violates", "keeps"}:
        return ""
    if case.verdict == "violates":
        return RIGHT
    current = case.round
    jury = current is not None and current.kind in {"panel", "appeal"} and current.recorded
    alone = set(case.sources) <= {"report"} and case.judged_by in {"panel", "appeal"}
    # Where some panel saw a violation, or hung, the report was no idle one.
    clear = not case.struck and not case.hung
    if jury and alone and clear and current and current.keeps and not current.violates:
        return UNFOUNDED
    return WRONG


def accuracy(outcomes: Sequence[Reported], policy: ReporterPolicy) -> float:
    """How often a reporter is right, 0..1: of the last ones, shrunk to the prior."""
    right = sum(one.outcome == RIGHT for one in outcomes)
    return (right + policy.prior * policy.strength) / (len(outcomes) + policy.strength)


def turn(
    state: str,
    outcomes: Sequence[Reported],
    policy: ReporterPolicy,
    *,
    counted_from_ms: int,
    since_ms: int,
    now_ms: int,
) -> Turn:
    """Whether a reporter is warned, then suspended: by number and by share (Art. 23(3)).

    What was overturned since does not count: with it a suspension goes.
    """
    late = [one for one in outcomes if one.at_ms > counted_from_ms]
    bad = sum(one.outcome == UNFOUNDED for one in late)
    needed = policy.suspend_at if state != "clear" else policy.warn_at
    many = bad >= needed and bad >= policy.share * len(late)
    if state == "suspended":
        return "stay" if many else "clear"
    if state == "warned":
        if many:
            return "suspend"
        return "clear" if now_ms >= since_ms + WARNING_MS else "stay"
    return "warn" if many else "stay"


def heard(case: Case, source: Source, policy: Policy, *, new_reporter: bool) -> Case:
    """A case with what a report weighs, and until when it waits for a second one.

    Weight opens a panel at once or has it wait a few hours; it never hides anything.
    """
    if source.kind == "report" and new_reporter:
        one = policy.reporters.prior if source.weight is None else source.weight
        case = msgspec.structs.replace(case, report_weight=case.report_weight + one)
    alone = set(case.sources) <= {"report"} and not case.hold_wanted and case.hold == "none"
    light = case.report_weight < policy.reporters.panel_at
    if not (alone and light):
        return msgspec.structs.replace(case, second_by_ms=0)
    if case.second_by_ms or case.round is not None:
        return case
    by_ms = source.at_ms + policy.reporters.second_hours * HOUR_MS
    return msgspec.structs.replace(case, second_by_ms=by_ms)


def waits_for_a_second(case: Case, now_ms: int) -> bool:
    """Whether reports alone, of those who are seldom right, wait for one more."""
    return case.round is None and case.state == "open" and now_ms < case.second_by_ms


def in_order(cases: Iterable[Case], policy: Policy) -> list[Case]:
    """A queue: what waits for a person first, what the seldom right say last, the oldest first."""

    def place(case: Case) -> tuple[bool, bool, int]:
        light = set(case.sources) <= {"report"} and case.report_weight < policy.reporters.panel_at
        return case.waits_for in _NOT_FOR_A_PERSON, light, case.id

    return sorted(cases, key=place)
