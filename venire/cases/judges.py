"""Who may judge a case: the strictest of what is alleged decides, not the gravest. Pure.

A threat that gives an address away is a threat, but no juror drawn by lot reads the address.
"""

from __future__ import annotations

from typing import Final

from venire.cases.asking import FOR_BENCH
from venire.cases.model import Case, Step
from venire.cases.policy import Policy

SEALED: Final = "child_safety"
"""Whatever else is said of such a case, one named person sees it and nobody draws a panel."""


def is_for_bench(case: Case, policy: Policy) -> bool:
    """Whether trained jurors alone may read a case: said in private, or alleged to be so."""
    said = (policy.category(name).judges for name in case.categories)
    return case.private or case.asks in FOR_BENCH or "bench" in said


def leaves_the_lot(case: Case, policy: Policy) -> bool:
    """Whether a round must end because of what has been said since: its jurors may not see it."""
    if SEALED in case.categories:
        return True
    drawn = case.round is not None and case.round.kind != "bench"
    return drawn and is_for_bench(case, policy)


def holds_at_once(category: str, policy: Policy) -> bool:
    """Whether a member's report alone hides what it is about, until its judges have looked.

    Only where waiting does the harm itself (an address, an intimate picture, what may harm a
    child) and where few who are known judge soon. A report of a threat waits for a detector, a
    bank or a notice: else any faction could hide what it dislikes.
    """
    known = policy.category(category)
    return known.at_once == "hold" and known.judges in {"bench", "named_person"}


def acted_on(case: Case, step: Step) -> tuple[int, ...]:
    """Who has acted on a case by hand, once a step of it is done: none of them judges it."""
    known = step.actor_id is None or step.actor_id in case.acted
    return case.acted if known or step.actor_id is None else (*case.acted, step.actor_id)
