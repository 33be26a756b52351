"""Direct conversations and muted threads."""

from __future__ import annotations

import pytest

from tests.api.telling_site import publish, telling_subscriptions
from tests.kit.site import open_site
from venire.posts import actions

pytestmark = pytest.mark.anyio

PATH = "/api/v1/conversations"


@pytest.fixture
async def site(tmp_path):
    async with open_site(tmp_path, subscriptions=telling_subscriptions) as opened:
        yield opened


async def listed(member) -> list[dict]:
    return (await member.get(PATH)).json()


async def test_each_participant_has_a_conversation_of_their_own(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    first = await publish(ani, "@bob hello", visibility="direct")
    await site.settle()
    (mine,), (theirs,) = await listed(ani), await listed(bob)
    assert (mine["unread"], theirs["unread"]) == (False, True)
    assert mine["last_status"]["id"] == theirs["last_status"]["id"] == first
    assert [one["username"] for one in mine["accounts"]] == ["bob"]
    assert [one["username"] for one in theirs["accounts"]] == ["ani"]
    answer = await publish(bob, "@ani yes", visibility="direct", in_reply_to_id=first)
    await site.settle()
    (mine,), (theirs,) = await listed(ani), await listed(bob)
    assert (mine["unread"], theirs["unread"]) == (True, False)
    assert mine["last_status"]["id"] == answer
    read = await ani.post(f"{PATH}/{mine['id']}/read")
    assert read.json() == {**mine, "unread": False}
    assert (await ani.post(f"{PATH}/{mine['id']}/unread")).json()["unread"] is True
    assert (await ani.post(f"{PATH}/1/read")).status_code == 404


async def test_public_posts_make_none_and_strangers_see_none(site):
    ani, bob, eve = [await site.member(name) for name in ("ani", "bob", "eve")]
    await publish(ani, "@bob hello")
    await publish(ani, "@bob psst", visibility="direct")
    await site.settle()
    assert await listed(eve) == []
    (theirs,) = await listed(bob)
    assert (await eve.post(f"{PATH}/{theirs['id']}/read")).status_code == 404
    assert (await eve.delete(f"{PATH}/{theirs['id']}")).status_code == 404


async def test_they_are_ordered_by_the_last_post_and_walked_by_page(site):
    ani, others = await site.member("ani"), []
    for name in ("bob", "cem", "dan"):
        others.append(await site.member(name))
        await publish(others[-1], "@ani", visibility="direct")
    await site.settle()
    oldest = (await listed(ani))[2]
    await publish(ani, "@bob", visibility="direct", in_reply_to_id=oldest["last_status"]["id"])
    await site.settle()
    names = [one["accounts"][0]["username"] for one in await listed(ani)]
    assert names == ["bob", "dan", "cem"]
    page = await ani.get(f"{PATH}?limit=2")
    rest = await ani.get(page.links["next"]["url"])
    assert [one["accounts"][0]["username"] for one in rest.json()] == ["cem"]
    above = await ani.get(rest.links["prev"]["url"])
    assert [one["accounts"][0]["username"] for one in above.json()] == ["bob", "dan"]


async def test_a_hidden_last_post_gives_way_to_the_one_before(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    first = await publish(ani, "@bob one", visibility="direct")
    second = await publish(ani, "@bob two", visibility="direct", in_reply_to_id=first)
    await site.settle()
    await actions.set_state(site.world, int(second), "held", case_id=1, rule=None, at_ms=0)
    assert (await listed(bob))[0]["last_status"]["id"] == first
    assert (await listed(ani))[0]["last_status"]["id"] == second
    await ani.delete(f"/api/v1/statuses/{first}")
    assert await listed(bob) == []
    await actions.set_state(site.world, int(second), "visible", case_id=1, rule=None, at_ms=0)
    assert (await listed(bob))[0]["last_status"]["id"] == second


async def test_one_that_is_put_away_comes_back_with_the_next_post(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    first = await publish(ani, "@bob one", visibility="direct")
    await site.settle()
    (one,) = await listed(bob)
    assert (await bob.delete(f"{PATH}/{one['id']}")).json() == {}
    assert await listed(bob) == []
    assert (await bob.delete(f"{PATH}/{one['id']}")).status_code == 404
    assert len(await listed(ani)) == 1
    for envelope in await site.storage.tail(0):
        from venire.posts import conversations

        await conversations.keep(site.world, envelope)
    assert await listed(bob) == []
    second = await publish(ani, "@bob two", visibility="direct", in_reply_to_id=first)
    await site.settle()
    assert (await listed(bob))[0]["last_status"]["id"] == second


async def test_who_is_blocked_starts_no_conversation(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    await publish(ani, "@bob one", visibility="direct")
    await site.settle()
    await bob.post(f"/api/v1/accounts/{ani.id}/block")
    assert await listed(bob) == []
    await publish(ani, "@bob two", visibility="direct")
    await site.settle()
    assert await listed(bob) == []


async def test_a_muted_thread_is_silent_until_it_is_heard_again(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    first = await publish(bob, "hello")
    muted = await bob.post(f"/api/v1/statuses/{first}/mute")
    assert muted.json()["muted"] is True
    answer = await publish(ani, "@bob loud", in_reply_to_id=first)
    (await ani.post(f"/api/v1/statuses/{first}/favourite")).raise_for_status()
    await publish(ani, "@bob elsewhere")
    await site.settle()
    told = (await bob.get("/api/v1/notifications")).json()
    assert [one["status"]["content"] for one in told if "elsewhere" in one["status"]["content"]]
    assert len(told) == 1
    assert (await bob.get(f"/api/v1/statuses/{answer}")).json()["muted"] is True
    heard = await bob.post(f"/api/v1/statuses/{answer}/unmute")
    assert heard.json()["muted"] is False
    await publish(ani, "@bob again", in_reply_to_id=first)
    await site.settle()
    assert len((await bob.get("/api/v1/notifications")).json()) == 2
    hidden = await publish(ani, "nothing for you", visibility="direct")
    assert (await bob.post(f"/api/v1/statuses/{hidden}/mute")).status_code == 404
