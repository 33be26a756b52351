"""Follows, blocks, mutes and follow requests, and their pages."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

pytestmark = pytest.mark.anyio


async def test_a_follow_counts_for_both_and_is_undone(site):
    alice, bob = await site.member("alice"), await site.member("bob")
    tie = (await alice.post(f"/api/v1/accounts/{bob.id}/follow")).json()
    assert tie["following"] is True
    assert tie["showing_reblogs"] is True
    await site.settle()
    assert (await alice.get(f"/api/v1/accounts/{bob.id}")).json()["followers_count"] == 1
    assert (await alice.get(f"/api/v1/accounts/{alice.id}")).json()["following_count"] == 1
    shown = (await alice.get(f"/api/v1/accounts/{bob.id}/followers")).json()
    assert [one["username"] for one in shown] == ["alice"]
    await alice.post(f"/api/v1/accounts/{bob.id}/unfollow")
    await site.settle()
    assert (await alice.get(f"/api/v1/accounts/{bob.id}")).json()["followers_count"] == 0
    assert (await alice.get(f"/api/v1/accounts/{bob.id}/followers")).json() == []


async def test_following_twice_counts_once_and_may_change_how(site):
    alice, bob = await site.member("alice"), await site.member("bob")
    await alice.post(f"/api/v1/accounts/{bob.id}/follow")
    tie = await alice.post(
        f"/api/v1/accounts/{bob.id}/follow", json={"reblogs": False, "notify": True}
    )
    assert tie.json()["showing_reblogs"] is False
    assert tie.json()["notifying"] is True
    await site.settle()
    assert (await bob.get(f"/api/v1/accounts/{bob.id}")).json()["followers_count"] == 1


async def test_a_locked_account_is_asked_first(site):
    alice, bob = await site.member("alice"), await site.member("bob")
    await bob.patch("/api/v1/accounts/update_credentials", json={"locked": True})
    tie = (await alice.post(f"/api/v1/accounts/{bob.id}/follow")).json()
    assert tie["following"] is False
    assert tie["requested"] is True
    me = (await bob.get("/api/v1/accounts/verify_credentials")).json()
    assert me["source"]["follow_requests_count"] == 1
    waiting = (await bob.get("/api/v1/follow_requests")).json()
    assert [one["username"] for one in waiting] == ["alice"]
    answered = await bob.post(f"/api/v1/follow_requests/{alice.id}/authorize")
    assert answered.json()["followed_by"] is True
    assert (await bob.get("/api/v1/follow_requests")).json() == []
    again = await bob.post(f"/api/v1/follow_requests/{alice.id}/authorize")
    assert again.status_code == 404


async def test_a_refused_request_may_be_made_again(site):
    alice, bob = await site.member("alice"), await site.member("bob")
    await bob.patch("/api/v1/accounts/update_credentials", json={"locked": True})
    await alice.post(f"/api/v1/accounts/{bob.id}/follow")
    await bob.post(f"/api/v1/follow_requests/{alice.id}/reject")
    tie = (await alice.post(f"/api/v1/accounts/{bob.id}/follow")).json()
    assert tie["requested"] is True


async def test_nobody_follows_themselves_or_past_a_block(site):
    alice, bob = await site.member("alice"), await site.member("bob")
    assert (await alice.post(f"/api/v1/accounts/{alice.id}/follow")).status_code == 403
    await bob.post(f"/api/v1/accounts/{alice.id}/block")
    refused = await alice.post(f"/api/v1/accounts/{bob.id}/follow")
    assert refused.status_code == 403
    assert refused.json()["code"] == "follow_blocked"


async def test_a_block_ends_follows_both_ways(site):
    alice, bob = await site.member("alice"), await site.member("bob")
    await alice.post(f"/api/v1/accounts/{bob.id}/follow")
    await bob.post(f"/api/v1/accounts/{alice.id}/follow")
    tie = (await alice.post(f"/api/v1/accounts/{bob.id}/block")).json()
    assert (tie["blocking"], tie["following"], tie["followed_by"]) == (True, False, False)
    assert [one["username"] for one in (await alice.get("/api/v1/blocks")).json()] == ["bob"]
    seen = (await bob.get(f"/api/v1/accounts/relationships?id[]={alice.id}")).json()
    assert seen[0]["blocked_by"] is True
    tie = (await alice.post(f"/api/v1/accounts/{bob.id}/unblock")).json()
    assert tie["blocking"] is False


async def test_a_mute_ends_by_itself(site):
    alice, bob = await site.member("alice"), await site.member("bob")
    tie = (await alice.post(f"/api/v1/accounts/{bob.id}/mute", data={"duration": "60"})).json()
    assert tie["muting"] is True
    assert tie["muting_expires_at"] is not None
    assert (await alice.get("/api/v1/mutes")).json()[0]["mute_expires_at"] is not None
    site.clock.advance(61_000)
    seen = (await alice.get(f"/api/v1/accounts/relationships?id[]={bob.id}")).json()
    assert seen[0]["muting"] is False
    assert (await alice.get("/api/v1/mutes")).json() == []


async def test_a_note_is_kept_for_its_writer(site):
    alice, bob = await site.member("alice"), await site.member("bob")
    tie = (
        await alice.post(f"/api/v1/accounts/{bob.id}/note", json={"comment": "from work"})
    ).json()
    assert tie["note"] == "from work"
    seen = (await bob.get(f"/api/v1/accounts/relationships?id[]={alice.id}")).json()
    assert seen[0]["note"] == ""


async def test_followers_come_in_pages_that_join_without_gap(site):
    star = await site.member("star")
    for number in range(7):
        fan = await site.member(f"fan{number}")
        site.clock.advance(1)
        await fan.post(f"/api/v1/accounts/{star.id}/follow")
    names: list[str] = []
    path = f"/api/v1/accounts/{star.id}/followers?limit=3"
    pages = 0
    while path:
        answer = await site.client.get(path)
        names += [one["username"] for one in answer.json()]
        path = answer.links.get("next", {}).get("url", "")
        pages += 1
    assert names == [f"fan{number}" for number in reversed(range(7))]
    assert pages == 3
    newest = await site.client.get(f"/api/v1/accounts/{star.id}/followers?limit=3")
    newer = await site.client.get(newest.links["prev"]["url"])
    assert newer.json() == []


async def test_min_id_reads_upwards_and_answers_downwards(site):
    alice = await site.member("alice")
    others = [await site.member(f"other{number}") for number in range(4)]
    for other in others:
        await alice.post(f"/api/v1/accounts/{other.id}/follow")
    path = f"/api/v1/accounts/{alice.id}/following"
    first = await site.client.get(path, params={"min_id": 1, "limit": 1})
    assert [one["username"] for one in first.json()] == ["other0"]
    cursor = parse_qs(urlsplit(first.links["prev"]["url"]).query)["min_id"][0]
    page = await site.client.get(path, params={"min_id": cursor, "limit": 2})
    assert [one["username"] for one in page.json()] == ["other2", "other1"]
    page = await site.client.get(path, params={"since_id": cursor, "limit": 2})
    assert [one["username"] for one in page.json()] == ["other3", "other2"]


async def test_hidden_ties_are_shown_to_their_owner_alone(site):
    alice, bob = await site.member("alice"), await site.member("bob")
    await alice.post(f"/api/v1/accounts/{bob.id}/follow")
    await alice.patch("/api/v1/accounts/update_credentials", json={"hide_collections": True})
    path = f"/api/v1/accounts/{alice.id}/following"
    assert (await bob.get(path)).json() == []
    assert len((await alice.get(path)).json()) == 1
