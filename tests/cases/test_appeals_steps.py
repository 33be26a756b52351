"""What a step of an appeal makes of its case: every field that it changes, and no other."""

from __future__ import annotations

import msgspec
import pytest

from tests.cases.sample_appeals import APPEAL, BY_REPORTER, FINAL, end, kept, removed, running
from tests.cases.sample_cases import NOW_MS, panel
from venire.cases import appeals
from venire.cases.model import Step


def test_while_an_appeal_is_filed_only_who_judges_changes():
    before = removed(inherits="b", hold_wanted="report", waits_for="moderator", found="hate")
    step = Step("appeal", "k:4:appeal", NOW_MS + 9, appeal=APPEAL, due_at_ms=NOW_MS + 99)
    assert appeals.filed(before, step) == msgspec.structs.replace(
        before,
        state="judging",
        appeal=APPEAL,
        verdict=None,
        inherits="",
        hold_wanted="",
        waits_for="",
        due_at_ms=NOW_MS + 99,
    )


def test_an_end_without_an_appeal_changes_nothing():
    assert appeals.ended(removed(), end("overturned")) == removed()


JUDGED = {"verdict": "keeps", "waits_for": "operator", "disputed": True, "judged_by": "appeal"}


def test_what_is_upheld_stands_as_it_stood():
    before = running(**JUDGED, round=panel(state="verdict", recorded=True))
    assert appeals.ended(before, end("upheld")) == msgspec.structs.replace(
        before,
        appeal=None,
        waits_for="",
        state="decided",
        disputed=False,
        due_at_ms=55,
        verdict="violates",
    )


def test_a_hold_that_is_upheld_has_been_judged_and_what_follows_is_next():
    hold = msgspec.structs.replace(APPEAL, verdict=None)
    after = appeals.ended(running(appeal=hold, verdict="violates"), end("upheld"))
    assert (after.state, after.verdict, after.appeal) == ("judging", "violates", None)


@pytest.mark.parametrize(("hold", "then"), [("held", "lifted"), ("none", "none")])
def test_what_its_author_wins_is_shown_and_costs_nothing_more(hold, then):
    before = running(**JUDGED, hold=hold, struck=("a",), appeals=1)
    assert appeals.ended(before, end("overturned")) == msgspec.structs.replace(
        before,
        appeal=None,
        waits_for="",
        state="decided",
        disputed=False,
        due_at_ms=55,
        decision="k:9:appeal_end",
        appeals=2,
        measured_at_ms=NOW_MS + 9,
        decided_at_ms=NOW_MS + 9,
        verdict="keeps",
        measure="none",
        hold=then,
    )


def test_an_author_who_wins_loses_the_limit_that_was_appealed_and_no_other():
    limits = (("disable", "0"), ("silence", FINAL), ("sensitive", "other"), ("suspend", FINAL))
    after = appeals.ended(running(limits=limits), end("overturned"))
    assert after.limits == (("disable", "0"), ("sensitive", "other"))
    assert (after.verdict, after.measure) == ("violates", "label")
    alone = appeals.ended(running(limits=limits[1:2]), end("overturned"))
    assert (alone.limits, alone.verdict, alone.measure) == ((), "keeps", "none")


def test_what_a_reporter_wins_costs_its_author_the_measure():
    before = kept(
        state="judging",
        appeal=BY_REPORTER,
        struck=("a",),
        hold="held",
        limits=(("silence", FINAL),),
    )
    assert appeals.ended(before, end("overturned", measure="demote")) == msgspec.structs.replace(
        before,
        appeal=None,
        state="decided",
        due_at_ms=0,
        decision="k:9:appeal_end",
        appeals=1,
        measured_at_ms=NOW_MS + 9,
        decided_at_ms=NOW_MS + 9,
        verdict="violates",
        measure="demote",
        struck=("a", "k:9:appeal_end"),
    )


@pytest.mark.parametrize("outcome", ["withdrawn", "moot"])
def test_what_is_withdrawn_is_as_if_nobody_had_appealed(outcome):
    before = running(**JUDGED)
    assert appeals.ended(before, end(outcome)) == msgspec.structs.replace(
        before,
        appeal=None,
        waits_for="",
        state="decided",
        disputed=False,
        due_at_ms=55,
        verdict="violates",
        judged_by="panel",
        inherits="b",
    )


def test_a_hold_waits_again_for_whom_it_waited():
    hold = msgspec.structs.replace(APPEAL, verdict=None, judged_by="")
    after = appeals.ended(running(appeal=hold), end("withdrawn", code="withdrawn"))
    assert (after.state, after.verdict, after.due_at_ms) == ("judging", None, 55)


@pytest.mark.parametrize("verdict", ["violates", None])
def test_with_its_subject_a_case_is_closed(verdict):
    appeal = msgspec.structs.replace(APPEAL, verdict=verdict)
    after = appeals.ended(running(appeal=appeal), end("moot", code="subject_deleted"))
    assert (after.state, after.verdict) == ("closed", verdict)


@pytest.mark.parametrize("outcome", ["upheld", "overturned", "withdrawn"])
@pytest.mark.parametrize(
    ("current", "left"),
    [
        (None, None),
        (panel(state="drawing"), panel(state="expired", recorded=True)),
        (panel(), panel(state="expired", recorded=True)),
        (panel(state="verdict", verdict="keeps"), panel(state="verdict", verdict="keeps")),
        (panel(state="hung", recorded=True), panel(state="hung", recorded=True)),
        (panel(state="expired"), panel(state="expired")),
    ],
)
def test_nobody_votes_any_more_once_an_appeal_is_over(outcome, current, left):
    assert appeals.ended(running(round=current), end(outcome)).round == left


# what a moderator's act leaves of it


def act(outcome: str = "") -> Step:
    return Step("moderator_action", "k:9:act", NOW_MS + 9, measure="remove", outcome=outcome)


def test_without_an_appeal_an_act_does_what_it_does():
    after = removed(verdict="keeps")
    assert appeals.after_moderator(removed(), after, act("upheld")) == after


def test_what_a_moderator_upholds_is_not_punished_twice():
    before = running(struck=("a",))
    after = appeals.after_moderator(before, removed(struck=("a", "b")), act("upheld"))
    assert (after.struck, after.appeal, after.state) == (("a",), None, "decided")
    assert (after.verdict, after.judged_by) == ("violates", "moderator")


def test_a_moderator_who_gives_in_ends_the_appeal():
    alone = kept(appeal=APPEAL)
    after = appeals.after_moderator(running(), alone, act("overturned"))
    assert after == msgspec.structs.replace(alone, appeal=None)


def test_an_act_that_is_about_something_else_lets_the_appeal_run_on():
    before = running(round=panel())
    alone = removed(round=panel(state="expired", recorded=True), limits=(("silence", "k:9:act"),))
    assert appeals.after_moderator(before, alone, act()) == msgspec.structs.replace(
        alone, appeal=APPEAL, state="judging", verdict=None, round=panel()
    )


# copies, and what is done outside


def test_a_copy_whose_origin_was_harmless_is_judged_by_itself_and_hidden_still():
    before = removed(inherits="b", hold_wanted="report", round=panel(), judged_by="bank")
    step = Step("look_again", "k", NOW_MS + 9, due_at_ms=NOW_MS + 99)
    assert appeals.looked_at_again(before, step) == msgspec.structs.replace(
        before,
        state="judging",
        verdict=None,
        judged_by="",
        inherits="",
        measure="",
        measured_at_ms=None,
        hold="held",
        held_at_ms=NOW_MS + 9,
        held_by="bank",
        hold_wanted="",
        due_at_ms=NOW_MS + 99,
        round=panel(state="expired", recorded=True),
    )


@pytest.mark.parametrize(
    ("before", "step", "effect"),
    [
        (removed(), Step("look_again", "k", NOW_MS), "hold"),
        (running(), end("overturned"), "lift"),
        (running(appeal=BY_REPORTER), end("overturned"), "measure"),
        (running(), end("upheld"), "appeal_end"),
        (running(), end("withdrawn"), "appeal_end"),
        (removed(), end("overturned"), "appeal_end"),
        (running(), act("upheld"), "appeal_end"),
        (running(), act("overturned"), "measure"),
        (running(), Step("hold", "k", NOW_MS), "hold"),
        (running(), Step("verdict", "k", NOW_MS, verdict="keeps"), "verdict"),
    ],
)
def test_what_a_step_of_an_appeal_does_outside(before, step, effect):
    assert appeals.effect_outside(before, step) == effect
