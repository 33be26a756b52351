"""What every host of names has to do here: one contract, every adapter, and the stand-in."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path

import dns.message
import dns.query
import pytest

from tests.counterparts import names
from venire.adapters.dns.octodns import Octodns
from venire.adapters.dns.rfc2136 import Rfc2136, read_key
from venire.cli.drills.counterparts import name_server
from venire.cli.drills.counterparts.name_server import NameServer
from venire.cli.drills.counterparts.server import served
from venire.kernel.errors import Invalid
from venire.kernel.ports import DnsService
from venire.kernel.vendors import AccountClosed, VendorFault
from venire.kernel.zones import DnsRecord

pytestmark = [pytest.mark.anyio, pytest.mark.loopback]
ZONE = names.ZONES[0]
KEY = f"hmac-sha256:{names.KEY}:{names.SECRET}"
OTHER = f"hmac-sha256:{names.KEY}:{'A' * 43}="


@dataclasses.dataclass
class Host:
    """A host of names with an adapter to it, and where anybody may ask it."""

    adapter: Callable[[str], DnsService]
    address: tuple[str, int]
    key: str = KEY

    @property
    def service(self) -> DnsService:
        return self.adapter(self.key)

    def told(self, name, kind):
        """What anybody is told, by a query of its own."""
        question = dns.message.make_query(name, kind)
        answer = dns.query.tcp(question, self.address[0], 5, port=self.address[1])
        return tuple(sorted(str(value) for found in answer.answer for value in found))


def _updates(address, zones=names.ZONES):
    def adapter(key):
        return Rfc2136(address[0], read_key(key), zones, port=address[1])

    return adapter


def stand_in(_folder, stack):
    server = NameServer(*names.ZONES)
    stack.enter_context(served(server))
    return Host(_updates(server.address), server.address, name_server.KEY)


def running(name):
    def host(_folder, _stack):
        where, _, port = os.environ[f"VENIRE_COUNTERPART_{name.upper()}"].partition(":")
        return Host(_updates((where, int(port))), (where, int(port)))

    return host


def octodns_into_bind(folder, stack):
    """Zone files by octodns and its plugin, into a name server of this test's alone."""
    process, where = names.bind(folder / "bind")
    stack.callback(process.stop)
    address, _, port = where.partition(":")
    zones = folder / "zones"
    zones.mkdir()
    # What octodns does not find in a zone file it deletes: so it begins with what is there.
    apex = {
        "": [{"type": "A", "values": ["127.0.0.1"]}],
        "ns": {"type": "A", "values": ["127.0.0.1"]},
    }
    (zones / f"{ZONE}.yaml").write_text(json.dumps(apex))

    def adapter(key):
        algorithm, name, secret = key.split(":")
        server = {"class": "octodns_bind.Rfc2136Provider", "host": address, "port": int(port)}
        server |= {"key_name": name, "key_secret": secret, "key_algorithm": algorithm}
        files = {"class": "octodns.provider.yaml.YamlProvider", "directory": "."}
        providers = {"files": {**files, "enforce_order": False}, "server": server}
        flow = {f"{ZONE}.": {"sources": ["files"], "targets": ["server"]}}
        (zones / "octodns.yaml").write_text(json.dumps({"providers": providers, "zones": flow}))
        program = Path(os.environ["VENIRE_COUNTERPART_ORACLES"]).with_name("octodns-sync")
        return Octodns(zones, (str(program), "--config-file", "octodns.yaml", "--doit"), (ZONE,))

    return Host(adapter, (address, int(port)))


HOSTS = [
    pytest.param(stand_in, id="stand_in"),
    pytest.param(running("bind"), id="bind", marks=pytest.mark.vendors("bind")),
    pytest.param(running("knot"), id="knot", marks=pytest.mark.vendors("knot")),
    pytest.param(octodns_into_bind, id="octodns", marks=pytest.mark.vendors("bind", "oracles")),
]


@pytest.fixture(params=HOSTS)
def host(request, tmp_path):
    with contextlib.ExitStack() as stack:
        yield request.param(tmp_path, stack)


async def fault_of(work) -> VendorFault:
    with pytest.raises(VendorFault) as caught:
        await work
    return caught.value


async def test_records_are_set_seen_by_everybody_changed_and_taken_away(host):
    service = host.service
    await service.check()
    www = DnsRecord(f"www.{ZONE}", "A", ("192.0.2.1", "192.0.2.2"))
    proof = DnsRecord(f"_acme-challenge.{ZONE}", "TXT", ("another; with more", "one-proof"), 60)
    await service.replace([www, proof])
    assert await service.look(www.name, "A") == www.values
    assert await service.look(proof.name, "TXT") == proof.values
    assert host.told(www.name, "A") == www.values
    await service.replace([DnsRecord(www.name, "A", ("192.0.2.3",))])
    assert host.told(www.name, "A") == ("192.0.2.3",)
    assert host.told(proof.name, "TXT") == tuple(f'"{value}"' for value in proof.values)
    await service.replace([DnsRecord(www.name, "A", ()), DnsRecord(proof.name, "TXT", ())])
    assert await service.look(www.name, "A") == ()
    assert host.told(proof.name, "TXT") == ()


async def test_every_kind_of_record_comes_back_as_it_was_set(host):
    service = host.service
    records = [
        DnsRecord(f"six.{ZONE}", "AAAA", ("2001:db8::1",)),
        DnsRecord(f"other.{ZONE}", "CNAME", ("www.spare.example.",)),
        DnsRecord(f"post.{ZONE}", "MX", (f"10 ns.{ZONE}.",)),
        DnsRecord(f"part.{ZONE}", "NS", (f"ns.{ZONE}.",)),
        DnsRecord(f"strict.{ZONE}", "CAA", ('0 issue "a.example"', '0 issue "b.example"')),
        DnsRecord(f"*.{ZONE}", "A", ("192.0.2.4",)),
    ]
    await service.replace(records)
    for record in records:
        if record.kind != "NS":  # a delegation is given as a referral, not as an answer
            assert await service.look(record.name, record.kind) == record.values
            assert host.told(record.name, record.kind) == record.values
    await service.replace([DnsRecord(one.name, one.kind, ()) for one in records])
    for record in records:
        assert await service.look(record.name, record.kind) == ()


async def test_the_same_again_changes_nothing_and_is_no_fault(host):
    service = host.service
    record = DnsRecord(f"twice.{ZONE}", "A", ("192.0.2.9",))
    for _ in range(2):
        await service.replace([record])
        assert host.told(record.name, "A") == record.values
    for _ in range(2):
        await service.replace([DnsRecord(record.name, "A", ())])


async def test_a_wrong_secret_sets_nothing_and_is_no_success(host):
    record = DnsRecord(f"forged.{ZONE}", "A", ("192.0.2.66",))
    fault = await fault_of(host.adapter(OTHER).replace([record]))
    assert isinstance(fault, AccountClosed) or fault.said.startswith(("octodns", "eoferror"))
    assert host.told(record.name, "A") == ()


@pytest.mark.parametrize(
    "record",
    [
        DnsRecord("www.elsewhere.example", "A", ("192.0.2.1",)),
        DnsRecord(f"www.{ZONE}", "A", ("192.0.2.1\n$INCLUDE x",)),
        DnsRecord(f"www.{ZONE}", "A", ("192.0.2.1",), 0),
    ],
)
async def test_what_should_not_be_set_never_leaves_the_house(host, record):
    with pytest.raises(Invalid):
        await host.service.replace([DnsRecord(f"fine.{ZONE}", "A", ("192.0.2.1",)), record])
    assert host.told(f"fine.{ZONE}", "A") == ()
