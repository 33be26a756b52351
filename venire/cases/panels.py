"""The panel rule on the seats of a round: seats in, where it stands out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

from venire.cases.model import Round, RoundState, Verdict
from venire.cases.policy import Policy
from venire.jury.model import Ballot, Decision, PanelRule, Rates, RuleName, Vote, clip
from venire.jury.panel import RULES, decide
from venire.storage.tables.cases import SeatRow


class Outcome(NamedTuple):
    """Where a round stands after a ballot."""

    state: RoundState
    verdict: Verdict | None
    posterior: float
    violates: int
    keeps: int


def panel_rule(current: Round, policy: Policy) -> PanelRule:
    """The numbers that a round is judged by."""
    if current.kind == "bench":
        return RULES["one_of_bench"]
    if policy.panel.rule != "sequential":
        return RULES[cast("RuleName", policy.panel.rule)]
    panel, contested = policy.panel, policy.panel.contested
    if current.contested:
        return PanelRule(
            prior=panel.prior,
            violates_at=contested.violates_at,
            keeps_at=contested.keeps_at,
            min_ballots=contested.min_ballots,
            max_ballots=contested.max_ballots,
            weight_cap=contested.weight_cap,
        )
    return PanelRule(
        prior=panel.prior,
        violates_at=panel.violates_at,
        keeps_at=panel.keeps_at,
        min_ballots=panel.min_ballots,
        max_ballots=panel.max_ballots,
    )


def _decision(current: Round, seats: Sequence[SeatRow], policy: Policy) -> Decision:
    cast_in_order = sorted(
        (seat for seat in seats if seat.state == "voted"),
        key=lambda seat: (seat.voted_at_ms or 0, seat.juror_id),
    )
    ballots = [
        Ballot(
            seat.juror_id,
            cast("Vote", seat.vote),
            Rates(clip(seat.hit_rate), clip(seat.false_alarm_rate)),
        )
        for seat in cast_in_order
    ]
    return decide(ballots, panel_rule(current, policy))


def evaluate(current: Round, seats: Sequence[SeatRow], policy: Policy) -> Outcome:
    """Where a round stands now."""
    decision = _decision(current, seats, policy)
    state: RoundState = "voting"
    if decision.verdict is not None:
        state = "hung" if decision.verdict == "hung" else "verdict"
    return Outcome(
        state,
        decision.verdict,
        decision.posterior,
        decision.tally.violates,
        decision.tally.keeps,
    )


def seats_wanted(current: Round | None, seats: Sequence[SeatRow], policy: Policy) -> int:
    """How many more jurors a round has to ask; those asked and not yet heard count."""
    if current is None or current.state != "voting":
        return 0
    asked = sum(seat.state in {"offered", "seated"} for seat in seats)
    return max(_decision(current, seats, policy).seats_wanted - asked, 0)


def ballots_left(current: Round, seats: Sequence[SeatRow], policy: Policy) -> int:
    """The most ballots that may still be cast: all that a juror is told of the tally."""
    return _decision(current, seats, policy).ballots_left
