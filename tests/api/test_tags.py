"""Hashtags: their timelines, who follows and features them, and when they are a trend."""

from __future__ import annotations

import pytest

from tests.api.gathering import be_found, crowd, hears, ids, publish, walk
from tests.kit.site import open_site
from venire.kernel.clock import DAY_MS
from venire.posts import tag_choices
from venire.posts.tags import LISTED_MOST, edited_tag_writes, tag_of
from venire.storage.tables.tags import TAG_POSTS

pytestmark = pytest.mark.anyio

TAG = "/api/v1/timelines/tag"


@pytest.fixture
async def site(tmp_path):
    async with open_site(tmp_path, subscriptions=hears) as opened:
        yield opened


async def test_public_posts_stand_under_their_tags_whoever_looks(site):
    ani, bob = await crowd(site, "ani", "bob")
    one = await publish(ani, "#Kopi pagi")
    two = await publish(bob, "ＫＯＰＩ: #ＫＯＰＩ #teh")
    await publish(ani, "#kopi", visibility="unlisted")
    await publish(ani, "#kopi", visibility="private")
    assert await ids(bob, f"{TAG}/kopi") == [two, one]
    assert await ids(bob, f"{TAG}/%23KOPI") == [two, one]
    answer = await site.client.get(f"{TAG}/kopi")
    assert [post["id"] for post in answer.json()] == [two, one]
    assert await ids(bob, f"{TAG}/kopi", remote="true") == []
    assert await ids(bob, f"{TAG}/kopi", local="true") == [two, one]
    assert await ids(bob, f"{TAG}/kopi", only_media="true") == []
    assert await ids(bob, f"{TAG}/nothing") == []
    assert await ids(bob, f"{TAG}/1 2") == []


async def test_tags_are_combined_with_any_all_and_none(site):
    ani = await site.member("ani")
    a = await publish(ani, "#a")
    b = await publish(ani, "#b")
    ab = await publish(ani, "#a #b")
    abc = await publish(ani, "#a #b #c")
    assert await ids(ani, f"{TAG}/a", **{"any[]": "b"}) == [abc, ab, b, a]
    assert await ids(ani, f"{TAG}/a", **{"all[]": "B"}) == [abc, ab]
    assert await ids(ani, f"{TAG}/a", **{"none[]": "c"}) == [ab, a]
    assert await ids(ani, f"{TAG}/a", **{"all[]": "b", "none[]": ["c", "d"]}) == [ab]


async def test_a_tag_comes_in_pages_across_months(site):
    ani = await site.member("ani")
    made = []
    for _ in range(5):
        made += [await publish(ani, "#kopi") for _ in range(2)]
        site.clock.advance(40 * DAY_MS)
    await site.settle()
    pages = await walk(ani, f"{TAG}/kopi?limit=3")
    assert [post["id"] for page in pages for post in page] == made[::-1]
    assert await ids(ani, f"{TAG}/kopi", min_id=made[3], limit=2) == [made[5], made[4]]


async def test_what_may_not_be_seen_is_passed_over_under_a_tag(site):
    ani, bob, eve = await crowd(site, "ani", "bob", "eve")
    one, two, three = [await publish(member, "#kopi") for member in (ani, bob, eve)]
    await ani.post(f"/api/v1/accounts/{bob.id}/mute")
    await eve.post(f"/api/v1/accounts/{ani.id}/block")
    assert await ids(ani, f"{TAG}/kopi") == [one]
    await ani.delete(f"/api/v1/statuses/{one}")
    assert await ids(bob, f"{TAG}/kopi") == [three, two]


async def test_an_edit_moves_a_post_from_one_tag_to_another(site):
    ani = await site.member("ani")
    one = await publish(ani, "#kopi")
    answer = await ani.put(f"/api/v1/statuses/{one}", json={"status": "#teh"})
    assert answer.status_code == 200, answer.text
    assert await ids(ani, f"{TAG}/kopi") == []
    assert await ids(ani, f"{TAG}/teh") == [one]


async def test_a_post_with_very_many_tags_is_listed_under_few(site):
    ani = await site.member("ani")
    await publish(ani, " ".join(f"#{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(250)))
    rows, _ = await site.storage.scan(TAG_POSTS)
    assert 0 < len(rows) <= LISTED_MOST
    long = await ani.post("/api/v1/statuses", json={"status": "#a" * 10_000})
    assert long.status_code in {413, 422}


async def test_an_edit_adds_only_the_rows_of_new_tags(site):
    from venire.posts.store import load

    ani = await site.member("ani")
    old = await load(site.world, int(await publish(ani, "#a #b")))
    assert old is not None
    import msgspec

    new = msgspec.structs.replace(old, tags=("b", "c"))
    assert [write.row.tag for write in edited_tag_writes(old, new)] == ["c"]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Kopi", "kopi"),
        ("#Kopi", "kopi"),
        ("ｋｏｐｉ", "kopi"),
        ("café", "café"),
        ("123", None),
        ("a b", None),
        ("a/b", None),
        ("", None),
        ("#", None),
        ("x" * 101, None),
    ],
)
def test_a_name_is_a_tag_where_a_text_would_have_one(name, key):
    assert tag_of(name) == key


async def test_a_tag_is_followed_and_left(site):
    ani = await site.member("ani")
    nobody = (await site.client.get("/api/v1/tags/Kopi")).json()
    assert (nobody["name"], nobody["following"], nobody["featuring"]) == ("kopi", None, None)
    assert len(nobody["history"]) == 7
    tag = (await ani.post("/api/v1/tags/Kopi/follow")).json()
    assert (tag["name"], tag["following"]) == ("kopi", True)
    assert tag["url"].endswith("/tags/kopi")
    for name in ("teh", "gula", "kopi"):
        site.clock.advance(1)
        await ani.post(f"/api/v1/tags/{name}/follow")
    pages = await walk(ani, "/api/v1/followed_tags?limit=2")
    assert [tag["name"] for page in pages for tag in page] == ["gula", "teh", "kopi"]
    left = (await ani.post("/api/v1/tags/kopi/unfollow")).json()
    assert left["following"] is False
    rows = await tag_choices.followed_tags(site.world, ani.id)
    assert [row.tag for row in rows] == ["gula", "teh"]
    assert (await ani.post("/api/v1/tags/a b/follow")).status_code == 404
    assert (await site.client.post("/api/v1/tags/kopi/follow")).status_code == 401


async def test_only_so_many_tags_are_followed(site, monkeypatch):
    monkeypatch.setattr(tag_choices, "FOLLOWED_MOST", 1)
    ani = await site.member("ani")
    assert (await ani.post("/api/v1/tags/a/follow")).status_code == 200
    assert (await ani.post("/api/v1/tags/a/follow")).status_code == 200
    assert (await ani.post("/api/v1/tags/b/follow")).status_code == 422


async def test_a_featured_tag_counts_its_owners_posts(site):
    ani, bob = await crowd(site, "ani", "bob")
    await publish(ani, "#kopi one")
    await publish(ani, "#kopi two #teh", visibility="unlisted")
    await publish(bob, "#kopi three")
    await site.settle()
    suggested = (await ani.get("/api/v1/featured_tags/suggestions")).json()
    assert [tag["name"] for tag in suggested] == ["kopi", "teh"]
    made = (await ani.post("/api/v1/featured_tags", data={"name": "#Kopi"})).json()
    assert (made["name"], made["statuses_count"]) == ("kopi", "2")
    last = await publish(ani, "#kopi four")
    await site.settle()
    (shown,) = (await bob.get(f"/api/v1/accounts/{ani.id}/featured_tags")).json()
    assert (shown["statuses_count"], shown["id"]) == ("3", made["id"])
    await ani.delete(f"/api/v1/statuses/{last}")
    await site.settle()
    (shown,) = (await ani.get("/api/v1/featured_tags")).json()
    assert shown["statuses_count"] == "2"
    assert (await bob.delete(f"/api/v1/featured_tags/{made['id']}")).status_code == 404
    assert (await ani.delete(f"/api/v1/featured_tags/{made['id']}")).json() == {}
    assert (await ani.get("/api/v1/featured_tags")).json() == []
    tag = (await ani.post("/api/v1/tags/teh/feature")).json()
    assert tag["featuring"] is True
    assert (await ani.post("/api/v1/tags/teh/unfeature")).json()["featuring"] is False
    assert (await ani.post("/api/v1/featured_tags", json={"name": "1"})).status_code == 422
    for number in range(10):
        await ani.post(f"/api/v1/tags/t{number}/feature")
    assert (await ani.post("/api/v1/tags/x/feature")).status_code == 422


async def test_a_tag_is_a_trend_when_enough_people_use_it(site):
    members = await crowd(site, *(f"one{number}" for number in range(5)))
    for _ in range(3):
        for member in members[:4]:
            await publish(member, "#kopi")
    await site.settle()
    assert (await site.client.get("/api/v1/trends/tags")).json() == []
    await publish(members[4], "#Kopi")
    await site.settle()
    (tag,) = (await members[0].get("/api/v1/trends")).json()
    assert tag["name"] == "kopi"
    assert (tag["history"][0]["accounts"], tag["history"][0]["uses"]) == ("5", "13")
    assert tag["history"][1]["uses"] == "0"
    site.clock.advance(2 * DAY_MS)
    assert (await site.client.get("/api/v1/trends/tags")).json() == []
    shown = (await site.client.get("/api/v1/tags/kopi")).json()
    assert shown["history"][2]["accounts"] == "5"


async def test_a_post_is_a_trend_when_enough_people_like_it(site):
    star, *fans = await crowd(site, "star", *(f"fan{number}" for number in range(5)))
    one, two = await publish(star, "one"), await publish(star, "two")
    for fan in fans:
        await fan.post(f"/api/v1/statuses/{one}/favourite")
    for fan in fans[:4]:
        await fan.post(f"/api/v1/statuses/{two}/favourite")
    await site.settle()
    path = "/api/v1/trends/statuses"
    assert await ids(fans[0], path) == []
    await be_found(star)
    assert await ids(fans[0], path) == [one]
    await fans[0].post(f"/api/v1/accounts/{star.id}/block")
    assert await ids(fans[0], path) == []
    assert await ids(fans[1], path, offset=1) == []
    assert (await site.client.get("/api/v1/trends/links")).json() == []
