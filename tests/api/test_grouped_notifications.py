"""Grouped notifications: each in exactly one group, and every page of them."""

from __future__ import annotations

import pytest

from tests.api.telling_site import publish, telling_subscriptions
from tests.kit.site import open_site
from venire.cases.policy import load_policy
from venire.kernel.clock import HOUR_MS
from venire.posts import poll_ends
from venire.storage.timers import Timers

pytestmark = pytest.mark.anyio

PATH = "/api/v2/notifications"


@pytest.fixture
async def site(tmp_path):
    async with open_site(tmp_path, subscriptions=telling_subscriptions) as opened:
        yield opened


async def crowd(site, size: int) -> list:
    return [await site.member(f"fan_{number}") for number in range(size)]


async def like(member, post_id: str) -> None:
    member.site.clock.advance(1)
    (await member.post(f"/api/v1/statuses/{post_id}/favourite")).raise_for_status()


async def test_what_says_the_same_of_a_post_is_one_group(site):
    ani, fans = await site.member("ani"), await crowd(site, 10)
    one, two = await publish(ani, "one"), await publish(ani, "two")
    for fan in fans:
        await like(fan, one)
    await like(fans[0], two)
    (await fans[1].post(f"/api/v1/statuses/{one}/reblog")).raise_for_status()
    await publish(fans[2], "@ani hello")
    for fan in fans[:3]:
        site.clock.advance(1)
        await fan.post(f"/api/v1/accounts/{ani.id}/follow")
    await site.settle()
    found = (await ani.get(PATH)).json()
    kinds = [(one["type"], one["notifications_count"]) for one in found["notification_groups"]]
    assert kinds == [
        ("follow", 3),
        ("mention", 1),
        ("reblog", 1),
        ("favourite", 1),
        ("favourite", 10),
    ]
    likes = found["notification_groups"][4]
    assert likes["status_id"] == one
    assert likes["sample_account_ids"] == [str(fan.id) for fan in fans[:1:-1]]
    assert {status["id"] for status in found["statuses"]} >= {one, two}
    known = {account["id"] for account in found["accounts"]}
    assert all(
        one in known
        for group in found["notification_groups"]
        for one in group["sample_account_ids"]
    )
    assert "partial_accounts" not in found
    assert (await ani.get(f"{PATH}/unread_count")).json() == {"count": 5}
    plain = (await ani.get("/api/v1/notifications?limit=80")).json()
    assert {one["group_key"] for one in plain} == {
        group["group_key"] for group in found["notification_groups"]
    }


async def test_pictures_beside_others_are_told_in_short(site):
    ani, fans = await site.member("ani"), await crowd(site, 3)
    post = await publish(ani, "one")
    for fan in fans:
        await like(fan, post)
    await site.settle()
    found = (await ani.get(f"{PATH}?expand_accounts=partial_avatars")).json()
    assert [one["id"] for one in found["accounts"]] == [str(fans[2].id)]
    assert [one["id"] for one in found["partial_accounts"]] == [str(fans[1].id), str(fans[0].id)]
    wrong = await ani.get(f"{PATH}?expand_accounts=none")
    assert wrong.status_code == 422


async def test_groups_are_chosen_by_kind_and_walked_by_page(site):
    ani, fans = await site.member("ani"), await crowd(site, 4)
    posts = [await publish(ani, f"{n}") for n in range(3)]
    for fan in fans:
        for post in posts:
            await like(fan, post)
    await site.settle()
    flat = (await ani.get(f"{PATH}?grouped_types[]=follow")).json()["notification_groups"]
    assert len(flat) == 12
    assert all(one["group_key"].startswith("ungrouped-") for one in flat)
    assert (await ani.get(f"{PATH}?types[]=mention")).json()["notification_groups"] == []
    seen: list[tuple[str, int]] = []
    url = f"{PATH}?limit=2"
    while url:
        page = await ani.get(url)
        groups = page.json()["notification_groups"]
        assert len(groups) <= 2
        seen += [(one["group_key"], one["notifications_count"]) for one in groups]
        url = page.links.get("next", {}).get("url")
    assert sum(count for _, count in seen) == 12
    assert len({key for key, _ in seen}) == 3
    newest = (await ani.get("/api/v1/notifications")).json()
    above = newest[5]["id"]
    later = await ani.get(f"{PATH}?min_id={above}&limit=10")
    assert sum(one["notifications_count"] for one in later.json()["notification_groups"]) == 5


async def test_a_group_has_an_address_members_and_an_end(site):
    ani, fans = await site.member("ani"), await crowd(site, 3)
    post = await publish(ani, "one")
    for fan in fans:
        await like(fan, post)
    mention = await publish(fans[0], "@ani")
    await site.settle()
    groups = (await ani.get(PATH)).json()["notification_groups"]
    lone, likes = groups
    one = (await ani.get(f"{PATH}/{likes['group_key']}")).json()
    assert one["notification_groups"][0]["notifications_count"] == 3
    assert one["notification_groups"][0]["page_min_id"] is None
    accounts = (await ani.get(f"{PATH}/{likes['group_key']}/accounts")).json()
    assert [each["id"] for each in accounts] == [str(fan.id) for fan in fans[::-1]]
    single = (await ani.get(f"{PATH}/{lone['group_key']}")).json()
    assert single["statuses"][0]["id"] == mention
    for key in ("ungrouped-1", "favourite-1-2", "ungrouped-x", "nothing", "follow-99999999999999"):
        assert (await ani.get(f"{PATH}/{key}")).status_code == 404
    assert (await fans[0].get(f"{PATH}/{likes['group_key']}")).status_code == 404
    assert (await ani.post(f"{PATH}/{likes['group_key']}/dismiss")).json() == {}
    left = (await ani.get(PATH)).json()["notification_groups"]
    assert [each["group_key"] for each in left] == [lone["group_key"]]
    assert (await ani.post(f"{PATH}/clear")).json() == {}
    assert (await ani.get(PATH)).json()["notification_groups"] == []


async def test_half_a_day_later_a_new_group_begins(site):
    ani, fans = await site.member("ani"), await crowd(site, 2)
    post = await publish(ani, "one")
    await like(fans[0], post)
    site.clock.advance(12 * HOUR_MS)
    await like(fans[1], post)
    await site.settle()
    groups = (await ani.get(PATH)).json()["notification_groups"]
    assert [one["notifications_count"] for one in groups] == [1, 1]


async def test_an_act_that_is_taken_back_is_no_longer_told(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    post = await publish(ani, "one")
    await like(bob, post)
    await bob.post(f"/api/v1/statuses/{post}/reblog")
    await bob.post(f"/api/v1/accounts/{ani.id}/follow")
    await site.settle()
    assert len((await ani.get("/api/v1/notifications")).json()) == 3
    await bob.post(f"/api/v1/statuses/{post}/unfavourite")
    await bob.post(f"/api/v1/statuses/{post}/unreblog")
    await bob.post(f"/api/v1/accounts/{ani.id}/unfollow")
    await site.settle()
    assert (await ani.get("/api/v1/notifications")).json() == []


async def test_whoever_boosted_is_told_of_an_edit_and_whoever_rings_of_a_post(site):
    ani, bob, cem = [await site.member(name) for name in ("ani", "bob", "cem")]
    await bob.post(f"/api/v1/accounts/{ani.id}/follow", json={"notify": True})
    await cem.post(f"/api/v1/accounts/{ani.id}/follow")
    await site.settle()
    post = await publish(ani, "one")
    await cem.post(f"/api/v1/statuses/{post}/reblog")
    await site.settle()
    (await ani.put(f"/api/v1/statuses/{post}", json={"status": "two"})).raise_for_status()
    await site.settle()
    assert [one["type"] for one in (await bob.get("/api/v1/notifications")).json()] == ["status"]
    (update,) = (await cem.get("/api/v1/notifications")).json()
    assert (update["type"], update["status"]["content"]) == ("update", "<p>two</p>")


async def test_a_quote_is_told_with_the_post_that_quotes(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    post = await publish(ani, "one")
    quote = await publish(bob, "look", quoted_status_id=post)
    await site.settle()
    (told,) = (await ani.get("/api/v1/notifications")).json()
    assert (told["type"], told["status"]["id"]) == ("quote", quote)


async def test_whoever_quoted_is_told_of_an_edit_of_what_they_quoted(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    post = await publish(ani, "one")
    quote = await publish(bob, "look", quoted_status_id=post)
    await site.settle()
    (await ani.put(f"/api/v1/statuses/{post}", json={"status": "two"})).raise_for_status()
    await site.settle()
    (told,) = (await bob.get("/api/v1/notifications")).json()
    assert (told["type"], told["status"]["id"]) == ("quoted_update", quote)


async def test_the_end_of_a_poll_is_told_once_to_all_who_took_part(site):
    ani, bob, eve = [await site.member(name) for name in ("ani", "bob", "eve")]
    asked = {"options": ["a", "b"], "expires_in": 300}
    post = await publish(ani, "which?", poll=asked)
    (await bob.post(f"/api/v1/polls/{post}/votes", json={"choices": [0]})).raise_for_status()
    await site.settle()
    world = site.world
    timers = Timers(
        site.storage, site.clock, {poll_ends.TIMER: lambda key: poll_ends.on_due(world, key)}
    )
    assert await timers.fire_due() == 0
    site.clock.advance(300_000)
    assert await timers.fire_due() == 1
    ended_ms = site.clock.now_ms()
    for key in (f"{post}:1:{ended_ms}", f"{post}:2:{ended_ms}", f"{post}:1:{ended_ms + 1}"):
        await poll_ends.on_due(world, key)
    await site.settle()
    for member in (ani, bob):
        (told,) = (await member.get("/api/v1/notifications")).json()
        assert (told["type"], told["status"]["id"]) == ("poll", post)
        assert told["account"]["id"] == str(ani.id)
    assert (await eve.get("/api/v1/notifications")).json() == []


async def test_moderators_are_told_of_a_report_unless_it_is_about_them(tmp_path):
    parts = lambda _world: {"policy": load_policy()}  # noqa: E731 - as the site takes it
    async with open_site(tmp_path, subscriptions=telling_subscriptions, parts=parts) as site:
        mod, bad = await site.member("mod", "moderator"), await site.member("bad", "moderator")
        ani = await site.member("ani")
        await site.settle()
        for one in (mod, bad):
            await one.post("/api/v1/notifications/clear")
        site.clock.advance(1)
        post = await publish(bad, "something")
        body = {"account_id": str(bad.id), "status_ids": [post], "comment": "look"}
        (await ani.post("/api/v1/reports", json=body)).raise_for_status()
        await site.settle()
        (told,) = (await mod.get("/api/v1/notifications")).json()
        assert (told["type"], told["account"]["id"]) == ("admin.report", str(ani.id))
        report = told["report"]
        assert (report["comment"], report["status_ids"]) == ("look", [post])
        assert report["target_account"]["id"] == str(bad.id)
        group = (await mod.get(PATH)).json()["notification_groups"][0]
        assert group["report"] == report
        assert (await bad.get("/api/v1/notifications")).json() == []


async def test_moderators_are_told_who_signed_up(site):
    mod = await site.member("mod", "moderator")
    ani = await site.member("ani")
    await site.settle()
    (told,) = (await mod.get("/api/v1/notifications")).json()
    assert (told["type"], told["account"]["id"]) == ("admin.sign_up", str(ani.id))
    assert (await ani.get("/api/v1/notifications")).json() == []
