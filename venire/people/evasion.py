"""A block that also stops a person's new accounts: traits of the sign-up, hashed, for 180 days.

Two traits: the network of the sign-up, while it is known and few share it, and the mailbox behind
the e-mail address. Who blocks learns nothing from it but whom else they block now. A block that was
made here remembers nothing: else it would go on from neighbour to neighbour.
"""

from __future__ import annotations

import hmac

from venire.events import AccountCreated
from venire.kernel.clock import DAY_MS
from venire.kernel.ids import AccountId
from venire.people.addresses import lonely_address
from venire.people.mail_rules import canonical_email
from venire.people.relations import BLOCK, put_relation
from venire.people.store import load_account, load_login, site_salt
from venire.storage.tables.defences import (
    BLOCK_SIGNALS,
    BLOCKED_SIGNALS,
    BlockedSignalRow,
    BlockSignalRow,
)
from venire.storage.verbs import Delete, Envelope, Put, Write
from venire.storage.world import World

KEPT_MS = 180 * DAY_MS
BLOCKERS_MOST = 5_000
"""Who blocks one trait: more than these would be a list to write for a whole minute."""
_PAGE = 100
_TRAITS_MOST = 10


async def signals_of(world: World, account_id: int) -> list[bytes]:
    """The traits of an account's sign-up, hashed so that they say nothing elsewhere."""
    salt = await site_salt(world, "block_signals")
    found: list[bytes] = []
    address = await lonely_address(world, account_id)
    if address is not None:
        found.append(hmac.digest(salt, b"address:" + address, "sha256"))
    login = await load_login(world, account_id)
    if login is not None and login.email:
        box = canonical_email(login.email).encode()
        found.append(hmac.digest(salt, b"email:" + box, "sha256"))
    return found


async def remember_block(world: World, blocker_id: int, target_id: int) -> None:
    """Note whom a block is to stop besides the account itself."""
    until_ms = world.now_ms() + KEPT_MS
    writes: list[Write] = []
    for signal in await signals_of(world, target_id):
        writes += [
            Put(BLOCKED_SIGNALS, BlockedSignalRow(signal, blocker_id, target_id), until_ms),
            Put(BLOCK_SIGNALS, BlockSignalRow(blocker_id, target_id, signal), until_ms),
        ]
    if writes:
        await world.storage.commit(f"signals:{blocker_id}:{target_id}", writes)


async def forget_block(world: World, blocker_id: int, target_id: int) -> None:
    """Forget what a block was to stop: it ended."""
    rows = await world.storage.range(BLOCK_SIGNALS, (blocker_id, target_id), limit=_TRAITS_MOST)
    writes: list[Write] = []
    for row in rows:
        blocked = BlockedSignalRow(row.signal, blocker_id, target_id)
        writes += [Delete(BLOCK_SIGNALS, row), Delete(BLOCKED_SIGNALS, blocked)]
    if writes:
        await world.storage.commit(f"signals:{blocker_id}:{target_id}", writes)


async def on_account_created(world: World, envelope: Envelope) -> None:
    """Block a new account for everyone who blocks someone with a trait of it."""
    if isinstance(envelope.event, AccountCreated):
        await stop_new_account(world, envelope.event.account_id)


async def stop_new_account(world: World, account_id: int) -> int:
    """The same by id; returns how many block it now."""
    blockers: set[int] = set()
    for signal in await signals_of(world, account_id):
        blockers |= await _blockers(world, signal, account_id)
    for blocker_id in sorted(blockers - {account_id}):
        if await load_account(world, blocker_id) is not None:
            await put_relation(world, AccountId(blocker_id), BLOCK, AccountId(account_id))
    return len(blockers)


async def _blockers(world: World, signal: bytes, account_id: int) -> set[int]:
    found: set[int] = set()
    above: tuple[int, ...] | None = None
    while len(found) < BLOCKERS_MOST:
        rows = await world.storage.range(BLOCKED_SIGNALS, (signal,), above=above, limit=_PAGE)
        found |= {row.blocker_id for row in rows if row.target_id != account_id}
        if len(rows) < _PAGE:
            break
        above = (rows[-1].blocker_id, rows[-1].target_id)
    return found
