"""What an appeal makes of a case, and what points make of an account, for any of them."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.cases import appeals, rules
from venire.cases.model import Case, Round, Step
from venire.cases.policy import load_policy
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Conflict, Gone
from venire.people.rules import Mark, standing_of

POLICY = load_policy()
DAY = DAY_MS


def decided(verdict, *, by="panel", hold="none", inherits="", sources=("report",), **more):
    violates = verdict == "violates"
    return Case(
        id=1,
        public_id="a" * 32,
        subject_kind=more.pop("subject_kind", "post"),
        subject_id=5,
        author_id=7,
        opened_at_ms=1,
        due_at_ms=2,
        policy_version="1",
        categories=("harassment",),
        sources=sources,
        state="decided",
        hold="held" if violates and hold == "held" else "none",
        inherits=inherits,
        round=None if inherits else Round(1, "panel", "verdict", 1, verdict=verdict, recorded=True),
        verdict=verdict,
        judged_by="bank" if inherits else by,
        measure="remove" if violates else "none",
        measured_at_ms=1_000,
        decided_at_ms=1_000,
        struck=("a" * 32 + ":3:measure",) if violates else (),
        decision="a" * 32 + ":3:measure",
        steps=4,
        **more,
    )


CASES = st.builds(
    decided,
    st.sampled_from(["violates", "keeps"]),
    by=st.sampled_from(["panel", "bench", "moderator"]),
    hold=st.sampled_from(["none", "held"]),
    appeals=st.integers(0, 2),
)
COPIES = st.just(decided("violates", inherits="b" * 32, sources=("bank",)))


def party_of(case):
    return "author" if case.verdict == "violates" else "reporter"


def filed(case):
    opened = appeals.opened(case, 7, party_of(case), "", 2_000)
    step = Step("appeal", "k:4:appeal", 2_000, appeal=opened, due_at_ms=3_000)
    return rules.apply(case, step)


def what(case, **more):
    return rules.what_next(case, POLICY, seats_wanted=0, seats_open=0, **more)


def judged(case, verdict):
    """The case once its appeal's round has decided."""
    opened = rules.next_round(case, POLICY, 2_500)
    drawn = rules.apply(case, Step("draw", "k:5:draw", 2_500, opens=opened))
    voted = msgspec.structs.replace(
        drawn, round=msgspec.structs.replace(drawn.round, state="verdict", verdict=verdict)
    )
    found = drawn.found
    return rules.apply(
        voted,
        Step("verdict", "k:6:verdict", 2_600, round=opened.number, verdict=verdict, category=found),
    )


@given(CASES | COPIES)
def test_while_an_appeal_runs_what_was_decided_stands(case):
    running = filed(case)
    assert (running.state, running.measure, running.hold) == ("judging", case.measure, case.hold)
    assert (running.struck, running.measured_at_ms) == (case.struck, case.measured_at_ms)
    assert what(running) == "draw"


@given(CASES | COPIES, st.sampled_from(["withdrawn", "appellant_gone"]))
def test_a_withdrawn_appeal_leaves_the_case_as_it_was(case, code):
    step = Step("appeal_end", "k:5:appeal_end", 2_500, outcome="withdrawn", code=code)
    after = rules.apply(filed(case), step)
    assert msgspec.structs.replace(after, steps=case.steps) == case
    assert what(after) == "wait"


@given(CASES)
def test_a_verdict_that_agrees_upholds_and_moves_no_clock(case):
    running = judged(filed(case), case.verdict)
    assert what(running) == "appeal_end"
    assert appeals.outcome_of(running) == "upheld"
    after = rules.apply(running, Step("appeal_end", "k:7:appeal_end", 2_700, outcome="upheld"))
    assert (after.verdict, after.measure) == (case.verdict, case.measure)
    assert (after.measured_at_ms, after.struck) == (case.measured_at_ms, case.struck)
    assert (after.state, after.appeal, after.decision) == ("decided", None, case.decision)


@given(CASES)
def test_a_verdict_that_differs_overturns_and_may_be_appealed_by_the_other_side(case):
    other = "keeps" if case.verdict == "violates" else "violates"
    running = judged(filed(case), other)
    assert appeals.outcome_of(running) == "overturned"
    step = Step("appeal_end", "k:7:appeal_end", 2_700, outcome="overturned", measure="remove")
    after = rules.apply(running, step)
    assert (after.verdict, after.state, after.decision) == (other, "decided", step.key)
    assert after.measure == ("none" if other == "keeps" else "remove")
    assert (step.key in after.struck) == (other == "violates")
    assert after.hold != "held" or other == "violates"
    if after.appeals > 2:
        with pytest.raises(Conflict, match="decision_final"):
            appeals.check(after, party_of(after), "", POLICY, 2_800)
    else:
        appeals.check(after, party_of(after), "", POLICY, 2_800)


@given(CASES)
def test_what_hangs_goes_to_the_bench_and_the_bench_ends_it(case):
    running = judged(filed(case), "hung")
    assert what(running) == "draw"
    assert rules.next_round(running, POLICY, 2_700).kind == "bench"
    assert what(judged(running, "keeps")) == "appeal_end"


@given(CASES, st.integers(0, 400))
def test_the_time_for_an_appeal_is_six_months_of_any_calendar(case, days):
    now_ms = 1_000 + days * DAY
    case = msgspec.structs.replace(case, appeals=0)
    if days <= 184:
        appeals.check(case, party_of(case), "", POLICY, now_ms)
    elif days > 186:
        with pytest.raises(Gone, match="appeal_time_over"):
            appeals.check(case, party_of(case), "", POLICY, now_ms)


@given(CASES)
def test_nobody_appeals_against_what_was_decided_for_them(case):
    other = "reporter" if party_of(case) == "author" else "author"
    with pytest.raises(Conflict):
        appeals.check(case, other, "", POLICY, 2_000)


def test_what_a_host_named_is_shown_again_by_an_operator_alone():
    case = decided("violates", sources=("notice",))
    running = judged(filed(case), "keeps")
    assert what(running) == "draw"
    bench = judged(running, "keeps")
    assert what(bench) == "dispute"
    disputed = rules.apply(bench, Step("dispute", "k:9:dispute", 2_900))
    assert (what(disputed), disputed.measure) == ("wait", "remove")


def test_a_sealed_case_and_private_words_meet_no_panel_on_appeal_either():
    sealed = filed(decided("violates"))
    sealed = msgspec.structs.replace(sealed, categories=("child_safety", "harassment"))
    assert what(sealed) == "wait"
    private = msgspec.structs.replace(filed(decided("violates")), private=True)
    assert rules.next_round(private, POLICY, 2_500).kind == "bench"


# points

STRIKES = st.lists(
    st.builds(
        lambda points, given_day, lasts, undone: Mark(
            "points", points, 20, given_day * DAY, (given_day + lasts) * DAY, undone
        ),
        st.integers(1, 20),
        st.integers(0, 100),
        st.integers(1, 90),
        st.booleans(),
    ),
    max_size=12,
)


@given(STRIKES, st.integers(0, 250))
def test_points_are_the_sum_of_what_neither_expired_nor_was_given_back(marks, day):
    now_ms = day * DAY
    live = [one for one in marks if not one.undone and one.expires_at_ms > now_ms]
    stands = standing_of(marks, now_ms)
    assert stands.points == sum(one.points for one in live)
    assert stands.suspended == (stands.points >= 20)


@given(STRIKES, st.integers(0, 100))
def test_a_strike_given_back_is_as_one_never_given(marks, day):
    kept = [one for one in marks if not one.undone]
    assert standing_of(marks, day * DAY) == standing_of(kept, day * DAY)


@given(STRIKES, st.integers(0, 100))
def test_a_suspension_ends_when_the_statement_says_and_not_before(marks, day):
    now_ms = day * DAY
    stands = standing_of(marks, now_ms)
    if not stands.suspended:
        return
    assert stands.until_ms is not None
    assert standing_of(marks, stands.until_ms - 1).suspended
    assert not standing_of(marks, stands.until_ms).suspended


@given(STRIKES)
def test_all_points_expire_in_the_end(marks):
    stands = standing_of(marks, 1_000 * DAY)
    assert (stands.points, stands.suspended) == (0, False)
