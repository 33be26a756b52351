"""A phone number and a chat address, added and taken away in a browser without scripts."""

from __future__ import annotations

import re

import pytest

from tests.kit.texting import give_chats, open_texts
from venire.cli.drills.counterparts.chat import ChatCounterpart
from venire.cli.drills.counterparts.server import served
from venire.jury import chats
from venire.kernel.messages import TextReport
from venire.people import phones, texts
from venire.server.workers import timer_handlers

pytestmark = [pytest.mark.anyio, pytest.mark.loopback]
PLACE = "/settings/phone"
NUMBER = "+6281234567890"


async def test_a_number_is_added_and_taken_away(town):
    browser = await town.member("ayu")
    bare = await browser.get(PLACE)
    assert "This site sends no texts" in bare.text
    async with open_texts(town.house.court) as vendors:
        sent = await browser.send(PLACE, PLACE, number="0812 3456 7890")
        page = await browser.follow(sent)
        assert "A code is on its way" in page
        assert "+62…890" in page
        wrong = await browser.send(PLACE, f"{PLACE}/verify", code="000000")
        assert (wrong.status_code, "This code is wrong" in wrong.text) == (422, True)
        good = await browser.send(PLACE, f"{PLACE}/verify", code=vendors.code(NUMBER))
        page = await browser.follow(good)
        assert "The number is yours here." in page
        assert NUMBER not in page
        assert await phones.has_phone(town.house.world, town.known["ayu"].id)
        gone = await browser.send(PLACE, f"{PLACE}/remove")
        assert "The number is forgotten." in await browser.follow(gone)


async def test_what_is_refused_is_said_on_the_page(town):
    browser = await town.member("ayu", language="id")
    async with open_texts(town.house.court) as vendors:
        for number, said in (("x", "bukan nomor telepon"), ("+14155552671", "SMS ke negara ini")):
            refused = await browser.send(PLACE, PLACE, number=number)
            assert refused.status_code == 422
            assert said in refused.text
        vendors.twilio.closed = vendors.infobip.closed = True
        refused = await browser.send(PLACE, PLACE, number=NUMBER)
        assert refused.status_code == 503
        assert "SMS tidak dapat dikirim" in refused.text


async def test_operators_see_what_went_out_and_an_admin_stops_it(town):
    browser = await town.member("ayu")
    moderator = await town.member("mona", "moderator")
    assert "This site sends no texts" in await moderator.text("/moderation/texts")
    async with open_texts(town.house.court) as vendors:
        await browser.send(PLACE, PLACE, number=NUMBER)
        reports = [TextReport(f"{n:032x}", "delivered") for n in range(10)]
        await texts.note_reports(town.house.world, reports)
        page = await moderator.text("/moderation/texts")
        assert "1 codes, 0 came back" in page
        assert "receipts of texts that nobody sent" in page
        assert "81234" not in page
        assert "Stop every text" not in page
        admin = await town.member("chief", "admin")
        assert "Texts to phones" in await admin.text("/moderation")
        sent = await admin.send("/moderation/texts", "/moderation/texts", action="stop")
        assert "No text goes out any more" in await admin.follow(sent)
        refused = await browser.send(PLACE, PLACE, number="+6281234567891")
        assert (refused.status_code, len(vendors.texts)) == (503, 1)
        sent = await admin.send("/moderation/texts", "/moderation/texts", action="allow")
        assert "Texts go out again." in await admin.follow(sent)
        await town.house.settle()
        told = (await town.known["chief"].get("/api/v1/conversations")).text
        assert "look wrong (receipts_unknown)" in told


async def test_a_chat_address_is_named_proved_and_forgotten(town):
    browser = await town.member("ayu")
    ntfy = ChatCounterpart("ntfy")
    with served(ntfy):
        way = ntfy.adapter(whole_s=2.0)
        give_chats(town.house.court, {"ntfy": way})
        refused = await browser.send(
            PLACE, "/settings/chat", service="ntfy", recipient="https://evil.test"
        )
        assert "This is no address at this chat service" in refused.text
        named = await browser.send(PLACE, "/settings/chat", service="ntfy", recipient="my-topic")
        page = await browser.follow(named)
        assert "The six digits that came there" in page
        assert "If nobody says it, it is forgotten" in page
        assert chats.TIMER in timer_handlers(town.house.court)
        code = re.search(r"\b(\d{6})\b", ntfy.said[-1][1])
        assert code
        proved = await browser.send(PLACE, "/settings/chat/prove", service="ntfy", code=code[1])
        assert "Alerts come here." in await browser.follow(proved)
        gone = await browser.send(PLACE, "/settings/chat/forget", service="ntfy")
        page = await browser.follow(gone)
        assert "The address is forgotten." in page
        assert "my-topic" not in page
        await way.close()
