"""The public beacon: drand's quicknet, run by the League of Entropy. No network here.

A round's signature is of a key shared among its members, so that no one knows it before its time
and nobody can make another. Randomness is SHA-256 of the signature. Chain constants: the chain's
`/info`; scheme `bls-unchained-g1-rfc9380`.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from venire.kernel.clock import SECOND_MS
from venire.kernel.errors import Invalid, Unavailable

try:
    from drand_verify import verify_quicknet
except ImportError:  # pragma: no cover - there is no wheel of it for Python 3.13
    verify_quicknet = None

CHAIN: Final = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
PUBLIC_KEY: Final = (
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c"
    "8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb"
    "5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
)
GENESIS_MS: Final = 1_692_803_367 * SECOND_MS
PERIOD_MS: Final = 3 * SECOND_MS

LEAST_MS: Final = 30 * SECOND_MS
"""From a draw's entry in the record to the moment when its randomness can be known."""
LEAD_MS: Final = 36 * SECOND_MS
"""From a draw's entry being written: two rounds more, for the way into the record."""
_LATEST: Final = (1 << 32) - 1
_SIGNATURE: Final = re.compile(r"[0-9a-f]{96}", re.ASCII)


def can_verify() -> bool:
    """Whether this Python has what checks a signature (`drand_verify`)."""
    return verify_quicknet is not None


def time_of(number: int) -> int:
    """When a round is signed, in ms. The first round has number 1."""
    return GENESIS_MS + (number - 1) * PERIOD_MS


def first_round_from(at_ms: int) -> int:
    """The first round that is not signed before a moment."""
    return max(1, 1 + -(-(at_ms - GENESIS_MS) // PERIOD_MS))


def round_for(written_ms: int) -> int:
    """The round of a draw whose entry was written at a moment."""
    return first_round_from(written_ms + LEAD_MS)


def randomness_of(number: int, signature: str) -> bytes:
    """SHA-256 of a round's signature, once the chain's key is known to have made it: 32 bytes.

    Raises Invalid `beacon_invalid`; Unavailable `beacon_unverifiable` where nothing here can tell.
    """
    if verify_quicknet is None:
        raise Unavailable(
            "beacon_unverifiable", "drand_verify is not installed: use Python 3.11 or 3.12"
        )
    # Looked at first: what is no hex makes the library panic, not raise.
    if not 1 <= number <= _LATEST or not _SIGNATURE.fullmatch(signature):
        raise Invalid(
            "beacon_invalid", "a round is a number and 96 hex digits", beacon_round=number
        )
    try:
        verify_quicknet(number, signature, PUBLIC_KEY)
    except ValueError as error:
        raise Invalid(
            "beacon_invalid", "the chain's key did not sign this round so", beacon_round=number
        ) from error
    return hashlib.sha256(bytes.fromhex(signature)).digest()
