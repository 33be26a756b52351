"""What every authority has to do here: the same tests over pebble, twice, and over the stand-in."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import ssl
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.counterparts import names
from venire.adapters.certificates.acme import Acme, fits
from venire.adapters.certificates.signing import AccountKey
from venire.adapters.dns.rfc2136 import Rfc2136, read_key
from venire.cli.drills.counterparts import name_server
from venire.cli.drills.counterparts.authority import Authority
from venire.cli.drills.counterparts.name_server import NameServer
from venire.cli.drills.counterparts.server import served
from venire.kernel.ports import CertificateService, DnsService
from venire.kernel.vendors import AccountClosed, VendorUnavailable

pytestmark = [pytest.mark.anyio, pytest.mark.loopback]
ZONE = names.ZONES[1]


@dataclasses.dataclass
class Place:
    """An authority, and the host of names that it looks at."""

    authority: Callable[..., CertificateService]
    host: DnsService


def stand_in(stack):
    server = NameServer(ZONE)
    stack.enter_context(served(server))
    standing = Authority("one", [server])
    stack.enter_context(served(standing))
    address, port = server.address
    host = Rfc2136(address, read_key(name_server.KEY), (ZONE,), port=port)

    def made(key, **more):
        return Acme(f"{standing.url}/dir", key, loopback=True, **{"terms_agreed": True} | more)

    return Place(made, host)


def pebble(name):
    def place(_stack):
        where = {key: os.environ[f"VENIRE_COUNTERPART_{key.upper()}"] for key in (name, "bind")}
        root = os.environ[f"VENIRE_COUNTERPART_{name.upper()}_ROOT"]
        address, _, port = where["bind"].partition(":")
        key = read_key(f"hmac-sha256:{names.KEY}:{names.SECRET}")
        context = ssl.create_default_context(cafile=root)

        def made(account, **more):
            return Acme(where[name], account, context=context, **{"terms_agreed": True} | more)

        return Place(made, Rfc2136(address, key, (ZONE,), port=int(port)))

    return place


PLACES = [
    pytest.param(stand_in, id="stand_in"),
    *(
        pytest.param(pebble(name), id=name, marks=pytest.mark.vendors(name, "bind"))
        for name in ("acme_a", "acme_b")
    ),
]


@pytest.fixture(params=PLACES)
def place(request):
    with contextlib.ExitStack() as stack:
        yield request.param(stack)


@pytest.fixture
async def authority(place):
    """Makes services of the place, and closes their connections."""
    made = []

    def make(key=None, **more):
        account = AccountKey(key or ec.generate_private_key(ec.SECP256R1()))
        made.append(place.authority(account, **more))
        return made[-1]

    yield make
    for service in made:
        await service.close()


def request(*named):
    key = ec.generate_private_key(ec.SECP256R1())
    listed = x509.SubjectAlternativeName([x509.DNSName(name) for name in named])
    made = x509.CertificateSigningRequestBuilder(x509.Name([]))
    made = made.add_extension(listed, critical=False).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.DER)


async def test_names_and_wildcards_are_certified_and_no_proof_is_left(place, authority):
    asked = request(ZONE, f"*.{ZONE}", f"www.{ZONE}")
    service = authority()
    await service.check()
    chain = await service.issue(asked, place.host.replace)
    assert fits(chain, asked)
    assert not fits(chain, request(ZONE))
    for name in (ZONE, f"www.{ZONE}"):
        assert await place.host.look(f"_acme-challenge.{name}", "TXT") == ()
    assert await service.caa_names()


async def test_the_same_account_is_found_again(place, authority):
    key = ec.generate_private_key(ec.SECP256R1())
    for number, service in enumerate((authority(key), authority(key))):
        asked = request(f"again{number}.{ZONE}")
        assert fits(await service.issue(asked, place.host.replace), asked)


async def test_without_agreeing_to_its_terms_there_is_no_account(authority):
    with pytest.raises(AccountClosed):
        await authority(terms_agreed=False).check()


async def test_what_showing_the_proof_raises_goes_on_and_the_proof_is_taken_away(authority):
    shown = []

    async def fail_first(records):
        shown.append([bool(one.values) for one in records])
        if len(shown) == 1:
            raise VendorUnavailable("the host is away")

    with pytest.raises(VendorUnavailable) as caught:
        await authority().issue(request(f"broken.{ZONE}"), fail_first)
    assert caught.value.said == "the host is away"
    assert shown == [[True], [False]]
