"""The numbers of the panel rules, and what they do exactly at their bounds."""

from __future__ import annotations

import math

import pytest

from venire.jury.model import Ballot, Decision, PanelRule, Rates, Tally, clip
from venire.jury.panel import CONTESTED, RULES, SEQUENTIAL, appeal_rule, decide, log_odds
from venire.kernel.errors import Invalid

EVEN = Rates(0.8, 0.2)
THREE_AGREE = 4**3 / (4**3 + 1)
"""Where three jurors of .8 / .2 bring even odds, to the last bits of a float."""


def cast(pattern: str) -> list[Ballot]:
    names = {"v": "violates", "k": "keeps"}
    return [Ballot(juror, names[vote], EVEN) for juror, vote in enumerate(pattern)]


def test_the_rules_are_those_of_the_contract():
    assert PanelRule("sequential", 0.3, 0.99, 0.05, 3, 15, None, 0) == SEQUENTIAL
    assert PanelRule("sequential", 0.3, 0.999, 0.01, 5, 21, 2.0, 0) == CONTESTED
    counting = {name: (rule.max_ballots, rule.needed) for name, rule in RULES.items()}
    assert counting == {
        "sequential": (15, 0),
        "three_of_five": (5, 3),
        "four_of_five": (5, 4),
        "one_of_bench": (1, 1),
    }
    assert all(rule.name == name for name, rule in RULES.items())


def test_a_bound_that_is_reached_to_the_last_bit_is_reached():
    rule = PanelRule(prior=0.5, violates_at=THREE_AGREE, keeps_at=1 - THREE_AGREE, min_ballots=1)
    assert [decide(cast("v" * n), rule).verdict for n in (2, 3)] == [None, "violates"]
    assert [decide(cast("k" * n), rule).verdict for n in (2, 3)] == [None, "keeps"]
    # The same three ballots with two more that cancel each other: another sum of floats.
    assert decide(cast("vkvvv"), rule).verdict == "violates"
    assert decide(cast("kvkkk"), rule).verdict == "keeps"


@pytest.mark.parametrize(
    ("violates_at", "keeps_at"), [(THREE_AGREE, 1e-9), (1 - 1e-9, 1 - THREE_AGREE)]
)
def test_as_many_are_called_as_reach_the_bound_to_the_last_bit(violates_at, keeps_at):
    rule = PanelRule(prior=0.5, violates_at=violates_at, keeps_at=keeps_at, min_ballots=1)
    assert decide([], rule).seats_wanted == 3


@pytest.mark.parametrize(
    ("typical", "wanted"),
    [
        (Rates(0.9, 0.1), 1),
        (Rates(0.8, 0.2), 2),
        (Rates(0.6, 0.4), 6),
        (Rates(0.9, 0.85), 6),
        (Rates(0.15, 0.1), 14),
        (Rates(0.51, 0.49), 15),
        (Rates(0.5, 0.5), 1),
        (Rates(0.4, 0.6), 1),
        (Rates(0.1, 0.9), 1),
        (Rates(math.nextafter(0.02, 1), 0.02), 1),
    ],
)
def test_the_weaker_the_pool_the_more_are_called_and_a_useless_one_one_by_one(typical, wanted):
    """By hand: 2.10 down to the one bound, 5.44 up to the other, over a ballot's weight."""
    rule = PanelRule(min_ballots=1)
    assert decide([], rule, typical=typical).seats_wanted == wanted


def test_hung_is_said_as_such_and_a_verdict_as_such():
    hung = decide(cast("vk" * 8), SEQUENTIAL)
    assert (hung.state, hung.verdict, hung.tally) == ("hung", "hung", Tally(8, 7))
    sure = decide(cast("kkk"), SEQUENTIAL)
    assert sure == Decision("verdict", sure.posterior, Tally(0, 3), 0, 0, "keeps")
    assert sure.posterior == pytest.approx(0.3 / (0.3 + 0.7 * 4**3))


@pytest.mark.parametrize(("seats", "needed"), [(11, 6), (10, 6), (5, 3), (1, 1)])
def test_an_appeal_keeps_the_bounds_and_asks_for_more_than_half(seats: int, needed: int):
    counting = appeal_rule(RULES["three_of_five"], seats)
    assert counting == PanelRule(
        "three_of_five", min_ballots=seats, max_ballots=seats, needed=needed
    )
    weighed = appeal_rule(CONTESTED, seats)
    assert weighed == PanelRule("sequential", 0.3, 0.999, 0.01, seats, seats, 2.0, 0)


def test_the_capped_weight_is_exactly_the_cap():
    sure = [Ballot(1, "violates", Rates(0.98, 0.02))]
    assert decide(sure, CONTESTED).posterior == pytest.approx(
        1 / (1 + math.exp(-log_odds(0.3) - 2.0))
    )
    sure = [Ballot(1, "keeps", Rates(0.98, 0.02))]
    assert decide(sure, CONTESTED).posterior == pytest.approx(
        1 / (1 + math.exp(-log_odds(0.3) + 2.0))
    )


@pytest.mark.parametrize(
    "numbers",
    [
        {"weight_cap": 1e-9},
        {"weight_cap": None},
        {"min_ballots": 1, "max_ballots": 1},
        {"prior": 1e-9},
        {"prior": 1 - 1e-9},
        {"keeps_at": 0.5 - 1e-9, "violates_at": 0.5 + 1e-9},
        {"name": "three_of_five", "min_ballots": 5, "max_ballots": 5, "needed": 5},
        {"name": "three_of_five", "min_ballots": 1, "max_ballots": 1, "needed": 1},
    ],
)
def test_a_rule_just_within_its_bounds_decides(numbers):
    assert decide([], PanelRule(**numbers)).state == "continue"


@pytest.mark.parametrize(
    "numbers",
    [
        {"prior": -0.5},
        {"prior": 1.5},
        {"keeps_at": -0.5},
        {"keeps_at": 0.6},
        {"violates_at": 0.4},
        {"violates_at": 1.5},
        {"min_ballots": 4, "max_ballots": 3},
        {"min_ballots": -1},
        {"weight_cap": -1.0},
        {"needed": -1},
        {"name": "three_of_five", "min_ballots": 5, "max_ballots": 5, "needed": 0},
        {"name": "three_of_five", "min_ballots": 5, "max_ballots": 5, "needed": -1},
    ],
)
def test_a_rule_beyond_them_is_refused_with_its_code(numbers):
    with pytest.raises(Invalid) as refusal:
        PanelRule(**numbers)
    assert refusal.value.code == "panel_rule_invalid"


def test_rates_reach_their_bounds_and_no_further():
    assert (Rates(0.02, 0.98).h, Rates(0.98, 0.02).h) == (0.02, 0.98)
    assert [clip(rate) for rate in (-1, 0.02, 0.5, 0.98, 2)] == [0.02, 0.02, 0.5, 0.98, 0.98]
    for h, f in ((0.98001, 0.2), (0.2, 0.98001), (0.01999, 0.2), (0.2, 0.01999)):
        with pytest.raises(Invalid) as refusal:
            Rates(h, f)
        assert refusal.value.code == "rate_out_of_range"
        assert refusal.value.data == {"h": h, "f": f}


def test_who_has_no_answers_yet_stands_on_none():
    assert (Rates(0.5, 0.5).n_violating, Rates(0.5, 0.5).n_clean) == (0, 0)
    assert Ballot(1, "keeps").rates == EVEN
    assert (Tally().violates, Tally().keeps, Tally(2, 3).ballots) == (0, 0, 5)


@pytest.mark.parametrize("field", ["h", "f"])
def test_a_ballot_is_not_weighed_anew_by_who_holds_it(field: str):
    ballot = Ballot(1, "keeps")
    with pytest.raises(AttributeError):
        setattr(ballot.rates, field, 0.9)
    with pytest.raises(AttributeError):
        ballot.vote = "violates"
    with pytest.raises(AttributeError):
        SEQUENTIAL.prior = 0.9
    with pytest.raises(AttributeError):
        decide([ballot], SEQUENTIAL).posterior = 0.9
    with pytest.raises(AttributeError):
        decide([ballot], SEQUENTIAL).tally.keeps = 0
