"""The panel rule on the seats of a round: seats in, where it stands out. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple, cast

from venire.cases.judges import SEALED
from venire.cases.model import Case, Round, RoundState, Verdict
from venire.cases.policy import SEATS_AT_ONCE, Policy
from venire.cases.rules import gravest
from venire.jury.model import UNCALIBRATED, Ballot, Decision, PanelRule, Rates, RuleName, Vote, clip
from venire.jury.panel import RULES, appeal_rule, decide
from venire.storage.tables.cases import SeatRow

_OPEN_AFTER: Final = {"large": 2, "small": 1}
"""Seats open at a time once as many have voted as were foreseen, and it is still undecided.

Where few could sit in an appeal, nobody is asked in vain.
"""


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
    if current.kind == "appeal":
        return appeal_rule(_first_rule(current, policy), current.seats)
    return _first_rule(current, policy)


def _first_rule(current: Round, policy: Policy) -> PanelRule:
    """What a first panel is judged by: an appeal weighs its ballots in the same way."""
    # Whoever changes the policy while a panel sits must not change what its ballots come to.
    return current.numbers or numbers_of(current, policy)


def numbers_of(current: Round, policy: Policy) -> PanelRule:
    """The policy's numbers for a round: what it is drawn by."""
    if current.rule != "sequential":
        return RULES[cast("RuleName", current.rule)]
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


def _decision(
    current: Round, seats: Sequence[SeatRow], policy: Policy, rule: PanelRule | None = None
) -> Decision:
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
    typical = UNCALIBRATED if current.typical is None else Rates(*current.typical)
    return decide(ballots, rule or panel_rule(current, policy), typical=typical)


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


def seats_wanted(
    current: Round | None, seats: Sequence[SeatRow], policy: Policy, *, times: float = 1.0
) -> int:
    """How many more jurors a round has to ask; those asked and not yet heard count.

    Each seating is in the public record while others still vote. So it follows from how many have
    voted and never from how: else whoever sits would read off it what the others said. `times`: how
    many more than it needs are asked at once, while its clock runs short.
    """
    if current is None or current.state != "voting":
        return 0
    asked = sum(seat.state in {"offered", "seated"} for seat in seats)
    stands = _decision(current, seats, policy)
    first = _decision(current, [], policy).seats_wanted - stands.tally.ballots
    open_now = first if first > 0 else _OPEN_AFTER[policy.jury.preset]
    needed = math.ceil(min(open_now, stands.ballots_left) * times)
    return max(min(needed, SEATS_AT_ONCE) - asked, 0)


def ballots_left(current: Round, seats: Sequence[SeatRow], policy: Policy) -> int:
    """The most ballots that may still be cast: all that a juror is told of the tally."""
    return _decision(current, seats, policy).ballots_left


def of_those_who_came(
    current: Round, seats: Sequence[SeatRow], policy: Policy, *, least: int
) -> Verdict:
    """The verdict of an appeal for which everyone was asked and not all came: `least`, or hung."""
    cast_ballots = sum(seat.state == "voted" for seat in seats)
    if not current.exhausted or cast_ballots < least:
        return "hung"
    rule = appeal_rule(_first_rule(current, policy), cast_ballots)
    return _decision(current, seats, policy, rule).verdict or "hung"


def category_found(case: Case, votes: Sequence[tuple[str, str]]) -> str:
    """The category most of those found who voted `violates`; empty where they do not say.

    `votes`: (vote, category) of each ballot. What may harm a child is not theirs to find.
    """
    named = Counter(category for vote, category in votes if vote == "violates")
    named.pop(SEALED, None)
    most = max(named.values(), default=0)
    leading = [name for name, count in named.items() if name and count == most]
    return "" if not leading or case.category in leading else gravest(tuple(leading))[-1]
