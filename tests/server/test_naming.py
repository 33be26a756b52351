"""Blocks of kind `dns` and `certificates` as an operator writes them, and the certificate kept."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from venire.adapters.certificates.signing import read_account
from venire.adapters.dns.rfc2136 import read_key
from venire.cli.drills.counterparts import name_server
from venire.cli.drills.counterparts.authority import Authority
from venire.cli.drills.counterparts.name_server import NameServer
from venire.cli.drills.counterparts.server import served
from venire.continuity.names import certificate_files, renewal
from venire.continuity.names.certificates import Certificate, validity
from venire.kernel.clock import DAY_MS, ManualClock
from venire.kernel.errors import Invalid, Unavailable
from venire.kernel.vendors import VendorUnavailable
from venire.server import certifying, keys, workers
from venire.server.naming import open_names
from venire.server.settings import Settings, check_settings
from venire.server.vendor_settings import VendorSettings
from venire.server.wiring import open_house

NAMES = ("site.example", "*.site.example")
KEY = "hmac-sha256:site-update:c2l4dGVlbiBieXRlcyBhbmQgbW9yZQ=="
BIND = {"server": "192.0.2.53", "zones": "site.example Spare.example"}
OCTODNS = {"folder": "zones", "command": "octodns-sync --doit", "zones": "site.example"}
ACME = {"directory": "https://acme.example.org/directory", "terms_agreed": "yes"}


def pem():
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def dns(name="one", adapter="rfc2136", file="keys/dns", **options):
    found = {"rfc2136": BIND, "octodns": OCTODNS}.get(adapter, {})
    return VendorSettings(
        kind="dns", name=name, adapter=adapter, secret_file=file, options=found | options
    )


def authority(name="first", adapter="acme", file="keys/acme", **options):
    return VendorSettings(
        kind="certificates",
        name=name,
        adapter=adapter,
        secret_file=file,
        options=ACME | options,
    )


@pytest.fixture
def opened(tmp_path):
    """Opens the names of a site with these blocks."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "dns").write_text(KEY + "\n")
    (tmp_path / "keys" / "acme").write_text(pem())

    async def act(*vendors):
        settings = Settings(data=str(tmp_path), vendors=vendors)
        check_settings(settings)
        async with contextlib.AsyncExitStack() as stack:
            return open_names(settings, None, stack)

    return act


@pytest.mark.anyio
async def test_hosts_and_authorities_are_in_the_order_of_their_blocks(opened):
    assert await opened() is None
    found = await opened(dns(), dns("two", "octodns"), authority("first"), authority("second"))
    assert found.hosts.failover.names == ("one", "two")
    assert found.hosts.zones == ("site.example", "spare.example")
    assert found.hosts.settle_s == 30
    assert (await opened(dns(settle_s="7"))).hosts.settle_s == 7
    assert found.certificates.failover.names == ("first", "second")
    assert (await opened(dns())).certificates is None


@pytest.mark.anyio
@pytest.mark.parametrize(
    "blocks",
    [
        [dns(adapter="bind")],
        [dns(zones="")],
        [dns(zones="Not a zone")],
        [dns(port="0")],
        [dns(port="dns")],
        [dns(port="\u00b2")],
        [dns(settle_s="\u00b2")],
        [dns(server="ns.example.org")],
        [dns(adapter="octodns", command="octodns 'unended")],
        [dns(settle_s="soon")],
        [dns(settle_s="101")],
        [dns(file="keys/acme")],
        [dns(adapter="octodns", command="")],
        [authority()],
        [dns(), authority(adapter="certbot")],
        [dns(), authority(directory="http://acme.example.org/directory")],
        [dns(), authority(directory="https://user@acme.example.org/")],
        [dns(), authority(file="keys/dns")],
    ],
)  # fmt: skip
async def test_a_block_that_cannot_be_meant_is_refused_before_it_is_used(opened, blocks):
    with pytest.raises(Invalid) as caught:
        await opened(*blocks)
    assert KEY.rpartition(":")[2] not in str(caught.value)


@pytest.mark.anyio
async def test_a_secret_or_a_root_that_is_missing_is_named(opened):
    for blocks in ([dns(file="keys/none")], [dns(), authority(trusted_file="none.pem")]):
        with pytest.raises(Unavailable) as caught:
            await opened(*blocks)
        assert caught.value.code == "vendor_secret_missing"


def test_names_for_certificates_are_names():
    for strange in ("site", "Site.example", "a.*.example", "https://site.example"):
        with pytest.raises(Invalid):
            check_settings(Settings(certificate_names=(strange,)))
    check_settings(Settings(certificate_names=NAMES))


@given(st.text(max_size=200))
def test_whatever_is_read_as_a_key_is_one_or_is_refused(text):
    for read in (read_key, read_account):
        with contextlib.suppress(Invalid):
            read(text)


def test_keys_are_read_with_their_bindings_and_shown_nowhere():
    key = read_key(KEY)
    assert key.secret not in repr(key)
    account = read_account(pem() + "binding kid-1 c2VjcmV0\n")
    assert account.binding.key_id == "kid-1"
    assert "secret" not in repr(account.binding)
    assert account.bound("https://a.example/new") is not None
    for wrong in ("", "no key", pem() + "binding only-a-name", pem() + "binding a b!c"):
        with pytest.raises(Invalid):
            read_account(wrong)
    for wrong in (
        "",
        "hmac-md5:a:" + "A" * 44,
        "hmac-sha256:a:AAAA",
        "hmac-sha256:a b:" + "A" * 44,
    ):
        with pytest.raises(Invalid):
            read_key(wrong)


def certificate(names=NAMES, begin_ms=0, days=90, authority="first"):
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([])
    listed = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    begin = dt.datetime.fromtimestamp(begin_ms / 1_000, dt.UTC)
    made = x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(begin).not_valid_after(begin + dt.timedelta(days=days))
    chain = (
        made.add_extension(listed, critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return Certificate(secret, chain, authority, *validity(chain))


class Desk:
    """Gives a certificate that is valid from now on, or is told not to."""

    def __init__(self, clock):
        self.clock = clock
        self.given = 0
        self.fault = None

    async def obtain(self, names):
        if self.fault is not None:
            raise self.fault
        self.given += 1
        return certificate(names, self.clock.now_ms())

    async def renew_at_ms(self, held):
        return renewal.renew_at_ms(held.begin_ms, held.end_ms)


@pytest.fixture
def desk():
    return Desk(ManualClock())


def test_what_is_kept_is_read_again_and_is_for_the_owner_alone(tmp_path):
    made = certificate()
    path = certificate_files.keep(tmp_path, made)
    assert certificate_files.read(tmp_path) == made
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    other = certificate(authority="second")
    certificate_files.keep(tmp_path, other)
    assert certificate_files.read(tmp_path) == other
    assert [each.name for each in path.parent.iterdir()] == ["site.pem"]


@pytest.mark.parametrize("part", [0.0, 0.2, 0.6, 0.99])
def test_a_file_that_is_cut_short_is_none(tmp_path, part):
    path = certificate_files.keep(tmp_path, certificate())
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    assert certificate_files.read(tmp_path) is None


@pytest.mark.anyio
async def test_it_is_renewed_when_missing_when_due_and_for_other_names_and_not_else(tmp_path, desk):
    clock = desk.clock
    for given_after, names, later_ms in [
        (1, NAMES, 0),
        (1, NAMES, 59 * DAY_MS),
        (2, NAMES, 1 * DAY_MS),
        (2, NAMES[:1], 0),
        (3, (*NAMES, "spare.example"), 0),
    ]:
        clock.advance(later_ms)
        held = await certifying.look(desk, names, tmp_path, clock)
        assert desk.given == given_after
        assert certifying.covers(held, names)
        assert certificate_files.read(tmp_path) == held


@pytest.mark.anyio
async def test_a_person_hears_of_a_renewal_that_is_late_and_the_old_one_is_served_on(
    tmp_path, desk, caplog
):
    held = await certifying.look(desk, NAMES, tmp_path, desk.clock)
    desk.fault = VendorUnavailable("all_shut")
    for days, level in ((61, logging.WARNING), (20, logging.CRITICAL)):
        desk.clock.advance(days * DAY_MS)
        with pytest.raises(VendorUnavailable):
            await certifying.look(desk, NAMES, tmp_path, desk.clock)
        certifying._say(desk.fault, tmp_path, desk.clock)
        assert caplog.records[-1].levelno == level
    assert certificate_files.read(tmp_path) == held


@pytest.mark.loopback
@pytest.mark.anyio
async def test_a_site_that_runs_gets_its_certificate_by_itself_and_keeps_it(tmp_path):
    hosts = NameServer("site.example"), NameServer("site.example")
    authority_ = Authority("one", hosts)
    data = tmp_path / "data"
    keys.claim_folder(data, acceptance=True)
    (data / "keys").mkdir(exist_ok=True, mode=0o700)
    (data / "keys" / "dns").write_text(name_server.KEY)
    (data / "keys" / "acme").write_text(pem())
    with contextlib.ExitStack() as stack:
        blocks = []
        for name, host in zip(("one", "two"), hosts, strict=True):
            stack.enter_context(served(host))
            address, port = host.address
            more = {"server": address, "port": str(port), "zones": "site.example"}
            blocks.append(dns(name, **more))
        stack.enter_context(served(authority_))
        blocks.append(authority(directory=f"{authority_.url}/dir"))
        settings = Settings(
            data=str(data),
            profile="acceptance",
            host="127.0.0.1",
            vendors=tuple(blocks),
            certificate_names=NAMES,
        )
        for _ in range(2):
            async with open_house(settings) as house:
                tasks = workers._for_names(house)
                assert [task.get_name() for task in tasks] == ["names", "certificates"]
                async with asyncio.timeout(20):
                    while certificate_files.read(data) is None:  # noqa: ASYNC110 - a file
                        await asyncio.sleep(0.05)
                    while not house.names.certificates.failover._known:  # noqa: ASYNC110
                        await asyncio.sleep(0.05)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
    assert authority_.issued == 1
    assert all(host.updates >= 2 for host in hosts)
    assert not any(host.values("_acme-challenge.site.example", "TXT") for host in hosts)
    assert certifying.covers(certificate_files.read(data), NAMES)
