"""What is deleted, held, removed or released, as those who listen hear of it."""

from __future__ import annotations

import asyncio

import pytest

from tests.api.streaming.wire import socket
from tests.api.telling_site import publish
from venire.posts import actions

pytestmark = pytest.mark.anyio

CASE, RULE = 7, 2


async def put(site, post_id: str, state: str, case_id: int = CASE) -> None:
    await actions.set_state(
        site.world, int(post_id), state, case_id=case_id, rule=RULE, at_ms=site.clock.now_ms()
    )


async def three(site):
    ani, bob, eve = [await site.member(name) for name in ("ani", "bob", "eve")]
    await ani.post(f"/api/v1/accounts/{bob.id}/follow")
    return ani, bob, eve


async def test_a_deletion_is_told_as_a_bare_id_to_everyone_who_may_have_the_post(site):
    ani, bob, eve = await three(site)
    async with (
        socket(site, ani, stream="user") as home,
        socket(site, bob, stream="user") as own,
        socket(site, eve, stream="public") as in_public,
        socket(site, eve, stream="hashtag", tag="x") as tagged,
    ):
        posted = await publish(bob, "#x")
        lines = (home, own, in_public, tagged)
        for line in lines:
            await line.event("update")
        await bob.delete(f"/api/v1/statuses/{posted}")
        for line in lines:
            frame = await line.next()
            assert (frame["event"], frame["payload"]) == ("delete", posted)


async def test_a_private_deletion_is_told_to_those_near_alone(site):
    ani, bob, eve = await three(site)
    async with (
        socket(site, ani, stream="user") as home,
        socket(site, eve, stream="user") as other,
    ):
        posted = await publish(bob, "pengikut", visibility="private")
        await home.event("update")
        await bob.delete(f"/api/v1/statuses/{posted}")
        assert (await home.next())["payload"] == posted
        last = await publish(eve, "akhir")
        assert (await other.event("update"))["id"] == last


async def test_a_hold_takes_a_post_away_from_all_but_its_author_and_a_release_tells_nobody(site):
    ani, bob, eve = await three(site)
    async with (
        socket(site, ani, stream="user") as home,
        socket(site, bob, stream="user") as own,
        socket(site, eve, stream="public") as in_public,
    ):
        posted = await publish(bob, "tertahan")
        for line in (home, own, in_public):
            await line.event("update")
        await put(site, posted, "held")
        for line in (home, in_public):
            frame = await line.next()
            assert (frame["event"], frame["payload"]) == ("delete", posted)
        await put(site, posted, "visible")
        last = await publish(bob, "akhir")
        for line in (home, own, in_public):
            assert (await line.event("update"))["id"] == last


async def test_a_removal_takes_it_from_its_author_too(site):
    _, bob, eve = await three(site)
    async with socket(site, bob, stream="user") as own, socket(site, eve, stream="public") as line:
        posted = await publish(bob, "dihapus")
        await own.event("update")
        await line.event("update")
        await put(site, posted, "removed")
        for one in (own, line):
            frame = await one.next()
            assert (frame["event"], frame["payload"]) == ("delete", posted)


async def held_at_once(site, author, text: str) -> str:
    """A post that is held before the hub has heard of it."""
    hub = site.app.streaming.station.hub
    told, waiting, both = hub._tell, [], asyncio.Event()

    async def later(envelope) -> None:
        waiting.append(envelope)
        if len(waiting) == 2:
            both.set()

    hub._tell = later
    posted = await publish(author, text)
    await put(site, posted, "held")
    await both.wait()
    hub._tell = told
    for envelope in waiting:
        await told(envelope)
    return posted


async def test_a_post_held_before_it_was_told_is_told_to_its_author_and_at_its_release_to_all(site):
    ani, bob, eve = await three(site)
    async with (
        socket(site, ani, stream="user") as home,
        socket(site, bob, stream="user") as own,
        socket(site, eve, stream="public") as in_public,
    ):
        posted = await held_at_once(site, bob, "ditahan dahulu")
        assert (await own.event("update"))["id"] == posted
        await put(site, posted, "visible")
        for line in (home, in_public):
            assert (await line.event("update"))["id"] == posted
        last = await publish(bob, "akhir")
        for line in (home, own, in_public):
            assert (await line.event("update"))["id"] == last


async def test_a_release_of_a_post_that_is_no_longer_new_is_left_to_reading(site):
    ani, bob, _ = await three(site)
    async with socket(site, ani, stream="user") as home:
        posted = await held_at_once(site, bob, "lama")
        site.clock.advance(16 * 60_000)
        await put(site, posted, "visible")
        last = await publish(bob, "akhir")
        assert (await home.event("update"))["id"] == last


async def test_a_post_held_before_it_was_told_and_then_deleted_was_never_there(site):
    ani, bob, _ = await three(site)
    async with socket(site, ani, stream="user") as home, socket(site, bob, stream="user") as own:
        posted = await held_at_once(site, bob, "tak pernah")
        await own.event("update")
        await bob.delete(f"/api/v1/statuses/{posted}")
        assert (await own.next())["payload"] == posted
        last = await publish(bob, "akhir")
        assert (await home.event("update"))["id"] == last


async def test_a_boost_goes_when_its_post_does_for_those_who_follow_the_booster_alone(site):
    ani, bob, eve = await three(site)
    async with socket(site, ani, stream="user") as home:
        original = await publish(eve, "bagus")
        boost = (await bob.post(f"/api/v1/statuses/{original}/reblog")).json()["id"]
        await site.settle()
        assert (await home.event("update"))["id"] == boost
        await put(site, original, "held")
        frame = await home.next()
        assert (frame["event"], frame["payload"]) == ("delete", original)


async def test_a_boost_taken_back_is_told_under_its_own_id(site):
    ani, bob, eve = await three(site)
    async with socket(site, ani, stream="user") as home:
        original = await publish(eve, "bagus")
        boost = (await bob.post(f"/api/v1/statuses/{original}/reblog")).json()["id"]
        await site.settle()
        await home.event("update")
        await bob.post(f"/api/v1/statuses/{original}/unreblog")
        await site.settle()
        frame = await home.next()
        assert (frame["event"], frame["payload"]) == ("delete", boost)
