"""Filters in both versions, and what a status says of them."""

from __future__ import annotations

import pytest

from venire.kernel.clock import HOUR_MS

pytestmark = pytest.mark.anyio

V2 = "/api/v2/filters"
V1 = "/api/v1/filters"


async def made(member, **more) -> dict:
    body = {
        "title": "Coffee",
        "context": ["home", "public"],
        "keywords_attributes": [{"keyword": "coffee"}],
        **more,
    }
    answer = await member.post(V2, json=body)
    answer.raise_for_status()
    return answer.json()


async def filtered(member, post_id: str) -> list[dict]:
    return (await member.get(f"/api/v1/statuses/{post_id}")).json()["filtered"]


async def post(member, text: str, **more) -> str:
    member.site.clock.advance(1)
    return (await member.post("/api/v1/statuses", json={"status": text, **more})).json()["id"]


async def test_a_filter_is_made_read_changed_and_removed(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    one = await made(ani, filter_action="hide", expires_in=3600)
    assert (one["title"], one["filter_action"], one["context"]) == (
        "Coffee",
        "hide",
        ["home", "public"],
    )
    assert one["expires_at"] is not None
    (word,) = one["keywords"]
    assert (word["keyword"], word["whole_word"]) == ("coffee", True)
    assert (await ani.get(V2)).json() == [one]
    assert (await ani.get(f"{V2}/{one['id']}")).json() == one
    assert (await bob.get(f"{V2}/{one['id']}")).status_code == 404
    changes = [
        {"id": word["id"], "keyword": "koffie", "whole_word": False},
        {"keyword": "tea"},
    ]
    changed = await ani.put(
        f"{V2}/{one['id']}",
        json={"title": "Drinks", "expires_in": None, "keywords_attributes": changes},
    )
    assert changed.json()["expires_at"] is None
    assert [each["keyword"] for each in changed.json()["keywords"]] == ["koffie", "tea"]
    gone = [{"id": word["id"], "_destroy": True}]
    left = await ani.put(f"{V2}/{one['id']}", json={"keywords_attributes": gone})
    assert [each["keyword"] for each in left.json()["keywords"]] == ["tea"]
    assert (await bob.delete(f"{V2}/{one['id']}")).status_code == 404
    assert (await ani.delete(f"{V2}/{one['id']}")).json() == {}
    assert (await ani.get(V2)).json() == []


async def test_rails_names_in_a_form_make_the_same_filter(site):
    ani = await site.member("ani")
    answer = await ani.post(
        V2,
        data={
            "title": "x",
            "context[]": ["home", "thread"],
            "keywords_attributes[0][keyword]": "one",
            "keywords_attributes[1][keyword]": "two",
            "keywords_attributes[1][whole_word]": "false",
        },
    )
    words = answer.json()["keywords"]
    assert [(one["keyword"], one["whole_word"]) for one in words] == [("one", True), ("two", False)]
    assert answer.json()["context"] == ["home", "thread"]


async def test_a_status_says_what_was_found_in_it_and_by_which_filter(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    one = await made(ani)
    found = await post(bob, "Hot COFFEE now")
    other = await post(bob, "Decoffeeinated")
    behind = await post(bob, "hello", spoiler_text="about coffee")
    (result,) = await filtered(ani, found)
    assert result["filter"]["id"] == one["id"]
    assert "keywords" not in result["filter"]
    assert (result["keyword_matches"], result["status_matches"]) == (["coffee"], None)
    assert await filtered(ani, other) == []
    assert len(await filtered(ani, behind)) == 1
    assert await filtered(bob, found) == []
    own = await post(ani, "my coffee")
    assert await filtered(ani, own) == []


async def test_a_filter_that_lapsed_finds_nothing_and_is_still_listed(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    await made(ani, expires_in=3600)
    found = await post(bob, "coffee")
    assert len(await filtered(ani, found)) == 1
    site.clock.advance(HOUR_MS)
    assert await filtered(ani, found) == []
    assert len((await ani.get(V2)).json()) == 1


async def test_phrases_have_addresses_of_their_own(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    one = await made(ani)
    added = (await ani.post(f"{V2}/{one['id']}/keywords", json={"keyword": "Tee"})).json()
    listed = (await ani.get(f"{V2}/{one['id']}/keywords")).json()
    assert [each["keyword"] for each in listed] == ["coffee", "Tee"]
    path = f"{V2}/keywords/{added['id']}"
    assert (await ani.get(path)).json() == added
    assert (await bob.get(path)).status_code == 404
    changed = await ani.put(path, json={"keyword": "tea", "whole_word": False})
    assert changed.json() == {"id": added["id"], "keyword": "tea", "whole_word": False}
    assert (await ani.delete(path)).json() == {}
    assert (await ani.delete(path)).status_code == 404


async def test_a_filter_names_posts_that_its_owner_sees(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    one = await made(ani)
    shown = await post(bob, "hello")
    hidden = await post(bob, "hello", visibility="direct")
    path = f"{V2}/{one['id']}/statuses"
    named = (await ani.post(path, json={"status_id": shown})).json()
    assert named["status_id"] == shown
    assert (await ani.post(path, json={"status_id": shown})).status_code == 422
    assert (await ani.post(path, json={"status_id": hidden})).status_code == 404
    assert (await ani.get(path)).json() == [named]
    assert (await ani.get(f"{V2}/statuses/{named['id']}")).json() == named
    (result,) = await filtered(ani, shown)
    assert (result["keyword_matches"], result["status_matches"]) == (None, [shown])
    assert (await ani.delete(f"{V2}/statuses/{named['id']}")).json() == {}
    assert await filtered(ani, shown) == []


@pytest.mark.parametrize(
    "body",
    [
        {"title": ""},
        {"title": "x" * 257},
        {"context": []},
        {"context": ["home", "nowhere"]},
        {"filter_action": "burn"},
        {"keywords_attributes": [{"keyword": " "}]},
        {"keywords_attributes": [{"keyword": "x" * 513}]},
        {"keywords_attributes": [{"keyword": str(n)} for n in range(501)]},
        {"keywords_attributes": [{"keyword": f"{n:04}" + "é" * 500} for n in range(60)]},
    ],
)
async def test_what_is_no_filter_is_refused_and_nothing_is_kept(site, body):
    ani = await site.member("ani")
    answer = await ani.post(V2, json={"title": "t", "context": ["home"], **body})
    assert answer.status_code == 422
    assert answer.json()["code"] in {"filter_invalid", "too_many_filters", "filter_too_large"}
    assert (await ani.get(V2)).json() == []


async def test_a_member_has_a_hundred_filters_and_no_more(site):
    ani = await site.member("ani")
    for number in range(100):
        await made(ani, title=f"{number}", keywords_attributes=[])
    over = await ani.post(V2, json={"title": "t", "context": ["home"]})
    assert (over.status_code, over.json()["code"]) == (422, "too_many_filters")
    assert len((await ani.get(V2)).json()) == 100


async def test_version_one_has_a_filter_for_each_phrase(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    body = {"phrase": "tea", "context": ["home"], "irreversible": True, "expires_in": 60}
    one = (await ani.post(V1, json=body)).json()
    assert (one["phrase"], one["whole_word"], one["irreversible"]) == ("tea", False, True)
    (whole,) = (await ani.get(V2)).json()
    assert (whole["title"], whole["filter_action"]) == ("tea", "hide")
    assert (await ani.get(f"{V1}/{one['id']}")).json() == one
    assert (await bob.get(f"{V1}/{one['id']}")).status_code == 404
    changed = await ani.put(
        f"{V1}/{one['id']}",
        json={"phrase": "Tee", "context": ["public"], "whole_word": True, "irreversible": False},
    )
    assert (changed.json()["phrase"], changed.json()["context"]) == ("Tee", ["public"])
    assert changed.json()["irreversible"] is False
    await made(ani, keywords_attributes=[{"keyword": "a"}, {"keyword": "b"}])
    assert [each["phrase"] for each in (await ani.get(V1)).json()] == ["Tee", "a", "b"]
    a = (await ani.get(V1)).json()[1]
    shared = await ani.put(f"{V1}/{a['id']}", json={"phrase": "a", "context": ["thread"]})
    assert (shared.status_code, shared.json()["code"]) == (422, "filter_shared")
    assert (await ani.delete(f"{V1}/{one['id']}")).json() == {}
    assert [each["title"] for each in (await ani.get(V2)).json()] == ["Coffee"]


async def test_scopes_stand_between_an_app_and_filters(site):
    assert (await site.client.get(V2)).status_code == 401
