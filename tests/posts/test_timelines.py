from __future__ import annotations

import asyncio
import itertools
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.posts.town import Town
from venire.kernel.clock import DAY_MS, ManualClock
from venire.people import relations, ties
from venire.posts import actions, feeds, timelines
from venire.posts import home as homes
from venire.posts.model import HELD, REMOVED, VISIBLE, Page, Window
from venire.posts.spans import PUBLIC_DAYS
from venire.storage.tables.posts import FEED_STARTS, FEEDS

pytestmark = pytest.mark.anyio


def ids(page: Page) -> list[int]:
    return [post.id for post in page.items]


async def home(town, viewer, **window) -> list[int]:
    return ids(await homes.home(town.world, viewer, Window(**window)))


async def public(town, viewer=None, **window) -> list[int]:
    return ids(await timelines.public(town.world, viewer, Window(**window)))


async def profile(town, viewer, account, **how) -> list[int]:
    window = how.pop("window", Window())
    choice = timelines.AccountPageChoice(**how)
    return ids(await timelines.account_page(town.world, viewer, account, window, choice))


async def test_home_has_what_those_followed_and_oneself_post(town):
    ani, bob, eve = [await town.account(name) for name in ("ani", "bob", "eve")]
    await town.follow(ani, bob)
    mine = await town.post(ani)
    his = await town.post(bob)
    await town.post(eve)
    await town.hear()
    assert await home(town, ani) == [his.id, mine.id]
    assert await home(town, bob) == [his.id]


async def test_a_post_is_home_before_its_followers_feed_only_once_it_was_heard(town):
    ani, bob = [await town.account(name) for name in ("ani", "bob")]
    await town.follow(ani, bob)
    post = await town.post(bob)
    assert await home(town, ani) == []
    heard = await town.hear()
    assert await home(town, ani) == [post.id]
    await town.tell(heard)
    assert await home(town, ani) == [post.id]


async def test_what_is_hidden_is_passed_over_and_comes_back_in_place(town):
    ani, bob, eve = [await town.account(name) for name in ("ani", "bob", "eve")]
    for other in (bob, eve):
        await town.follow(ani, other)
    posts = [await town.post(author) for author in (bob, eve, bob, eve)]
    await town.hear()
    everything = [post.id for post in reversed(posts)]
    assert await home(town, ani) == everything
    for state in (HELD, REMOVED):
        await actions.set_state(town.world, posts[2].id, state, case_id=1, rule=1, at_ms=1)
        without = [post for post in everything if post != posts[2].id]
        assert await home(town, ani) == without
        assert await public(town) == without
        assert await profile(town, ani, bob) == [posts[0].id]
    assert await home(town, bob) == [posts[0].id]
    await actions.set_state(town.world, posts[2].id, VISIBLE, case_id=1, rule=None, at_ms=1)
    assert await home(town, ani) == everything
    await ties.mute(town.world, ani, eve, notifications=True, lasts_s=60)
    assert await home(town, ani) == [posts[2].id, posts[0].id]
    assert await public(town, ani) == [posts[2].id, posts[0].id]
    assert await profile(town, ani, eve) == [posts[3].id, posts[1].id]
    town.clock.advance(60_000)
    assert await home(town, ani) == everything
    await relations.put_relation(town.world, eve, relations.BLOCK, ani)
    assert await home(town, ani) == [posts[2].id, posts[0].id]
    assert await profile(town, ani, eve) == []
    assert await public(town) == everything


async def test_its_author_alone_sees_a_held_post_on_every_page(town):
    ani, bob = [await town.account(name) for name in ("ani", "bob")]
    await town.follow(bob, ani)
    post = await town.post(ani)
    await town.hear()
    await actions.set_state(town.world, post.id, HELD, case_id=1, rule=1, at_ms=1)
    for page in (await home(town, ani), await public(town, ani), await profile(town, ani, ani)):
        assert page == [post.id]
    for page in (
        await home(town, bob),
        await public(town, bob),
        await profile(town, bob, ani),
        await public(town),
        await profile(town, None, ani),
    ):
        assert page == []


async def test_answers_to_strangers_stay_off_home_and_the_public_page(town):
    ani, bob, eve = [await town.account(name) for name in ("ani", "bob", "eve")]
    await town.follow(ani, bob)
    stranger = await town.post(eve)
    mine = await town.post(ani)
    to_stranger = await town.post(bob, in_reply_to_id=stranger.id)
    to_me = await town.post(bob, in_reply_to_id=mine.id)
    own = await town.post(bob, "one")
    to_self = await town.post(bob, in_reply_to_id=own.id)
    await town.hear()
    assert await home(town, ani) == [to_self.id, own.id, to_me.id, mine.id]
    await town.follow(ani, eve)
    await town.hear()
    assert to_stranger.id in await home(town, ani)
    assert await public(town) == [to_self.id, own.id, mine.id, stranger.id]
    assert await profile(town, None, bob) == [to_self.id, own.id, to_me.id, to_stranger.id]
    assert await profile(town, None, bob, exclude_replies=True) == [to_self.id, own.id]


async def test_a_direct_post_reaches_the_home_of_those_it_names_who_follow(town):
    ani, bob, eve = [await town.account(name) for name in ("ani", "bob", "eve")]
    await town.follow(ani, bob)
    await town.follow(eve, bob)
    post = await town.post(bob, "@ani psst", visibility="direct")
    await town.hear()
    assert await home(town, ani) == [post.id]
    assert await home(town, bob) == [post.id]
    assert await home(town, eve) == []
    assert await public(town, eve) == []
    assert await profile(town, eve, bob) == []


async def test_only_public_posts_stand_on_the_public_page_and_all_seen_ones_on_a_profile(town):
    ani, bob = [await town.account(name) for name in ("ani", "bob")]
    made = {
        kind: await town.post(ani, visibility=kind) for kind in ("public", "unlisted", "private")
    }
    await town.hear()
    assert await public(town, bob) == [made["public"].id]
    assert await profile(town, bob, ani) == [made["unlisted"].id, made["public"].id]
    await town.follow(bob, ani)
    assert len(await profile(town, bob, ani)) == 3


async def test_the_windows_are_those_of_mastodon(town):
    ani = await town.account("ani")
    made = [await town.post(ani, str(n)) for n in range(1, 7)]
    one, two, three, four, five, six = [post.id for post in made]
    await town.hear()
    for read in (home, public):
        assert await read(town, ani, limit=2) == [six, five]
        assert await read(town, ani, since_id=three, limit=2) == [six, five]
        assert await read(town, ani, min_id=three, limit=2) == [five, four]
        assert await read(town, ani, max_id=five, limit=2) == [four, three]
        assert await read(town, ani, max_id=six, min_id=two, limit=2) == [four, three]
        assert await read(town, ani, max_id=one) == []
        assert await read(town, ani, min_id=six) == []
        assert await read(town, ani, max_id=0) == []
        assert len(await read(town, ani, max_id=(1 << 63) - 1)) == 6


async def test_a_profile_and_the_public_page_reach_across_days_and_years(town):
    ani = await town.account("ani")
    made = []
    for _ in range(5):
        made.append(await town.post(ani))
        town.clock.advance(200 * DAY_MS)
    recent = [await town.post(ani)]
    town.clock.advance(9 * DAY_MS)
    recent.append(await town.post(ani))
    assert await profile(town, None, ani) == [post.id for post in reversed(made + recent)]
    assert await public(town) == [post.id for post in reversed(recent)]
    town.clock.advance(PUBLIC_DAYS * DAY_MS)
    assert await public(town) == []


async def test_a_tag_narrows_a_profile(town):
    ani = await town.account("ani")
    tagged = await town.post(ani, "#Kota")
    await town.post(ani, "kota")
    assert await profile(town, None, ani, tagged="KOTA") == [tagged.id]


async def test_whom_one_begins_to_follow_is_home_at_once_without_a_hole(town, monkeypatch):
    monkeypatch.setattr(feeds, "BACKFILL", 3)
    ani, bob, eve = [await town.account(name) for name in ("ani", "bob", "eve")]
    await town.follow(ani, eve)
    await town.hear()
    made = [await town.post((bob, eve)[n % 2], str(n)) for n in range(14)]
    await town.hear()
    await town.follow(ani, bob)
    await town.hear()
    assert (await town.storage.get(FEED_STARTS, (ani,))).since_id == made[8].id
    assert await home(town, ani, limit=20) == [post.id for post in reversed(made)]
    assert await home(town, ani, min_id=made[0].id, limit=4) == [p.id for p in made[4:0:-1]]
    assert await home(town, ani, max_id=made[9].id, limit=4) == [p.id for p in made[8:4:-1]]


async def test_an_author_followed_by_too_many_is_merged_in_at_read(town, monkeypatch):
    monkeypatch.setattr(feeds, "FAN_OUT_MOST", 2)
    star, *fans = [await town.account(name) for name in ("star", "a", "b", "c")]
    other = await town.account("other")
    for fan in fans[:2]:
        await town.follow(fan, star)
    first = await town.post(star, "while small")
    await town.hear()
    await town.follow(fans[2], star)
    await town.follow(fans[0], other)
    second = await town.post(star, "while large")
    third = await town.post(other)
    fourth = await town.post(star, "still large")
    await town.hear()
    rows = await town.storage.range(FEEDS, (fans[0],))
    assert [row.entry_id for row in rows] == [third.id, first.id]
    expected = [fourth.id, third.id, second.id, first.id]
    assert await home(town, fans[0]) == expected
    assert await home(town, fans[0], min_id=first.id, limit=2) == [third.id, second.id]
    assert await home(town, fans[2]) == [fourth.id, second.id, first.id]


async def test_a_lost_feed_file_leaves_no_hole(tmp_path):
    town = Town(tmp_path)
    ani, bob = [await town.account(name) for name in ("ani", "bob")]
    await town.follow(ani, bob)
    made = [await town.post(bob, str(n)) for n in range(5)]
    await town.hear()
    await town.storage.close()
    for file in tmp_path.glob("rebuildable.db*"):
        file.write_bytes(b"not a database")
    clock = ManualClock(town.clock.now_ms() + 10)
    again = Town(tmp_path, clock)
    assert again.storage.rebuilt_at_ms == clock.now_ms()
    await again.storage.close()
    again = Town(tmp_path, clock, complete_since_ms=again.storage.rebuilt_at_ms)
    made += [await again.post(bob, f"later {n}") for n in range(3)]
    await again.hear()
    assert len(await again.storage.range(FEEDS, (ani,))) == 3
    expected = [post.id for post in reversed(made)]
    assert await home(again, ani, limit=20) == expected
    assert await home(again, ani, max_id=made[6].id, limit=3) == expected[2:5]
    assert await home(again, ani, min_id=made[3].id, limit=3) == expected[1:4]
    await again.storage.close()


async def test_a_page_cut_short_by_the_rounds_says_where_to_go_on(town):
    ani, bob, eve = [await town.account(name) for name in ("ani", "bob", "eve")]
    oldest = await town.post(ani)
    for _ in range(130):
        await town.post(eve)
    await ties.mute(town.world, bob, eve, notifications=False, lasts_s=0)
    page = await timelines.public(town.world, bob, Window(limit=5))
    assert ids(page) == []
    assert page.older is not None
    page = await timelines.public(town.world, bob, Window(limit=5, max_id=page.older))
    assert (ids(page), page.older, page.newer) == ([oldest.id], None, oldest.id)


SCRIPT = st.lists(
    st.tuples(
        st.sampled_from(["post", "post", "post", "reply", "hold", "remove", "delete", "follow"]),
        st.integers(0, 3),
        st.integers(0, 30),
        st.sampled_from(["public", "unlisted", "private", "direct"]),
        st.sampled_from([1, 1, 40, DAY_MS, 20 * DAY_MS]),
    ),
    min_size=4,
    max_size=40,
)


async def _play(town: Town, script) -> list[int]:
    people = [await town.account(name) for name in ("ani", "bob", "cik", "dewi")]
    made = []
    for what, who, which, visibility, wait_ms in script:
        me, target = people[who], made[which % len(made)] if made else None
        if what == "post" or target is None:
            made.append(await town.post(me, "hi @bob", visibility=visibility))
        elif what == "reply":
            if await actions.may_see(town.world, await actions.load(town.world, target.id), me):
                made.append(await town.post(me, "re", in_reply_to_id=target.id))
        elif what in {"hold", "remove"}:
            state = HELD if what == "hold" else REMOVED
            await actions.set_state(town.world, target.id, state, case_id=1, rule=1, at_ms=1)
        elif what == "delete":
            found = await actions.load(town.world, target.id)
            if found.state in {VISIBLE, HELD}:
                await actions.delete(town.world, target.author_id, target.id)
        elif people[which % 4] != me:
            await town.follow(me, people[which % 4])
        if which % 5 == 0:
            await town.hear()
        town.clock.advance(wait_ms)
    await town.hear()
    return people


async def _walks(read, limit: int) -> None:
    """Every way of walking a list gives the same posts, each once."""
    whole = ids(await read(Window(limit=1_000)))
    assert whole == sorted(set(whole), reverse=True)
    down: list[int] = []
    page = await read(Window(limit=limit))
    down += ids(page)
    while page.older is not None:
        page = await read(Window(limit=limit, max_id=page.older))
        down += ids(page)
    assert down == whole
    up: list[int] = []
    page = await read(Window(limit=limit, min_id=0))
    for _ in range(len(whole) + 2):
        up = ids(page) + up
        if page.newer is None or not page.items:
            break
        page = await read(Window(limit=limit, min_id=page.newer))
    assert up == whole


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(script=SCRIPT, limit=st.integers(1, 7), backfill=st.integers(1, 5), most=st.integers(0, 3))
def test_paging_walks_every_visible_post_exactly_once(script, limit, backfill, most):
    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            patch.setattr(feeds, "BACKFILL", backfill)
            patch.setattr(feeds, "FAN_OUT_MOST", most)
            town = Town(Path(folder))
            try:
                people = await _play(town, script)
                for viewer in (*people, None):
                    await _walks(lambda w, v=viewer: timelines.public(town.world, v, w), limit)
                    for account in people[:2]:
                        await _walks(
                            lambda w, v=viewer, a=account: timelines.account_page(
                                town.world, v, a, w
                            ),
                            limit,
                        )
                for viewer in people:
                    await _walks(lambda w, v=viewer: homes.home(town.world, v, w), limit)
                    await _matches_source(town, viewer, people)
            finally:
                await town.storage.close()

    asyncio.run(run())


async def _matches_source(town: Town, viewer: int, people: list[int]) -> None:
    """A home is what its followees' own pages say, whichever way it was written."""
    shown = await homes.home(town.world, viewer, Window(limit=1_000))
    followed = {viewer, *await homes.followee_ids(town.world, viewer)}
    expected = set()
    for author in followed:
        page = await timelines.account_page(town.world, viewer, author, Window(limit=1_000))
        for post in page.items:
            answered = post.in_reply_to_account_id
            to_stranger = answered is not None and answered not in {*followed, author}
            direct = post.visibility == "direct" and author != viewer
            named = any(mention.id == viewer for mention in post.mentions)
            if not (to_stranger and author != viewer) and (not direct or named):
                expected.add(post.id)
    assert set(ids(shown)) == expected


@pytest.mark.parametrize(("rising", "count"), list(itertools.product((True, False), (1, 5, 100))))
async def test_accounts_are_merged_in_order_whatever_the_batches(town, rising, count, monkeypatch):
    monkeypatch.setattr("venire.posts.listing._BATCH", 2)
    people = [await town.account(name) for name in ("ani", "bob", "cik")]
    made = [await town.post(people[n * n % 3], str(n)) for n in range(20)]
    stretch = timelines.Stretch(made[2].id, made[17].id, count, rising)
    found = await homes.merged_entries(town.world, people, stretch)
    expected = [post.id for post in made[3:17]]
    assert [entry.id for entry in found] == (expected if rising else expected[::-1])[:count]
