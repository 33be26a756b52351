"""The pool of an epoch: who could be drawn, fixed and published before chance is known."""

from __future__ import annotations

import hashlib
import hmac
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from venire.jury.draw import FORMAT as DRAW_FORMAT
from venire.jury.model import FrozenPool, PoolEntry
from venire.jury.sheets import SHEETS, root_of_sheets
from venire.kernel.errors import Invalid, Refused, TooLarge
from venire.record.tree import leaf_hash, root_of

FORMAT: Final = "venire-pool/2"
SALT_BYTES: Final = 32
NONCE_BYTES: Final = range(16, 65)
MAX_MEMBERS: Final = 200_000
MAX_DOCUMENT_BYTES: Final = 16 << 20
_HASH_DIGITS: Final = 64

_EXCLUSION_TEXT: Final = """\
venire-exclusion/2
Excluded from a draw, each for a reason on this list and for no other:
the author of the subject; every reporter of it; every person it is aimed at;
{follows}
whoever blocks or mutes the author, and whomever the author blocks or mutes;
whoever shared a device or an invite with the author;
whoever used, within 30 days, an IPv4 address of the author's that at most 5 accounts used;
every member of an earlier panel of the case;
whoever has reached the day's dose of ballots, seats still open included;
whoever opted out of the category, or left the jury since the pool was frozen;
and decoys: members taken by a secret fixed with the pool, so that an excluded place tells nothing.
Nobody is excluded for having taken part in the thread.
"""
_FOLLOWS: Final = {
    False: "whoever follows the author, and whomever the author follows;",
    True: "whoever follows the author and is followed back (small pool);",
}


class PoolDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `/record/pool/EPOCH` serves: one sheet of a pool. Hashes are 64 hex digits.

    A pool is written on several sheets, an epoch each, the first of them `pool`: the same members
    under other pseudonyms. `root` is of this sheet, `roots` are of all, and what the pool's entry
    has as `sheets_root` is over those. `nonces_root` is over members' nonces.
    """

    epoch: int
    pool: int
    frozen_at_ms: int
    root: str
    size: int
    nonces_root: str
    roots: tuple[str, ...]
    pseudonyms: tuple[str, ...]
    draw: str = DRAW_FORMAT
    format: str = FORMAT

    @property
    def sheet(self) -> int:
        """Which sheet of its pool it is, from 0."""
        return self.epoch - self.pool

    @property
    def sheets_root(self) -> str:
        """The root over all sheets of the pool."""
        return root_of_sheets([bytes.fromhex(root) for root in self.roots]).hex()

    @property
    def ordered(self) -> tuple[bytes, ...]:
        """The pseudonyms as 32 bytes each, by index: what the draw orders."""
        return tuple(bytes.fromhex(pseudonym) for pseudonym in self.pseudonyms)


def pseudonym(salt: bytes, account_id: int, nonce: bytes) -> bytes:
    """HMAC-SHA256(salt, account id as 8 bytes, big-endian || nonce): 32 bytes.

    Erase the salt, and nobody can tell any more who stood behind it.
    """
    if len(salt) != SALT_BYTES:
        raise Refused("salt_length", "an epoch's salt has 32 bytes", length=len(salt))
    if len(nonce) not in NONCE_BYTES:
        raise Invalid("nonce_length", "a nonce has 16 to 64 bytes", length=len(nonce))
    return hmac.digest(salt, account_id.to_bytes(8, "big") + nonce, "sha256")


def freeze(epoch: int, salt: bytes, nonces: Mapping[int, bytes]) -> FrozenPool:
    """Freeze a pool of accounts, each with its nonce; the order in which they come is lost.

    Raises TooLarge `pool_too_large`, Invalid `nonce_length`, Refused `salt_length`.
    """
    if len(nonces) > MAX_MEMBERS:
        raise TooLarge("pool_too_large", "a pool holds 200,000 members", limit=MAX_MEMBERS)
    members = sorted(
        (pseudonym(salt, account_id, nonce), account_id, nonce)
        for account_id, nonce in nonces.items()
    )
    return FrozenPool(
        epoch=epoch,
        root=pool_root([name for name, _, _ in members]),
        nonce_root=root_of(leaf_hash(name + nonce) for name, _, nonce in members),
        entries=tuple(PoolEntry(name.hex(), index) for index, (name, _, _) in enumerate(members)),
        accounts=tuple(account_id for _, account_id, _ in members),
    )


def pool_root(pseudonyms: Sequence[bytes]) -> bytes:
    """RFC 6962 root over the pseudonyms in their order: 32 bytes."""
    return root_of(leaf_hash(name) for name in pseudonyms)


def read_document(raw: bytes) -> PoolDocument:
    """A pool document from outside, with its root recomputed.

    Raises TooLarge `pool_document_too_large`, Invalid `pool_document_invalid`.
    """
    if len(raw) > MAX_DOCUMENT_BYTES:
        raise TooLarge("pool_document_too_large", limit=MAX_DOCUMENT_BYTES)
    try:
        read = msgspec.json.decode(raw, type=PoolDocument)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Invalid("pool_document_invalid", "not a pool document") from error
    for fault in _faults(read):
        raise Invalid("pool_document_invalid", fault)
    return read


def exclusion_rule(*, one_way_follows: bool = False) -> str:
    """The canonical text of the rule by which members are excluded from a draw."""
    return _EXCLUSION_TEXT.format(follows=_FOLLOWS[one_way_follows])


def exclusion_rule_hash(*, one_way_follows: bool = False) -> str:
    """SHA-256 of that text, in hex: what a draw's entry in the record names."""
    return hashlib.sha256(exclusion_rule(one_way_follows=one_way_follows).encode()).hexdigest()


def _faults(read: PoolDocument) -> Iterator[str]:
    """What is wrong with a document, the cheap checks first; the first fault is reason enough."""
    if (read.format, read.draw) != (FORMAT, DRAW_FORMAT):
        yield "a format that this version does not know"
    names = read.pseudonyms
    if read.size != len(names) or read.size > MAX_MEMBERS:
        yield "its size is not the number of its pseudonyms"
    if not 0 <= read.epoch - read.pool < len(read.roots) <= SHEETS:
        yield "its epoch is not one of its pool's sheets"
    hashes = (read.root, read.nonces_root, *read.roots)
    if not all(len(text) == _HASH_DIGITS and _is_hex(text) for text in (*hashes, *names)):
        yield "a hash or a pseudonym is not 64 lower-case hex digits"
    if any(before >= after for before, after in itertools.pairwise(names)):
        yield "its pseudonyms do not ascend"
    if read.root != pool_root(read.ordered).hex():
        yield "its root is not the root of its pseudonyms"
    if read.root != read.roots[read.sheet]:
        yield "its root is not the one of its sheet"


def _is_hex(text: str) -> bool:
    return not text.strip("0123456789abcdef")
