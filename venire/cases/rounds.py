"""What a recorded step of the draw makes of a round: drawn, its chance known, seated. Pure."""

from __future__ import annotations

from typing import Literal

import msgspec

from venire.cases.model import Case, Round, Step


def while_drawing(current: Round) -> Literal["chance", "draw"]:
    """What a round that is being drawn needs: its randomness, where it is known which."""
    return "chance" if current.beacon_round else "draw"


def drawn(case: Case, step: Step) -> Case:
    """A round whose draw is in the record: it votes, once its order is known."""
    if step.opens is None:
        return case
    state: Literal["drawing", "voting"] = "drawing" if step.opens.beacon_round else "voting"
    return msgspec.structs.replace(
        case,
        round=msgspec.structs.replace(step.opens, state=state),
        state="judging",
        verdict=None,
        waits_for="ballots",
    )


def chance_known(case: Case, step: Step) -> Case:
    """A round whose randomness is in the record."""
    if case.round is None or case.round.state != "drawing":
        return case
    known = msgspec.structs.replace(
        case.round, state="voting", randomness=step.randomness, fallback=step.fallback
    )
    return msgspec.structs.replace(case, round=known, look_again_ms=0)


def seated(case: Case, step: Step) -> Case:
    """A round with more summons out, and with those logged who will not come."""
    if case.round is None:
        return case
    more = msgspec.structs.replace(
        case.round,
        cursor=step.cursor,
        exhausted=step.exhausted,
        logged=(*case.round.logged, *step.logged),
    )
    return msgspec.structs.replace(case, round=more)
