from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.continuity.vendors import breaker
from venire.continuity.vendors.breaker import RESTING, SERVING, SHUT, Health
from venire.kernel.clock import DAY_MS, MINUTE_MS
from venire.kernel.vendors import (
    AccountClosed,
    Rejected,
    VendorFault,
    VendorThrottled,
    VendorUnavailable,
)

_NOW = 1_800_000_000_000
_NAMES = ("a", "b", "c")
_faults = st.sampled_from(
    [
        Rejected("21610"),
        VendorThrottled("429"),
        VendorThrottled("429", retry_after_s=10_000),
        VendorUnavailable("timeout", in_doubt=True),
        AccountClosed("20003"),
    ]
)
_steps = st.lists(
    st.tuples(
        st.integers(0, 20 * MINUTE_MS),
        st.one_of(st.none(), _faults),
    ),
    max_size=30,
)


def _after(health: Health, fault: VendorFault | None, now_ms: int) -> Health:
    if fault is None:
        return breaker.after_success(health, now_ms)
    return breaker.after_fault(health, fault, now_ms)


@given(_steps)
def test_what_is_shut_stays_shut_whatever_comes_until_a_person_has_looked(steps):
    now_ms, health, refused = _NOW, Health(), False
    for pause_ms, fault in steps:
        now_ms += pause_ms
        health = _after(health, fault, now_ms)
        refused = refused or isinstance(fault, AccountClosed)
        assert (health.state == SHUT) == refused
        assert breaker.may_be_asked(health, now_ms + DAY_MS) != refused
    again = breaker.reset(health, now_ms)
    assert again.state == SERVING
    assert breaker.may_be_asked(again, now_ms)


@given(_steps)
def test_a_rest_ends_within_a_quarter_of_an_hour_and_only_faults_in_a_row_begin_one(steps):
    now_ms, health, in_a_row = _NOW, Health(), 0
    for pause_ms, fault in steps:
        if isinstance(fault, AccountClosed):
            break
        now_ms += pause_ms
        before = health
        health = _after(health, fault, now_ms)
        if fault is None:
            in_a_row = 0
            assert health.state == SERVING
        elif not isinstance(fault, Rejected):
            in_a_row += 1
        if isinstance(fault, Rejected):
            assert health == before
        if health.state == RESTING:
            assert in_a_row > 0
            assert breaker.may_be_asked(health, (health.until_ms or 0))
            assert (health.until_ms or 0) <= now_ms + 15 * MINUTE_MS
        elif isinstance(fault, VendorUnavailable):
            assert in_a_row < 3


def test_three_faults_in_a_row_begin_a_rest_and_each_rest_is_longer():
    health, now_ms, lasted = Health(), _NOW, []
    for _ in range(3):
        health = breaker.after_fault(health, VendorUnavailable("503"), now_ms)
    for _ in range(4):
        assert health.state == RESTING
        lasted.append((health.until_ms or 0) - now_ms)
        now_ms = health.until_ms or 0
        assert not breaker.may_be_asked(health, now_ms - 1)
        health = breaker.after_fault(health, VendorUnavailable("503"), now_ms)
    assert lasted == [30_000, 60_000, 120_000, 240_000]


def test_who_says_how_long_to_wait_is_left_alone_so_long():
    health = breaker.after_fault(Health(), VendorThrottled("429", retry_after_s=90), _NOW)
    assert health.until_ms == _NOW + 90_000


_states = st.sampled_from([SERVING, RESTING, SHUT])


@given(st.lists(_states, min_size=3, max_size=3), st.floats(0, 1, exclude_max=True))
def test_everybody_is_in_the_order_once_but_who_is_shut(states, luck):
    healths = {
        name: Health(state, _NOW, until_ms=_NOW + 1 if state == RESTING else None)
        for name, state in zip(_NAMES, states, strict=True)
    }
    order = breaker.order(_NAMES, healths, _NOW, luck)
    assert sorted(order) == [
        name for name, state in zip(_NAMES, states, strict=True) if state != SHUT
    ]
    places = [healths[name].state for name in order]
    assert places == sorted(places, reverse=True)


@pytest.mark.parametrize(("idle_ms", "share"), [(0, 0.05), (6 * DAY_MS, 0.25)])
def test_seconds_get_a_share_of_the_calls_and_more_when_they_have_long_been_idle(idle_ms, share):
    healths = {
        "a": Health(last_success_ms=_NOW),
        "b": Health(last_success_ms=_NOW - idle_ms),
        "c": Health(last_success_ms=_NOW - idle_ms),
    }
    firsts = [breaker.order(_NAMES, healths, _NOW, place / 1_000)[0] for place in range(1_000)]
    assert firsts.count("b") == pytest.approx(500 * share, abs=1)
    assert firsts.count("c") == pytest.approx(500 * share, abs=1)


def test_without_a_share_nobody_but_the_first_is_tried():
    healths = {name: Health(last_success_ms=_NOW) for name in _NAMES}
    assert {breaker.order(_NAMES, healths, _NOW, place / 100, 0.0)[0] for place in range(100)} == {
        "a"
    }
