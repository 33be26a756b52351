"""What an account of an authority says, signed.

Sources: RFC 7515 (JWS), RFC 7638 (thumbprint), RFC 8555 sections 6.2, 7.3.4 and 8.4.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Any, Final

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from venire.adapters.push.encryption import url_safe
from venire.kernel.errors import Invalid

_BINDING: Final = "binding "
_NUMBER_BYTES: Final = 32


class Binding(msgspec.Struct, frozen=True):
    """An account that the authority knows us by beforehand; some ask for one. Never shown."""

    key_id: str
    secret: bytes

    def __repr__(self) -> str:
        return "Binding(...)"


class AccountKey:
    """The key of our account: an ECDSA key on P-256."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, binding: Binding | None = None) -> None:
        numbers = key.public_key().public_numbers()
        self._key = key
        self.binding = binding
        self.jwk: dict[str, Any] = {
            "crv": "P-256",
            "kty": "EC",
            "x": url_safe(numbers.x.to_bytes(_NUMBER_BYTES, "big")),
            "y": url_safe(numbers.y.to_bytes(_NUMBER_BYTES, "big")),
        }
        canonical = msgspec.json.encode(self.jwk)
        self._thumbprint = url_safe(hashlib.sha256(canonical).digest())

    def sign(self, url: str, nonce: str, payload: Any, account: str) -> bytes:
        """A request, as it is sent. `payload` None asks only; without `account` the key is told."""
        known: dict[str, Any] = {"kid": account} if account else {"jwk": self.jwk}
        header = {"alg": "ES256", "nonce": nonce, "url": url, **known}
        protected = url_safe(msgspec.json.encode(header))
        said = "" if payload is None else url_safe(msgspec.json.encode(payload))
        signature = self._key.sign(f"{protected}.{said}".encode(), ec.ECDSA(hashes.SHA256()))
        halves = b"".join(
            half.to_bytes(_NUMBER_BYTES, "big") for half in decode_dss_signature(signature)
        )
        return msgspec.json.encode(
            {"protected": protected, "payload": said, "signature": url_safe(halves)}
        )

    def bound(self, url: str) -> dict[str, str] | None:
        """Our key, signed with the secret of the binding; None where there is no binding."""
        if self.binding is None:
            return None
        header = {"alg": "HS256", "kid": self.binding.key_id, "url": url}
        protected = url_safe(msgspec.json.encode(header))
        payload = url_safe(msgspec.json.encode(self.jwk))
        signed = hmac.digest(self.binding.secret, f"{protected}.{payload}".encode(), "sha256")
        return {"protected": protected, "payload": payload, "signature": url_safe(signed)}

    def proof(self, token: str) -> str:
        """What a TXT record says to prove a name (RFC 8555 section 8.4)."""
        return url_safe(hashlib.sha256(f"{token}.{self._thumbprint}".encode()).digest())


def read_account(text: str) -> AccountKey:
    """Read a PEM key on P-256, perhaps with a line `binding KEY-ID SECRET` (base64url) after it.

    Raises Invalid `acme_key_invalid`.
    """
    refusal = Invalid(
        "acme_key_invalid",
        "an account's key is a PEM key on P-256, with a line `binding KEY-ID SECRET` if need be",
    )
    lines = text.strip().splitlines()
    binding = None
    if lines and lines[-1].startswith(_BINDING):
        words = lines.pop().split()
        try:
            _, key_id, secret = words
            padded = secret + "=" * (-len(secret) % 4)
            binding = Binding(key_id, base64.b64decode(padded, altchars=b"-_", validate=True))
        except (ValueError, binascii.Error):
            raise refusal from None
    try:
        key = serialization.load_pem_private_key("\n".join(lines).encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise refusal from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise refusal
    return AccountKey(key, binding)
