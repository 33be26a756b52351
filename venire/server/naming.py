"""From `[[vendors]]` of kind `dns` and `certificates` to the site's names: the registry.

[[vendors]]
kind = "dns"
adapter = "rfc2136"              # secret_file: hmac-sha256:NAME:SECRET
options = { server = "192.0.2.53", zones = "example.org example.net" }

[[vendors]]
kind = "dns"
adapter = "octodns"              # its own configuration holds the host's key
options = { folder = "zones", command = "octodns-sync --config-file octodns.yaml --doit", \
zones = "example.org example.net" }

[[vendors]]
kind = "certificates"
adapter = "acme"                 # secret_file: a PEM key on P-256; terms_agreed: you have read them
options = { directory = "https://acme.example.org/directory", terms_agreed = "yes" }
"""

from __future__ import annotations

import contextlib
import dataclasses
import ipaddress
import shlex
import ssl
from collections.abc import Callable, Mapping
from typing import Final

from venire.adapters.certificates.acme import Acme
from venire.adapters.certificates.signing import read_account
from venire.adapters.dns.octodns import Octodns
from venire.adapters.dns.rfc2136 import Rfc2136, read_key
from venire.continuity.names.certificates import Certificates
from venire.continuity.names.name_hosts import NameHosts
from venire.kernel.errors import Invalid, Unavailable
from venire.kernel.ports import CertificateService, DnsService
from venire.server.settings import Settings
from venire.server.vendor_settings import (
    VendorSettings,
    of_kind,
    option,
    placed,
    refusal,
    secret_of,
    unknown_adapter,
)
from venire.storage.world import World

_HIGHEST_PORT: Final = 65_535
_DIGITS: Final = 5
_LONGEST_SETTLING_S: Final = 100


@dataclasses.dataclass
class Names:
    """The hosts of names, and the authorities where there are some."""

    hosts: NameHosts
    certificates: Certificates | None


def _rfc2136(settings: Settings, vendor: VendorSettings) -> DnsService:
    port = option(vendor, "port", "53")
    if not _is_number(port) or not 0 < int(port) <= _HIGHEST_PORT:
        raise refusal(vendor, "options: port: 1 to 65535")
    server = option(vendor, "server")
    try:
        ipaddress.ip_address(server)
    except ValueError as error:
        # Its name would have to be asked of somebody who may be gone with it.
        raise refusal(vendor, "options: server: an IP address") from error
    key = read_key(secret_of(settings.folder, vendor))
    return Rfc2136(server, key, _zones(vendor), port=int(port))


def _octodns(settings: Settings, vendor: VendorSettings) -> DnsService:
    try:
        command = shlex.split(option(vendor, "command"))
    except ValueError as error:
        raise refusal(vendor, "options: command: a quotation that does not end") from error
    if not command:
        raise refusal(vendor, "options: command: how octodns is run")
    return Octodns(settings.folder / option(vendor, "folder"), command, _zones(vendor))


def _acme(settings: Settings, vendor: VendorSettings) -> Acme:
    account = read_account(secret_of(settings.folder, vendor))
    context = None
    if trusted := option(vendor, "trusted_file", ""):
        # An authority of one's own, which no browser knows.
        try:
            context = ssl.create_default_context(cafile=str(settings.folder / trusted))
        except (OSError, ssl.SSLError) as error:
            raise Unavailable("vendor_secret_missing", f"{trusted}: no certificate") from error
    return Acme(
        option(vendor, "directory"),
        account,
        terms_agreed=option(vendor, "terms_agreed", "no") == "yes",
        contact=option(vendor, "contact", settings.contact),
        context=context,
        loopback=settings.acceptance,
    )


DNS: Final[Mapping[str, Callable[[Settings, VendorSettings], DnsService]]] = {
    "rfc2136": _rfc2136,
    "octodns": _octodns,
}
CERTIFICATES: Final[Mapping[str, Callable[[Settings, VendorSettings], Acme]]] = {"acme": _acme}


def open_names(settings: Settings, world: World, stack: contextlib.AsyncExitStack) -> Names | None:
    """The site's names, where a host of names is listed. Invalid `settings_invalid`."""
    hosts: dict[str, DnsService] = {}
    settle_s = 0
    for vendor in of_kind(settings.vendors, "dns"):
        if vendor.adapter not in DNS:
            raise unknown_adapter(vendor, DNS)
        with placed(vendor):
            hosts[vendor.name] = DNS[vendor.adapter](settings, vendor)
        settle_s = max(settle_s, _settling(vendor))
    services: dict[str, CertificateService] = {}
    for vendor in of_kind(settings.vendors, "certificates"):
        if vendor.adapter not in CERTIFICATES:
            raise unknown_adapter(vendor, CERTIFICATES)
        with placed(vendor):
            made = CERTIFICATES[vendor.adapter](settings, vendor)
        stack.push_async_callback(made.close)
        services[vendor.name] = made
    if not hosts:
        if services:
            raise Invalid("settings_invalid", "vendors: certificates need a host of names (dns)")
        return None
    found = NameHosts(world, hosts, settle_s=settle_s)
    return Names(found, Certificates(world, services, found) if services else None)


def _settling(vendor: VendorSettings) -> int:
    said = option(vendor, "settle_s", "30" if vendor.adapter == "octodns" else "0")
    if not _is_number(said) or int(said) > _LONGEST_SETTLING_S:
        raise refusal(vendor, f"options: settle_s: 0 to {_LONGEST_SETTLING_S}")
    return int(said)


def _is_number(text: str) -> bool:
    """Whether it is digits, few and of ASCII: others look like digits, and are no number."""
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS


def _zones(vendor: VendorSettings) -> list[str]:
    zones = option(vendor, "zones").lower().split()
    if not zones:
        raise refusal(vendor, "options: zones: names with spaces between, as example.org")
    return zones
