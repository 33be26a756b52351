"""Drills of names: an authority that refuses us, and a host of names that is gone with it."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from venire.cli.drills import site
from venire.cli.drills.counterparts.name_server import NameServer
from venire.cli.drills.counterparts.server import Counterpart
from venire.cli.drills.vendors.casting import authority, name_host
from venire.cli.drills.vendors.handles import Villagers
from venire.cli.drills.vendors.stage import (
    Caller,
    Stage,
    vendor_state,
    wait_until,
    write_settings,
)
from venire.continuity.names import beacon, certificate_files
from venire.continuity.names.beacon import Whereabouts
from venire.kernel.chance import SystemChance
from venire.kernel.clock import DAY_MS, SystemClock
from venire.kernel.errors import Problem, Unavailable
from venire.record.note import SEED_BYTES, Signer, parse_verifier_key, sign_note
from venire.server import certifying

ZONE: Final = "drill.example"
STANDBY: Final = "standby.example"
_HERE: Final = "127.0.0.1"
_PEOPLE: Final = ("one", "two", "three")
NAMES: Final = (ZONE, f"*.{ZONE}")
_TRIES: Final = 12
"""Some renewals try the second authority first, to know that it works."""


class Registry(NamedTuple):
    """Two hosts of names and two authorities, with their blocks: `a` first."""

    hosts: tuple[NameServer, NameServer]
    authorities: tuple[Counterpart, Counterpart]
    blocks: list[tuple[str, dict[str, Any]]]


def registry(stage: Stage, data: Path) -> Registry:
    """Two hosts of names, and two authorities that look there."""
    (one, first), (other, second) = (name_host(stage, data, place, ZONE) for place in (0, 1))
    hosts = one, other
    (a_ca, third), (b_ca, fourth) = (authority(stage, data, place, hosts) for place in (0, 1))
    return Registry(hosts, (a_ca, b_ca), [first, second, third, fourth])


def renew(data: Path) -> tuple[dict[str, Any], float]:
    """Renew as an operator would; what was given, and how long it took."""
    began_s = time.monotonic()
    told = site.run_command("certificate", "renew", "--data", str(data), "--json", "-")
    return json.loads(told), time.monotonic() - began_s


def ca_gone(stage: Stage) -> None:
    """The first authority refuses our account, and a host of names is gone: TLS goes on."""
    data = stage.data()
    names = registry(stage, data)
    (first_host, second_host), (first, _second) = names.hosts, names.authorities
    write_settings(data, {"certificate_names": list(NAMES), "workers": 1}, *names.blocks)
    serving = stage.serve(data)
    admin = stage.caller(serving.url, stage.account(data, "keeper", "admin"))
    wait_until("the site has a certificate", lambda: certificate_files.read(data) is not None)
    before = certificate_files.read(data)
    stage.log.step("the site got a certificate by itself", note=before.authority if before else "")
    first.closed, first_host.closed = True, True
    stage.log.gone("the first authority: account deactivated; the first host of names: key refused")
    made, took_s = renew(data)
    stage.log.switched()
    held = certificate_files.read(data)
    good = held is not None and held.authority == made["authority"] == "b-ca"
    stage.log.step("the other one gave a certificate at once", good=good, note=f"{took_s:.3f} s")
    for _ in range(_TRIES):
        if vendor_state(admin, "certificates", "a-ca") == "shut":
            break
        renew(data)
    wait_until(
        "the authority is shut", lambda: vendor_state(admin, "certificates", "a-ca") == "shut"
    )
    wait_until("the host is shut", lambda: vendor_state(admin, "dns", "a-names") == "shut")
    stage.log.detected()
    left = [host.values(f"_acme-challenge.{ZONE}", "TXT") for host in (first_host, second_host)]
    stage.log.step("no proof is left anywhere", good=not any(left))
    first.closed, first_host.closed = False, False
    for kind, name in (("certificates", "a-ca"), ("dns", "a-names")):
        admin.ask("POST", f"/api/v1/admin/vendors/{kind}/{name}/reset")
    back = any(renew(data)[0]["authority"] == "a-ca" for _ in range(_TRIES))
    stage.log.step("back on the first authority", good=back)


def registrar_gone(stage: Stage) -> None:
    """The registrar takes the name away: the standby name, its certificate and the beacon stand."""
    data = stage.data()
    host_a, first = name_host(stage, data, 0, ZONE)
    host_b, second = name_host(stage, data, 1, ZONE, STANDBY)
    _, third = authority(stage, data, 1, (host_a, host_b))
    blocks = [first, second, third]
    signers = [Signer(name, SystemChance().token(SEED_BYTES)) for name in _PEOPLE]
    public = [str(signer.verifier) for signer in signers]
    plain = {"beacon_signers": public, "beacon_site": ZONE, "workers": 1}
    here = {"base_url": f"https://{ZONE}", "certificate_names": [ZONE]}
    write_settings(data, {**plain, **here}, *blocks)
    serving = stage.serve(data, base_url=f"https://{ZONE}")
    villagers = Villagers(stage, data, serving.url, ZONE)
    before = villagers.known_as(ZONE)
    admin = stage.caller(serving.url, stage.account(data, "keeper", "admin"))
    _set(data, ZONE)
    kept = _beacon(stage, data, signers, 1, f"https://{ZONE}")
    reader = stage.caller(serving.url)
    stage.log.step("a reader keeps the beacon", good=_heard(reader, public, None) == kept)
    host_a.closed = True
    host_b.lose(ZONE)
    stage.log.gone(f"the registrar has taken {ZONE}; its first host refuses us")
    try:
        _set(data, ZONE)
    except Unavailable:
        stage.log.detected()
    _set(data, STANDBY)
    there = {"base_url": f"https://{STANDBY}", "certificate_names": [STANDBY]}
    write_settings(data, {**plain, **there}, *blocks)
    renew(data)
    held = certificate_files.read(data)
    good = held is not None and certifying.covers(held, [STANDBY])
    stage.log.step("the standby name has a certificate", good=good)
    site.stop(serving.process)
    stage.serve(data, port=int(serving.url.rpartition(":")[2]), base_url=f"https://{STANDBY}")
    moved = _beacon(stage, data, signers, 2, f"https://{STANDBY}")
    stage.log.step("the standby name leads here", good=host_b.values(STANDBY, "A") == [_HERE])
    found = _heard(reader, public, kept)
    if stage.log.step("whoever kept the keys believes the new address", good=found == moved):
        stage.log.switched()
    same = villagers.known_as(ZONE, STANDBY) == before and villagers.named_under(ZONE, STANDBY)
    handles = " ".join(sorted(one.handle for one in before))
    stage.log.step("handles and identities did not change", good=same, note=handles)
    state = vendor_state(admin, "dns", "a-names")
    stage.log.step("the host that refuses us is shut", good=state == "shut", note=state)


def _set(data: Path, name: str) -> None:
    """Lead a name here, as an operator would. Unavailable where no host took it."""
    site.run_command("names", "set", name, "A", _HERE, "--ttl", "60", "--data", str(data))


def _beacon(
    stage: Stage, data: Path, signers: Sequence[Signer], sequence: int, address: str
) -> Whereabouts:
    """Two of the three sign where the site is now; the operator publishes it."""
    now_ms = SystemClock().now_ms()
    said = Whereabouts(ZONE, sequence, now_ms, now_ms + DAY_MS, (address,))
    file = stage.folder / f"beacon-{sequence}"
    file.write_bytes(sign_note(beacon.write(said), signers[:2]))
    site.run_command("beacon", "publish", str(file), "--data", str(data))
    return beacon.read(beacon.text_of(file.read_bytes()))


def _heard(reader: Caller, public: Sequence[str], newest: Whereabouts | None) -> Whereabouts | None:
    """What a reader believes who asks the site and kept three public keys; None for nothing."""
    answer = reader.client.get("/.well-known/venire-beacon")
    known = [parse_verifier_key(text) for text in public]
    try:
        return beacon.check(
            answer.content, known, site=ZONE, now_ms=SystemClock().now_ms(), newest=newest
        )
    except Problem:
        return None
