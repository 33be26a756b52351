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
    hashed = await address_hash(world, address)
    if hashed is None:
        return []
    until_ms = world.now_ms() + KEPT_MS
    return [
        Put(ADDRESSES, AddressRow(hashed, account_id), until_ms),
        Put(ACCOUNT_ADDRESSES, AccountAddressRow(account_id, hashed), until_ms),
    ]


async def address_hash(world: World, address: str) -> bytes | None:
    """The form in which a network is kept and found; None where it tells nothing."""
    network = telling_network(address)
    if network is None:
        return None
    salt = await site_salt(world, "sign_up_addresses")
    return hmac.new(salt, network.encode(), hashlib.sha256).digest()


async def accounts_from(
    world: World, address: str, *, since: int = 0, most: int = 100
) -> list[AccountId]:
    """Who signed up from a network in the last 30 days, with ids above `since`, oldest first."""
    hashed = await address_hash(world, address)
    if hashed is None:
        return []
    rows = await world.storage.range(ADDRESSES, (hashed,), above=(since,), limit=most)
    return [AccountId(row.account_id) for row in rows]


async def accounts_by_address(world: World, account_id: int) -> list[AccountId]:
    """The other accounts that signed up from the same address, where it has five at most."""
    there = await world.storage.get(ACCOUNT_ADDRESSES, (account_id,))
    if there is None:
        return []
    rows = await world.storage.range(ADDRESSES, (there.address_hash,), limit=CROWD + 1)
    if len(rows) > CROWD:
        return []
    return [AccountId(row.account_id) for row in rows if row.account_id != account_id]


async def lonely_address(world: World, account_id: int) -> bytes | None:
    """The hash of the network from which an account signed up; None where strangers share it."""
    there = await world.storage.get(ACCOUNT_ADDRESSES, (account_id,))
    if there is None:
        return None
    rows = await world.storage.range(ADDRESSES, (there.address_hash,), limit=CROWD + 1)
    return there.address_hash if len(rows) <= CROWD else None
