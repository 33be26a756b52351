"""Who may serve and who may not sit: `venire/jury/rules.py`."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.jury.model import Juror
from venire.jury.rules import (
    ACCEPTANCE,
    CaseFacts,
    Exclusion,
    Standing,
    Waivers,
    exclusions,
    hides_who_sits,
    panel_for,
    unfit_for,
)
from venire.kernel.clock import DAY_MS, parse_iso_ms

NOW_MS = parse_iso_ms("2026-03-01T12:00:00Z")
JUROR = Juror(1, "active", NOW_MS - DAY_MS, b"n" * 16, trained=True)
STANDING = Standing(NOW_MS - 30 * DAY_MS, contact_confirmed=True, born=dt.date(2008, 3, 1))


def test_a_member_who_meets_every_condition_may_serve():
    assert unfit_for(JUROR, STANDING, now_ms=NOW_MS) == ()


@pytest.mark.parametrize(
    ("juror", "standing", "reason", "waiver"),
    [
        ({"state": "retraining"}, {}, "not_active", None),
        ({"state": "left"}, {}, "not_active", None),
        ({"consented_at_ms": 0}, {}, "no_consent", None),
        ({"consented_at_ms": NOW_MS + 1}, {}, "no_consent", None),
        ({}, {"born": dt.date(2008, 3, 2)}, "too_young", "age"),
        ({}, {"born": None}, "too_young", "age"),
        ({}, {"minor": True}, "too_young", None),
        ({}, {"contact_confirmed": False}, "no_contact", "contact"),
        (
            {},
            {"account_created_ms": NOW_MS - 30 * DAY_MS + 1},
            "new_account",
            "account_age",
        ),
        ({"trained": False}, {}, "untrained", "training"),
    ],
)
def test_each_missing_condition_is_named_and_waived_only_by_its_own_waiver(
    juror, standing, reason: str, waiver: str | None
):
    who = msgspec.structs.replace(JUROR, **juror)
    known = msgspec.structs.replace(STANDING, **standing)
    assert unfit_for(who, known, now_ms=NOW_MS) == (reason,)
    for name in Waivers.__struct_fields__:
        left = unfit_for(who, known, now_ms=NOW_MS, waivers=Waivers(**{name: True}))
        assert left == (() if name == waiver else (reason,))


def test_no_profile_seats_anyone_without_consent():
    unwilling = msgspec.structs.replace(JUROR, consented_at_ms=0, trained=False)
    stranger = Standing(NOW_MS, contact_confirmed=False)
    assert unfit_for(unwilling, stranger, now_ms=NOW_MS, waivers=ACCEPTANCE) == ("no_consent",)


def test_someone_born_on_a_leap_day_is_of_age_the_day_after_february():
    leap = msgspec.structs.replace(STANDING, born=dt.date(2008, 2, 29))
    day_before = parse_iso_ms("2026-02-28T23:59:59Z")
    old_account = msgspec.structs.replace(leap, account_created_ms=0)
    assert unfit_for(JUROR, leap, now_ms=NOW_MS) == ()
    young = msgspec.structs.replace(JUROR, consented_at_ms=1)
    assert unfit_for(young, old_account, now_ms=day_before) == ("too_young",)


ACCOUNTS = (10, 11, 12, 13, 14, 15)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"author_id": 12}, "author"),
        ({"reporters": frozenset({12})}, "reporter"),
        ({"targets": frozenset({12})}, "target"),
        ({"followers": frozenset({12})}, "follow"),
        ({"followed": frozenset({12})}, "follow"),
        ({"blocks": frozenset({12})}, "block"),
        ({"mutes": frozenset({12})}, "mute"),
        ({"same_device": frozenset({12})}, "device"),
        ({"same_invite": frozenset({12})}, "invite"),
        ({"addresses": (frozenset({1, 12}),)}, "address"),
        ({"earlier_panels": frozenset({12})}, "earlier_panel"),
        ({"opted_out": frozenset({12})}, "opt_out"),
        ({"seats_today": {12: 10, 13: 9}}, "dose"),
    ],
)
def test_each_conflict_excludes_the_one_it_concerns_and_says_why(facts, reason: str):
    found = exclusions(ACCOUNTS, CaseFacts(**{"author_id": 1, **facts}))
    assert found == (Exclusion(2, (reason,)),)


def test_whoever_merely_took_part_is_not_excluded():
    assert exclusions(ACCOUNTS, CaseFacts(author_id=1)) == ()


def test_an_address_that_many_share_excludes_nobody():
    five, six = frozenset({1, 10, 11, 12, 13}), frozenset({1, 10, 11, 12, 13, 14})
    assert exclusions(ACCOUNTS, CaseFacts(author_id=1, addresses=(six,))) == ()
    found = exclusions(ACCOUNTS, CaseFacts(author_id=1, addresses=(six, five)))
    assert [each.index for each in found] == [0, 1, 2, 3]


def test_a_policy_may_set_another_dose():
    facts = CaseFacts(author_id=1, seats_today={10: 3})
    assert exclusions(ACCOUNTS, facts) == ()
    assert exclusions(ACCOUNTS, facts, dose=3) == (Exclusion(0, ("dose",)),)


def test_in_a_small_pool_only_mutual_follows_exclude():
    facts = CaseFacts(author_id=1, followers=frozenset({10, 11}), followed=frozenset({11, 12}))
    assert [each.index for each in exclusions(ACCOUNTS, facts)] == [0, 1, 2]
    relaxed = exclusions(ACCOUNTS, facts, one_way_follows=True)
    assert relaxed == (Exclusion(1, ("follow",)),)


people = st.frozensets(st.integers(0, 30), max_size=6)


@given(
    accounts=st.lists(st.integers(0, 30), unique=True),
    facts=st.builds(
        CaseFacts,
        author_id=st.integers(0, 30),
        reporters=people,
        targets=people,
        followers=people,
        followed=people,
        blocks=people,
        mutes=people,
        same_device=people,
        same_invite=people,
        addresses=st.lists(people, max_size=3).map(tuple),
        earlier_panels=people,
        opted_out=people,
        seats_today=st.dictionaries(st.integers(0, 30), st.integers(0, 20), max_size=6),
    ),
    one_way=st.booleans(),
)
def test_exactly_the_conflicted_are_excluded_in_pool_order(accounts, facts, one_way):
    found = exclusions(accounts, facts, one_way_follows=one_way)
    follows = facts.followers & facts.followed if one_way else facts.followers | facts.followed
    conflicted = {facts.author_id} | facts.reporters | facts.targets | follows | facts.blocks
    conflicted |= facts.mutes | facts.same_device | facts.same_invite | facts.earlier_panels
    conflicted |= facts.opted_out | {who for who, taken in facts.seats_today.items() if taken > 9}
    for seen in facts.addresses:
        conflicted |= seen if len(seen) < 6 else frozenset()
    expected = [index for index, account in enumerate(accounts) if account in conflicted]
    assert [each.index for each in found] == expected
    assert all(each.reasons and len(set(each.reasons)) == len(each.reasons) for each in found)


@pytest.mark.parametrize(
    ("preset", "eligible", "relaxed", "seats", "appeal", "panel"),
    [
        ("large", 3, 9, 3, False, "ordinary"),
        ("large", 2, 9, 3, False, "bench"),
        ("small", 40, 40, 3, False, "ordinary"),
        ("small", 39, 39, 3, False, "one_way_follows"),
        ("small", 0, 3, 3, False, "one_way_follows"),
        ("small", 0, 2, 3, False, "bench"),
        ("small", 8, 11, 11, True, "one_way_follows"),
        ("small", 8, 10, 11, True, "all_who_remain"),
        ("small", 3, 5, 11, True, "all_who_remain"),
        ("small", 3, 4, 11, True, "bench"),
        ("small", 8, 10, 11, False, "bench"),
    ],
)
def test_a_small_community_gets_the_best_panel_it_can_give(
    *, preset, eligible: int, relaxed: int, seats: int, appeal: bool, panel: str
):
    got = panel_for(
        preset, eligible=eligible, with_one_way_follows=relaxed, seats=seats, appeal=appeal
    )
    assert got == panel


@pytest.mark.parametrize(
    ("members", "friends", "hidden"),
    [(300, 279, True), (300, 280, False), (40, 19, True), (40, 20, False), (39, 38, True)],
)
def test_who_sits_is_hidden_among_twenty_or_on_a_site_too_small_to_hide_anybody(
    members: int, friends: int, *, hidden: bool
):
    tied = frozenset(range(1, friends + 1))
    facts = CaseFacts(author_id=0, followers=tied, followed=tied)
    assert hides_who_sits(members, facts) is hidden
    assert hides_who_sits(members, facts, one_way_follows=True) is hidden


def test_what_nobody_outside_knows_makes_a_crowd_no_smaller_and_a_follow_only_where_it_counts():
    many = frozenset(range(1, 290))
    unknown = CaseFacts(
        author_id=0,
        reporters=many,
        earlier_panels=many,
        opted_out=many,
        seats_today=dict.fromkeys(many, 99),
    )
    assert hides_who_sits(300, unknown)
    followed = CaseFacts(author_id=0, followers=many)
    assert not hides_who_sits(300, followed)
    assert hides_who_sits(300, followed, one_way_follows=True)
    for tie in ("blocks", "mutes", "targets", "same_device", "same_invite"):
        facts = CaseFacts(author_id=0, **{tie: many})
        assert not hides_who_sits(300, facts, one_way_follows=True)
