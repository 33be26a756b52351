"""In which order a juror is told, and when not: `venire/jury/alerts.py`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.jury.alerts import (
    ALERT,
    Health,
    failed,
    next_channel,
    order_of,
    quiet_until_ms,
    worked,
)
from venire.jury.choices import CHANNELS, Choices, check_channels, check_quiet, read_time
from venire.kernel.clock import DAY_MS, HOUR_MS, MINUTE_MS, parse_iso_ms
from venire.kernel.errors import Invalid

NOON = parse_iso_ms("2026-03-01T12:00:00Z")
ALL = ("message", "push", "mail")


def test_the_juror_chooses_the_order_and_a_dead_way_comes_last():
    assert order_of(("mail", "push"), [], NOON) == ("mail", "push")
    dead = failed(Health("mail"), "dead", "550", NOON - HOUR_MS)
    assert order_of(("mail", "push", "message"), [dead], NOON) == ("push", "message", "mail")
    # A day later it is tried again.
    assert order_of(("mail", "push"), [dead], NOON + DAY_MS) == ("mail", "push")


def test_a_way_that_fails_is_left_alone_for_an_hour_and_works_again_once_it_does():
    failing = failed(Health("mail"), "failing", "unreachable", NOON)
    assert order_of(ALL, [failing], NOON + HOUR_MS - 1)[-1] == "mail"
    assert order_of(("mail", "push"), [failing], NOON + HOUR_MS) == ("mail", "push")
    fine = worked(failing, NOON + MINUTE_MS)
    assert (fine.health, fine.said) == ("works", "")
    assert worked(fine, NOON + DAY_MS) is fine


def test_a_way_that_nobody_opens_three_times_is_put_behind_the_others():
    ignored = Health("message", unopened=3)
    assert order_of(ALL, [ignored], NOON) == ("push", "mail", "message")
    assert order_of(ALL, [Health("message", unopened=2)], NOON) == ALL


@given(
    st.permutations(ALL),
    st.lists(
        st.builds(
            Health,
            st.sampled_from(ALL),
            st.sampled_from(["works", "failing", "dead"]),
            st.just(""),
            st.integers(NOON - DAY_MS, NOON),
            st.integers(0, 9),
        )
    ),
)
def test_every_chosen_way_is_tried_once_whatever_its_health(chosen, healths):
    order = order_of(chosen, healths, NOON)
    tried: list[str] = []
    while (channel := next_channel(order, tried)) is not None:
        tried.append(channel)
    assert sorted(tried) == sorted(chosen)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-03-01T14:59", None),
        ("2026-03-01T15:00", "2026-03-02T00:00"),
        ("2026-03-01T23:59", "2026-03-02T00:00"),
        ("2026-03-02T00:00", None),
    ],
)
def test_quiet_hours_are_those_of_the_jurors_own_day(now, until):
    jakarta = Choices(quiet_from=22 * 60, quiet_to=7 * 60, utc_offset=7 * 60)
    found = quiet_until_ms(jakarta, parse_iso_ms(now))
    assert found == (None if until is None else parse_iso_ms(until))


@given(
    st.integers(0, 1_439), st.integers(0, 1_439), st.integers(-720, 840), st.integers(0, 2 * 10**12)
)
def test_quiet_hours_end_within_a_day_and_not_in_quiet_hours(start, end, offset, now):
    chosen = Choices(quiet_from=start, quiet_to=end, utc_offset=offset)
    until = quiet_until_ms(chosen, now)
    if until is not None:
        assert now < until <= now + DAY_MS
        assert quiet_until_ms(chosen, until) is None
    if start == end:
        assert until is None


def test_one_way_alone_and_a_strange_one_are_refused():
    assert check_channels(["mail", "push", "mail"]) == ("mail", "push")
    for wrong in (["mail"], [], ["mail", "fax"], ["mail", "mail"]):
        with pytest.raises(Invalid, match="channel_unknown"):
            check_channels(wrong)
    assert set(CHANNELS) == {*ALL, "sms", "chat"}
    # What costs money or needs an address is gone by nobody who did not choose it.
    assert Choices().channels == ALL


@pytest.mark.parametrize("text", ["", "24:00", "7", "07:60", "-1:00", "٠٧:٠٠", "07:00:00", "a:b"])
def test_what_is_no_time_of_the_day_is_refused(text):
    with pytest.raises(Invalid, match="quiet_hours_invalid"):
        read_time(text)
    assert read_time("07:05") == 425


@pytest.mark.parametrize("wrong", [(-1, 0, 0), (0, 1_440, 0), (0, 0, 841), (0, 0, -721)])
def test_quiet_hours_beyond_a_day_are_refused(wrong):
    with pytest.raises(Invalid, match="quiet_hours_invalid"):
        check_quiet(*wrong)


def test_an_alert_ends_in_one_of_three_ways():
    assert {name for name in ALERT.names if ALERT.is_terminal(name)} == {
        "seen",
        "over",
        "unreached",
    }
