"""From which network an account signed up: hashed, for 30 days, so that a jury is not one house."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress

from venire.kernel.clock import DAY_MS
from venire.kernel.ids import AccountId
from venire.people.store import site_salt
from venire.storage.tables.people import (
    ACCOUNT_ADDRESSES,
    ADDRESSES,
    AccountAddressRow,
    AddressRow,
)
from venire.storage.verbs import Put, Write
from venire.storage.world import World

KEPT_MS = 30 * DAY_MS
CROWD = 5
"""Past this many accounts an address is shared by strangers: a mobile carrier, a school."""


def telling_network(address: str) -> str | None:
    """The part of an address that tells households apart; None where it tells nothing.

    Loopback and private addresses are those of a proxy or of everybody; of an IPv6 address the
    first 64 bits belong to one household.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if not found.is_global:
        return None
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)


async def address_writes(world: World, account_id: int, address: str) -> list[Write]:
    """The rows that remember where an account came from, in the commit that makes it."""
    network = telling_network(address)
    if network is None:
        return []
    salt = await site_salt(world, "sign_up_addresses")
    hashed = hmac.new(salt, network.encode(), hashlib.sha256).digest()
    until_ms = world.now_ms() + KEPT_MS
    return [
        Put(ADDRESSES, AddressRow(hashed, account_id), until_ms),
        Put(ACCOUNT_ADDRESSES, AccountAddressRow(account_id, hashed), until_ms),
    ]


async def accounts_by_address(world: World, account_id: int) -> list[AccountId]:
    """The other accounts that signed up from the same address, where it has five at most."""
    there = await world.storage.get(ACCOUNT_ADDRESSES, (account_id,))
    if there is None:
        return []
    rows = await world.storage.range(ADDRESSES, (there.address_hash,), limit=CROWD + 1)
    if len(rows) > CROWD:
        return []
    return [AccountId(row.account_id) for row in rows if row.account_id != account_id]
