"""Notifications, as Mastodon's clients read them."""

from __future__ import annotations

import pytest

from tests.kit.site import open_site, usual_subscriptions
from venire.people import actions as people
from venire.posts import actions, notifications, telling
from venire.storage.relay import Subscription

pytestmark = pytest.mark.anyio

PATH = "/api/v1/notifications"


def _subscriptions(court):
    world = court.world
    told = Subscription("notifications", lambda one: telling.tell(world, one), telling.HEARS)
    return (*usual_subscriptions(world), told)


@pytest.fixture
async def site(tmp_path):
    async with open_site(tmp_path, subscriptions=_subscriptions) as opened:
        yield opened


async def publish(member, text: str, **more) -> str:
    member.site.clock.advance(1)
    return (await member.post("/api/v1/statuses", json={"status": text, **more})).json()["id"]


async def test_a_mention_and_a_follow_are_told_with_account_and_status(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    post = await publish(ani, "halo @bob")
    await ani.post(f"/api/v1/accounts/{bob.id}/follow")
    await site.settle()
    follow, mention = (await bob.get(PATH)).json()
    assert (mention["type"], mention["status"]["id"]) == ("mention", post)
    assert mention["account"]["id"] == str(ani.id)
    assert (follow["type"], follow["status"]) == ("follow", None)
    assert mention["group_key"] == f"ungrouped-{mention['id']}"
    assert follow["group_key"].startswith("follow-")
    assert (await bob.get(f"{PATH}/{mention['id']}")).json() == mention
    assert (await ani.get(f"{PATH}/{mention['id']}")).status_code == 404
    assert (await site.client.get(PATH)).status_code == 401


async def test_types_are_chosen_and_pages_walked(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    posts = [await publish(ani, f"@bob {n}") for n in range(3)]
    await ani.post(f"/api/v1/accounts/{bob.id}/follow")
    await site.settle()
    only = await bob.get(f"{PATH}?types[]=follow&types[]=favourite")
    assert [one["type"] for one in only.json()] == ["follow"]
    page = await bob.get(f"{PATH}?exclude_types[]=follow&limit=2")
    assert [one["status"]["id"] for one in page.json()] == [posts[2], posts[1]]
    rest = await bob.get(page.links["next"]["url"])
    assert [one["status"]["id"] for one in rest.json()] == [posts[0]]
    assert "next" not in rest.links
    assert "exclude_types" in page.links["next"]["url"]


async def test_they_are_put_away_one_by_one_or_all(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    for n in range(3):
        await publish(ani, f"@bob {n}")
    await site.settle()
    newest = (await bob.get(PATH)).json()[0]
    assert (await bob.get(f"{PATH}/unread_count")).json() == {"count": 3}
    marked = {"notifications": {"last_read_id": newest["id"]}}
    await bob.post("/api/v1/markers", json=marked)
    assert (await bob.get(f"{PATH}/unread_count")).json() == {"count": 0}
    assert (await bob.post(f"{PATH}/{newest['id']}/dismiss")).json() == {}
    assert (await bob.post(f"{PATH}/{newest['id']}/dismiss")).status_code == 404
    assert len((await bob.get(PATH)).json()) == 2
    assert (await bob.post(f"{PATH}/clear")).json() == {}
    assert (await bob.get(PATH)).json() == []


async def test_a_warning_and_the_message_beside_it_reach_any_client(site):
    ani = await site.member("ani")
    voice = await people.ensure_site_account(site.world)
    post = await publish(ani, "bad")
    text = "Your post is hidden until a jury of members has looked at it."
    await actions.send_direct(site.world, voice.id, ani.id, text, key="case:1:hold")
    warning = {
        "id": "77",
        "action": "none",
        "text": text,
        "status_ids": [post],
        "appeal": None,
        "created_at_ms": site.clock.now_ms(),
    }
    event = site.world.ids.next()
    await notifications.notify(
        site.world, event, ani.id, "moderation_warning", voice.id, None, warning
    )
    await site.settle()
    told = {one["type"]: one for one in (await ani.get(PATH)).json()}
    assert told["mention"]["status"]["visibility"] == "direct"
    assert text in told["mention"]["status"]["content"]
    said = told["moderation_warning"]["moderation_warning"]
    assert (said["id"], said["action"], said["text"]) == ("77", "none", text)
    assert said["target_account"]["id"] == str(ani.id)
    assert said["status_ids"] == [post]
