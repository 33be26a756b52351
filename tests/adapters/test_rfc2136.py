"""A name server that does what it should not: by a desk that reads and writes the wire itself."""

from __future__ import annotations

import asyncio
import socket
import struct

import dns.flags
import dns.message
import dns.rcode
import dns.tsigkeyring
import dns.update
import pytest

from venire.adapters.dns.rfc2136 import Rfc2136, read_key
from venire.kernel.errors import Invalid
from venire.kernel.vendors import AccountClosed, Rejected, VendorFault, VendorUnavailable
from venire.kernel.zones import DnsRecord

pytestmark = [pytest.mark.anyio, pytest.mark.loopback]
SECRET = "c2l4dGVlbiBieXRlcyBhbmQgbW9yZQ=="
OTHER = "YW5vdGhlciBzZWNyZXQgYWx0b2dldGhlcg=="
RECORD = DnsRecord("www.site.example", "A", ("192.0.2.1", "192.0.2.2"))
HOUR = 3_600


class Desk:
    """A name server on loopback. `wrong` names what it does otherwise than it should."""

    def __init__(self):
        self.wrong = ""
        self.rcode = dns.rcode.NOERROR
        self.check_rcode = None
        self.got = []
        self.open = []

    async def serve(self, reader, writer):
        self.open.append(writer)
        try:
            (size,) = struct.unpack("!H", await reader.readexactly(2))
            raw = await reader.readexactly(size)
        except asyncio.IncompleteReadError:
            return
        ring = dns.tsigkeyring.from_text({"site-update": SECRET})
        asked = dns.message.from_wire(raw, keyring=ring)
        self.got.append(asked)
        if self.wrong == "silent":
            return
        if self.wrong == "hangs_up":
            writer.close()
            return
        wire = self._answer(asked)
        for part in (wire[:1], wire[1:]) if self.wrong != "cut" else (wire[: len(wire) // 2],):
            writer.write(part)
            await writer.drain()
        writer.close()

    def _answer(self, asked):
        answer = dns.message.make_response(asked)
        check = isinstance(asked, dns.update.UpdateMessage) and not asked.update
        answer.set_rcode(self.check_rcode if check and self.check_rcode is not None else self.rcode)
        secret = OTHER if self.wrong == "other_key" else SECRET
        if self.wrong == "unsigned":
            answer.tsig = answer.keyring = None
        else:
            answer.use_tsig(dns.tsigkeyring.from_text({"site-update": secret}), "site-update")
            answer.request_mac = asked.mac
        if self.wrong == "another_id":
            answer.id ^= 1
        wire = b"rubbish" if self.wrong == "rubbish" else answer.to_wire()
        return struct.pack("!H", len(wire)) + wire


@pytest.fixture
async def desk():
    made = Desk()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    for writer in made.open:
        writer.close()
    server.close()
    await server.wait_closed()


@pytest.fixture
def service(desk):
    key = read_key(f"hmac-sha256:site-update:{SECRET}")
    return Rfc2136("127.0.0.1", key, ("site.example", "spare.example"), port=desk.port, whole_s=0.5)


async def fault_of(work) -> VendorFault:
    with pytest.raises(VendorFault) as caught:
        await work
    return caught.value


async def test_one_update_for_each_zone_takes_away_and_sets_in_one_message(desk, service):
    other = DnsRecord("spare.example", "CAA", ())
    await service.replace([RECORD, other])
    first, second = desk.got
    assert first.had_tsig
    assert first.flags & dns.flags.RD == 0
    assert [str(one.name) for one in (*first.zone, *second.zone)] == [
        "site.example.",
        "spare.example.",
    ]
    set_ = sorted(str(value) for one in first.update for value in one)
    assert set_ == list(RECORD.values)
    assert len(second.update) == 1


@pytest.mark.parametrize(
    ("wrong", "kind", "in_doubt"),
    [
        ("silent", VendorUnavailable, True),
        ("hangs_up", VendorUnavailable, True),
        ("cut", VendorUnavailable, True),
        ("rubbish", VendorUnavailable, True),
        ("unsigned", VendorUnavailable, True),
        ("another_id", VendorUnavailable, True),
        ("other_key", VendorUnavailable, True),
    ],
)
async def test_what_the_server_has_not_signed_is_no_answer(desk, service, wrong, kind, in_doubt):
    desk.wrong = wrong
    fault = await fault_of(service.replace([RECORD]))
    assert (type(fault), fault.in_doubt) == (kind, in_doubt)


@pytest.mark.parametrize(
    ("rcode", "check", "kind"),
    [
        (dns.rcode.REFUSED, None, AccountClosed),
        (dns.rcode.REFUSED, dns.rcode.NOERROR, Rejected),
        (dns.rcode.NOTAUTH, None, AccountClosed),
        (dns.rcode.FORMERR, None, Rejected),
        (dns.rcode.NOTZONE, None, Rejected),
        (dns.rcode.SERVFAIL, None, VendorUnavailable),
        (dns.rcode.NOTIMP, None, VendorUnavailable),
        (dns.rcode.NXDOMAIN, None, VendorUnavailable),
    ],
)
async def test_each_answer_has_its_class(desk, service, rcode, check, kind):
    desk.rcode, desk.check_rcode = rcode, check
    fault = await fault_of(service.replace([RECORD]))
    assert type(fault) is kind
    assert fault.said == f"rcode_{dns.rcode.to_text(rcode).lower()}"


async def test_a_name_that_is_not_there_has_no_values(desk, service):
    desk.rcode = dns.rcode.NXDOMAIN
    assert await service.look("none.site.example", "A") == ()


async def test_nobody_there_is_unavailable_and_nothing_is_in_doubt():
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        key = read_key(f"hmac-sha256:site-update:{SECRET}")
        service = Rfc2136("127.0.0.1", key, ("site.example",), port=nobody.getsockname()[1])
        fault = await fault_of(service.replace([RECORD]))
    assert (type(fault), fault.in_doubt) == (VendorUnavailable, False)


@pytest.mark.parametrize(
    "records",
    [
        [DnsRecord("www.other.example", "A", ("192.0.2.1",))],
        [RECORD, DnsRecord("www.site.example", "A", ("192.0.2.3",))],
        [DnsRecord("www.site.example", "TXT", ("a\nb",))],
    ],
)
async def test_what_should_not_be_set_is_sent_to_nobody(desk, service, records):
    with pytest.raises(Invalid):
        await service.replace(records)
    assert desk.got == []


@pytest.mark.parametrize("values", [("192.0.2.256",), ("not an address",), ("::1",)])
async def test_a_value_that_is_none_of_its_kind_is_refused_and_not_a_fault_of_the_host(
    desk, service, values
):
    with pytest.raises(Invalid) as caught:
        await service.replace([DnsRecord("www.site.example", "A", values)])
    assert caught.value.code == "dns_record_invalid"
    assert desk.got == []


@pytest.mark.parametrize("read", [1, 2])
async def test_a_stop_that_comes_together_with_an_answer_is_heeded(
    desk, service, monkeypatch, read
):
    whole = asyncio.StreamReader.read
    reads = []

    async def worker():
        await service.replace([RECORD])
        await asyncio.sleep(HOUR)

    async def read_and_stop(self, n=-1):
        content = await whole(self, n)
        reads.append(n)
        if len(reads) == read:
            working.cancel()
        return content

    monkeypatch.setattr(asyncio.StreamReader, "read", read_and_stop)
    working = asyncio.create_task(worker())
    _, left = await asyncio.wait([working], timeout=5)
    if left:
        working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert (left, len(reads) >= read) == (set(), True)
