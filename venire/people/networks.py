"""Networks that operators closed: a cached matcher, asked at every request.

A rule is a CIDR with a severity: `sign_up_requires_approval`, `sign_up_block` or `no_access`.
The cache is this process's own and at most five seconds old; a change made here is seen at once.
"""

from __future__ import annotations

import ipaddress
from weakref import WeakKeyDictionary

from venire.kernel.clock import SECOND_MS
from venire.kernel.errors import Invalid
from venire.people.site_rules import MOST, NETWORK, rule_page
from venire.storage.verbs import Storage
from venire.storage.world import World

APPROVAL = "sign_up_requires_approval"
SIGN_UP_BLOCK = "sign_up_block"
NO_ACCESS = "no_access"
SEVERITIES = (APPROVAL, SIGN_UP_BLOCK, NO_ACCESS)
"""From the mildest to the hardest."""
FRESH_MS = 5 * SECOND_MS
_V4_IN_V6 = 96
_WIDEST = 8
"""Half the internet is a slip of the finger: wider than this is refused."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse_network(text: str) -> str:
    """A network in its usual form; an address alone is the network of itself.

    Invalid `network_invalid`, also for one wider than a /8 (IPv6: /16).
    """
    try:
        found = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError as error:
        raise Invalid("network_invalid", "Validation failed: IP is invalid") from error
    if found.prefixlen < (_WIDEST if found.version == 4 else 2 * _WIDEST):  # noqa: PLR2004
        raise Invalid("network_invalid", "Validation failed: this network is too wide")
    return str(found)


def _place(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> int:
    """IPv4 within IPv6, as mapped addresses are: one tree for both."""
    if isinstance(address, ipaddress.IPv4Address):
        return (0xFFFF << 32) | int(address)
    return int(address)


class Matcher:
    """Which severity an address has: one look for each length of prefix that there is."""

    def __init__(self, rules: list[tuple[str, str]]) -> None:
        self._by_length: dict[int, dict[int, int]] = {}
        for network, severity in rules:
            found = ipaddress.ip_network(network)
            length = found.prefixlen + (_V4_IN_V6 if found.version == 4 else 0)  # noqa: PLR2004
            prefix = _place(found.network_address) >> (128 - length)
            known = self._by_length.setdefault(length, {})
            known[prefix] = max(known.get(prefix, 0), SEVERITIES.index(severity))
        self._any = bool(self._by_length)

    def severity(self, address: str) -> str | None:
        """The hardest severity of the networks that an address lies in; None outside of all."""
        if not self._any:
            return None
        try:
            place = _place(ipaddress.ip_address(address.partition("%")[0]))
        except ValueError:
            return None
        found = [
            known[prefix]
            for length, known in self._by_length.items()
            if (prefix := place >> (128 - length)) in known
        ]
        return SEVERITIES[max(found)] if found else None


class _Kept:
    """The matcher of one site, and since when it stands."""

    def __init__(self) -> None:
        self.matcher = Matcher([])
        self.until_ms = -1


# By storage, so that two sites in one process never close each other's networks.
_KEPT: WeakKeyDictionary[Storage, _Kept] = WeakKeyDictionary()


async def matcher(world: World) -> Matcher:
    """The networks that are closed now."""
    kept = _KEPT.setdefault(world.storage, _Kept())
    now_ms = world.now_ms()
    if not now_ms < kept.until_ms <= now_ms + FRESH_MS:
        rules = await rule_page(world, NETWORK, limit=MOST)
        kept.matcher = Matcher([(rule.value, rule.severity) for rule in rules])
        kept.until_ms = now_ms + FRESH_MS
    return kept.matcher


def forget_networks(world: World) -> None:
    """Read the rules again at the next request: one was changed."""
    _KEPT.pop(world.storage, None)


async def severity_of(world: World, address: str) -> str | None:
    """What holds for sign-ups from an address; None where nothing does."""
    return (await matcher(world)).severity(address) if address else None


async def blocked_network(world: World, address: str) -> bool:
    """Whether nobody at this address may reach the site at all."""
    return await severity_of(world, address) == NO_ACCESS
