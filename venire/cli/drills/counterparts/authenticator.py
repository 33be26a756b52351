"""A stand-in for a device with passkeys: it makes keys and signs (WebAuthn, ES256)."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclasses.dataclass
class Key:
    """One passkey on the device: for one party, with its own count."""

    id: bytes
    party: str
    private: ec.EllipticCurvePrivateKey
    handle: bytes
    count: int = 0


@dataclasses.dataclass
class Authenticator:
    """A device. `verifies`: it asks who uses it; `counts`: it counts its signatures."""

    origin: str = "http://venire.test"
    verifies: bool = True
    counts: bool = True
    keys: list[Key] = dataclasses.field(default_factory=list)

    def has(self, options: dict[str, Any], *, origin: str | None = None) -> bool:
        """Whether it has a key for the party that asks, as a browser finds out."""
        del origin
        return any(one.party == options["rpId"] for one in self.keys)

    def _client_data(self, kind: str, challenge: str, origin: str | None) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": origin or self.origin}
        return json.dumps({**said, "crossOrigin": False}).encode()

    def _data(self, party: str, flags: int, count: int) -> bytes:
        flags |= _PRESENT | (_VERIFIED if self.verifies else 0)
        return hashlib.sha256(party.encode()).digest() + bytes([flags]) + count.to_bytes(4, "big")

    def make(self, options: dict[str, Any], *, origin: str | None = None) -> dict[str, Any]:
        """What `navigator.credentials.create` answers, as JSON.

        `origin`: of the page that asks, where it is another one.
        """
        private = ec.generate_private_key(ec.SECP256R1())
        numbers = private.public_key().public_numbers()
        key = Key(
            hashlib.sha256(str(numbers.x).encode()).digest(),
            options["rp"]["id"],
            private,
            _bytes(options["user"]["id"]),
        )
        self.keys.append(key)
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        attested = bytes(16) + len(key.id).to_bytes(2, "big") + key.id + cbor2.dumps(cose)
        data = self._data(key.party, _ATTESTED, key.count) + attested
        statement = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client_data("webauthn.create", options["challenge"], origin)
        return {
            "id": _text(key.id),
            "rawId": _text(key.id),
            "type": "public-key",
            "response": {
                "clientDataJSON": _text(client),
                "attestationObject": _text(statement),
                "transports": ["internal", "hybrid", "pigeon"],
            },
            "clientExtensionResults": {},
        }

    def use(self, options: dict[str, Any], *, origin: str | None = None) -> dict[str, Any]:
        """What `navigator.credentials.get` answers, as JSON; StopIteration without a key."""
        allowed = {one["id"] for one in options.get("allowCredentials") or []}
        key = next(
            one
            for one in self.keys
            if one.party == options["rpId"] and (not allowed or _text(one.id) in allowed)
        )
        key.count += 1 if self.counts else 0
        data = self._data(key.party, 0, key.count)
        client = self._client_data("webauthn.get", options["challenge"], origin)
        signed = key.private.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return {
            "id": _text(key.id),
            "rawId": _text(key.id),
            "type": "public-key",
            "response": {
                "clientDataJSON": _text(client),
                "authenticatorData": _text(data),
                "signature": _text(signed),
                "userHandle": _text(key.handle),
            },
            "clientExtensionResults": {},
        }
