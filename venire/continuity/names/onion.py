"""The address of last resort: a Tor onion service, known before any network exists. Pure.

Source: Tor rend-spec-v3, section 6 (addresses), and the files that tor reads a service's key from.
The address follows from an Ed25519 key alone, so it can be told to members now, kept in a safe as
32 bytes, and served from any machine on the day.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from venire.kernel.errors import Refused

SEED_BYTES: Final = 32
_VERSION: Final = b"\x03"
_SECRET_HEAD: Final = b"== ed25519v1-secret: type0 ==\x00\x00\x00"
_PUBLIC_HEAD: Final = b"== ed25519v1-public: type0 ==\x00\x00\x00"


def _public(seed: bytes) -> bytes:
    if len(seed) != SEED_BYTES:
        raise Refused("key_seed", "an Ed25519 seed has 32 bytes", length=len(seed))
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def hostname(seed: bytes) -> str:
    """`....onion` of a seed of 32 bytes: base32 of key, checksum and version."""
    public = _public(seed)
    checksum = hashlib.sha3_256(b".onion checksum" + public + _VERSION).digest()[:2]
    return base64.b32encode(public + checksum + _VERSION).decode().lower() + ".onion"


def service_files(seed: bytes) -> dict[str, bytes]:
    """The files of tor's `HiddenServiceDir`, by name; the secret one is to be kept as such.

    tor keeps the expanded key (RFC 8032 section 5.1.5), from which no seed can be had back.
    """
    expanded = bytearray(hashlib.sha512(seed).digest())
    expanded[0] &= 248
    expanded[31] &= 63
    expanded[31] |= 64
    return {
        "hs_ed25519_secret_key": _SECRET_HEAD + bytes(expanded),
        "hs_ed25519_public_key": _PUBLIC_HEAD + _public(seed),
        "hostname": hostname(seed).encode() + b"\n",
    }
