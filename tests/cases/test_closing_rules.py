"""When a decided case is over, and what may still be done about it: row by row."""

from __future__ import annotations

import msgspec
import pytest

from tests.cases.sample_appeals import kept, removed
from tests.cases.sample_cases import NOW_MS, POLICY, case
from venire.cases import closing, store
from venire.cases.limits import LIFTS
from venire.cases.model import Step
from venire.kernel.clock import DAY_MS
from venire.storage.tables.outbox import TIMERS
from venire.storage.verbs import Put

SIX_MONTHS = 6 * 31 * DAY_MS
LIMITED = (("silence", "k"),)


@pytest.mark.parametrize(
    ("more", "closes_ms"),
    [
        ({}, NOW_MS + SIX_MONTHS),
        ({"measured_at_ms": None}, NOW_MS - 5 + SIX_MONTHS),
        ({"measured_at_ms": None, "decided_at_ms": None}, SIX_MONTHS),
        ({"state": "open"}, None),
        ({"state": "judging"}, None),
        ({"state": "closed"}, None),
        ({"asks": "gold"}, None),
        ({"limits": LIMITED}, None),
        ({"measure": "label"}, None),
        ({"measure": "demote"}, None),
        ({"inherits": "an origin"}, NOW_MS + SIX_MONTHS + 31 * DAY_MS),
    ],
)
def test_a_case_is_over_with_its_appeal_time(more, closes_ms):
    decided = removed(**more)
    assert closing.closes_at_ms(decided, POLICY) == closes_ms
    if closes_ms is None:
        assert not closing.is_due(decided, POLICY, NOW_MS + 2 * SIX_MONTHS)
    else:
        assert closing.is_due(decided, POLICY, closes_ms)
        assert closing.is_due(decided, POLICY, closes_ms + DAY_MS)
        assert not closing.is_due(decided, POLICY, closes_ms - 1)


@pytest.mark.parametrize(
    ("measure", "stands"),
    [("", False), ("none", False), ("remove", True), ("label", True), ("suspend", True)],
)
@pytest.mark.parametrize("action", ["keep", "remove", "hold", *LIFTS])
def test_only_what_stands_may_still_be_undone(measure, stands, action):
    over = removed(state="closed", measure=measure)
    assert closing.stands(over) == stands
    assert closing.may_still(over, action) == (stands and action in {"keep", *LIFTS})


def test_a_case_that_was_opened_again_before_its_end_was_written_stays_open():
    again = removed(state="judging", hold_wanted="notice")
    assert closing.closed(again, Step("close", "k", NOW_MS)) == again


def test_a_case_that_is_over_waits_for_nobody():
    before = removed(waits_for="operator")
    closed = closing.closed(before, Step("close", "k", NOW_MS))
    assert closed == msgspec.structs.replace(before, state="closed", waits_for="")


def test_what_was_over_stays_so_whatever_is_undone_on_it():
    after = kept()
    assert closing.undone(removed(), after) == after
    over = closing.undone(removed(state="closed"), after)
    assert over == msgspec.structs.replace(after, state="closed")


def timers(before, after, *, at_ms=NOW_MS):
    writes = closing.writes_after(before, after, POLICY, at_ms)
    assert all(isinstance(write, Put) and write.table is TIMERS for write in writes)
    return [(write.row.kind, write.row.key, write.row.due_at_ms) for write in writes]


END = [("case", "1", NOW_MS + SIX_MONTHS)]


@pytest.mark.parametrize(
    ("before", "after", "wakes"),
    [
        (removed(state="judging"), removed(), END),
        (removed(measured_at_ms=NOW_MS - 9), removed(), END),
        (removed(measured_at_ms=NOW_MS + 9), removed(), END),
        (removed(limits=LIMITED), removed(), END),
        (removed(), removed(), []),
        (removed(), removed(limits=LIMITED), []),
        (removed(state="judging"), removed(state="judging"), []),
        (removed(state="judging"), removed(asks="gold"), []),
        (removed(), removed(state="closed"), []),
    ],
)
def test_what_decides_a_case_winds_up_its_end(before, after, wakes):
    assert timers(before, after) == wakes


def test_an_end_that_has_passed_comes_at_once():
    at_ms = NOW_MS + 2 * SIX_MONTHS
    assert timers(removed(state="judging"), removed(), at_ms=at_ms) == [("case", "1", at_ms)]


@pytest.mark.parametrize("measure", ["", "none"])
def test_what_was_kept_may_be_reported_anew_once_it_is_over(measure):
    over = case(state="closed", measure=measure)
    assert closing.writes_after(kept(), over, POLICY, NOW_MS) == [store.release_subject(over)]
