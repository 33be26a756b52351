"""How often a reporter is right, what their word opens, and when it is not taken."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.cases import reporter_rules, rules
from venire.cases.model import Case, Round, Source
from venire.cases.policy import load_policy
from venire.cases.reporter_rules import RIGHT, UNFOUNDED, WRONG, Reported
from venire.kernel.clock import DAY_MS, HOUR_MS

POLICY = load_policy()
NUMBERS = POLICY.reporters
OUTCOMES = st.lists(
    st.builds(Reported, st.sampled_from([RIGHT, WRONG, UNFOUNDED]), st.integers(1, 1_000)),
    max_size=100,
)


@given(OUTCOMES)
def test_accuracy_is_a_share_and_shrunk_towards_the_prior(outcomes):
    found = reporter_rules.accuracy(outcomes, NUMBERS)
    assert 0 < found < 1
    if not outcomes:
        assert found == NUMBERS.prior


@given(OUTCOMES, st.integers(1, 1_000))
def test_one_more_report_that_was_right_never_lowers_the_accuracy(outcomes, at_ms):
    before = reporter_rules.accuracy(outcomes, NUMBERS)
    after = reporter_rules.accuracy([*outcomes, Reported(RIGHT, at_ms)], NUMBERS)
    assert after >= before
    worse = reporter_rules.accuracy([*outcomes, Reported(WRONG, at_ms)], NUMBERS)
    assert worse <= before


@given(OUTCOMES, st.integers(0, 1_000))
def test_nobody_is_suspended_who_was_not_warned_or_was_mostly_right(outcomes, counted_from_ms):
    late = [one for one in outcomes if one.at_ms > counted_from_ms]
    bad = sum(one.outcome == UNFOUNDED for one in late)
    for state in ("clear", "warned"):
        turn = reporter_rules.turn(
            state,
            outcomes,
            NUMBERS,
            counted_from_ms=counted_from_ms,
            since_ms=0,
            now_ms=1_000,
        )
        if state == "clear":
            assert turn != "suspend"
        if turn in {"warn", "suspend"}:
            assert bad * 2 >= len(late)
            assert bad >= NUMBERS.suspend_at


def test_only_a_panel_of_which_not_one_saw_a_violation_makes_a_report_unfounded():
    case = Case(
        id=1,
        public_id="a" * 32,
        subject_kind="post",
        subject_id=2,
        author_id=3,
        opened_at_ms=1,
        due_at_ms=2,
        policy_version="1",
        categories=("harassment",),
        sources=("report",),
        state="decided",
        verdict="keeps",
        judged_by="panel",
        round=Round(1, "panel", "verdict", 1, recorded=True, keeps=5),
    )
    assert reporter_rules.outcome_of(case) == UNFOUNDED
    one_saw = msgspec.structs.replace(case.round, violates=1)
    others = (
        {"round": one_saw},
        {"sources": ("report", "detector")},
        {"judged_by": "moderator"},
        {"judged_by": "bench", "round": msgspec.structs.replace(case.round, kind="bench")},
    )
    for change in others:
        assert reporter_rules.outcome_of(msgspec.structs.replace(case, **change)) == WRONG
    won = msgspec.structs.replace(case, verdict="violates")
    assert reporter_rules.outcome_of(won) == RIGHT
    assert not reporter_rules.outcome_of(msgspec.structs.replace(case, state="judging"))


def opened_by(weight):
    source = Source("report", "1:1", "harassment", 1_000, account_id=1, weight=weight)
    return rules.open_case(
        case_id=1,
        public_id="a" * 32,
        subject_kind="post",
        subject_id=5,
        author_id=7,
        source=source,
        policy=POLICY,
        now_ms=1_000,
    )


@given(st.floats(0.01, 0.99))
def test_a_light_report_waits_for_a_second_but_never_for_long_and_never_hides(weight):
    case = opened_by(weight)
    light = weight < NUMBERS.panel_at
    assert reporter_rules.waits_for_a_second(case, 1_001) == light
    until = 1_000 + NUMBERS.second_hours * HOUR_MS
    assert not reporter_rules.waits_for_a_second(case, until)
    assert not case.hold_wanted
    second = Source("report", "2:2", "harassment", 2_000, account_id=2, weight=0.39)
    more = rules.merge(case, second, POLICY)
    if weight > 0.05:
        assert not reporter_rules.waits_for_a_second(more, 2_001)


def test_who_never_reported_before_is_heard_at_once():
    assert not reporter_rules.waits_for_a_second(opened_by(NUMBERS.prior), 1_001)
    assert not reporter_rules.waits_for_a_second(opened_by(None), 1_001)


def test_the_queue_puts_persons_first_and_the_seldom_right_last_oldest_first():
    waits = [opened_by(weight) for weight in (0.1, 0.9, 0.9, 0.9)]
    numbered = [
        msgspec.structs.replace(case, id=number, waits_for=waits_for)
        for number, (case, waits_for) in enumerate(
            zip(waits, ("moderator", "ballots", "moderator", "moderator"), strict=True)
        )
    ]
    assert [case.id for case in reporter_rules.in_order(numbered, POLICY)] == [2, 3, 0, 1]


def test_what_some_panel_took_for_a_violation_was_no_idle_report():
    case = opened_by(0.5)
    kept = msgspec.structs.replace(
        case,
        state="decided",
        verdict="keeps",
        judged_by="appeal",
        round=Round(2, "appeal", "verdict", 1, recorded=True, keeps=11),
    )
    assert reporter_rules.outcome_of(kept) == UNFOUNDED
    struck = msgspec.structs.replace(kept, struck=("k:3:measure",))
    assert reporter_rules.outcome_of(struck) == WRONG
    assert reporter_rules.outcome_of(msgspec.structs.replace(kept, hung=True)) == WRONG


# by number and by share


def said(*outcomes: str, at_ms: int = 10) -> list[Reported]:
    return [Reported(outcome, at_ms) for outcome in outcomes]


def turn(state: str, outcomes: list[Reported], **more: Any) -> str:
    moments = {"counted_from_ms": 0, "since_ms": 0, "now_ms": 1_000, **more}
    return reporter_rules.turn(state, outcomes, NUMBERS, **moments)


def test_the_prior_counts_as_so_many_reports():
    assert reporter_rules.accuracy(said(RIGHT, RIGHT, WRONG, UNFOUNDED), NUMBERS) == 7 / 14
    assert reporter_rules.accuracy(said(*[RIGHT] * 10), NUMBERS) == 15 / 20
    assert reporter_rules.accuracy(said(*[WRONG] * 10), NUMBERS) == 5 / 20


@pytest.mark.parametrize(
    ("state", "bad", "turned"),
    [
        ("clear", 4, "stay"),
        ("clear", 5, "warn"),
        ("warned", 2, "stay"),
        ("warned", 3, "suspend"),
        ("suspended", 2, "clear"),
        ("suspended", 3, "stay"),
    ],
)
def test_so_many_unfounded_reports_warn_and_so_many_more_suspend(state, bad, turned):
    assert turn(state, said(*[UNFOUNDED] * bad)) == turned


@pytest.mark.parametrize(("right", "turned"), [(5, "warn"), (6, "stay")])
def test_who_is_right_as_often_as_not_is_just_warned(right, turned):
    assert turn("clear", said(*[UNFOUNDED] * 5, *[RIGHT] * right)) == turned


def test_what_was_wrong_in_good_faith_is_not_held_against_anybody():
    assert turn("clear", said(*[WRONG] * 50)) == "stay"
    assert turn("clear", said(*[UNFOUNDED] * 5, *[WRONG] * 6)) == "stay"


def test_only_what_came_after_the_last_turn_counts():
    before, after = said(*[UNFOUNDED] * 9, at_ms=10), said(UNFOUNDED, UNFOUNDED, at_ms=11)
    assert turn("warned", before + after, counted_from_ms=10) == "stay"
    assert turn("warned", before + after, counted_from_ms=9) == "suspend"


def test_a_warning_lapses_after_half_a_year_and_not_a_moment_before():
    lapses_ms = 7 + 182 * DAY_MS
    assert turn("warned", [], since_ms=7, now_ms=lapses_ms - 1) == "stay"
    assert turn("warned", [], since_ms=7, now_ms=lapses_ms) == "clear"
    assert turn("warned", [], since_ms=7, now_ms=lapses_ms + DAY_MS) == "clear"
    assert turn("clear", [], since_ms=7, now_ms=lapses_ms) == "stay"
    assert turn("suspended", said(*[UNFOUNDED] * 3), since_ms=7, now_ms=lapses_ms) == "stay"


def test_a_reporter_goes_these_ways_and_no_other():
    machine = reporter_rules.REPORTER_STATES
    ways = {state.name: (set(state.exits), state.deadline) for state in machine.states}
    assert (machine.name, machine.start) == ("reporter", "clear")
    assert ways == {
        "clear": ({"warned"}, "none"),
        "warned": ({"suspended", "clear"}, "warning_lapses"),
        "suspended": ({"warned", "clear", "over"}, "until_ms"),
        "over": (set(), None),
    }


def test_outcomes_are_kept_for_years_under_these_names():
    assert (RIGHT, WRONG, UNFOUNDED) == ("right", "wrong", "unfounded")


# what a verdict says of those who reported


KEPT = {
    "state": "decided",
    "verdict": "keeps",
    "judged_by": "panel",
    "round": Round(1, "panel", "verdict", 1, recorded=True, keeps=5),
}


def decided(**more: Any) -> Case:
    return msgspec.structs.replace(opened_by(0.5), **{**KEPT, **more})


@pytest.mark.parametrize("kind", ["panel", "appeal"])
@pytest.mark.parametrize("judged_by", ["panel", "appeal"])
def test_a_lot_that_was_of_one_mind_makes_a_report_unfounded(kind, judged_by):
    current = Round(1, kind, "verdict", 1, recorded=True, keeps=5)
    assert reporter_rules.outcome_of(decided(round=current, judged_by=judged_by)) == UNFOUNDED


@pytest.mark.parametrize(
    "more",
    [
        {"round": None},
        {"round": Round(1, "panel", "verdict", 1, keeps=5)},
        {"round": Round(1, "panel", "verdict", 1, recorded=True)},
        {"round": Round(1, "panel", "verdict", 1, recorded=True, keeps=5, violates=1)},
        {"round": Round(1, "bench", "verdict", 1, recorded=True, keeps=1)},
        {"judged_by": "bank"},
        {"judged_by": "bench"},
        {"sources": ("detector",)},
        {"sources": ("detector", "report")},
        {"struck": ("k:1:measure",)},
        {"hung": True},
    ],
)
def test_anything_else_that_was_kept_was_only_wrong(more):
    assert reporter_rules.outcome_of(decided(**more)) == WRONG


@pytest.mark.parametrize("more", [{"verdict": "hung"}, {"verdict": None}, {"state": "open"}])
def test_what_nobody_has_decided_says_nothing_of_a_reporter(more):
    assert reporter_rules.outcome_of(decided(**more)) == ""


# what a report weighs


def heard(case: Case, *, new_reporter: bool = True, **more: Any) -> Case:
    source = Source("report", "2:2", "harassment", 5_000, account_id=2, **more)
    return reporter_rules.heard(case, source, POLICY, new_reporter=new_reporter)


def test_each_reporter_adds_what_their_word_weighs_once():
    case = decided(report_weight=0.25)
    assert heard(case, weight=0.5).report_weight == 0.75
    assert heard(case).report_weight == 0.25 + NUMBERS.prior
    assert heard(case, weight=0.5, new_reporter=False).report_weight == 0.25
    detected = Source("detector", "d", "harassment", 5_000, weight=0.5)
    unchanged = reporter_rules.heard(case, detected, POLICY, new_reporter=True)
    assert unchanged.report_weight == 0.25


def light(**more: Any) -> Case:
    """Reported once, by somebody who is seldom right; nothing has been done about it."""
    return msgspec.structs.replace(opened_by(0.1), **{"second_by_ms": 0, **more})


def test_a_light_report_waits_so_long_from_when_it_was_made():
    waits_ms = 5_000 + NUMBERS.second_hours * HOUR_MS
    assert heard(light(), weight=0.1).second_by_ms == waits_ms


def test_a_second_light_report_does_not_make_the_first_wait_longer():
    assert heard(light(second_by_ms=77), weight=0.1).second_by_ms == 77


@pytest.mark.parametrize(
    "more",
    [
        {"sources": ("report", "detector")},
        {"hold_wanted": "report"},
        {"hold": "held"},
        {"report_weight": NUMBERS.panel_at},
    ],
)
def test_nothing_waits_for_a_second_report_where_more_is_said_or_done(more):
    assert heard(light(second_by_ms=77, **more), weight=0.0).second_by_ms == 0


def test_reports_that_weigh_enough_together_wait_no_longer():
    case = light(second_by_ms=77, report_weight=0.0)
    assert heard(case, weight=NUMBERS.panel_at).second_by_ms == 0
    assert heard(case, weight=NUMBERS.panel_at - 0.001).second_by_ms == 77


def test_what_is_being_judged_does_not_begin_to_wait():
    current = Round(1, "panel", "voting", 1)
    assert heard(light(round=current), weight=0.1).second_by_ms == 0


def test_only_an_open_case_without_a_round_waits_for_a_second():
    case = opened_by(0.1)
    assert reporter_rules.waits_for_a_second(case, case.second_by_ms - 1)
    assert not reporter_rules.waits_for_a_second(case, case.second_by_ms)
    for more in ({"state": "judging"}, {"round": Round(1, "panel", "voting", 1)}):
        other = msgspec.structs.replace(case, **more)
        assert not reporter_rules.waits_for_a_second(other, case.second_by_ms - 1)


@pytest.mark.parametrize("waits_for", ["", "ballots", "bench", "reports"])
def test_what_waits_for_no_person_stands_behind_what_does(waits_for):
    none, person = light(id=1, waits_for=waits_for), light(id=2, waits_for="moderator")
    assert [case.id for case in reporter_rules.in_order([none, person], POLICY)] == [2, 1]


@pytest.mark.parametrize(
    "more", [{"report_weight": NUMBERS.panel_at}, {"sources": ("report", "bank")}]
)
def test_only_what_the_seldom_right_say_alone_stands_last(more):
    last, first = light(id=1), light(id=2, **more)
    assert [case.id for case in reporter_rules.in_order([last, first], POLICY)] == [2, 1]


def test_of_what_is_alike_the_oldest_stands_first():
    cases = [light(id=number, waits_for="moderator") for number in (3, 1, 2)]
    assert [case.id for case in reporter_rules.in_order(cases, POLICY)] == [1, 2, 3]
