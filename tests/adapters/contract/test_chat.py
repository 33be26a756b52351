"""What every chat service has to do here: the same tests over every one of them."""

from __future__ import annotations

import threading
import time

import pytest

from venire.adapters.chat.apprise_chat import AT_ONCE, SERVICES, AppriseChat
from venire.cli.drills.counterparts.chat import SECRETS, ChatCounterpart
from venire.cli.drills.counterparts.server import served
from venire.kernel.errors import Invalid
from venire.kernel.messages import ChatMessage
from venire.kernel.vendors import AccountClosed, Rejected, VendorFault, VendorUnavailable

pytestmark = [pytest.mark.anyio, pytest.mark.loopback]
TEXT = "There is an invitation for you: https://venire.test/jury"


@pytest.fixture(params=sorted(SERVICES))
def service(request):
    standing = ChatCounterpart(request.param)
    with served(standing):
        yield standing


@pytest.fixture
async def way(service):
    adapter = service.adapter(whole_s=3.0)
    yield adapter
    await adapter.close()


async def fault_of(work) -> VendorFault:
    with pytest.raises(VendorFault) as caught:
        await work
    return caught.value


async def test_an_alert_arrives_with_its_text_and_nothing_else(service, way):
    await way.check()
    await way.send(ChatMessage(service.recipient, "Venire", TEXT))
    ((recipient, said),) = service.said
    assert recipient == service.recipient
    assert TEXT in said
    assert len(said) <= len(TEXT) + 40


async def test_a_service_that_closed_us_says_so(service, way):
    service.closed = True
    if service.service != "signal":
        assert isinstance(await fault_of(way.check()), AccountClosed)
    fault = await fault_of(way.send(ChatMessage(service.recipient, "Venire", TEXT)))
    assert isinstance(fault, AccountClosed)
    assert service.said == []


async def test_a_service_that_is_gone_or_broken_is_unavailable(service, way):
    message = ChatMessage(service.recipient, "Venire", TEXT)
    for fault in ("500", "503"):
        service.order(*[fault] * 12)
        assert isinstance(await fault_of(way.send(message)), VendorUnavailable)
        service.forget_orders()
    assert service.said == []


async def test_a_service_that_hangs_is_not_waited_for(service):
    way = service.adapter(whole_s=0.4)
    service.order(*["hang"] * 12)
    began = time.monotonic()
    fault = await fault_of(way.send(ChatMessage(service.recipient, "Venire", TEXT)))
    assert isinstance(fault, VendorUnavailable)
    assert time.monotonic() - began < 2
    await way.close()


@pytest.mark.parametrize(
    "fault", ["drip", "long", "packed", "redirect", "cut", "garbage", "empty", "inside"]
)
async def test_a_strange_answer_holds_nobody_and_is_not_believed(service, fault):
    way = service.adapter(whole_s=1.0)
    service.order(*[fault] * 12)
    began = time.monotonic()
    fault_seen = await fault_of(way.send(ChatMessage(service.recipient, "Venire", TEXT)))
    assert isinstance(fault_seen, VendorUnavailable | Rejected)
    assert time.monotonic() - began < 3
    assert not [call for call in service.calls if call.path == "/elsewhere"]
    service.forget_orders()
    # Those that still wait are few, and nobody waits for them.
    assert len([one for one in threading.enumerate() if one.name == "chat"]) <= AT_ONCE
    await way.close()


async def test_no_proxy_of_the_environment_is_asked(service, way, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    await way.send(ChatMessage(service.recipient, "Venire", TEXT))
    assert len(service.said) == 1


async def test_nothing_is_logged_of_who_could_not_be_reached(service, way, caplog):
    caplog.set_level("DEBUG")
    service.order(*["400"] * 12)
    await fault_of(way.send(ChatMessage(service.recipient, "Venire", TEXT)))
    assert service.recipient not in caplog.text
    assert TEXT not in caplog.text
    secret = SECRETS[service.service]
    assert not secret or secret not in caplog.text.replace("/bot", "")


async def test_one_who_cannot_be_reached_is_no_fault_of_the_service(service, way):
    # The message is refused, the question after it is answered.
    service.order("400")
    if service.service == "matrix":
        service.order("400", "400", "400", "400")
    fault = await fault_of(way.send(ChatMessage(service.recipient, "Venire", TEXT)))
    assert isinstance(fault, Rejected | VendorUnavailable)


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "https://evil.test/x", "json://127.0.0.1/", "ntfy://127.0.0.1/x", "../admin",
        "a/b", "a?b=c", "a#b", "@everyone", "#general", "x" * 300, "a b", "a\r\nX: y", "x,y",
        "http://169.254.169.254/latest", "+62812345678\n", "@here", "!channel", "-100123",
    ],
)  # fmt: skip
async def test_what_is_no_address_there_is_never_sent_anywhere(service, way, typed):
    assert not way.accepts(typed)
    assert isinstance(await fault_of(way.send(ChatMessage(typed, "Venire", TEXT))), Rejected)
    assert service.calls == []


def test_a_service_nobody_knows_is_refused_at_start():
    for name, secret, address in (
        ("json", "", "https://a.test"),
        ("slack", "no token", ""),
        ("telegram", "no token", ""),
        ("ntfy", "", ""),
        ("ntfy", "", "http://ntfy.test"),
        ("matrix", SECRETS["matrix"], "ftp://home.test"),
    ):
        with pytest.raises(Invalid):
            AppriseChat(name, secret, {"address": address})
