"""What happens next with a case, and what a recorded step makes of it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from venire.cases.model import Case, Hold, Round, RoundKind, Source, Step, StepType, Verdict
from venire.cases.policy import CATEGORIES, Policy
from venire.kernel.clock import HOUR_MS
from venire.kernel.states import State, StateMachine

CASE_STATES = StateMachine(
    name="case",
    start="open",
    states=(
        State("open", ("judging", "decided", "closed"), "due_at_ms", "a hold, a draw or a person"),
        State("judging", ("decided", "closed"), "due_at_ms", "a verdict, or the subject is gone"),
        State("decided", ("judging", "closed"), "appeal time", "the appeal time, or an appeal"),
        State("closed", (), None, "nothing: it is over"),
    ),
)

What = Literal["hold", "draw", "seat", "verdict", "measure", "lift", "keep", "dispute", "wait"]


def gravest(categories: tuple[str, ...]) -> tuple[str, ...]:
    """Categories in the order of `docs/words.md`, which is by gravity, each once."""
    return tuple(name for name in CATEGORIES if name in categories)


def open_case(
    *,
    case_id: int,
    public_id: str,
    subject_kind: Literal["post", "account"],
    subject_id: int,
    author_id: int,
    source: Source,
    policy: Policy,
    now_ms: int,
) -> Case:
    """A new case from the first thing said about a subject."""
    category = policy.category(source.category)
    case = Case(
        id=case_id,
        public_id=public_id,
        subject_kind=subject_kind,
        subject_id=subject_id,
        author_id=author_id,
        opened_at_ms=now_ms,
        due_at_ms=now_ms + category.clock_hours * HOUR_MS,
        policy_version=policy.version,
        categories=(source.category,),
        sources=(),
    )
    return merge(case, source, policy)


def merge(case: Case, source: Source, policy: Policy) -> Case:
    """The case with one more thing said; holds are asked for, never taken back, by a source."""
    hold_wanted = case.hold_wanted
    if source.hold and case.hold == "none" and not hold_wanted:
        hold_wanted = source.kind
    sources = case.sources if source.kind in case.sources else (*case.sources, source.kind)
    reports = case.report_count + (source.kind == "report")
    merged = msgspec.structs.replace(
        case,
        categories=gravest((*case.categories, source.category)),
        sources=sources,
        report_count=reports,
        contested=is_contested(sources, reports, policy),
        private=case.private or source.private,
        hold_wanted=hold_wanted,
        inherits=case.inherits or source.inherits,
    )
    if source.kind == "notice" and case.state == "decided" and case.verdict == "keeps":
        # Kept before, and now an outside body says otherwise: the bench looks again.
        CASE_STATES.check(case.state, "judging")
        merged = msgspec.structs.replace(
            merged, state="judging", verdict=None, hold="none", hold_wanted="notice", measure=""
        )
    return merged


def is_contested(sources: tuple[str, ...], reports: int, policy: Policy) -> bool:
    """Whether a faction may have made this case: reports alone, or a burst of them."""
    return set(sources) <= {"report"} or reports >= policy.panel.contested.burst_reports


def first_round_kind(case: Case, policy: Policy) -> RoundKind | None:
    """Who judges first; None when a person must act (moderator, named person, procedure)."""
    judges = policy.category(case.category).judges
    if judges not in {"panel", "bench"}:
        return None
    return "bench" if case.private or judges == "bench" else "panel"


def what_next(case: Case, policy: Policy, *, seats_wanted: int, seats_open: int) -> What:
    """The next thing to do, from what is known now.

    `seats_wanted` and `seats_open` are of the present round: how many more it needs, how many have
    been asked and have not answered.
    """
    if case.state in {"decided", "closed"}:
        return "wait"
    if case.hold_wanted and case.hold == "none":
        return "hold"
    if takes_over(case):
        return "verdict"
    if case.verdict is not None and (case.round is None or case.round.recorded):
        return _after_verdict(case, policy)
    if case.round is None:
        return "wait" if first_round_kind(case, policy) is None else "draw"
    return _in_round(case.round, seats_wanted, seats_open)


def takes_over(case: Case) -> bool:
    """Whether an exact copy takes a verdict over: also from under a panel that has not decided."""
    undecided = case.round is None or case.round.verdict is None
    return bool(case.inherits) and case.verdict is None and undecided


def _in_round(current: Round, seats_wanted: int, seats_open: int) -> What:
    if current.state in {"verdict", "hung", "expired"}:
        return "draw" if current.recorded else "verdict"
    if current.state == "drawing":
        return "draw"
    if current.exhausted:
        # Everyone who could sit was asked: what is still undecided when the last has answered is
        # hung, and the bench takes it.
        return "verdict" if seats_open == 0 else "wait"
    return "seat" if seats_wanted > 0 else "wait"


def _after_verdict(case: Case, policy: Policy) -> What:
    if case.verdict == "violates":
        return "measure"
    if case.verdict == "hung":
        return "draw"
    if "notice" in case.sources and policy.holds.bench_on_notice_keeps:
        if case.disputed:
            return "wait"
        return "draw" if case.round is None or case.round.kind == "panel" else "dispute"
    return "lift" if case.hold == "held" else "keep"


def next_round(case: Case, policy: Policy, now_ms: int) -> Round:
    """The round that follows: a first one, or the bench after a panel that could not decide."""
    kind = first_round_kind(case, policy) if case.round is None else "bench"
    number = 1 if case.round is None else case.round.number + 1
    return Round(
        number=number,
        kind=kind or "bench",
        state="drawing",
        opened_at_ms=now_ms,
        rule=policy.panel.rule if kind == "panel" else "one_of_bench",
        contested=case.contested,
    )


def apply(case: Case, step: Step) -> Case:
    """What a step makes of the case, once it is in the record."""
    done = msgspec.structs.replace(case, pending=None, steps=case.steps + 1)
    return _EFFECTS[step.type](done, step)


def _held(case: Case, step: Step) -> Case:
    return msgspec.structs.replace(
        case, hold="held", held_at_ms=step.at_ms, held_by=step.by, hold_wanted=""
    )


def _drawn(case: Case, step: Step) -> Case:
    if step.opens is None:
        return case
    drawn = msgspec.structs.replace(step.opens, state="voting")
    if case.state == "open":
        CASE_STATES.check("open", "judging")
    return msgspec.structs.replace(
        case, round=drawn, state="judging", verdict=None, waits_for="ballots"
    )


def _seated(case: Case, step: Step) -> Case:
    if case.round is None:
        return case
    seated = msgspec.structs.replace(
        case.round,
        cursor=step.cursor,
        exhausted=step.exhausted,
        logged=(*case.round.logged, *step.logged),
    )
    return msgspec.structs.replace(case, round=seated)


def _judged(case: Case, step: Step) -> Case:
    current, ballots = case.round, 0
    if takes_over(case) and current is not None:
        current = msgspec.structs.replace(current, state="expired", recorded=True)
    elif current is not None and current.number == step.round:
        current = msgspec.structs.replace(current, recorded=True)
        ballots = current.violates + current.keeps if current.kind != "bench" else 0
    return msgspec.structs.replace(
        case,
        round=current,
        hung=case.hung or step.verdict == "hung",
        panel_ballots=case.panel_ballots + ballots,
        verdict=step.verdict,
        judged_by="bank" if takes_over(case) or current is None else current.kind,
        decided_at_ms=step.at_ms,
        state="judging",
    )


def _measured(case: Case, step: Step) -> Case:
    return _decided(case, step, measure=step.measure, hold=case.hold)


def _lifted(case: Case, step: Step) -> Case:
    hold: Hold = "lifted" if case.hold == "held" else case.hold
    return _decided(case, step, measure="none", hold=hold)


def _disputed(case: Case, _step: Step) -> Case:
    return msgspec.structs.replace(case, disputed=True, waits_for="operator")


def _decided(case: Case, step: Step, *, measure: str, hold: Hold) -> Case:
    CASE_STATES.check(case.state, "decided")
    return msgspec.structs.replace(
        case,
        state="decided",
        waits_for="",
        measure=measure,
        measured_at_ms=step.at_ms,
        decided_at_ms=case.decided_at_ms or step.at_ms,
        hold=hold,
        disputed=False,
    )


def _by_moderator(case: Case, step: Step) -> Case:
    if step.measure == "hold":
        return _held(case, msgspec.structs.replace(step, by="moderator"))
    verdict: Verdict = "violates" if step.measure == "remove" else "keeps"
    reopened = msgspec.structs.replace(
        case, state="judging", verdict=verdict, judged_by="moderator", decided_at_ms=step.at_ms
    )
    hold: Hold = "lifted" if step.measure == "keep" and case.hold == "held" else case.hold
    return _decided(reopened, step, measure=step.measure.replace("keep", "none"), hold=hold)


_EFFECTS: dict[StepType, Callable[[Case, Step], Case]] = {
    "hold": _held,
    "draw": _drawn,
    "seat": _seated,
    "verdict": _judged,
    "measure": _measured,
    "lift": _lifted,
    "keep": _lifted,
    "dispute": _disputed,
    "moderator_action": _by_moderator,
}
