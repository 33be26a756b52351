"""Certificates from two real authorities (pebble), proved at real name servers (BIND and Knot)."""

from __future__ import annotations

import asyncio
import os
import ssl
import time

import dns.message
import dns.query
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import PolicyBuilder, Store

from tests.counterparts import authorities, names
from venire.adapters.certificates.acme import Acme, fits
from venire.adapters.certificates.signing import AccountKey
from venire.adapters.dns.rfc2136 import Rfc2136, read_key
from venire.kernel.vendors import VendorUnavailable

pytestmark = pytest.mark.anyio
ZONE = names.ZONES[0]
BOTH = [
    pytest.param(each, marks=pytest.mark.vendors(each, "bind")) for each in ("acme_a", "acme_b")
]


def where(name):
    return os.environ[f"VENIRE_COUNTERPART_{name.upper()}"]


@pytest.fixture
async def authority():
    """Makes services, and closes their connections."""
    made = []

    def make(name, key=None, directory=None, root=None, **more):
        account = AccountKey(key or ec.generate_private_key(ec.SECP256R1()))
        context = ssl.create_default_context(cafile=root or where(f"{name}_root"))
        options = {"terms_agreed": True, "context": context} | more
        made.append(Acme(directory or where(name), account, **options))
        return made[-1]

    yield make
    for service in made:
        await service.close()


def zones():
    address, _, port = where("bind").partition(":")
    key = read_key(f"hmac-sha256:{names.KEY}:{names.SECRET}")
    return Rfc2136(address, key, names.ZONES, port=int(port))


def request(*named):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, named[0])])
    listed = x509.SubjectAlternativeName([x509.DNSName(name) for name in named])
    made = x509.CertificateSigningRequestBuilder(subject).add_extension(listed, critical=False)
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def proofs_left(name):
    address, _, port = where("bind").partition(":")
    question = dns.message.make_query(f"_acme-challenge.{name}", "TXT")
    return dns.query.udp(question, address, 5, port=int(port)).answer


def check_chain(name, chain, host):
    """A verifier of its own says that the chain leads to the authority's root."""
    trusted = ssl.create_default_context(cafile=where(f"{name}_root"))
    with httpx.Client(verify=trusted, trust_env=False) as client:
        root = x509.load_pem_x509_certificate(client.get(where(f"{name}_issuer")).content)
    leaf, *others = x509.load_pem_x509_certificates(chain)
    verifier = PolicyBuilder().store(Store([root])).build_server_verifier(x509.DNSName(host))
    verifier.verify(leaf, others)


@pytest.mark.parametrize("name", BOTH)
async def test_a_name_and_its_wildcard_are_proved_and_certified_and_no_proof_is_left(
    name, authority
):
    service = authority(name)
    asked = request(f"{name[-1]}.{ZONE}", f"*.{name[-1]}.{ZONE}")
    chain = await service.issue(asked, zones().replace)
    assert fits(chain, asked)
    check_chain(name, chain, f"{name[-1]}.{ZONE}")
    check_chain(name, chain, f"any.{name[-1]}.{ZONE}")
    assert proofs_left(f"{name[-1]}.{ZONE}") == []
    begin_ms, end_ms = await service.window(chain)
    assert begin_ms < end_ms


@pytest.mark.vendors("acme_a", "bind")
async def test_a_proof_that_is_not_shown_is_something_that_another_authority_may_find(authority):
    async def show_nothing(_records):
        await asyncio.sleep(0)

    with pytest.raises(VendorUnavailable) as caught:
        await authority("acme_a").issue(request(f"unproved.{ZONE}"), show_nothing)
    assert caught.value.said.startswith("proof_")


@pytest.mark.vendors("acme_a")
async def test_an_authority_whose_tls_nobody_vouches_for_is_not_spoken_to(authority):
    with pytest.raises(VendorUnavailable) as caught:
        await authority("acme_a", context=None).check()
    assert not caught.value.in_doubt


@pytest.mark.vendors("acme_a", "bind")
async def test_an_authority_that_is_killed_or_hangs_is_unavailable_in_time(tmp_path, authority):
    process, told = authorities.pebble(tmp_path, where("bind"))
    service = authority("", directory=told["DIRECTORY"], root=told["ROOT"])
    try:
        await service.check()
        process.pause()
        began = time.monotonic()
        with pytest.raises(VendorUnavailable):
            await service.issue(request(f"hangs.{ZONE}"), zones().replace)
        assert time.monotonic() - began < 6
        process.kill()
        with pytest.raises(VendorUnavailable):
            await service.issue(request(f"gone.{ZONE}"), zones().replace)
    finally:
        process.stop()
