from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.jury.model import UNCALIBRATED, Ballot, PanelRule, Rates, Tally
from venire.jury.panel import CONTESTED, RULES, SEQUENTIAL, appeal_rule, decide, weight
from venire.kernel.errors import Invalid

rate = st.floats(0.02, 0.98)
rates = st.builds(Rates, h=rate, f=rate)
votes = st.sampled_from(["violates", "keeps"])
weighing = st.sampled_from([SEQUENTIAL, CONTESTED, appeal_rule(SEQUENTIAL, 11)])
any_rule = weighing | st.sampled_from(list(RULES.values()))


@st.composite
def panels(look, size=25):
    """Ballots of different jurors."""
    jurors = look(st.lists(st.integers(0, 10**6), unique=True, max_size=size))
    return [Ballot(juror, look(votes), look(rates)) for juror in jurors]


def cast(pattern: str, given_rates: Rates = UNCALIBRATED) -> list[Ballot]:
    """`vvk`: two ballots for violates, then one for keeps."""
    names = {"v": "violates", "k": "keeps"}
    return [Ballot(juror, names[vote], given_rates) for juror, vote in enumerate(pattern)]


@given(panels(size=15))
def test_the_posterior_is_bayes_theorem(ballots):
    rule = PanelRule(min_ballots=20, max_ballots=20)
    violating, clean = rule.prior, 1 - rule.prior
    for ballot in ballots:
        said = ballot.vote == "violates"
        violating *= ballot.rates.h if said else 1 - ballot.rates.h
        clean *= ballot.rates.f if said else 1 - ballot.rates.f
    expected = violating / (violating + clean)
    assert decide(ballots, rule).posterior == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(panels(), any_rule)
def test_it_stops_at_the_first_ballot_where_it_may(ballots, rule):
    """Against the rule's own sentence, read off every prefix."""
    for count in range(len(ballots) + 1):
        decision = decide(ballots[:count], rule)
        if decision.state != "continue":
            break
    else:
        assert len(ballots) < rule.max_ballots
        assert decision.verdict is None
        return
    assert rule.min_ballots <= count <= rule.max_ballots
    assert decision.tally.ballots == count
    if rule.needed:
        wins = decision.tally.violates >= rule.needed
        assert decision.verdict == ("violates" if wins else "keeps")
    elif decision.posterior >= rule.violates_at + 1e-6:
        assert decision.verdict == "violates"
    elif decision.posterior <= rule.keeps_at - 1e-6:
        assert decision.verdict == "keeps"
    elif rule.keeps_at + 1e-6 < decision.posterior < rule.violates_at - 1e-6:
        assert decision.verdict == "hung"
        assert count == rule.max_ballots
    assert decision.state == ("hung" if decision.verdict == "hung" else "verdict")


@given(panels(), any_rule, st.data())
def test_ballots_after_the_stop_change_nothing_in_any_order(ballots, rule, data):
    decision = decide(ballots, rule)
    counted = decision.tally.ballots
    late = data.draw(st.permutations(ballots[counted:]))
    assert decide([*ballots[:counted], *late], rule) == decision
    if decision.state != "continue":
        assert decide(ballots[:counted], rule) == decision


@given(panels(), any_rule, st.data())
def test_a_juror_cannot_count_twice(ballots, rule, data):
    if not ballots:
        return
    stuffed = list(ballots)
    for _ in range(data.draw(st.integers(1, 5))):
        again = data.draw(st.sampled_from(ballots))
        other = msgspec.structs.replace(again, vote=data.draw(votes))
        first = next(i for i, each in enumerate(stuffed) if each.juror_id == again.juror_id)
        stuffed.insert(data.draw(st.integers(first + 1, len(stuffed))), other)
    assert decide(stuffed, rule) == decide(ballots, rule)


@given(panels(), any_rule)
def test_the_tally_is_of_the_ballots_that_counted(ballots, rule):
    decision = decide(ballots, rule)
    counted = ballots[: decision.tally.ballots]
    said = [ballot.vote for ballot in counted]
    assert decision.tally == Tally(said.count("violates"), said.count("keeps"))


@given(panels(size=11), st.permutations(range(11)))
def test_an_appeal_in_which_all_vote_does_not_depend_on_who_voted_first(ballots, places):
    shuffled = [ballots[place] for place in places if place < len(ballots)]
    one = decide(ballots, appeal_rule(SEQUENTIAL, 11))
    other = decide(shuffled, appeal_rule(SEQUENTIAL, 11))
    assert (one.verdict, one.tally) == (other.verdict, other.tally)
    assert one.posterior == pytest.approx(other.posterior)


@given(votes, rates)
def test_no_ballot_moves_a_contested_case_by_more_than_the_cap(vote, given_rates):
    moved = weight(vote, given_rates, CONTESTED.weight_cap)
    assert abs(moved) <= 2.0
    free = weight(vote, given_rates, None)
    assert moved == free or (abs(free) > 2.0 and math.copysign(2.0, free) == moved)


@pytest.mark.parametrize(
    ("pattern", "verdict", "counted"),
    [
        ("", None, 0),
        ("kk", None, 2),
        ("kkk", "keeps", 3),
        ("kkkv", "keeps", 3),
        ("vvv", None, 3),
        ("vvvv", "violates", 4),
        ("vvkvvv", "violates", 6),
        ("vkvkkkv", "keeps", 6),
        ("vk" * 7, None, 14),
        ("vk" * 7 + "v", "hung", 15),
        ("vk" * 7 + "k", "hung", 15),
        ("vk" * 7 + "vvvv", "hung", 15),
    ],
)
def test_uncalibrated_panels_by_hand(pattern: str, verdict: str | None, counted: int):
    """Prior log(3/7) = -0.85, each ballot +-1.39, stops at 4.60 and -2.94."""
    decision = decide(cast(pattern), SEQUENTIAL)
    assert (decision.verdict, decision.tally.ballots) == (verdict, counted)


@pytest.mark.parametrize(
    ("name", "pattern", "verdict"),
    [
        ("three_of_five", "vvkkv", "violates"),
        ("three_of_five", "vvkkk", "keeps"),
        ("three_of_five", "vvvv", None),
        ("four_of_five", "vvvvk", "violates"),
        ("four_of_five", "vvvkk", "keeps"),
        ("four_of_five", "kkkkkvvvv", "keeps"),
        ("one_of_bench", "", None),
        ("one_of_bench", "v", "violates"),
        ("one_of_bench", "kv", "keeps"),
    ],
)
def test_counting_rules_count(name, pattern: str, verdict: str | None):
    assert decide(cast(pattern), RULES[name]).verdict == verdict


def test_the_contested_bounds_hold_a_faction_of_perfect_gold_back():
    perfect = Rates(0.98, 0.02)
    assert decide(cast("vvv", perfect), SEQUENTIAL).verdict == "violates"
    assert decide(cast("vvv", perfect), CONTESTED).verdict is None
    assert decide(cast("vvvvv", perfect), CONTESTED).verdict == "violates"


@given(panels(), any_rule)
def test_the_seats_it_asks_for_are_within_what_is_left(ballots, rule):
    decision = decide(ballots, rule)
    if decision.state == "continue":
        assert 1 <= decision.seats_wanted <= decision.ballots_left
        assert decision.ballots_left == rule.max_ballots - decision.tally.ballots
        assert decision.tally.ballots + decision.seats_wanted >= rule.min_ballots
    else:
        assert (decision.seats_wanted, decision.ballots_left) == (0, 0)


@given(st.text("vk", max_size=20), any_rule)
def test_the_seats_it_asks_for_are_the_fewest_that_could_end_it(pattern, rule):
    """Typical jurors who agree end it with that many ballots, and never with fewer."""
    decision = decide(cast(pattern), rule)
    if decision.state != "continue":
        return
    so_far = pattern[: decision.tally.ballots]
    for more in range(1, decision.seats_wanted + 1):
        ends = [decide(cast(so_far + vote * more), rule).state for vote in "vk"]
        assert (set(ends) != {"continue"}) == (more == decision.seats_wanted)


def test_the_first_summonses_go_to_as_many_as_are_needed_and_no_more():
    assert decide([], SEQUENTIAL).seats_wanted == 3
    assert decide([], CONTESTED).seats_wanted == 5
    assert decide([], RULES["three_of_five"]).seats_wanted == 5
    assert decide([], RULES["one_of_bench"]).seats_wanted == 1
    assert decide([], appeal_rule(SEQUENTIAL, 11)).seats_wanted == 11


@pytest.mark.parametrize("typical", [Rates(0.5, 0.5), Rates(0.2, 0.8)])
def test_a_pool_no_better_than_a_coin_is_asked_one_at_a_time(typical: Rates):
    assert decide(cast("vvkk"), SEQUENTIAL, typical=typical).seats_wanted == 1


def test_what_jurors_are_shown_does_not_tell_how_the_others_voted():
    left = {decide(cast(pattern), SEQUENTIAL).ballots_left for pattern in ("vvv", "vvk", "vkk")}
    assert left == {12}


def test_an_appeal_of_a_counting_rule_asks_for_a_majority():
    rule = appeal_rule(RULES["four_of_five"], 11)
    assert (rule.min_ballots, rule.max_ballots, rule.needed) == (11, 11, 6)
    assert decide(cast("vvvvvvkkkkk"), rule).verdict == "violates"
    assert decide(cast("vvvvvkkkkkk"), rule).verdict == "keeps"
    assert decide(cast("vvvvvvvvvv"), rule).verdict is None


def test_a_panel_of_thousands_does_not_overflow():
    rule = PanelRule(min_ballots=3000, max_ballots=3000)
    sure = Rates(0.98, 0.02)
    assert decide(cast("k" * 3000, sure), rule).verdict == "keeps"
    assert decide(cast("v" * 3000, sure), rule).verdict == "violates"


@pytest.mark.parametrize(
    "wrong",
    [
        {"prior": 0.0},
        {"prior": 1.0},
        {"violates_at": 1.0},
        {"violates_at": 0.5},
        {"keeps_at": 0.0},
        {"keeps_at": 0.5},
        {"min_ballots": 0},
        {"min_ballots": 16},
        {"weight_cap": 0.0},
        {"needed": 1},
        {"name": "three_of_five"},
        {"name": "three_of_five", "min_ballots": 5, "max_ballots": 5, "needed": 6},
        {"name": "three_of_five", "min_ballots": 3, "max_ballots": 5, "needed": 3},
    ],
)
def test_a_rule_that_cannot_decide_is_refused(wrong):
    with pytest.raises(Invalid, match="panel_rule_invalid"):
        PanelRule(**wrong)


@pytest.mark.parametrize(("h", "f"), [(0.99, 0.2), (0.8, 0.01), (0.01, 0.2), (float("nan"), 0.2)])
def test_rates_that_would_let_one_ballot_decide_are_refused(h: float, f: float):
    with pytest.raises(Invalid, match="rate_out_of_range"):
        Rates(h, f)
