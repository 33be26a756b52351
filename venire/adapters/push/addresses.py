"""Where a push may go: an address that strangers chose must not lead into this site's own network.

A name is resolved once, every address it has must be public, and the connection goes to the very
address that was looked at: a name that answers differently the second time gains nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import msgspec

PORTS = frozenset({443, 8443})
_LONGEST = 2_048
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_RESOLVE_S = 3.0

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]


class Target(msgspec.Struct, frozen=True):
    """A place to connect to: `address` is what is dialled, `host` what is asked for and proved."""

    scheme: str
    host: str
    address: str
    port: int
    path: str


class NotAllowed(Exception):  # noqa: N818 - what it says of an address
    """An address that nothing may be sent to."""


def is_public(text: str) -> bool:
    """Whether an IP address is one of the open internet, however it is wrapped. Pure."""
    try:
        address: Address = ipaddress.ip_address(text.split("%", maxsplit=1)[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is None and address.teredo is not None:
            return False
        if inner is not None:
            address = inner
        elif address.is_site_local:
            # Given up by RFC 3879, so it counts as global; routers of old networks still obey it.
            return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified
    )


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, as the machine's resolver tells them."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(_RESOLVE_S):
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Gate:
    """Lets https to public addresses through. `loopback`: for tests on one machine, nothing else.

    With `loopback` the only addresses allowed are the machine's own, by http or https, any port.
    """

    def __init__(self, *, loopback: bool = False, resolve: Resolve = resolve) -> None:
        self._loopback = loopback
        self._resolve = resolve

    async def target(self, endpoint: str) -> Target:
        """Where to connect for an address. Raises NotAllowed; OSError where no name is found."""
        scheme, host, port, path = self._parts(endpoint)
        addresses = await self._resolve(host, port)
        if not addresses or not all(self._allows(address) for address in addresses):
            raise NotAllowed(host)
        return Target(scheme, host, addresses[0], port, path)

    def _parts(self, endpoint: str) -> tuple[str, str, int, str]:
        try:
            parts = urlsplit(endpoint)
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError as error:
            raise NotAllowed("malformed") from error
        host = parts.hostname or ""
        if len(endpoint) > _LONGEST or not host or parts.username is not None:
            raise NotAllowed(host)
        if not self._loopback and (parts.scheme != "https" or port not in PORTS):
            raise NotAllowed(host)
        if parts.scheme not in {"http", "https"}:
            raise NotAllowed(host)
        path = parts.path or "/"
        return parts.scheme, host, port, f"{path}?{parts.query}" if parts.query else path

    def _allows(self, address: str) -> bool:
        if not self._loopback:
            return is_public(address)
        try:
            return ipaddress.ip_address(address).is_loopback
        except ValueError:
            return False
