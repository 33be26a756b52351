"""A draw in several parts is made when its first part is, and whole when its last is."""

from __future__ import annotations

import pytest

from tests.jury.sample_draw import CASE, CHANCE, DRAW, KINDS, POLICY, POOL, Log, log_of, read_pool
from venire.jury import verifying
from venire.jury.verifying import DrawFault, Entry, RoundReport

FIRST, SECOND = 1 + DRAW, 2 + DRAW
"""Where the two parts stand, below a policy."""


def in_two(kind: str = "beacon") -> Log:
    log = [POLICY, *log_of(kind)]
    log[FIRST] = {**log[FIRST], "parts": 2, "part": 1, "excluded": [7]}
    log.insert(SECOND, {**log[FIRST], "part": 2, "excluded": [2]})
    return log


def verified(log: Log) -> RoundReport:
    entries = [Entry(index, header) for index, header in enumerate(log)]
    (report,) = verifying.verify_case(CASE, entries, read_pool)
    return report


def refused(log: Log, code: str) -> None:
    with pytest.raises(DrawFault) as raised:
        verified(log)
    assert raised.value.code == code


def moved(place: int, before: int) -> Log:
    log = in_two()
    log.insert(before, log.pop(place))
    return log


@pytest.mark.parametrize("kind", KINDS)
def test_two_parts_make_one_draw(kind):
    assert verified(in_two(kind)).excluded == 2


def test_its_order_is_not_known_before_its_last_exclusion_is_fixed():
    refused(moved(2 + CHANCE, SECOND), "chance_too_early")


def test_no_part_was_written_after_the_round_that_ordered_it():
    log = in_two()
    log[SECOND] = {**log[SECOND], "hour": "2031-01-01T00Z"}
    refused(log, "beacon_round_too_soon")


def test_no_part_was_written_when_another_draw_showed_the_round():
    log = in_two()
    other = {**log[2 + CHANCE], "case": "0" * 32}
    log.insert(SECOND, other)
    refused(log, "beacon_round_known")


def test_its_pool_was_frozen_before_its_first_part():
    refused(moved(1 + POOL, SECOND), "epoch_not_frozen")


def test_it_is_by_the_rules_that_stood_above_its_first_part():
    log = in_two()
    log.insert(SECOND, {**POLICY, "rules": "2026-12"})
    assert verified(log).policy == 0
    log = in_two()
    log[0] = {**POLICY, "rules": "2026-12"}
    log.insert(SECOND, POLICY)
    refused(log, "policy_not_recorded")


@pytest.mark.parametrize("case", ["0" * 32, "f" * 32])
def test_draws_of_other_cases_are_none_of_it(case):
    others = [{**header, "case": case, "epoch": 99} for header in log_of()[DRAW:]]
    assert verified([*in_two(), *others]) == verified(in_two())
