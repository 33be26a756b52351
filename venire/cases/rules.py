"""What happens next with a case, and what a recorded step makes of it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from venire.cases import appeals, asking, clocks, closing, reporter_rules, rounds, unheard
from venire.cases.judges import SEALED, acted_on, is_for_bench
from venire.cases.limits import LIFTS, LIMITS, hold_after, limited, measure_of, stays, struck_by
from venire.cases.model import Case, Hold, Round, RoundKind, Source, Step, StepType, Verdict
from venire.cases.policy import CATEGORIES, Policy
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

What = Literal[
    "hold",
    "draw",
    "chance",
    "seat",
    "verdict",
    "measure",
    "lift",
    "keep",
    "dispute",
    "appeal_end",
    "answer",
    "wait",
]

_WEIGHT = {"panel": 1, "appeal": 1, "bench": 2, "admin": 2, "named_person": 3}


def gravest(categories: tuple[str, ...]) -> tuple[str, ...]:
    """Categories each once, by gravity: what may harm a child, then by `docs/words.md`."""
    first = (SEALED, *(name for name in CATEGORIES if name != SEALED))
    return tuple(name for name in first if name in categories)


def is_sealed(case: Case) -> bool:
    """Whether no juror and no bench may see this case, or any part of it."""
    return SEALED in case.categories


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
    case = Case(
        id=case_id,
        public_id=public_id,
        subject_kind=subject_kind,
        subject_id=subject_id,
        author_id=author_id,
        opened_at_ms=now_ms,
        due_at_ms=clocks.due_ms(source, policy, now_ms),
        clock_from_ms=now_ms,
        policy_version=policy.version,
        categories=(source.category,),
        sources=(),
    )
    return merge(case, source, policy)


def merge(case: Case, source: Source, policy: Policy, *, new_reporter: bool = True) -> Case:
    """The case with one more thing said; holds are asked for, never taken back, by a source.

    `new_reporter`: whether a report's member had not reported this before. One member's twenty
    reports are not a burst, and must not buy the slower rule of contested cases.
    """
    hold_wanted = case.hold_wanted
    if source.hold and not hold_wanted and clocks.may_hold(case, source):
        hold_wanted = source.kind
    sources = case.sources if source.kind in case.sources else (*case.sources, source.kind)
    reports = case.report_count + (source.kind == "report" and new_reporter)
    merged = msgspec.structs.replace(
        case,
        categories=gravest((*case.categories, source.category)),
        sources=sources,
        report_count=reports,
        contested=case.together or is_contested(sources, reports, policy),
        private=case.private or source.private,
        hold_wanted=hold_wanted,
        inherits=case.inherits or source.inherits,
        due_at_ms=clocks.merged_due_ms(case, source, policy),
    )
    merged = reporter_rules.heard(merged, source, policy, new_reporter=new_reporter)
    if not is_reopened_by(case, source, policy):
        return merged
    return msgspec.structs.replace(
        reopen(merged, due_at_ms=clocks.due_ms(source, policy, source.at_ms)),
        hold_wanted=source.kind if source.hold else "",
        inherits=source.inherits,
    )


def is_reopened_by(case: Case, source: Source, policy: Policy) -> bool:
    """Whether what was kept, or left in its place, is judged again.

    An outside body says otherwise; or the post was changed since; or it is now said to break a
    rule that graver judges answer for than those who kept it. Else a friend's report of spam, or a
    harmless first wording, would be a shield for ever.
    """
    if case.state != "decided" or not (case.verdict == "keeps" or stays(case)):
        return False
    changed = (source.edited_at_ms or 0) >= (case.measured_at_ms or 0) > 0
    judges = _WEIGHT.get(policy.category(source.category).judges, 0)
    graver = source.category not in case.categories and judges > _WEIGHT.get(case.judged_by, 0)
    return source.kind == "notice" or changed or graver


def reopen(case: Case, *, due_at_ms: int) -> Case:
    """A decided case as it stands when it has to be judged again."""
    CASE_STATES.check(case.state, "judging")
    return msgspec.structs.replace(
        case,
        state="judging",
        verdict=None,
        found="",
        judged_by="",
        measure=case.measure if stays(case) else "",
        measured_at_ms=None,
        hold="none",
        hold_wanted="",
        inherits="",
        due_at_ms=due_at_ms,
        round=ended(case.round),
    )


def ended(current: Round | None) -> Round | None:
    """A round that nobody votes in any more; one that has decided stays as it is."""
    if current is None or current.state not in {"drawing", "voting"}:
        return current
    return msgspec.structs.replace(current, state="expired", recorded=True)


def is_contested(sources: tuple[str, ...], reports: int, policy: Policy) -> bool:
    """Whether a faction may have made this case: reports alone, or a burst of them."""
    return set(sources) <= {"report", "juror"} or reports >= policy.panel.contested.burst_reports


def first_round_kind(case: Case, policy: Policy) -> RoundKind | None:
    """Who judges first; None when a person must act (moderator, named person, procedure)."""
    judges = policy.category(case.category).judges
    if judges not in {"panel", "bench"} or is_sealed(case) or case.subject_kind == "account":
        # There is no text of an account to put before jurors: a moderator looks at it whole.
        return None
    return "bench" if is_for_bench(case, policy) else "panel"


def waits_for(case: Case, policy: Policy) -> str:
    """Who or what ends the present wait of a case; empty when it does not wait."""
    if case.state in {"decided", "closed"}:
        return ""
    if case.disputed:
        return "operator"
    if is_sealed(case):
        return "named_person"
    if case.round is None or _is_between_rounds(case):
        if case.subject_kind == "account":
            return "moderator"
        judges = policy.category(case.category).judges
        light = judges == "panel" and case.second_by_ms and case.round is None
        return "reports" if light else judges
    return "bench" if case.round.kind == "bench" else "ballots"


def what_next(
    case: Case, policy: Policy, *, seats_wanted: int, seats_open: int, overdue: bool = False
) -> What:
    """The next thing to do, from what is known now.

    `seats_wanted` and `seats_open` are of the present round: how many more it needs, how many have
    been asked and have not answered. `overdue`: its clock has run out, so nobody more is asked.
    """
    if case.state in {"decided", "closed"}:
        return "wait"
    if _wants_hold(case) or takes_over(case):
        return "hold" if _wants_hold(case) else "verdict"
    if case.asks and overdue and not seats_open and not asking.is_answered(case):
        return "answer"
    if case.verdict is not None and (case.round is None or case.round.recorded):
        return _on_verdict(case, policy)
    if case.round is None or _is_between_rounds(case):
        return "wait" if _waits_for_a_person(case, policy) else "draw"
    return _in_round(case.round, seats_wanted, seats_open, overdue=overdue)


def _wants_hold(case: Case) -> bool:
    return bool(case.hold_wanted) and case.hold != "held" and case.measure != "remove"


def _is_between_rounds(case: Case) -> bool:
    """Whether a round is over and the case has been opened again without a verdict."""
    return case.round is not None and case.round.recorded and case.verdict is None


def _waits_for_a_person(case: Case, policy: Policy) -> bool:
    if case.appeal is not None:
        return appeals.round_kind(case, policy) is None
    if case.sources == ("moderator",) and case.hold == "none":
        # The moderator who opened it is about to say what to do: no juror is called for that.
        return True
    if case.round is not None and "notice" in case.sources:
        return is_sealed(case)
    return first_round_kind(case, policy) is None


def takes_over(case: Case) -> bool:
    """Whether an exact copy takes a verdict over: also from under a panel that has not decided."""
    undecided = case.round is None or case.round.verdict is None or case.round.recorded
    return bool(case.inherits) and case.verdict is None and undecided


def _in_round(current: Round, seats_wanted: int, seats_open: int, *, overdue: bool) -> What:
    if current.state in {"verdict", "hung", "expired"}:
        return "draw" if current.recorded else "verdict"
    if current.state == "drawing":
        return rounds.while_drawing(current)
    if current.exhausted or (overdue and current.kind != "bench"):
        # Everyone who could sit was asked, or the time is up: what is still undecided when the
        # last has answered is hung, and the bench takes it.
        return "verdict" if seats_open == 0 else "wait"
    return "seat" if seats_wanted > 0 else "wait"


def _on_verdict(case: Case, policy: Policy) -> What:
    if case.asks:
        return asking.after_verdict(case)
    appealed = case.appeal is not None
    return appeals.after_verdict(case, policy) if appealed else _after_verdict(case, policy)


def _after_verdict(case: Case, policy: Policy) -> What:
    if case.verdict == "violates":
        return "measure"
    if is_sealed(case):
        return "wait"
    if case.verdict == "hung":
        return "draw"
    if "notice" in case.sources and policy.holds.bench_on_notice_keeps:
        if case.disputed:
            return "wait"
        return "draw" if case.round is None or case.round.kind == "panel" else "dispute"
    return "lift" if case.hold == "held" or stays(case) else "keep"


def next_round(case: Case, policy: Policy, now_ms: int) -> Round:
    """The round that follows: a first one, or the bench after a panel that could not decide."""
    if case.appeal is not None:
        return appeals.next_round(case, policy, now_ms)
    first = case.round is None or (_is_between_rounds(case) and "notice" not in case.sources)
    kind = first_round_kind(case, policy) if first else "bench"
    judges = policy.category(case.category).judges
    last = case.round.number if case.round else asking.first_number(case, judges) - 1
    return Round(
        number=last + 1,
        kind=kind or "bench",
        state="drawing",
        opened_at_ms=now_ms,
        rule=policy.panel.rule if kind == "panel" else "one_of_bench",
        contested=case.contested,
    )


def apply(case: Case, step: Step) -> Case:
    """What a step makes of the case, once it is in the record."""
    untold = (*case.untold, step.key) if step.untold else case.untold
    done = msgspec.structs.replace(
        case, pending=None, steps=case.steps + 1, untold=untold, acted=acted_on(case, step)
    )
    return _EFFECTS[step.type](done, step)


def _held(case: Case, step: Step) -> Case:
    return msgspec.structs.replace(
        case, hold="held", held_at_ms=step.at_ms, held_by=step.by, held=step.key, hold_wanted=""
    )


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
        judged_by="bank" if takes_over(case) or current is None else step.by or current.kind,
        found=step.category,
        decided_at_ms=step.at_ms,
        state="judging",
    )


def _measured(case: Case, step: Step) -> Case:
    struck = msgspec.structs.replace(case, struck=struck_by(case, step))
    return _decided(struck, step, measure=step.measure, hold=hold_after(case, step.measure))


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
        decision=step.key,
        appeals=0,
    )


def _by_moderator(case: Case, step: Step) -> Case:
    if step.measure in LIMITS or step.measure in LIFTS:
        judged = msgspec.structs.replace(limited(case, step), round=ended(case.round))
        return _decided(judged, step, measure=measure_of(judged), hold=case.hold)
    if step.measure == "hold":
        there = reopen(case, due_at_ms=step.due_at_ms) if case.state == "decided" else case
        return _held(there, msgspec.structs.replace(step, by="moderator"))
    removes = step.measure == "remove"
    verdict: Verdict = "violates" if removes else "keeps"
    reopened = msgspec.structs.replace(
        case,
        state="judging",
        verdict=verdict,
        found=step.category if removes else "",
        judged_by=step.by or "moderator",
        decided_at_ms=step.at_ms,
        hold_wanted="",
        inherits="",
        struck=struck_by(case, step) if removes else case.struck,
        limits=case.limits if removes else (),
        round=ended(case.round),
    )
    hold: Hold = "lifted" if not removes and case.hold == "held" else case.hold
    return _decided(reopened, step, measure="remove" if removes else "none", hold=hold)


_EFFECTS: dict[StepType, Callable[[Case, Step], Case]] = {
    "hold": _held,
    "draw": rounds.drawn,
    "chance": rounds.chance_known,
    "seat": rounds.seated,
    "verdict": _judged,
    "measure": _measured,
    "lift": _lifted,
    "keep": _lifted,
    "dispute": _disputed,
    "moderator_action": lambda case, step: closing.undone(
        case,
        appeals.after_moderator(case, unheard.noted(case, _by_moderator(case, step), step), step),
    ),
    "close": closing.closed,
    "appeal": appeals.filed,
    "appeal_end": appeals.ended,
    "look_again": appeals.looked_at_again,
    "release": clocks.released,
    "answer": asking.answered,
}
