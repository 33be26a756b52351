"""Endorsements, familiar followers, the directory, suggestions, blocked domains, profile, news."""

from __future__ import annotations

import pytest

from tests.api.gathering import be_found, crowd, follow, hears, names, publish, walk
from tests.kit.site import open_site
from venire.kernel.clock import DAY_MS
from venire.people import acquaintances, endorsements
from venire.posts import announcements

pytestmark = pytest.mark.anyio


@pytest.fixture
async def site(tmp_path):
    async with open_site(tmp_path, subscriptions=hears) as opened:
        yield opened


async def test_an_endorsement_needs_a_follow_and_ends_with_it(site):
    ani, bob = await crowd(site, "ani", "bob")
    path = f"/api/v1/accounts/{bob.id}"
    refused = await ani.post(f"{path}/endorse")
    assert (refused.status_code, refused.json()["code"]) == (422, "endorsement_needs_follow")
    await follow(ani, bob)
    assert (await ani.post(f"{path}/endorse")).json()["endorsed"] is True
    assert (await ani.post(f"{path}/pin")).json()["endorsed"] is True
    assert await names(bob, f"/api/v1/accounts/{ani.id}/endorsements") == ["bob"]
    assert await names(ani, "/api/v1/endorsements") == ["bob"]
    assert (await ani.post(f"{path}/unpin")).json()["endorsed"] is False
    assert await names(ani, "/api/v1/endorsements") == []
    await ani.post(f"{path}/endorse")
    await ani.post(f"{path}/unfollow")
    await site.settle()
    assert await names(ani, "/api/v1/endorsements") == []
    assert (await ani.post("/api/v1/accounts/1/endorse")).status_code == 404
    assert (await ani.post("/api/v1/accounts/1/unendorse")).status_code == 404


async def test_endorsements_are_few_and_come_in_pages(site, monkeypatch):
    monkeypatch.setattr(endorsements, "ENDORSED_MOST", 5)
    ani, *others = await crowd(site, "ani", *(f"one{number}" for number in range(6)))
    await follow(ani, *others)
    for other in others[:5]:
        await ani.post(f"/api/v1/accounts/{other.id}/endorse")
    pages = await walk(ani, "/api/v1/endorsements?limit=2")
    assert [len(page) for page in pages] == [2, 2, 1]
    more = await ani.post(f"/api/v1/accounts/{others[5].id}/endorse")
    assert more.status_code == 422


@pytest.mark.parametrize("looked_at", [1_000, 1])
async def test_familiar_followers_are_those_one_follows_too(site, monkeypatch, looked_at):
    """Found from the account's followers where they are few, from one's own follows else."""
    monkeypatch.setattr(acquaintances, "_LOOKED_AT", looked_at)
    ani, bob, cat, star = await crowd(site, "ani", "bob", "cat", "star")
    await follow(ani, bob)
    await follow(bob, star)
    await follow(cat, star)
    await site.settle()
    path = f"/api/v1/accounts/familiar_followers?id[]={star.id}&id[]={cat.id}"
    first, second = (await ani.get(path)).json()
    assert (first["id"], [one["username"] for one in first["accounts"]]) == (str(star.id), ["bob"])
    assert second["accounts"] == []
    await bob.patch("/api/v1/accounts/update_credentials", json={"hide_collections": True})
    assert (await ani.get(path)).json()[0]["accounts"] == []
    many = "&".join(f"id[]={number}" for number in range(1, 50))
    assert (await ani.get(f"/api/v1/accounts/familiar_followers?{many}")).status_code == 422


async def test_the_directory_lists_who_wants_to_be_found(site):
    ani, bob, eve = await crowd(site, "ani", "bob", "eve")
    await be_found(ani, bob)
    for member in (bob, eve, ani):
        await publish(member)
    await site.settle()
    path = "/api/v1/directory"
    assert await names(eve, path) == ["ani", "bob"]
    assert await names(eve, path, order="active", limit=1, offset=1) == ["bob"]
    assert await names(eve, path, order="new") == ["bob", "ani"]
    await eve.post(f"/api/v1/accounts/{ani.id}/block")
    assert await names(eve, path) == ["bob"]
    assert await names(eve, path, order="new", local="true") == ["bob"]
    site.clock.advance(70 * DAY_MS)
    assert [one["username"] for one in (await site.client.get(f"{path}?order=new")).json()] == [
        "bob",
        "ani",
    ]


async def test_friends_of_friends_are_suggested_before_the_popular(site):
    ani, bob, cat, dan, eve = await crowd(site, "ani", "bob", "cat", "dan", "eve")
    await be_found(bob, cat, dan, eve)
    await follow(ani, bob)
    await follow(bob, cat)
    await follow(cat, dan)
    for member in (cat, dan, eve):
        await publish(member)
    await site.settle()
    found = (await ani.get("/api/v2/suggestions")).json()
    assert [(one["account"]["username"], one["sources"]) for one in found] == [
        ("cat", ["friends_of_friends"]),
        ("dan", ["most_followed"]),
        ("eve", ["most_followed"]),
    ]
    assert await names(ani, "/api/v1/suggestions", limit=1) == ["cat"]
    assert (await ani.delete(f"/api/v1/suggestions/{cat.id}")).json() == {}
    assert (await ani.delete("/api/v1/suggestions/1")).json() == {}
    await ani.post(f"/api/v1/accounts/{eve.id}/mute")
    await dan.patch("/api/v1/accounts/update_credentials", json={"discoverable": False})
    assert await names(ani, "/api/v1/suggestions") == []


async def test_domains_are_blocked_in_one_form(site):
    ani = await site.member("ani")
    path = "/api/v1/domain_blocks"
    assert (await ani.post(path, json={"domain": "Bad.Example."})).json() == {}
    assert (await ani.post(path, data={"domain": "bad.example"})).json() == {}
    await ani.post(path, json={"domain": "bücher.example"})
    site.clock.advance(1)
    await ani.post(path, json={"domain": "worse.example"})
    assert (await ani.get(path)).json() == [
        "worse.example",
        "xn--bcher-kva.example",
        "bad.example",
    ]
    pages = await walk(ani, f"{path}?limit=2")
    assert [len(page) for page in pages] == [2, 1]
    assert (await ani.delete(f"{path}?domain=bad.example")).json() == {}
    assert len((await ani.get(path)).json()) == 2
    for wrong in ("", "no dots", "a..b", "http://x.example/", "-x.example", "x" * 300 + ".example"):
        assert (await ani.post(path, json={"domain": wrong})).status_code == 422, wrong
    preview = (await ani.get(f"{path}/preview?domain=bad.example")).json()
    assert preview == {"following_count": 0, "followers_count": 0}


async def test_a_profile_is_read_and_changed_in_one_piece(site):
    ani = await site.member("ani")
    path = "/api/v1/profile"
    before = (await ani.get(path)).json()
    assert (before["note"], before["show_media"], before["attribution_domains"]) == ("", True, [])
    body = {
        "display_name": "Ani",
        "note": "two\nlines",
        "show_media": False,
        "attribution_domains": ["Blog.example", "blog.example"],
        "fields_attributes": [{"name": "Web", "value": "https://ani.example"}],
    }
    after = (await ani.patch(path, json=body)).json()
    assert (after["display_name"], after["note"]) == ("Ani", "two\nlines")
    assert (after["show_media"], after["show_media_replies"]) == (False, True)
    assert after["attribution_domains"] == ["blog.example"]
    assert after["fields"][0]["name"] == "Web"
    assert (await ani.get(path)).json() == after
    wrong = await ani.patch(path, json={"display_name": "X", "attribution_domains": ["no dots"]})
    assert wrong.status_code == 422
    assert (await ani.get(path)).json() == after


async def test_what_the_site_announces_is_read_put_away_and_reacted_to(site):
    ani, bob = await crowd(site, "ani", "bob")
    until = site.clock.now_ms() + DAY_MS
    await announcements.announce(site.world, "Pemeliharaan & <rehat>", ends_at_ms=until)
    path = "/api/v1/announcements"
    (one,) = (await ani.get(path)).json()
    assert one["content"] == "<p>Pemeliharaan &amp; &lt;rehat&gt;</p>"
    assert (one["read"], one["reactions"]) == (False, [])
    reactions = f"{path}/{one['id']}/reactions"
    for _ in range(2):
        assert (await ani.put(f"{reactions}/🎉")).json() == {}
    await bob.put(f"{reactions}/🎉")
    await bob.put(f"{reactions}/👍🏽")
    (one,) = (await ani.get(path)).json()
    assert [(sign["name"], sign["count"], sign["me"]) for sign in one["reactions"]] == [
        ("🎉", 2, True),
        ("👍🏽", 1, False),
    ]
    assert (await ani.delete(f"{reactions}/🎉")).json() == {}
    assert (await bob.delete(f"{reactions}/👍🏽")).json() == {}
    assert (await ani.post(f"{path}/{one['id']}/dismiss")).json() == {}
    (one,) = (await ani.get(path)).json()
    assert (one["read"], len(one["reactions"]), one["reactions"][0]["count"]) == (True, 1, 1)
    assert (await bob.get(path)).json()[0]["read"] is False
    for wrong in ("hello", "1", "%20"):
        assert (await ani.put(f"{reactions}/{wrong}")).status_code == 422
    assert (await ani.put(f"{path}/1/reactions/🎉")).status_code == 404
    site.clock.advance(2 * DAY_MS)
    assert (await ani.get(path)).json() == []
    assert (await ani.post(f"{path}/{one['id']}/dismiss")).status_code == 404


async def test_only_so_many_signs_stand_under_an_announcement(site):
    ani = await site.member("ani")
    row = await announcements.announce(site.world, "hello")
    signs = "🍎🍐🍊🍋🍌🍉🍇🍓🍒"
    answers = [
        (await ani.put(f"/api/v1/announcements/{row.id}/reactions/{sign}")).status_code
        for sign in signs
    ]
    assert answers == [200] * 8 + [422]


@pytest.mark.parametrize("name", ["🎉", "👍🏽", "❤️", "👩‍👩‍👧", "🇮🇩", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "↔️", "⭐"])
def test_an_emoji_is_a_sign(name):
    assert announcements.is_sign(name)


@pytest.mark.parametrize("name", ["", "a", "1", "🎉a", "blobcat", "\u200d", "<b>", "🎉" * 17, "+1"])
def test_a_word_is_no_sign(name):
    assert not announcements.is_sign(name)
