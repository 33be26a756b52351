"""A case's clock, moment by moment: marks, timers, nights, and holds that end by themselves."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.cases.sample_cases import NOW_MS, POLICY, case, panel, source
from venire.cases import clocks
from venire.cases.clock_policy import SourceClock
from venire.cases.model import Appeal, Case, Step
from venire.cases.policy import Policy
from venire.kernel.clock import DAY_MS, HOUR_MS
from venire.storage.tables.outbox import TIMERS, TimerRow
from venire.storage.verbs import Put

NOON = NOW_MS + 12 * HOUR_MS
EVENING = NOW_MS + 20 * HOUR_MS
MORNING = NOW_MS + DAY_MS + 7 * HOUR_MS


def village(**more: Any) -> Policy:
    small = msgspec.structs.replace(POLICY.jury, preset="small")
    timed = msgspec.structs.replace(POLICY.clocks, **more)
    return msgspec.structs.replace(POLICY, jury=small, clocks=timed)


def mild(**more: Any) -> Case:
    """A case that is not severe, opened at noon and due a day later."""
    made = {
        "categories": ("harassment",),
        "sources": ("report",),
        "opened_at_ms": NOON,
        "due_at_ms": NOON + 24 * HOUR_MS,
    }
    return case(**{**made, **more})


def test_a_source_has_its_own_hours_where_the_policy_gives_it_some():
    assert clocks.hours_of("notice", "spam", POLICY) == 24
    assert clocks.hours_of("report", "spam", POLICY) == 72
    timed = msgspec.structs.replace(POLICY.clocks, sources=(SourceClock("*", 5),))
    assert clocks.hours_of("report", "spam", msgspec.structs.replace(POLICY, clocks=timed)) == 5


@pytest.mark.parametrize("severe", ["incitement", "privacy", "self_harm"])
def test_only_a_villages_clock_stands_at_night_and_for_nothing_severe(severe):
    assert clocks.pauses_at_night("harassment", village())
    assert not clocks.pauses_at_night("harassment", POLICY)
    assert not clocks.pauses_at_night(severe, village())


def test_a_villages_clock_counts_its_days_from_seven_to_ten_in_the_evening():
    # Two hours are left of this day and fifteen of the next: seven more lie in the day after.
    ends_ms = clocks.given_ms("report", "harassment", village(), EVENING)
    assert ends_ms == MORNING + DAY_MS + 7 * HOUR_MS
    assert clocks.given_ms("notice", "harassment", village(), EVENING) == EVENING + DAY_MS
    assert clocks.given_ms("report", "incitement", village(), EVENING) == EVENING + DAY_MS


@pytest.mark.parametrize(
    ("own_ms", "due"),
    [(None, NOON + 24 * HOUR_MS), (NOON + 5, NOON + 5), (NOON + DAY_MS + 1, NOON + DAY_MS)],
)
def test_an_outside_bodys_own_deadline_counts_where_it_is_earlier(own_ms, due):
    said = source("notice", "spam", due_at_ms=own_ms)
    assert clocks.due_ms(said, POLICY, NOON) == due


@pytest.mark.parametrize(
    ("more", "due"),
    [
        ({}, NOON + HOUR_MS),
        ({"state": "judging"}, NOON + HOUR_MS),
        ({"state": "decided"}, NOON + 24 * HOUR_MS),
        ({"state": "closed"}, NOON + 24 * HOUR_MS),
    ],
)
def test_a_source_hurries_only_what_is_not_decided(more, due):
    said = source("notice", "harassment", at_ms=NOON, due_at_ms=NOON + HOUR_MS)
    assert clocks.merged_due_ms(mild(**more), said, POLICY) == due


# marks


def test_a_clock_is_started_anew_by_a_later_deadline_alone():
    before = mild(alarms=3, clock_from_ms=NOON)
    same = clocks.wound(before, before, NOON + 9)
    assert (same.alarms, same.clock_from_ms) == (3, NOON)
    later = msgspec.structs.replace(before, due_at_ms=before.due_at_ms + 1)
    wound = clocks.wound(before, later, NOON + 9)
    assert wound == msgspec.structs.replace(later, alarms=0, clock_from_ms=NOON + 9)
    fresh = clocks.wound(None, before, NOON + 9)
    assert fresh == msgspec.structs.replace(before, alarms=0, clock_from_ms=NOON + 9)


@pytest.mark.parametrize(
    ("after", "stage"),
    [
        (12 * HOUR_MS - 1, 0),
        (12 * HOUR_MS, clocks.MORE),
        (DAY_MS * 8 // 10 - 1, clocks.MORE),
        (DAY_MS * 8 // 10, clocks.ALARM),
        (DAY_MS - 1, clocks.ALARM),
        (DAY_MS, clocks.OVERDUE),
        (DAY_MS + 4 * HOUR_MS - 1, clocks.OVERDUE),
        (DAY_MS + 4 * HOUR_MS, clocks.OVERDUE + 1),
        (DAY_MS + 8 * HOUR_MS, clocks.OVERDUE + 2),
    ],
)
def test_how_far_a_clock_has_run(after, stage):
    assert clocks.stage_at(mild(), POLICY, NOON + after) == stage


def test_the_stages_of_a_clock_are_told_apart_by_their_order():
    assert (clocks.MORE, clocks.ALARM, clocks.OVERDUE) == (1, 2, 3)


@pytest.mark.parametrize(
    ("after", "mark"),
    [
        (0, 12 * HOUR_MS),
        (12 * HOUR_MS - 1, 12 * HOUR_MS),
        (12 * HOUR_MS, DAY_MS * 8 // 10),
        (DAY_MS * 8 // 10, DAY_MS),
        (DAY_MS, DAY_MS + 4 * HOUR_MS),
        (DAY_MS + 4 * HOUR_MS - 1, DAY_MS + 4 * HOUR_MS),
        (DAY_MS + 4 * HOUR_MS, DAY_MS + 8 * HOUR_MS),
    ],
)
def test_what_comes_next_on_a_clock(after, mark):
    assert clocks.next_mark_ms(mild(), POLICY, NOON + after) == NOON + mark


def test_the_shares_are_of_the_clock_that_runs_now():
    wound = mild(clock_from_ms=NOON + 4 * HOUR_MS)
    assert clocks.next_mark_ms(wound, POLICY, NOON) == NOON + 14 * HOUR_MS
    assert clocks.next_mark_ms(mild(clock_from_ms=0), POLICY, NOON) == NOON + 12 * HOUR_MS


def test_a_clock_that_was_over_when_it_began_is_overdue_at_once():
    late = mild(clock_from_ms=NOON + 2 * DAY_MS)
    assert clocks.stage_at(late, POLICY, late.due_at_ms - 1) == 0
    assert clocks.next_mark_ms(late, POLICY, late.due_at_ms - 1) == late.due_at_ms
    assert clocks.stage_at(late, POLICY, late.due_at_ms) == clocks.OVERDUE


def test_a_village_is_told_of_nothing_at_night():
    # Half of the clock is midnight: what was due then waits for the morning.
    assert clocks.next_mark_ms(mild(), village(), NOON) == MORNING
    assert clocks.next_mark_ms(mild(), POLICY, NOON) == NOON + 12 * HOUR_MS


@pytest.mark.parametrize(
    "more", [{"sources": ("report", "notice")}, {"categories": ("incitement",)}]
)
def test_what_cannot_wait_is_told_at_night_too(more):
    assert clocks.next_mark_ms(mild(**more), village(), NOON) == NOON + 12 * HOUR_MS


def test_no_mark_lies_behind_the_deadline():
    due_ms = NOW_MS + DAY_MS + 3 * HOUR_MS
    short = mild(opened_at_ms=NOW_MS + 21 * HOUR_MS, due_at_ms=due_ms)
    assert clocks.next_mark_ms(short, village(), short.opened_at_ms) == due_ms


# what wakes a case


def rows(writes: list[Any]) -> list[TimerRow]:
    assert all(isinstance(write, Put) and write.table is TIMERS for write in writes)
    return [write.row for write in writes]


def test_a_case_is_woken_at_its_deadline_and_at_what_comes_before_it():
    woken = rows(clocks.timers(mild(), POLICY, NOON))
    assert [(row.kind, row.key, row.aggregate, row.due_at_ms) for row in woken] == [
        ("case", "1", "case:1", NOON + DAY_MS),
        ("clock", "1", "case:1", NOON + 12 * HOUR_MS),
    ]


@pytest.mark.parametrize(
    ("alarms", "mark"), [(0, 13 * HOUR_MS), (1, DAY_MS * 8 // 10), (2, DAY_MS * 8 // 10)]
)
def test_a_mark_that_was_passed_untold_is_told_at_once(alarms, mark):
    _, woken = rows(clocks.timers(mild(alarms=alarms), POLICY, NOON + 13 * HOUR_MS))
    assert (woken.kind, woken.due_at_ms) == ("clock", NOON + mark)


HELD = {"hold": "held", "held_at_ms": NOON}


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        ({}, {}, []),
        ({}, {"due_at_ms": NOON + 9 * HOUR_MS}, ["case", "clock"]),
        ({}, {"due_at_ms": NOON + 30 * HOUR_MS, "state": "judging"}, ["case", "clock"]),
        ({}, {"due_at_ms": NOON + 30 * HOUR_MS, "state": "decided"}, []),
        ({}, {"due_at_ms": NOON + 30 * HOUR_MS, "state": "closed"}, []),
        ({}, HELD, ["case"]),
        (HELD, HELD, []),
        ({}, {**HELD, "categories": ("incitement",)}, []),
        ({}, {**HELD, "due_at_ms": NOON + 9 * HOUR_MS}, ["case", "clock", "case"]),
        ({**HELD, "held_at_ms": NOON + 5}, HELD, ["case"]),
    ],
)
def test_a_step_winds_up_what_it_has_changed_and_nothing_else(before, after, kinds):
    woken = rows(clocks.timers_after(mild(**before), mild(**after), POLICY, NOON))
    assert [row.kind for row in woken] == kinds


def test_the_end_of_a_hold_wakes_its_case_then():
    (woken,) = rows(clocks.timers_after(mild(), mild(**HELD), POLICY, NOON))
    assert (woken.key, woken.aggregate) == ("1", "case:1")
    assert woken.due_at_ms == NOON + 48 * HOUR_MS


@pytest.mark.parametrize(("alarms", "times"), [(0, 1.0), (1, 1.5), (2, 1.5), (4, 1.5)])
def test_while_time_runs_short_half_as_many_seats_again_are_asked(alarms, times):
    assert clocks.more_seats(mild(alarms=alarms)) == times


# holds


@pytest.mark.parametrize(
    ("more", "hours"),
    [
        ({}, 48),
        ({"categories": ("harassment", "spam")}, 72),
        ({"categories": ("spam", "harassment")}, 72),
        ({"hold": "none"}, None),
        ({"hold": "lifted"}, None),
        ({"held_at_ms": None}, None),
        ({"sources": ("detector", "notice")}, None),
        ({"categories": ("harassment", "incitement")}, None),
        ({"categories": ("child_safety",)}, None),
    ],
)
def test_when_a_hold_ends_that_nobody_has_judged(more, hours):
    ends_ms = clocks.hold_ends_ms(mild(**{**HELD, **more}), POLICY)
    assert ends_ms == (None if hours is None else NOON + hours * HOUR_MS)


def test_what_may_harm_a_child_stays_hidden_whatever_the_policy_says():
    lifting = tuple(
        msgspec.structs.replace(one, hold_lifts_after_hours=1) for one in POLICY.categories
    )
    every = msgspec.structs.replace(POLICY, categories=lifting)
    assert clocks.hold_ends_ms(mild(**HELD), every) == NOON + HOUR_MS
    sealed = mild(**{**HELD, "categories": ("child_safety", "harassment")})
    assert clocks.hold_ends_ms(sealed, every) is None


@pytest.mark.parametrize(
    ("hold", "kind", "may"),
    [
        ("none", "report", True),
        ("none", "notice", True),
        ("lifted", "report", False),
        ("lifted", "notice", True),
        ("held", "report", False),
        ("held", "notice", False),
    ],
)
def test_a_hold_that_has_ended_stays_so_but_for_a_notice(hold, kind, may):
    assert clocks.may_hold(mild(hold=hold), source(kind)) == may


@pytest.mark.parametrize(
    ("held_at_ms", "edited_at_ms", "may"),
    [
        (None, None, False),
        (None, 1, True),
        (NOON, None, False),
        (NOON, NOON, False),
        (NOON, NOON + 1, True),
    ],
)
def test_what_was_written_since_may_be_hidden_anew(held_at_ms, edited_at_ms, may):
    lifted = mild(hold="lifted", held_at_ms=held_at_ms)
    assert clocks.may_hold(lifted, source("detector", edited_at_ms=edited_at_ms)) == may


def test_each_wait_has_a_name_and_a_line():
    assert set(clocks.ENDED_BY) == {
        *("", "ballots", "bench", "panel", "reports"),
        *("moderator", "named_person", "copyright_procedure", "operator"),
    }


ENDS = NOON + 48 * HOUR_MS


@pytest.mark.parametrize(
    ("more", "over"),
    [
        ({}, True),
        ({"state": "judging"}, True),
        ({"state": "decided"}, False),
        ({"state": "closed"}, False),
        ({"verdict": "keeps"}, False),
        ({"round": panel()}, True),
        ({"round": panel(verdict="violates")}, False),
        ({"round": panel(verdict="hung", recorded=True)}, True),
        ({"hold": "lifted"}, False),
    ],
)
def test_a_hold_ends_by_itself_while_nobody_has_decided(more, over):
    held = mild(**{**HELD, **more})
    assert clocks.hold_is_over(held, POLICY, ENDS) == over
    assert clocks.hold_is_over(held, POLICY, ENDS + HOUR_MS) == over
    assert not clocks.hold_is_over(held, POLICY, ENDS - 1)


def test_what_is_appealed_stays_hidden_until_that_is_judged():
    appealed = mild(**HELD, appeal=Appeal("k", 7, "author", NOON))
    assert not clocks.hold_is_over(appealed, POLICY, ENDS)
    said = source("notice", "harassment", at_ms=NOON, due_at_ms=NOON + 1)
    assert clocks.merged_due_ms(appealed, said, POLICY) == appealed.due_at_ms


def test_what_was_released_is_shown_and_judged_still():
    held = mild(**HELD, hold_wanted="report", state="judging", round=panel())
    released = clocks.released(held, Step("release", "k", ENDS))
    assert released == msgspec.structs.replace(held, hold="lifted", hold_wanted="")
