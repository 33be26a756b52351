from __future__ import annotations

import pytest

from venire.kernel.clock import DAY_MS
from venire.kernel.errors import NotFound
from venire.people import relations, ties
from venire.posts import actions, notifications
from venire.posts.model import HELD, REMOVED, VISIBLE, Edit, Window
from venire.posts.notifications import Choice

pytestmark = pytest.mark.anyio


async def told(town, account, choice: Choice | None = None, **window) -> list[tuple[str, int]]:
    page = await notifications.page_of(town.world, account, Window(**window), choice or Choice())
    return [(found.type, found.post_id or found.from_id) for found in page.items]


async def test_those_a_post_names_are_told_once_however_often_it_is_heard(town):
    ani, bob = [await town.account(name) for name in ("ani", "bob")]
    post = await town.post(ani, "@bob and @bob and @ani")
    heard = await town.hear()
    await town.tell(heard)
    assert await told(town, bob) == [("mention", post.id)]
    assert await told(town, ani) == []


async def test_an_edit_tells_only_those_it_names_for_the_first_time(town):
    ani, bob, eve = [await town.account(name) for name in ("ani", "bob", "eve")]
    post = await town.post(ani, "@bob")
    await town.hear()
    await actions.edit(town.world, ani, post.id, Edit(text="@bob @eve"))
    await actions.edit(town.world, ani, post.id, Edit(text="@bob"))
    await actions.edit(town.world, ani, post.id, Edit(text="@bob @eve!"))
    heard = await town.hear()
    await town.tell(heard)
    assert await told(town, bob) == [("mention", post.id)]
    assert await told(town, eve) == [("mention", post.id)]


async def test_a_follow_is_told_and_one_undone_before_it_was_heard_is_not(town):
    ani, bob, eve = [await town.account(name) for name in ("ani", "bob", "eve")]
    await town.follow(bob, ani)
    await town.follow(eve, ani)
    await ties.follows.unfollow(town.world, eve, ani)
    await town.hear()
    assert await told(town, ani) == [("follow", bob)]


@pytest.mark.parametrize(("kind", "notifying"), [("block", True), ("mute", True), ("mute", False)])
async def test_who_is_blocked_or_muted_is_not_heard_of(town, kind, notifying):
    ani, bob = [await town.account(name) for name in ("ani", "bob")]
    await relations.put_relation(town.world, bob, kind, ani, notifications=notifying)
    await town.post(ani, "@bob")
    await town.hear()
    heard_of = kind == "mute" and not notifying
    assert len(await told(town, bob)) == heard_of
    await relations.drop_relation(town.world, bob, kind, ani)
    assert len(await told(town, bob)) == heard_of


async def test_a_hidden_post_takes_its_notification_with_it_and_a_release_brings_it_back(town):
    ani, bob = [await town.account(name) for name in ("ani", "bob")]
    post = await town.post(ani, "@bob")
    # Held before anyone was told, which is how fast a detector is.
    await actions.set_state(town.world, post.id, HELD, case_id=1, rule=1, at_ms=1)
    heard = await town.hear()
    identifier = heard[0].id
    for state, seen in ((HELD, False), (VISIBLE, True), (REMOVED, False)):
        await actions.set_state(town.world, post.id, state, case_id=1, rule=1, at_ms=1)
        assert await told(town, bob) == ([("mention", post.id)] if seen else [])
        if seen:
            assert (await notifications.load(town.world, bob, identifier)).post_id == post.id
        else:
            with pytest.raises(NotFound):
                await notifications.load(town.world, bob, identifier)


async def test_what_concerns_the_account_itself_reaches_it_whomever_it_blocks(town):
    site, ani = [await town.account(name) for name in ("venire", "ani")]
    await relations.put_relation(town.world, ani, relations.BLOCK, site)
    event = town.world.ids.next()
    data = {"id": "1", "action": "none", "text": "held", "status_ids": ["5"]}
    for _ in range(2):
        await notifications.notify(town.world, event, ani, "moderation_warning", site, None, data)
    page = await notifications.page_of(town.world, ani, Window(), Choice())
    assert [(found.id, found.data) for found in page.items] == [(event, data)]


async def test_what_was_put_away_stays_away_when_it_is_told_again(town):
    ani, bob = [await town.account(name) for name in ("ani", "bob")]
    first = await town.post(ani, "@bob one")
    second = await town.post(ani, "@bob two")
    heard = await town.hear()
    await notifications.dismiss(town.world, bob, heard[0].id)
    await town.tell(heard)
    assert await told(town, bob) == [("mention", second.id)]
    with pytest.raises(NotFound):
        await notifications.dismiss(town.world, bob, heard[0].id)
    await notifications.clear(town.world, bob)
    await town.tell(heard)
    assert await told(town, bob) == []
    town.clock.advance(1)
    third = await town.post(ani, "@bob three")
    await town.hear()
    assert await told(town, bob) == [("mention", third.id)]
    assert first.id < second.id


async def test_types_and_senders_are_chosen(town):
    ani, bob, eve = [await town.account(name) for name in ("ani", "bob", "eve")]
    await town.follow(ani, bob)
    one = await town.post(ani, "@bob")
    two = await town.post(eve, "@bob")
    await town.hear()
    assert await told(town, bob, Choice(types=frozenset({"follow"}))) == [("follow", ani)]
    mentions = [("mention", two.id), ("mention", one.id)]
    assert await told(town, bob, Choice(excluded=frozenset({"follow"}))) == mentions
    assert await told(town, bob, Choice(from_id=eve)) == [("mention", two.id)]


async def test_pages_reach_across_months_and_end_after_half_a_year(town):
    ani, bob = [await town.account(name) for name in ("ani", "bob")]
    made = []
    for n in range(12):
        made.append(await town.post(ani, f"@bob {n}"))
        await town.hear()
        town.clock.advance(20 * DAY_MS)
    alive = [("mention", post.id) for post in reversed(made[4:])]
    assert await told(town, bob, limit=40) == alive
    page = await notifications.page_of(town.world, bob, Window(limit=4), Choice())
    assert [found.post_id for found in page.items] == [post_id for _, post_id in alive[:4]]
    assert await told(town, bob, limit=4, max_id=page.older) == alive[4:8]
    assert await told(town, bob, limit=2, min_id=page.older) == alive[1:3]
