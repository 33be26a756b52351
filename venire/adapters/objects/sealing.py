"""What leaves the host is sealed: in parts that can be read alone, with a key for each object.

An object's key follows from the site's own one, the kind and the object's hash, so it belongs to
these bytes alone and a counter is a safe nonce: the same bytes are sealed the same everywhere, and
no part can be put in the place of another, of this object or of any other. The parts are those of
the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizar 2015) as in age (C2SP age,
"Payload"): 64 KiB each, ChaCha20-Poly1305 (RFC 8439), the last one marked.
"""

from __future__ import annotations

import hmac
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from venire.kernel.errors import Invalid, Refused

PART_BYTES: Final = 64 * 1024
HEAD: Final = b"venire-object-1\n"
_TAG_BYTES: Final = 16
_SECRET_BYTES: Final = 32
_SEALED_PART: Final = PART_BYTES + _TAG_BYTES


class Span(msgspec.Struct, frozen=True):
    """Which sealed bytes hold a part of an object: from `start`, `length` of them.

    `first` is the number of the first part; `skip` bytes of what they open to come before.
    """

    start: int
    length: int
    first: int
    skip: int


class Seal:
    """Seals and opens objects of one kind. Never printed, never compared."""

    def __init__(self, secret: bytes, kind: str) -> None:
        if len(secret) != _SECRET_BYTES:
            raise Refused("key_seed", "a secret has 32 bytes", length=len(secret))
        self._secret = secret
        self._kind = kind

    def _cipher(self, key: str) -> ChaCha20Poly1305:
        name = f"venire-object-1\n{self._kind}\n{key}".encode()
        return ChaCha20Poly1305(hmac.digest(self._secret, name, "sha256"))

    def sealed(self, key: str, first: int, plain: bytes, *, ends: bool) -> bytes:
        """Seal whole parts from number `first` on, and the last one where the object `ends`."""
        cipher, out = self._cipher(key), []
        pieces = _pieces(plain, PART_BYTES) or ([b""] if ends else [])
        for offset, piece in enumerate(pieces):
            last = ends and offset == len(pieces) - 1
            out.append(cipher.encrypt(_nonce(first + offset, last=last), piece, None))
        return b"".join(out)

    def opened(self, key: str, first: int, sealed: bytes, size: int) -> bytes:
        """Open whole parts from number `first` on. `size`: the object's, in the clear.

        Invalid `object_spoilt` where they are not what was sealed under this key, at this place.
        """
        cipher, out, final = self._cipher(key), [], _parts(size) - 1
        try:
            for offset, piece in enumerate(_pieces(sealed, _SEALED_PART)):
                number = first + offset
                out.append(cipher.decrypt(_nonce(number, last=number == final), piece, None))
        except InvalidTag as error:
            raise Invalid("object_spoilt", "a store handed out other bytes") from error
        return b"".join(out)


def sealed_size(size: int) -> int:
    """How large an object of this size is once it is sealed."""
    return len(HEAD) + size + _parts(size) * _TAG_BYTES


def span(start: int, length: int, size: int) -> Span:
    """Where a part of an object of this size lies among its sealed bytes; `length` above 0."""
    first, last = start // PART_BYTES, min(start + length - 1, max(size - 1, 0)) // PART_BYTES
    begins = len(HEAD) + first * _SEALED_PART
    ends = min(len(HEAD) + (last + 1) * _SEALED_PART, sealed_size(size))
    return Span(begins, ends - begins, first, start - first * PART_BYTES)


def _parts(size: int) -> int:
    return max(1, -(-size // PART_BYTES))


def _pieces(content: bytes, width: int) -> list[bytes]:
    return [content[at : at + width] for at in range(0, len(content), width)]


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
