"""Quotes with consent, and who may answer a post."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api.acting import STATUSES, act, get, hears, walk
from tests.api.telling_site import publish
from tests.kit.site import Member, OpenSite, open_site
from venire.people import ties
from venire.posts import actions
from venire.posts.model import HELD, REMOVED

pytestmark = pytest.mark.anyio


@pytest.fixture
async def site(tmp_path) -> AsyncIterator[OpenSite]:
    async with open_site(tmp_path, subscriptions=hears) as opened:
        yield opened


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
