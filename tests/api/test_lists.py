"""Lists: who is on them, what they show, what they keep out of a home."""

from __future__ import annotations

import pytest

from tests.api.gathering import crowd, follow, hears, ids, names, publish, walk
from tests.kit.site import open_site
from venire.posts import lists

pytestmark = pytest.mark.anyio

LISTS = "/api/v1/lists"


@pytest.fixture
async def site(tmp_path):
    async with open_site(tmp_path, subscriptions=hears) as opened:
        yield opened


async def a_list(member, *others, **more) -> str:
    made = await member.post(LISTS, json={"title": "Close", **more})
    assert made.status_code == 200, made.text
    path = f"{LISTS}/{made.json()['id']}"
    if others:
        body = {"account_ids": [str(one.id) for one in others]}
        put = await member.post(f"{path}/accounts", json=body)
        assert put.status_code == 200, put.text
    return made.json()["id"]


async def test_a_list_is_made_changed_and_deleted(site):
    ani, bob = await crowd(site, "ani", "bob")
    one = await a_list(ani)
    there = (await ani.get(f"{LISTS}/{one}")).json()
    assert there == {"id": one, "title": "Close", "replies_policy": "list", "exclusive": False}
    body = {"title": "Far", "replies_policy": "none", "exclusive": True}
    changed = (await ani.put(f"{LISTS}/{one}", json=body)).json()
    assert changed == {"id": one, **body}
    kept = (await ani.put(f"{LISTS}/{one}", json={"title": "Further"})).json()
    assert kept["replies_policy"] == "none"
    assert (await bob.get(LISTS)).json() == []
    assert (await bob.get(f"{LISTS}/{one}")).status_code == 404
    assert (await bob.delete(f"{LISTS}/{one}")).status_code == 404
    assert (await ani.delete(f"{LISTS}/{one}")).json() == {}
    assert (await ani.get(LISTS)).json() == []
    assert (await ani.get(f"/api/v1/timelines/list/{one}")).status_code == 404


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"title": " "}, "Title can't be blank"),
        ({}, "Title can't be blank"),
        ({"title": "x" * 257}, "Title is too long"),
        ({"title": "x", "replies_policy": "all"}, "Replies policy"),
        ({"title": {"a": 1}}, ""),
    ],
)
async def test_a_list_that_makes_no_sense_is_refused(site, body, said):
    ani = await site.member("ani")
    answer = await ani.post(LISTS, json=body)
    assert answer.status_code == 422
    assert said in answer.json()["error"]
    assert (await ani.get(LISTS)).json() == []


async def test_there_are_only_so_many_lists_and_so_many_on_one(site, monkeypatch):
    monkeypatch.setattr(lists, "LISTS_MOST", 2)
    monkeypatch.setattr(lists, "MEMBERS_MOST", 1)
    ani, bob, eve = await crowd(site, "ani", "bob", "eve")
    await follow(ani, bob, eve)
    one = await a_list(ani, bob)
    await a_list(ani)
    assert (await ani.post(LISTS, json={"title": "x"})).status_code == 422
    full = await ani.post(f"{LISTS}/{one}/accounts", json={"account_ids": [str(eve.id)]})
    assert (full.status_code, full.json()["code"]) == (422, "list_full")


async def test_only_whom_one_follows_may_be_on_a_list_and_once(site):
    ani, bob, eve = await crowd(site, "ani", "bob", "eve")
    await follow(ani, bob)
    one = await a_list(ani)
    path = f"{LISTS}/{one}/accounts"
    both = await ani.post(path, json={"account_ids": [str(bob.id), str(eve.id)]})
    assert both.status_code == 404
    assert (await ani.get(path)).json() == []
    assert (await ani.post(path, data={"account_ids[]": str(bob.id)})).status_code == 200
    again = await ani.post(path, json={"account_ids": [str(bob.id)]})
    assert (again.status_code, again.json()["code"]) == (422, "already_on_list")
    assert await names(ani, path) == ["bob"]
    assert await ids(ani, f"/api/v1/accounts/{bob.id}/lists") == [one]
    assert await ids(ani, f"/api/v1/accounts/{eve.id}/lists") == []
    gone = await ani.delete(f"{path}?account_ids[]={bob.id}&account_ids[]={eve.id}")
    assert gone.json() == {}
    assert await names(ani, path) == []


async def test_those_on_a_list_come_in_pages_or_all_at_once(site):
    ani, *others = await crowd(site, "ani", *(f"one{number}" for number in range(5)))
    await follow(ani, *others)
    one = await a_list(ani, *others)
    pages = await walk(ani, f"{LISTS}/{one}/accounts?limit=2")
    assert [len(page) for page in pages] == [2, 2, 1]
    assert len({one["id"] for page in pages for one in page}) == 5
    assert len(await names(ani, f"{LISTS}/{one}/accounts", limit=0)) == 5


async def test_a_list_shows_its_members_alone_and_whoever_is_followed_no_more_leaves_it(site):
    ani, bob, eve = await crowd(site, "ani", "bob", "eve")
    await follow(ani, bob, eve)
    one = await a_list(ani, bob)
    mine = await publish(bob)
    await publish(eve)
    await publish(bob, f"@{ani.username} psst", visibility="direct")
    hidden = await publish(bob, "followers", visibility="private")
    path = f"/api/v1/timelines/list/{one}"
    assert await ids(ani, path) == [hidden, mine]
    assert (await eve.get(path)).status_code == 404
    await ani.post(f"/api/v1/accounts/{bob.id}/unfollow")
    assert await ids(ani, path) == []
    await site.settle()
    assert await names(ani, f"{LISTS}/{one}/accounts") == []
    assert await ids(ani, f"/api/v1/accounts/{bob.id}/lists") == []


async def test_a_muted_member_of_a_list_is_not_read(site):
    ani, bob = await crowd(site, "ani", "bob")
    await follow(ani, bob)
    one = await a_list(ani, bob)
    await publish(bob)
    await ani.post(f"/api/v1/accounts/{bob.id}/mute")
    assert await ids(ani, f"/api/v1/timelines/list/{one}") == []


async def test_whose_answers_a_list_shows_is_its_owners_choice(site):
    ani, bob, cat, dan, eve = await crowd(site, "ani", "bob", "cat", "dan", "eve")
    await follow(ani, bob, cat, dan)
    roots = {member.username: await publish(member) for member in (ani, bob, cat, dan, eve)}
    answers = {
        name: await publish(bob, f"to {name}", in_reply_to_id=root) for name, root in roots.items()
    }
    shown = {"none": {"ani", "bob"}, "list": {"ani", "bob", "cat"}}
    shown["followed"] = {*shown["list"], "dan"}
    for policy, expected in shown.items():
        one = await a_list(ani, bob, cat, replies_policy=policy)
        found = set(await ids(ani, f"/api/v1/timelines/list/{one}"))
        assert {name for name, answer in answers.items() if answer in found} == expected, policy


async def test_a_list_comes_in_pages_that_join_without_gap(site):
    ani, bob, eve = await crowd(site, "ani", "bob", "eve")
    await follow(ani, bob, eve)
    one = await a_list(ani, bob, eve)
    made = [await publish(member) for member in (bob, eve, eve, bob, bob, eve, bob)]
    pages = await walk(ani, f"/api/v1/timelines/list/{one}?limit=3")
    assert [post["id"] for page in pages for post in page] == made[::-1]


async def test_who_is_on_an_exclusive_list_is_known_for_the_home(site):
    ani, bob, eve = await crowd(site, "ani", "bob", "eve")
    await follow(ani, bob, eve)
    assert await lists.exclusive_members(site.world, ani.id) == frozenset()
    await a_list(ani, bob)
    assert await lists.exclusive_members(site.world, ani.id) == frozenset()
    one = await a_list(ani, ani, eve, exclusive=True)
    assert await lists.exclusive_members(site.world, ani.id) == {eve.id}
    await ani.delete(f"{LISTS}/{one}")
    assert await lists.exclusive_members(site.world, ani.id) == frozenset()
    await site.settle()
    assert await ids(ani, f"/api/v1/accounts/{eve.id}/lists") == []
    rows, _ = await site.storage.scan(lists.LIST_MEMBERS)
    assert len(rows) == 1
