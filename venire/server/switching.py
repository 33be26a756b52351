"""What a move carries along besides the site: its names, and the beacon that says where it is."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from venire.kernel.errors import Invalid, Unavailable
from venire.kernel.vendors import VendorFault
from venire.kernel.zones import DnsRecord
from venire.server.naming import open_names
from venire.server.settings import Settings
from venire.storage.world import World

TTL_S: Final = 60
"""Of a name that was just moved: it may have to move again."""


def read_points(texts: Sequence[str]) -> list[DnsRecord]:
    """`NAME=ADDRESS`, one for each name and version of IP. Invalid `point_malformed`."""
    found: dict[tuple[str, str], list[str]] = {}
    for text in texts:
        name, _, address = text.partition("=")
        try:
            version = ipaddress.ip_address(address).version
        except ValueError as error:
            raise Invalid("point_malformed", "--point: as example.org=203.0.113.7") from error
        kind = "A" if version == 4 else "AAAA"  # noqa: PLR2004 - of IP
        found.setdefault((name.lower().rstrip("."), kind), []).append(address)
    return [
        DnsRecord(name, "A" if kind == "A" else "AAAA", tuple(values), TTL_S)
        for (name, kind), values in found.items()
    ]


async def names_switcher(
    settings: Settings,
    world: World,
    records: Sequence[DnsRecord],
    stack: contextlib.AsyncExitStack,
) -> list[Callable[[str], Awaitable[None]]]:
    """What points the names to the new host once it is decided; nothing without records.

    Invalid `no_name_hosts` before anything is moved.
    """
    if not records:
        return []
    names = open_names(settings, world, stack)
    if names is None:
        raise Invalid("no_name_hosts", "--point: no vendor of kind dns is in the settings")

    async def point(_to: str) -> None:
        try:
            done = await names.hosts.replace(records)
        except VendorFault as fault:
            raise Unavailable("names_unavailable", "no host took it", said=fault.said) from fault
        if done.faults:
            raise Unavailable("names_behind", "some hosts of names did not take it")

    return [point]
