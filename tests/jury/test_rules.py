"""The tables and bounds of `venire/jury/rules.py`, one by one and exactly at their edges."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from venire.jury.model import Juror
from venire.jury.rules import (
    NO_WAIVERS,
    PANEL_ROUND,
    SUMMONS,
    CaseFacts,
    Exclusion,
    Standing,
    Strike,
    barred,
    is_suspended_by_points,
    keeps_hold_key,
    live_points,
    panel_for,
    unfit_for,
)
from venire.kernel.clock import DAY_MS, parse_iso_ms
from venire.kernel.states import StateMachine

NOW_MS = parse_iso_ms("2026-03-01T12:00:00Z")
JUROR = Juror(1, "active", NOW_MS - DAY_MS, b"n" * 16, trained=True)
STANDING = Standing(0, contact_confirmed=True, born=dt.date(1990, 1, 1))


def table(machine: StateMachine) -> dict[str, tuple[set[str], str | None]]:
    return {state.name: (set(state.exits), state.deadline) for state in machine.states}


def test_a_panel_round_goes_these_ways_and_no_other():
    assert (PANEL_ROUND.name, PANEL_ROUND.start) == ("panel round", "drawing")
    assert table(PANEL_ROUND) == {
        "drawing": ({"voting", "expired"}, "case_clock"),
        "voting": ({"verdict", "hung", "expired"}, "case_clock"),
        "verdict": (set(), None),
        "hung": (set(), None),
        "expired": (set(), None),
    }


def test_a_summons_goes_these_ways_and_no_other():
    assert (SUMMONS.name, SUMMONS.start) == ("summons", "offered")
    over = {"declined", "timed_out", "dismissed"}
    assert table(SUMMONS) == {
        "offered": ({"seated", *over}, "summons_minutes"),
        "seated": ({"voted", *over}, "ballot_minutes"),
        "voted": ({"struck"}, "case_clock"),
        "struck": (set(), None),
        "declined": (set(), None),
        "timed_out": (set(), None),
        "dismissed": (set(), None),
    }


@pytest.mark.parametrize(
    ("consented_at_ms", "fit"),
    [(-1, False), (0, False), (1, True), (NOW_MS, True), (NOW_MS + 1, False)],
)
def test_consent_counts_from_its_own_millisecond(consented_at_ms: int, fit: bool):
    who = msgspec.structs.replace(JUROR, consented_at_ms=consented_at_ms)
    assert (unfit_for(who, STANDING, now_ms=NOW_MS) == ()) is fit


@pytest.mark.parametrize("state", ["left", "retraining", "", "zealous"])
def test_only_who_is_active_serves(state: str):
    who = msgspec.structs.replace(JUROR, state=state)
    assert unfit_for(who, STANDING, now_ms=NOW_MS) == ("not_active",)


@pytest.mark.parametrize(
    ("born", "minimum", "fit"),
    [
        (dt.date(2008, 3, 1), 18, True),
        (dt.date(2008, 3, 2), 18, False),
        (dt.date(1900, 1, 1), 18, True),
        (dt.date(2007, 12, 31), 18, True),
        (dt.date(2025, 3, 1), 1, True),
        (dt.date(2025, 3, 2), 1, False),
        (None, 1, False),
        (None, 0, True),
    ],
)
def test_age_is_counted_in_whole_years_and_from_nothing_where_none_is_known(born, minimum, fit):
    known = msgspec.structs.replace(STANDING, born=born)
    found = unfit_for(JUROR, known, now_ms=NOW_MS, minimum_age=minimum)
    assert found == (() if fit else ("too_young",))


def test_the_last_millisecond_of_the_day_before_a_birthday_is_too_early():
    known = msgspec.structs.replace(STANDING, born=dt.date(2008, 3, 1))
    midnight = parse_iso_ms("2026-03-01T00:00:00Z")
    willing = msgspec.structs.replace(JUROR, consented_at_ms=1)
    assert unfit_for(willing, known, now_ms=midnight - 1) == ("too_young",)
    assert unfit_for(willing, known, now_ms=midnight) == ()


@pytest.mark.parametrize(
    ("preset", "eligible", "seats", "panel"),
    [
        ("large", 500, 3, "ordinary"),
        ("large", 4, 3, "ordinary"),
        ("small", 41, 3, "ordinary"),
        ("small", 500, 3, "ordinary"),
        ("small", 39, 3, "one_way_follows"),
        ("large", 39, 3, "ordinary"),
        ("large", 39, 40, "bench"),
        ("small", 39, 40, "bench"),
    ],
)
def test_a_panel_is_ordinary_from_its_seats_on_or_from_forty_in_a_village(
    preset, eligible: int, seats: int, panel: str
):
    got = panel_for(preset, eligible=eligible, with_one_way_follows=eligible, seats=seats)
    assert got == panel


@pytest.mark.parametrize(
    ("holds", "lifted", "kept"),
    [(100, 1, True), (100, 0, True), (100, 20, True), (100, 21, False), (1, 0, True)],
)
def test_a_hold_key_stays_below_a_fifth_at_a_fifth_and_not_above(holds, lifted, kept: bool):
    assert keeps_hold_key(holds, lifted) is kept
    assert keeps_hold_key(100, 30, lost_above=0.3)


@pytest.mark.parametrize(("points", "suspended"), [(19, False), (20, True), (21, True), (99, True)])
def test_from_twenty_points_on_an_account_is_suspended(points: int, suspended: bool):
    strike = Strike(points, NOW_MS, NOW_MS + DAY_MS)
    assert is_suspended_by_points([strike], NOW_MS) is suspended


def test_a_strike_does_not_come_back_once_it_expired_or_was_undone():
    strike = Strike(10, NOW_MS, NOW_MS + 10, undone_at_ms=None)
    undone = Strike(10, NOW_MS, NOW_MS + 10, undone_at_ms=NOW_MS + 5)
    moments = [NOW_MS + after for after in (0, 4, 5, 6, 9, 10, 11, 1_000)]
    assert [live_points([strike], now_ms) for now_ms in moments] == [10] * 5 + [0] * 3
    assert [live_points([undone], now_ms) for now_ms in moments] == [10] * 2 + [0] * 6


def test_whoever_follows_or_is_followed_is_barred_in_the_pool_or_not():
    facts = CaseFacts(author_id=1, followers=frozenset({10}), followed=frozenset({11}))
    assert barred(facts) == {1: ("author",), 10: ("follow",), 11: ("follow",)}
    assert barred(facts, one_way_follows=True) == {1: ("author",)}


@pytest.mark.parametrize(
    ("what", "field"),
    [
        (NO_WAIVERS, "age"),
        (STANDING, "minor"),
        (CaseFacts(author_id=1), "author_id"),
        (Exclusion(0, ()), "index"),
        (Strike(1, 0, 1), "points"),
    ],
)
def test_what_was_loaded_for_a_decision_does_not_change_under_it(what: object, field: str):
    with pytest.raises(AttributeError):
        setattr(what, field, 1)
