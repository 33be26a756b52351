"""C2SP tlog-tiles: paths, which tiles a size has, what to write when it grows, entry bundles.

A tile holds 256 hashes of one level; a bundle holds the 256 entries below a level-0 tile. The
rightmost of each level may be partial, and a partial tile is never hashed into the level above.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from venire.kernel.errors import Invalid, Refused, TooLarge
from venire.record import tree
from venire.record.model import ENTRIES, HASH_BYTES, MAX_SIZE, TILE_WIDTH, ReadTile, Tile

MAX_ENTRY_BYTES: Final = 65_535
MAX_TILE_BYTES: Final = TILE_WIDTH * HASH_BYTES
MAX_BUNDLE_BYTES: Final = TILE_WIDTH * (2 + MAX_ENTRY_BYTES)
_MAX_LEVEL: Final = 63
_PATH: Final = re.compile(
    r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([0-9]{1,3}))?", re.ASCII
)


def tile_path(tile: Tile) -> str:
    """The path below the log's prefix: `tile/0/x001/x234/067.p/8`, `tile/entries/000`."""
    if not (
        ENTRIES <= tile.level <= _MAX_LEVEL
        and 0 <= tile.index <= MAX_SIZE
        and 1 <= tile.width <= TILE_WIDTH
    ):
        raise Refused("tile_out_of_range", "no such tile", level=tile.level, index=tile.index)
    digits = str(tile.index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    index = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
    level = "entries" if tile.level == ENTRIES else str(tile.level)
    partial = f".p/{tile.width}" if tile.width < TILE_WIDTH else ""
    return f"tile/{level}/{index}{partial}"


def parse_path(path: str) -> Tile:
    """The tile of a path in its one canonical form; else `Invalid("tile_path_malformed")`."""
    found = _PATH.fullmatch(path)
    if found:
        level, index, width = found.groups()
        tile = Tile(
            level=ENTRIES if level == "entries" else int(level),
            index=int(index.replace("x", "").replace("/", "")),
            width=TILE_WIDTH if width is None else int(width),
        )
        # Writing it again refuses what the pattern lets pass: leading zeros, `.p/256`, level 64.
        in_range = tile.level <= _MAX_LEVEL and tile.index <= MAX_SIZE
        if in_range and 1 <= tile.width <= TILE_WIDTH and tile_path(tile) == path:
            return tile
    raise Invalid("tile_path_malformed", "not a path of a tile or an entry bundle")


def width_at(level: int, index: int, size: int) -> int:
    """How many hashes (entries, for a bundle) the tile has in a tree of `size`; 0 when none."""
    filled = _filled(level, size) - index * TILE_WIDTH
    return max(0, min(TILE_WIDTH, filled))


def tiles_of(size: int) -> Iterator[Tile]:
    """Every bundle and tile of a tree of `size`, bundles first, then by level and index."""
    level = ENTRIES
    while filled := _filled(level, size):
        for index in range(-(-filled // TILE_WIDTH)):
            yield Tile(level=level, index=index, width=width_at(level, index, size))
        level += 1


def tiles_for(
    old_size: int, leaf_hashes: Sequence[bytes], read_tile: ReadTile
) -> dict[Tile, bytes]:
    """The tiles of hashes to write when leaves are appended to a tree of `old_size`.

    Only what changed: of each level the tile the old size ended in (read when it was partial) and
    those after it, at their width in the new size.
    """
    written: dict[Tile, bytes] = {}
    level, added = 0, list(leaf_hashes)
    if any(len(each) != HASH_BYTES for each in added):
        raise Refused("hash_length", "a hash has 32 bytes")
    while added:
        before = _filled(level, old_size)
        index, held = divmod(before, TILE_WIDTH)
        if held:
            first = Tile(level=level, index=index, width=held)
            added = split_hashes(read_tile(first), first) + added
        rising = []
        for start in range(0, len(added), TILE_WIDTH):
            hashes = added[start : start + TILE_WIDTH]
            tile = Tile(level=level, index=index + start // TILE_WIDTH, width=len(hashes))
            written[tile] = b"".join(hashes)
            if tile.width == TILE_WIDTH:
                rising.append(tree.root_of(hashes))
        level, added = level + 1, rising
    return written


def bundles_for(old_size: int, entries: Sequence[bytes], read_tile: ReadTile) -> dict[Tile, bytes]:
    """The entry bundles to write when entries are appended to a tree of `old_size`."""
    if not entries:
        return {}
    index, held = divmod(old_size, TILE_WIDTH)
    added = list(entries)
    if held:
        first = Tile(level=ENTRIES, index=index, width=held)
        added = parse_bundle(read_tile(first), held) + added
    written = {}
    for start in range(0, len(added), TILE_WIDTH):
        held_here = added[start : start + TILE_WIDTH]
        tile = Tile(level=ENTRIES, index=index + start // TILE_WIDTH, width=len(held_here))
        written[tile] = encode_bundle(held_here)
    return written


def split_hashes(content: bytes, tile: Tile) -> list[bytes]:
    """The hashes of a tile; `Invalid("tile_malformed")` when the length is not `width * 32`."""
    if len(content) != tile.width * HASH_BYTES:
        raise Invalid("tile_malformed", "a tile has 32 bytes per hash", path=tile_path(tile))
    return [content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)]


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Entries one after the other, each behind its length as two bytes, big-endian."""
    if not 1 <= len(entries) <= TILE_WIDTH:
        raise Refused("bundle_width", "a bundle has 1 to 256 entries", width=len(entries))
    parts = []
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise TooLarge(
                "entry_too_large", "over the size of a leaf", size=len(entry), limit=MAX_ENTRY_BYTES
            )
        parts += [len(entry).to_bytes(2, "big"), entry]
    return b"".join(parts)


def parse_bundle(content: bytes, width: int) -> list[bytes]:
    """The `width` entries of a bundle, not a byte more; else `Invalid("bundle_malformed")`."""
    entries: list[bytes] = []
    at = 0
    while len(entries) < width and at + 2 <= len(content):
        end = at + 2 + int.from_bytes(content[at : at + 2], "big")
        if end > len(content):
            break
        entries.append(content[at + 2 : end])
        at = end
    if len(entries) != width or at != len(content):
        raise Invalid("bundle_malformed", "not exactly the entries it should hold", width=width)
    return entries


def _filled(level: int, size: int) -> int:
    """Hashes that stand at a level in a tree of `size`: its complete subtrees of 256**level."""
    return size >> (8 * max(level, 0))
