"""What members do with posts, as clients ask for it: marks, boosts, and their lists."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.api.acting import STATUSES, act, get, hears, walk
from tests.api.telling_site import publish
from tests.kit.site import OpenSite, open_site
from venire.people import standing, ties
from venire.posts import actions
from venire.posts.model import HELD, VISIBLE

pytestmark = pytest.mark.anyio


@pytest.fixture
async def site(tmp_path) -> AsyncIterator[OpenSite]:
    async with open_site(tmp_path, subscriptions=hears) as opened:
        yield opened


FLAGS = ("favourited", "bookmarked", "reblogged", "pinned", "muted")


@pytest.mark.parametrize(
    ("do", "undo", "flag"),
    [
        ("favourite", "unfavourite", "favourited"),
        ("bookmark", "unbookmark", "bookmarked"),
        ("reblog", "unreblog", "reblogged"),
        ("pin", "unpin", "pinned"),
        ("mute", "unmute", "muted"),
    ],
)
async def test_each_mark_is_seen_by_its_maker_alone(site, do, undo, flag):
    ani, bob = await site.member("ani"), await site.member("bob")
    post = await publish(ani, "hello")
    made = await act(ani, post, do)
    assert (made["reblog"] or made)["id"] == post
    for member, expected in ((ani, [flag]), (bob, [])):
        shown = await get(member, f"{STATUSES}/{post}")
        assert [one for one in FLAGS if shown[one]] == expected
    assert (await act(ani, post, undo))["id"] == post
    shown = await get(ani, f"{STATUSES}/{post}")
    assert not any(shown[one] for one in FLAGS)


async def test_counts_follow_and_a_stranger_sees_them(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    post = await publish(ani, "hello")
    for member in (ani, bob):
        await act(member, post, "favourite")
    await act(bob, post, "reblog")
    await publish(bob, "look", quoted_status_id=post)
    await site.settle()
    shown = (await site.client.get(f"{STATUSES}/{post}")).json()
    assert [shown[f"{one}_count"] for one in ("favourites", "reblogs", "quotes")] == [2, 1, 1]
    assert "favourited" not in shown or shown["favourited"] is False
    await act(bob, post, "unreblog")
    await act(bob, post, "unfavourite")
    await site.settle()
    shown = (await site.client.get(f"{STATUSES}/{post}")).json()
    assert [shown[f"{one}_count"] for one in ("favourites", "reblogs")] == [1, 0]


@pytest.mark.parametrize("kind", ["favourite", "bookmark"])
async def test_ones_own_list_is_walked_by_its_links_both_ways(site, kind):
    ani, bob = await site.member("ani"), await site.member("bob")
    made = [await publish(ani, str(n)) for n in range(9)]
    for post in made:
        site.clock.advance(1)
        await act(bob, post, kind)
    path = f"/api/v1/{kind}s?limit=4"
    assert await walk(bob, path) == made[::-1]
    assert await walk(bob, f"{path}&min_id=0", "prev") == made[::-1]
    assert await walk(ani, path) == []
    # A cursor of this list is the id of an act, not of a post: one of another list harms nobody.
    for cursor in ("max_id", "min_id", "since_id"):
        for foreign in (made[3], str(ani.id), "0", "9223372036854775807"):
            assert (await bob.get(f"{path}&{cursor}={foreign}")).status_code == 200
        assert (await bob.get(f"{path}&{cursor}=abc")).status_code == 422


@pytest.mark.parametrize(
    ("kind", "lists"), [("favourite", "favourited_by"), ("reblog", "reblogged_by")]
)
async def test_who_did_it_is_walked_by_its_links_without_those_one_hides(site, kind, lists):
    ani = await site.member("ani")
    post = await publish(ani, "hello")
    fans = [await site.member(f"fan{n}") for n in range(7)]
    for fan in fans:
        site.clock.advance(1)
        await act(fan, post, kind)
    path = f"{STATUSES}/{post}/{lists}?limit=3"
    expected = [str(fan.id) for fan in fans[::-1]]
    assert await walk(ani, path) == expected
    await ties.block(site.world, ani.id, fans[2].id)
    assert await walk(ani, path) == [one for one in expected if one != str(fans[2].id)]
    private = await publish(ani, "@fan1 x", visibility="direct")
    assert (await fans[0].get(f"{STATUSES}/{private}/{lists}")).status_code == 404


async def test_a_boost_answers_with_itself_and_stands_for_what_it_shows(site):
    ani, bob, eve = [await site.member(name) for name in ("ani", "bob", "eve")]
    post = await publish(ani, "hello")
    boost = await act(bob, post, "reblog", json={"visibility": "unlisted"})
    assert (boost["reblog"]["id"], boost["visibility"]) == (post, "unlisted")
    assert (boost["reblogged"], boost["content"]) == (True, "")
    assert (await act(bob, post, "reblog"))["id"] == boost["id"]
    shown = await get(eve, f"{STATUSES}/{boost['id']}")
    assert shown["reblog"]["content"] == "<p>hello</p>"
    many = await get(eve, f"{STATUSES}?id[]={boost['id']}&id[]={post}")
    assert [one["id"] for one in many] == [boost["id"], post]
    assert (await act(eve, boost["id"], "favourite"))["id"] == post
    again = await act(eve, boost["id"], "reblog")
    assert again["reblog"]["id"] == post
    await act(eve, boost["id"], "unfavourite")
    for path in ("favourited_by", "reblogged_by", "context", "history", "source"):
        assert (await eve.get(f"{STATUSES}/{boost['id']}/{path}")).status_code == 200
    assert (await bob.put(f"{STATUSES}/{boost['id']}", json={"status": "x"})).status_code == 404
    gone = await bob.delete(f"{STATUSES}/{boost['id']}")
    assert gone.json()["reblog"]["id"] == post
    assert (await eve.get(f"{STATUSES}/{boost['id']}")).status_code == 404
    assert (await get(bob, f"{STATUSES}/{post}"))["reblogged"] is False


async def test_boosts_of_what_is_not_for_everyone(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    await bob.post(f"/api/v1/accounts/{ani.id}/follow")
    private = await publish(ani, "x", visibility="private")
    direct = await publish(ani, "@bob x", visibility="direct")
    for post in (private, direct):
        answer = await bob.post(f"{STATUSES}/{post}/reblog")
        assert (answer.status_code, answer.json()["code"]) == (403, "repost_not_allowed")
    own = await act(ani, private, "reblog", json={"visibility": "public"})
    assert own["visibility"] == "private"
    answer = await ani.post(f"{STATUSES}/{private}/reblog", json={"visibility": "direct"})
    assert answer.status_code == 422


async def test_taking_a_mark_back_shows_nothing_that_was_hidden_since(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    post = await publish(ani, "a secret")
    for kind in ("favourite", "bookmark", "reblog"):
        await act(bob, post, kind)
    await actions.set_state(site.world, int(post), HELD, case_id=1, rule=1, at_ms=1)
    for kind in ("unfavourite", "unbookmark", "unreblog"):
        answer = await bob.post(f"{STATUSES}/{post}/{kind}")
        assert answer.status_code == 404
        assert "secret" not in answer.text
    await actions.set_state(site.world, int(post), VISIBLE, case_id=1, rule=1, at_ms=1)
    shown = await get(bob, f"{STATUSES}/{post}")
    assert not any(shown[one] for one in FLAGS)


@pytest.mark.parametrize(
    "body",
    [
        {"status": None},
        {"status": ["a"]},
        {"status": "x", "poll": "which?"},
        {"status": "x", "poll": {"options": {"a": 1}, "expires_in": "soon"}},
        {"status": "x", "poll": {"options": [None, None], "expires_in": 300}},
        {"status": "x", "poll": {"options": [["a"], "b"], "expires_in": 300}},
        {"status": "x", "poll": {"options": ["a", "b"], "expires_in": [300]}},
        {"status": "x", "poll": {"options": ["a"] * 10_000, "expires_in": 300}},
        {"status": "x", "media_ids": "abc"},
        {"status": "x", "media_ids": list(range(1, 400))},
        {"status": "x", "quoted_status_id": {"a": 1}},
        {"status": "x", "quoted_status_id": True},
        {"status": "x", "quote_approval_policy": "friends"},
        {"status": "x", "quote_approval_policy": 7},
        {"status": "x", "in_reply_to_id": []},
        {"status": "x", "scheduled_at": "never"},
        {"status": "x", "scheduled_at": 12},
        {"status": "x", "scheduled_at": "0001-01-01T00:00:00+23:59"},
        {"status": "x", "scheduled_at": ["2030-01-01"]},
        {"status": "x", "reply_policy": ["anyone"]},
        {"status": "x\u0000"},
        {"status": "\u202e" * 2_000},
    ],
)
async def test_what_makes_no_sense_is_refused_and_nothing_is_kept(site, body):
    ani = await site.member("ani")
    answer = await ani.post(STATUSES, json=body)
    assert answer.status_code == 422, answer.text
    assert set(answer.json()) >= {"error", "code"}
    assert (await get(ani, f"/api/v1/accounts/{ani.id}/statuses")) == []
    assert (await get(ani, "/api/v1/scheduled_statuses")) == []


async def test_html_and_bidi_in_every_text_stay_text(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    trick = "<img src=x onerror=alert(1)> \u202egnp.exe"
    post = await publish(
        ani, trick, spoiler_text=trick, poll={"options": [trick, "b"], "expires_in": 300}
    )
    shown = await get(bob, f"{STATUSES}/{post}")
    assert "<img" not in shown["content"]
    assert "&lt;img" in shown["content"]
    assert shown["spoiler_text"] == trick
    assert shown["poll"]["options"][0]["title"] == trick


async def test_as_many_hashtags_as_fit_are_published_and_listed_within_bounds(site):
    ani = await site.member("ani")
    many = " ".join(f"#{n}a" for n in range(10_000))
    answer = await ani.post(STATUSES, json={"status": many})
    assert (answer.status_code, answer.json()["code"]) == (422, "text_too_long")
    most = many[:1_000].rpartition(" ")[0]
    shown = (await ani.post(STATUSES, json={"status": most})).json()
    assert len(shown["tags"]) == 100
    edited = await ani.put(f"{STATUSES}/{shown['id']}", json={"status": most.replace("a", "b")})
    assert edited.status_code == 200


async def test_whoever_is_suspended_takes_back_and_does_not_begin(strict_site):
    site = strict_site
    ani, bob = await site.member("ani"), await site.member("bob")
    post = await publish(ani, "one")
    await act(bob, post, "favourite")
    await standing.suspend(site.world, bob.id, "s", None, 1)
    assert (await bob.post(f"{STATUSES}/{post}/favourite")).status_code == 403
    assert (await bob.post(f"{STATUSES}/{post}/reblog")).status_code == 403
    await act(bob, post, "unfavourite")


async def test_a_scope_too_few_is_refused(site):
    ani = await site.member("ani")
    post = await publish(ani, "one")
    for path in ("favourite", "reblog", "bookmark", "pin"):
        assert (await site.client.post(f"{STATUSES}/{post}/{path}")).status_code == 401
    for path in ("/api/v1/favourites", "/api/v1/bookmarks", "/api/v1/scheduled_statuses"):
        assert (await site.client.get(path)).status_code == 401
