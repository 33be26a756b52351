"""What is next with a case, in each state that it can be in."""

from __future__ import annotations

import msgspec
import pytest

from tests.cases.sample_cases import NOW_MS, POLICY, bench, case, panel
from venire.cases import rules
from venire.cases.model import Appeal, Round


def nexts(more, *, wanted=0, still_open=0, overdue=False) -> str:
    return rules.what_next(
        case(**more), POLICY, seats_wanted=wanted, seats_open=still_open, overdue=overdue
    )


@pytest.mark.parametrize(
    ("more", "step"),
    [
        ({}, "draw"),
        ({"state": "decided", "hold_wanted": "bank"}, "wait"),
        ({"state": "closed"}, "wait"),
        ({"hold_wanted": "report"}, "hold"),
        ({"hold_wanted": "report", "hold": "lifted"}, "hold"),
        ({"hold_wanted": "report", "hold": "held"}, "draw"),
        ({"hold_wanted": "report", "measure": "remove"}, "draw"),
        ({"inherits": "x"}, "verdict"),
        ({"inherits": "x", "round": panel()}, "verdict"),
        ({"inherits": "x", "round": panel(verdict="keeps")}, "wait"),
        ({"inherits": "x", "round": panel(verdict="keeps", recorded=True)}, "verdict"),
        ({"inherits": "x", "verdict": "keeps"}, "keep"),
        ({"verdict": "violates"}, "measure"),
        ({"verdict": "violates", "round": panel(recorded=True)}, "measure"),
        ({"verdict": "keeps"}, "keep"),
        ({"verdict": "keeps", "hold": "held"}, "lift"),
        ({"verdict": "keeps", "hold": "lifted"}, "keep"),
        ({"verdict": "keeps", "categories": ("child_safety",)}, "wait"),
        ({"verdict": "violates", "categories": ("child_safety",)}, "measure"),
        ({"verdict": "hung", "categories": ("child_safety",)}, "wait"),
        ({"verdict": "hung"}, "draw"),
        ({"round": panel(recorded=True)}, "draw"),
        ({"categories": ("spam",)}, "wait"),
        ({"subject_kind": "account"}, "wait"),
        ({"sources": ("moderator",)}, "wait"),
        ({"sources": ("moderator",), "hold": "held"}, "draw"),
        ({"sources": ("moderator", "report")}, "draw"),
        ({"sources": ("notice",), "categories": ("spam",)}, "wait"),
        ({"sources": ("notice",), "categories": ("spam",), "round": panel(recorded=True)}, "draw"),
        (
            {
                "sources": ("notice",),
                "categories": ("child_safety",),
                "round": panel(recorded=True),
            },
            "wait",
        ),
        ({"sources": ("report",), "categories": ("spam",), "round": panel(recorded=True)}, "wait"),
    ],
)
def test_what_is_next_between_rounds(more, step):
    assert nexts(more) == step


NOTICED = {"sources": ("notice",), "verdict": "keeps"}


@pytest.mark.parametrize(
    ("more", "step"),
    [
        ({}, "draw"),
        ({"round": panel(recorded=True)}, "draw"),
        ({"round": bench(recorded=True)}, "dispute"),
        ({"round": bench(recorded=True), "disputed": True}, "wait"),
        ({"round": panel(recorded=True), "disputed": True}, "wait"),
        ({"verdict": "violates", "round": panel(recorded=True)}, "measure"),
        ({"verdict": "hung", "round": panel(recorded=True)}, "draw"),
    ],
)
def test_what_a_panel_keeps_against_a_notice_goes_to_the_bench_and_then_to_a_person(more, step):
    assert nexts({**NOTICED, **more}) == step


def test_a_policy_may_take_the_panels_word_against_a_notice():
    holds = msgspec.structs.replace(POLICY.holds, bench_on_notice_keeps=False)
    policy = msgspec.structs.replace(POLICY, holds=holds)
    kept = case(**NOTICED, round=panel(recorded=True), hold="held")
    assert rules.what_next(kept, policy, seats_wanted=0, seats_open=0) == "lift"


@pytest.mark.parametrize(
    ("current", "seats", "overdue", "step"),
    [
        (panel(), (1, 0), False, "seat"),
        (panel(), (2, 5), False, "seat"),
        (panel(), (0, 3), False, "wait"),
        (panel(), (0, 0), False, "wait"),
        (panel(), (-1, 0), False, "wait"),
        (panel(), (1, 0), True, "verdict"),
        (panel(), (1, 2), True, "wait"),
        (bench(), (1, 0), True, "seat"),
        (bench(), (0, 1), True, "wait"),
        (panel(kind="appeal"), (3, 0), True, "verdict"),
        (panel(exhausted=True), (3, 0), False, "verdict"),
        (panel(exhausted=True), (3, 1), False, "wait"),
        (bench(exhausted=True), (1, 0), False, "verdict"),
        (panel(state="verdict", verdict="keeps"), (0, 0), False, "verdict"),
        (panel(state="hung", verdict="hung"), (0, 0), False, "verdict"),
        (panel(state="expired"), (0, 0), False, "verdict"),
        (panel(state="drawing"), (0, 0), False, "draw"),
        (panel(state="drawing", beacon_round=7), (0, 0), False, "chance"),
    ],
)
def test_what_is_next_within_a_round(current, seats, overdue, step):
    wanted, still_open = seats
    more = {"round": current, "state": "judging"}
    assert nexts(more, wanted=wanted, still_open=still_open, overdue=overdue) == step


@pytest.mark.parametrize("state", ["verdict", "hung", "expired"])
def test_a_round_that_is_over_and_recorded_is_followed_by_another(state):
    current = panel(state=state, recorded=True)
    assert rules._in_round(current, 1, 1, overdue=True) == "draw"
    assert nexts({"round": current, "state": "judging"}) == "draw"


def test_nothing_is_overdue_unless_it_is_said():
    assert rules.what_next(case(round=panel()), POLICY, seats_wanted=1, seats_open=0) == "seat"


@pytest.mark.parametrize(
    ("asks", "seats_open", "overdue", "current", "step"),
    [
        ("gold", 0, True, None, "answer"),
        ("gold", 0, False, None, "draw"),
        ("gold", 1, True, panel(), "wait"),
        ("gold", 0, True, panel(verdict="keeps", state="verdict"), "verdict"),
        ("", 0, True, panel(), "verdict"),
    ],
)
def test_a_question_is_over_with_its_clock(asks, seats_open, overdue, current, step):
    more = {"asks": asks, "round": current}
    assert nexts(more, wanted=1, still_open=seats_open, overdue=overdue) == step


def test_a_question_that_was_answered_ends_and_a_hung_one_goes_to_the_bench():
    over = {"asks": "gold", "verdict": "keeps", "round": panel(recorded=True)}
    assert nexts(over) == "answer"
    assert nexts({**over, "verdict": "hung"}) == "draw"
    assert nexts({**over, "verdict": "hung", "round": bench(recorded=True)}) == "answer"


@pytest.mark.parametrize(
    ("more", "number", "kind", "rule"),
    [
        ({}, 1, "panel", "sequential"),
        ({"private": True}, 1, "bench", "one_of_bench"),
        ({"categories": ("spam",)}, 1, "bench", "one_of_bench"),
        ({"round": panel(recorded=True), "verdict": "hung"}, 2, "bench", "one_of_bench"),
        ({"round": panel(recorded=True)}, 2, "panel", "sequential"),
        ({"round": panel(recorded=True), "sources": ("notice",)}, 2, "bench", "one_of_bench"),
        ({"round": bench(recorded=True), "verdict": "hung"}, 3, "bench", "one_of_bench"),
        ({"round": panel()}, 2, "bench", "one_of_bench"),
    ],
)
@pytest.mark.parametrize("contested", [False, True])
def test_the_round_that_follows(*, more, number, kind, rule, contested):
    made = rules.next_round(case(contested=contested, **more), POLICY, 77)
    assert made == Round(number, kind, "drawing", 77, rule=rule, contested=contested)


def test_an_appeal_is_drawn_and_a_sealed_one_waits_for_its_person():
    appealed = {"state": "judging", "appeal": Appeal("k", 7, "author", NOW_MS)}
    assert nexts(appealed) == "draw"
    assert nexts({**appealed, "categories": ("child_safety",)}) == "wait"
