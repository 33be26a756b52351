"""Seals small secrets that lie in tables: a copied database opens nothing without the key beside.

ChaCha20-Poly1305 (RFC 8439) under a key for each purpose (HKDF, RFC 5869). What a secret is bound
to (an account's id) is sealed with it, so that no row can be moved to another account.
"""

from __future__ import annotations

import hmac
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from venire.kernel.chance import Chance
from venire.kernel.errors import Refused, Unavailable

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class Vault:
    """Secrets at rest under one key of 32 bytes, which no repr shows."""

    def __init__(self, key: bytes) -> None:
        if len(key) != _KEY_BYTES:
            raise Refused("vault_key_badly_sized")
        self._key = key

    def __repr__(self) -> str:
        """Nothing of the key."""
        return "Vault(...)"

    def seal(self, chance: Chance, purpose: str, bound: str, secret: bytes) -> bytes:
        """A secret as it may lie in a row. `bound`: whose it is, asked for again to open it."""
        nonce = chance.token(_NONCE_BYTES)
        return nonce + self._cipher(purpose).encrypt(nonce, secret, bound.encode())

    def open(self, purpose: str, bound: str, sealed: bytes) -> bytes:
        """What was sealed. Unavailable `secret_sealed_otherwise` under another key."""
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher(purpose).decrypt(nonce, rest, bound.encode())
        except (InvalidTag, ValueError) as error:
            raise Unavailable(
                "secret_sealed_otherwise", "keys/vault.key is not the key this was sealed with"
            ) from error

    def mark(self, purpose: str, said: bytes) -> bytes:
        """32 bytes that only this key makes of what is said: for codes and signatures."""
        return hmac.digest(self._of(purpose), said, "sha256")

    def _cipher(self, purpose: str) -> ChaCha20Poly1305:
        return ChaCha20Poly1305(self._of(purpose))

    def _of(self, purpose: str) -> bytes:
        made = HKDF(SHA256(), _KEY_BYTES, salt=None, info=b"venire " + purpose.encode())
        return made.derive(self._key)
