"""Who may judge a case and who has acted on it, by what is alleged."""

from __future__ import annotations

import msgspec
import pytest

from tests.cases.sample_cases import NOW_MS, bench, case, panel
from venire.cases.judges import acted_on, holds_at_once, is_for_bench, leaves_the_lot
from venire.cases.model import Step
from venire.cases.policy import load_policy

POLICY = load_policy()


@pytest.mark.parametrize(
    ("more", "by_bench"),
    [
        ({}, False),
        ({"private": True}, True),
        ({"asks": "again"}, True),
        ({"asks": "gold"}, False),
        ({"categories": ("privacy",)}, True),
        ({"categories": ("incitement", "privacy")}, True),
    ],
)
def test_trained_jurors_alone_read_what_was_said_in_private_or_gives_it_away(more, by_bench):
    assert is_for_bench(case(**more), POLICY) == by_bench


@pytest.mark.parametrize(
    ("more", "ends"),
    [
        ({}, False),
        ({"round": panel()}, False),
        ({"private": True}, False),
        ({"private": True, "round": panel()}, True),
        ({"private": True, "round": panel(kind="appeal")}, True),
        ({"private": True, "round": bench()}, False),
        ({"categories": ("child_safety", "incitement")}, True),
        ({"categories": ("child_safety",), "round": bench()}, True),
    ],
)
def test_a_round_ends_when_its_jurors_may_not_see_what_is_alleged_now(more, ends):
    assert leaves_the_lot(case(**more), POLICY) == ends


def policy_of(**more):
    """The shipped policy, with incitement as it is said here."""
    changed = tuple(
        msgspec.structs.replace(one, **more) if one.name == "incitement" else one
        for one in POLICY.categories
    )
    return msgspec.structs.replace(POLICY, categories=changed)


@pytest.mark.parametrize(
    ("at_once", "judges", "hides"),
    [
        ("hold", "bench", True),
        ("hold", "named_person", True),
        ("hold", "panel", False),
        ("hold", "moderator", False),
        ("none", "bench", False),
    ],
)
def test_one_report_hides_only_what_few_who_are_known_judge_soon(at_once, judges, hides):
    assert holds_at_once("incitement", policy_of(at_once=at_once, judges=judges)) == hides


def test_who_has_acted_by_hand_is_noted_once_and_in_order():
    by_hand = Step("moderator_action", "k", NOW_MS, actor_id=9)
    assert acted_on(case(), by_hand) == (9,)
    assert acted_on(case(acted=(3,)), by_hand) == (3, 9)
    assert acted_on(case(acted=(9, 3)), by_hand) == (9, 3)
    assert acted_on(case(acted=(3,)), Step("hold", "k", NOW_MS)) == (3,)
