"""A state is told when it begins, when it is another one, and when it is over."""

from __future__ import annotations

import logging

from venire.kernel.errors import Unavailable
from venire.kernel.told_once import ToldOnce

_log = logging.getLogger("venire.test")


def told(caplog):
    return [
        (one.levelname, one.message, one.said, getattr(one, "times", 0)) for one in caplog.records
    ]


def test_what_stays_so_is_told_once_and_its_end_once(caplog):
    state = ToldOnce(_log, "store_fails")
    state.is_over()
    for _ in range(5):
        state.is_so("timeout")
    state.is_over()
    state.is_over()
    state.is_so("timeout")
    assert told(caplog) == [
        ("ERROR", "store_fails", "timeout", 0),
        ("WARNING", "store_fails", "timeout", 5),
        ("ERROR", "store_fails", "timeout", 0),
    ]


def test_each_thing_has_a_state_of_its_own(caplog):
    state = ToldOnce(_log, "store_fails")
    for _ in range(2):
        for name in ("first", "second"):
            state.is_so(of=name, store=name)
    state.is_over(of="first")
    assert [(one.store, getattr(one, "over", False)) for one in caplog.records] == [
        ("first", False),
        ("second", False),
        ("first", True),
    ]


def test_another_fault_is_news_and_says_where_it_came_from(caplog):
    state = ToldOnce(_log, "worker_stumbled", logging.CRITICAL)
    faults = [
        Unavailable("disk_full", "no room"),
        Unavailable("disk_full", "no room"),
        Unavailable("site_moving", "it moves"),
        ValueError("a bug"),
        ValueError("a bug"),
    ]
    for fault in faults:
        state.is_so(error=fault)
    assert [one.said for one in caplog.records] == ["disk_full", "site_moving", "ValueError"]
    assert [one.exc_info[1] for one in caplog.records] == [faults[0], faults[2], faults[3]]


def test_what_is_not_named_any_more_is_over(caplog):
    state = ToldOnce(_log, "timer_failed")
    for kind in ("seat", "case", "wave"):
        state.is_so(of=kind, kind=kind)
    state.are_over(but={"case"})
    state.are_over(but={"case"})
    assert [one.kind for one in caplog.records if hasattr(one, "over")] == ["seat", "wave"]
