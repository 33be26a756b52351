from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from venire.cases import rules
from venire.cases.model import Case, Round, Source, Step
from venire.cases.policy import load_policy

POLICY = load_policy()
KINDS = ("report", "detector", "bank", "notice")


def source(kind="detector", category="incitement", **more):
    return Source(kind=kind, ref=more.pop("ref", "1"), category=category, at_ms=1, **more)


def case_from(first: Source) -> Case:
    return rules.open_case(
        case_id=1,
        public_id="a" * 32,
        subject_kind="post",
        subject_id=5,
        author_id=7,
        source=first,
        policy=POLICY,
        now_ms=1_000,
    )


def what(case: Case, wanted: int = 0, still_open: int = 0) -> str:
    return rules.what_next(case, POLICY, seats_wanted=wanted, seats_open=still_open)


def test_a_hold_comes_before_anything_else():
    assert what(case_from(source(hold=True))) == "hold"


def test_a_case_without_a_hold_goes_to_the_draw():
    assert what(case_from(source())) == "draw"


def test_the_gravest_category_leads_whatever_came_first():
    case = rules.merge(case_from(source(category="spam")), source(ref="2"), POLICY)
    assert case.category == "incitement"
    assert case.categories == ("incitement", "spam")


def test_a_private_post_never_meets_a_panel():
    case = case_from(source(kind="report", category="harassment", private=True))
    assert rules.first_round_kind(case, POLICY) == "bench"


def test_what_a_person_must_judge_waits_for_one():
    for category in ("child_safety", "spam", "copyright", "other"):
        assert what(case_from(source(kind="report", category=category))) == "wait"


def test_reports_alone_make_a_case_contested_and_a_signal_ends_that():
    case = case_from(source(kind="report"))
    assert case.contested
    assert not rules.merge(case, source(ref="2"), POLICY).contested


def test_a_burst_of_reports_makes_any_case_contested():
    case = case_from(source())
    for number in range(POLICY.panel.contested.burst_reports):
        case = rules.merge(case, source(kind="report", ref=f"r{number}"), POLICY)
    assert case.contested


def test_an_exact_copy_takes_the_verdict_over_without_a_panel():
    case = case_from(source(kind="bank", inherits="b" * 32))
    assert what(case) == "verdict"


def decided_panel(case: Case, verdict: str) -> Case:
    current = Round(1, "panel", "verdict", 1, verdict=verdict, recorded=True)
    return msgspec.structs.replace(case, round=current, verdict=verdict, state="judging")


def test_a_keeps_on_a_notice_goes_to_the_bench_and_then_to_an_operator():
    case = decided_panel(case_from(source(kind="notice")), "keeps")
    assert what(case) == "draw"
    assert rules.next_round(case, POLICY, 5).kind == "bench"
    bench = msgspec.structs.replace(case, round=msgspec.structs.replace(case.round, kind="bench"))
    assert what(bench) == "dispute"
    assert what(rules.apply(bench, Step("dispute", "k", 5))) == "wait"


def test_a_keeps_without_a_notice_lifts_the_hold():
    case = decided_panel(case_from(source(hold=True)), "keeps")
    held = msgspec.structs.replace(case, hold="held", hold_wanted="")
    assert what(held) == "lift"
    lifted = rules.apply(held, Step("lift", "k", 9))
    assert (lifted.hold, lifted.state, lifted.measure) == ("lifted", "decided", "none")


def test_a_hung_panel_goes_to_the_bench():
    case = decided_panel(case_from(source()), "hung")
    assert what(case) == "draw"
    assert rules.next_round(case, POLICY, 5).kind == "bench"


def test_a_panel_that_has_asked_everyone_is_hung_only_when_all_have_answered():
    case = case_from(source())
    current = Round(1, "panel", "voting", 1, exhausted=True)
    case = msgspec.structs.replace(case, round=current, state="judging")
    assert what(case, wanted=2, still_open=1) == "wait"
    assert what(case, wanted=2, still_open=0) == "verdict"


def test_a_notice_on_a_kept_post_has_it_judged_again():
    case = decided_panel(case_from(source()), "keeps")
    kept = rules.apply(case, Step("keep", "k", 5))
    again = rules.merge(kept, source(kind="notice", ref="n", hold=True), POLICY)
    assert again.state == "judging"
    assert what(again) == "hold"


@given(
    st.lists(
        st.tuples(st.sampled_from(KINDS), st.booleans(), st.sampled_from(["incitement", "hate"])),
        min_size=1,
        max_size=8,
    ),
    st.lists(st.sampled_from(["violates", "keeps", "hung"]), min_size=4, max_size=4),
)
def test_every_case_comes_to_an_end_whatever_is_said_and_judged(said, verdicts):
    """Walk a case by its own rules: at most twenty steps, an end, and no hold without one."""
    first, *others = [
        source(kind=kind, hold=hold, category=category, ref=str(number))
        for number, (kind, hold, category) in enumerate(said)
    ]
    case = case_from(first)
    for more in others:
        case = rules.merge(case, more, POLICY)
    given_verdicts = iter([*verdicts, "violates", "violates"])
    for _ in range(20):
        step = what(case)
        if case.round is not None and case.round.state == "voting":
            verdict = next(given_verdicts)
            if case.round.kind == "bench" and verdict == "hung":
                verdict = "keeps"
            state = "hung" if verdict == "hung" else "verdict"
            current = msgspec.structs.replace(case.round, state=state, verdict=verdict)
            case = msgspec.structs.replace(case, round=current)
            continue
        if step == "wait":
            break
        case = rules.apply(case, recorded(case, step))
    assert case.state == "decided" or case.disputed
    if case.state == "decided":
        assert case.hold in {"none", "lifted"} or case.measure == "remove"
    assert not case.hold_wanted


def recorded(case: Case, step: str) -> Step:
    number = 0 if case.round is None else case.round.number
    verdict = None if case.round is None else case.round.verdict
    return Step(
        step,
        f"k{case.steps}",
        50,
        by=case.hold_wanted,
        round=number,
        verdict=verdict or "violates",
        measure="remove",
        opens=rules.next_round(case, POLICY, 50) if step == "draw" else None,
    )
