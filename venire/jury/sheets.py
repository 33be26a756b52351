"""The sheets of a frozen pool: the same members under other pseudonyms, for one draw each.

An excluded place says that somebody is tied to the author. Under one set of pseudonyms, places
excluded in two draws are somebody tied to both: the public follow graph soon names them. So each
draw uses a sheet up. All sheets of a pool are fixed by one root in the record at the freeze.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
from collections.abc import Collection, Iterator, Sequence
from typing import Final

import msgspec

from venire.jury.draw import macs, seed_commitment
from venire.record.tree import leaf_hash, root_of

SHEETS: Final = 64
"""Of a pool, and the links of a chain of seeds: one for each."""
SHEETS_OF_A_LARGE_POOL: Final = 16
_LARGE: Final = 1_000
_HASH_BYTES: Final = 32


class Sheet(msgspec.Struct, frozen=True):
    """One sheet: pseudonyms by ascending value, and which member of the pool stands at each."""

    pseudonyms: tuple[bytes, ...]
    members: tuple[int, ...]


def sheets_for(size: int, promised: int) -> int:
    """How many sheets a pool is written on: no more than the seeds that were promised for it."""
    wanted = 1 if size == 0 else SHEETS if size <= _LARGE else SHEETS_OF_A_LARGE_POOL
    return min(wanted, promised)


def sheet(salt: bytes, number: int, names: Sequence[bytes]) -> Sheet:
    """Write the members of a pool on a sheet; `names` are their names in the pool, 32 bytes each.

    A pseudonym is HMAC-SHA256 of that name under the sheet's own salt. Erase the pool's salt, and
    no two sheets can be told to hold the same member.
    """
    own = hmac.digest(salt, b"venire-sheet/1" + number.to_bytes(4, "big"), "sha256")
    written = macs(own, names)
    order = sorted(range(len(names)), key=written.__getitem__)
    return Sheet(tuple(written[member] for member in order), tuple(order))


def roots(salt: bytes, names: Sequence[bytes], count: int) -> bytes:
    """The RFC 6962 roots of a pool's sheets, 32 bytes each, one after another."""
    return b"".join(
        root_of(map(leaf_hash, sheet(salt, number, names).pseudonyms)) for number in range(count)
    )


def split(joined: bytes) -> list[bytes]:
    """The roots of sheets, each by itself."""
    return [joined[at : at + _HASH_BYTES] for at in range(0, len(joined), _HASH_BYTES)]


def root_of_sheets(each: Sequence[bytes]) -> bytes:
    """RFC 6962 root over the roots of all sheets: what the pool's entry commits to."""
    return root_of(leaf_hash(root) for root in each)


def seed_of(seed: bytes, number: int, promised: int) -> bytes:
    """The seed of one sheet: so far up the chain that what was used before it follows from it."""
    for _ in range(promised - 1 - number):
        seed = seed_commitment(seed)
    return seed


def commitment(seed: bytes, promised: int = SHEETS) -> bytes:
    """The end of the chain: what is published an epoch ahead."""
    return seed_commitment(seed_of(seed, 0, promised))


def leads_to(seed: bytes, number: int, committed: bytes) -> bool:
    """Whether a seed is the one of a sheet by the commitment that was published."""
    for _ in range(number + 1):
        seed = seed_commitment(seed)
    return hmac.compare_digest(seed, committed)


# decoys

_STEP: Final = 205
"""Of 256: each further decoy more, or less, is 0.8 times as likely (epsilon 0.22)."""
_MOST: Final = 16


def decoys(secret: bytes, draw: str, size: int, excluded: Collection[int], spare: int) -> set[int]:
    """Places of `size` that are excluded too, though nothing stands against them.

    Without them an author who blocks somebody and counts would know whether that one serves. How
    many is `m` + a two-sided geometric number, within 0 and 2 `m`; `m` is 16, or half of `spare`,
    the places that the panel can do without. All of it follows from a secret fixed with the pool
    and from what names the draw (case and round).
    """
    middle = min(_MOST, spare // 2)
    if middle < 1:
        return set()
    stream = _stream(secret, draw)
    more, fewer = (_geometric(stream) for _ in range(2))
    count = min(max(middle + more - fewer, 0), 2 * middle, spare)
    chosen: set[int] = set()
    while len(chosen) < count:
        # 8 bytes over so few places: the bias is below 2**-40.
        place = int.from_bytes(bytes(itertools.islice(stream, 8)), "big") % size
        if place not in excluded:
            chosen.add(place)
    return chosen


def _geometric(stream: Iterator[int]) -> int:
    return sum(1 for _ in itertools.takewhile(lambda byte: byte < _STEP, stream))


def _stream(secret: bytes, draw: str) -> Iterator[int]:
    label = b"venire-decoys/1" + draw.encode() + b"\x00"
    for counter in itertools.count():
        yield from hmac.digest(secret, label + counter.to_bytes(4, "big"), hashlib.sha256)
