"""When a decided case is over: its appeal time has ended, and what was decided stands for good.

Pure. The deadline is a timer of the case like its others, so that no list of decided cases is ever
read. Nothing changes outside by it, so the record has no entry of it: the decision's own says from
when the time ran. What was kept may be reported anew, and is a case of its own then. What was
removed stays removed, whatever is said of it, until a person undoes that on the closed case.
"""

from __future__ import annotations

from typing import Final

import msgspec

from venire.cases import appeals, store
from venire.cases.limits import LIFTS, stays
from venire.cases.model import Case, Step
from venire.cases.policy import Policy
from venire.kernel.clock import DAY_MS
from venire.storage.timers import timer
from venire.storage.verbs import Write

_OF_ITS_ORIGIN_MS: Final = 31 * DAY_MS


def closes_at_ms(case: Case, policy: Policy) -> int | None:
    """When a case is over by itself; None while it is judged, or a limit on an account stands.

    Nor one whose post was left in its place: it may change, and has to be judged by its case then.
    A question is no decision about anybody, and nobody appeals against it.
    """
    if case.state != "decided" or case.asks or case.limits or stays(case):
        return None
    until_ms = appeals.until_ms(policy, case.measured_at_ms or case.decided_at_ms or 0)
    # A copy falls with its origin, whose appeal may have been made on the last day.
    return until_ms + (_OF_ITS_ORIGIN_MS if case.inherits else 0)


def is_due(case: Case, policy: Policy, now_ms: int) -> bool:
    """Whether the appeal time of a case has ended."""
    closes_ms = closes_at_ms(case, policy)
    return closes_ms is not None and closes_ms <= now_ms


def stands(case: Case) -> bool:
    """Whether something is in force that a verdict or a person has ordered."""
    return case.measure not in {"", "none"}


def closed(case: Case, _step: Step) -> Case:
    """A case that is over; one that was opened again meanwhile is not."""
    if case.state != "decided":
        return case
    return msgspec.structs.replace(case, state="closed", waits_for="")


def may_still(case: Case, action: str) -> bool:
    """Whether a person may act on a case that is over: to undo what stands, and no more."""
    return stands(case) and (action == "keep" or action in LIFTS)


def undone(before: Case, after: Case) -> Case:
    """A case that was over stays so, whatever was undone on it."""
    return msgspec.structs.replace(after, state="closed") if before.state == "closed" else after


def writes_after(before: Case, after: Case, policy: Policy, at_ms: int) -> list[Write]:
    """What a step leaves: the timer of the end, and the subject free for a case of its own."""
    if after.state == "closed" and not stands(after):
        return [store.release_subject(after)]
    closes_ms = closes_at_ms(after, policy)
    moved = before.state != "decided" or before.measured_at_ms != after.measured_at_ms
    if closes_ms is None or not (moved or before.limits):
        return []
    return [timer(store.aggregate(after.id), "case", str(after.id), max(closes_ms, at_ms))]
