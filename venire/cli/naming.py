"""`venire names` and `venire certificate`: zones at all hosts of names, and the site's certificate.

What a running site does by itself, for the first day and for the day of a move.
"""

from __future__ import annotations

from typing import Any

import click

from venire.cli.options import data_option, json_option, on_house, print_result
from venire.continuity.names import certificate_files
from venire.continuity.names.certificates import Certificate, Certificates
from venire.kernel.clock import iso_ms
from venire.kernel.errors import Invalid, Unavailable
from venire.kernel.vendors import VendorFault
from venire.kernel.zones import KINDS, DnsRecord, RecordKind
from venire.server import certifying
from venire.server.naming import Names
from venire.server.wiring import House

_KIND = click.Choice(KINDS, case_sensitive=False)


@click.group()
def names() -> None:
    """The site's names, at every host of names at once."""


@names.command("set")
@click.argument("name")
@click.argument("kind", type=_KIND)
@click.argument("values", nargs=-1)
@click.option("--ttl", type=int, default=300, show_default=True, help="Seconds, 60 to 86400.")
@data_option
@json_option
def set_records(
    name: str,
    kind: RecordKind,
    values: tuple[str, ...],
    ttl: int,
    data: str | None,
    json_to: str | None,
) -> None:
    """Let NAME have these VALUES of a kind and no others; without VALUES none."""
    record = DnsRecord(name.lower().rstrip("."), kind, values, ttl)

    async def act(house: House) -> dict[str, Any]:
        try:
            done = await _names(house).hosts.replace([record])
        except VendorFault as fault:
            raise Unavailable("names_unavailable", "no host took it", said=fault.said) from fault
        return {"set_at": list(done.taken), "faults": dict(done.faults)}

    found = on_house(act, data=data)
    lines = [f"set at {host}" for host in found["set_at"]]
    lines += [f"NOT at {host}: {said}" for host, said in found["faults"].items()]
    print_result(found, json_to, "\n".join(lines))


@names.command("look")
@click.argument("name")
@click.argument("kind", type=_KIND)
@data_option
@json_option
def look_up(name: str, kind: RecordKind, data: str | None, json_to: str | None) -> None:
    """What each host gives for NAME now."""

    async def act(house: House) -> dict[str, Any]:
        given = await _names(house).hosts.look(name.lower().rstrip("."), kind)
        return {host: None if found is None else list(found) for host, found in given.items()}

    given = on_house(act, data=data)
    lines = [
        f"{host:<16} {'does not answer' if found is None else ', '.join(found) or '-'}"
        for host, found in given.items()
    ]
    print_result(given, json_to, "\n".join(lines))


@click.group()
def certificate() -> None:
    """The certificate of the site's names, from the first authority that gives one."""


@certificate.command("renew")
@data_option
@json_option
def renew(data: str | None, json_to: str | None) -> None:
    """Get one now, due or not, for `certificate_names` of the settings."""

    async def act(house: House) -> Certificate:
        wanted = house.settings.certificate_names
        try:
            fresh = await _certificates(house).obtain(wanted)
        except VendorFault as fault:
            hint = "no authority gave a certificate"
            raise Unavailable("authorities_unavailable", hint, said=fault.said) from fault
        certificate_files.keep(house.settings.folder, fresh)
        return fresh

    told = _told(on_house(act, data=data))
    print_result(told, json_to, _lines(told))


@certificate.command("look")
@data_option
@json_option
def look_at(data: str | None, json_to: str | None) -> None:
    """What is served, when it is renewed, and which authorities CAA shuts out."""

    async def act(house: House) -> dict[str, Any]:
        certificates, wanted = _certificates(house), house.settings.certificate_names
        out = [f"{who} for {name}" for who, name in await certificates.shut_out(wanted)]
        held = certificate_files.read(house.settings.folder)
        if held is None:
            return {"authority": None, "shut_out": out}
        at_ms = await certificates.renew_at_ms(held)
        return {
            **_told(held),
            "renew_at": iso_ms(at_ms),
            "covers_all": certifying.covers(held, wanted),
            "shut_out": out,
        }

    told = on_house(act, data=data)
    print_result(told, json_to, _lines(told))


def _told(held: Certificate) -> dict[str, Any]:
    return {
        "authority": held.authority,
        "from": iso_ms(held.begin_ms),
        "until": iso_ms(held.end_ms),
        "before": dict(held.before),
    }


def _lines(told: dict[str, Any]) -> str:
    return "\n".join(f"{name:<12} {value}" for name, value in told.items())


def _names(house: House) -> Names:
    if house.names is None:
        raise Invalid("settings_invalid", "vendors: no block of kind dns: docs/vendors.md")
    return house.names


def _certificates(house: House) -> Certificates:
    found = _names(house).certificates
    if found is None or not house.settings.certificate_names:
        hint = "certificate_names, and a block of kind certificates, are needed: docs/vendors.md"
        raise Invalid("settings_invalid", hint)
    return found


COMMANDS = (names, certificate)
