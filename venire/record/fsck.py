"""Recompute the root from the entries themselves, and every tile and key on the way."""

from __future__ import annotations

from typing import Any

from venire.kernel.errors import Problem
from venire.record import store, tree
from venire.record.actions import Sequencer
from venire.record.entry import decode_entry
from venire.record.model import TILE_WIDTH, Tile
from venire.record.tiles import tiles_of
from venire.storage.world import World

_PROBLEMS_AT_MOST = 50


async def check_record(world: World, sequencer: Sequencer) -> dict[str, Any]:
    """What is wrong with the log as it lies in storage; `problems` is empty when it is sound."""
    epoch = sequencer.epoch
    head = await store.head(world.storage, epoch)
    size = 0 if head is None else head.size
    problems: list[str] = []
    frontier = tree.EMPTY
    leaves: list[bytes] = []
    for bundle in range(-(-size // TILE_WIDTH)):
        width = min(TILE_WIDTH, size - bundle * TILE_WIDTH)
        rows = await store.bundle(world.storage, epoch, bundle, width)
        expected = range(bundle * TILE_WIDTH, bundle * TILE_WIDTH + width)
        if [row.leaf_index for row in rows] != list(expected):
            problems.append(f"entries {expected.start} to {expected.stop - 1}: some are missing")
        for row in rows:
            try:
                decode_entry(row.entry)
            except Problem as problem:
                problems.append(f"entry {row.leaf_index}: {problem.code}")
            if await store.index_of(world.storage, row.key) != row.leaf_index:
                problems.append(f"entry {row.leaf_index}: its key points elsewhere")
        hashes = [tree.leaf_hash(row.entry) for row in rows]
        leaves += hashes
        frontier = tree.extend(frontier, hashes)
    root = tree.root(frontier)
    if head is not None and root != head.root:
        problems.append("the head's root is not the root of its entries")
    problems += await _tile_problems(sequencer, size, leaves)
    return {
        "entries": size,
        "root": root.hex(),
        "origin": sequencer.origin,
        "problems": problems[:_PROBLEMS_AT_MOST],
    }


async def _tile_problems(sequencer: Sequencer, size: int, leaves: list[bytes]) -> list[str]:
    """Tiles whose hashes are not those of the entries below them."""
    problems: list[str] = []
    level_hashes = {0: leaves}
    for tile in tiles_of(size):
        if tile.level < 0:
            continue
        if tile.level not in level_hashes:
            level_hashes[tile.level] = _rising(level_hashes, tile.level)
        below = level_hashes[tile.level]
        start = tile.index * TILE_WIDTH
        expected = b"".join(below[start : start + tile.width])
        if await _stored(sequencer, tile) != expected:
            problems.append(f"tile {tile.level}/{tile.index}: not the hashes of its entries")
    return problems


def _rising(levels: dict[int, list[bytes]], level: int) -> list[bytes]:
    below = levels[level - 1]
    whole = len(below) // TILE_WIDTH
    return [
        tree.root_of(below[place * TILE_WIDTH : (place + 1) * TILE_WIDTH]) for place in range(whole)
    ]


async def _stored(sequencer: Sequencer, tile: Tile) -> bytes | None:
    try:
        return await sequencer.resource(tile)
    except Problem:
        return None
