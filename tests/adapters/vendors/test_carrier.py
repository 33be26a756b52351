"""Text messages by SMPP 3.4 to npm's `smpp`: a message centre that knows nothing of our library."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from tests.counterparts import carriers
from venire.adapters.sms.smpp import Smpp
from venire.kernel.messages import TextMessage, TextReport
from venire.kernel.vendors import AccountClosed, Rejected, VendorThrottled, VendorUnavailable

pytestmark = [pytest.mark.anyio, pytest.mark.vendors("smpp")]
FORMS = {
    "plain": "Your code is 123456",
    "folded": "Kode Anda: 123456 · jangan dibagikan",
    "long": "A message that is too long for one part. " * 8,
}


def text(words, number="+628123456789", key="0f8fad5b-d9cb-469f-a165-70867728950e"):
    return TextMessage(number, words, key, "en")


def seen(reference):
    lines = (
        Path(os.environ["VENIRE_COUNTERPART_SMPP_SEEN"]).read_text(encoding="utf-8").splitlines()
    )
    return next(one for one in map(json.loads, lines) if one["reference"] == reference)


@pytest.fixture
def reports():
    return asyncio.Queue()


@pytest.fixture
async def bound(reports):
    made = []

    def make(password=carriers.PASSWORD, system_id=carriers.SYSTEM_ID):
        host, _, port = os.environ["VENIRE_COUNTERPART_SMPP"].partition(":")
        options = {"sender": "Venire", "tls": False, "heard": reports.put, "step_s": 2}
        made.append(Smpp(host, int(port), system_id, password, **options))
        return made[-1]

    yield make
    for one in made:
        await one.close()


@pytest.mark.parametrize("form", FORMS)
async def test_a_message_arrives_whole_and_its_receipt_comes_back(bound, reports, form):
    way = bound()
    await way.check()
    taken = await way.send(text(FORMS[form]))
    told = seen(taken.reference)
    assert (told["to"], told["from"], told["text"]) == ("628123456789", "Venire", FORMS[form])
    async with asyncio.timeout(5):
        assert await reports.get() == TextReport(text("").key, "delivered", "000")


async def test_a_message_that_is_not_delivered_is_told_by_its_receipt(bound, reports):
    await bound().send(text("code", number="+628120000055"))
    async with asyncio.timeout(5):
        assert await reports.get() == TextReport(text("").key, "failed", "069")


@pytest.mark.parametrize(
    ("ending", "fault"),
    [("088", VendorThrottled), ("011", Rejected), ("008", VendorUnavailable)],
)
async def test_each_refusal_has_its_class_and_the_line_goes_on(bound, ending, fault):
    way = bound()
    with pytest.raises(fault):
        await way.send(text("code", number=f"+628120000{ending}"))
    assert (await way.send(text("code"))).reference


@pytest.mark.parametrize("wrong", [{"password": "other"}, {"system_id": "somebody"}])
async def test_an_account_that_is_refused_is_closed(bound, wrong):
    with pytest.raises(AccountClosed):
        await bound(**wrong).check()


async def test_a_hundred_messages_at_once_each_have_a_reference_and_a_receipt(bound, reports):
    way = bound()
    keys = [f"0f8fad5b-d9cb-469f-a165-{number:012}" for number in range(100)]
    taken = await asyncio.gather(*(way.send(text("code", key=key)) for key in keys))
    assert len({one.reference for one in taken}) == 100
    async with asyncio.timeout(10):
        assert {(await reports.get()).key for _ in keys} == set(keys)
