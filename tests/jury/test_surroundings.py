"""What the record has to say around a draw: rules, the pool in force, rounds one after another."""

from __future__ import annotations

from typing import Any

import pytest

from tests.jury.sample_draw import (
    BY_SEED,
    CASE,
    CHANCE,
    DRAW,
    EPOCH,
    FELL_BACK,
    FIRST,
    KINDS,
    OTHER,
    POLICY,
    POOL,
    Log,
    chance_of,
    edited,
    log_of,
    read_pool,
)
from venire.jury import pool, verifying
from venire.jury.surroundings import Entry
from venire.jury.verifying import DrawFault, RoundReport

LATER = {"type": "epoch", "epoch": 20, "root": "aa" * 32, "frozen_by": "clock"}
LATEST = {"type": "epoch", "epoch": 30, "root": "bb" * 32, "frozen_by": "admin"}


def verified(log: Log) -> RoundReport:
    entries = [Entry(index, header) for index, header in enumerate(log)]
    (report,) = verifying.verify_case(CASE, entries, read_pool)
    return report


def refused(log: Log, code: str) -> DrawFault:
    with pytest.raises(DrawFault) as raised:
        verifying.verify_case(CASE, [Entry(n, header) for n, header in enumerate(log)], read_pool)
    assert raised.value.code == code
    return raised.value


# the rules


def ruled(**more: Any) -> Log:
    """The record under a policy that says something else; None takes a key away."""
    said = {key: value for key, value in {**POLICY, **more}.items() if value is not None}
    return [said, *log_of()]


@pytest.mark.parametrize("kind", KINDS)
def test_the_policy_that_a_draw_is_by_stands_above_it_and_is_named(kind):
    report = verified([POLICY, *log_of(kind)])
    assert (report.policy, report.rules, report.panel_rule) == (0, "2026-11", "sequential")
    newer = [{**POLICY, "rules": "2026-10", "panel_rule": "four_of_five"}, POLICY, *log_of(kind)]
    assert verified(newer).policy == 1


@pytest.mark.parametrize("key", sorted(set(POLICY) - {"type", "rules"}))
def test_a_policy_that_hides_a_number_is_no_policy(key):
    assert refused(ruled(**{key: None}), "policy_not_recorded").data["round"] == 1


@pytest.mark.parametrize(
    "log",
    [
        log_of(),
        [*log_of(), POLICY],
        [*log_of()[:CHANCE], POLICY, *log_of()[CHANCE:]],
        ruled(rules="2026-12"),
        ruled(panel_rule="four_of_five"),
        [POLICY, {**POLICY, "rules": "2026-12"}, *log_of()],
        [POLICY, *edited(DRAW, panel_rule="four_of_five")],
        [POLICY, *edited(DRAW, rules="2026-12")],
        [POLICY, *edited(DRAW, judged_by="appeal", panel_rule="three_of_five")],
    ],
)
def test_rules_that_were_not_in_the_record_before_their_use_are_found(log):
    refused(log, "policy_not_recorded")


def test_a_policy_that_changes_after_the_draw_changes_nothing_for_it():
    changed = {**POLICY, "rules": "2026-12", "panel_rule": "four_of_five"}
    assert verified([POLICY, *log_of()[:CHANCE], changed, *log_of()[CHANCE:]]).policy == 0


@pytest.mark.parametrize(
    "more",
    [
        {"strength": None},
        {"panel_rule": None},
        {"contested": None},
        {"judged_by": None},
        {"judged_by": "bench"},
        {"judged_by": "admin"},
        {"exclusion_rule": pool.exclusion_rule_hash(one_way_follows=True)},
        {
            "exclusion_rule": pool.exclusion_rule_hash(one_way_follows=True),
            "small_pool": False,
        },
    ],
)
def test_a_draw_that_does_not_say_how_it_is_judged_or_lets_followers_in_is_found(more):
    refused([POLICY, *edited(DRAW, **more)], "draw_malformed")


@pytest.mark.parametrize(
    ("log", "code"),
    [
        (edited(CHANCE, batch=2), "chance_changed"),
        (edited(CHANCE, seed="ab" * 32), "draw_malformed"),
        (edited(CHANCE, BY_SEED, signature="ab" * 48), "draw_malformed"),
        (edited(CHANCE, BY_SEED, fallback="silent"), "draw_malformed"),
        (edited(CHANCE, FELL_BACK, signature="ab" * 48), "draw_malformed"),
        (edited(POOL, sheets_root=None), "pool_not_of_the_record"),
    ],
)
def test_a_chance_with_two_sources_and_a_pool_without_a_root_are_found(log, code):
    refused([POLICY, *log], code)


# the pool in force


def after(*pools: dict[str, Any]) -> Log:
    """The record with more pools frozen between the one that was used and the draw."""
    return [POLICY, *log_of()[:DRAW], *pools, *log_of()[DRAW:]]


def test_the_pool_in_force_may_be_drawn_from_and_the_one_just_before_it_too():
    assert verified(after()).epoch == EPOCH
    assert verified(after(LATER)).epoch == EPOCH


def test_an_old_pool_that_suits_the_operator_is_out_of_force():
    assert refused(after(LATER, LATEST), "pool_out_of_force").data["epoch"] == EPOCH
    same_members = {**LATEST, "root": LATER["root"]}
    refused(after(LATER, same_members), "pool_out_of_force")


def test_the_same_members_on_new_sheets_are_the_same_pool():
    again = [{**LATER, "epoch": 20 + n, "frozen_by": "draw", "root": "05" * 32} for n in range(5)]
    assert verified(after(*again)).epoch == EPOCH
    assert verified(after(*again, LATEST)).epoch == EPOCH
    others = {**LATER, "frozen_by": "draw"}
    refused(after(others, LATEST), "pool_out_of_force")


def test_pools_that_are_frozen_after_the_draw_do_not_put_it_out_of_force():
    assert verified([POLICY, *log_of(), LATER, LATEST]).epoch == EPOCH


@pytest.mark.parametrize("place", [0, 2, 5, 9])
@pytest.mark.parametrize("epoch", [FIRST, EPOCH])
def test_a_pool_that_is_frozen_twice_under_one_number_is_found(place, epoch):
    log = [POLICY, *log_of()]
    log.insert(place, {**log[1 + POOL], "epoch": epoch, "root": "cc" * 32})
    assert refused(log, "epoch_frozen_twice").data["epoch"] == EPOCH


# rounds, and draws elsewhere


def second(kind: str = BY_SEED) -> Log:
    """Another round of the case, drawn and not ordered yet."""
    return [{**header, "round": 2, "batch": 2} for header in log_of(kind)[DRAW:]]


def test_a_round_that_goes_on_below_the_draw_of_the_next_is_found():
    """Whoever has two orders at once may choose the one that suits."""
    first = [POLICY, *log_of(BY_SEED)]
    opened = second()[0]
    for place in range(2 + DRAW, len(first)):
        log = [*first[:place], opened, second()[1], *first[place:]]
        fault = refused(log, "rounds_overlap")
        assert fault.data["round"] == 2
    log = [*first, opened, second()[1]]
    reports = verifying.verify_case(
        CASE, [Entry(n, header) for n, header in enumerate(log)], read_pool
    )
    assert [one.drawn_again for one in reports] == [False, True]


def test_an_appeal_after_a_panel_is_not_the_same_drawn_again():
    log = [POLICY, *log_of(BY_SEED), {**second()[0], "judged_by": "appeal"}, second()[1]]
    entries = [Entry(n, header) for n, header in enumerate(log)]
    reports = verifying.verify_case(CASE, entries, read_pool)
    assert [one.drawn_again for one in reports] == [False, False]


def elsewhere(kind: str = BY_SEED, **more: Any) -> dict[str, Any]:
    """A draw of another case."""
    return {**log_of(kind)[DRAW], "case": OTHER, "epoch": FIRST, **more}


def test_draws_before_it_whose_order_never_came_are_counted():
    """Drawn, looked at and dropped: the next case on the same post is under another name."""
    assert verified([POLICY, *log_of()]).never_ordered == 0
    log = [POLICY, *log_of()[:DRAW], elsewhere(), elsewhere(round=2), *log_of()[DRAW:]]
    assert verified(log).never_ordered == 2
    ordered = [*log[:4], {**chance_of(BY_SEED), "case": OTHER}, *log[4:]]
    assert verified(ordered).never_ordered == 1


def test_a_draw_that_still_waits_for_its_round_and_one_that_came_later_are_not_counted():
    waiting = elsewhere("beacon", beacon_round=1001)
    log = [POLICY, *log_of()[:DRAW], waiting, *log_of()[DRAW:]]
    assert verified(log).never_ordered == 0
    over = {**chance_of("beacon"), "case": "e" * 32, "beacon_round": 1001}
    assert verified([*log, over]).never_ordered == 1
    assert verified([POLICY, *log_of(), elsewhere()]).never_ordered == 0
    assert verified([POLICY, *log_of(), elsewhere(), over]).never_ordered == 0
