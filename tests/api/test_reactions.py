"""What members do with posts, as clients ask for it: marks, boosts, polls, quotes, their lists."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api.telling_site import publish, telling_subscriptions
from tests.kit.site import Member, OpenSite, open_site
from venire.cases.court import Court
from venire.people import standing, ties
from venire.posts import actions, counts, polls, tallies
from venire.posts.model import HELD, REMOVED, VISIBLE
from venire.storage.relay import Subscription

pytestmark = pytest.mark.anyio
STATUSES = "/api/v1/statuses"


def hears(court: Court) -> tuple[Subscription, ...]:
    world = court.world
    return (
        *telling_subscriptions(court),
        Subscription(
            tallies.CURSOR,
            hears=tallies.HEARS,
            page=lambda page, at: tallies.count_page(world, page, at),
        ),
        Subscription(
            polls.CURSOR, hears=polls.HEARS, page=lambda page, at: polls.count_page(world, page, at)
        ),
        Subscription("post_counts", lambda one: counts.count_replies(world, one), counts.HEARS),
    )


@pytest.fixture
async def site(tmp_path) -> AsyncIterator[OpenSite]:
    async with open_site(tmp_path, subscriptions=hears) as opened:
        yield opened


async def act(member: Member, post: str, what: str, **more: Any) -> Any:
    answer = await member.post(f"{STATUSES}/{post}/{what}", **more)
    assert answer.is_success, (what, answer.text)
    return answer.json()


async def get(member: Member, path: str) -> Any:
    answer = await member.get(path)
    assert answer.is_success, (path, answer.text)
    return answer.json()


async def walk(member: Member, path: str, rel: str = "next") -> list[str]:
    """The ids of a list, by following its Link header."""
    seen: list[str] = []
    for _ in range(50):
        answer = await member.get(path)
        assert answer.is_success, answer.text
        ids = [one["id"] for one in answer.json()]
        seen = seen + ids if rel == "next" else ids + seen
        found = re.search(rf'<([^>]*)>; rel="{rel}"', answer.headers.get("link", ""))
        if found is None or (rel == "prev" and not ids):
            return seen
        path = found[1]
    raise AssertionError("it has no end")


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


# polls


async def test_a_poll_is_asked_answered_and_shown(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    asked = {"options": ["tea", "<b>coffee</b>"], "expires_in": 300, "multiple": True}
    post = await publish(ani, "which?", poll=asked)
    answer = await bob.post(f"/api/v1/polls/{post}/votes", json={"choices": ["1", 0]})
    assert answer.json()["own_votes"] == [1, 0]
    await site.settle()
    poll = (await get(bob, f"{STATUSES}/{post}"))["poll"]
    assert poll == (await get(bob, f"/api/v1/polls/{post}"))
    assert (poll["id"], poll["votes_count"], poll["voters_count"]) == (post, 2, 1)
    assert (poll["voted"], poll["own_votes"], poll["expired"]) == (True, [1, 0], False)
    assert [one["title"] for one in poll["options"]] == ["tea", "<b>coffee</b>"]
    strangers = (await site.client.get(f"/api/v1/polls/{post}")).json()
    assert "own_votes" not in strangers
    assert "voted" not in strangers
    assert (await get(ani, f"/api/v1/polls/{post}"))["voted"] is True


async def test_hidden_totals_are_told_when_the_poll_is_over(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    asked = {"options": ["a", "b"], "expires_in": 300, "hide_totals": True}
    post = await publish(ani, "which?", poll=asked)
    await bob.post(f"/api/v1/polls/{post}/votes", json={"choices": [0]})
    await site.settle()
    for member in (ani, bob):
        poll = await get(member, f"/api/v1/polls/{post}")
        assert [one["votes_count"] for one in poll["options"]] == [None, None]
    site.clock.advance(300_000)
    poll = await get(bob, f"/api/v1/polls/{post}")
    assert [one["votes_count"] for one in poll["options"]] == [1, 0]
    assert poll["expired"] is True


async def test_what_is_no_vote_is_refused(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    post = await publish(ani, "which?", poll={"options": ["a", "b"], "expires_in": 300})
    plain = await publish(ani, "x")
    path = f"/api/v1/polls/{post}/votes"
    for member, choices, code in (
        (ani, [0], "poll_own"),
        (bob, [], "poll_choice_invalid"),
        (bob, None, "poll_choice_invalid"),
        (bob, [7], "poll_choice_invalid"),
        (bob, ["-1"], "poll_choice_invalid"),
        (bob, ["a"], "poll_choice_invalid"),
        (bob, [None], "parameter_invalid"),
        (bob, [{"a": 1}], "parameter_invalid"),
        (bob, [0, 1], "poll_choice_invalid"),
        (bob, list(range(5_000)), "poll_choice_invalid"),
        (bob, ["\u0661"], "poll_choice_invalid"),
    ):
        answer = await member.post(path, json={"choices": choices})
        assert (answer.status_code, answer.json()["code"]) == (422, code), choices
    (await bob.post(path, data={"choices[]": "0"})).raise_for_status()
    assert (await bob.post(path, json={"choices": [0]})).json()["code"] == "poll_voted"
    assert (
        await bob.post(f"/api/v1/polls/{plain}/votes", json={"choices": [0]})
    ).status_code == 404
    assert (await bob.get(f"/api/v1/polls/{plain}")).status_code == 404
    assert (await site.client.post(path, json={"choices": [0]})).status_code == 401


@pytest.mark.parametrize("state", [HELD, REMOVED])
async def test_the_poll_of_a_hidden_post_is_not_there(site, state):
    ani, bob = await site.member("ani"), await site.member("bob")
    post = await publish(ani, "which?", poll={"options": ["a", "b"], "expires_in": 300})
    await actions.set_state(site.world, int(post), state, case_id=1, rule=1, at_ms=1)
    assert (await bob.get(f"/api/v1/polls/{post}")).status_code == 404
    answer = await bob.post(f"/api/v1/polls/{post}/votes", json={"choices": [0]})
    assert answer.status_code == 404


# quotes


async def quoting(site: OpenSite, viewer: Member, quote: str) -> dict[str, Any]:
    found: dict[str, Any] = (await get(viewer, f"{STATUSES}/{quote}"))["quote"]
    return found


async def test_a_quote_shows_the_quoted_post_and_of_its_quote_only_the_id(site):
    ani, bob, eve = [await site.member(name) for name in ("ani", "bob", "eve")]
    first = await publish(ani, "one")
    second = await publish(bob, "two", quoted_status_id=first)
    third = await publish(eve, "three", quoted_status_id=second)
    shown = await quoting(site, ani, third)
    assert (shown["state"], shown["quoted_status"]["id"]) == ("accepted", second)
    assert shown["quoted_status"]["quote"] == {"state": "accepted", "quoted_status_id": first}
    boost = await act(ani, third, "reblog")
    assert boost["reblog"]["quote"]["quoted_status"]["id"] == second
    assert [one["id"] for one in await get(ani, f"{STATUSES}/{first}/quotes")] == [second]


@pytest.mark.parametrize(
    ("what", "state"),
    [
        ("deleted", "deleted"),
        (HELD, "unauthorized"),
        (REMOVED, "unauthorized"),
        ("blocked_by", "unauthorized"),
        ("blocking", "blocked_account"),
        ("muting", "muted_account"),
        ("revoked", "revoked"),
    ],
)
async def test_what_became_of_the_quoted_post_is_told_without_telling_why(site, what, state):
    ani, bob, eve = [await site.member(name) for name in ("ani", "bob", "eve")]
    post = await publish(ani, "a secret")
    quote = await publish(bob, "look", quoted_status_id=post)
    outer = await publish(bob, "look again", quoted_status_id=quote)
    if what == "deleted":
        (await ani.delete(f"{STATUSES}/{post}")).raise_for_status()
    elif what in {HELD, REMOVED}:
        await actions.set_state(site.world, int(post), what, case_id=1, rule=1, at_ms=1)
    elif what == "blocked_by":
        await ties.block(site.world, ani.id, eve.id)
    elif what == "blocking":
        await ties.block(site.world, eve.id, ani.id)
    elif what == "muting":
        await ties.mute(site.world, eve.id, ani.id, notifications=True, lasts_s=0)
    else:
        await act(ani, post, f"quotes/{quote}/revoke")
    answer = await eve.get(f"{STATUSES}/{quote}")
    shown = answer.json()["quote"]
    assert shown["state"] == state
    asked_first = state in {"blocked_account", "muted_account"}
    assert (shown["quoted_status"] is not None) is asked_first
    assert ("secret" in answer.text) is asked_first
    shallow = (await quoting(site, eve, outer))["quoted_status"]["quote"]
    assert shallow == {"state": state, "quoted_status_id": post if asked_first else None}


async def test_who_may_quote_is_told_to_each(site):
    ani, fan, eve = [await site.member(name) for name in ("ani", "fan", "eve")]
    await fan.post(f"/api/v1/accounts/{ani.id}/follow")
    for policy, automatic, told in (
        ("public", ["public"], ("automatic", "automatic", "automatic")),
        ("followers", ["followers"], ("automatic", "automatic", "denied")),
        ("nobody", [], ("automatic", "denied", "denied")),
    ):
        post = await publish(ani, "x", quote_approval_policy=policy)
        for member, expected in zip((ani, fan, eve), told, strict=True):
            approval = (await get(member, f"{STATUSES}/{post}"))["quote_approval"]
            assert approval == {"automatic": automatic, "manual": [], "current_user": expected}
            if expected == "denied":
                answer = await member.post(
                    STATUSES, json={"status": "look", "quoted_status_id": post}
                )
                assert (answer.status_code, answer.json()["code"]) == (403, "quote_denied")
        strangers = (await site.client.get(f"{STATUSES}/{post}")).json()["quote_approval"]
        assert strangers["current_user"] == "denied"
    direct = await ani.post(STATUSES, json={"status": "@fan x", "visibility": "direct"})
    assert direct.json()["quote_approval"]["current_user"] == "denied"


async def test_a_policy_is_put_and_a_quote_revoked(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    post = await publish(ani, "one")
    quote = await publish(bob, "look", quoted_status_id=post)
    path = f"{STATUSES}/{post}/interaction_policy"
    answer = await ani.put(path, json={"quote_approval_policy": "nobody"})
    assert answer.json()["quote_approval"]["automatic"] == []
    for body, status in (({"quote_approval_policy": "friends"}, 422), ({}, 422)):
        assert (await ani.put(path, json=body)).status_code == status
    assert (await bob.put(path, json={"quote_approval_policy": "public"})).status_code == 404
    revoke = f"{STATUSES}/{post}/quotes/{quote}/revoke"
    assert (await bob.post(revoke)).status_code == 403
    revoked = (await ani.post(revoke)).json()
    assert (revoked["id"], revoked["quote"]["state"]) == (quote, "revoked")
    assert (await get(bob, f"{STATUSES}/{post}/quotes")) == []
    assert (await ani.post(f"{STATUSES}/{quote}/quotes/{post}/revoke")).status_code == 404


async def test_quotes_are_walked_by_their_links(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    post = await publish(ani, "one")
    made = [await publish(bob, str(n), quoted_status_id=post) for n in range(7)]
    assert await walk(ani, f"{STATUSES}/{post}/quotes?limit=3") == made[::-1]


# who may answer, and what stays here


@pytest.mark.parametrize(
    ("policy", "stranger", "follower", "named"),
    [("anyone", 200, 200, 200), ("followers", 403, 200, 200), ("mentioned", 403, 403, 200)],
)
async def test_an_author_says_who_may_answer(site, policy, stranger, follower, named):
    ani, bob, fan, cat = [await site.member(name) for name in ("ani", "bob", "fan", "cat")]
    await fan.post(f"/api/v1/accounts/{ani.id}/follow")
    post = await publish(ani, "@cat what do you think?", reply_policy=policy)
    assert (await get(bob, f"{STATUSES}/{post}"))["reply_policy"] == policy
    for member, status in ((bob, stranger), (fan, follower), (cat, named), (ani, 200)):
        answer = await member.post(STATUSES, json={"status": "x", "in_reply_to_id": post})
        assert answer.status_code == status, member.username
        assert status == 200 or answer.json()["code"] == "reply_not_allowed"
    wrong = await ani.post(STATUSES, json={"status": "x", "reply_policy": "friends"})
    assert wrong.status_code == 422


async def test_what_stays_here_is_for_members(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    post = await publish(ani, "among us", local_only=True)
    assert (await get(bob, f"{STATUSES}/{post}"))["local_only"] is True
    assert (await site.client.get(f"{STATUSES}/{post}")).status_code == 404
    assert (await site.client.get(f"/api/v1/accounts/{ani.id}/statuses")).json() == []


# bad input


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
