"""The only opener of the record's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from venire.record.model import ENTRIES as ENTRY_LEVEL
from venire.record.model import HASH_BYTES, TILE_WIDTH, Frontier, Tile
from venire.storage.tables.record import (
    ENTRIES,
    ENTRY_KEYS,
    HEADS,
    SALTS,
    TILES,
    EntryKeyRow,
    EntryRow,
    HeadRow,
    SaltRow,
    TileRow,
)
from venire.storage.verbs import Put, Storage, Write


async def head(storage: Storage, epoch: int) -> HeadRow | None:
    """How far the log has come; None before its first entry."""
    return await storage.get(HEADS, (epoch,))


def frontier_of(row: HeadRow | None) -> Frontier:
    """The frontier that a head row holds."""
    if row is None:
        return Frontier()
    peaks = tuple(
        row.frontier[start : start + HASH_BYTES]
        for start in range(0, len(row.frontier), HASH_BYTES)
    )
    return Frontier(size=row.size, peaks=peaks)


async def index_of(storage: Storage, key: str) -> int | None:
    """Where the entry of this idempotency key stands."""
    row = await storage.get(ENTRY_KEYS, (key,))
    return None if row is None else row.leaf_index


async def last_tiles(storage: Storage, epoch: int, size: int) -> dict[tuple[int, int], bytes]:
    """The unfinished tile of each level: what an append has to go on from."""
    found: dict[tuple[int, int], bytes] = {}
    level, filled = 0, size
    while filled:
        index = filled // TILE_WIDTH
        row = await storage.get(TILES, (epoch, level, index))
        if row is not None:
            found[level, index] = row.hashes
        level, filled = level + 1, filled // TILE_WIDTH
    return found


def growth(
    row: HeadRow, entries: Sequence[tuple[str, bytes]], first: int, tiles: Mapping[Tile, bytes]
) -> list[Write]:
    """The writes of one append: entries with their keys, tiles, and the head that has moved."""
    writes: list[Write] = [Put(HEADS, row)]
    for index, (key, entry) in enumerate(entries, first):
        writes.append(Put(ENTRIES, EntryRow(row.epoch, index // TILE_WIDTH, index, key, entry)))
        writes.append(Put(ENTRY_KEYS, EntryKeyRow(key, row.epoch, index)))
    writes += [
        Put(TILES, TileRow(row.epoch, tile.level, tile.index, content))
        for tile, content in tiles.items()
    ]
    return writes


async def tile(storage: Storage, epoch: int, wanted: Tile) -> bytes | None:
    """The bytes of a tile at this width, or of the bundle; None when the log is not that far."""
    if wanted.level == ENTRY_LEVEL:
        return None
    row = await storage.get(TILES, (epoch, wanted.level, wanted.index))
    size = wanted.width * HASH_BYTES
    return None if row is None or len(row.hashes) < size else row.hashes[:size]


async def bundle(storage: Storage, epoch: int, index: int, width: int) -> list[EntryRow]:
    """The first `width` entries of a bundle."""
    return await storage.range(ENTRIES, (epoch, index), limit=width)


def put_salt(key: str, aggregate: str, salt: bytes, subject_id: int | None) -> Write:
    """The write that keeps a salt with the intent whose entry it blinds."""
    return Put(SALTS, SaltRow(key, aggregate, salt, subject_id))


async def salt(storage: Storage, key: str) -> bytes | None:
    """The salt of an entry; None when it was erased."""
    row = await storage.get(SALTS, (key,))
    return None if row is None else row.salt
