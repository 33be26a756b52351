"""Lists of posts, as Mastodon's clients walk them."""

from __future__ import annotations

import re

import pytest

from tests.kit.site import open_site, usual_subscriptions
from venire.adapters.search.sqlite_fts import SqliteIndex
from venire.posts import actions, counts, feeds, indexing
from venire.storage.relay import Subscription

pytestmark = pytest.mark.anyio


def _subscriptions(court):
    world = court.world
    return (
        *usual_subscriptions(world),
        Subscription(feeds.CURSOR, page=lambda page, at: feeds.fan_out(world, page, at)),
        Subscription(
            indexing.CURSOR,
            page=lambda page, at: indexing.index_page(world, court.search, page, at),
        ),
        Subscription("post_counts", lambda one: counts.count_replies(world, one), counts.HEARS),
    )


@pytest.fixture
async def site(tmp_path):
    index = SqliteIndex(tmp_path / "search.db")
    async with open_site(
        tmp_path, parts=lambda _world: {"search": index}, subscriptions=_subscriptions
    ) as opened:
        yield opened
    await index.close()


async def publish(member, text: str = "hello", **more) -> str:
    member.site.clock.advance(1)
    answer = await member.post("/api/v1/statuses", json={"status": text, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


async def ids(member, path: str, **query) -> list[str]:
    answer = await member.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return [post["id"] for post in answer.json()]


HOME = "/api/v1/timelines/home"
PUBLIC = "/api/v1/timelines/public"


async def test_home_shows_what_those_followed_post(site):
    ani, bob, eve = [await site.member(name) for name in ("ani", "bob", "eve")]
    await ani.post(f"/api/v1/accounts/{bob.id}/follow")
    one = await publish(bob)
    two = await publish(eve)
    await site.settle()
    assert await ids(ani, HOME) == [one]
    assert await ids(ani, PUBLIC) == [two, one]
    assert await ids(ani, PUBLIC, local="true") == [two, one]
    assert await ids(ani, PUBLIC, remote="true") == []
    assert (await site.client.get(HOME)).status_code == 401


def _links(answer) -> dict[str, str]:
    found = re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers.get("link", ""))
    return {kind: address for address, kind in found}


async def test_the_link_header_walks_a_list_down_and_up(site):
    ani = await site.member("ani")
    made = [await publish(ani, str(n)) for n in range(7)]
    await site.settle()
    for path in (HOME, PUBLIC, f"/api/v1/accounts/{ani.id}/statuses"):
        walked: list[str] = []
        answer = await ani.get(path, params={"limit": "3", "local": "true"})
        first = _links(answer)["prev"]
        while True:
            walked += [post["id"] for post in answer.json()]
            links = _links(answer)
            if "next" not in links:
                break
            assert links["next"].startswith(f"http://venire.test{path}?")
            assert "local=true" in links["next"]
            answer = await ani.get(links["next"])
        assert walked == made[::-1]
        newest = await publish(ani, "new")
        made.append(newest)
        await site.settle()
        assert [post["id"] for post in (await ani.get(first)).json()] == [newest]


async def test_the_cursors_are_those_of_mastodon(site):
    ani = await site.member("ani")
    one, two, three, four, five, six = [await publish(ani, str(n)) for n in range(1, 7)]
    await site.settle()
    assert await ids(ani, HOME, since_id=three, limit="2") == [six, five]
    assert await ids(ani, HOME, min_id=three, limit="2") == [five, four]
    assert await ids(ani, HOME, max_id=three) == [two, one]
    assert len(await ids(ani, HOME, limit="1000")) == 6


async def test_hidden_posts_leave_every_list(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    await ani.patch("/api/v1/accounts/update_credentials", json={"indexable": True})
    await bob.post(f"/api/v1/accounts/{ani.id}/follow")
    shown, held = await publish(ani, "satu dua"), await publish(ani, "satu tiga")
    answer = await publish(bob, "re", in_reply_to_id=shown)
    hidden_answer = await publish(ani, "re re", in_reply_to_id=answer)
    await site.settle()
    profile = f"/api/v1/accounts/{ani.id}/statuses"
    for post_id in (held, hidden_answer):
        await actions.set_state(site.world, int(post_id), "held", case_id=1, rule=1, at_ms=1)
    await site.settle()
    assert await ids(bob, HOME) == [answer, shown]
    assert await ids(bob, PUBLIC) == [shown]
    assert await ids(bob, profile) == [shown]
    assert await ids(ani, profile, exclude_replies="true") == [held, shown]
    around = (await bob.get(f"/api/v1/statuses/{shown}/context")).json()
    assert [post["id"] for post in around["descendants"]] == [answer]
    assert (await bob.get(f"/api/v1/statuses/{answer}")).json()["replies_count"] == 0
    assert (await bob.get(f"/api/v1/statuses/{shown}")).json()["replies_count"] == 1
    found = await bob.get("/api/v2/search", params={"q": "satu"})
    assert [post["id"] for post in found.json()["statuses"]] == [shown]


async def test_a_profile_is_narrowed_as_clients_ask(site):
    ani = await site.member("ani")
    one = await publish(ani, "#kota")
    await publish(ani, "two")
    profile = f"/api/v1/accounts/{ani.id}/statuses"
    assert await ids(ani, profile, tagged="Kota") == [one]
    assert await ids(ani, profile, pinned="true") == []
    assert await ids(ani, profile, only_media="1") == []
    assert (await ani.get("/api/v1/accounts/7/statuses")).status_code == 404


async def test_what_is_not_built_answers_with_empty_lists(site):
    ani = await site.member("ani")
    post = await publish(ani)
    for path in (
        "/api/v1/bookmarks",
        "/api/v1/favourites",
        "/api/v1/conversations",
        f"/api/v1/statuses/{post}/favourited_by",
        f"/api/v1/statuses/{post}/reblogged_by",
    ):
        assert (await ani.get(path)).json() == []
