"""Zones set at real name servers: BIND and Knot, by signed updates."""

from __future__ import annotations

import os

import dns.message
import dns.query
import pytest

from tests.counterparts import names
from venire.adapters.dns.rfc2136 import Rfc2136, read_key
from venire.kernel.vendors import AccountClosed, Rejected, VendorUnavailable
from venire.kernel.zones import DnsRecord

pytestmark = pytest.mark.anyio
SERVERS = [pytest.param(name, marks=pytest.mark.vendors(name)) for name in ("bind", "knot")]
ZONE = names.ZONES[0]


def host(name, secret=names.SECRET, key=names.KEY, zones=names.ZONES):
    address, _, port = os.environ[f"VENIRE_COUNTERPART_{name.upper()}"].partition(":")
    return Rfc2136(address, read_key(f"hmac-sha256:{key}:{secret}"), zones, port=int(port))


def asked(name, what, kind):
    """What anybody is told, by a query of its own."""
    address, _, port = os.environ[f"VENIRE_COUNTERPART_{name.upper()}"].partition(":")
    answer = dns.query.udp(dns.message.make_query(what, kind), address, 5, port=int(port))
    return sorted(str(value) for found in answer.answer for value in found)


@pytest.mark.parametrize("name", SERVERS)
async def test_a_wrong_key_or_a_wrong_secret_is_an_account_that_is_closed(name):
    record = DnsRecord(f"forged.{ZONE}", "A", ("192.0.2.66",))
    with pytest.raises(AccountClosed):
        await host(name, secret="A" * 43 + "=").replace([record])
    with pytest.raises(AccountClosed):
        await host(name, key="somebody-else").replace([record])
    assert asked(name, record.name, "A") == []


@pytest.mark.parametrize("name", SERVERS)
async def test_a_zone_that_the_server_does_not_hold_is_told_by_the_check(name):
    await host(name).check()
    with pytest.raises((AccountClosed, Rejected, VendorUnavailable)):
        await host(name, zones=("elsewhere.example",)).check()


@pytest.mark.vendors("bind")
async def test_a_record_that_is_refused_for_what_it_says_does_not_put_us_out():
    nowhere = DnsRecord(f"lost.{ZONE}", "MX", (f"10 nowhere.{ZONE}.",))
    with pytest.raises(Rejected):
        await host("bind").replace([nowhere])
