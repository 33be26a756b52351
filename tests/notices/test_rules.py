from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.notices import rules
from venire.notices.model import ITEM_STATES, NoticeItem, ParsedItem

LIMITS = {"over_items": 500, "over_items_and_share": 200, "share": 0.05}


@pytest.mark.parametrize(
    ("spelling", "category"),
    [
        ("incitement_to_violence", "incitement"),
        ("Incitement to Violence", "incitement"),
        ("violence", "incitement"),
        ("threat", "incitement"),
        ("hate", "hate"),
        ("harassment", "harassment"),
        ("privacy", "privacy"),
        ("self-harm", "self_harm"),
        ("CSAM", "child_safety"),
        ("child_safety", "child_safety"),
        ("fraud", "spam"),
        ("copyright", "copyright"),
        ("other", "other"),
        ("bad vibes", None),
        ("", None),
    ],
)
def test_a_category_is_read_in_every_accepted_spelling(spelling, category):
    assert rules.category_named(spelling) == category


def test_every_item_state_is_in_the_machine_and_no_other():
    assert set(rules.ITEM.names) == set(ITEM_STATES)


def test_an_item_goes_from_found_to_held_to_removed_but_never_back_to_unread():
    assert rules.may_follow("received", "located")
    assert rules.may_follow("located", "held")
    assert rules.may_follow("held", "removed")
    assert rules.may_follow("removed", "kept"), "an appeal that is won"
    assert not any(
        rules.may_follow(state, "received") for state in ITEM_STATES if state != "received"
    )
    assert not rules.may_follow("foreign", "removed")
    assert not rules.may_follow("disputed", "held")


@pytest.mark.parametrize(
    ("items", "posts", "needed"),
    [
        (98, 10, False),
        (200, 0, False),
        (201, 4_020, False),
        (201, 4_019, True),
        (500, 1_000_000, False),
        (501, 1_000_000, True),
        (10_000, 10_000_000, True),
    ],
)
def test_a_large_notice_waits_for_a_person(items, posts, needed):
    assert rules.needs_confirmation(items, posts, **LIMITS) is needed


@pytest.mark.parametrize(
    "name",
    [
        "../secret.png", "..", ".", "", "  ", "/etc/passwd", "a/b.png", "..\\x.png", "a\\b.png",
        "C:x.png", "c:\\x.png", "x\x00.png", "x\n.png", "a" * 256, "./x.png",
    ],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_no_plain_name(name):
    assert not rules.is_plain_name(name)


@pytest.mark.parametrize(
    "name", ["003.png", "tangkapan layar é.png", "..x.png", "Screenshot 10:42:31.png", "-rf"]
)
def test_an_ordinary_name_is_plain(name):
    assert rules.is_plain_name(name)


@given(st.lists(st.integers(min_value=-3, max_value=12), max_size=30))
def test_every_item_has_a_number_of_its_own_and_the_first_keeps_what_it_was_given(given_numbers):
    items = rules.renumbered([ParsedItem(n=n, text="x") for n in given_numbers])
    numbers = [item.n for item in items]
    assert len(set(numbers)) == len(given_numbers)
    assert all(n > 0 for n in numbers)
    seen: set[int] = set()
    for item, n in zip(items, given_numbers, strict=True):
        if n > 0 and n not in seen:
            assert item.n == n
            assert item.given_n == ""
        elif n > 0:
            assert item.given_n == str(n)
        seen.add(n)


def test_an_item_that_repeats_an_earlier_one_is_told_apart_from_an_unreadable_one():
    items = [
        ParsedItem(n=1, text="a"),
        ParsedItem(n=2, url="https://site.example/@a/1"),
        ParsedItem(n=3, text="a"),
        ParsedItem(n=4, code="bad_row"),
        ParsedItem(n=5, code="bad_row"),
    ]
    assert rules.repeats(items) == {3: 1}


@pytest.mark.parametrize(
    ("states", "waits", "state"),
    [
        (["received", "held"], False, "reading"),
        (["located", "not_found"], True, "awaiting_confirmation"),
        (["awaiting_confirmation"], False, "awaiting_confirmation"),
        (["held", "removed"], False, "working"),
        (["ambiguous"], False, "working"),
        (["kept"], False, "working"),
        (["removed", "not_found", "foreign", "unreadable", "disputed"], False, "final"),
        ([], False, "final"),
    ],
)
def test_a_notice_stands_where_its_items_stand(states, waits, state):
    items = [NoticeItem(n=n, state=each) for n, each in enumerate(states, start=1)]
    assert rules.notice_state(items, waits_for_confirmation=waits) == state
