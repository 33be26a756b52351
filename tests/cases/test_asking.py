"""Cases that judge no post: what follows from their verdict, and how they end."""

from __future__ import annotations

import pytest

from tests.cases.sample_cases import NOW_MS, bench, case, panel
from venire.cases import asking, judges
from venire.cases.model import Step
from venire.cases.policy import load_policy

POLICY = load_policy()


@pytest.mark.parametrize(
    ("asks", "by_bench"), [("again", True), ("doubted", True), ("gold", False), ("", False)]
)
def test_what_is_judged_a_second_time_is_judged_by_the_bench(asks, by_bench):
    assert judges.is_for_bench(case(asks=asks), POLICY) == by_bench


@pytest.mark.parametrize(
    ("asks", "judges", "number"),
    [
        ("again", "panel", 2),
        ("doubted", "panel", 2),
        ("again", "bench", 1),
        ("gold", "panel", 1),
        ("", "panel", 1),
    ],
)
def test_what_the_bench_judges_again_has_the_number_it_would_have_anyway(asks, judges, number):
    assert asking.first_number(case(asks=asks), judges) == number


@pytest.mark.parametrize(
    ("verdict", "current", "then"),
    [
        ("keeps", panel(), "answer"),
        ("violates", panel(), "answer"),
        ("hung", panel(), "draw"),
        ("hung", panel(kind="appeal"), "draw"),
        ("hung", bench(), "answer"),
        ("hung", None, "answer"),
    ],
)
def test_only_what_a_panel_could_not_decide_goes_on_to_the_bench(verdict, current, then):
    assert asking.after_verdict(case(verdict=verdict, round=current)) == then


@pytest.mark.parametrize(
    ("current", "answered"),
    [
        (None, False),
        (panel(), False),
        (panel(verdict="keeps"), True),
        (panel(verdict="keeps", recorded=True), False),
    ],
)
def test_a_question_is_answered_once_its_round_has_decided(current, answered):
    assert asking.is_answered(case(round=current)) == answered


END = Step("answer", "k", NOW_MS + 9)


@pytest.mark.parametrize(
    ("verdict", "measure", "hold"), [("violates", "remove", "held"), ("keeps", "none", "lifted")]
)
def test_an_answered_question_looks_like_any_case_that_was_decided(verdict, measure, hold):
    before = case(
        asks="gold",
        state="judging",
        verdict=verdict,
        hold="held",
        waits_for="ballots",
        cover_id=7,
        decided_at_ms=NOW_MS + 5,
    )
    assert asking.answered(before, END) == case(
        asks="gold",
        state="decided",
        verdict=verdict,
        hold=hold,
        waits_for="",
        cover_id=0,
        measure=measure,
        measured_at_ms=NOW_MS + 9,
        decided_at_ms=NOW_MS + 5,
    )


@pytest.mark.parametrize("hold", ["none", "lifted"])
def test_what_was_not_hidden_is_not_shown_again(hold):
    assert asking.answered(case(verdict="keeps", hold=hold), END).hold == hold


def test_a_question_that_nobody_decided_ends_when_it_is_over():
    assert asking.answered(case(), END).decided_at_ms == NOW_MS + 9


@pytest.mark.parametrize("state", ["drawing", "voting"])
def test_a_round_that_was_not_over_is_let_go(state):
    after = asking.answered(case(round=panel(state=state)), END)
    assert after.round == panel(state="expired", recorded=True)


@pytest.mark.parametrize(
    "current", [None, panel(state="verdict", verdict="keeps"), panel(state="hung")]
)
def test_a_round_that_had_decided_stays_as_it_was(current):
    assert asking.answered(case(round=current), END).round == current
