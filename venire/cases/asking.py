"""Cases that judge no post: a question with a known answer, a verdict judged again. Pure.

`gold`: a panel, or the bench, is asked what is known. `again`: the bench judges anew what a round
has decided. `doubted`: the bench says whether the answer to a question is right. Such a case is
drawn, seated and voted on as every other one, and ends with an answer that changes nothing outside.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from venire.cases.model import Case, Round, Step

FOR_BENCH: Final = frozenset({"again", "doubted"})


def first_number(case: Case, judges: str) -> int:
    """The number of a case's first round.

    What a panel judges reaches the bench as a second round: one that began there would be known to
    be a question.
    """
    return 2 if case.asks in FOR_BENCH and judges == "panel" else 1


def after_verdict(case: Case) -> Literal["draw", "answer"]:
    """What follows from a verdict: the bench takes what a panel could not decide, as always."""
    hung = case.verdict == "hung" and case.round is not None and case.round.kind != "bench"
    return "draw" if hung else "answer"


def is_answered(case: Case) -> bool:
    """Whether its round has decided, so that only the answer is left to be noted."""
    current = case.round
    return current is not None and current.verdict is not None and not current.recorded


def answered(case: Case, step: Step) -> Case:
    """The case once it is over. To a stranger it looks like any other that was decided."""
    removes = case.verdict == "violates"
    return msgspec.structs.replace(
        case,
        state="decided",
        waits_for="",
        hold="lifted" if case.hold == "held" and not removes else case.hold,
        measure="remove" if removes else "none",
        measured_at_ms=step.at_ms,
        decided_at_ms=case.decided_at_ms or step.at_ms,
        round=_let_go(case.round),
        cover_id=0,
    )


def _let_go(current: Round | None) -> Round | None:
    """The round as it stands when nobody votes in it any more: no bench came in time."""
    if current is None or current.state not in {"drawing", "voting"}:
        return current
    return msgspec.structs.replace(current, state="expired", recorded=True)
