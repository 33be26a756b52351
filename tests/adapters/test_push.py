"""Web Push: what is sent can be read by the device alone, and goes nowhere inside."""

from __future__ import annotations

import asyncio
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tests.kit.push_service import Receiver, private, read, read_draft, unpacked
from venire.adapters.push.addresses import Gate, NotAllowed, is_public
from venire.adapters.push.encryption import point_of, public_key, seal, seal_draft, url_safe
from venire.adapters.push.vapid import Vapid
from venire.adapters.push.web_push import WebPush
from venire.kernel.chance import SystemChance
from venire.kernel.clock import HOUR_MS, ManualClock
from venire.kernel.errors import Invalid
from venire.kernel.ports import PushMessage

pytestmark = pytest.mark.anyio


DEVICE = private(unpacked("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"))
AUTH = unpacked("BTBZMqHH6r4Tts7J_aSIgg")


def test_a_message_is_sealed_as_in_the_example_of_the_standard():
    """RFC 8291 section 5 and appendix A."""
    sender = private(unpacked("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"))
    body = seal(
        b"When I grow up, I want to be a watermelon",
        device=point_of(DEVICE.public_key()),
        auth=AUTH,
        sender=sender,
        salt=unpacked("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert url_safe(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
        "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
        "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
    assert read(body, DEVICE, AUTH) == b"When I grow up, I want to be a watermelon"


def test_another_device_cannot_read_it():
    device, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    for write in (seal, seal_draft):
        body = write(
            b"secret",
            device=point_of(device.public_key()),
            auth=AUTH,
            sender=ec.generate_private_key(ec.SECP256R1()),
            salt=b"s" * 16,
        )
        assert b"secret" not in body
        if write is seal:
            assert read(body, device, AUTH) == b"secret"
            with pytest.raises(Exception):  # noqa: B017, PT011 - InvalidTag, of a library's own
                read(body, other, AUTH)


@pytest.mark.parametrize("point", [b"", b"\x04" * 65, b"\x02" * 33, b"\x04" + b"\0" * 64])
def test_what_is_no_key_is_refused(point):
    with pytest.raises(Invalid):
        public_key(point)


def test_a_token_says_to_whom_it_goes_and_is_signed():
    clock = ManualClock()
    vapid = Vapid(b"k" * 32, "mailto:us@venire.test", clock)
    token = vapid.token("https://push.example:8443/some/device")
    header, claims, signature = token.split(".")
    assert json.loads(unpacked(header)) == {"typ": "JWT", "alg": "ES256"}
    assert json.loads(unpacked(claims)) == {
        "aud": "https://push.example:8443",
        "exp": clock.now_ms() // 1000 + 12 * 3600,
        "sub": "mailto:us@venire.test",
    }
    raw = unpacked(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key = public_key(unpacked(vapid.public_key))
    key.verify(der, f"{header}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    assert vapid.token("https://push.example:8443/another") == token
    clock.advance(7 * HOUR_MS)
    assert vapid.token("https://push.example:8443/another") != token
    assert Vapid(b"k" * 32, "x", clock).public_key == vapid.public_key


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - refused, not bound
        "255.255.255.255", "224.0.0.1", "192.0.2.1", "198.18.0.1", "240.0.0.1",
        "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe", "2001::1", "fec0::1", "not an address", "",
    ],
)  # fmt: skip
def test_no_address_inside_is_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_of_the_open_internet_are(address):
    assert is_public(address)


def names(**known: list[str]):
    async def resolve(host: str, _port: int) -> list[str]:
        return known.get(host.replace(".", "_"), [])

    return resolve


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://good.example/x", "https://inside.example/x", "https://both.example/x",
        "https://user@good.example/x", "https://good.example:22/x", "https://nobody.example/",
        "https://good.example:port/", "ftp://good.example/x", "https://127.0.0.1/", "//x", "",
        "https://good.example/" + "x" * 3000,
    ],
)  # fmt: skip
async def test_an_endpoint_that_leads_elsewhere_is_not_allowed(endpoint):
    gate = Gate(
        resolve=names(
            good_example=["1.1.1.1"],
            inside_example=["10.0.0.1"],
            both_example=["1.1.1.1", "127.0.0.1"],
        )
    )
    with pytest.raises(NotAllowed):
        await gate.target(endpoint)


async def test_an_endpoint_is_dialled_by_the_address_that_was_looked_at():
    gate = Gate(resolve=names(good_example=["1.1.1.1"]))
    target = await gate.target("https://good.example/a/b?c=d")
    assert (target.address, target.host, target.port) == ("1.1.1.1", "good.example", 443)
    assert target.path == "/a/b?c=d"


async def test_a_gate_for_tests_leads_nowhere_but_here():
    gate = Gate(loopback=True, resolve=names(good_example=["1.1.1.1"], here=["127.0.0.1"]))
    with pytest.raises(NotAllowed):
        await gate.target("https://good.example/")
    assert (await gate.target("http://here:81/")).address == "127.0.0.1"


@pytest.fixture
async def receiver(socket_enabled):
    service = Receiver()
    server = await asyncio.start_server(service, "127.0.0.1", 0)
    service.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/device"
    yield service
    server.close()
    await server.wait_closed()


def a_message(url: str, *, standard: bool = True) -> PushMessage:
    return PushMessage(
        endpoint=url,
        p256dh=point_of(DEVICE.public_key()),
        auth=AUTH,
        standard=standard,
        payload=b'{"title":"hello"}',
    )


@pytest.fixture
async def web_push():
    vapid = Vapid(b"k" * 32, "mailto:us@venire.test", ManualClock())
    opened = WebPush(vapid, SystemChance(), Gate(loopback=True))
    yield opened
    await opened.close()


@pytest.mark.loopback
@pytest.mark.parametrize("standard", [True, False])
async def test_a_real_service_gets_what_its_device_can_read(receiver, web_push, standard):
    assert await web_push.send(a_message(receiver.url, standard=standard)) == "sent"
    ((headers, body),) = receiver.got
    assert headers["ttl"] == "172800"
    if standard:
        assert headers["content-encoding"] == "aes128gcm"
        assert headers["authorization"].startswith("vapid t=")
        assert headers["authorization"].endswith(f"k={web_push.public_key}")
        plain = read(body, DEVICE, AUTH)
    else:
        assert headers["content-encoding"] == "aesgcm"
        assert headers["authorization"].startswith("WebPush ")
        assert headers["crypto-key"].endswith(f"p256ecdsa={web_push.public_key}")
        plain = read_draft(body, headers, DEVICE, AUTH)
    assert plain == b'{"title":"hello"}'


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("status", "outcome"),
    [(410, "gone"), (404, "gone"), (429, "later"), (503, "later"), (413, "refused")],
)
async def test_an_answer_says_whether_to_try_again(receiver, web_push, status, outcome):
    receiver.answer = f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode()
    assert await web_push.send(a_message(receiver.url)) == outcome


@pytest.mark.loopback
async def test_no_redirect_is_followed_and_no_long_answer_is_read(receiver, web_push):
    moved = f"HTTP/1.1 307 X\r\nLocation: {receiver.url}\r\nContent-Length: 0\r\n\r\n"
    receiver.answer = moved.encode()
    assert await web_push.send(a_message(receiver.url)) == "refused"
    assert receiver.requests == 1
    receiver.answer = b"HTTP/1.1 200 X\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 100_000
    assert await web_push.send(a_message(receiver.url)) == "sent"


async def test_nothing_is_sent_where_the_gate_does_not_let_it():
    vapid = Vapid(b"k" * 32, "mailto:us@venire.test", ManualClock())
    web_push = WebPush(vapid, SystemChance(), Gate(resolve=names(inside_example=["10.0.0.1"])))
    assert await web_push.send(a_message("https://inside.example/x")) == "refused"


async def test_a_key_that_is_none_means_the_device_is_gone():
    vapid = Vapid(b"k" * 32, "mailto:us@venire.test", ManualClock())
    web_push = WebPush(vapid, SystemChance(), Gate(resolve=names(good_example=["1.1.1.1"])))
    message = a_message("https://good.example/x")
    broken = PushMessage(message.endpoint, b"\x04" * 65, AUTH, standard=True, payload=b"")
    assert await web_push.send(broken) == "gone"
