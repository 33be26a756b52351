"""What every vendor of text messages has to do here: the same tests over every adapter."""

from __future__ import annotations

import time

import pytest

from venire.adapters.sms.android_gateway import AndroidGateway
from venire.adapters.sms.twilio import Twilio
from venire.cli.drills.counterparts.android_gateway import AndroidCounterpart
from venire.cli.drills.counterparts.infobip import InfobipCounterpart
from venire.cli.drills.counterparts.server import served
from venire.cli.drills.counterparts.twilio import TwilioCounterpart
from venire.kernel.errors import Invalid
from venire.kernel.messages import TextMessage
from venire.kernel.money import Forged
from venire.kernel.vendors import (
    AccountClosed,
    Rejected,
    VendorFault,
    VendorThrottled,
    VendorUnavailable,
)

pytestmark = [pytest.mark.anyio, pytest.mark.loopback]

COUNTERPARTS = {
    "twilio": TwilioCounterpart,
    "infobip": InfobipCounterpart,
    "android": AndroidCounterpart,
}
NUMBER = "+6281234567890"


def text(key: str = "a" * 32, to: str = NUMBER) -> TextMessage:
    return TextMessage(to, "123456 is the code. Ünïcode, & signs", key, "en")


@pytest.fixture(params=COUNTERPARTS)
def vendor(request):
    standing = COUNTERPARTS[request.param]()
    with served(standing):
        yield standing


@pytest.fixture
async def way(vendor):
    adapter = vendor.adapter()
    adapter._http._whole_s = 0.6
    yield adapter
    await adapter.close()


async def fault_of(work) -> VendorFault:
    with pytest.raises(VendorFault) as caught:
        await work
    return caught.value


async def test_a_message_arrives_as_it_was_written_and_has_a_reference(vendor, way):
    taken = await way.send(text())
    assert vendor.sent == [(NUMBER, text().text)]
    assert taken.reference
    await way.check()


async def test_the_same_key_again_is_one_message_where_the_vendor_knows_keys(vendor, way):
    first, again = await way.send(text()), await way.send(text())
    assert again.reference
    assert first.reference
    # Twilio has no key of ours: there a second try is a second text, with the same words in it.
    assert len(vendor.sent) == (2 if isinstance(vendor, TwilioCounterpart) else 1)


@pytest.mark.parametrize("fault", ["401", "403", "suspended"])
async def test_an_account_that_is_refused_is_closed(vendor, way, fault):
    vendor.order(fault)
    assert isinstance(await fault_of(way.send(text())), AccountClosed)
    vendor.order(fault)
    assert isinstance(await fault_of(way.check()), AccountClosed)
    assert vendor.sent == []


async def test_too_many_is_throttled_and_says_for_how_long(vendor, way):
    vendor.order("429")
    fault = await fault_of(way.send(text()))
    assert isinstance(fault, VendorThrottled)
    if not isinstance(vendor, AndroidCounterpart) or fault.retry_after_s:
        assert fault.retry_after_s == 7.0


@pytest.mark.parametrize("fault", ["500", "503", "hang", "drip", "garbage", "empty", "long", "cut"])
async def test_what_is_no_answer_is_in_doubt(vendor, way, fault):
    vendor.order(fault)
    began = time.monotonic()
    found = await fault_of(way.send(text()))
    assert isinstance(found, VendorUnavailable)
    assert found.in_doubt
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("fault", ["400", "402", "404", "408", "redirect", "inside"])
async def test_what_was_surely_not_sent_goes_on_to_the_next_vendor(vendor, way, fault):
    vendor.order(fault)
    found = await fault_of(way.send(text()))
    assert isinstance(found, VendorUnavailable)
    assert not found.in_doubt
    assert vendor.sent == []


async def test_a_number_that_takes_no_texts_is_the_recipients_own_matter(vendor, way):
    # A phone of one's own cannot tell a wrong number from a network that is busy.
    numbers = () if isinstance(vendor, AndroidCounterpart) else ("+15005550001", "+15005550004")
    for number in numbers:
        assert isinstance(await fault_of(way.send(text(to=number))), Rejected)


async def test_an_answer_that_comes_twice_is_not_taken_for_that_of_the_next_message(vendor, way):
    vendor.order("twice")
    await way.send(text("b" * 32))
    await way.send(text("c" * 32, "+6281234567891"))
    assert [to for to, _ in vendor.sent] == [NUMBER, "+6281234567891"]


async def test_no_fault_holds_a_number_or_a_secret(vendor, way):
    for fault in ("400", "401", "429", "500", "hang", "inside"):
        vendor.order(fault)
        found = await fault_of(way.send(text()))
        shown = f"{found!r} {found.__cause__!r} {way!r}"
        assert NUMBER not in shown
        assert "stand-in" not in shown


async def test_a_check_that_says_nothing_is_no_success(vendor, way):
    for fault in ("garbage", "empty", "500", "hang"):
        vendor.order(fault)
        assert isinstance(await fault_of(way.check()), VendorUnavailable)


def test_a_vendor_without_tls_is_refused_at_start():
    for made in (TwilioCounterpart, InfobipCounterpart):
        standing = made()
        standing.url = "http://api.vendor.test"
        with pytest.raises(Invalid):
            standing.adapter()


def test_a_receipt_is_signed_as_in_the_vendors_own_example():
    """Twilio docs, Webhooks Security: the example that its libraries are tested with."""
    adapter = Twilio("AC" + "0" * 32, "12345", sender="+15005550006")
    caller = "+14158675309"
    fields = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Digits", "1234"),
        ("From", caller),
        ("To", "+18005551212"),
        ("Caller", caller),
    ]
    where = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert adapter.signature(where, fields) == b"RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_a_receipt_of_the_phone_is_believed_for_five_minutes_and_unchanged():
    phone = AndroidCounterpart()
    phone.url = "http://127.0.0.1:9"
    adapter = phone.adapter()
    now_ms = 1_767_225_600_000
    headers, body = phone.report("a" * 32, "sms:delivered", now_ms // 1_000)
    (report,) = adapter.read_reports(body, headers, "", now_ms)
    assert (report.key, report.state) == ("a" * 32, "delivered")
    for place, sent, at_ms in (
        ({**headers, "x-signature": "0" * 64}, body, now_ms),
        ({**headers, "x-timestamp": str(now_ms // 1_000 + 1)}, body, now_ms),
        (headers, body.replace(b"delivered", b"failed"), now_ms),
        (headers, body, now_ms + 301_000),
        (headers, body, now_ms - 301_000),
        ({}, body, now_ms),
    ):
        with pytest.raises(Forged):
            adapter.read_reports(sent, place, "", at_ms)
    other, ping = phone.report("a" * 32, "system:ping", now_ms // 1_000)
    assert adapter.read_reports(ping, other, "", now_ms) == []
    unsigned = AndroidGateway(phone.url, "sms", "word", loopback=True)
    with pytest.raises(Forged):
        unsigned.read_reports(body, headers, "", now_ms)
