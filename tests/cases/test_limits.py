"""What a moderator may put on an account, what it makes of its case, and what it does outside."""

from __future__ import annotations

import msgspec
import pytest

from tests.cases.sample_cases import NOW_MS, case
from venire.cases.limits import LIFTS, LIMITS, effect_of, limited, measure_of
from venire.cases.model import Step

BOTH = (("silence", "one"), ("suspend", "two"))


def act(measure, **more) -> Step:
    return Step("moderator_action", "k", NOW_MS + 9, measure=measure, **more)


def test_each_limit_of_mastodon_is_one_of_our_measures_and_has_what_takes_it_off():
    assert LIMITS == {
        "sensitive": "label",
        "silence": "demote",
        "disable": "suspend",
        "suspend": "suspend",
    }
    assert LIFTS == {
        "unsensitive": "sensitive",
        "unsilence": "silence",
        "enable": "disable",
        "unsuspend": "suspend",
    }


def test_a_limit_is_added_to_those_that_stand():
    before = case(
        subject_kind="account",
        limits=BOTH,
        found="spam",
        hold_wanted="report",
        inherits="b" * 32,
        judged_by="panel",
    )
    assert limited(before, act("disable", category="hate")) == msgspec.structs.replace(
        before,
        state="judging",
        verdict="violates",
        found="hate",
        judged_by="moderator",
        decided_at_ms=NOW_MS + 9,
        hold_wanted="",
        inherits="",
        limits=(*BOTH, ("disable", "k")),
    )


@pytest.mark.parametrize(
    ("lift", "left"), [("unsilence", BOTH[1:]), ("unsuspend", BOTH[:1]), ("enable", BOTH)]
)
def test_what_takes_a_limit_off_takes_off_that_one_alone(lift, left):
    after = limited(case(limits=BOTH, found="spam"), act(lift))
    assert (after.limits, after.verdict, after.found) == (left, "violates", "spam")


def test_an_account_without_limits_is_found_to_have_broken_nothing():
    after = limited(case(limits=BOTH[:1], found="spam"), act("unsilence", category="spam"))
    assert (after.limits, after.verdict, after.found) == ((), "keeps", "")


def test_the_measure_that_stands_is_that_of_the_last_limit():
    assert measure_of(case()) == "none"
    three = (("silence", "one"), ("suspend", "two"), ("sensitive", "three"))
    assert measure_of(case(limits=three)) == "label"


@pytest.mark.parametrize(
    ("measure", "effect"),
    [
        *((limit, "measure") for limit in LIMITS),
        *((lift, "keep") for lift in LIFTS),
        ("remove", "measure"),
        ("hold", "hold"),
        ("keep", "keep"),
    ],
)
def test_what_an_act_does_to_what_nobody_had_hidden(measure, effect):
    assert effect_of(case(), act(measure)) == effect


@pytest.mark.parametrize("hidden", [{"hold": "held"}, {"measure": "remove"}, {"limits": BOTH}])
@pytest.mark.parametrize("measure", ["keep", *LIFTS])
def test_what_was_hidden_is_shown_again_by_what_keeps_it(hidden, measure):
    assert effect_of(case(**hidden), act(measure)) == "lift"


def test_any_other_step_does_outside_what_it_is_called():
    for kind in ("hold", "measure", "lift", "keep", "verdict"):
        step = Step(kind, "k", NOW_MS, measure="suspend")
        assert effect_of(case(hold="held"), step) == kind
