from __future__ import annotations

import asyncio

import pytest

from venire.kernel.errors import Forbidden, Invalid, NotFound
from venire.people import ties
from venire.posts import actions, quotes, reactions, store
from venire.posts.model import (
    ACCEPTED,
    HELD,
    NOBODY,
    REMOVED,
    REVOKED,
    VISIBLE,
    Edit,
    Window,
)
from venire.posts.sight import Sight
from venire.posts.tallies import load_tallies

pytestmark = pytest.mark.anyio


async def counted(town, post) -> int:
    await town.hear()
    row = (await load_tallies(town.world, [post.id])).get(post.id)
    return 0 if row is None else row.quotes


async def listed(town, viewer, post, **window) -> list[int]:
    sight = await Sight.of(town.world, viewer)
    page = await quotes.page_of(town.world, sight, post, Window(**window))
    return [one.id for one in page.items]


async def test_a_quote_is_listed_and_counted(town):
    ani, bob = await town.account("ani"), await town.account("bob")
    post = await town.post(ani)
    quote = await town.post(bob, "look", quoted_id=post.id)
    assert (quote.quoted_id, quote.quoted_author_id, quote.quote_state) == (post.id, ani, ACCEPTED)
    assert await listed(town, ani, post) == [quote.id]
    assert await counted(town, post) == 1
    assert (await town.post(bob, "", quoted_id=post.id)).text == ""
    assert await counted(town, post) == 2


async def test_a_boost_that_is_quoted_stands_for_what_it_shows(town):
    ani, bob = await town.account("ani"), await town.account("bob")
    post = await town.post(ani)
    boost = await reactions.repost(town.world, bob, post.id)
    assert (await town.post(bob, "look", quoted_id=boost.id)).quoted_id == post.id


@pytest.mark.parametrize(
    ("policy", "strangers", "followers"),
    [("public", True, True), ("followers", False, True), ("nobody", False, False)],
)
async def test_its_author_says_who_may_quote(town, policy, strangers, followers):
    ani, fan, eve = [await town.account(name) for name in ("ani", "fan", "eve")]
    await town.follow(fan, ani)
    post = await town.post(ani, quote_policy=policy)
    for who, may in ((eve, strangers), (fan, followers), (ani, True)):
        assert await quotes.may_quote(town.world, who, post) is may
        if may:
            assert (await town.post(who, "look", quoted_id=post.id)).quoted_id == post.id
        else:
            with pytest.raises(Forbidden, match="quote_denied"):
                await town.post(who, "look", quoted_id=post.id)


async def test_a_policy_is_changed_for_what_comes_after(town):
    ani, bob = await town.account("ani"), await town.account("bob")
    post = await town.post(ani)
    quote = await town.post(bob, "look", quoted_id=post.id)
    changed = await quotes.set_policy(town.world, ani, post.id, "nobody")
    assert changed.quote_policy == NOBODY
    assert changed.edited_at_ms is None
    with pytest.raises(Forbidden, match="quote_denied"):
        await town.post(bob, "again", quoted_id=post.id)
    assert (await store.load(town.world, quote.id)).quote_state == ACCEPTED
    with pytest.raises(Invalid, match="quote_policy_unknown"):
        await quotes.set_policy(town.world, ani, post.id, "friends")
    with pytest.raises(NotFound):
        await quotes.set_policy(town.world, bob, post.id, "public")
    boost = await reactions.repost(town.world, ani, post.id)
    with pytest.raises(NotFound):
        await quotes.set_policy(town.world, ani, boost.id, "public")


@pytest.mark.parametrize("hidden", ["direct", "private", "blocked", HELD, REMOVED, "deleted"])
async def test_what_one_may_not_see_cannot_be_quoted_and_is_not_told_apart(town, hidden):
    ani, bob = await town.account("ani"), await town.account("bob")
    visibility = hidden if hidden in {"direct", "private"} else "public"
    post = await town.post(ani, visibility=visibility)
    if hidden == "blocked":
        await ties.block(town.world, ani, bob)
    elif hidden == "deleted":
        await actions.delete(town.world, ani, post.id)
    elif hidden in {HELD, REMOVED}:
        await actions.set_state(town.world, post.id, hidden, case_id=1, rule=1, at_ms=1)
    with pytest.raises(NotFound) as refused:
        await town.post(bob, "look", quoted_id=post.id)
    with pytest.raises(NotFound) as unknown:
        await town.post(bob, "look", quoted_id=5)
    assert (refused.value.code, refused.value.hint) == (unknown.value.code, unknown.value.hint)


async def test_what_is_for_followers_is_quoted_by_its_author_alone_and_for_followers(town):
    ani, fan = await town.account("ani"), await town.account("fan")
    await town.follow(fan, ani)
    post = await town.post(ani, visibility="private", quote_policy="public")
    assert post.quote_policy == NOBODY
    with pytest.raises(Forbidden, match="quote_denied"):
        await town.post(fan, "look", quoted_id=post.id)
    own = await town.post(ani, "look", quoted_id=post.id, visibility="public")
    assert own.visibility == "private"
    narrow = await town.post(ani, "@fan", quoted_id=post.id, visibility="direct")
    assert narrow.visibility == "direct"
    with pytest.raises(Forbidden, match="quote_denied"):
        await town.post(ani, "look", quoted_id=narrow.id)


async def test_an_edit_neither_adds_nor_takes_away_a_quote(town):
    ani, bob = await town.account("ani"), await town.account("bob")
    post = await town.post(ani)
    quote = await town.post(bob, "look", quoted_id=post.id)
    changed = await actions.edit(town.world, bob, quote.id, Edit(text=""))
    assert (changed.text, changed.quoted_id, changed.quote_state) == ("", post.id, ACCEPTED)
    assert await counted(town, post) == 1
    assert "quoted_id" not in Edit.__struct_fields__


async def test_a_quoted_author_takes_their_post_back_for_good(town):
    ani, bob, eve = [await town.account(name) for name in ("ani", "bob", "eve")]
    post = await town.post(ani)
    quote = await town.post(bob, "look", quoted_id=post.id)
    other = await town.post(ani)
    for who, quoted, error in (
        (eve, post, Forbidden),
        (bob, post, Forbidden),
        (ani, other, NotFound),
    ):
        with pytest.raises(error):
            await quotes.revoke(town.world, who, quoted.id, quote.id)
    for _ in range(2):
        assert (await quotes.revoke(town.world, ani, post.id, quote.id)).quote_state == REVOKED
    assert await listed(town, bob, post) == []
    assert await counted(town, post) == 0
    changed = await actions.edit(town.world, bob, quote.id, Edit(text="still"))
    assert changed.quote_state == REVOKED


async def test_a_quote_that_goes_is_counted_out_once(town):
    ani, bob = await town.account("ani"), await town.account("bob")
    post = await town.post(ani)
    made = [await town.post(bob, str(n), quoted_id=post.id) for n in range(4)]
    await quotes.revoke(town.world, ani, post.id, made[0].id)
    await actions.delete(town.world, bob, made[0].id)
    await actions.delete(town.world, bob, made[1].id)
    await actions.erase(town.world, made[1].id)
    await actions.erase(town.world, made[2].id)
    await actions.erase(town.world, made[2].id)
    assert await counted(town, post) == 1
    assert await listed(town, ani, post) == [made[3].id]


async def test_a_revocation_and_a_deletion_at_once_count_one(town):
    ani, bob = await town.account("ani"), await town.account("bob")
    post = await town.post(ani)
    quote = await town.post(bob, "look", quoted_id=post.id)
    other = await town.post(bob, "look", quoted_id=post.id)
    await asyncio.gather(
        quotes.revoke(town.world, ani, post.id, quote.id),
        actions.delete(town.world, bob, quote.id),
        return_exceptions=True,
    )
    assert await counted(town, post) == 1
    assert await listed(town, ani, post) == [other.id]


async def test_quotes_that_the_viewer_may_not_see_are_passed_over(town):
    ani, bob, eve = [await town.account(name) for name in ("ani", "bob", "eve")]
    await town.follow(eve, bob)
    post = await town.post(ani)
    public = await town.post(bob, "1", quoted_id=post.id)
    private = await town.post(bob, "2", quoted_id=post.id, visibility="private")
    held = await town.post(bob, "3", quoted_id=post.id)
    await actions.set_state(town.world, held.id, HELD, case_id=1, rule=1, at_ms=1)
    assert await listed(town, None, post) == [public.id]
    assert await listed(town, eve, post) == [private.id, public.id]
    assert await listed(town, bob, post) == [held.id, private.id, public.id]
    await ties.mute(town.world, eve, bob, notifications=True, lasts_s=0)
    assert await listed(town, eve, post) == []
    await actions.set_state(town.world, held.id, VISIBLE, case_id=1, rule=1, at_ms=2)
    assert await listed(town, None, post) == [held.id, public.id]


async def test_pages_of_quotes_lead_through_all_of_them(town):
    ani, bob = await town.account("ani"), await town.account("bob")
    post = await town.post(ani)
    made = [(await town.post(bob, str(n), quoted_id=post.id)).id for n in range(7)]
    assert await listed(town, ani, post, limit=3) == made[:3:-1]
    assert await listed(town, ani, post, limit=3, max_id=made[4]) == made[3:0:-1]
    assert await listed(town, ani, post, limit=2, min_id=made[0]) == [made[2], made[1]]
