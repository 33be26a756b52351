"""Time: one port, milliseconds, UTC."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.kernel.clock import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    SECOND_MS,
    ManualClock,
    SystemClock,
    iso_ms,
    parse_iso_ms,
    utc_day,
)

MOMENTS = st.integers(-30_610_224_000_000, 253_402_300_799_999)
"""The years 1000 to 9999: the first with four digits, the last that Python knows."""


def test_the_units_follow_from_each_other():
    assert (SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS) == (1000, 60_000, 3_600_000, 86_400_000)


def test_the_system_clock_tells_the_time():
    before = time.time_ns() // 1_000_000
    told = SystemClock().now_ms()
    assert before <= told <= time.time_ns() // 1_000_000


def test_the_system_clock_does_not_run_backwards(monkeypatch):
    clock = SystemClock()
    now_ms = clock.now_ms()
    earlier = time.time_ns() - 3_600 * 10**9
    monkeypatch.setattr(time, "time_ns", lambda: earlier)
    assert clock.now_ms() >= now_ms
    later = earlier + 7_200 * 10**9
    monkeypatch.setattr(time, "time_ns", lambda: later)
    assert clock.now_ms() == later // 1_000_000


def test_a_system_clock_that_was_put_back_goes_on_at_half_its_pace_until_the_machines_is_there(
    monkeypatch,
):
    """Standing still no deadline would come for a year; at full pace it would stay ahead."""
    wall, ticks = 1_000 * DAY_MS * 10**6, 5 * 10**9
    monkeypatch.setattr(time, "time_ns", lambda: wall)
    monkeypatch.setattr(time, "monotonic_ns", lambda: ticks)
    clock = SystemClock()
    ahead_ms = clock.now_ms()
    wall -= 365 * DAY_MS * 10**6
    for _ in range(3_000):
        ticks += 400_000
        clock.now_ms()
    assert clock.now_ms() == ahead_ms + 600
    wall += 366 * DAY_MS * 10**6
    assert clock.now_ms() == wall // 10**6


def test_a_manual_clock_moves_only_when_told():
    clock = ManualClock(1000)
    assert [clock.now_ms(), clock.now_ms()] == [1000, 1000]
    clock.advance(5)
    assert clock.now_ms() == 1005
    clock.advance(-10)
    assert clock.now_ms() == 995


@pytest.mark.parametrize(
    ("at_ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_767_225_600_001, "2026-01-01T00:00:00.001Z"),
        (1_767_225_599_999, "2025-12-31T23:59:59.999Z"),
        (951_827_696_789, "2000-02-29T12:34:56.789Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
    ],
)
def test_a_moment_is_written_with_three_decimals_and_z(at_ms, text):
    assert iso_ms(at_ms) == text
    assert parse_iso_ms(text) == at_ms


@given(MOMENTS)
def test_a_moment_written_is_the_moment_read(at_ms):
    assert parse_iso_ms(iso_ms(at_ms)) == at_ms


@given(st.lists(st.integers(0, 253_402_300_799_999), min_size=2, max_size=2))
def test_written_moments_sort_as_moments_do(pair):
    assert (iso_ms(pair[0]) < iso_ms(pair[1])) == (pair[0] < pair[1])


@pytest.mark.parametrize(
    ("text", "at_ms"),
    [
        ("2026-01-01T00:00:00Z", 1_767_225_600_000),
        ("2026-01-01T00:00:00", 1_767_225_600_000),
        ("2026-01-01T07:00:00+07:00", 1_767_225_600_000),
        ("2026-01-01", 1_767_225_600_000),
        ("2026-01-01T00:00:00.123456+00:00", 1_767_225_600_123),
    ],
)
def test_other_ways_to_write_a_moment_are_read(text, at_ms):
    assert parse_iso_ms(text) == at_ms


@pytest.mark.parametrize("text", ["", "now", "2026-13-01", "2026-02-30T00:00:00Z", "1767225600"])
def test_what_is_no_moment_is_not_read(text):
    with pytest.raises(ValueError, match=r"."):
        parse_iso_ms(text)


@given(MOMENTS)
def test_a_day_is_the_one_in_utc(at_ms):
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=at_ms)
    assert utc_day(at_ms) == moment.date().isoformat()
