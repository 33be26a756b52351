"""Whom a member hears of: the policy, what it holds back, and how they answer."""

from __future__ import annotations

import pytest

from tests.api.telling_site import publish, telling_subscriptions
from tests.kit.site import open_site
from venire.kernel.clock import DAY_MS
from venire.people import actions as people

pytestmark = pytest.mark.anyio

PATH = "/api/v1/notifications"
POLICY = "/api/v2/notifications/policy"
REQUESTS = f"{PATH}/requests"


@pytest.fixture
async def site(tmp_path):
    async with open_site(tmp_path, subscriptions=telling_subscriptions) as opened:
        yield opened


async def choose(member, **choices) -> None:
    (await member.patch(POLICY, json=choices)).raise_for_status()


async def told(member, query: str = "") -> list[str]:
    return [one["type"] for one in (await member.get(f"{PATH}{query}")).json()]


async def test_the_policy_is_careful_at_first_and_is_changed_in_both_versions(site):
    ani = await site.member("ani")
    first = (await ani.get(POLICY)).json()
    assert first == {
        "for_not_following": "accept",
        "for_not_followers": "accept",
        "for_new_accounts": "filter",
        "for_private_mentions": "filter",
        "for_limited_accounts": "filter",
        "summary": {"pending_requests_count": 0, "pending_notifications_count": 0},
    }
    await choose(ani, for_not_following="drop")
    old = (await ani.get(f"{PATH}/policy")).json()
    assert (old["filter_not_following"], old["filter_not_followers"]) == (True, False)
    put = await ani.put(
        f"{PATH}/policy", json={"filter_not_following": False, "filter_not_followers": True}
    )
    assert put.json()["filter_not_followers"] is True
    now = (await ani.get(POLICY)).json()
    assert (now["for_not_following"], now["for_not_followers"]) == ("accept", "filter")
    wrong = await ani.patch(POLICY, json={"for_not_following": "shout"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "policy_choice_unknown")


async def test_a_newcomer_waits_until_answered_and_what_was_held_is_then_told(site):
    ani = await site.member("ani")
    site.clock.advance(2 * DAY_MS)
    eve = await site.member("eve")
    posts = [await publish(eve, f"@ani {n}") for n in range(3)]
    await eve.post(f"/api/v1/accounts/{ani.id}/follow")
    await site.settle()
    await site.settle()
    assert await told(ani) == []
    assert (await ani.get(f"{PATH}/unread_count")).json() == {"count": 0}
    held = (await ani.get(f"{PATH}?include_filtered=true")).json()
    assert [one["type"] for one in held] == ["follow", "mention", "mention", "mention"]
    only = f"?include_filtered=true&account_id={eve.id}&limit=2"
    assert len((await ani.get(f"{PATH}{only}")).json()) == 2
    assert (await ani.get(f"{PATH}/{held[1]['id']}")).json()["status"]["id"] == posts[2]
    (request,) = (await ani.get(REQUESTS)).json()
    assert (request["notifications_count"], request["account"]["id"]) == ("4", str(eve.id))
    assert request["last_status"]["id"] == posts[2]
    assert (await ani.get(f"{REQUESTS}/{request['id']}")).json() == request
    assert (await eve.get(f"{REQUESTS}/{request['id']}")).status_code == 404
    summary = (await ani.get(POLICY)).json()["summary"]
    assert summary == {"pending_requests_count": 1, "pending_notifications_count": 4}

    assert (await ani.post(f"{REQUESTS}/{request['id']}/accept")).json() == {}
    assert (await ani.get(f"{REQUESTS}/merged")).json() == {"merged": True}
    assert await told(ani) == ["follow", "mention", "mention", "mention"]
    assert (await ani.get(f"{PATH}?include_filtered=true")).json() == held
    assert (await ani.get(REQUESTS)).json() == []
    assert (await ani.post(f"{REQUESTS}/{request['id']}/accept")).status_code == 404
    await publish(eve, "@ani again")
    await site.settle()
    assert len(await told(ani)) == 5


async def test_what_is_dismissed_is_gone_and_more_of_it_waits_again(site):
    ani = await site.member("ani")
    site.clock.advance(2 * DAY_MS)
    eve = await site.member("eve")
    await publish(eve, "@ani")
    await site.settle()
    (request,) = (await ani.get(REQUESTS)).json()
    assert (await ani.post(f"{REQUESTS}/{request['id']}/dismiss")).json() == {}
    assert (await ani.get(REQUESTS)).json() == []
    assert await told(ani, "?include_filtered=true") == []
    await publish(eve, "@ani")
    await site.settle()
    (again,) = (await ani.get(REQUESTS)).json()
    assert again["id"] != request["id"]
    assert again["notifications_count"] == "1"


async def test_many_are_answered_at_once_and_pages_are_walked(site):
    ani = await site.member("ani")
    site.clock.advance(2 * DAY_MS)
    for name in ("eve", "bob", "cem"):
        await publish(await site.member(name), "@ani")
    await site.settle()
    page = await ani.get(f"{REQUESTS}?limit=2")
    assert [one["account"]["username"] for one in page.json()] == ["cem", "bob"]
    rest = await ani.get(page.links["next"]["url"])
    assert [one["account"]["username"] for one in rest.json()] == ["eve"]
    ids = [one["id"] for one in page.json()]
    assert (await ani.post(f"{REQUESTS}/accept", data={"id[]": [*ids, "1"]})).json() == {}
    last = rest.json()[0]["id"]
    assert (await ani.post(f"{REQUESTS}/dismiss", json={"id": [last]})).json() == {}
    assert (await ani.get(REQUESTS)).json() == []
    assert await told(ani) == ["mention", "mention"]


async def test_who_is_followed_passes_and_so_does_whoever_came_along(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    await publish(bob, "@ani")
    site.clock.advance(2 * DAY_MS)
    eve = await site.member("eve")
    await ani.post(f"/api/v1/accounts/{eve.id}/follow")
    await publish(eve, "@ani")
    await site.settle()
    assert await told(ani) == ["mention", "mention"]


async def test_an_account_is_no_newcomer_for_ever(site):
    ani = await site.member("ani")
    site.clock.advance(2 * DAY_MS)
    eve = await site.member("eve")
    site.clock.advance(7 * DAY_MS)
    await publish(eve, "@ani")
    await choose(ani, for_new_accounts="filter")
    await publish(eve, "@ani")
    await site.settle()
    # Told before the policy was read: both were heard after the choice, which counts 30 days.
    assert await told(ani) == []
    site.clock.advance(24 * DAY_MS)
    await publish(eve, "@ani")
    await site.settle()
    assert await told(ani) == ["mention"]


async def test_a_private_mention_passes_only_in_answer(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    await publish(bob, "@ani psst", visibility="direct")
    first = await publish(ani, "@bob hello", visibility="direct")
    answer = await publish(bob, "@ani yes", visibility="direct", in_reply_to_id=first)
    await site.settle()
    (mention,) = (await ani.get(PATH)).json()
    assert mention["status"]["id"] == answer
    (request,) = (await ani.get(REQUESTS)).json()
    assert request["notifications_count"] == "1"


async def test_what_is_dropped_leaves_nothing(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    await choose(ani, for_not_following="drop")
    await publish(bob, "@ani")
    await site.settle()
    assert await told(ani, "?include_filtered=true") == []
    assert (await ani.get(REQUESTS)).json() == []


async def test_moderators_and_the_site_are_always_heard(site):
    ani = await site.member("ani")
    await choose(
        ani, for_not_following="drop", for_new_accounts="drop", for_private_mentions="drop"
    )
    mod = await site.member("mod", "moderator")
    await publish(mod, "@ani", visibility="direct")
    voice = await people.ensure_site_account(site.world)
    from venire.posts import actions

    await actions.send_direct(site.world, voice.id, ani.id, "hello", key="x")
    await site.settle()
    assert await told(ani) == ["mention", "mention"]


async def test_a_flood_of_one_sender_fills_only_so_many_rows(site):
    ani = await site.member("ani")
    site.clock.advance(2 * DAY_MS)
    eve = await site.member("eve")
    for number in range(110):
        await publish(eve, f"@ani {number}")
    await site.settle()
    (request,) = (await ani.get(REQUESTS)).json()
    assert request["notifications_count"] == "100"
    assert len(await told(ani, "?include_filtered=true&limit=80")) == 80
    (await ani.post(f"{REQUESTS}/{request['id']}/accept")).raise_for_status()
    found, url = 0, f"{PATH}?limit=80"
    while url:
        page = await ani.get(url)
        found += len(page.json())
        url = page.links.get("next", {}).get("url")
    assert found == 100
