"""Boosts in a home: which are shown, once, and what hides them."""

from __future__ import annotations

import pytest

from venire.people import ties
from venire.posts import actions, lists, reactions, tag_choices
from venire.posts.home import home
from venire.posts.model import HELD, Window

pytestmark = pytest.mark.anyio


async def shown(town, viewer, **window) -> list[int]:
    """The posts of a home; of a boost, what it shows."""
    await town.hear()
    page = await home(town.world, viewer, Window(**window))
    return [post.reblog_of_id or post.id for post in page.items]


async def boosters(town, viewer) -> list[int]:
    await town.hear()
    page = await home(town.world, viewer, Window())
    return [post.author_id for post in page.items if post.reblog_of_id is not None]


async def people(town, *names):
    return [await town.account(name) for name in names]


@pytest.fixture(params=["feed", "source"])
def follow_then(request, town):
    """Whether the posts came after the follow, into a feed, or before it: read from source."""

    async def run(follow, act):
        if request.param == "feed":
            await follow()
            await town.hear()
            return await act()
        result = await act()
        await town.hear()
        await follow()
        return result

    return run


async def test_a_boost_by_someone_followed_stands_in_a_home(town, follow_then):
    ani, bob, cat = await people(town, "ani", "bob", "cat")
    post = await town.post(cat)

    async def act():
        return await reactions.repost(town.world, bob, post.id)

    await follow_then(lambda: town.follow(ani, bob), act)
    assert await shown(town, ani) == [post.id]
    await reactions.unrepost(town.world, bob, post.id)
    assert await shown(town, ani) == []


async def test_what_several_boost_is_shown_once_by_the_first(town, follow_then):
    ani, bob, eve, cat = await people(town, "ani", "bob", "eve", "cat")
    post = await town.post(cat)

    async def follow():
        await town.follow(ani, bob)
        await town.follow(ani, eve)

    async def act():
        await reactions.repost(town.world, bob, post.id)
        town.clock.advance(1)
        await reactions.repost(town.world, eve, post.id)

    await follow_then(follow, act)
    assert await shown(town, ani) == [post.id]
    assert await boosters(town, ani) == [bob]


async def test_what_stands_there_itself_is_not_shown_again_by_a_boost(town):
    ani, bob, cat = await people(town, "ani", "bob", "cat")
    for one in (bob, cat):
        await town.follow(ani, one)
    post = await town.post(cat)
    await reactions.repost(town.world, bob, post.id)
    assert await shown(town, ani) == [post.id]
    assert await boosters(town, ani) == []


async def test_a_boost_shows_what_no_other_entry_does(town):
    """The earlier showings are passed over: they must not hide the later one too."""
    ani, bob, eve, cat, dan = await people(town, "ani", "bob", "eve", "cat", "dan")
    await town.follow(ani, bob, reblogs=False)
    await town.follow(ani, eve)
    await town.follow(ani, cat)
    first = await town.post(dan)
    answer = await town.post(cat, "to dan", in_reply_to_id=first.id)
    for booster in (bob, eve):
        await reactions.repost(town.world, booster, first.id)
        town.clock.advance(1)
    # An answer to somebody who is not followed does not stand in a home.
    await reactions.repost(town.world, eve, answer.id)
    assert await shown(town, ani) == [answer.id, first.id]
    assert await boosters(town, ani) == [eve, eve]


async def test_boosts_are_left_out_where_the_follow_says_so(town, follow_then):
    ani, bob, cat = await people(town, "ani", "bob", "cat")
    post = await town.post(cat)

    async def act():
        await reactions.repost(town.world, bob, post.id)
        return await town.post(bob, "own")

    own = await follow_then(lambda: town.follow(ani, bob, reblogs=False), act)
    assert await shown(town, ani) == [own.id]
    await town.follow(ani, bob, reblogs=True)
    assert await shown(town, ani) == [own.id, post.id]


@pytest.mark.parametrize("tie", ["block", "mute", "blocked_by"])
@pytest.mark.parametrize("who", ["author", "booster"])
async def test_whom_one_hides_is_not_shown_by_a_boost_either(town, tie, who):
    ani, bob, cat = await people(town, "ani", "bob", "cat")
    await town.follow(ani, bob)
    post = await town.post(cat)
    await reactions.repost(town.world, bob, post.id)
    assert await shown(town, ani) == [post.id]
    other = cat if who == "author" else bob
    if tie == "block":
        await ties.block(town.world, ani, other)
    elif tie == "mute":
        await ties.mute(town.world, ani, other, notifications=True, lasts_s=0)
    else:
        await ties.block(town.world, other, ani)
    assert await shown(town, ani) == []


async def test_a_hidden_booster_does_not_hide_the_boost_of_another(town):
    ani, bob, eve, cat = await people(town, "ani", "bob", "eve", "cat")
    for one in (bob, eve):
        await town.follow(ani, one)
    post = await town.post(cat)
    await reactions.repost(town.world, bob, post.id)
    town.clock.advance(1)
    await reactions.repost(town.world, eve, post.id)
    await ties.mute(town.world, ani, bob, notifications=True, lasts_s=0)
    assert await boosters(town, ani) == [eve]


async def test_a_held_post_is_not_shown_by_a_boost(town):
    ani, bob, cat = await people(town, "ani", "bob", "cat")
    await town.follow(ani, bob)
    post = await town.post(cat)
    await reactions.repost(town.world, bob, post.id)
    await actions.set_state(town.world, post.id, HELD, case_id=1, rule=1, at_ms=1)
    assert await shown(town, ani) == []


async def test_a_boost_for_followers_is_for_those_who_see_what_it_shows(town):
    ani, bob, eve = await people(town, "ani", "bob", "eve")
    for one in (ani, eve):
        await town.follow(one, bob)
    post = await town.post(bob, visibility="private")
    town.clock.advance(1)
    await reactions.repost(town.world, bob, post.id)
    assert await shown(town, ani) == [post.id]


async def test_other_languages_are_left_out_where_the_follow_says_so(town):
    ani, bob, cat = await people(town, "ani", "bob", "cat")
    await town.follow(ani, bob, languages=("id",))
    indonesian = await town.post(bob, "halo", language="id")
    await town.post(bob, "hello", language="en")
    unknown = await town.post(bob, "?")
    foreign = await town.post(cat, "hello", language="en")
    await reactions.repost(town.world, bob, foreign.id)
    assert await shown(town, ani) == [foreign.id, unknown.id, indonesian.id]


async def test_a_followed_tag_brings_posts_of_strangers_and_no_boosts_of_them(town):
    ani, bob, cat = await people(town, "ani", "bob", "cat")
    await tag_choices.follow_tag(town.world, ani, "kota")
    post = await town.post(cat, "#kota one")
    await reactions.repost(town.world, bob, post.id)
    answer = await town.post(bob, "#kota two", in_reply_to_id=post.id)
    assert await shown(town, ani) == [answer.id, post.id]
    assert await boosters(town, ani) == []
    await ties.block(town.world, ani, bob)
    assert await shown(town, ani) == [post.id]


async def test_whoever_is_on_an_exclusive_list_stands_there_and_not_at_home(town):
    ani, bob, cat, dan = await people(town, "ani", "bob", "cat", "dan")
    for one in (bob, dan):
        await town.follow(ani, one)
    made = await lists.create_list(town.world, ani, lists.ListChoice("apart", exclusive=True))
    await lists.put_on(town.world, ani, made.id, [bob])
    post = await town.post(cat)
    await reactions.repost(town.world, bob, post.id)
    await town.post(bob, "own")
    assert await shown(town, ani) == []
    town.clock.advance(1)
    await reactions.repost(town.world, dan, post.id)
    assert await boosters(town, ani) == [dan]


async def test_pages_walk_through_all_that_is_shown_once(town):
    ani, bob, eve, cat = await people(town, "ani", "bob", "eve", "cat")
    for one in (bob, eve):
        await town.follow(ani, one)
    expected = []
    for n in range(12):
        post = await town.post(cat, str(n))
        for booster in (bob, eve):
            town.clock.advance(1)
            await reactions.repost(town.world, booster, post.id)
        expected.append(post.id)
    await town.hear()
    seen, below = [], None
    while True:
        page = await home(town.world, ani, Window(limit=5, max_id=below))
        seen += [post.reblog_of_id for post in page.items]
        if page.older is None:
            break
        below = page.older
    assert seen == expected[::-1]
