"""Appeals: who may, what is next, and what a recorded step makes of the case. Pure.

An appeal opens one more round of the same case, of fresh jurors. What was decided stands until
they have decided otherwise.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from venire.cases.judges import SEALED, is_for_bench
from venire.cases.limits import LIFTS, LIMITS, effect_of, measure_of
from venire.cases.model import Appeal, Case, Hold, Round, RoundKind, Step
from venire.cases.policy import Policy
from venire.kernel.clock import DAY_MS, HOUR_MS
from venire.kernel.errors import Conflict, Gone
from venire.kernel.states import State, StateMachine

Party = Literal["author", "reporter"]

APPEAL_STATES: Final = StateMachine(
    name="appeal",
    start="filed",
    states=(
        State("filed", ("judging",), "due_at_ms", "its entry in the record"),
        State(
            "judging",
            ("upheld", "overturned", "withdrawn", "moot"),
            "due_at_ms",
            "the fresh panel's verdict; the bench's or an admin's when it hangs or is late; a"
            " moderator who gives in; whoever appealed, or the subject, is gone",
        ),
        State("upheld", (), None, "nothing: the decision stands"),
        State("overturned", (), None, "nothing: the other side may appeal the new decision"),
        State("withdrawn", (), None, "nothing: the decision stands"),
        State("moot", (), None, "nothing: there is no subject any more"),
    ),
)
CODES: Final = ("withdrawn", "appellant_gone", "subject_deleted", "by_moderator")
"""Why an appeal ended without its round's verdict; empty where that decided it."""

REASON_CHARACTERS: Final = 2_000
SMALLEST_PANEL: Final = 5
_MONTH_MS: Final = 31 * DAY_MS
"""Six of them are never less than six months of a calendar (DSA Art. 20)."""
_FINAL_AFTER: Final = 2
"""Decisions in a row that appeals have overturned before the bench has the last word."""
_WANTED: Final = {"author": "keeps", "reporter": "violates"}


def until_ms(policy: Policy, decided_at_ms: int) -> int:
    """Until when a decision may be appealed."""
    return decided_at_ms + policy.appeals.months * _MONTH_MS


def decision_of(case: Case) -> str:
    """The key of the step that decided; by its number alone in cases from before it was kept."""
    return case.decision or f"{case.public_id}:{max(case.steps - 1, 0)}:decision"


def check(case: Case, party: Party, decision: str, policy: Policy, now_ms: int) -> None:
    """Refuse an appeal that nobody can judge.

    Raises Gone `appeal_time_over`; Conflict `nothing_to_appeal`, `not_decided_yet`,
    `before_the_jury`, `decision_replaced`, `decision_final`, `counter_notice_instead`.
    """
    if policy.category(case.category).judges == "copyright_procedure":
        raise Conflict("counter_notice_instead", "copyright has a procedure of its own")
    if case.appeals > _FINAL_AFTER:
        raise Conflict("decision_final", "the bench has had the last word on this")
    if case.state in {"open", "judging"}:
        _check_undecided(case, party, decision)
        return
    decided_ms = case.measured_at_ms or case.decided_at_ms or 0
    if case.state == "closed" or now_ms >= until_ms(policy, decided_ms):
        raise Gone("appeal_time_over", "the time for an appeal is over")
    if (case.verdict == "violates") != (party == "author"):
        raise Conflict("nothing_to_appeal", "nothing was decided against you here")
    limited = decision in {key for _, key in case.limits}
    if decision and case.decision and decision != case.decision and not limited:
        raise Conflict("decision_replaced", "this was decided anew since; look at the case")


def _check_undecided(case: Case, party: Party, decision: str) -> None:
    if party == "reporter" or case.hold != "held":
        raise Conflict("not_decided_yet", "nothing is decided yet; you will hear of it")
    if case.waits_for != "moderator" or not decision:
        raise Conflict("before_the_jury", "it is being judged already; appeal what they decide")


def opened(case: Case, account_id: int, party: Party, decision: str, now_ms: int) -> Appeal:
    """The appeal of an account against what stands now."""
    return Appeal(
        decision=decision or decision_of(case),
        account_id=account_id,
        party=party,
        filed_at_ms=now_ms,
        verdict=case.verdict,
        judged_by=case.judged_by,
        inherits=case.inherits,
        waited_ms=case.due_at_ms,
        final=case.appeals >= _FINAL_AFTER,
    )


def due_at_ms(case: Case, policy: Policy, now_ms: int) -> int:
    """By when an appeal should be decided: three times what a first verdict has."""
    return now_ms + 3 * policy.category(case.category).clock_hours * HOUR_MS


# what is next


def round_kind(case: Case, policy: Policy) -> RoundKind | None:
    """Who judges the appeal; None when one named person must.

    What a first panel may not see (a private post, intimate images) no later one sees either,
    whatever was found: another member of the bench, who has not judged the case, looks at it.
    """
    if SEALED in case.categories:
        return None
    final = case.appeal is not None and case.appeal.final
    return "bench" if final or is_for_bench(case, policy) else "appeal"


def next_round(case: Case, policy: Policy, now_ms: int) -> Round:
    """Round n+1: fresh jurors, or the bench after a panel that hung or kept what a host named."""
    kind = round_kind(case, policy) if case.verdict is None else "bench"
    panel = kind == "appeal"
    return Round(
        number=1 if case.round is None else case.round.number + 1,
        kind=kind or "bench",
        state="drawing",
        opened_at_ms=now_ms,
        rule=policy.panel.rule if panel else "one_of_bench",
        contested=case.contested,
        seats=policy.appeals.seats if panel else 0,
    )


def after_verdict(
    case: Case, policy: Policy
) -> Literal["draw", "dispute", "wait", "appeal_end", "measure"]:
    """What follows from the verdict of an appeal's round."""
    if case.verdict == "hung":
        return "draw"
    if SEALED in case.categories or case.appeal is None:
        return "wait"
    noticed = "notice" in case.sources and policy.holds.bench_on_notice_keeps
    if case.appeal.party == "author" and case.verdict == "keeps" and noticed:
        # What a host named is shown again by an operator alone, whoever finds it harmless.
        if case.disputed:
            return "wait"
        return "dispute" if case.round is not None and case.round.kind == "bench" else "draw"
    return "appeal_end"


def found_before(case: Case) -> str:
    """What the decision under appeal found: its panel answers for the same rule."""
    return case.found if case.appeal is not None else ""


def outcome_of(case: Case) -> str:
    """What the verdict makes of the appeal: upheld (the decision stands) or overturned."""
    wanted = "" if case.appeal is None else _WANTED[case.appeal.party]
    return "overturned" if case.verdict == wanted else "upheld"


def outcome_by_moderator(case: Case, action: str, *, last_resort: bool) -> str:
    """What a moderator's own act makes of an appeal that runs; empty: it goes on.

    A moderator may give in at any time. To uphold is for whoever is the last resort: the named
    person, or an admin where the bench is asked. Raises Conflict `appeal_running`.
    """
    if case.appeal is None:
        return ""
    frees = action == "keep" or (action in LIFTS and _lifts(case, action))
    punishes = action == "remove" or action in LIMITS
    wins = frees if case.appeal.party == "author" else punishes
    if wins:
        return "overturned"
    if action == ("remove" if case.appeal.party == "author" else "keep"):
        if not last_resort:
            raise Conflict("appeal_running", "fresh jurors decide this; you may only give in")
        return "upheld"
    return ""


def _lifts(case: Case, action: str) -> bool:
    """Whether an act takes off the very limit that is appealed against."""
    appealed = "" if case.appeal is None else case.appeal.decision
    return (LIFTS[action], appealed) in case.limits


# what a recorded step makes of the case


def filed(case: Case, step: Step) -> Case:
    """An appeal runs: judged again, while what was decided stands."""
    return msgspec.structs.replace(
        case,
        state="judging",
        appeal=step.appeal,
        verdict=None,
        inherits="",
        hold_wanted="",
        waits_for="",
        due_at_ms=step.due_at_ms,
    )


def ended(case: Case, step: Step) -> Case:
    """An appeal is over, with the outcome that the step names."""
    appeal = case.appeal
    if appeal is None:
        return case
    over = msgspec.structs.replace(
        case,
        appeal=None,
        waits_for="",
        state="decided",
        disputed=False,
        due_at_ms=appeal.waited_ms,
        round=_let_go(case.round),
    )
    if step.outcome == "overturned":
        return _overturned(over, appeal, step)
    if step.outcome == "upheld":
        if appeal.verdict is None:
            # A hold was appealed: it has been judged now, and what follows from that comes next.
            return msgspec.structs.replace(over, state="judging")
        return msgspec.structs.replace(over, verdict=appeal.verdict)
    return _as_it_was(over, appeal, step)


def _as_it_was(over: Case, appeal: Appeal, step: Step) -> Case:
    """Withdrawn, or moot: what was decided stands, and a hold waits again for whom it waited."""
    before = msgspec.structs.replace(
        over, verdict=appeal.verdict, judged_by=appeal.judged_by, inherits=appeal.inherits
    )
    if step.code == "subject_deleted":
        return msgspec.structs.replace(before, state="closed")
    if appeal.verdict is None:
        return msgspec.structs.replace(before, state="judging")
    return before


def _overturned(case: Case, appeal: Appeal, step: Step) -> Case:
    hold: Hold = "lifted" if case.hold == "held" else case.hold
    limits = tuple(each for each in case.limits if each[1] != appeal.decision)
    changed = msgspec.structs.replace(
        case,
        decision=step.key,
        appeals=case.appeals + (not appeal.for_site),
        measured_at_ms=step.at_ms,
        decided_at_ms=step.at_ms,
    )
    if appeal.party == "reporter":
        return msgspec.structs.replace(
            changed,
            verdict="violates",
            measure=step.measure,
            struck=(*case.struck, step.key),
        )
    left = msgspec.structs.replace(changed, limits=limits)
    return msgspec.structs.replace(
        left, verdict="violates" if limits else "keeps", measure=measure_of(left), hold=hold
    )


def _let_go(current: Round | None) -> Round | None:
    """The round as it stands when its appeal is over: nobody votes in it any more."""
    if current is None or current.state not in {"drawing", "voting"}:
        return current
    return msgspec.structs.replace(current, state="expired", recorded=True)


def after_moderator(before: Case, after: Case, step: Step) -> Case:
    """What a moderator's act leaves of an appeal: ended by it, or running on.

    `after` is the case as the act alone would leave it.
    """
    if before.appeal is None:
        return after
    if step.outcome == "upheld":
        # Not another removal: its author would pay twice.
        return ended(msgspec.structs.replace(before, judged_by="moderator"), step)
    if step.outcome:
        return msgspec.structs.replace(after, appeal=None)
    return msgspec.structs.replace(
        after, appeal=before.appeal, state="judging", verdict=None, round=before.round
    )


def looked_at_again(case: Case, step: Step) -> Case:
    """A copy whose origin was found harmless: hidden still, as held, and judged by itself.

    So is what a removal by hand, now undone, had kept from its judges: then `step` names who undid
    it, and the category that is alleged no more.
    """
    left = tuple(name for name in case.categories if name != step.category)
    return msgspec.structs.replace(
        case,
        categories=left or case.categories,
        found="" if step.category else case.found,
        cut_short=False,
        state="judging",
        verdict=None,
        judged_by="",
        inherits="",
        measure="",
        measured_at_ms=None,
        hold="held",
        held_at_ms=step.at_ms,
        held_by=step.by or "bank",
        hold_wanted="",
        due_at_ms=step.due_at_ms,
        round=_let_go(case.round),
    )


def effect_outside(case: Case, step: Step) -> str:
    """What a step does outside, told of the case as it was before it."""
    if step.type == "look_again":
        return "hold"
    if step.type == "appeal_end" and step.outcome == "overturned" and case.appeal is not None:
        return "lift" if case.appeal.party == "author" else "measure"
    if step.type == "appeal_end" or step.outcome == "upheld":
        return "appeal_end"
    return effect_of(case, step)
