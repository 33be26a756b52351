"""The real counterparts of a drill, as the file that `venire drill vendors` reads them from.

Prism, stripe-mock, npm's message centre and OpenSMTPD are everybody's; stores, name servers and
authorities are a drill's own: it clears the stores, and its authorities look at the name server
that is left.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox

from tests.counterparts import authorities, carriers, names, objects
from tests.counterparts.process import ADDRESS, Process, free_port
from venire.cli.drills.vendors.names import STANDBY, ZONE

Said = dict[str, Any]
ZONES = (ZONE, STANDBY)
KEY = f"hmac-sha256:{names.KEY}:{names.SECRET}"
ACCOUNT = "AC" + "0" * 32
NEEDED = {
    "sms": ("prism_twilio", "smpp"),
    "mail": ("smtp",),
    "payments": ("stripe", "prism_xendit"),
    "objects": ("versitygw_a", "versitygw_b"),
    "dns": ("bind", "knot"),
    "certificates": ("bind", "knot", "acme_a", "acme_b"),
    "passkeys": ("chromium",),
}
"""By kind: what `make test-vendors` has to have started, or to know how to start."""


class Cast:
    """What is started for one drill; ended with the stack."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._looked_at = ""

    def write(self, kinds: tuple[str, ...]) -> Path:
        """Start what these kinds need; the file that names it."""
        lines: list[str] = []
        # Authorities look at a host of names: that is there before them.
        for kind in sorted(kinds, key="certificates".__eq__):
            make: Callable[[], list[Said]] = getattr(self, f"_{kind}")
            for one in make():
                lines += ["", f"[[{kind}]]", *(f"{key} = {toml(one[key])}" for key in one)]
        file = self._folder / "counterparts.toml"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return file

    def _keep(self, process: Process) -> None:
        self._stack.callback(process.stop)

    def _sms(self) -> list[Said]:
        twilio = {"account": ACCOUNT, "from": "+15005550006"}
        smpp = {"system_id": carriers.SYSTEM_ID, "from": "Venire"}
        return [
            {"adapter": "twilio", "address": at("PRISM_TWILIO"), "secret": "a", "options": twilio},
            {
                "adapter": "smpp",
                "address": at("SMPP"),
                "secret": carriers.PASSWORD,
                "options": smpp,
            },
        ]

    def _mail(self) -> list[Said]:
        box = Mailbox(str(self._folder / "second-mail"))
        other = Controller(box, hostname=ADDRESS, port=free_port())
        other.start()
        self._stack.callback(other.stop)
        return [{"address": at("SMTP")}, {"address": f"smtp://{ADDRESS}:{other.port}"}]

    def _payments(self) -> list[Said]:
        return [
            {"adapter": "stripe", "address": at("STRIPE")},
            {"adapter": "xendit", "address": at("PRISM_XENDIT")},
        ]

    def _objects(self) -> list[Said]:
        found = []
        for name in ("a", "b"):
            process, url = objects.versitygw(self._folder / f"versitygw-{name}", f"gateway-{name}")
            self._keep(process)
            options = {"bucket": objects.BUCKET, "region": "us-east-1", "key_id": objects.ACCESS}
            address = "http://" + url.rpartition("@")[2].partition("/")[0]
            found.append({"address": address, "secret": objects.SECRET, "options": options})
        return found

    def _dns(self) -> list[Said]:
        found = []
        for start in (names.bind, names.knot):
            process, where = start(self._folder / start.__name__, ZONES)
            self._keep(process)
            self._looked_at = where
            found.append({"address": where, "secret": KEY})
        return found

    def _certificates(self) -> list[Said]:
        found = []
        for name in ("a", "b"):
            folder = self._folder / f"pebble-{name}"
            process, where = authorities.pebble(folder, self._looked_at, f"pebble-{name}")
            self._keep(process)
            found.append({"address": where["DIRECTORY"], "trusted_file": where["ROOT"]})
        return found

    def _passkeys(self) -> list[Said]:
        return [{"options": {"program": at("CHROMIUM")}}]


def at(name: str) -> str:
    """Where one of everybody's is."""
    return os.environ[f"VENIRE_COUNTERPART_{name}"]


def toml(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(one)}" for key, one in value.items()) + " }"
    return json.dumps(value)
