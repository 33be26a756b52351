"""What a recorded step makes of a case: every field that it changes, and no other."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest

from tests.cases.sample_cases import KEPT, NOW_MS, bench, case, panel
from venire.cases import rules
from venire.cases.model import Case, Step, StepType
from venire.kernel.errors import Conflict


def step(kind, **more) -> Step:
    return Step(kind, more.pop("key", "k"), more.pop("at_ms", NOW_MS + 9), **more)


def applied(before: Case, done: Step, **expected) -> None:
    after = rules.apply(before, done)
    assert after == msgspec.structs.replace(
        before, pending=None, steps=before.steps + 1, **expected
    )


def test_a_hold_is_noted_on_its_case():
    before = case(hold_wanted="report", steps=3, pending=step("hold"))
    expected = {"hold": "held", "held_at_ms": NOW_MS + 9, "held_by": "report", "hold_wanted": ""}
    applied(before, step("hold", by="report"), held="k", **expected)
    untold = step("hold", by="report", untold=True, key="u")
    applied(before, untold, held="u", untold=("u",), **expected)


@pytest.mark.parametrize(
    ("current", "done", "expected"),
    [
        (
            panel(state="verdict", verdict="violates", violates=4, keeps=1),
            step("verdict", round=1, verdict="violates", category="hate"),
            {
                "round": panel(
                    state="verdict", verdict="violates", violates=4, keeps=1, recorded=True
                ),
                "panel_ballots": 7,
                "verdict": "violates",
                "judged_by": "panel",
                "found": "hate",
            },
        ),
        (
            bench(state="verdict", verdict="keeps", keeps=1),
            step("verdict", round=2, verdict="keeps"),
            {
                "round": bench(state="verdict", verdict="keeps", keeps=1, recorded=True),
                "panel_ballots": 2,
                "verdict": "keeps",
                "judged_by": "bench",
            },
        ),
        (
            panel(state="hung", verdict="hung", violates=8, keeps=7),
            step("verdict", round=1, verdict="hung"),
            {
                "round": panel(state="hung", verdict="hung", violates=8, keeps=7, recorded=True),
                "panel_ballots": 17,
                "verdict": "hung",
                "hung": True,
                "judged_by": "panel",
            },
        ),
        (
            panel(),
            step("verdict", round=3, verdict="keeps", by="admin"),
            {"round": panel(), "verdict": "keeps", "judged_by": "admin"},
        ),
        (
            None,
            step("verdict", verdict="violates", by="admin"),
            {"verdict": "violates", "judged_by": "bank"},
        ),
    ],
)
def test_a_verdict_is_applied_to_its_case(current, done, expected):
    before = case(round=current, panel_ballots=2)
    applied(before, done, decided_at_ms=NOW_MS + 9, state="judging", **expected)


def test_a_case_that_was_hung_once_stays_known_for_it():
    before = case(hung=True, round=bench())
    assert rules.apply(before, step("verdict", round=2, verdict="keeps")).hung


def test_a_verdict_that_a_copy_takes_over_ends_its_panel():
    before = case(inherits="x", round=panel(violates=2))
    applied(
        before,
        step("verdict", round=1, verdict="violates"),
        round=panel(violates=2, state="expired", recorded=True),
        verdict="violates",
        judged_by="bank",
        decided_at_ms=NOW_MS + 9,
        state="judging",
    )


JUDGED = {"state": "judging", "decided_at_ms": NOW_MS + 3, "waits_for": "ballots", "appeals": 2}
DECIDED = {
    "state": "decided",
    "waits_for": "",
    "measured_at_ms": NOW_MS + 9,
    "disputed": False,
    "decision": "k",
    "appeals": 0,
}


def test_a_measure_costs_points_and_keeps_the_hold():
    before = case(**JUDGED, verdict="violates", hold="held", struck=("a",))
    applied(
        before, step("measure", measure="remove"), measure="remove", struck=("a", "k"), **DECIDED
    )


@pytest.mark.parametrize("kind", ["lift", "keep"])
@pytest.mark.parametrize(("hold", "then"), [("held", "lifted"), ("none", "none")])
def test_what_is_kept_is_shown_again(kind, hold, then):
    before = case(**JUDGED, hold=hold, disputed=True)
    applied(before, step(kind), measure="none", hold=then, **DECIDED)


def test_a_decision_without_a_verdict_has_its_own_moment():
    after = rules.apply(case(), step("keep"))
    assert after.decided_at_ms == NOW_MS + 9
    with pytest.raises(Conflict):
        rules.apply(case(state="decided"), step("keep"))


def test_a_dispute_waits_for_an_operator():
    applied(case(**JUDGED), step("dispute"), disputed=True, waits_for="operator")


def test_what_a_moderator_removes():
    before = case(
        **JUDGED, hold_wanted="x", inherits="y", struck=("a",), round=panel(), hold="held"
    )
    done = step("moderator_action", measure="remove", category="hate", actor_id=3)
    after = rules.apply(before, done)
    assert after == msgspec.structs.replace(
        before,
        pending=None,
        steps=1,
        acted=(3,),
        verdict="violates",
        found="hate",
        judged_by="moderator",
        hold_wanted="",
        inherits="",
        struck=("a", "k"),
        cut_short=True,
        round=panel(state="expired", recorded=True),
        measure="remove",
        **{**DECIDED, "decided_at_ms": NOW_MS + 9},
    )


@pytest.mark.parametrize(
    ("hold", "then"), [("held", "lifted"), ("none", "none"), ("lifted", "lifted")]
)
def test_what_a_moderator_keeps(hold, then):
    before = case(
        state="decided",
        verdict="violates",
        found="hate",
        measure="remove",
        hold=hold,
        limits=(("suspend", "s"),),
        struck=("a",),
    )
    after = rules.apply(before, step("moderator_action", measure="keep", by="admin"))
    assert (after.verdict, after.found, after.judged_by) == ("keeps", "", "admin")
    assert (after.measure, after.hold, after.limits) == ("none", then, ())
    assert (after.struck, after.state) == (("a",), "decided")


def test_what_a_moderator_holds():
    fresh = rules.apply(case(hold_wanted="x"), step("moderator_action", measure="hold", by="me"))
    assert (fresh.hold, fresh.held_by, fresh.held_at_ms) == ("held", "moderator", NOW_MS + 9)
    assert (fresh.state, fresh.hold_wanted) == ("open", "")
    kept = case(**KEPT, due_at_ms=1)
    again = rules.apply(kept, step("moderator_action", measure="hold", due_at_ms=99))
    assert (again.state, again.verdict, again.due_at_ms) == ("judging", None, 99)
    assert (again.hold, again.held_by) == ("held", "moderator")


def test_what_a_moderator_puts_on_an_account_and_takes_off():
    before = case(subject_kind="account", round=panel(), hold="none")
    limited = rules.apply(before, step("moderator_action", measure="silence", key="one"))
    assert (limited.state, limited.measure, limited.verdict) == ("decided", "demote", "violates")
    assert limited.limits == (("silence", "one"),)
    assert limited.round == panel(state="expired", recorded=True)
    freed = rules.apply(limited, step("moderator_action", measure="unsilence", key="two"))
    assert (freed.state, freed.measure, freed.verdict) == ("decided", "none", "keeps")
    assert freed.limits == ()


def test_a_draw_a_chance_and_a_seating():
    opened = panel(state="drawing")
    drawn = rules.apply(case(verdict="hung"), step("draw", opens=opened))
    assert (drawn.state, drawn.round, drawn.verdict) == ("judging", panel(), None)
    waiting = rules.apply(case(), step("draw", opens=panel(state="drawing", beacon_round=7)))
    known = rules.apply(waiting, step("chance", randomness="ab", fallback="silent"))
    assert known.round == panel(beacon_round=7, randomness="ab", fallback="silent")
    seated = rules.apply(known, step("seat", cursor=4, exhausted=True, logged=(8,)))
    assert (seated.round.cursor, seated.round.exhausted, seated.round.logged) == (4, True, (8,))


def test_every_step_that_can_be_written_can_be_carried_out():
    assert rules._EFFECTS.keys() == set(get_args(StepType))


def test_what_an_author_is_not_told_is_noted_beside_what_was_not_told_before():
    before = case(untold=("t",))
    assert rules.apply(before, step("hold", untold=True, key="u")).untold == ("t", "u")
    assert rules.apply(before, step("hold", key="u")).untold == ("t",)
