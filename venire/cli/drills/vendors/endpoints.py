"""Real counterparts for a drill, named in a file by kind; what is not named is our own stand-in.

    [[sms]]
    adapter = "smpp"
    address = "127.0.0.1:2775"
    secret = "a-password"
    options = { system_id = "venire", from = "Venire" }

    [[objects]]
    address = "http://127.0.0.1:9000"
    options = { bucket = "venire", region = "us-east-1", key_id = "AK" }
    secret = "a-secret"

The first of a kind is the vendor that a drill loses, the second the one that is left. A drill puts
a proxy of its own before each, and closes accounts there: no real one does that on demand.

All stand on this machine: what a drill sends to numbers and mailboxes of its own making must never
leave it, for some of those are somebody's.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, get_args
from urllib.parse import urlsplit

import msgspec

from venire.kernel.errors import Invalid

Kind = Literal["sms", "mail", "payments", "objects", "dns", "certificates", "passkeys"]
_MOST_BYTES: Final = 256 * 1024
_ADAPTERS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "sms": ("twilio", "infobip", "smpp"),
    "payments": ("stripe", "xendit"),
}
_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "twilio": ("account", "from"),
    "infobip": ("from",),
    "smpp": ("system_id", "from"),
    "objects": ("bucket", "region", "key_id"),
    "passkeys": ("program",),
}


class Endpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A real counterpart. `trusted_file`: who vouches for its TLS, where that is nobody known."""

    address: str = ""
    adapter: str = ""
    secret: str = ""
    options: dict[str, str] = {}
    trusted_file: str = ""

    def __repr__(self) -> str:
        """Nothing of the secret."""
        return f"Endpoint({self.adapter!r}, {self.address!r})"


class Endpoints:
    """Those that were named; none unless a file was."""

    def __init__(self, named: Mapping[str, list[Endpoint]] | None = None) -> None:
        self._named = dict(named or {})

    def find(self, kind: Kind, place: int) -> Endpoint | None:
        """The one that takes a vendor's part: `place` 0 is the vendor that is lost."""
        found = self._named.get(kind, [])
        return found[place] if place < len(found) else None


def read(file: Path | None) -> Endpoints:
    """Read a file of counterparts. Invalid `counterparts_invalid`."""
    if file is None:
        return Endpoints()
    try:
        with file.open("rb") as opened:
            named = msgspec.toml.decode(opened.read(_MOST_BYTES), type=dict[str, list[Endpoint]])
    except (OSError, ValueError, msgspec.DecodeError) as error:
        raise Invalid("counterparts_invalid", f"{file}: {error}") from error
    for kind, some in named.items():
        if kind not in get_args(Kind):
            raise Invalid("counterparts_invalid", f"{kind}: {', '.join(get_args(Kind))}")
        for one in some:
            _check(kind, one)
    payments = [one.adapter for one in named.get("payments", [])]
    if payments != list(_ADAPTERS["payments"])[: len(payments)]:
        raise Invalid("counterparts_invalid", "payments: stripe first, then xendit")
    return Endpoints(named)


def _check(kind: str, one: Endpoint) -> None:
    adapters = _ADAPTERS.get(kind, ("",))  # type: ignore[call-overload]
    if one.adapter not in adapters:
        raise Invalid("counterparts_invalid", f"{kind}: adapter: {' or '.join(adapters)}")
    missing = [name for name in _NEEDED.get(one.adapter or kind, ()) if name not in one.options]
    if missing:
        raise Invalid("counterparts_invalid", f"{kind}: options: {', '.join(missing)}")
    if kind != "passkeys" and not _is_here(one.address):
        raise Invalid("counterparts_invalid", f"{kind}: address: of this machine, with its port")


def _is_here(address: str) -> bool:
    """Whether it is one of the loopback, which a drill's words do not leave."""
    try:
        parts = urlsplit(address if "//" in address else f"//{address}")
        host = parts.hostname or ""
        return bool(parts.port) and (host == "localhost" or ipaddress.ip_address(host).is_loopback)
    except ValueError:
        return False
