from __future__ import annotations

import pytest

from venire.events import Favourited, PostCreated, Reposted
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Forbidden, Invalid, NotFound
from venire.people import ties
from venire.posts import actions, marks, reactions, store
from venire.posts.listing import account_entries
from venire.posts.model import DELETED, HELD, REMOVED, VISIBLE, Edit, Stretch, Window
from venire.posts.tallies import load_tallies
from venire.posts.timelines import account_page, pinned
from venire.storage.tables.reactions import ACTS, MARKS, POST_ACTS

pytestmark = pytest.mark.anyio
NEWEST = Stretch(None, None, 40)


async def marked(town, account, kind, stretch=NEWEST) -> list[int]:
    return [row.post_id for row in await marks.act_rows(town.world, account, kind, stretch)]


async def actors(town, post, kind, stretch=NEWEST) -> list[int]:
    rows = await marks.post_act_rows(town.world, post, kind, stretch)
    return [row.account_id for row in rows]


async def tally(town, post) -> tuple[int, int, int]:
    await town.hear()
    row = (await load_tallies(town.world, [post])).get(post)
    return (0, 0, 0) if row is None else (row.favourites, row.reblogs, row.quotes)


async def test_a_favourite_is_once_and_is_taken_back_once(town):
    ani, bob = await town.account("ani"), await town.account("bob")
    post = await town.post(ani)
    for _ in range(3):
        await reactions.favourite(town.world, bob, post.id)
    assert await marked(town, bob, marks.FAVOURITE) == [post.id]
    assert await actors(town, post.id, marks.FAVOURITE) == [bob]
    assert await tally(town, post.id) == (1, 0, 0)
    for _ in range(3):
        await reactions.unfavourite(town.world, bob, post.id)
    assert await marked(town, bob, marks.FAVOURITE) == []
    assert await actors(town, post.id, marks.FAVOURITE) == []
    assert await tally(town, post.id) == (0, 0, 0)


async def test_marks_of_a_post_do_not_disturb_each_other(town):
    ani = await town.account("ani")
    post = await town.post(ani)
    for act in (reactions.favourite, reactions.bookmark, reactions.pin, reactions.repost):
        await act(town.world, ani, post.id)
    row = (await marks.marks_of(town.world, ani, [post.id]))[post.id]
    assert None not in (row.favourite_id, row.bookmark_id, row.reblog_id, row.pin_id)
    await reactions.unbookmark(town.world, ani, post.id)
    row = (await marks.marks_of(town.world, ani, [post.id]))[post.id]
    assert (row.bookmark_id, row.favourite_id is None, row.pin_id is None) == (None, False, False)


async def test_a_bookmark_is_in_no_list_of_the_post(town):
    ani, bob = await town.account("ani"), await town.account("bob")
    post = await town.post(ani)
    await reactions.bookmark(town.world, bob, post.id)
    assert await marked(town, bob, marks.BOOKMARK) == [post.id]
    assert not (await town.storage.scan(POST_ACTS))[0]


async def test_lists_go_on_across_the_turn_of_a_year(town):
    ani, bob = await town.account("ani"), await town.account("bob")
    made = []
    for _ in range(4):
        post = await town.post(ani)
        made.append(post.id)
        await reactions.favourite(town.world, bob, post.id)
        town.clock.advance(200 * DAY_MS)
    assert await marked(town, bob, marks.FAVOURITE) == made[::-1]
    assert await marked(town, bob, marks.FAVOURITE, Stretch(None, None, 3, rising=True)) == made[:3]
    assert set(await marks.marks_of(town.world, bob, made)) == set(made)
    assert await marks.library_ids(town.world, bob) == set(made)
    old = made[0]
    eve = await town.account("eve")
    await reactions.favourite(town.world, eve, old)
    assert await actors(town, old, marks.FAVOURITE) == [eve, bob]
    assert await actors(town, old, marks.FAVOURITE, Stretch(None, None, 1, rising=True)) == [bob]


async def test_marks_beyond_the_newest_of_a_year_are_found_too(town, monkeypatch):
    monkeypatch.setattr(marks, "_RANGE_MOST", 3)
    ani = await town.account("ani")
    made = [(await town.post(ani)).id for _ in range(8)]
    for post in made:
        await reactions.bookmark(town.world, ani, post)
    unmarked = (await town.post(ani)).id
    assert set(await marks.marks_of(town.world, ani, [*made, unmarked])) == set(made)


@pytest.mark.parametrize("hidden", ["direct", "private", "blocked", HELD, REMOVED, DELETED])
async def test_what_one_may_not_see_cannot_be_marked(town, hidden):
    ani, bob = await town.account("ani"), await town.account("bob")
    visibility = hidden if hidden in {"direct", "private"} else "public"
    post = await town.post(ani, visibility=visibility)
    if hidden == "blocked":
        await ties.block(town.world, ani, bob)
    elif hidden == DELETED:
        await actions.delete(town.world, ani, post.id)
    elif hidden in {HELD, REMOVED}:
        await actions.set_state(town.world, post.id, hidden, case_id=1, rule=1, at_ms=1)
    for act in (reactions.favourite, reactions.bookmark, reactions.pin, reactions.repost):
        with pytest.raises(NotFound):
            await act(town.world, bob, post.id)
    assert not (await town.storage.scan(MARKS))[0]


async def test_a_mark_is_taken_back_from_what_one_may_not_see_any_more(town):
    ani, bob = await town.account("ani"), await town.account("bob")
    post = await town.post(ani)
    await reactions.favourite(town.world, bob, post.id)
    await ties.block(town.world, ani, bob)
    await reactions.unfavourite(town.world, bob, post.id)
    assert await marked(town, bob, marks.FAVOURITE) == []
    with pytest.raises(NotFound):
        await reactions.unfavourite(town.world, bob, post.id + 1)


async def test_five_posts_are_pinned_at_most_and_ones_own_alone(town):
    ani, bob = await town.account("ani"), await town.account("bob")
    made = [(await town.post(ani)).id for _ in range(6)]
    for post in made[:5]:
        await reactions.pin(town.world, ani, post)
    await reactions.pin(town.world, ani, made[0])
    with pytest.raises(Invalid, match="pin_limit"):
        await reactions.pin(town.world, ani, made[5])
    with pytest.raises(Invalid, match="pin_not_own"):
        await reactions.pin(town.world, bob, made[5])
    with pytest.raises(Invalid, match="pin_not_allowed"):
        await reactions.pin(town.world, ani, (await town.post(ani, visibility="direct")).id)
    await reactions.unpin(town.world, ani, made[0])
    await reactions.pin(town.world, ani, made[5])
    shown = await pinned(town.world, bob, ani)
    assert [post.id for post in shown] == [made[5], *made[4:0:-1]]


async def test_a_pinned_post_that_went_leaves_room_for_another(town):
    ani = await town.account("ani")
    made = [(await town.post(ani)).id for _ in range(6)]
    for post in made[:5]:
        await reactions.pin(town.world, ani, post)
    await actions.delete(town.world, ani, made[2])
    await reactions.pin(town.world, ani, made[5])
    assert len(await pinned(town.world, None, ani)) == 5


async def test_a_boost_is_a_post_of_its_own_and_once(town):
    ani, bob = await town.account("ani"), await town.account("bob")
    post = await town.post(ani)
    boost = await reactions.repost(town.world, bob, post.id)
    assert (boost.reblog_of_id, boost.reblog_author_id, boost.text) == (post.id, ani, "")
    assert await reactions.repost(town.world, bob, post.id) == boost
    assert await reactions.repost(town.world, bob, boost.id) == boost
    assert await tally(town, post.id) == (0, 1, 0)
    assert [post.id for post in (await account_page(town.world, None, bob, Window())).items] == [
        boost.id
    ]
    assert await actions.may_see(town.world, boost, None)
    # What is done to a boost is done to what it shows.
    eve = await town.account("eve")
    again = await reactions.repost(town.world, eve, boost.id)
    assert again.reblog_of_id == post.id
    assert (await reactions.favourite(town.world, eve, boost.id)).id == post.id
    assert await tally(town, post.id) == (1, 2, 0)


async def test_a_boost_that_is_deleted_is_taken_back(town):
    ani, bob = await town.account("ani"), await town.account("bob")
    post = await town.post(ani)
    boost = await reactions.repost(town.world, bob, post.id)
    await actions.delete(town.world, bob, boost.id)
    assert await tally(town, post.id) == (0, 0, 0)
    assert (await marks.mark_of(town.world, bob, post.id)).reblog_id is None
    again = await reactions.repost(town.world, bob, post.id)
    assert again.id != boost.id
    assert await tally(town, post.id) == (0, 1, 0)
    await reactions.unrepost(town.world, bob, post.id)
    await reactions.unrepost(town.world, bob, post.id)
    assert await tally(town, post.id) == (0, 0, 0)
    assert (await store.load(town.world, again.id)).state == DELETED


async def test_a_boost_is_no_wider_than_what_it_shows(town):
    ani, bob = await town.account("ani"), await town.account("bob")
    await town.follow(bob, ani)
    private = await town.post(ani, visibility="private")
    direct = await town.post(ani, "@bob hi", visibility="direct")
    for post in (private, direct):
        with pytest.raises(Forbidden, match="repost_not_allowed"):
            await reactions.repost(town.world, bob, post.id)
    with pytest.raises(Forbidden, match="repost_not_allowed"):
        await reactions.repost(town.world, ani, direct.id)
    own = await reactions.repost(town.world, ani, private.id, "public")
    assert own.visibility == "private"
    assert not await actions.may_see(town.world, own, None)
    assert await actions.may_see(town.world, own, bob)
    public = await town.post(ani)
    assert (await reactions.repost(town.world, bob, public.id, "private")).visibility == "private"
    with pytest.raises(Invalid, match="visibility_unknown"):
        await reactions.repost(town.world, ani, public.id, "direct")


async def test_a_boost_of_what_was_hidden_is_not_seen_until_it_is_shown_again(town):
    ani, bob = await town.account("ani"), await town.account("bob")
    post = await town.post(ani)
    boost = await reactions.repost(town.world, bob, post.id)
    for state, seen in ((HELD, False), (VISIBLE, True), (REMOVED, False)):
        await actions.set_state(town.world, post.id, state, case_id=1, rule=1, at_ms=1)
        assert await actions.may_see(town.world, boost, bob) is seen
        assert bool((await account_page(town.world, None, bob, Window())).items) is seen


async def test_a_boost_cannot_be_given_words(town):
    ani = await town.account("ani")
    boost = await reactions.repost(town.world, ani, (await town.post(ani)).id)
    with pytest.raises(NotFound):
        await actions.edit(town.world, ani, boost.id, Edit(text="mine"))


async def test_a_boost_is_made_by_whoever_hears_of_it_if_its_maker_died(town):
    ani, bob = await town.account("ani"), await town.account("bob")
    post = await town.post(ani)
    boost_id = town.world.ids.next()
    event = Reposted(bob, post.id, ani, boost_id, "unlisted")
    await marks.set_mark(town.world, bob, post.id, marks.REBLOG, event, act_id=boost_id)
    assert await store.load(town.world, boost_id) is None
    page = await town.hear()
    boost = await store.load(town.world, boost_id)
    assert (boost.reblog_of_id, boost.visibility, boost.author_id) == (post.id, "unlisted", bob)
    await town.tell(page)
    assert [entry.id for entry in await account_entries(town.world, bob, NEWEST)] == [boost_id]
    assert (await reactions.repost(town.world, bob, post.id)).id == boost_id
    told = [one.event for one in await town.storage.tail(0, 1_000)]
    assert sum(isinstance(e, PostCreated) and e.post_id == boost_id for e in told) == 1


async def test_a_boost_taken_back_before_it_was_heard_of_is_not_made_again(town):
    ani, bob = await town.account("ani"), await town.account("bob")
    post = await town.post(ani)
    boost = await reactions.repost(town.world, bob, post.id)
    await reactions.unrepost(town.world, bob, post.id)
    await town.hear()
    assert (await store.load(town.world, boost.id)).state == DELETED
    assert (await account_page(town.world, None, bob, Window())).items == []


async def test_whoever_died_while_taking_a_boost_back_can_boost_again(town):
    """The boost was deleted, its mark was not."""
    ani, bob = await town.account("ani"), await town.account("bob")
    post = await town.post(ani)
    first = await reactions.repost(town.world, bob, post.id)
    await town.hear()
    await reactions._delete_boost(town.world, first.id)
    second = await reactions.repost(town.world, bob, post.id)
    assert (second.id != first.id, second.state) == (True, VISIBLE)
    assert await tally(town, post.id) == (0, 1, 0)


async def test_a_boost_made_by_nobodys_mark_goes_when_it_is_heard_of(town):
    """Taken back while it was being made: the mark was gone before the post was there."""
    ani, bob = await town.account("ani"), await town.account("bob")
    post = await town.post(ani)
    boost_id = town.world.ids.next()
    event = Reposted(bob, post.id, ani, boost_id, "public")
    await marks.set_mark(town.world, bob, post.id, marks.REBLOG, event, act_id=boost_id)
    await reactions.unrepost(town.world, bob, post.id)
    await reactions._ensure_boost(town.world, bob, post, boost_id, "public")
    await town.hear()
    assert (await store.load(town.world, boost_id)).state == DELETED


async def test_a_thousand_hearings_write_what_one_does(town):
    ani, bob = await town.account("ani"), await town.account("bob")
    post = await town.post(ani)
    await reactions.repost(town.world, bob, post.id)
    await reactions.favourite(town.world, bob, post.id)
    page = await town.hear()
    assert any(isinstance(one.event, Favourited) for one in page)
    before = [(await town.storage.scan(table))[0] for table in (MARKS, ACTS, POST_ACTS)]
    for _ in range(3):
        await town.tell(page)
    assert [(await town.storage.scan(table))[0] for table in (MARKS, ACTS, POST_ACTS)] == before
    assert await tally(town, post.id) == (1, 1, 0)
