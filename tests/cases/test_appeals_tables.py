"""Who may appeal, who judges it, and what follows from what they say: row by row."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.cases.sample_appeals import APPEAL, BY_REPORTER, FINAL, kept, removed, running
from tests.cases.sample_cases import NOW_MS, POLICY, bench, panel
from venire.cases import appeals
from venire.cases.limits import LIFTS, LIMITS
from venire.cases.model import Appeal, Case, Round
from venire.kernel.clock import DAY_MS, HOUR_MS
from venire.kernel.errors import Conflict, Gone

MONTH_MS = 31 * DAY_MS


def test_an_appeal_goes_these_ways_and_no_other():
    ways = {
        state.name: (set(state.exits), state.deadline) for state in appeals.APPEAL_STATES.states
    }
    assert (appeals.APPEAL_STATES.name, appeals.APPEAL_STATES.start) == ("appeal", "filed")
    over = {"upheld", "overturned", "withdrawn", "moot"}
    assert ways == {
        "filed": ({"judging"}, "due_at_ms"),
        "judging": (over, "due_at_ms"),
        **{name: (set(), None) for name in over},
    }


def test_what_the_record_and_the_pages_rely_on():
    assert appeals.CODES == ("withdrawn", "appellant_gone", "subject_deleted", "by_moderator")
    assert (appeals.REASON_CHARACTERS, appeals.SMALLEST_PANEL) == (2_000, 5)


def test_a_decision_is_known_by_its_key_or_by_its_number():
    assert appeals.decision_of(removed()) == FINAL
    assert appeals.decision_of(removed(decision="")) == "a" * 32 + ":3:decision"
    assert appeals.decision_of(removed(decision="", steps=0)) == "a" * 32 + ":0:decision"


# who may


def refused(error: type[Exception], code: str, found: Case, party: Any = "author", **more: Any):
    at_ms, decision = more.get("at_ms", NOW_MS), more.get("decision", "")
    with pytest.raises(error) as raised:
        appeals.check(found, party, decision, POLICY, at_ms)
    assert getattr(raised.value, "code", "") == code


def test_each_side_may_appeal_what_was_decided_against_it():
    appeals.check(removed(), "author", "", POLICY, NOW_MS)
    appeals.check(removed(), "author", FINAL, POLICY, NOW_MS)
    appeals.check(kept(), "reporter", "", POLICY, NOW_MS)
    refused(Conflict, "nothing_to_appeal", removed(), "reporter")
    refused(Conflict, "nothing_to_appeal", kept(), "author")


def test_six_months_are_counted_from_when_it_was_carried_out():
    last_ms = NOW_MS + 6 * MONTH_MS - 1
    assert appeals.until_ms(POLICY, NOW_MS) == last_ms + 1
    appeals.check(removed(), "author", "", POLICY, last_ms)
    refused(Gone, "appeal_time_over", removed(), at_ms=last_ms + 1)
    never = removed(measured_at_ms=None)
    appeals.check(never, "author", "", POLICY, last_ms - 5)
    refused(Gone, "appeal_time_over", never, at_ms=last_ms - 4)
    unknown = removed(measured_at_ms=None, decided_at_ms=None)
    refused(Gone, "appeal_time_over", unknown, at_ms=6 * MONTH_MS)
    appeals.check(unknown, "author", "", POLICY, 6 * MONTH_MS - 1)


def test_what_is_over_or_has_its_own_procedure_is_not_appealed():
    refused(Gone, "appeal_time_over", removed(state="closed"))
    refused(Conflict, "counter_notice_instead", removed(categories=("copyright",)))


def test_the_bench_has_the_last_word_after_two_decisions_that_were_overturned():
    appeals.check(removed(appeals=2), "author", "", POLICY, NOW_MS)
    refused(Conflict, "decision_final", removed(appeals=3))
    opened = [
        appeals.opened(removed(appeals=number), 7, "author", "", NOW_MS).final
        for number in range(4)
    ]
    assert opened == [False, False, True, True]


def test_a_decision_that_was_replaced_is_not_what_stands():
    refused(Conflict, "decision_replaced", removed(), decision="older")
    refused(Conflict, "decision_replaced", removed(), decision="0")
    appeals.check(removed(decision=""), "author", "older", POLICY, NOW_MS)
    limited = removed(limits=(("silence", "older"),))
    appeals.check(limited, "author", "older", POLICY, NOW_MS)
    refused(Conflict, "decision_replaced", limited, decision="silence")


HELD = {"verdict": None, "hold": "held", "waits_for": "moderator"}


@pytest.mark.parametrize("state", ["open", "judging"])
def test_a_hold_that_waits_for_a_moderator_may_be_appealed_by_its_author(state):
    held = removed(**HELD, state=state)
    appeals.check(held, "author", FINAL, POLICY, NOW_MS)
    refused(Conflict, "not_decided_yet", held, "reporter", decision=FINAL)
    refused(Conflict, "before_the_jury", held)
    for more in ({"hold": "none"}, {"hold": "lifted"}):
        shown = msgspec.structs.replace(held, **more)
        refused(Conflict, "not_decided_yet", shown, decision=FINAL)
    for waits_for in ("ballots", "bench", "panel", ""):
        judged = msgspec.structs.replace(held, waits_for=waits_for)
        refused(Conflict, "before_the_jury", judged, decision=FINAL)


def test_an_appeal_keeps_what_stood_when_it_was_filed():
    before = removed(inherits="c", due_at_ms=55)
    assert appeals.opened(before, 7, "author", "", NOW_MS + 1) == Appeal(
        FINAL,
        7,
        "author",
        NOW_MS + 1,
        verdict="violates",
        judged_by="panel",
        inherits="c",
        waited_ms=55,
    )
    assert appeals.opened(before, 7, "author", "other", NOW_MS).decision == "other"


def test_an_appeal_has_three_times_the_clock_of_a_first_verdict():
    assert appeals.due_at_ms(removed(), POLICY, NOW_MS) == NOW_MS + 72 * HOUR_MS
    spam = removed(categories=("spam",))
    assert appeals.due_at_ms(spam, POLICY, NOW_MS) == NOW_MS + 216 * HOUR_MS


# who judges it


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({}, "appeal"),
        ({"appeal": None}, "appeal"),
        ({"private": True}, "bench"),
        ({"categories": ("privacy",)}, "bench"),
        ({"categories": ("spam",)}, "appeal"),
        ({"appeal": msgspec.structs.replace(APPEAL, final=True)}, "bench"),
        ({"categories": ("child_safety", "harassment")}, None),
        ({"categories": ("child_safety",), "private": True}, None),
    ],
)
def test_who_judges_an_appeal(more, kind):
    assert appeals.round_kind(running(**more), POLICY) == kind


FRESH = Round(1, "appeal", "drawing", 77, seats=11)
OF_BENCH = Round(1, "bench", "drawing", 77, rule="one_of_bench")


@pytest.mark.parametrize(
    ("more", "made"),
    [
        ({}, FRESH),
        ({"contested": True}, msgspec.structs.replace(FRESH, contested=True)),
        ({"round": panel(recorded=True)}, msgspec.structs.replace(FRESH, number=2)),
        ({"round": bench(recorded=True)}, msgspec.structs.replace(FRESH, number=3)),
        ({"private": True}, OF_BENCH),
        ({"verdict": "hung"}, OF_BENCH),
        ({"verdict": "keeps", "round": panel()}, msgspec.structs.replace(OF_BENCH, number=2)),
        ({"categories": ("child_safety",)}, OF_BENCH),
    ],
)
def test_the_round_of_an_appeal(more, made):
    assert appeals.next_round(running(**more), POLICY, 77) == made


# what follows


def never_ask_the_bench():
    holds = msgspec.structs.replace(POLICY.holds, bench_on_notice_keeps=False)
    return msgspec.structs.replace(POLICY, holds=holds)


NOTICED = {"sources": ("notice",), "verdict": "keeps"}


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"verdict": "hung"}, "draw"),
        ({"verdict": "hung", "categories": ("child_safety",)}, "draw"),
        ({"verdict": "keeps"}, "appeal_end"),
        ({"verdict": "violates"}, "appeal_end"),
        ({"verdict": "keeps", "categories": ("child_safety",)}, "wait"),
        ({"verdict": "keeps", "appeal": None}, "wait"),
        (NOTICED, "draw"),
        ({**NOTICED, "round": panel(kind="appeal")}, "draw"),
        ({**NOTICED, "round": bench()}, "dispute"),
        ({**NOTICED, "round": bench(), "disputed": True}, "wait"),
        ({**NOTICED, "disputed": True}, "wait"),
        ({**NOTICED, "verdict": "violates"}, "appeal_end"),
        ({**NOTICED, "appeal": BY_REPORTER}, "appeal_end"),
    ],
)
def test_what_follows_from_the_verdict_of_an_appeal(more, what):
    assert appeals.after_verdict(running(**more), POLICY) == what


def test_where_the_bench_is_not_asked_a_notice_is_judged_as_anything_is():
    assert appeals.after_verdict(running(**NOTICED), never_ask_the_bench()) == "appeal_end"


def test_a_fresh_panel_answers_for_the_rule_that_was_found_broken():
    assert appeals.found_before(running(found="hate")) == "hate"
    assert appeals.found_before(removed(found="hate")) == ""


@pytest.mark.parametrize(
    ("appeal", "verdict", "outcome"),
    [
        (APPEAL, "keeps", "overturned"),
        (APPEAL, "violates", "upheld"),
        (BY_REPORTER, "violates", "overturned"),
        (BY_REPORTER, "keeps", "upheld"),
        (APPEAL, "hung", "upheld"),
        (None, "keeps", "upheld"),
    ],
)
def test_what_a_verdict_makes_of_an_appeal(appeal, verdict, outcome):
    assert appeals.outcome_of(running(appeal=appeal, verdict=verdict)) == outcome


@pytest.mark.parametrize("last_resort", [False, True])
@pytest.mark.parametrize(
    ("appeal", "action", "outcome"),
    [
        (APPEAL, "keep", "overturned"),
        (APPEAL, "hold", ""),
        *((APPEAL, limit, "") for limit in LIMITS),
        (BY_REPORTER, "remove", "overturned"),
        *((BY_REPORTER, limit, "overturned") for limit in LIMITS),
        *((BY_REPORTER, lift, "") for lift in LIFTS),
        (BY_REPORTER, "hold", ""),
        (None, "keep", ""),
        (None, "remove", ""),
    ],
)
def test_a_moderator_may_give_in_at_any_time(appeal, action, outcome, last_resort):
    found = appeals.outcome_by_moderator(running(appeal=appeal), action, last_resort=last_resort)
    assert found == outcome


@pytest.mark.parametrize(("appeal", "action"), [(APPEAL, "remove"), (BY_REPORTER, "keep")])
def test_only_the_last_resort_upholds(appeal, action):
    case_ = running(appeal=appeal)
    assert appeals.outcome_by_moderator(case_, action, last_resort=True) == "upheld"
    with pytest.raises(Conflict) as raised:
        appeals.outcome_by_moderator(case_, action, last_resort=False)
    assert raised.value.code == "appeal_running"


@pytest.mark.parametrize(
    ("limits", "action", "outcome"),
    [
        ((("silence", FINAL),), "unsilence", "overturned"),
        ((("silence", "other"),), "unsilence", ""),
        ((("suspend", FINAL),), "unsilence", ""),
    ],
)
def test_to_take_off_the_limit_that_is_appealed_is_to_give_in(limits, action, outcome):
    found = appeals.outcome_by_moderator(running(limits=limits), action, last_resort=False)
    assert found == outcome
