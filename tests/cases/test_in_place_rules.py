"""What a label or a smaller reach makes of a case, row by row."""

from __future__ import annotations

import msgspec
import pytest

from tests.cases.sample_cases import KEPT, NOW_MS, POLICY, case, panel, source
from venire.cases import rules
from venire.cases.limits import IN_PLACE, effect_of, hold_after, measure_for, stays, struck_by
from venire.cases.model import Step

LEFT = {"state": "decided", "verdict": "violates", "judged_by": "panel", "measured_at_ms": NOW_MS}


def with_measure(name, measure):
    changed = tuple(
        msgspec.structs.replace(one, measure=measure) if one.name == name else one
        for one in POLICY.categories
    )
    return msgspec.structs.replace(POLICY, categories=changed)


def step(kind, **more):
    return Step(kind, more.pop("key", "k"), NOW_MS + 5, **more)


def test_these_measures_leave_a_post_where_it_is():
    assert frozenset({"label", "demote"}) == IN_PLACE


@pytest.mark.parametrize(
    ("sources", "inherits", "follows"),
    [
        (("report",), "", "label"),
        (("detector", "report"), "", "label"),
        (("notice",), "", "remove"),
        (("report", "notice"), "", "remove"),
        (("bank",), "b" * 32, "remove"),
    ],
)
def test_what_a_host_named_and_what_copies_a_removed_post_are_removed(sources, inherits, follows):
    policy = with_measure("hate", "label")
    judged = case(categories=("hate",), sources=sources, inherits=inherits)
    assert measure_for(judged, policy) == follows
    assert measure_for(msgspec.structs.replace(judged, found="harassment"), policy) == "remove"
    assert measure_for(judged, POLICY) == "remove"


@pytest.mark.parametrize("hold", ["none", "held", "lifted"])
@pytest.mark.parametrize("measure", ["label", "demote", "remove", "none", ""])
def test_a_hold_ends_where_the_post_stays(hold, measure):
    ends = hold == "held" and measure in {"label", "demote"}
    assert hold_after(case(hold=hold), measure) == ("lifted" if ends else hold)


@pytest.mark.parametrize("measure", ["label", "demote", "remove", "none", ""])
def test_points_are_paid_once_for_a_label_and_for_what_goes_further(measure):
    before = case(measure=measure, struck=("one",))
    paid = ("one",) if measure in {"label", "demote"} else ("one", "two")
    assert struck_by(before, step("measure", key="two")) == paid
    after = rules.apply(
        msgspec.structs.replace(before, state="judging", verdict="violates"),
        step("measure", key="two", measure="remove"),
    )
    assert (after.struck, after.measure) == (paid, "remove")
    removed = rules.apply(
        msgspec.structs.replace(before, state="decided", verdict="violates"),
        step("moderator_action", key="two", measure="remove", by="moderator"),
    )
    assert (removed.struck, removed.measure) == (paid, "remove")


def test_a_limit_on_an_account_is_no_label_on_a_post():
    limited = case(**{**LEFT, "measure": "demote"}, limits=(("silence", "one"),))
    assert not stays(limited)
    assert struck_by(limited, step("moderator_action", key="two")) == ("two",)
    assert not rules.is_reopened_by(limited, source("notice"), POLICY)


@pytest.mark.parametrize(
    ("measure", "effect"),
    [
        ("label", "lift"),
        ("demote", "lift"),
        ("remove", "lift"),
        ("none", "keep"),
        ("", "keep"),
        ("suspend", "keep"),
    ],
)
def test_who_keeps_a_post_takes_off_what_stands_on_it(measure, effect):
    before = case(**{**LEFT, "measure": measure})
    assert effect_of(before, step("moderator_action", measure="keep")) == effect


@pytest.mark.parametrize("kind", ["report", "detector", "bank", "juror", "moderator", "notice"])
@pytest.mark.parametrize("measure", ["label", "demote", "remove"])
@pytest.mark.parametrize("edited", [True, False])
def test_it_is_judged_again_for_a_notice_or_a_change_and_stands_meanwhile(kind, measure, edited):
    before = case(**{**LEFT, "measure": measure, "categories": ("harassment",)})
    said = source(kind, "harassment", edited_at_ms=NOW_MS + 9 if edited else None)
    again = (edited or kind == "notice") and measure != "remove"
    assert rules.is_reopened_by(before, said, POLICY) == again
    merged = rules.merge(before, said, POLICY)
    assert (merged.state, merged.measure) == ("judging" if again else "decided", measure)
    kept = rules.reopen(case(**KEPT, measure="none"), due_at_ms=NOW_MS + 1)
    assert (kept.state, kept.measure) == ("judging", "")


@pytest.mark.parametrize("measure", ["label", "demote", "remove", "none"])
@pytest.mark.parametrize("hold", ["none", "held"])
def test_a_verdict_that_keeps_it_takes_it_off(measure, hold):
    judged = case(
        state="judging",
        verdict="keeps",
        hold=hold,
        measure=measure,
        round=panel(state="verdict", verdict="keeps", recorded=True),
    )
    lifts = hold == "held" or measure in {"label", "demote"}
    what = rules.what_next(judged, POLICY, seats_wanted=0, seats_open=0)
    assert what == ("lift" if lifts else "keep")
