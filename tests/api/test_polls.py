"""Polls as clients ask them, answer them and see them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.api.acting import STATUSES, get, hears
from tests.api.telling_site import publish
from tests.kit.site import OpenSite, open_site
from venire.posts import actions
from venire.posts.model import HELD, REMOVED

pytestmark = pytest.mark.anyio


@pytest.fixture
async def site(tmp_path) -> AsyncIterator[OpenSite]:
    async with open_site(tmp_path, subscriptions=hears) as opened:
        yield opened


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
        (bob, [0, 1], "poll_voted"),
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
