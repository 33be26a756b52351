"""Follows, blocks, mutes, counts, standing and addresses, on real storage."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.people.house import Killed, MortalStorage, make_world, someone
from venire.events import Followed, PostCreated, PostDeleted, Unfollowed
from venire.kernel.clock import DAY_MS, ManualClock
from venire.kernel.errors import Invalid, NotFound
from venire.people import actions as people
from venire.people import addresses, counts, follow_lists, follows, relations, standing, ties
from venire.people.model import Changes, SignUp
from venire.storage.tables.people import COUNTS
from venire.storage.tables.ties import FOLLOWERS_BY_TIME, FOLLOWS_BY_TIME
from venire.storage.verbs import Envelope

pytestmark = pytest.mark.anyio


async def told(world) -> list[Envelope]:
    return await world.storage.tail(0, 10_000)


async def followed(world) -> list[object]:
    events = [envelope.event for envelope in await told(world)]
    return [event for event in events if isinstance(event, Followed | Unfollowed)]


async def count_all(world, page_size: int = 256) -> None:
    position = await world.storage.position(counts.CURSOR)
    while page := await world.storage.tail(position, page_size):
        position = page[-1].sequence
        await counts.on_page(world, page, position)


async def test_a_follow_is_told_once_and_its_end_once(world):
    alice, bob = await someone(world, "alice"), await someone(world, "bob")
    await follows.follow(world, alice, bob)
    await follows.follow(world, alice, bob, follows.Manner(notify=True))
    await follows.unfollow(world, alice, bob)
    await follows.unfollow(world, alice, bob)
    assert await followed(world) == [Followed(alice, bob), Unfollowed(alice, bob)]


async def test_many_follows_at_once_make_one_follower(world):
    alice, bob = await someone(world, "alice"), await someone(world, "bob")
    await asyncio.gather(*(follows.follow(world, alice, bob) for _ in range(4)))
    rows, _ = await world.storage.scan(FOLLOWERS_BY_TIME)
    assert len(rows) == 1
    assert await followed(world) == [Followed(alice, bob)]


async def test_both_sides_of_a_tie_agree_after_any_dance(world):
    alice, bob = await someone(world, "alice"), await someone(world, "bob")
    for _ in range(3):
        await follows.follow(world, alice, bob)
        await follows.unfollow(world, alice, bob)
        world.clock.advance(1)
    await follows.follow(world, alice, bob)
    assert [one for _, one in await follows.follower_page(world, bob)] == [alice]
    assert await follows.followee_ids(world, alice) == [bob]
    assert await follows.is_following(world, alice, bob)
    assert not await follows.is_following(world, bob, alice)


async def test_unlocking_accepts_whoever_waits(world):
    star = await someone(world, "star")
    await people.change_profile(world, star, Changes(locked=True))
    fans = [await someone(world, f"fan{number}") for number in range(3)]
    for fan in fans:
        await follows.follow(world, fan, star)
    assert await follows.follower_page(world, star) == []
    await people.change_profile(world, star, Changes(locked=False))
    assert {one for _, one in await follows.follower_page(world, star)} == set(fans)
    assert await follows.request_page(world, star) == []


async def test_whoever_does_not_ask_cannot_be_answered(world):
    alice, bob = await someone(world, "alice"), await someone(world, "bob")
    for accept in (True, False):
        with pytest.raises(NotFound):
            await follows.answer_request(world, alice, bob, accept=accept)


async def test_a_page_of_follows_passes_over_those_that_ended(world):
    alice = await someone(world, "alice")
    others = [await someone(world, f"other{number}") for number in range(9)]
    for other in others:
        await follows.follow(world, alice, other)
    for other in others[1::2]:
        await follows.unfollow(world, alice, other)
    page = await follows.following_page(world, alice, limit=3)
    assert [one for _, one in page] == [others[8], others[6], others[4]]
    rest = await follows.following_page(world, alice, limit=3, below=page[-1][0])
    assert [one for _, one in rest] == [others[2], others[0]]
    first = rest[-1][0]
    upwards = await follows.following_page(world, alice, limit=2, above=first, reverse=True)
    assert [one for _, one in upwards] == [others[2], others[4]]


async def test_whom_one_followed_again_comes_first_again(world):
    alice = await someone(world, "alice")
    others = [await someone(world, f"other{number}") for number in range(3)]
    for other in others:
        await follows.follow(world, alice, other)
    await follows.unfollow(world, alice, others[0])
    await follows.follow(world, alice, others[0])
    assert await follows.followee_ids(world, alice) == [others[0], others[2], others[1]]
    assert await follows.following_among(world, alice, [*others, alice]) == set(others)
    assert await follows.followers_among(world, others[0], [alice, others[1]]) == {alice}


async def test_no_one_follows_more_than_can_be_read(world, monkeypatch):
    monkeypatch.setattr(follows, "FOLLOWS_MOST", 2)
    alice = await someone(world, "alice")
    others = [await someone(world, f"other{number}") for number in range(3)]
    for other in others[:2]:
        await follows.follow(world, alice, other)
    await count_all(world)
    with pytest.raises(Invalid, match="follow_limit_reached"):
        await follows.follow(world, alice, others[2])
    await follows.follow(world, alice, others[0], follows.Manner(notify=True))


async def test_followers_lie_in_parts_that_read_as_one_list(world, monkeypatch):
    monkeypatch.setattr(follow_lists, "PART", 3)
    star = await someone(world, "star")
    fans = [await someone(world, f"fan{number}") for number in range(11)]
    for fan in fans:
        await follows.follow(world, fan, star, follows.Manner(notify=True))
        await count_all(world)
        world.clock.advance(130_000)
    parts = {row.bucket for row in (await world.storage.scan(FOLLOWERS_BY_TIME))[0]}
    assert len(parts) > 2
    assert [one for _, one in await follows.follower_page(world, star)] == fans[::-1]
    read: list[int] = []
    below = None
    while page := await follows.follower_page(world, star, below=below, limit=2):
        read += [one for _, one in page]
        below = page[-1][0]
    assert read == fans[::-1]
    read, above = [], None
    while page := await follows.follower_page(world, star, above=above, limit=2, reverse=True):
        read += [one for _, one in page]
        above = page[-1][0]
    assert read == fans
    for fan in fans[::2]:
        await follows.unfollow(world, fan, star)
    assert [one for _, one in await follows.follower_page(world, star)] == fans[::-1][1::2]
    assert list(await follows.notifying_followers(world, star)) == fans[::-1][1::2]


async def test_only_who_asks_for_it_is_told_of_each_post(world):
    star, alice, bob = [await someone(world, name) for name in ("star", "alice", "bob")]
    await follows.follow(world, alice, star, follows.Manner(notify=True))
    await follows.follow(world, bob, star)
    assert list(await follows.notifying_followers(world, star)) == [alice]
    await follows.follow(world, bob, star, follows.Manner(notify=True))
    await follows.follow(world, alice, star, follows.Manner(notify=False))
    assert list(await follows.notifying_followers(world, star)) == [bob]
    await follows.unfollow(world, bob, star)
    assert list(await follows.notifying_followers(world, star)) == []


async def test_lists_are_filled_once_from_ties_that_are_older(world):
    star = await someone(world, "star")
    fans = [await someone(world, f"fan{number}") for number in range(4)]
    for fan in fans:
        await follows.follow(world, fan, star)
    await follows.unfollow(world, fans[0], star)
    for table in (FOLLOWERS_BY_TIME, FOLLOWS_BY_TIME):
        for row in (await world.storage.scan(table))[0]:
            await world.storage.delete(table, row)
    assert await follows.follower_page(world, star) == []
    assert await follows.build_lists(world) == 3
    assert [one for _, one in await follows.follower_page(world, star)] == fans[:0:-1]
    assert await follows.followee_ids(world, fans[1]) == [star]
    assert await follows.build_lists(world) == 0


async def test_what_is_hidden_from_a_viewer(world):
    me, *others = [await someone(world, f"one{number}") for number in range(4)]
    await ties.block(world, me, others[0])
    await ties.block(world, others[1], me)
    await ties.mute(world, me, others[2], notifications=True, lasts_s=5)
    hidden = await relations.hidden_from(world, me)
    assert (hidden.blocking, hidden.blocked_by, hidden.muting) == (
        {others[0]},
        {others[1]},
        {others[2]},
    )
    assert hidden.anyone == set(others)
    world.clock.advance(5_001)
    assert (await relations.hidden_from(world, me)).muting == set()


async def test_counts_follow_from_events_and_a_page_told_twice_changes_nothing(world):
    alice, bob = await someone(world, "alice"), await someone(world, "bob")
    await follows.follow(world, alice, bob)
    page = await told(world)
    for _ in range(3):
        await counts.on_page(world, page, page[-1].sequence)
    found = await counts.load_counts(world, [alice, bob, 1])
    assert (found[alice].following, found[bob].followers) == (1, 1)
    assert found[1].followers == 0
    site = await counts.load_site_counts(world)
    assert site.users == 2


async def act(world, kind: str, me: int, you: int, posts: dict[int, int]) -> None:
    if kind == "follow" and me != you:
        await follows.follow(world, me, you)
    elif kind == "unfollow":
        await follows.unfollow(world, me, you)
    elif kind == "post":
        event = PostCreated(world.ids.next(), me, "public")
        await world.storage.commit(f"post:{event.post_id}", [], [event])
        posts[me] += 1
    elif kind == "delete" and posts[me]:
        await world.storage.commit("post:1", [], [PostDeleted(1, me)])
        posts[me] -= 1


async def right(world, people_ids, posts: dict[int, int]) -> None:
    found = await counts.load_counts(world, people_ids)
    for one in people_ids:
        assert found[one].followers == len(await follows.follower_page(world, one))
        assert found[one].following == len(await follows.followee_ids(world, one))
        assert found[one].statuses == posts[one]
    assert (await counts.load_site_counts(world)).statuses == sum(posts.values())
    assert await counts.recount_follows(world) == 0


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["follow", "unfollow", "post", "delete"]),
        st.integers(0, 2),
        st.integers(0, 2),
    ),
    max_size=25,
)
CUTS = st.lists(st.tuples(st.integers(1, 7), st.integers(0, 6)), min_size=1, max_size=12)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS, cuts=CUTS)
def test_however_the_journal_is_cut_and_the_power_fails_the_counts_are_right(
    tmp_path_factory, steps, cuts
):
    """Pages of any size, each of which may be stopped after any of its writes, then told again."""

    async def run() -> None:
        world = make_world(tmp_path_factory.mktemp("counts"), ManualClock())
        people_ids = [await someone(world, f"one{number}") for number in range(3)]
        posts = dict.fromkeys(people_ids, 0)
        for kind, one, other in steps:
            await act(world, kind, people_ids[one], people_ids[other], posts)
        for size, writes in cuts:
            position = await world.storage.position(counts.CURSOR)
            if page := await world.storage.tail(position, size):
                mortal = MortalStorage(world.storage, writes, after=False)
                with contextlib.suppress(Killed):
                    dying = dataclasses.replace(world, storage=mortal)
                    await counts.on_page(dying, page, page[-1].sequence)
        await count_all(world)
        await right(world, people_ids, posts)
        await world.storage.close()

    asyncio.run(run())


async def test_a_recount_corrects_what_is_wrong_and_leaves_what_is_moving(world):
    alice, bob = await someone(world, "alice"), await someone(world, "bob")
    await follows.follow(world, alice, bob)
    await count_all(world)
    row = await world.storage.get(COUNTS, (bob,))
    wrong = type(row)(bob, 40, 2, row.statuses, None, row.counted_through)
    await world.storage.put(COUNTS, wrong)
    assert await counts.recount_follows(world) == 1
    assert (await counts.load_counts(world, [bob]))[bob].followers == 1
    await follows.unfollow(world, alice, bob)
    assert await counts.recount_follows(world) == 0
    await count_all(world)
    assert (await counts.load_counts(world, [bob]))[bob].followers == 0


async def test_members_who_post_are_active_in_their_month(world):
    alice, bob = await someone(world, "alice"), await someone(world, "bob")

    async def post(author) -> None:
        event = PostCreated(world.ids.next(), author, "public")
        await world.storage.commit(f"post:{event.post_id}", [], [event])

    for author in (alice, alice, bob):
        await post(author)
    await count_all(world, 1)
    assert (await counts.load_site_counts(world)).active_month == 2
    world.clock.advance(31 * DAY_MS)
    assert (await counts.load_site_counts(world)).active_month == 0
    await post(alice)
    await post(alice)
    await count_all(world)
    assert (await counts.load_site_counts(world)).active_month == 1


async def give(world, account_id: int, key: str, points: int = 10) -> None:
    until_ms = world.now_ms() + 90 * DAY_MS
    await standing.give_strike(
        world, account_id, key, points=points, expires_at_ms=until_ms, case_id=1
    )


async def test_a_strike_told_twice_counts_once(world):
    await give(world, 7, "case-1")
    await give(world, 7, "case-1")
    assert (await standing.standing(world, 7)).points == 10
    await give(world, 7, "case-2")
    assert (await standing.standing(world, 7)).suspended
    world.clock.advance(90 * DAY_MS)
    assert not (await standing.standing(world, 7)).suspended


async def test_a_strike_taken_back_stays_back_in_whatever_order_it_is_told(world):
    await give(world, 7, "case-1")
    await standing.take_back_strike(world, 7, "case-1")
    await standing.take_back_strike(world, 7, "case-1")
    await give(world, 7, "case-1")
    await standing.take_back_strike(world, 7, "case-2")
    await give(world, 7, "case-2")
    assert (await standing.standing(world, 7)).points == 0


async def test_posting_stops_for_a_verdict_and_goes_on_after_it(world):
    await standing.stop_posting(world, 7, "case-1", None, case_id=1)
    await standing.stop_posting(world, 7, "case-2", world.now_ms() + 5, case_id=2)
    assert (await standing.standing(world, 7)).pending
    await standing.resume_posting(world, 7, "case-1")
    assert (await standing.standing(world, 7)).pending
    world.clock.advance(5)
    assert not (await standing.standing(world, 7)).pending


async def test_a_suspension_and_a_termination_are_undone_by_their_keys(world):
    await standing.suspend(world, 7, "a", world.now_ms() + 10, case_id=1)
    await standing.terminate(world, 7, "b", case_id=1)
    await standing.undo_termination(world, 7, "b")
    found = await standing.standing(world, 7)
    assert (found.suspended, found.terminated, found.until_ms) == (True, False, world.now_ms() + 10)
    await standing.unsuspend(world, 7, "a")
    assert not (await standing.standing(world, 7)).suspended


async def join(world, username: str, address: str) -> int:
    given = SignUp(
        username, f"{username}@mail.test", "long enough", agreement=True, address=address
    )
    return (await people.sign_up(world, given, minimum_age=0)).id


async def test_who_shares_an_address_is_known_for_thirty_days(world):
    one = await join(world, "one", "8.8.4.4")
    two = await join(world, "two", "8.8.4.4")
    far = await join(world, "far", "8.8.4.5")
    assert await addresses.accounts_by_address(world, one) == [two]
    assert await addresses.accounts_by_address(world, far) == []
    world.clock.advance(30 * DAY_MS)
    assert await addresses.accounts_by_address(world, one) == []


async def test_an_address_with_a_crowd_behind_it_tells_nothing(world):
    crowd = [await join(world, f"one{number}", "8.8.4.4") for number in range(6)]
    assert await addresses.accounts_by_address(world, crowd[0]) == []


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("8.8.4.4", "8.8.4.4"),
        ("::ffff:8.8.4.4", "8.8.4.4"),
        ("2a00:1450:4001:800::200e", "2a00:1450:4001:800::/64"),
        ("127.0.0.1", None),
        ("10.0.0.7", None),
        ("::1", None),
        ("testclient", None),
        ("", None),
    ],
)
def test_only_an_address_that_tells_households_apart_is_kept(address, network):
    assert addresses.telling_network(address) == network
