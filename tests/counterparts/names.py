"""BIND and Knot of Debian: primary name servers that take signed updates (RFC 2136, RFC 8945)."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from pathlib import Path

import dns.exception
import dns.message
import dns.query

from tests.counterparts.installing import MissingError, debian_program
from tests.counterparts.process import ADDRESS, Process, free_port

ZONES = ("venire.example", "spare.example", "third.example")
KEY = "venire-update"
SECRET = "bm90IGEgc2VjcmV0LCBidXQgMzIgYnl0ZXMgbG9uZy4uLi4="
_LOADED_S = 20.0
_ZONE = """$TTL 300
@ SOA ns.{zone}. hostmaster.{zone}. 1 3600 600 86400 300
@ NS ns.{zone}.
@ A 127.0.0.1
@ CAA 0 issue "a.example"
@ CAA 0 issue "b.example"
ns A 127.0.0.1
"""
_NAMED = """options {{
    directory "{folder}";
    pid-file "{folder}/named.pid";
    session-keyfile "{folder}/session.key";
    managed-keys-directory "{folder}";
    listen-on port {port} {{ {address}; }};
    listen-on-v6 {{ none; }};
    recursion no;
    notify no;
    dnssec-validation no;
}};
controls {{ }};
key "{key}" {{ algorithm hmac-sha256; secret "{secret}"; }};
{zones}
"""
_NAMED_ZONE = """zone "{zone}" {{
    type primary;
    file "{folder}/{zone}.zone";
    update-policy {{ grant {key} zonesub ANY; }};
    allow-transfer {{ key {key}; }};
}};"""
_KNOT = """server:
    rundir: "{folder}"
    listen: {address}@{port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: info
database:
    storage: "{folder}/db"
key:
  - id: {key}
    algorithm: hmac-sha256
    secret: {secret}
acl:
  - id: update
    key: {key}
    action: [update, transfer]
template:
  - id: default
    storage: "{folder}"
    file: "%s.zone"
    acl: update
    dnssec-signing: on
    # Never written back: the file of a run is thrown away with its folder.
    zonefile-sync: -1
    zonefile-load: difference
    journal-content: all
    serial-policy: increment
zone:
{zones}
"""


def _zone_files(folder: Path, zones: Sequence[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for zone in zones:
        path = folder / f"{zone}.zone"
        path.write_text(_ZONE.format(zone=zone), encoding="utf-8")


def _wait_for_zones(process: Process, port: int, zones: Sequence[str]) -> None:
    """It listens before its zones are loaded and signed."""
    process.wait_for(port)
    asked = [dns.message.make_query(zone, "SOA") for zone in zones]
    until = time.monotonic() + _LOADED_S
    while asked and time.monotonic() < until:
        with contextlib.suppress(dns.exception.DNSException, OSError):
            if dns.query.udp(asked[0], ADDRESS, port=port, timeout=1).answer:
                asked.pop(0)
                continue
        time.sleep(0.05)
    if asked:
        process.stop()
        raise MissingError(f"{process.name} does not answer for its zones")


def bind(folder: Path, zones: Sequence[str] = ZONES) -> tuple[Process, str]:
    """Start BIND with the zones; return it with `ADDRESS:PORT`."""
    program, environment = debian_program("bind9", "usr/sbin/named")
    port = free_port()
    _zone_files(folder, zones)
    blocks = [_NAMED_ZONE.format(zone=zone, folder=folder, key=KEY) for zone in zones]
    conf = folder / "named.conf"
    conf.write_text(
        _NAMED.format(
            folder=folder,
            port=port,
            address=ADDRESS,
            key=KEY,
            secret=SECRET,
            zones="\n".join(blocks),
        ),
        encoding="utf-8",
    )
    process = Process("bind", [program, "-g", "-n", "1", "-c", str(conf)], folder, environment)
    _wait_for_zones(process, port, zones)
    return process, f"{ADDRESS}:{port}"


def knot(folder: Path, zones: Sequence[str] = ZONES) -> tuple[Process, str]:
    """Start Knot with the zones, which it signs (DNSSEC); return it with `ADDRESS:PORT`."""
    program, environment = debian_program("knot", "usr/sbin/knotd")
    port = free_port()
    _zone_files(folder, zones)
    (folder / "db").mkdir(exist_ok=True)
    conf = folder / "knot.conf"
    conf.write_text(
        _KNOT.format(
            folder=folder,
            port=port,
            address=ADDRESS,
            key=KEY,
            secret=SECRET,
            zones="\n".join(f"  - domain: {zone}" for zone in zones),
        ),
        encoding="utf-8",
    )
    process = Process("knot", [program, "-c", str(conf)], folder, environment)
    _wait_for_zones(process, port, zones)
    return process, f"{ADDRESS}:{port}"
