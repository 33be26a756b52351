"""Addresses to which nothing is sent: their mailbox is gone, or their owner complained.

A permanent failure of a mailbox (RFC 3464, RFC 3463 classes 5.1 and 5.2) stops every letter, the
security ones too: nobody reads them there, and who goes on writing to dead boxes is soon heard by
nobody. A complaint (RFC 5965) stops what can be unsubscribed and nothing that an account needs.
Either is lifted when the address is confirmed again; a letter to confirm it always goes.
"""

from __future__ import annotations

import hmac
import re
from typing import Final

from venire.kernel.clock import DAY_MS
from venire.people.store import email_hash, site_salt
from venire.storage.tables.suppression import SUPPRESSED, SuppressedRow
from venire.storage.world import World

BOUNCED: Final = "bounced"
COMPLAINED: Final = "complained"
KEPT_MS: Final = 365 * DAY_MS
"""Longer than this an address may be somebody else's."""
_SAID_CHARACTERS: Final = 40
_OF_THE_MAILBOX = re.compile(r"\b5\.(1\.[0-36]|1\.10|2\.1)\b")
"""RFC 3463: no such mailbox, host or syntax, moved, disabled; RFC 7505: takes no mail. Not full
boxes, not policy, which are about us."""


async def _key(world: World, address: str) -> str:
    salt = await site_salt(world, "suppressed_addresses")
    return hmac.digest(salt, email_hash(address), "sha256").hex()


def of_the_mailbox(said: str) -> bool:
    """Whether a status says that the mailbox itself takes nothing, for good. Pure."""
    return _OF_THE_MAILBOX.search(said) is not None


async def suppress(world: World, address: str, reason: str, said: str) -> None:
    """Stop letters to an address. A bounce outweighs a complaint; again changes nothing."""
    key, now_ms = await _key(world, address), world.now_ms()
    row = SuppressedRow(key, reason, said[:_SAID_CHARACTERS], now_ms)
    there = await world.storage.put_if_absent(SUPPRESSED, row, expires_at_ms=now_ms + KEPT_MS)
    if there is None or (reason == BOUNCED and there.reason != BOUNCED):
        # What was claimed is confirmed by being put: a claim alone would lapse unjournaled.
        await world.storage.put(SUPPRESSED, row, expires_at_ms=now_ms + KEPT_MS)


async def reason_of(world: World, address: str) -> str | None:
    """Why letters to an address stop; None where they do not."""
    row = await world.storage.get(SUPPRESSED, (await _key(world, address),))
    return None if row is None else row.reason


async def lift(world: World, address: str) -> None:
    """Write to an address again: its owner has just shown that letters reach them."""
    row = await world.storage.get(SUPPRESSED, (await _key(world, address),))
    if row is not None:
        await world.storage.delete(SUPPRESSED, row)
