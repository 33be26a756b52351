"""Who sends: a token that a push service can check. Source: RFC 8292 (VAPID), RFC 7515 and 7518."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from venire.adapters.push.encryption import point_of, url_safe
from venire.kernel.clock import HOUR_MS, Clock

_VALID_MS = 12 * HOUR_MS
"""A token may be valid for 24 hours at most; clocks differ."""
_REUSED_MS = 6 * HOUR_MS
_KEPT = 1_000
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the points of P-256 (FIPS 186-4, D.1.2.3)."""
_HEADER = url_safe(b'{"typ":"JWT","alg":"ES256"}')


class Vapid:
    """The site's voice towards push services. `secret`: 32 bytes; `subject`: mailto: or https:."""

    def __init__(self, secret: bytes, subject: str, clock: Clock) -> None:
        number = int.from_bytes(secret, "big") % (_ORDER - 1) + 1
        self._key = ec.derive_private_key(number, ec.SECP256R1())
        self._subject = subject
        self._clock = clock
        self._tokens: dict[str, tuple[int, str]] = {}
        self.public_key = url_safe(point_of(self._key.public_key()))
        """The application server key that clients subscribe with."""

    def token(self, endpoint: str) -> str:
        """The token for the service at an address; one lasts for many messages."""
        parts = urlsplit(endpoint)
        audience = f"{parts.scheme}://{parts.netloc}"
        now_ms = self._clock.now_ms()
        kept = self._tokens.get(audience)
        if kept is not None and now_ms - kept[0] < _REUSED_MS:
            return kept[1]
        if len(self._tokens) >= _KEPT:
            self._tokens.clear()
        claims = {
            "aud": audience,
            "exp": (now_ms + _VALID_MS) // 1_000,
            "sub": self._subject,
        }
        signed = f"{_HEADER}.{url_safe(msgspec.json.encode(claims))}"
        r, s = decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        token = f"{signed}.{url_safe(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"
        self._tokens[audience] = (now_ms, token)
        return token
