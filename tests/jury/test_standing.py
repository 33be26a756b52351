"""Strikes, hold keys, clocks and the state machines: `venire/jury/rules.py`."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.jury.model import RoundState, SummonsState
from venire.jury.rules import (
    PANEL_ROUND,
    SUMMONS,
    Strike,
    due_ms,
    is_suspended_by_points,
    keeps_hold_key,
    live_points,
    points_for,
    strike_for,
)
from venire.kernel.clock import DAY_MS, HOUR_MS, parse_iso_ms
from venire.kernel.errors import Conflict

NOON_MS = parse_iso_ms("2026-03-01T12:00:00Z")


@pytest.mark.parametrize(
    ("points", "severity", "expected"),
    [
        (10, "minor", 5),
        (5, "minor", 3),
        (10, "ordinary", 10),
        (10, "severe", 20),
        (0, "severe", 0),
        (0, "minor", 0),
    ],
)
def test_severity_moves_a_categorys_points_along_the_ladder(points, severity, expected):
    assert points_for(points, severity) == expected


def test_a_strike_lasts_ninety_days_to_the_millisecond():
    strike = strike_for(10, "ordinary", at_ms=NOON_MS)
    end_ms = NOON_MS + 90 * DAY_MS
    moments = (NOON_MS - 1, NOON_MS, end_ms - 1, end_ms)
    assert [live_points([strike], now_ms) for now_ms in moments] == [0, 10, 10, 0]


def test_a_won_appeal_gives_the_points_back_from_that_moment():
    strike = Strike(10, NOON_MS, NOON_MS + DAY_MS, undone_at_ms=NOON_MS + HOUR_MS)
    assert live_points([strike], NOON_MS + HOUR_MS - 1) == 10
    assert live_points([strike], NOON_MS + HOUR_MS) == 0


def test_twenty_points_suspend_and_nineteen_do_not():
    strikes = [Strike(10, NOON_MS, NOON_MS + DAY_MS), Strike(9, NOON_MS, NOON_MS + DAY_MS)]
    assert not is_suspended_by_points(strikes, NOON_MS)
    assert is_suspended_by_points([*strikes, Strike(1, NOON_MS, NOON_MS + DAY_MS)], NOON_MS)
    assert is_suspended_by_points(strikes, NOON_MS, suspend_at=19)


@pytest.mark.parametrize(
    ("holds", "lifted", "kept"),
    [(0, 0, True), (1, 1, False), (5, 1, True), (4, 1, False), (10, 2, True), (10, 3, False)],
)
def test_a_hold_key_is_lost_when_more_than_a_fifth_of_its_holds_are_lifted(holds, lifted, kept):
    assert keeps_hold_key(holds, lifted) is kept


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-03-01T12:00", 2, "2026-03-01T14:00"),
        ("2026-03-01T12:00", 10, "2026-03-01T22:00"),
        ("2026-03-01T12:00", 11, "2026-03-02T08:00"),
        ("2026-03-01T23:30", 1, "2026-03-02T08:00"),
        ("2026-03-01T02:00", 1, "2026-03-01T08:00"),
        ("2026-03-01T22:00", 15, "2026-03-02T22:00"),
        ("2026-03-01T07:00", 40, "2026-03-03T17:00"),
    ],
)
def test_a_small_sites_clock_stands_at_night(start: str, hours: int, due: str):
    start_ms = parse_iso_ms(start)
    assert due_ms(start_ms, hours * HOUR_MS, preset="small") == parse_iso_ms(due)
    threat_ms = due_ms(start_ms, hours * HOUR_MS, preset="small", threat=True)
    assert threat_ms == due_ms(start_ms, hours * HOUR_MS) == start_ms + hours * HOUR_MS


def test_night_is_where_the_site_is():
    start_ms = parse_iso_ms("2026-03-01T15:30:00Z")
    due = due_ms(start_ms, HOUR_MS, preset="small", utc_offset_ms=7 * HOUR_MS)
    assert due == parse_iso_ms("2026-03-02T01:00:00Z")


@given(
    start_ms=st.integers(0, 2 * 10**12),
    length_ms=st.integers(0, 100 * HOUR_MS),
    offset_ms=st.integers(-12, 14).map(lambda hours: hours * HOUR_MS),
)
def test_a_pausing_clock_is_never_shorter_and_never_ends_at_night(start_ms, length_ms, offset_ms):
    ends_ms = due_ms(start_ms, length_ms, preset="small", utc_offset_ms=offset_ms)
    assert ends_ms >= start_ms + length_ms
    assert 7 * HOUR_MS <= (ends_ms + offset_ms) % DAY_MS <= 22 * HOUR_MS
    nights = (length_ms // (15 * HOUR_MS)) + 2
    assert ends_ms <= start_ms + length_ms + nights * 9 * HOUR_MS


def test_the_machines_know_exactly_the_states_of_the_nouns():
    assert set(PANEL_ROUND.names) == set(get_args(RoundState))
    assert set(SUMMONS.names) == set(get_args(SummonsState))


def test_a_panel_round_goes_from_the_draw_to_one_of_three_ends():
    ends = {name for name in PANEL_ROUND.names if PANEL_ROUND.is_terminal(name)}
    assert ends == {"verdict", "hung", "expired"}
    PANEL_ROUND.check("drawing", "voting")
    for end in sorted(ends):
        PANEL_ROUND.check("voting", end)
    with pytest.raises(Conflict, match="transition_not_allowed"):
        PANEL_ROUND.check("drawing", "verdict")


@given(st.lists(st.sampled_from(SUMMONS.names), max_size=6))
def test_no_walk_through_a_summons_votes_unseated_twice_or_after_its_end(walk):
    at, passed = SUMMONS.start, [SUMMONS.start]
    for name in walk:
        try:
            SUMMONS.check(at, name)
        except Conflict:
            continue
        at = name
        passed.append(name)
    assert passed.count("voted") <= 1
    if "voted" in passed:
        assert passed[:3] == ["offered", "seated", "voted"]
        assert passed[3:] in ([], ["struck"])
    over = [place for place, name in enumerate(passed) if SUMMONS.is_terminal(name)]
    assert over in ([], [len(passed) - 1])
