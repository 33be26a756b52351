"""A case's clock: when it runs out, what happens before, and when a hold ends by itself. Pure.

A deadline is a moment, not a countdown: a clock that jumps forward makes things happen early, one
that jumps back makes them wait, and neither loses any.
"""

from __future__ import annotations

from typing import Final

import msgspec

from venire.cases.clock_policy import ANY
from venire.cases.model import Case, Source, Step
from venire.cases.policy import Policy
from venire.jury import rules as jury
from venire.kernel.clock import HOUR_MS, MINUTE_MS
from venire.storage.timers import timer
from venire.storage.verbs import Write

TIMER: Final = "clock"
MORE: Final = 1
ALARM: Final = 2
OVERDUE: Final = 3
"""How far a clock has run: more are asked; people are told; it is over. Above: told again."""
_MORE_SEATS: Final = 1.5
_OUTSIDE: Final = frozenset({"notice"})
_SEALED: Final = "child_safety"


def hours_of(source: str, category: str, policy: Policy) -> int:
    """How long a source leaves a case: by its own clock, else that of any, else the category's."""
    clocks = {(clock.source, clock.category): clock.hours for clock in policy.clocks.sources}
    for wanted in ((source, category), (source, ANY), (ANY, category), (ANY, ANY)):
        if wanted in clocks:
            return clocks[wanted]
    return policy.category(category).clock_hours


def given_ms(source: str, category: str, policy: Policy, from_ms: int) -> int:
    """By when a case that a kind of source opens should be decided, from a moment on."""
    pauses = pauses_at_night(category, policy) and source not in _OUTSIDE
    length_ms = hours_of(source, category, policy) * HOUR_MS
    return _ends(from_ms, length_ms, policy, pauses=pauses)


def due_ms(source: Source, policy: Policy, from_ms: int) -> int:
    """By when what a source says should be decided; an outside body's own deadline if earlier."""
    due = given_ms(source.kind, source.category, policy, from_ms)
    return due if source.due_at_ms is None else min(due, source.due_at_ms)


def merged_due_ms(case: Case, source: Source, policy: Policy) -> int:
    """The deadline of an open case once a source has joined it: the earliest of all wins.

    Not while an appeal runs: that has a clock of its own.
    """
    if case.state not in {"open", "judging"} or case.appeal is not None:
        return case.due_at_ms
    return min(case.due_at_ms, due_ms(source, policy, source.at_ms))


def pauses_at_night(category: str, policy: Policy) -> bool:
    """Whether a small site's clock stands at night: for all but what is severe."""
    return policy.jury.preset == "small" and not policy.category(category).severe


def answer_by_ms(case: Case, policy: Policy, now_ms: int, minutes: int) -> int:
    """Until when a juror has time: nobody of a village loses a seat by being asleep."""
    pauses = pauses_at_night(case.category, policy)
    return _ends(now_ms, minutes * MINUTE_MS, policy, pauses=pauses)


def _ends(start_ms: int, length_ms: int, policy: Policy, *, pauses: bool) -> int:
    return jury.due_ms(
        start_ms,
        length_ms,
        preset="small" if pauses else "large",
        utc_offset_ms=policy.clocks.utc_offset_minutes * MINUTE_MS,
    )


# what happens before it runs out


def wound(before: Case | None, after: Case, at_ms: int) -> Case:
    """The case with its clock started anew, where it was opened or got a later deadline."""
    if before is not None and after.due_at_ms <= before.due_at_ms:
        return after
    return msgspec.structs.replace(after, clock_from_ms=at_ms, alarms=0)


def stage_at(case: Case, policy: Policy, now_ms: int) -> int:
    """How far the clock of a case has run: 0, MORE, ALARM, OVERDUE, and one more per alarm."""
    late_ms = now_ms - case.due_at_ms
    if late_ms >= 0:
        return OVERDUE + late_ms // (policy.clocks.alarm_again_hours * HOUR_MS)
    more_ms, alarm_ms = _marks(case, policy)
    return ALARM if now_ms >= alarm_ms else MORE if now_ms >= more_ms else 0


def next_mark_ms(case: Case, policy: Policy, now_ms: int) -> int:
    """When the next thing happens: a share of the clock, its end, or another alarm."""
    for mark in (*_marks(case, policy), case.due_at_ms):
        if mark > now_ms:
            return mark
    again_ms = policy.clocks.alarm_again_hours * HOUR_MS
    return case.due_at_ms + ((now_ms - case.due_at_ms) // again_ms + 1) * again_ms


def _marks(case: Case, policy: Policy) -> tuple[int, int]:
    """When more are asked and when people are told; in a village, not at night."""
    start_ms = min(case.clock_from_ms or case.opened_at_ms, case.due_at_ms)
    length_ms = case.due_at_ms - start_ms
    pauses = pauses_at_night(case.category, policy) and "notice" not in case.sources

    def mark(share: float) -> int:
        at_ms = start_ms + int(share * length_ms)
        return min(_ends(at_ms, 0, policy, pauses=pauses), case.due_at_ms)

    return mark(policy.clocks.more_at), mark(policy.clocks.alarm_at)


def timers(case: Case, policy: Policy, now_ms: int) -> list[Write]:
    """What wakes a case: its deadline, and what comes first before it.

    At once, where a deadline that was drawn nearer has put a mark behind us that nobody was told
    of.
    """
    aggregate, key = f"case:{case.id}", str(case.id)
    passed = stage_at(case, policy, now_ms) > case.alarms
    mark_ms = now_ms if passed else next_mark_ms(case, policy, now_ms)
    return [
        timer(aggregate, "case", key, case.due_at_ms),
        timer(aggregate, TIMER, key, mark_ms),
    ]


def timers_after(before: Case, after: Case, policy: Policy, at_ms: int) -> list[Write]:
    """What a step has wound up: a new deadline, the end of a hold."""
    writes: list[Write] = []
    if after.state in {"open", "judging"} and after.due_at_ms != before.due_at_ms:
        writes += timers(after, policy, at_ms)
    ends_ms = hold_ends_ms(after, policy)
    if ends_ms is not None and after.held_at_ms != before.held_at_ms:
        writes.append(timer(f"case:{after.id}", "case", str(after.id), ends_ms))
    return writes


def more_seats(case: Case) -> float:
    """How many times the seats that a round would need are asked now."""
    return _MORE_SEATS if case.alarms >= MORE else 1.0


# holds that end by themselves


def hold_ends_ms(case: Case, policy: Policy) -> int | None:
    """When a hold ends that nobody has judged; None where only a verdict or a person ends it.

    Never what an outside body named, never what may harm a child, and only where all that is
    alleged would let it.
    """
    if case.hold != "held" or case.held_at_ms is None or "notice" in case.sources:
        return None
    hours = [policy.category(name).hold_lifts_after_hours for name in case.categories]
    if _SEALED in case.categories or min(hours) < 1:
        return None
    return case.held_at_ms + max(hours) * HOUR_MS


def may_hold(case: Case, source: Source) -> bool:
    """Whether a source may still ask for a hold: one that has ended stays so.

    But for a notice, and for what its author has written since: nothing is changed while held.
    """
    if case.hold != "lifted":
        return case.hold == "none"
    return source.kind == "notice" or (source.edited_at_ms or 0) > (case.held_at_ms or 0)


def hold_is_over(case: Case, policy: Policy, now_ms: int) -> bool:
    """Whether a hold ends now by itself, while the case goes on being judged."""
    if case.state not in {"open", "judging"} or case.verdict is not None or case.appeal is not None:
        return False
    current = case.round
    if current is not None and current.verdict is not None and not current.recorded:
        return False
    ends_ms = hold_ends_ms(case, policy)
    return ends_ms is not None and ends_ms <= now_ms


def released(case: Case, _step: Step) -> Case:
    """A hold that has ended by itself: shown again, and judged still."""
    return msgspec.structs.replace(case, hold="lifted", hold_wanted="")


# what a case waits for

ENDED_BY: Final = {
    "": "its next step, which needs nobody",
    "ballots": "the ballots of its panel, or its deadline, at which the bench takes it",
    "bench": "a ballot of the bench, or of an admin where the bench is empty",
    "panel": "the draw of its panel",
    "reports": "a second report, or the end of the wait for one",
    "moderator": "a moderator",
    "named_person": "the person named for what may harm a child",
    "copyright_procedure": "the claimant, the uploader, or the time the law gives them",
    "operator": "the operator who shows a disputed item again, or removes it",
}
"""What ends each wait; all of them have the case's deadline, and are told of at `alarm_at`."""
