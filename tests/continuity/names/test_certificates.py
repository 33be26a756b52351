"""Certificates and zones with two of each vendor: real ones where marked, else desks of our own."""

from __future__ import annotations

import dataclasses
import os
import ssl
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.counterparts import authorities, names
from venire.adapters.certificates.acme import Acme
from venire.adapters.certificates.signing import AccountKey
from venire.adapters.dns.rfc2136 import Rfc2136, read_key
from venire.continuity.names.certificates import Certificates
from venire.continuity.names.name_hosts import NameHosts
from venire.continuity.vendors import vendor_states
from venire.kernel.errors import Invalid, Unavailable
from venire.kernel.vendors import AccountClosed, VendorFault, VendorUnavailable
from venire.kernel.zones import DnsRecord

pytestmark = pytest.mark.anyio
ZONE = names.ZONES[1]
EVERYBODY = pytest.mark.vendors("acme_a", "acme_b", "bind", "knot")


def where(name):
    return os.environ[f"VENIRE_COUNTERPART_{name.upper()}"]


def real_host(name):
    address, _, port = where(name).partition(":")
    key = read_key(f"hmac-sha256:{names.KEY}:{names.SECRET}")
    return Rfc2136(address, key, names.ZONES, port=int(port))


@pytest.fixture
async def authority():
    made = []

    def make(directory, root):
        key = AccountKey(ec.generate_private_key(ec.SECP256R1()))
        context = ssl.create_default_context(cafile=root)
        made.append(Acme(directory, key, terms_agreed=True, context=context))
        return made[-1]

    yield make
    for service in made:
        await service.close()


@dataclasses.dataclass
class Host:
    """A host of names that remembers, or does what it is told to."""

    fault: VendorFault | None = None
    zones: tuple[str, ...] = names.ZONES
    held: dict = dataclasses.field(default_factory=dict)

    async def replace(self, records):
        if self.fault is not None:
            raise self.fault
        self.held.update({(one.name, one.kind): one.values for one in records})

    async def look(self, name, kind):
        if self.fault is not None:
            raise self.fault
        return self.held.get((name, kind), ())

    async def check(self):
        if self.fault is not None:
            raise self.fault


@EVERYBODY
async def test_an_authority_that_is_gone_is_replaced_by_the_other_in_the_same_call(
    world, authority, tmp_path
):
    process, told = authorities.pebble(tmp_path / "first", where("bind"))
    try:
        services = {
            "first": authority(told["DIRECTORY"], told["ROOT"]),
            "second": authority(where("acme_b"), where("acme_b_root")),
        }
        hosts = NameHosts(world, {"bind": real_host("bind"), "knot": real_host("knot")})
        certificates = Certificates(world, services, hosts)
        certificates.failover._share = 0.0
        asked = (ZONE, f"*.{ZONE}")
        before = await certificates.obtain(asked)
        assert (before.authority, before.before) == ("first", ())
        assert before.begin_ms < await certificates.renew_at_ms(before) < before.end_ms
        process.kill()
        began = time.monotonic()
        after = await certificates.obtain(asked)
        assert time.monotonic() - began < 20
        assert after.authority == "second"
        assert [name for name, _ in after.before] == ["first"]
    finally:
        process.stop()
    for each in (before, after):
        leaf = x509.load_pem_x509_certificates(each.chain)[0]
        held = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert set(held.get_values_for_type(x509.DNSName)) == set(asked)
        key = load_pem_private_key(each.key, None)
        assert key.public_key() == leaf.public_key()
    assert before.key != after.key
    assert "PRIVATE" not in repr(after)
    assert await hosts.look(f"_acme-challenge.{ZONE}", "TXT") == {"bind": (), "knot": ()}


@EVERYBODY
async def test_with_the_first_authority_gone_the_day_of_renewal_is_still_known(
    world, authority, tmp_path
):
    process, told = authorities.pebble(tmp_path / "first", where("bind"))
    try:
        services = {"first": authority(told["DIRECTORY"], told["ROOT"])}
        hosts = NameHosts(world, {"bind": real_host("bind")})
        certificates = Certificates(world, services, hosts)
        made = await certificates.obtain((f"day.{ZONE}",))
    finally:
        process.stop()
    at_ms = await certificates.renew_at_ms(made)
    assert at_ms == made.begin_ms + (made.end_ms - made.begin_ms) * 2 // 3


@EVERYBODY
async def test_a_host_of_names_that_is_gone_stops_no_certificate(world, authority):
    hosts = NameHosts(world, {"knot": Host(VendorUnavailable("gone")), "bind": real_host("bind")})
    services = {"first": authority(where("acme_a"), where("acme_a_root"))}
    made = await Certificates(world, services, hosts).obtain((f"half.{ZONE}",))
    assert made.authority == "first"


@pytest.mark.vendors("acme_a")
async def test_no_authority_is_blamed_where_no_host_of_names_takes_the_proof(world, authority):
    hosts = NameHosts(world, {"one": Host(AccountClosed("rcode_refused"))})
    services = {"first": authority(where("acme_a"), where("acme_a_root"))}
    with pytest.raises(Unavailable) as caught:
        await Certificates(world, services, hosts).obtain((f"none.{ZONE}",))
    assert caught.value.code == "names_unavailable"
    assert (await vendor_states.load(world, "certificates")).get("first") is None


class Authority:
    """One that only says by which names CAA lets it issue."""

    def __init__(self, *caa):
        self.caa = frozenset(caa)

    async def caa_names(self):
        return self.caa


async def test_an_authority_that_caa_shuts_out_at_any_host_is_named_beforehand(world):
    one, other = Host(), Host()
    hosts = NameHosts(world, {"one": one, "other": other})
    services = {"first": Authority("a.example"), "second": Authority("b.example")}
    certificates = Certificates(world, services, hosts)
    both = DnsRecord(ZONE, "CAA", ('0 issue "a.example"', '0 issue "b.example"'))
    await hosts.replace([both])
    assert await certificates.shut_out([f"www.{ZONE}", f"*.{ZONE}"]) == []
    await other.replace([DnsRecord(ZONE, "CAA", ('0 issue "a.example"',))])
    assert await certificates.shut_out([f"www.{ZONE}"]) == [("second", f"www.{ZONE}")]


async def test_what_is_set_is_set_at_every_host_and_who_was_away_is_named(world):
    there, away = Host(), Host(VendorUnavailable("timeout"))
    hosts = NameHosts(world, {"there": there, "away": away})
    record = DnsRecord(f"www.{ZONE}", "A", ("192.0.2.1",))
    done = await hosts.replace([record])
    assert (done.taken, done.faults) == (("there",), (("away", "timeout"),))
    assert await hosts.look(record.name, "A") == {"there": record.values, "away": None}
    away.fault = None
    assert (await hosts.replace([record])).taken == ("there", "away")
    assert there.held == away.held


async def test_where_no_host_takes_it_the_first_fault_is_the_answer(world):
    hosts = NameHosts(world, {"one": Host(AccountClosed("peerbadkey"))})
    with pytest.raises(AccountClosed):
        await hosts.replace([DnsRecord(f"www.{ZONE}", "A", ("192.0.2.1",))])
    with pytest.raises(VendorUnavailable):
        await NameHosts(world, {"one": Host(zones=())}).replace([])


async def test_names_that_are_none_are_asked_of_nobody(world):
    certificates = Certificates(world, {}, NameHosts(world, {}))
    for strange in ((), ("Site.example",), ("site",), ("a.*.site.example",)):
        with pytest.raises(Invalid):
            await certificates.obtain(strange)


async def test_a_proof_is_given_time_to_be_told_everywhere_and_is_taken_away_at_once(world):
    host = Host()
    hosts = NameHosts(world, {"one": host}, settle_s=0.2)
    certificates = Certificates(world, {}, hosts)
    took = []
    for values in (("proof",), ()):
        began = time.monotonic()
        await certificates._publish([DnsRecord(f"_acme-challenge.{ZONE}", "TXT", values)])
        took.append(time.monotonic() - began)
    assert took[0] >= 0.2 > took[1]


async def test_every_host_is_asked_whether_it_serves_us_and_who_does_not_is_named_and_shut(world):
    hosts = NameHosts(world, {"one": Host(), "other": Host(AccountClosed("rcode_notauth"))})
    assert await hosts.check() == {"other": "rcode_notauth"}
    states = await vendor_states.load(world, "dns")
    assert states["other"].state == "shut"
    assert states["one"].last_success_ms == world.now_ms()
