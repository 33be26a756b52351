"""The draw: a pure function of public data, so that anyone can run it again.

Order: HMAC-SHA256(key, pseudonym), ascending, with
key = SHA-256(domain || randomness || case || root || batch). Each part is preceded by its length
in 4 bytes, big-endian, so that no two different inputs give the same bytes.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Collection, Iterator, Sequence
from typing import Final

import msgspec

from venire.kernel.errors import Invalid, Refused

FORMAT: Final = "venire-draw/1"
"""Names this procedure in a draw's entry and separates its keys from any other use of SHA-256."""
SEED_BYTES: Final = range(32, 65)
_HASH_BYTES: Final = 32
_MAX_BATCH: Final = 1 << 32
_BLOCK_BYTES: Final = 64
_INNER: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER: Final = bytes(byte ^ 0x5C for byte in range(256))


class Seating(msgspec.Struct, frozen=True):
    """Whom a summons goes to next, by pool index and in order.

    `skipped` are excluded indices that were passed on the way: they are logged too. `exhausted`
    when fewer could be found than were asked for.
    """

    indices: tuple[int, ...]
    skipped: tuple[int, ...]
    exhausted: bool


def seed_commitment(seed: bytes) -> bytes:
    """What is published in place of an epoch's seed, an epoch ahead: 32 bytes.

    A seed of fewer than 32 bytes could be guessed from its commitment: Refused `seed_length`.
    """
    if len(seed) not in SEED_BYTES:
        raise Refused("seed_length", "an epoch's seed has 32 to 64 bytes", length=len(seed))
    return _hash("venire-seed/1", seed)


def weaker_randomness(seed: bytes, nonce_root: bytes) -> bytes:
    """Randomness from the operator's committed seed and the members' nonces: 32 bytes.

    The operator knows it before anyone else, so the record calls it `weaker`. Since the seed was
    committed before the nonces were given, the operator cannot choose it alone.
    """
    seed_commitment(seed)
    return _hash("venire-weaker-randomness/1", seed, nonce_root)


def draw_key(randomness: bytes, case: str, root: bytes, batch: int) -> bytes:
    """The key under which a pool is ordered for one batch of one case: 32 bytes.

    `case` is the public id. Raises Refused `draw_input`.
    """
    hashes = len(randomness) == len(root) == _HASH_BYTES
    if not hashes or not case or not 0 <= batch < _MAX_BATCH:
        raise Refused("draw_input", "32 bytes of randomness and of root, a case, a batch")
    return _hash(FORMAT, randomness, case.encode(), root, batch.to_bytes(4, "big"))


def order(
    pool: Sequence[bytes], randomness: bytes, case: str, root: bytes, batch: int
) -> list[int]:
    """Every pool index, in the order in which its member would be seated.

    `pool` holds the pseudonyms by ascending value, as they were published. Raises Refused
    `pool_not_sorted`, `draw_input`.
    """
    if any(before >= after for before, after in itertools.pairwise(pool)):
        raise Refused("pool_not_sorted", "a pool's pseudonyms ascend, each once")
    key = draw_key(randomness, case, root, batch)
    lots = macs(key, pool)
    return sorted(range(len(pool)), key=lots.__getitem__)


def macs(key: bytes, messages: Sequence[bytes]) -> list[bytes]:
    """HMAC-SHA256 (RFC 2104) of each message under one key of at most 64 bytes.

    The key is hashed once: for the 40,000 members of a pool a third of `hmac.digest`'s time.
    """
    block = key.ljust(_BLOCK_BYTES, b"\x00")
    inner = hashlib.sha256(block.translate(_INNER)).copy
    outer = hashlib.sha256(block.translate(_OUTER)).copy
    found: list[bytes] = []
    for message in messages:
        first, second = inner(), outer()
        first.update(message)
        second.update(first.digest())
        found.append(second.digest())
    return found


def seats(
    drawn: Sequence[int], excluded: Collection[int], already: Collection[int], count: int
) -> Seating:
    """The next `count` indices of an order, after those who were `already` asked in this batch.

    `excluded` is what the draw's entry committed to, unchanged. Raises Refused `draw_not_followed`
    when `already` is not how the order begins: someone was passed over without a logged reason.
    """
    asked = set(already)
    passed = set(excluded)
    if asked - set(drawn) or asked & passed:
        raise Refused("draw_not_followed", "someone was asked who was not drawn")
    onward = _onward(drawn, passed, asked)
    indices: list[int] = []
    skipped: list[int] = []
    for index in onward:
        if len(indices) >= count:
            break
        if index in passed:
            skipped.append(index)
        else:
            indices.append(index)
    return Seating(tuple(indices), tuple(skipped), exhausted=len(indices) < count)


def check_offers(drawn: Sequence[int], excluded: Collection[int], offered: Sequence[int]) -> None:
    """Raise Invalid `draw_not_followed` unless summons went out exactly in the order drawn.

    `offered` is the log of a batch, oldest first. This is the heart of `venire verify draw`.
    """
    passed = set(excluded)
    due = [index for index in drawn if index not in passed][: len(offered)]
    for place, index in enumerate(offered):
        if place >= len(due) or due[place] != index:
            raise Invalid(
                "draw_not_followed",
                "a summons went to someone who was not next",
                place=place,
                offered=index,
                due=due[place] if place < len(due) else None,
            )


def _onward(drawn: Sequence[int], passed: set[int], asked: set[int]) -> Iterator[int]:
    """The rest of an order, from behind the last one asked."""
    left = set(asked)
    rest = iter(drawn)
    while left:
        index = next(rest)
        if index not in left and index not in passed:
            raise Refused("draw_not_followed", "someone was passed over without a logged reason")
        left.discard(index)
    return rest


def _hash(domain: str, *parts: bytes) -> bytes:
    encoded = b"".join(len(part).to_bytes(4, "big") + part for part in (domain.encode(), *parts))
    return hashlib.sha256(encoded).digest()
