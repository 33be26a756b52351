"""What is said of a post or an account, and who judges it: row by row."""

from __future__ import annotations

import msgspec
import pytest

from tests.cases.sample_cases import KEPT, NOW_MS, POLICY, bench, case, panel, source
from venire.cases import rules
from venire.kernel.clock import HOUR_MS
from venire.kernel.errors import Conflict

BURST = POLICY.panel.contested.burst_reports


def test_a_case_goes_these_ways_and_no_other():
    ways = {state.name: (set(state.exits), state.deadline) for state in rules.CASE_STATES.states}
    assert (rules.CASE_STATES.name, rules.CASE_STATES.start) == ("case", "open")
    assert ways == {
        "open": ({"judging", "decided", "closed"}, "due_at_ms"),
        "judging": ({"decided", "closed"}, "due_at_ms"),
        "decided": ({"judging", "closed"}, "appeal time"),
        "closed": (set(), None),
    }


def test_gravity_is_in_the_order_of_the_words_and_a_child_first():
    every = ("other", "spam", "copyright", "self_harm", "privacy", "harassment", "hate")
    assert rules.gravest((*every, "incitement", "child_safety", "spam")) == (
        "child_safety",
        "incitement",
        "hate",
        "harassment",
        "privacy",
        "self_harm",
        "spam",
        "copyright",
        "other",
    )
    assert rules.gravest(()) == ()


# what is said


def test_the_first_thing_said_opens_a_case():
    opened = rules.open_case(
        case_id=1,
        public_id="b" * 32,
        subject_kind="account",
        subject_id=5,
        author_id=6,
        source=source(category="spam", hold=True, private=True, inherits="c"),
        policy=POLICY,
        now_ms=NOW_MS,
    )
    assert (opened.id, opened.public_id, opened.subject_kind) == (1, "b" * 32, "account")
    assert (opened.subject_id, opened.author_id, opened.opened_at_ms) == (5, 6, NOW_MS)
    assert (opened.categories, opened.sources, opened.report_count) == (("spam",), ("report",), 1)
    assert (opened.contested, opened.private, opened.inherits) == (True, True, "c")
    assert (opened.hold, opened.hold_wanted, opened.state) == ("none", "report", "open")
    assert opened.policy_version == POLICY.version
    assert opened.clock_from_ms == NOW_MS
    assert NOW_MS < opened.due_at_ms <= NOW_MS + 72 * HOUR_MS


def test_what_is_said_later_joins_it():
    first = case(hold_wanted="detector", inherits="x")
    merged = rules.merge(first, source("notice", "hate", hold=True, inherits="y"), POLICY)
    assert merged.categories == ("incitement", "hate")
    assert merged.sources == ("detector", "notice")
    assert (merged.hold_wanted, merged.inherits) == ("detector", "x")
    assert (merged.report_count, merged.contested, merged.private) == (0, False, False)
    again = rules.merge(merged, source("notice", private=True), POLICY)
    assert (again.sources, again.private) == (("detector", "notice"), True)
    assert rules.merge(again, source("bank"), POLICY).private


@pytest.mark.parametrize(
    ("hold", "wanted", "asked", "then"),
    [
        ("none", "", True, "report"),
        ("none", "", False, ""),
        ("none", "bank", True, "bank"),
        ("held", "", True, ""),
        ("lifted", "", False, ""),
    ],
)
def test_a_hold_is_asked_for_once(hold, wanted, asked, then):
    before = case(hold=hold, hold_wanted=wanted)
    assert rules.merge(before, source(hold=asked), POLICY).hold_wanted == then


@pytest.mark.parametrize(
    ("kind", "new", "count"),
    [("report", True, 4), ("report", False, 3), ("notice", True, 3), ("detector", True, 3)],
)
def test_reporters_are_counted_and_nothing_else(kind, new, count):
    merged = rules.merge(case(report_count=3), source(kind), POLICY, new_reporter=new)
    assert merged.report_count == count


def test_a_reporter_is_new_unless_it_is_said_otherwise():
    assert rules.merge(case(), source(), POLICY).report_count == 1


@pytest.mark.parametrize(
    ("sources", "reports", "contested"),
    [
        (("report",), 1, True),
        (("juror",), 0, True),
        (("report", "juror"), 2, True),
        (("report", "detector"), 1, False),
        (("detector",), 0, False),
        (("notice",), BURST - 1, False),
        (("notice",), BURST, True),
        (("notice", "report"), BURST + 1, True),
        (("moderator",), 0, False),
    ],
)
def test_reports_alone_or_a_burst_of_them_make_a_case_contested(sources, reports, contested):
    assert rules.is_contested(sources, reports, POLICY) is contested


def test_reporters_who_were_seen_to_hang_together_keep_a_case_contested():
    merged = rules.merge(case(together=True), source("detector"), POLICY)
    assert merged.contested


@pytest.mark.parametrize(
    ("before", "said", "reopened"),
    [
        ({}, source("notice"), True),
        ({}, source("report"), False),
        ({}, source("detector"), False),
        ({"state": "judging"}, source("notice"), False),
        ({"state": "closed"}, source("notice"), False),
        ({"verdict": "violates"}, source("notice"), False),
        ({"verdict": None}, source("notice"), False),
        ({}, source(edited_at_ms=NOW_MS), True),
        ({}, source(edited_at_ms=NOW_MS + 1), True),
        ({}, source(edited_at_ms=NOW_MS - 1), False),
        ({"measured_at_ms": None}, source(edited_at_ms=NOW_MS), False),
        ({"measured_at_ms": 0}, source(edited_at_ms=0), False),
        ({"measured_at_ms": 1}, source(edited_at_ms=1), True),
        ({}, source(category="privacy"), True),
        ({}, source(category="hate"), False),
        ({}, source(category="child_safety"), True),
        ({}, source(category="spam"), False),
        ({"judged_by": "appeal"}, source(category="privacy"), True),
        ({"judged_by": "appeal"}, source(category="hate"), False),
        ({"judged_by": "bench"}, source(category="privacy"), False),
        ({"judged_by": "admin"}, source(category="privacy"), False),
        ({"judged_by": "bench"}, source(category="child_safety"), True),
        ({"judged_by": "named_person"}, source(category="child_safety"), False),
        ({"judged_by": "moderator"}, source(category="hate"), True),
        ({"judged_by": "moderator"}, source(category="incitement"), False),
        ({"judged_by": "moderator"}, source(category="copyright"), False),
    ],
)
def test_what_was_kept_is_judged_again_by_a_notice_a_change_or_a_graver_rule(
    before, said, reopened
):
    assert rules.is_reopened_by(case(**{**KEPT, **before}), said, POLICY) is reopened


def test_a_case_that_is_judged_again_forgets_what_was_found():
    old = case(
        **KEPT,
        found="hate",
        measure="none",
        hold="lifted",
        hold_wanted="bank",
        inherits="x",
        report_count=4,
        round=panel(),
        struck=("s",),
    )
    again = rules.reopen(old, due_at_ms=9)
    assert again == msgspec.structs.replace(
        old,
        state="judging",
        verdict=None,
        found="",
        judged_by="",
        measure="",
        measured_at_ms=None,
        hold="none",
        hold_wanted="",
        inherits="",
        due_at_ms=9,
        round=panel(state="expired", recorded=True),
    )
    for state in ("judging", "closed"):
        with pytest.raises(Conflict):
            rules.reopen(case(state=state), due_at_ms=9)


@pytest.mark.parametrize("hold", [True, False])
def test_a_notice_on_what_was_kept_starts_its_own_clock_and_asks_for_its_own_hold(hold):
    kept = case(**KEPT, inherits="x", due_at_ms=NOW_MS)
    said = source("notice", at_ms=NOW_MS + 5 * HOUR_MS, hold=hold, inherits="y")
    again = rules.merge(kept, said, POLICY)
    assert (again.state, again.verdict, again.inherits) == ("judging", None, "y")
    assert again.hold_wanted == ("notice" if hold else "")
    assert NOW_MS + 5 * HOUR_MS < again.due_at_ms <= NOW_MS + 29 * HOUR_MS


@pytest.mark.parametrize(
    ("state", "ended"),
    [
        ("drawing", True),
        ("voting", True),
        ("verdict", False),
        ("hung", False),
        ("expired", False),
    ],
)
def test_only_a_round_that_goes_on_is_ended(state, ended):
    before = panel(state=state)
    after = panel(state="expired", recorded=True) if ended else before
    assert rules.ended(before) == after
    assert rules.ended(None) is None


# who judges


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({}, "panel"),
        ({"private": True}, "bench"),
        ({"categories": ("privacy",)}, "bench"),
        ({"categories": ("incitement", "privacy")}, "bench"),
        ({"categories": ("spam",)}, None),
        ({"categories": ("copyright",)}, None),
        ({"categories": ("child_safety", "hate")}, None),
        ({"subject_kind": "account"}, None),
        ({"categories": ("incitement", "spam")}, "panel"),
        ({"found": "hate", "categories": ("spam", "hate")}, "panel"),
        ({"found": "hate", "categories": ("child_safety", "hate")}, None),
    ],
)
def test_who_judges_first(more, kind):
    assert rules.first_round_kind(case(**more), POLICY) == kind
    sealed = "child_safety" in case(**more).categories
    assert rules.is_sealed(case(**more)) is sealed


@pytest.mark.parametrize(
    ("more", "whom"),
    [
        ({"state": "decided"}, ""),
        ({"state": "closed", "disputed": True}, ""),
        ({"disputed": True}, "operator"),
        ({"disputed": True, "categories": ("child_safety",)}, "operator"),
        ({"categories": ("child_safety",)}, "named_person"),
        ({}, "panel"),
        ({"categories": ("spam",)}, "moderator"),
        ({"categories": ("privacy",)}, "bench"),
        ({"subject_kind": "account"}, "moderator"),
        ({"round": panel()}, "ballots"),
        ({"round": bench()}, "bench"),
        ({"round": panel(kind="appeal")}, "ballots"),
        ({"round": panel(recorded=True)}, "panel"),
        ({"round": panel(recorded=True), "verdict": "keeps"}, "ballots"),
        ({"second_by_ms": 9}, "reports"),
        ({"second_by_ms": 9, "categories": ("privacy",)}, "bench"),
        ({"second_by_ms": 9, "round": panel(recorded=True)}, "panel"),
    ],
)
def test_whom_a_case_waits_for(more, whom):
    assert rules.waits_for(case(**more), POLICY) == whom
