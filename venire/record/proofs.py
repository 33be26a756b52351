"""Inclusion and consistency proofs, built from tiles and checked without them.

Building follows the definitions in RFC 6962 section 2.1.1 and 2.1.2; checking follows the
algorithms of RFC 9162 section 2.1.3.2 and 2.1.4.2.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from venire.kernel.errors import Refused
from venire.record import tree
from venire.record.model import TILE_WIDTH, Frontier, HashReader, ReadTile, Tile
from venire.record.tiles import split_hashes, width_at


def hash_reader(size: int, read_tile: ReadTile) -> HashReader:
    """Reads complete subtrees of a tree of `size` from its tiles, each tile once.

    A tile must be checked against a signed root by whoever needs to trust the answer: a proof
    made from wrong tiles is a proof that fails.
    """
    seen: dict[Tile, list[bytes]] = {}

    def read(height: int, index: int) -> bytes:
        level, within = divmod(height, 8)
        first = index << within
        number, start = divmod(first, TILE_WIDTH)
        tile = Tile(level=level, index=number, width=width_at(level, number, size))
        if start + (1 << within) > tile.width:
            raise Refused("subtree_incomplete", "not complete at this size", height=height)
        if tile not in seen:
            seen[tile] = split_hashes(read_tile(tile), tile)
        return tree.root_of(seen[tile][start : start + (1 << within)])

    return read


def frontier_at(size: int, read_tile: ReadTile) -> Frontier:
    """The frontier of the first `size` leaves, from tiles: how an appender starts again."""
    read = hash_reader(size, read_tile)
    return Frontier(size=size, peaks=tuple(read(*part) for part in _complete(0, size)))


def inclusion_proof(index: int, size: int, read_tile: ReadTile) -> list[bytes]:
    """Hashes from the leaf's sibling up: leaf `index` stands in the tree of `size`."""
    if not 0 <= index < size:
        raise Refused("proof_out_of_range", "no such leaf at this size", index=index, size=size)
    read = hash_reader(size, read_tile)
    proof, low, high = [], 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            proof.append(_range_root(middle, high, read))
            high = middle
        else:
            proof.append(_range_root(low, middle, read))
            low = middle
    return proof[::-1]


def consistency_proof(old_size: int, size: int, read_tile: ReadTile) -> list[bytes]:
    """Hashes that show the tree of `size` to extend the tree of `old_size`; empty when trivial."""
    if not 0 <= old_size <= size:
        raise Refused("proof_out_of_range", "sizes go up", old_size=old_size, size=size)
    if old_size in {0, size}:
        return []
    read = hash_reader(size, read_tile)
    proof, low, high = [], 0, size
    while high != old_size:
        middle = low + _split(high - low)
        if old_size <= middle:
            proof.append(_range_root(middle, high, read))
            high = middle
        else:
            proof.append(_range_root(low, middle, read))
            low = middle
    # When the old tree is itself a subtree on the left edge, the verifier already has its root.
    if low:
        proof.append(_range_root(low, high, read))
    return proof[::-1]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether a leaf hash stands at `index` of the tree with this size and root."""
    if not 0 <= index < size:
        return False
    position, last, folded = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            folded = tree.node_hash(step, folded)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            folded = tree.node_hash(folded, step)
        position, last = position >> 1, last >> 1
    return last == 0 and hmac.compare_digest(folded, root)


def verify_consistency(
    old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the tree of `size` and `root` has the tree of `old_size` as its beginning."""
    if old_size == size:
        return not proof and hmac.compare_digest(old_root, root)
    if old_size == 0:
        return size > 0 and not proof and hmac.compare_digest(old_root, tree.EMPTY_ROOT)
    if not 0 < old_size < size or not proof:
        return False
    steps = list(proof)
    if old_size & (old_size - 1) == 0:
        steps.insert(0, old_root)
    position, last = old_size - 1, size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    folded_old = folded = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            folded_old, folded = tree.node_hash(step, folded_old), tree.node_hash(step, folded)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            folded = tree.node_hash(folded, step)
        position, last = position >> 1, last >> 1
    same_old = hmac.compare_digest(folded_old, old_root)
    return last == 0 and same_old and hmac.compare_digest(folded, root)


def _split(count: int) -> int:
    """The largest power of two below `count` (RFC 6962's k)."""
    return 1 << ((count - 1).bit_length() - 1)


def _complete(low: int, high: int) -> list[tuple[int, int]]:
    """The complete subtrees that make up leaves low..high, largest first, as (height, index).

    `low` is a multiple of the largest: true of every range that splitting a tree gives.
    """
    parts, at = [], low
    while at < high:
        height = (high - at).bit_length() - 1
        parts.append((height, at >> height))
        at += 1 << height
    return parts


def _range_root(low: int, high: int, read: HashReader) -> bytes:
    """The Merkle tree hash of leaves low..high."""
    peaks = tuple(read(*part) for part in _complete(low, high))
    return tree.root(Frontier(size=high - low, peaks=peaks))
