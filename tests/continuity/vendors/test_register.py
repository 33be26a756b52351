from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.continuity.vendors.breaker import RESTING, SERVING, SHUT, Health
from venire.continuity.vendors.register import NEEDED, Drilled, kinds
from venire.kernel.clock import DAY_MS
from venire.kernel.vendors import Listed

_NOW = 1_800_000_000_000
_DRILLED = {"sms-a-closed": Drilled("sms-a-closed", _NOW - DAY_MS, passed=True, switched_s=0.4)}
_TWO = (
    Listed(kind="sms", name="a", owner="One Inc.", country="US", usable=True),
    Listed(kind="sms", name="b", owner="Two d.o.o.", country="HR", usable=True),
)
_USED = {
    ("sms", "a"): Health(last_success_ms=_NOW - DAY_MS),
    ("sms", "b"): Health(last_success_ms=_NOW - 6 * DAY_MS),
}


def _of(kind, listed, healths, drills, now_ms=_NOW):
    return next(one for one in kinds(listed, healths, drills, now_ms) if one.kind == kind)


def test_two_apart_both_used_and_drilled_are_green():
    state = _of("sms", _TWO, _USED, _DRILLED)
    assert (state.colour, state.reasons, state.used_this_week) == ("green", (), 2)
    assert state.countries == ("HR", "US")


@pytest.mark.parametrize(
    ("listed", "healths", "drills", "colour", "reasons"),
    [
        ((), {}, {}, "red", ("none", "drill_due")),
        (_TWO[:1], _USED, _DRILLED, "red", ("only_one",)),
        (_TWO, {("sms", "a"): _USED["sms", "a"]}, _DRILLED, "amber", ("idle",)),
        (_TWO, _USED, {}, "amber", ("drill_due",)),
        (
            _TWO,
            _USED,
            {"sms-a-closed": Drilled("sms-a-closed", _NOW, passed=False, switched_s=None)},
            "amber",
            ("drill_due",),
        ),
        (
            (_TWO[0], Listed(kind="sms", name="b", owner="Two", country="US")),
            _USED,
            _DRILLED,
            "amber",
            ("same_owner_or_country",),
        ),
        (
            (_TWO[0], Listed(kind="sms", name="b", owner="One Inc.", country="HR")),
            _USED,
            _DRILLED,
            "amber",
            ("same_owner_or_country",),
        ),
        (
            (_TWO[0], Listed(kind="sms", name="b", country="HR")),
            _USED,
            _DRILLED,
            "amber",
            ("same_owner_or_country",),
        ),
        (_TWO, {**_USED, ("sms", "b"): Health(SHUT)}, _DRILLED, "red", ("shut", "only_one")),
    ],
)
def test_what_is_missing_is_said_and_keeps_a_kind_from_green(
    listed, healths, drills, colour, reasons
):
    state = _of("sms", listed, healths, drills)
    assert (state.colour, state.reasons) == (colour, reasons)


def test_the_drill_of_everything_counts_for_every_kind_and_the_newest_is_shown():
    everything = Drilled("january-2021", _NOW, passed=True, switched_s=60.0)
    drills = {"january-2021": everything, **_DRILLED}
    assert _of("sms", _TWO, _USED, drills).drill == everything
    assert _of("mail", (), {}, drills).drill == everything


def test_a_week_and_thirty_days_are_the_limits():
    used = {key: Health(last_success_ms=_NOW - 7 * DAY_MS) for key in _USED}
    assert _of("sms", _TWO, used, _DRILLED).used_this_week == 0
    old = {"sms-a-closed": Drilled("sms-a-closed", _NOW - 31 * DAY_MS, passed=True, switched_s=1.0)}
    assert "drill_due" in _of("sms", _TWO, _USED, old).reasons


def test_kinds_that_nobody_listed_stand_there_in_red():
    assert {one.kind for one in kinds((), {}, {}, _NOW)} == set(NEEDED)
    assert {one.colour for one in kinds((), {}, {}, _NOW)} == {"red"}


_listed = st.builds(
    Listed,
    kind=st.just("sms"),
    name=st.sampled_from("abcd"),
    owner=st.sampled_from(["", "One", "Two"]),
    country=st.sampled_from(["", "ID", "US"]),
)
_health = st.builds(
    Health,
    state=st.sampled_from([SERVING, RESTING, SHUT]),
    last_success_ms=st.one_of(st.none(), st.integers(_NOW - 10 * DAY_MS, _NOW)),
)


@given(
    st.lists(_listed, unique_by=lambda one: one.name),
    st.dictionaries(st.tuples(st.just("sms"), st.sampled_from("abcd")), _health),
)
def test_green_needs_two_that_share_nothing_and_were_both_used(listed, healths):
    state = _of("sms", listed, healths, _DRILLED)
    good = [
        one
        for one in listed
        if one.owner
        and one.country
        and healths.get(("sms", one.name), Health()).state != SHUT
        and (healths.get(("sms", one.name), Health()).last_success_ms or 0) > _NOW - 7 * DAY_MS
    ]
    apart = any(a.owner != b.owner and a.country != b.country for a in good for b in good)
    shut = any(healths.get(("sms", one.name), Health()).state == SHUT for one in listed)
    assert (state.colour == "green") == (apart and not shut)


def test_what_was_used_or_drilled_at_a_moment_to_come_proves_nothing():
    """A clock that was a year ahead would else keep a kind green for a year."""
    later_ms = _NOW + 300 * DAY_MS
    healths = {key: Health(last_success_ms=later_ms) for key in _USED}
    drills = {"sms-a-closed": Drilled("sms-a-closed", later_ms, passed=True, switched_s=0.4)}
    state = _of("sms", _TWO, healths, drills)
    assert (state.colour, state.reasons) == ("amber", ("idle", "drill_due"))
