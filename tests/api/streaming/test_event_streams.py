"""The face of server-sent events, and what stands beside it."""

from __future__ import annotations

import asyncio

import pytest

from tests.api.streaming.wire import ADDRESS, Refusal, events
from tests.api.telling_site import publish

pytestmark = pytest.mark.anyio


async def test_the_server_says_that_it_is_well(site):
    answer = await site.client.get(f"{ADDRESS}/health")
    assert (answer.status_code, answer.text) == (200, "OK")
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("user", {}),
        ("public", {}),
        ("public/local", {}),
        ("hashtag", {"tag": "X"}),
        ("hashtag/local", {"tag": "x"}),
    ],
)
async def test_each_address_is_a_stream_with_headers_that_no_proxy_may_gather(site, path, query):
    ani = await site.member("ani")
    async with events(site, ani, path, **query) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        assert stream.headers["x-accel-buffering"] == "no"
        assert stream.headers["access-control-allow-origin"] == "*"
        posted = await publish(ani, "#x")
        assert (await stream.event("update"))["id"] == posted
        await ani.delete(f"/api/v1/statuses/{posted}")
        assert await stream.lines() == f"event: delete\ndata: {posted}\n\n"


async def test_a_silent_stream_shows_that_it_is_alive(site):
    ani = await site.member("ani")
    station = site.app.streaming.station
    async with events(site, ani, "public") as stream:
        (listener,) = station.audience.listeners.values()
        await station.hub._visit(listener)
        assert await stream.lines() == ":thump\n\n"


async def test_every_stream_is_visited_within_a_round(site):
    from venire.api.streaming import hub

    ani = await site.member("ani")
    assert hub._ROUND_S == 15
    async with events(site, ani, "public") as stream:
        assert await stream.lines() == ":thump\n\n"


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        ("nothing", {}, 404, "record_not_found"),
        ("public/nothing", {}, 404, "record_not_found"),
        ("hashtag", {}, 422, "tag_missing"),
        ("list", {}, 422, "list_missing"),
        ("list", {"list": "99"}, 404, "record_not_found"),
        ("", {}, 422, "stream_unknown"),
    ],
)
async def test_what_is_no_stream_is_refused_in_json(site, path, query, status, code):
    ani = await site.member("ani")
    with pytest.raises(Refusal) as refused:
        async with events(site, ani, path, **query):
            pass
    assert (refused.value.status, refused.value.body["code"]) == (status, code)
    assert refused.value.headers["access-control-allow-origin"] == "*"


async def test_other_methods_are_refused_and_a_preflight_is_answered(site):
    ani = await site.member("ani")
    answer = await ani.post(f"{ADDRESS}/user")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    asked = await site.client.request("OPTIONS", f"{ADDRESS}/user")
    assert asked.status_code == 204
    assert "Authorization" in asked.headers["access-control-allow-headers"]


async def test_only_media_hears_posts_with_pictures_alone(site):
    ani = await site.member("ani")
    async with events(site, ani, "public", only_media="true") as stream:
        await publish(ani, "tanpa gambar")
        assert stream.wire.nothing_more()


async def test_a_stream_that_is_not_read_is_dropped(site):
    ani = await site.member("ani")
    async with events(site, ani, "public") as stream:
        stream.wire.reading.clear()
        for n in range(260):
            await publish(ani, str(n))
        async with asyncio.timeout(2):
            await stream.wire.task
    assert not site.app.streaming.station.audience.listeners
