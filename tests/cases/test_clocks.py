"""Clocks: per source and category, escalation before they run out, nights, and clocks that jump."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.cases import clocks, rules
from venire.cases.clock_policy import SourceClock
from venire.cases.model import Round, Source
from venire.cases.policy import load_policy
from venire.kernel.clock import DAY_MS, HOUR_MS, MINUTE_MS

T = 1_767_225_600_000
"""2026-01-01, midnight UTC."""
NOON = T + 12 * HOUR_MS


def policy(**clock):
    shipped = load_policy()
    clocks_of = msgspec.structs.replace(shipped.clocks, **clock)
    return msgspec.structs.replace(shipped, clocks=clocks_of)


def village(**clock):
    found = policy(**clock)
    return msgspec.structs.replace(found, jury=msgspec.structs.replace(found.jury, preset="small"))


def case_of(source, *, by=None, now_ms=NOON):
    return rules.open_case(
        case_id=1,
        public_id="a" * 32,
        subject_kind="post",
        subject_id=7,
        author_id=5,
        source=source,
        policy=by or policy(),
        now_ms=now_ms,
    )


def said(kind="report", category="harassment", at_ms=NOON, **more):
    return Source(kind=kind, ref=f"{kind}:{at_ms}", category=category, at_ms=at_ms, **more)


def hour_of(at_ms):
    return dt.datetime.fromtimestamp(at_ms / 1000, tz=dt.UTC).hour


class TestWhichClock:
    def test_a_source_without_one_has_its_categorys(self):
        assert case_of(said(category="spam")).due_at_ms == NOON + 72 * HOUR_MS
        assert case_of(said("notice", "spam")).due_at_ms == NOON + 24 * HOUR_MS

    def test_the_nearest_of_several_counts(self):
        found = policy(
            sources=(
                SourceClock("*", 40),
                SourceClock("*", 30, "hate"),
                SourceClock("report", 20),
                SourceClock("report", 10, "hate"),
            )
        )
        assert clocks.hours_of("report", "hate", found) == 10
        assert clocks.hours_of("report", "spam", found) == 20
        assert clocks.hours_of("bank", "hate", found) == 30
        assert clocks.hours_of("bank", "spam", found) == 40

    def test_the_earliest_of_merged_sources_wins_and_a_later_one_changes_nothing(self):
        shipped = policy()
        case = case_of(said(category="spam"))
        hurried = rules.merge(case, said("notice", "spam", NOON + HOUR_MS), shipped)
        assert hurried.due_at_ms == NOON + 25 * HOUR_MS
        later = rules.merge(hurried, said("notice", "spam", NOON + 9 * HOUR_MS), shipped)
        assert later.due_at_ms == hurried.due_at_ms

    def test_an_outside_bodys_own_deadline_counts_where_it_is_earlier(self):
        own = said("notice", "spam", due_at_ms=NOON + 3 * HOUR_MS)
        assert case_of(own).due_at_ms == NOON + 3 * HOUR_MS
        long = said("notice", "spam", due_at_ms=NOON + 300 * HOUR_MS)
        assert case_of(long).due_at_ms == NOON + 24 * HOUR_MS

    @given(
        hours=st.lists(st.integers(1, 500), min_size=1, max_size=6),
        kinds=st.lists(
            st.sampled_from(["report", "detector", "bank", "juror", "notice"]),
            min_size=1,
            max_size=6,
        ),
    )
    def test_no_order_of_sources_makes_a_case_later_than_any_of_them(self, hours, kinds):
        found = policy(
            sources=tuple(
                SourceClock(kind, hour)
                for kind, hour in zip(dict.fromkeys(kinds), hours, strict=False)
            )
        )
        all_said = [said(kind, at_ms=NOON + n * MINUTE_MS) for n, kind in enumerate(kinds)]
        case = case_of(all_said[0], by=found)
        for one in all_said[1:]:
            case = rules.merge(case, one, found)
        ends = [clocks.due_ms(one, found, one.at_ms) for one in all_said]
        assert case.due_at_ms == min(ends)


class TestNights:
    def test_a_villages_clock_stands_at_night_and_a_threats_does_not(self):
        evening = T + 21 * HOUR_MS
        mild = case_of(said(at_ms=evening), by=village(), now_ms=evening)
        assert mild.due_at_ms > evening + 24 * HOUR_MS
        assert 7 <= hour_of(mild.due_at_ms) <= 22
        threat = case_of(said(category="incitement", at_ms=evening), by=village(), now_ms=evening)
        assert threat.due_at_ms == evening + 24 * HOUR_MS

    def test_a_notice_waits_for_no_morning(self):
        evening = T + 21 * HOUR_MS
        case = case_of(said("notice", "spam", evening), by=village(), now_ms=evening)
        assert case.due_at_ms == evening + 24 * HOUR_MS

    def test_the_night_is_where_the_village_is(self):
        jakarta = village(utc_offset_minutes=7 * 60)
        # 16 h in UTC is 23 h there: the clock begins to run at 7 h there, which is midnight UTC.
        late = T + 16 * HOUR_MS
        case = msgspec.structs.replace(case_of(said()), categories=("harassment",))
        assert clocks.answer_by_ms(case, jakarta, late, 120) == T + DAY_MS + 2 * HOUR_MS

    def test_nobody_loses_a_seat_by_being_asleep(self):
        late = T + 23 * HOUR_MS
        case = case_of(said())
        assert clocks.answer_by_ms(case, village(), late, 120) == T + DAY_MS + 9 * HOUR_MS
        threat = case_of(said(category="incitement"))
        assert clocks.answer_by_ms(threat, village(), late, 120) == T + 25 * HOUR_MS
        assert clocks.answer_by_ms(case, policy(), late, 120) == T + 25 * HOUR_MS


class TestMarks:
    def test_each_mark_comes_before_the_end_and_alarms_go_on_after_it(self):
        case, shipped = case_of(said()), policy()
        assert case.due_at_ms == NOON + 24 * HOUR_MS
        found = [clocks.stage_at(case, shipped, NOON + hours * HOUR_MS) for hours in range(34)]
        assert found[11] == 0
        assert found[12] == clocks.MORE
        assert found[19] == clocks.MORE
        assert found[20] == clocks.ALARM
        assert found[24] == clocks.OVERDUE
        assert found[28] == clocks.OVERDUE + 1
        assert found == sorted(found)

    @given(hours=st.integers(1, 400), at=st.integers(0, 900), small=st.booleans())
    def test_the_next_mark_always_lies_ahead_and_nothing_happens_before_it(self, hours, at, small):
        found = (village if small else policy)(sources=(SourceClock("*", hours),))
        case = case_of(said(), by=found)
        now_ms = NOON + at * HOUR_MS
        mark = clocks.next_mark_ms(case, found, now_ms)
        assert mark > now_ms
        before = clocks.stage_at(case, found, now_ms)
        assert clocks.stage_at(case, found, mark - 1) == before
        assert clocks.stage_at(case, found, mark) > before or mark < case.due_at_ms

    def test_a_later_deadline_starts_the_clock_anew_and_an_earlier_one_does_not(self):
        case = msgspec.structs.replace(case_of(said()), alarms=clocks.OVERDUE)
        later = msgspec.structs.replace(case, due_at_ms=case.due_at_ms + HOUR_MS)
        wound = clocks.wound(case, later, NOON + 9)
        assert (wound.alarms, wound.clock_from_ms) == (0, NOON + 9)
        earlier = msgspec.structs.replace(case, due_at_ms=case.due_at_ms - HOUR_MS)
        assert clocks.wound(case, earlier, NOON + 9).alarms == clocks.OVERDUE


class TestWaits:
    def test_every_wait_says_what_ends_it(self):
        shipped = policy()
        waits = set()
        for category in shipped.categories:
            for kind in ("post", "account"):
                case = msgspec.structs.replace(
                    case_of(said(category=category.name)), subject_kind=kind
                )
                waits.add(rules.waits_for(case, shipped))
                waits.add(
                    rules.waits_for(
                        msgspec.structs.replace(
                            case, round=Round(1, "bench", "voting", NOON), disputed=True
                        ),
                        shipped,
                    )
                )
                for rounds in ("panel", "bench", "appeal"):
                    voting = Round(1, rounds, "voting", NOON)
                    waits.add(rules.waits_for(msgspec.structs.replace(case, round=voting), shipped))
        assert waits
        assert waits <= set(clocks.ENDED_BY)


class TestHoldsThatEndThemselves:
    def held(self, *categories, sources=("detector",), **more):
        return msgspec.structs.replace(
            case_of(said("detector", categories[0])),
            categories=categories,
            sources=sources,
            hold="held",
            held_at_ms=NOON,
            state="judging",
            **more,
        )

    def test_where_the_policy_says_so(self):
        case = self.held("harassment")
        assert not clocks.hold_is_over(case, policy(), NOON + 48 * HOUR_MS - 1)
        assert clocks.hold_is_over(case, policy(), NOON + 48 * HOUR_MS)

    @pytest.mark.parametrize(
        "case",
        [
            {"categories": ("incitement",)},
            {"categories": ("incitement", "harassment")},
            {"categories": ("child_safety",)},
            {"categories": ("child_safety", "harassment")},
            {"categories": ("harassment",), "sources": ("detector", "notice")},
            {"categories": ("harassment",), "verdict": "violates"},
            {"categories": ("harassment",), "state": "decided"},
        ],
    )
    def test_never_where_something_else_must_end_it(self, case):
        held = msgspec.structs.replace(self.held("harassment"), **case)
        assert not clocks.hold_is_over(held, policy(), NOON + 1_000 * DAY_MS)

    def test_a_notice_hides_again_what_the_clock_had_shown_and_a_report_does_not(self):
        case = msgspec.structs.replace(self.held("harassment"), hold="lifted")
        shipped = policy()
        again = rules.merge(case, said("notice", "harassment", hold=True), shipped)
        assert rules.what_next(again, shipped, seats_wanted=0, seats_open=0) == "hold"
        detected = rules.merge(case, said("detector", "harassment", hold=True), shipped)
        assert rules.what_next(detected, shipped, seats_wanted=0, seats_open=0) != "hold"
