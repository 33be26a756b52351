"""The panel rule on the seats of a round: which numbers, which ballots, how many more are asked."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.cases.sample_cases import case, panel
from venire.cases import panels
from venire.cases.policy import SEATS_AT_ONCE, load_policy
from venire.jury.model import PanelRule
from venire.jury.panel import RULES, log_odds
from venire.jury.simulation import rule_named
from venire.storage.tables.cases import SeatRow

POLICY = load_policy()
SHARP, BLUNT = (0.9, 0.1), (0.6, 0.4)


def seat(juror_id: int, vote: str | None = None, **more: Any) -> SeatRow:
    made = SeatRow(
        case_id=1,
        round=1,
        juror_id=juror_id,
        pool_index=juror_id,
        state="voted" if vote else "seated",
        offered_at_ms=1,
        deadline_ms=2,
        hit_rate=SHARP[0],
        false_alarm_rate=SHARP[1],
        vote=vote,
        category=None,
        reason=None,
        voted_at_ms=juror_id if vote else None,
    )
    return msgspec.structs.replace(made, **more)


def votes(*said: str) -> list[SeatRow]:
    return [seat(number, vote) for number, vote in enumerate(said, 1)]


# which numbers

CONTESTED = PanelRule(
    prior=0.3, violates_at=0.999, keeps_at=0.01, min_ballots=5, max_ballots=21, weight_cap=2.0
)
PLAIN = PanelRule(prior=0.3, violates_at=0.99, keeps_at=0.05, min_ballots=3, max_ballots=15)


@pytest.mark.parametrize(
    ("current", "rule"),
    [
        (panel(), PLAIN),
        (panel(contested=True), CONTESTED),
        (panel(rule="three_of_five"), RULES["three_of_five"]),
        (panel(rule="four_of_five", contested=True), RULES["four_of_five"]),
        (panel(kind="bench"), RULES["one_of_bench"]),
        (panel(kind="bench", rule="one_of_bench", contested=True), RULES["one_of_bench"]),
        (
            panel(kind="appeal", seats=11),
            msgspec.structs.replace(PLAIN, min_ballots=11, max_ballots=11),
        ),
        (
            panel(kind="appeal", seats=11, contested=True),
            msgspec.structs.replace(CONTESTED, min_ballots=11, max_ballots=11),
        ),
    ],
)
def test_a_round_is_judged_by_its_own_numbers(current, rule):
    assert panels.panel_rule(current, POLICY) == rule


def test_a_counting_rule_asks_a_simple_majority_of_an_appeal():
    rule = panels.panel_rule(panel(kind="appeal", rule="four_of_five", seats=11), POLICY)
    assert (rule.name, rule.needed, rule.max_ballots) == ("four_of_five", 6, 11)


# where it stands


def test_a_round_goes_on_until_its_rule_is_satisfied():
    going = panels.evaluate(panel(), votes("violates", "violates"), POLICY)
    assert (going.state, going.verdict, going.violates, going.keeps) == ("voting", None, 2, 0)
    over = panels.evaluate(panel(), votes("violates", "violates", "violates"), POLICY)
    assert (over.state, over.verdict, over.violates, over.keeps) == ("verdict", "violates", 3, 0)
    assert over.posterior > 0.99


@given(st.lists(st.sampled_from(["violates", "keeps"]), max_size=2))
def test_each_ballot_moves_the_odds_by_what_its_juror_is_known_for(said):
    found = panels.evaluate(panel(), votes(*said), POLICY)
    moved = sum(math.log(9) if vote == "violates" else -math.log(9) for vote in said)
    assert math.isclose(log_odds(found.posterior), log_odds(0.3) + moved)


def test_a_juror_who_guesses_moves_less_than_one_who_knows():
    sharp = panels.evaluate(panel(), [seat(1, "violates")], POLICY)
    guess = seat(1, "violates", hit_rate=BLUNT[0], false_alarm_rate=BLUNT[1])
    assert panels.evaluate(panel(), [guess], POLICY).posterior < sharp.posterior


def test_rates_beyond_what_anybody_can_have_are_brought_back():
    perfect = seat(1, "violates", hit_rate=1.0, false_alarm_rate=0.0)
    assert 0 < panels.evaluate(panel(), [perfect], POLICY).posterior < 1


@pytest.mark.parametrize("state", ["offered", "seated", "declined", "timed_out", "dismissed"])
def test_only_ballots_that_were_cast_count(state):
    others = [seat(number, "violates", state=state) for number in range(10, 20)]
    found = panels.evaluate(panel(), [*votes("keeps"), *others], POLICY)
    assert (found.violates, found.keeps, found.verdict) == (0, 1, None)


def test_ballots_count_in_the_order_in_which_they_were_cast():
    first = [seat(number, "violates", voted_at_ms=number) for number in (7, 8, 9)]
    late = [seat(number, "keeps", voted_at_ms=10 + number) for number in (1, 2, 3)]
    found = panels.evaluate(panel(), [*late, *first], POLICY)
    assert (found.verdict, found.violates, found.keeps) == ("violates", 3, 0)


def test_of_two_ballots_of_one_moment_the_juror_of_the_lower_number_comes_first():
    at_once = [
        *(seat(number, "keeps", voted_at_ms=5) for number in (4, 5, 6, 7)),
        *(seat(number, "violates", voted_at_ms=5) for number in (1, 2, 3)),
    ]
    found = panels.evaluate(panel(), at_once, POLICY)
    assert (found.verdict, found.violates, found.keeps) == ("violates", 3, 0)


def test_a_ballot_without_a_moment_is_from_before_moments_were_kept():
    old = [seat(number, "violates", voted_at_ms=None) for number in (7, 8, 9)]
    new = [seat(number, "keeps", voted_at_ms=1) for number in (1, 2, 3)]
    assert panels.evaluate(panel(), [*new, *old], POLICY).verdict == "violates"


def test_a_panel_that_has_all_its_ballots_and_knows_nothing_is_hung():
    said = [seat(number, vote) for number, vote in enumerate(["violates", "keeps"] * 7, 1)]
    last = seat(15, "violates")
    assert panels.evaluate(panel(), said, POLICY).state == "voting"
    found = panels.evaluate(panel(), [*said, last], POLICY)
    assert (found.state, found.verdict, found.violates, found.keeps) == ("hung", "hung", 8, 7)


# how many more are asked


def test_a_round_that_does_not_vote_asks_nobody():
    assert panels.seats_wanted(None, [], POLICY) == 0
    for state in ("drawing", "verdict", "hung", "expired"):
        assert panels.seats_wanted(panel(state=state), [], POLICY) == 0


def test_those_asked_and_not_yet_heard_are_not_asked_again():
    assert panels.seats_wanted(panel(), [], POLICY) == 3
    asked = [seat(1, state="offered"), seat(2, state="seated")]
    assert panels.seats_wanted(panel(), asked, POLICY) == 1
    gone = [seat(3, state="declined"), seat(4, state="timed_out")]
    assert panels.seats_wanted(panel(), [*asked, *gone], POLICY) == 1
    more = [seat(number, state="offered") for number in range(5, 12)]
    assert panels.seats_wanted(panel(), [*asked, *more], POLICY) == 0


def test_while_time_runs_short_more_are_asked_at_once_and_no_more_than_one_commit_holds():
    assert panels.seats_wanted(panel(), [], POLICY, times=1.5) == 5
    assert panels.seats_wanted(panel(), [], POLICY, times=100.0) == SEATS_AT_ONCE


def test_what_the_pool_is_like_foresees_how_many_are_needed():
    blunt = panels.seats_wanted(panel(typical=BLUNT), [], POLICY)
    assert blunt > panels.seats_wanted(panel(typical=SHARP), [], POLICY) == 3


@given(
    st.lists(st.sampled_from(["violates", "keeps"]), max_size=20),
    st.booleans(),
    st.integers(0, 3),
    st.sampled_from([1.0, 1.5]),
)
def test_the_seats_in_the_record_do_not_tell_how_the_others_voted(
    said, contested, still_open, times
):
    """Each seating is public while others still vote."""
    current = panel(contested=contested)
    evenly = ["violates", "keeps"] * 10
    asked = [seat(number, state="offered") for number in range(50, 50 + still_open)]
    heard = votes(*said)
    assume(panels.evaluate(current, heard, POLICY).verdict is None)
    other = votes(*evenly[: len(said)])
    assert panels.evaluate(current, other, POLICY).verdict is None
    wanted = [
        panels.seats_wanted(current, [*v, *asked], POLICY, times=times) for v in (heard, other)
    ]
    assert wanted[0] == wanted[1]


def test_an_undecided_panel_asks_two_at_a_time_and_never_more_than_may_vote():
    evenly = ["violates", "keeps"] * 7
    assert panels.seats_wanted(panel(), votes("violates"), POLICY) == 2
    assert panels.seats_wanted(panel(), votes("violates", "keeps"), POLICY) == 1
    assert panels.seats_wanted(panel(), votes(*evenly[:3]), POLICY) == 2
    assert panels.seats_wanted(panel(), votes(*evenly[:13]), POLICY) == 2
    assert panels.seats_wanted(panel(), votes(*evenly), POLICY) == 1
    village = msgspec.structs.replace(
        POLICY, jury=msgspec.structs.replace(POLICY.jury, preset="small")
    )
    assert panels.seats_wanted(panel(), votes(*evenly[:1]), village) == 2
    assert panels.seats_wanted(panel(), votes(*evenly[:3]), village) == 1
    assert panels.seats_wanted(panel(), votes(*evenly[:3]), village, times=1.5) == 2
    counting = panel(rule="three_of_five")
    left = [panels.seats_wanted(counting, votes(*evenly[:n]), POLICY) for n in range(5)]
    assert left == [5, 4, 3, 2, 1]


def test_a_juror_is_told_the_most_ballots_that_may_still_be_cast():
    assert panels.ballots_left(panel(), [], POLICY) == 15
    assert panels.ballots_left(panel(), votes("violates", "keeps"), POLICY) == 13
    assert panels.ballots_left(panel(), votes("keeps", "keeps", "keeps"), POLICY) == 0


# an appeal to which not all have come


def appeal(**more: Any) -> Any:
    return panel(kind="appeal", seats=11, **{"exhausted": True, **more})


def test_an_appeal_is_decided_by_those_who_came_if_they_are_enough():
    said = votes(*["keeps"] * 5)
    assert panels.of_those_who_came(appeal(), said, POLICY, least=5) == "keeps"
    assert panels.of_those_who_came(appeal(), said, POLICY, least=6) == "hung"
    assert panels.of_those_who_came(appeal(), votes(*["violates"] * 6), POLICY, least=5) == (
        "violates"
    )


def test_who_was_asked_and_did_not_vote_is_not_one_who_came():
    said = [*votes(*["keeps"] * 4), seat(9), seat(10, state="timed_out")]
    assert panels.of_those_who_came(appeal(), said, POLICY, least=5) == "hung"


def test_an_appeal_waits_for_more_while_there_are_any():
    said = votes(*["keeps"] * 5)
    assert panels.of_those_who_came(appeal(exhausted=False), said, POLICY, least=5) == "hung"


def test_those_who_came_may_not_agree():
    said = votes("keeps", "violates", "keeps", "violates", "violates")
    assert panels.of_those_who_came(appeal(), said, POLICY, least=5) == "hung"


def test_those_who_came_decide_by_a_majority_of_themselves_where_ballots_are_counted():
    said = votes("violates", "violates", "violates", "keeps", "keeps")
    counted = appeal(rule="three_of_five")
    assert panels.of_those_who_came(counted, said, POLICY, least=5) == "violates"


# which rule was broken


def found(*named: tuple[str, str], alleged: tuple[str, ...] = ("incitement",)) -> str:
    return panels.category_found(case(categories=alleged), named)


def test_what_most_of_those_found_who_voted_against_it_is_what_was_broken():
    assert found(("violates", "hate"), ("violates", "hate"), ("violates", "spam")) == "hate"
    assert found(("violates", "hate"), ("keeps", "spam"), ("keeps", "spam")) == "hate"


def test_where_nobody_says_or_as_many_say_what_was_alleged_that_stands():
    assert found() == ""
    assert found(("violates", ""), ("violates", "")) == ""
    assert found(("keeps", "spam")) == ""
    assert found(("violates", "hate"), ("violates", "incitement")) == ""


def test_of_several_that_as_many_found_the_mildest_counts():
    assert found(("violates", "hate"), ("violates", "spam")) == "spam"
    assert found(("violates", "spam"), ("violates", "hate")) == "spam"


def test_what_may_harm_a_child_is_not_for_jurors_to_find():
    named = [("violates", "child_safety")] * 3
    assert found(*named) == ""
    assert found(*named, ("violates", "hate")) == "hate"


def test_more_who_name_no_rule_leave_what_was_alleged():
    assert found(("violates", ""), ("violates", ""), ("violates", "hate")) == ""


def test_the_shipped_policy_judges_by_the_very_rules_that_are_simulated():
    """What `venire simulate jury` says of a rule is of the rule that a case is judged by."""
    for name, current in (
        ("sequential", panel()),
        ("contested", panel(contested=True)),
        ("three_of_five", panel(rule="three_of_five")),
        ("four_of_five", panel(rule="four_of_five")),
    ):
        simulated = rule_named(name, base_rate=POLICY.panel.prior, faction=0.0)
        assert panels.numbers_of(current, POLICY) == simulated
