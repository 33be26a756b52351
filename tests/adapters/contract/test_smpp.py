"""Text messages by SMPP, against a stand-in that was written from the PDUs by hand."""

from __future__ import annotations

import asyncio
import time

import pytest

from venire.adapters.sms.smpp import Smpp
from venire.cli.drills.counterparts.server import served
from venire.cli.drills.counterparts.smsc import MessageCentre
from venire.kernel.errors import Conflict
from venire.kernel.messages import TextMessage, TextReport
from venire.kernel.money import Forged
from venire.kernel.vendors import (
    AccountClosed,
    Rejected,
    VendorFault,
    VendorThrottled,
    VendorUnavailable,
)

pytestmark = [pytest.mark.anyio, pytest.mark.loopback]
NUMBER = "+6281234567890"


def text(words: str = "123456 is the code.", key: str = "a" * 32) -> TextMessage:
    return TextMessage(NUMBER, words, key, "en")


@pytest.fixture
def centre():
    standing = MessageCentre()
    with served(standing):
        yield standing


@pytest.fixture
async def heard():
    return asyncio.Queue()


@pytest.fixture
async def way(centre, heard):
    host, port = centre.address
    adapter = Smpp(
        host, port, "venire", "stand-in", sender="Venire", tls=False, heard=heard.put, step_s=1.0
    )
    yield adapter
    await adapter.close()


async def fault_of(work) -> VendorFault:
    with pytest.raises(VendorFault) as caught:
        await work
    return caught.value


@pytest.mark.parametrize(
    "words",
    ["123456 is the code.", "Kode: 123456 · jangan dibagikan", "long " * 60, "panjang é " * 40],
)
async def test_a_message_arrives_as_it_was_written_and_its_receipt_comes_back(
    centre, way, heard, words
):
    taken = await way.send(text(words))
    assert centre.sent == [(NUMBER, words)]
    assert taken.reference == "m1"
    assert await asyncio.wait_for(heard.get(), 5) == TextReport("a" * 32, "delivered", "000")


async def test_a_receipt_of_failure_says_so(centre, way, heard):
    centre.stat = "UNDELIV"
    await way.send(text())
    assert (await asyncio.wait_for(heard.get(), 5)).state == "failed"


async def test_a_wrong_password_is_told_from_silence(centre):
    host, port = centre.address
    wrong = Smpp(host, port, "venire", "other", sender="Venire", tls=False, step_s=0.5)
    fault = await fault_of(wrong.send(text()))
    assert isinstance(fault, AccountClosed)
    assert fault.said == "smpp_0x0e"
    assert "other" not in repr(wrong) + str(fault)
    await wrong.close()


async def test_an_account_that_is_closed_while_bound_is_found_out_at_the_next_message(centre, way):
    await way.send(text())
    centre.closed = True
    for _ in range(3):
        fault = await fault_of(way.send(text()))
        if isinstance(fault, AccountClosed):
            break
    assert isinstance(fault, AccountClosed)
    centre.closed = False
    await way.send(text(key="b" * 32))
    assert len(centre.sent) == 2


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (0x58, VendorThrottled),
        (0x14, VendorThrottled),
        (0x0B, Rejected),
        (0x08, VendorUnavailable),
        (0x0F, AccountClosed),
        (0x45, VendorUnavailable),
    ],
)
async def test_a_status_has_a_class_and_the_next_message_goes(centre, way, status, kind):
    centre.refuses = status
    fault = await fault_of(way.send(text()))
    assert type(fault) is kind
    assert getattr(fault, "in_doubt", False) == (status == 0x08)
    centre.refuses = 0
    assert (await way.send(text())).reference


async def test_one_that_says_nothing_is_left_in_time_and_in_doubt(centre, way):
    await way.check()
    centre.silent = True
    began_s = time.monotonic()
    fault = await fault_of(way.send(text()))
    assert isinstance(fault, VendorUnavailable)
    assert fault.in_doubt
    assert time.monotonic() - began_s < 3


async def test_nobody_there_is_unavailable_and_nothing_was_sent():
    gone = Smpp("127.0.0.1", 1, "venire", "stand-in", sender="Venire", tls=False, step_s=0.5)
    fault = await fault_of(gone.check())
    assert isinstance(fault, VendorUnavailable)
    assert not fault.in_doubt


async def test_nothing_is_believed_that_comes_by_http(way):
    with pytest.raises(Forged):
        way.read_reports(b"", {}, "", 0)


async def test_fifty_at_once_go_over_one_connection_and_each_has_its_receipt(centre, way, heard):
    keys = [f"{number:032d}" for number in range(50)]
    await asyncio.gather(*(way.send(text(key=key)) for key in keys))
    reports = [await asyncio.wait_for(heard.get(), 5) for _ in keys]
    assert {one.key for one in reports} == set(keys)
    assert len(centre.sent) == 50


async def test_a_receipt_that_cannot_be_noted_now_ends_neither_the_next_nor_the_sending(centre):
    noted: asyncio.Queue[TextReport] = asyncio.Queue()

    async def stumbles(report: TextReport) -> None:
        await noted.put(report)
        if report.key == "a" * 32:
            raise Conflict("try_again", "This changed meanwhile: try again")

    host, port = centre.address
    way = Smpp(
        host, port, "venire", "stand-in", sender="Venire", tls=False, heard=stumbles, step_s=1.0
    )
    for key in ("a" * 32, "b" * 32):
        assert (await way.send(text(key=key))).reference
        assert (await asyncio.wait_for(noted.get(), 5)).key == key
    await way.close()
