"""The panel rule: when the ballots cast so far are enough, and for what.

A sequential probability ratio test (Wald 1945) over jurors with two error rates each (Dawid and
Skene 1979). Each ballot adds its log-likelihood ratio to the log-odds of the prior.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import msgspec

from venire.jury.model import (
    UNCALIBRATED,
    Ballot,
    Decision,
    PanelRule,
    Rates,
    RuleName,
    Tally,
    Verdict,
    Vote,
)

SEQUENTIAL: Final = PanelRule()
CONTESTED: Final = PanelRule(
    violates_at=0.999, keeps_at=0.01, min_ballots=5, max_ballots=21, weight_cap=2.0
)
"""For cases that a faction may have made: no ballot moves much, however good its gold answers."""
RULES: Final[dict[RuleName, PanelRule]] = {
    "sequential": SEQUENTIAL,
    "three_of_five": PanelRule("three_of_five", min_ballots=5, max_ballots=5, needed=3),
    "four_of_five": PanelRule("four_of_five", min_ballots=5, max_ballots=5, needed=4),
    "one_of_bench": PanelRule("one_of_bench", min_ballots=1, max_ballots=1, needed=1),
}
_FLOAT_END: Final = -700.0
_ROUNDING: Final = 1e-9
"""Log-odds within this of a threshold have reached it: sums of floats depend on their order."""


def log_odds(probability: float) -> float:
    """log(p / (1 - p))."""
    return math.log(probability / (1 - probability))


def weight(vote: Vote, rates: Rates, cap: float | None) -> float:
    """What a ballot adds to the log-odds of `violates`."""
    if vote == "violates":
        moved = math.log(rates.h / rates.f)
    else:
        moved = math.log((1 - rates.h) / (1 - rates.f))
    return moved if cap is None else min(max(moved, -cap), cap)


def appeal_rule(rule: PanelRule, seats: int) -> PanelRule:
    """The rule of an appeal: all `seats` vote (11, or all who remain), then they are weighed.

    A counting rule asks for a simple majority of them.
    """
    needed = 0 if rule.name == "sequential" else seats // 2 + 1
    return msgspec.structs.replace(rule, min_ballots=seats, max_ballots=seats, needed=needed)


def decide(
    ballots: Iterable[Ballot], rule: PanelRule, *, typical: Rates = UNCALIBRATED
) -> Decision:
    """Where the panel stands after these ballots, in the order in which they were cast.

    Nothing after the stop counts, and of each juror only the first ballot does. `typical` is the
    pool's mean, from which `seats_wanted` foresees the ballots to come.
    """
    at = log_odds(rule.prior)
    violates = keeps = 0
    seen: set[int] = set()
    for ballot in ballots:
        if ballot.juror_id in seen:
            continue
        seen.add(ballot.juror_id)
        at += weight(ballot.vote, ballot.rates, rule.weight_cap)
        if ballot.vote == "violates":
            violates += 1
        else:
            keeps += 1
        verdict = _verdict(at, violates, keeps, rule)
        if verdict is not None:
            return Decision(
                "hung" if verdict == "hung" else "verdict",
                _posterior(at),
                Tally(violates, keeps),
                seats_wanted=0,
                ballots_left=0,
                verdict=verdict,
            )
    return Decision(
        "continue",
        _posterior(at),
        Tally(violates, keeps),
        _seats_wanted(at, violates + keeps, rule, typical),
        rule.max_ballots - violates - keeps,
    )


def _verdict(at: float, violates: int, keeps: int, rule: PanelRule) -> Verdict | None:
    ballots = violates + keeps
    if ballots < rule.min_ballots:
        return None
    if rule.needed:
        return "violates" if violates >= rule.needed else "keeps"
    if at >= log_odds(rule.violates_at) - _ROUNDING:
        return "violates"
    if at <= log_odds(rule.keeps_at) + _ROUNDING:
        return "keeps"
    return "hung" if ballots >= rule.max_ballots else None


def _seats_wanted(at: float, ballots: int, rule: PanelRule, typical: Rates) -> int:
    """The fewest ballots after which the panel may be able to stop.

    Fewer at once would make it wait for nothing; more would call jurors whom the verdict sends
    home.
    """
    least, most = max(rule.min_ballots - ballots, 1), rule.max_ballots - ballots
    if rule.needed:
        return most
    up = weight("violates", typical, rule.weight_cap)
    down = -weight("keeps", typical, rule.weight_cap)
    if down <= 0:
        # A pool that on average votes against the truth foresees nothing; ask one at a time.
        # Whenever `up` is not over 0, neither is `down`, which may also be rounded down to it.
        return least
    to_violates = math.ceil((log_odds(rule.violates_at) - _ROUNDING - at) / up)
    to_keeps = math.ceil((at - log_odds(rule.keeps_at) - _ROUNDING) / down)
    return min(max(least, min(to_violates, to_keeps)), most)


def _posterior(at: float) -> float:
    """The probability with these log-odds, rounded to 0 or 1 beyond what a float can tell."""
    return 1 / (1 + math.exp(-max(at, _FLOAT_END)))
