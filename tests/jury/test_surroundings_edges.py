"""What the record says around a draw: what stood above, what was known, what was shared."""

from __future__ import annotations

from typing import Any

import pytest

from venire.jury.surroundings import Entry, Surroundings, has


def noted(*headers: dict[str, Any]) -> Surroundings:
    """The surroundings after a record of these, from place 0."""
    around = Surroundings()
    for index, header in enumerate(headers):
        around.note(Entry(index, header))
    return around


def chance(number: int | None, case: str = "other") -> dict[str, Any]:
    """Randomness that became known: of a round of the beacon; None: of the operator's seed."""
    made = {"type": "chance", "case": case, "round": 1, "strength": "beacon"}
    return {**made, "strength": "weaker"} if number is None else {**made, "beacon_round": number}


def drawn(case: str, number: int | None = None, epoch: int = 5) -> dict[str, Any]:
    made = {"type": "draw", "case": case, "round": 1, "epoch": epoch}
    return made if number is None else {**made, "beacon_round": number}


def epoch(root: str, frozen_by: str = "draw") -> dict[str, Any]:
    return {"type": "epoch", "epoch": 1, "root": root, "frozen_by": frozen_by}


POLICY = {"type": "policy"}


def test_the_newest_policy_above_an_entry_is_the_one_in_force():
    around = noted(POLICY, {"type": "verdict"}, POLICY)
    found = [around.policy_before(index) for index in range(4)]
    assert [one and one.index for one in found] == [None, 0, 0, 2]


def test_the_newest_round_that_was_known_counts_though_an_older_one_came_after_it():
    around = noted(chance(1_000), chance(2_000), chance(7), chance(None))
    assert [around.known_before(index) for index in range(5)] == [0, 1_000, 2_000, 2_000, 2_000]
    around = noted(chance(1_000), chance(2_000), chance(7), drawn("a", 1_500), chance(None))
    assert around.never_ordered(9) == 1


def test_nothing_is_known_where_no_round_is_named():
    unnamed = {"type": "chance", "case": "other", "round": 1, "strength": "beacon"}
    assert noted().known_before(9) == 0
    assert noted(unnamed).known_before(9) == 0
    assert noted(chance(None)).known_before(9) == 0


@pytest.mark.parametrize(
    ("pools", "since"),
    [
        ((epoch("aa"),), 0),
        ((epoch("aa"), epoch("aa")), 0),
        ((epoch("aa"), epoch("bb")), 1),
        ((epoch("bb"), epoch("aa")), 1),
        ((epoch("aa"), epoch("aa", "clock")), 1),
        ((epoch("aa"), epoch("bb"), epoch("bb"), epoch("aa")), 2),
    ],
)
def test_a_pool_is_another_when_its_members_are_or_it_was_frozen_anew(pools, since):
    assert noted(*pools).pools_since(0, len(pools)) == since


def test_only_pools_that_stood_above_an_entry_count():
    around = noted(epoch("aa"), epoch("bb"), epoch("cc"))
    assert [around.pools_since(0, index) for index in range(4)] == [0, 0, 1, 2]
    assert [around.pools_since(place, 3) for place in range(3)] == [2, 1, 0]


def test_a_sheet_is_shared_by_two_draws_and_not_by_one_in_two_parts():
    assert not noted().is_shared(5)
    assert not noted(drawn("a"), drawn("a"), drawn("b", epoch=6)).is_shared(5)
    assert noted(drawn("a"), drawn("b")).is_shared(5)


@pytest.mark.parametrize(
    ("record", "count"),
    [
        ((drawn("a"),), 0),
        ((drawn("a"), chance(None)), 1),
        ((drawn("a"), drawn("b"), chance(None)), 2),
        ((drawn("a"), chance(None, "a")), 0),
        ((drawn("a"), drawn("a"), chance(None)), 1),
        ((chance(None), drawn("a")), 0),
        ((drawn("a", 1), chance(None)), 0),
        ((drawn("a", 1), chance(1)), 1),
        ((drawn("a", 2), chance(1)), 0),
        ((drawn("a"), chance(1)), 1),
    ],
)
def test_a_draw_was_never_ordered_when_its_time_came_and_others_had_theirs(record, count):
    assert noted(*record).never_ordered(9) == count


def test_a_draw_is_not_counted_among_those_above_itself():
    around = noted(drawn("a"), drawn("b"), chance(None))
    assert [around.never_ordered(index) for index in range(3)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("number", "there"), [(4, False), (5, True), (8, True), (9, False), (10, False)]
)
def test_a_pool_has_one_epoch_for_each_of_its_sheets(number, there):
    assert has({"epoch": 5, "sheets": 4}, number) == there
    assert not has({"epoch": 5}, number)
