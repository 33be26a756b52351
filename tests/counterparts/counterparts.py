"""The list of counterparts: how each is started, and the variables by which tests find it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.counterparts import authorities, carriers, mail, names, objects, payments, specs
from tests.counterparts.installing import (
    MissingError,
    debian_installed,
    debian_program,
    go_program,
    oracles,
)
from tests.counterparts.process import Process
from tests.kit.chromium import program

PREFIX = "VENIRE_COUNTERPART_"
Started = tuple[list[Process], dict[str, str]]
"""What runs, and variables without their prefix; the first is named as the counterpart."""


class Counterpart(NamedTuple):
    """One of them. `name` is what a test says in its mark `vendors`."""

    name: str
    what: str
    start: Callable[[Path, Mapping[str, str]], Started]


def variable(name: str) -> str:
    """The environment variable of a counterpart: it is set while that runs."""
    return PREFIX + name.upper()


def _versitygw(name: str) -> Counterpart:
    def start(folder: Path, _known: Mapping[str, str]) -> Started:
        process, url = objects.versitygw(folder, name)
        return [process], {name.upper(): url}

    return Counterpart(name, "versitygw (S3, real signatures)", start)


def _azurite(folder: Path, _known: Mapping[str, str]) -> Started:
    process, url = objects.azurite(folder)
    return [process], {"AZURITE": url}


def _stripe(folder: Path, _known: Mapping[str, str]) -> Started:
    process, url = payments.stripe_mock(folder)
    return [process], {"STRIPE": url}


def _smtp(folder: Path, _known: Mapping[str, str]) -> Started:
    process, variables = mail.opensmtpd(folder)
    return [process], variables


def _smpp(folder: Path, _known: Mapping[str, str]) -> Started:
    process, variables = carriers.message_centre(folder)
    return [process], variables


def _bind(folder: Path, _known: Mapping[str, str]) -> Started:
    process, where = names.bind(folder)
    return [process], {"BIND": where}


def _knot(folder: Path, _known: Mapping[str, str]) -> Started:
    process, where = names.knot(folder)
    return [process], {"KNOT": where}


def _pebble(name: str) -> Counterpart:
    def start(folder: Path, known: Mapping[str, str]) -> Started:
        if variable("bind") not in known:
            raise MissingError("it looks for its proofs at BIND, which does not run")
        process, where = authorities.pebble(folder, known[variable("bind")], name)
        told = {f"{name.upper()}_{key}": value for key, value in where.items()}
        return [process], {name.upper(): where["DIRECTORY"], **told}

    return Counterpart(name, "pebble (ACME)", start)


def _prism(vendor: str) -> Counterpart:
    def start(folder: Path, _known: Mapping[str, str]) -> Started:
        process, url = specs.prism(folder, vendor)
        return [process], {f"PRISM_{vendor.upper()}": url}

    return Counterpart(f"prism_{vendor}", "prism over our description of the vendor", start)


def _oracles(_folder: Path, _known: Mapping[str, str]) -> Started:
    return [], {"ORACLES": str(oracles())}


def _chromium(_folder: Path, _known: Mapping[str, str]) -> Started:
    if program() is None:
        debian_installed("chromium")
    found = program()
    if found is None:
        raise MissingError("chromium is installed, and its program is not where it was expected")
    return [], {"CHROMIUM": found}


def _litestream(_folder: Path, _known: Mapping[str, str]) -> Started:
    return [], {"LITESTREAM": str(go_program("litestream"))}


def _tor(_folder: Path, _known: Mapping[str, str]) -> Started:
    path, environment = debian_program("tor", "usr/sbin/tor")
    libraries = environment.get("LD_LIBRARY_PATH", "")
    return [], {"TOR": path, "TOR_LIBRARIES": libraries}


COUNTERPARTS: tuple[Counterpart, ...] = (
    _versitygw("versitygw_a"),
    _versitygw("versitygw_b"),
    Counterpart("azurite", "Azurite (Azure's protocol, signatures)", _azurite),
    Counterpart("stripe", "stripe-mock", _stripe),
    Counterpart("smtp", "OpenSMTPD of Debian", _smtp),
    Counterpart("smpp", "npm's smpp, a carrier's message centre", _smpp),
    Counterpart("bind", "BIND of Debian (RFC 2136, TSIG)", _bind),
    Counterpart("knot", "Knot of Debian (RFC 2136, TSIG, DNSSEC)", _knot),
    _pebble("acme_a"),
    _pebble("acme_b"),
    *(_prism(vendor) for vendor in specs.SPECS),
    Counterpart("oracles", "the vendors' own libraries, as oracles", _oracles),
    Counterpart("chromium", "Chromium of Debian, with a virtual authenticator", _chromium),
    Counterpart("tor", "tor of Debian, without a network", _tor),
    Counterpart("litestream", "litestream, to compare with", _litestream),
)
