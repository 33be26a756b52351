"""What a step of the draw makes of a round: every field that it changes, and no other."""

from __future__ import annotations

import msgspec
import pytest

from tests.cases.sample_cases import NOW_MS, bench, case, panel
from venire.cases import rounds
from venire.cases.model import Case, Step


def step(kind, **more) -> Step:
    return Step(kind, "k", NOW_MS + 9, **more)


def test_what_is_being_drawn_needs_its_randomness_where_a_beacon_was_fixed():
    assert rounds.while_drawing(panel(state="drawing", beacon_round=7)) == "chance"
    assert rounds.while_drawing(panel(state="drawing")) == "draw"


@pytest.mark.parametrize(("beacon_round", "state"), [(0, "voting"), (7, "drawing")])
def test_a_draw_opens_a_round_that_votes_once_its_order_is_known(beacon_round, state):
    opened = panel(state="drawing", beacon_round=beacon_round)
    before = case(verdict="hung", waits_for="panel", round=bench(recorded=True))
    assert rounds.drawn(before, step("draw", opens=opened)) == case(
        state="judging",
        verdict=None,
        waits_for="ballots",
        round=msgspec.structs.replace(opened, state=state),
    )


def test_a_round_votes_once_its_randomness_is_in_the_record():
    before = case(round=panel(state="drawing", beacon_round=7), look_again_ms=NOW_MS)
    known = rounds.chance_known(before, step("chance", randomness="ab", fallback="silent"))
    assert known == case(round=panel(beacon_round=7, randomness="ab", fallback="silent"))


def test_more_summons_are_added_to_what_was_logged_before():
    before = case(round=panel(cursor=3, logged=(5, 6)))
    after = rounds.seated(before, step("seat", cursor=4, exhausted=True, logged=(8,)))
    assert after == case(round=panel(cursor=4, exhausted=True, logged=(5, 6, 8)))


@pytest.mark.parametrize(
    ("made", "before"),
    [
        (rounds.drawn, case(round=panel())),
        (rounds.chance_known, case()),
        (rounds.chance_known, case(round=panel(randomness="cd"), look_again_ms=NOW_MS)),
        (rounds.chance_known, case(round=panel(state="expired", recorded=True))),
        (rounds.seated, case()),
    ],
)
def test_a_step_of_a_round_that_is_over_changes_nothing(made, before: Case):
    assert made(before, step("seat", randomness="ab", cursor=9, logged=(1,))) == before
