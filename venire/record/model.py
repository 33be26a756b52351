"""Nouns of the record: tiles, frontier, checkpoint, entry, report of a verification."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

HASH_BYTES: Final = 32
TILE_WIDTH: Final = 256
"""Hashes in a full tile: a subtree of height 8 (C2SP tlog-tiles)."""
ENTRIES: Final = -1
"""The level at which entry bundles stand, below the leaf hashes."""
MAX_SIZE: Final = (1 << 63) - 1


class Tile(msgspec.Struct, frozen=True, order=True):
    """A full or partial tile of hashes, or the entry bundle at level `ENTRIES`.

    `index` counts tiles within the level; `width` is 1 to 256 hashes (or entries), 256 when full.
    """

    level: int
    index: int
    width: int


ReadTile = Callable[[Tile], bytes]
"""Returns the bytes of exactly that tile: `width * 32` of hashes, or a bundle of `width` entries.

Whoever keeps only the full tile cuts it; raise `NotFound` when neither is there.
"""
HashReader = Callable[[int, int], bytes]
"""(height, index) -> hash of the complete subtree over leaves `index << height` onwards."""


class Frontier(msgspec.Struct, frozen=True):
    """What is needed to go on appending: the roots of the complete subtrees, largest first.

    One peak for each bit set in `size` (the compact range of RFC 9162 section 2.1).
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()


class Checkpoint(msgspec.Struct, frozen=True):
    """A tree head as it is signed (C2SP tlog-checkpoint)."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()


class Entry(msgspec.Struct, frozen=True):
    """A leaf: what everyone may read, and hex commitments to the rest, by name."""

    header: dict[str, Any]
    commitments: dict[str, str]


class Report(msgspec.Struct, frozen=True):
    """What a verification found to be true. `root` in hex; `counts` by entry type.

    `tiles` counts the tiles and bundles compared; `earlier_size` is that of the earlier
    checkpoint this one extends, when one was given.
    """

    origin: str
    size: int
    root: str
    key_id: str
    counts: dict[str, int]
    tiles: int
    earlier_size: int | None = None
