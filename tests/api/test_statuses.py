"""Posts, as Mastodon's clients write and read them."""

from __future__ import annotations

import pytest

from venire.posts import actions

pytestmark = pytest.mark.anyio

STATUSES = "/api/v1/statuses"


async def publish(member, text: str = "hello", **more):
    answer = await member.post(STATUSES, json={"status": text, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def hide(site, post, state: str = "held") -> None:
    await actions.set_state(
        site.world, int(post["id"]), state, case_id=1, rule=1, at_ms=site.clock.now_ms()
    )


async def test_a_post_comes_back_as_an_entity_with_every_key(site):
    ani, bob = await site.member("ani"), await site.member("Bob")
    made = await publish(ani, "halo @bob #Kota https://a.example/x", language="id")
    assert made["visibility"] == "public"
    assert made["language"] == "id"
    assert made["account"]["username"] == "ani"
    assert made["url"] == f"http://venire.test/@ani/{made['id']}"
    assert made["created_at"].endswith("Z")
    assert made["mentions"] == [
        {
            "id": str(bob.id),
            "username": "Bob",
            "acct": "Bob",
            "url": "http://venire.test/@Bob",
        }
    ]
    assert made["tags"] == [{"name": "kota", "url": "http://venire.test/tags/kota"}]
    for address in ("http://venire.test/@Bob", "http://venire.test/tags/kota"):
        assert f'href="{address}"' in made["content"]
    for empty in (
        "in_reply_to_id",
        "in_reply_to_account_id",
        "edited_at",
        "reblog",
        "card",
        "poll",
    ):
        assert made[empty] is None
    for flag in ("favourited", "reblogged", "muted", "bookmarked", "pinned"):
        assert made[flag] is False
    stranger = (await site.client.get(f"{STATUSES}/{made['id']}")).json()
    # What one may do with a post is one's own: a stranger may not quote.
    assert {**stranger, "quote_approval": made["quote_approval"]} == made


@pytest.mark.parametrize("how", ["json", "data"])
async def test_forms_and_json_are_the_same(site, how):
    ani = await site.member("ani")
    answer = await ani.post(
        STATUSES,
        **{
            how: {"status": "x", "spoiler_text": "w", "visibility": "unlisted", "sensitive": "true"}
        },
    )
    made = answer.json()
    assert (made["spoiler_text"], made["visibility"], made["sensitive"]) == ("w", "unlisted", True)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"status": ""}, 422, "text_blank"),
        ({}, 422, "text_blank"),
        ({"status": "x" * 1_001}, 422, "text_too_long"),
        ({"status": "x" * 70_000}, 422, "text_too_long"),
        ({"status": "👩‍👩‍👧‍👦" * 900}, 413, "text_too_large"),
        ({"status": "x", "visibility": "secret"}, 422, "visibility_unknown"),
        ({"status": "x", "in_reply_to_id": "5"}, 404, "reply_target_missing"),
        ({"status": "x", "in_reply_to_id": "abc"}, 422, "parameter_invalid"),
        ({"status": {"a": 1}}, 422, "parameter_invalid"),
        ({"status": "x", "media_ids": ["1"]}, 422, "media_unknown"),
        ({"status": "x", "poll": {"options": ["a", "b"]}}, 422, "poll_invalid"),
        ({"status": "x", "scheduled_at": "2020-01-01"}, 422, "schedule_too_soon"),
    ],
)
async def test_what_cannot_be_posted_is_refused_with_a_code(site, body, status, code):
    ani = await site.member("ani")
    answer = await ani.post(STATUSES, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["error"]


async def test_a_stranger_cannot_post(site):
    answer = await site.client.post(STATUSES, json={"status": "x"})
    assert answer.status_code == 401


async def test_a_key_is_answered_with_the_first_post(site):
    ani = await site.member("ani")
    ani.headers["Idempotency-Key"] = "k"
    first = await publish(ani, "once")
    assert await publish(ani, "twice") == first


async def test_a_post_is_edited_and_its_history_kept(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    made = await publish(ani, "one @bob")
    site.clock.advance(5_000)
    answer = await ani.put(f"{STATUSES}/{made['id']}", json={"status": "two", "spoiler_text": "w"})
    edited = answer.json()
    assert edited["content"] == "<p>two</p>"
    assert edited["edited_at"] is not None
    history = (await bob.get(f"{STATUSES}/{made['id']}/history")).json()
    assert [one["content"] for one in history] == [made["content"], "<p>two</p>"]
    assert [one["created_at"] for one in history] == [made["created_at"], edited["edited_at"]]
    source = (await ani.get(f"{STATUSES}/{made['id']}/source")).json()
    assert source == {"id": made["id"], "text": "two", "spoiler_text": "w"}
    refused = await bob.put(f"{STATUSES}/{made['id']}", json={"status": "mine"})
    assert refused.status_code == 404


async def test_a_deleted_post_answers_with_its_text_and_is_gone(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    made = await publish(ani, "one\ntwo")
    assert (await bob.delete(f"{STATUSES}/{made['id']}")).status_code == 404
    answer = (await ani.delete(f"{STATUSES}/{made['id']}")).json()
    assert (answer["id"], answer["text"]) == (made["id"], "one\ntwo")
    for member in (ani, bob):
        assert (await member.get(f"{STATUSES}/{made['id']}")).status_code == 404


async def test_several_posts_at_once_leave_out_what_may_not_be_seen(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    one, two = await publish(ani, "one"), await publish(ani, "two", visibility="private")
    query = f"{STATUSES}?id[]={two['id']}&id[]={one['id']}&id[]=7"
    assert [post["id"] for post in (await bob.get(query)).json()] == [one["id"]]
    assert [post["id"] for post in (await ani.get(query)).json()] == [two["id"], one["id"]]


async def test_a_conversation_has_its_ancestors_and_descendants(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    root = await publish(ani, "root")
    answer = await publish(bob, "answer", in_reply_to_id=root["id"])
    last = await publish(ani, "last", in_reply_to_id=answer["id"])
    assert answer["in_reply_to_id"] == root["id"]
    assert answer["in_reply_to_account_id"] == str(ani.id)
    around = (await site.client.get(f"{STATUSES}/{answer['id']}/context")).json()
    assert [post["id"] for post in around["ancestors"]] == [root["id"]]
    assert [post["id"] for post in around["descendants"]] == [last["id"]]


HIDDEN_PATHS = ("", "/context", "/source", "/history")


@pytest.mark.parametrize("state", ["held", "removed"])
async def test_a_hidden_post_is_404_at_every_address_and_comes_back_in_place(site, state):
    ani, bob = await site.member("ani"), await site.member("bob")
    made = await publish(ani)
    await hide(site, made, state)
    own = 200 if state == "held" else 404
    for path in HIDDEN_PATHS:
        address = f"{STATUSES}/{made['id']}{path}"
        assert (await bob.get(address)).status_code == 404
        assert (await ani.get(address)).status_code == own
    assert (await bob.get(f"{STATUSES}?id[]={made['id']}")).json() == []
    await hide(site, made, "visible")
    assert (await bob.get(f"{STATUSES}/{made['id']}")).json() == made


async def test_a_held_post_cannot_be_changed_and_can_be_deleted(site):
    ani = await site.member("ani")
    made = await publish(ani)
    await hide(site, made)
    refused = await ani.put(f"{STATUSES}/{made['id']}", json={"status": "other"})
    assert (refused.status_code, refused.json()["code"]) == (403, "post_held")
    assert (await ani.delete(f"{STATUSES}/{made['id']}")).status_code == 200
    await hide(site, made, "visible")
    assert (await ani.get(f"{STATUSES}/{made['id']}")).status_code == 404


@pytest.mark.parametrize(
    ("visibility", "follower", "named", "stranger"),
    [
        ("public", 200, 200, 200),
        ("unlisted", 200, 200, 200),
        ("private", 200, 200, 404),
        ("direct", 404, 200, 404),
    ],
)
async def test_each_visibility_is_seen_by_whom_it_says(site, visibility, follower, named, stranger):
    ani, fan, bob, eve = [await site.member(name) for name in ("ani", "fan", "bob", "eve")]
    await fan.post(f"/api/v1/accounts/{ani.id}/follow")
    made = await publish(ani, "hi @bob", visibility=visibility)
    found = [
        (await member.get(f"{STATUSES}/{made['id']}")).status_code for member in (fan, bob, eve)
    ]
    assert found == [follower, named, stranger]
    assert (await site.client.get(f"{STATUSES}/{made['id']}")).status_code == stranger
    await ani.post(f"/api/v1/accounts/{bob.id}/block")
    assert (await bob.get(f"{STATUSES}/{made['id']}")).status_code == 404


async def test_ids_that_are_none_name_nothing(site):
    for odd in ("0", "abc", "-1", "9" * 30, "%00", "1e3"):
        assert (await site.client.get(f"{STATUSES}/{odd}")).status_code == 404
