"""A juror hears by text and by chat: nothing in it, and no vendor without whom nobody hears."""

from __future__ import annotations

import contextlib
import re

import pytest

from tests.kit.courthouse import THREAT, open_courthouse
from tests.kit.texting import give_chats, open_texts
from venire.cli.drills.counterparts.chat import ChatCounterpart
from venire.cli.drills.counterparts.server import served
from venire.jury import alert_book
from venire.people import phones

pytestmark = [pytest.mark.anyio, pytest.mark.loopback]
CHATS = "/api/v1/jury/chats"
FORBIDDEN = ("traitors", "hang", "incitement", "Threat", "case", "deadline")


@contextlib.asynccontextmanager
async def open_house(folder, *services):
    """Two jurors, and the chat services that are asked for."""
    with contextlib.ExitStack() as stack:
        there = {name: ChatCounterpart(name) for name in services}
        for one in there.values():
            stack.enter_context(served(one))
        async with open_courthouse(folder) as house:
            ways = {name: one.adapter(whole_s=2.0) for name, one in there.items()}
            give_chats(house.court, ways)
            await house.seat_pool(3)
            yield house, there
            for way in ways.values():
                await way.close()


async def proved(member, counterpart) -> None:
    named = {"service": counterpart.service, "recipient": counterpart.recipient}
    made = await member.post(CHATS, json=named)
    assert made.status_code == 200, made.text
    found = re.search(r"\b(\d{6})\b", counterpart.said[-1][1])
    assert found
    said = await member.post(f"{CHATS}/{counterpart.service}/prove", json={"code": found[1]})
    assert said.json()["chats"][-1]["proved"] is True
    counterpart.said.clear()


async def prefer(member, *channels):
    chosen = await member.post("/api/v1/jury/alerts", json={"channels": list(channels)})
    assert chosen.status_code == 200, chosen.text


async def summon(house, number=0):
    author = await house.site.member(f"author_{number}")
    await house.post(author, f"{THREAT} {number}")


def says_nothing(text):
    assert "http://venire.test/jury" in text
    for word in FORBIDDEN:
        assert word not in text


async def messages_to(member) -> int:
    return len((await member.get("/api/v1/conversations")).json())


async def test_a_chat_says_that_there_is_an_invitation_and_nothing_else(tmp_path):
    async with open_house(tmp_path, "ntfy") as (house, there):
        juror = house.jurors[0]
        await proved(juror, there["ntfy"])
        await prefer(juror, "chat", "message")
        await summon(house)
        ((recipient, said),) = there["ntfy"].said
        assert recipient == there["ntfy"].recipient
        says_nothing(said)
        assert await messages_to(juror) == 0
        health = await alert_book.healths(house.site.storage, juror.id)
        assert [one.health for one in health if one.channel == "chat"] in ([], ["works"])


async def test_chat_gone_and_every_juror_is_reached_by_the_next_way(tmp_path):
    """The drill `chat-gone`: the service closes our account in the middle of a summons."""
    async with open_house(tmp_path, "ntfy") as (house, there):
        for juror in house.jurors[:1]:
            await proved(juror, there["ntfy"])
        for juror in house.jurors[:3]:
            await prefer(juror, "chat", "message")
        there["ntfy"].closed = True
        await summon(house)
        reached = [await messages_to(juror) for juror in house.jurors[:3]]
        assert reached == [1, 1, 1]
        (first, *_) = house.jurors
        known = {one.channel: one for one in await alert_book.healths(house.site.storage, first.id)}
        assert known["chat"].health == "failing"


async def test_a_second_chat_service_takes_the_place_of_the_first(tmp_path):
    async with open_house(tmp_path, "slack", "ntfy") as (house, there):
        juror = house.jurors[0]
        await proved(juror, there["ntfy"])
        await proved(juror, there["slack"])
        await prefer(juror, "chat", "message")
        there["slack"].closed = True
        await summon(house)
        assert len(there["ntfy"].said) == 1
        assert await messages_to(juror) == 0


async def test_nobody_is_told_at_an_address_that_was_not_proved(tmp_path):
    async with open_house(tmp_path, "ntfy") as (house, there):
        juror = house.jurors[0]
        ntfy = there["ntfy"]
        await juror.post(CHATS, json={"service": "ntfy", "recipient": "somebody-elses"})
        (code,) = re.findall(r"\b(\d{6})\b", ntfy.said.pop()[1])
        wrong = f"{(int(code) + 1) % 10**6:06d}"
        for _ in range(5):
            said = await juror.post(f"{CHATS}/ntfy/prove", json={"code": wrong})
            assert said.json()["code"] == "chat_code_wrong"
        said = await juror.post(f"{CHATS}/ntfy/prove", json={"code": code})
        assert said.json()["code"] == "chat_code_wrong"
        await prefer(juror, "chat", "message")
        await summon(house)
        assert ntfy.said == []
        assert await messages_to(juror) == 1
        assert (await juror.delete(f"{CHATS}/ntfy")).json()["chats"] == []


async def test_what_is_no_address_or_no_service_is_refused_before_anything_is_sent(tmp_path):
    async with open_house(tmp_path, "matrix") as (house, there):
        juror = house.jurors[0]
        for recipient in ("https://evil.test", "json://127.0.0.1", "../x", "a b", "x" * 250):
            refused = await juror.post(CHATS, json={"service": "matrix", "recipient": recipient})
            assert refused.json()["code"] == "chat_address_invalid"
        refused = await juror.post(CHATS, json={"service": "json", "recipient": "x"})
        assert refused.json()["code"] == "chat_unknown"
        assert (
            await juror.post(f"{CHATS}/{'x' * 99}/prove", json={"code": "1"})
        ).status_code == 404
        assert there["matrix"].calls == []


async def test_an_address_gets_few_codes_whoever_asks(tmp_path):
    async with open_house(tmp_path, "ntfy") as (house, there):
        named = {"service": "ntfy", "recipient": "a-victims-topic"}
        said = [
            (await juror.post(CHATS, json=named)).status_code
            for juror in house.jurors[:3]
            for _ in range(2)
        ]
        assert said.count(200) == 3
        assert said.count(429) == 3
        assert len(there["ntfy"].said) == 3


async def test_a_text_reaches_a_juror_who_chose_it_by_the_vendor_that_is_left(tmp_path):
    async with open_house(tmp_path) as (house, _), open_texts(house.court) as vendors:
        juror, other = house.jurors[:2]
        await phones.give(house.world, juror.id, "+6281234567890", "ID")
        await phones.give(house.world, other.id, "+6281234567891", "ID")
        await prefer(juror, "sms", "message")
        vendors.twilio.closed = True
        await summon(house)
        ((to, said),) = vendors.texts
        assert to == "+6281234567890"
        says_nothing(said)
        assert len(said) <= 160
        assert await messages_to(juror) == 0
        # Who did not choose it is not texted, number or not.
        assert await messages_to(other) == 1


async def test_a_country_that_was_closed_gets_no_texts_any_more(tmp_path):
    async with open_house(tmp_path) as (house, _), open_texts(house.court) as vendors:
        juror = house.jurors[0]
        await phones.give(house.world, juror.id, "+4915123456789", "DE")
        await prefer(juror, "sms", "message")
        await summon(house)
        assert vendors.texts == []
        assert await messages_to(juror) == 1


async def test_without_a_number_or_a_vendor_the_next_way_is_gone_at_once(tmp_path):
    async with open_house(tmp_path) as (house, _), open_texts(house.court) as vendors:
        bare, lost = house.jurors[:2]
        await phones.give(house.world, lost.id, "+6281234567890", "ID")
        for juror in (bare, lost):
            await prefer(juror, "sms", "message")
        vendors.twilio.closed = vendors.infobip.closed = True
        await summon(house)
        assert [await messages_to(juror) for juror in (bare, lost)] == [1, 1]
        assert vendors.texts == []
