"""Reporters who hang together make a case contested, whatever else speaks against the post."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit.courthouse import MILD
from venire.cases.brigades import Reporter, hang_together, is_time, largest_group, tied
from venire.cases.intake import note_source
from venire.cases.model import Source, Subject
from venire.kernel.clock import HOUR_MS

pytestmark = pytest.mark.anyio
NOW = 1_767_225_600_000


def reporter(number: int, **more: object) -> Reporter:
    return Reporter(number, number * 100 * HOUR_MS, **more)


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ({}, {}, False),
        ({"address": b"a"}, {"address": b"a"}, True),
        ({"address": b"a"}, {"address": b"b"}, False),
        ({"before": frozenset({1, 2, 3})}, {"before": frozenset({2, 3, 4})}, True),
        ({"before": frozenset({1, 2})}, {"before": frozenset({2, 3})}, False),
    ],
)
def test_one_place_or_two_earlier_reports_in_common_tie_two_reporters(one, other, together: bool):
    assert tied(reporter(1, **one), reporter(9, **other)) is together


def test_one_wave_ties_new_accounts_of_one_hour_and_no_others():
    new = [Reporter(n, NOW + n * HOUR_MS, in_wave=True) for n in range(3)]
    assert tied(new[0], new[1])
    assert not tied(new[0], new[2])
    assert not tied(new[0], new[1]._replace(in_wave=False))


@given(
    st.integers(2, 12),
    st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=20),
    st.randoms(use_true_random=False),
)
def test_the_order_of_reports_changes_no_group(count, follows, shuffler):
    reporters = [reporter(n) for n in range(count)]
    following: dict[int, set[int]] = {}
    for one, other in follows:
        following.setdefault(one, set()).add(other)
    expected = largest_group(reporters, following)
    shuffler.shuffle(reporters)
    assert largest_group(reporters, following) == expected
    assert 1 <= expected <= count


def test_a_chain_is_one_group_and_strangers_are_none():
    chain = {n: {n + 1} for n in range(5)}
    assert largest_group([reporter(n) for n in range(6)], chain) == 6
    assert largest_group([reporter(n) for n in range(6)], {}) == 1
    assert largest_group([], {}) == 0


@pytest.mark.parametrize(
    ("group", "reporters", "so"),
    [(4, 4, True), (4, 8, True), (4, 9, False), (3, 3, False), (20, 24, True)],
)
def test_a_faction_is_enough_of_them_and_half_of_all(group: int, reporters: int, so: bool):
    assert hang_together(group, reporters, least=4) is so


def test_it_is_looked_at_a_few_times_however_many_report():
    looks = [count for count in range(1, 30_000) if is_time(count, 4)]
    assert looks[0] == 4
    assert len(looks) <= 8


async def reports(house, members, post: str, author) -> None:
    for member in members:
        sent = await member.post(
            "/api/v1/reports",
            json={"account_id": str(author.id), "status_ids": [post], "category": "violation"},
        )
        assert sent.is_success, json.dumps(sent.json())
        await house.settle()


async def found_by_a_machine(house, author) -> str:
    """A post of which a detector says something, and which stays visible."""
    post = await house.post(author, MILD)
    source = Source(kind="detector", ref="t", category="incitement", at_ms=house.world.now_ms())
    subject = Subject("post", int(post), author.id)
    await note_source(house.world, house.court.policy, subject, source)
    await house.settle()
    return post


async def members(house, prefix: str, count: int):
    return [await house.site.member(f"{prefix}_{number}") for number in range(count)]


async def test_friends_who_report_what_a_detector_found_make_it_contested(house):
    author = await house.site.member("author")
    friends = await members(house, "friend", 4)
    for one in friends[1:]:
        await one.post(f"/api/v1/accounts/{friends[0].id}/follow")
    post = await found_by_a_machine(house, author)
    await reports(house, friends[:3], post, author)
    case = await house.case_on(post)
    assert (case.contested, case.together) == (False, False)
    await reports(house, friends[3:], post, author)
    case = await house.case_on(post)
    assert (case.contested, case.together) == (True, True)


async def test_strangers_who_report_the_same_do_not(house):
    author = await house.site.member("author")
    strangers = await members(house, "stranger", 6)
    post = await found_by_a_machine(house, author)
    await reports(house, strangers, post, author)
    case = await house.case_on(post)
    assert (case.contested, case.together, case.report_count) == (False, False, 6)


async def test_those_who_reported_two_other_posts_together_are_known_by_it(house):
    author = await house.site.member("author")
    gang = await members(house, "gang", 4)
    for number in range(2):
        earlier = await house.post(author, f"{MILD} {number}")
        await reports(house, gang, earlier, author)
    post = await found_by_a_machine(house, author)
    await reports(house, gang, post, author)
    assert (await house.case_on(post)).together


async def test_reports_alone_are_contested_and_what_a_machine_or_a_host_says_ends_that(house):
    author, reporter_ = await house.site.member("author"), await house.site.member("one")
    operator = await house.site.member("operator", "admin")
    post = await house.post(author, MILD)
    await reports(house, [reporter_], post, author)
    assert (await house.case_on(post)).contested
    document = {"provider": "aws", "reference": "R-1", "items": [{"n": 1, "text": MILD}]}
    sent = await operator.post(
        "/api/v1/notices", files={"notice": ("notice.json", json.dumps(document))}
    )
    assert sent.status_code == 202
    await house.settle()
    case = await house.case_on(post)
    assert set(case.sources) == {"report", "notice"}
    assert not case.contested


async def test_what_nobody_vouches_for_ends_nothing(house):
    author, reporter_ = await house.site.member("author"), await house.site.member("one")
    stranger = await house.site.member("stranger")
    post = await house.post(author, MILD)
    await reports(house, [reporter_], post, author)
    document = {"provider": "aws", "reference": "R-2", "items": [{"n": 1, "text": MILD}]}
    sent = await stranger.post(
        "/api/v1/notices", files={"notice": ("notice.json", json.dumps(document))}
    )
    assert sent.status_code == 202
    await house.settle()
    case = await house.case_on(post)
    assert case.contested
    assert "notice" not in case.sources


def test_a_seeded_brigade_among_strangers_is_found_when_it_is_half_of_them():
    chance = random.Random(3)
    for size in (4, 8, 12):
        people = [reporter(n) for n in range(2 * size)]
        brigade = chance.sample(range(2 * size), size)
        following = {one: {brigade[0]} for one in brigade[1:]}
        group = largest_group(people, following)
        assert group == size
        assert hang_together(group, len(people), 4)
        assert not hang_together(group, len(people) + 2, 4)
