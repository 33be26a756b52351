"""The WebSocket face: handshakes, words, frames, endings."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.api.streaming.wire import ADDRESS, Refusal, events, socket
from tests.api.telling_site import publish
from tests.kit.site import open_site
from venire.api.streaming.admission import Caps
from venire.api.streaming.audience import CHANNELS_MOST
from venire.people.tokens import issue_token

pytestmark = pytest.mark.anyio


async def token_for(member, *scopes: str, account: bool = True) -> str:
    granted = await issue_token(
        member.site.world,
        client_id="a-client",
        scopes=scopes,
        account_id=member.id if account else None,
    )
    return granted.access_token


async def test_a_post_is_told_on_the_stream_of_the_query_with_its_entity(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    async with socket(site, ani, stream="public:local") as line:
        posted = await publish(bob, "halo #gempa")
        frame = await line.next()
        assert (frame["stream"], frame["event"]) == (["public:local"], "update")
        there = (await ani.get(f"/api/v1/statuses/{posted}")).json()
        async with socket(site, ani, stream="public") as other:
            again = await publish(bob, "lagi")
            assert (await other.event("update"))["id"] == again
    assert isinstance(frame["payload"], str)
    assert json.loads(frame["payload"]) == there


@pytest.mark.parametrize("path", [ADDRESS, f"{ADDRESS}/", f"{ADDRESS}/user"])
async def test_a_blank_socket_is_open_and_hears_what_it_subscribes_to(site, path):
    ani = await site.member("ani")
    async with socket(site, ani, path) as line:
        line.say(type="subscribe", stream="hashtag", tag="Banjir")
        line.say(type="subscribe", stream="public")
        await asyncio.sleep(0)
        posted = await publish(ani, "air naik #banjir")
        wanted = [["public"], ["hashtag", "Banjir"]]
        if path.endswith("user"):
            wanted.append(["user"])
        frames = [await line.next() for _ in wanted]
        assert sorted(frame["stream"] for frame in frames) == sorted(wanted)
        line.say(type="unsubscribe", stream="hashtag", tag="#banjir")
        line.say(type="subscribe", stream="nothing")
        assert (await line.next())["error"]
        second = await publish(ani, "surut #banjir")
        frames = [await line.next() for _ in wanted[1:]]
        assert ["hashtag", "Banjir"] not in [frame["stream"] for frame in frames]
        assert all(f'"id":"{second}"' in frame["payload"] for frame in frames)
    assert posted != second


async def test_a_subscription_twice_is_told_once(site):
    ani = await site.member("ani")
    async with socket(site, ani) as line:
        for _ in range(2):
            line.say(type="subscribe", stream="public")
        one, two = await publish(ani, "satu"), await publish(ani, "dua")
        assert [(await line.event("update"))["id"] for _ in range(2)] == [one, two]


@pytest.mark.parametrize(
    ("word", "status", "code"),
    [
        ({"type": "subscribe", "stream": "nothing"}, 422, "stream_unknown"),
        ({"type": "subscribe"}, 422, "stream_unknown"),
        ({"type": "subscribe", "stream": ["public", "x"]}, None, None),
        ({"type": "subscribe", "stream": {"a": 1}}, 422, "stream_unknown"),
        ({"type": "subscribe", "stream": "hashtag"}, 422, "tag_missing"),
        ({"type": "subscribe", "stream": "list", "list": 7}, 404, "record_not_found"),
        ({"type": "subscribe", "stream": "list", "list": None}, 422, "list_missing"),
        ({"type": "shout", "stream": "public"}, 422, "parameter_invalid"),
    ],
)
async def test_a_word_that_cannot_be_obeyed_is_answered_and_the_socket_stays(
    site, word, status, code
):
    ani = await site.member("ani")
    async with socket(site, ani) as line:
        line.say(**word)
        if status is not None:
            told = await line.next()
            assert (told["status"], told["code"]) == (status, code)
            assert told["error"]
        line.say(type="subscribe", stream="public")
        posted = await publish(ani, "masih di sini")
        assert (await line.event("update"))["id"] == posted


@pytest.mark.parametrize("text", ["", "[", "[]", "null", '"x"', "{" * 5_000, '{"type":1}', "\x00"])
async def test_what_is_no_word_at_all_is_answered_too(site, text):
    ani = await site.member("ani")
    async with socket(site, ani) as line:
        line.wire.send(type="websocket.receive", text=text)
        assert (await line.next())["status"] in {400, 422}


async def test_errors_are_said_in_the_clients_language(site):
    ani = await site.member("ani")
    ani.headers["Accept-Language"] = "id"
    async with socket(site, ani) as line:
        line.say(type="subscribe", stream="nothing")
        assert (await line.next())["error"] == "Saluran yang diminta tidak dikenal"


async def test_binary_and_endless_talk_end_a_socket(site):
    ani = await site.member("ani")
    async with socket(site, ani) as line:
        line.wire.send(type="websocket.receive", bytes=b"x")
        assert (await line.closing())["code"] == 1003
    async with socket(site, ani) as line:
        for _ in range(121):
            line.say(type="unsubscribe", stream="public")
        assert (await line.closing())["code"] == 1008


async def test_a_socket_has_so_many_channels_at_most(site):
    ani = await site.member("ani")
    async with socket(site, ani) as line:
        for n in range(CHANNELS_MOST + 1):
            line.say(type="subscribe", stream="hashtag", tag=f"t{n}")
        assert (await line.next())["code"] == "too_many_streams"


@pytest.mark.parametrize("kept_in", ["query", "protocol", "both"])
async def test_a_browsers_token_is_taken_from_where_it_can_put_it_and_echoed(site, kept_in):
    ani = await site.member("ani")
    token = ani.created.access_token
    query = {} if kept_in == "protocol" else {"access_token": token}
    protocols = () if kept_in == "query" else (token,)
    async with socket(site, None, protocols=protocols, stream="public", **query) as line:
        assert line.protocol == (None if kept_in == "query" else token)
        posted = await publish(ani, "halo")
        assert (await line.event("update"))["id"] == posted


async def test_a_protocol_that_is_no_token_is_echoed_as_it_is_beside_one_that_counts(site):
    ani = await site.member("ani")
    async with socket(site, ani, protocols=("mastodon", "x")) as line:
        assert line.protocol == "mastodon"
    with pytest.raises(Refusal):
        async with socket(site, None, protocols=("a b", "é")):
            pass


@pytest.mark.parametrize("token", ["", "forged", "x" * 500])
async def test_without_a_valid_token_nobody_listens_and_is_told_in_json(site, token):
    for opening in (
        socket(site, None, stream="public", access_token=token),
        events(site, None, "public", access_token=token),
    ):
        with pytest.raises(Refusal) as refused:
            async with opening:
                pass
        assert refused.value.status == 401
        assert refused.value.body["error"] == "The access token is invalid"
        assert refused.value.headers["content-type"].startswith("application/json")


async def test_the_token_of_an_app_alone_does_not_listen(site):
    ani = await site.member("ani")
    token = await token_for(ani, "read", account=False)
    with pytest.raises(Refusal) as refused:
        async with socket(site, None, stream="public", access_token=token):
            pass
    assert refused.value.status == 401


@pytest.mark.parametrize(
    ("scopes", "stream", "status"),
    [
        (("read",), "user", None),
        (("read:statuses",), "user", None),
        (("read:statuses",), "user:notification", 403),
        (("read:notifications",), "user:notification", None),
        (("read:notifications",), "user", 403),
        (("read:notifications",), "public", 403),
        (("write", "follow"), "direct", 403),
    ],
)
async def test_each_stream_asks_for_its_scope(site, scopes, stream, status):
    ani = await site.member("ani")
    token = await token_for(ani, *scopes)
    async with socket(site, None, access_token=token) as line:
        line.say(type="subscribe", stream=stream)
        line.say(type="subscribe", stream="nothing")
        told = await line.next()
    assert told["status"] == (status or 422)
    opening = socket(site, None, access_token=token, stream=stream)
    if status is None:
        async with opening as line:
            assert line.wire.nothing_more()
        return
    with pytest.raises(Refusal) as refused:
        async with opening:
            pass
    assert (refused.value.status, refused.value.body["code"]) == (403, "outside_scopes")


async def test_a_slow_socket_is_dropped_and_holds_nobody_up(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    async with socket(site, ani, stream="public") as slow, socket(site, bob, stream="public") as ok:
        slow.wire.reading.clear()
        for n in range(260):
            await publish(bob, f"kiriman {n}")
            assert (await ok.event("update"))["content"] == f"<p>kiriman {n}</p>"
        async with asyncio.timeout(2):
            await slow.wire.task
        assert len(site.app.streaming.station.audience) == 1
    assert not site.app.streaming.station.audience.listeners


async def test_a_server_that_stops_tells_every_client_to_come_again(site):
    ani = await site.member("ani")
    async with socket(site, ani, stream="user") as line, events(site, ani, "user") as stream:
        site.app.streaming.close()
        assert (await line.closing())["code"] == 1012
        last = await stream.wire.next()
        assert not last["more_body"]


async def test_an_account_and_a_network_open_so_many_sockets_at_most(tmp_path):
    async with open_site(tmp_path, acceptance=False) as site:
        ani, bob = await site.member("ani"), await site.member("bob")
        site.app.streaming.station.admission._caps = Caps(2, 3, 10)
        async with socket(site, ani), socket(site, ani):
            with pytest.raises(Refusal) as refused:
                async with socket(site, ani):
                    pass
            assert (refused.value.status, refused.value.body["code"]) == (429, "too_many_streams")
            assert refused.value.headers["retry-after"] == "60"
            async with socket(site, bob):
                with pytest.raises(Refusal) as refused:
                    async with events(site, bob, "user"):
                        pass
                assert refused.value.status == 429
        async with socket(site, ani), socket(site, bob), socket(site, bob):
            pass


async def test_nothing_is_left_behind_by_sockets_that_are_gone(site):
    ani, bob = await site.member("ani"), await site.member("bob")
    await ani.post(f"/api/v1/accounts/{bob.id}/follow")
    for _ in range(3):
        async with socket(site, ani, stream="user") as line:
            line.say(type="subscribe", stream="hashtag", tag="x")
            posted = await publish(bob, "#x")
            await line.event("update")
            await line.event("update")
    station = site.app.streaming.station
    assert not station.audience.listeners
    assert not station.audience._on
    assert not station.audience._by_token
    assert not station.audience.watchers.all()
    assert not station.audience.watchers._followers
    assert not station.hub._tasks
    assert not station.admission._open
    assert posted
