"""RFC 6962 Merkle tree hashing, and a tree that grows at its right edge.

Leaf and node hashes carry different first bytes, so that no node can be passed off as a leaf
(RFC 6962 section 2.1; RFC 9162 defines the same tree).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

from venire.kernel.errors import Refused
from venire.record.model import HASH_BYTES, Frontier

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
"""Root of the tree without leaves."""
EMPTY: Final = Frontier()


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 || entry): 32 bytes."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right): 32 bytes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def extend(frontier: Frontier, leaf_hashes: Iterable[bytes]) -> Frontier:
    """The frontier after appending these leaf hashes, in order."""
    size, peaks = frontier.size, list(frontier.peaks)
    if len(peaks) != size.bit_count():
        raise Refused("frontier_malformed", "a peak per bit of the size", size=size)
    for appended in leaf_hashes:
        if len(appended) != HASH_BYTES:
            raise Refused("hash_length", "a hash has 32 bytes", length=len(appended))
        rising, full = appended, size
        while full & 1:
            rising = node_hash(peaks.pop(), rising)
            full >>= 1
        peaks.append(rising)
        size += 1
    return Frontier(size=size, peaks=tuple(peaks))


def append(frontier: Frontier, appended: bytes) -> Frontier:
    """The frontier after appending one leaf hash."""
    return extend(frontier, (appended,))


def root(frontier: Frontier) -> bytes:
    """The root of the whole tree: 32 bytes."""
    if not frontier.peaks:
        return EMPTY_ROOT
    *higher, folded = frontier.peaks
    for peak in reversed(higher):
        folded = node_hash(peak, folded)
    return folded


def root_of(leaf_hashes: Iterable[bytes]) -> bytes:
    """The root over leaf hashes: 32 bytes."""
    return root(extend(EMPTY, leaf_hashes))
