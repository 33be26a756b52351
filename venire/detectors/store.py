"""The only opener of the text bank's table."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec

from venire.kernel.ids import id_ms
from venire.storage.tables.detectors import TEXT_BANK, BankRow
from venire.storage.verbs import Storage

_SHARDS = 64


def shard_of(post_id: int) -> int:
    """Where a bank entry lies."""
    # By the moment, not the low bits: those are a sequence that is nearly always 0.
    return id_ms(post_id) % _SHARDS


async def add(storage: Storage, row: BankRow) -> None:
    """Keep an entry; again is the same."""
    await storage.put(TEXT_BANK, row)


async def entry(storage: Storage, post_id: int) -> BankRow | None:
    """The entry of a post, in use or not."""
    return await storage.get(TEXT_BANK, (shard_of(post_id), post_id))


async def deactivate(storage: Storage, post_id: int) -> BankRow | None:
    """Take an entry out of use (its verdict was undone); return it if there was one."""
    row = await entry(storage, post_id)
    if row is None or not row.active:
        return None
    await storage.put(TEXT_BANK, msgspec.structs.replace(row, active=False))
    return row


async def entries(storage: Storage) -> AsyncIterator[BankRow]:
    """Every entry in use, to fill the index in memory at start."""
    cursor: bytes | None = None
    while True:
        rows, cursor = await storage.scan(TEXT_BANK, cursor)
        for row in rows:
            if row.active:
                yield row
        if cursor is None:
            return
