"""Certificates from the first authority that gives one: losing an authority is losing minutes.

The proof of a name is shown at all hosts of names. A host that is gone is no fault of the
authority's: it must not be shut for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from venire.continuity.names import renewal
from venire.continuity.names.name_hosts import NameHosts, asked_all
from venire.continuity.vendors.failover import Failover
from venire.kernel.errors import Invalid, Unavailable
from venire.kernel.ports import CertificateService
from venire.kernel.vendors import VendorFault
from venire.kernel.zones import DnsRecord, is_name
from venire.storage.world import World

KIND: Final = "certificates"
TRY_S: Final = 180.0
_MOST_NAMES: Final = 100
_LUCK: Final = 1 << 32


class Certificate(msgspec.Struct, frozen=True):
    """A certificate with its key (both PEM), who gave it, and when it is valid. The key is secret.

    `before`: the authorities that were asked first, and what they said.
    """

    key: bytes
    chain: bytes
    authority: str
    begin_ms: int
    end_ms: int
    before: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"Certificate(of {self.authority!r}, until {self.end_ms})"


class Certificates:
    """All authorities, by their name in the settings, in the order in which they are asked."""

    def __init__(
        self, world: World, services: Mapping[str, CertificateService], hosts: NameHosts
    ) -> None:
        self._world = world
        self._hosts = hosts
        # Each certificate renewed is real traffic; who is second gets its share of them.
        self.failover: Failover[CertificateService] = Failover(world, KIND, services, try_s=TRY_S)

    async def obtain(self, names: Sequence[str]) -> Certificate:
        """Get a certificate for names (a star for all below one) from the first that gives it.

        Raises Invalid `certificate_names_invalid`, Unavailable `names_unavailable` where no host of
        names took the proof, and the faults of `Failover.call`.
        """
        if not 0 < len(names) <= _MOST_NAMES or not all(is_name(name) for name in names):
            raise Invalid("certificate_names_invalid", f"1 to {_MOST_NAMES} names, in lower case")
        key, request = await asyncio.to_thread(_request, tuple(dict.fromkeys(names)))
        done = await self.failover.call(lambda one: one.issue(request, self._publish))
        begin_ms, end_ms = validity(done.value)
        return Certificate(key, done.value, done.vendor, begin_ms, end_ms, done.before)

    async def check(self) -> dict[str, str]:
        """Ask every authority whether our account stands; what those said where it does not."""
        return await asked_all(self.failover)

    async def renew_at_ms(self, certificate: Certificate) -> int:
        """When to renew it, as things stand now: ask again every `renewal.ASK_EVERY_MS`."""
        window = None
        if certificate.authority in self.failover.names:
            try:
                window = await self.failover.call_one(
                    certificate.authority, lambda one: one.window(certificate.chain)
                )
            except VendorFault:
                # It is renewed in time all the same, by whoever is there.
                window = None
        luck = int.from_bytes(self._world.chance.token(4), "big") / _LUCK
        return renewal.renew_at_ms(certificate.begin_ms, certificate.end_ms, window, luck)

    async def shut_out(self, names: Sequence[str]) -> list[tuple[str, str]]:
        """Authorities that CAA keeps from issuing, as (authority, name): mend it while all is well.

        An authority or a host of names that does not answer is left out: its health says so.
        """
        known: dict[str, frozenset[str]] = {}
        for name in self.failover.names:
            try:
                known[name] = await self.failover.call_one(name, lambda one: one.caa_names())
            except VendorFault:
                continue
        parts = {part for each in names for part in _upwards(each, self._hosts.zones)}
        looked = {part: await self._hosts.look(part, "CAA") for part in parts}
        found: set[tuple[str, str]] = set()
        for host in self._hosts.failover.names:
            # Of hosts that differ an authority may ask any: only what all of them let counts.
            caa = {part: given.get(host) or () for part, given in looked.items()}
            found.update(renewal.shut_out(names, caa, known))
        return sorted(found)

    async def _publish(self, records: Sequence[DnsRecord]) -> None:
        try:
            await self._hosts.replace(records)
        except VendorFault as fault:
            raise Unavailable(
                "names_unavailable", "no host of names took the proof", said=fault.said
            ) from None
        if any(record.values for record in records):
            # An authority may ask a server that has not heard of it yet, and looks only once.
            await asyncio.sleep(self._hosts.settle_s)


def validity(chain: bytes) -> tuple[int, int]:
    """From when and until when a chain's first certificate is valid. Invalid where it is none."""
    try:
        first = x509.load_pem_x509_certificates(chain)[0]
    except (ValueError, IndexError):
        raise Invalid("certificate_invalid", "this is no certificate") from None
    moments = (first.not_valid_before_utc, first.not_valid_after_utc)
    begin_ms, end_ms = (round(moment.timestamp() * 1_000) for moment in moments)
    return begin_ms, end_ms


def _request(names: tuple[str, ...]) -> tuple[bytes, bytes]:
    """A new key (PEM) and a signing request for it (DER). Keys come from the system's chance."""
    key = ec.generate_private_key(ec.SECP256R1())
    listed = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    asked = x509.CertificateSigningRequestBuilder(x509.Name([])).add_extension(
        listed, critical=False
    )
    written = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    request = asked.sign(key, hashes.SHA256())
    return written, request.public_bytes(serialization.Encoding.DER)


def _upwards(name: str, zones: Sequence[str]) -> list[str]:
    """The names whose CAA records count for a name, as far up as the zones that are kept here."""
    found, name = [], name.removeprefix("*.")
    while any(name == zone or name.endswith(f".{zone}") for zone in zones):
        found.append(name)
        _, _, name = name.partition(".")
    return found
