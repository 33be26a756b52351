"""A stand-in of an authority: ACME (RFC 8555) with dns-01, proofs looked up at a name server.

It checks what an authority checks: nonces, signatures, the address that was signed, the proof. What
it issues is signed by a key of its own that nobody trusts.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import NameOID

from venire.adapters.push.encryption import url_safe
from venire.cli.drills.counterparts.name_server import NameServer
from venire.cli.drills.counterparts.server import Call, Counterpart, Reply
from venire.kernel.clock import Clock, SystemClock

_DAYS: Final = 90
_HALF: Final = 32
_URN: Final = "urn:ietf:params:acme:error:"


class Authority(Counterpart):
    """One authority. `caa`: the name by which CAA records let it issue. `issued`: how many."""

    def __init__(self, name: str, asks: Sequence[NameServer], clock: Clock | None = None) -> None:
        super().__init__()
        self.caa = f"{name}.example"
        self.issued = 0
        self._asks = asks
        self._clock = clock or SystemClock()
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Drill {name}")])
        self._nonces: set[str] = set()
        self._accounts: list[dict[str, str]] = []
        self._orders_made: list[dict[str, Any]] = []
        self._chains: dict[int, bytes] = {}

    def suspended(self, call: Call) -> Reply:
        """The account is deactivated (section 7.3.6)."""
        del call
        return Reply(403, {"type": f"{_URN}unauthorized"})

    def answer(self, call: Call) -> Reply:
        """See `Counterpart.answer`."""
        if call.path == "/dir":
            return Reply(200, self._directory())
        if call.path.startswith("/renewal/"):
            return Reply(404, {"type": f"{_URN}malformed"})
        nonce = f"n{len(self.calls)}"
        self._nonces.add(nonce)
        if call.method == "HEAD":
            return Reply(200, None, {"Replay-Nonce": nonce})
        reply = self._signed(call)
        return Reply(reply.status, reply.content, {**reply.headers, "Replay-Nonce": nonce})

    def _directory(self) -> dict[str, Any]:
        kinds = {"newNonce": "nonce", "newAccount": "account", "newOrder": "order"}
        found: dict[str, Any] = {name: f"{self.url}/{path}" for name, path in kinds.items()}
        found["renewalInfo"] = f"{self.url}/renewal"
        return found | {"meta": {"caaIdentities": [self.caa]}}

    def _signed(self, call: Call) -> Reply:
        said = call.json()
        header = msgspec.json.decode(_bytes(said["protected"]))
        if header["url"] != f"{self.url}{call.path}" or header["nonce"] not in self._nonces:
            return Reply(400, {"type": f"{_URN}badNonce"})
        self._nonces.discard(header["nonce"])
        number = int(header.get("kid", "/0").rpartition("/")[2])
        jwk = header.get("jwk") or self._accounts[number]
        try:
            _verify(said, jwk)
        except InvalidSignature:
            return Reply(400, {"type": f"{_URN}malformed"})
        payload = msgspec.json.decode(_bytes(said["payload"])) if said["payload"] else {}
        _, place, *more = call.path.split("/")
        if place == "account":
            return self._account(jwk, payload)
        if place == "order" and not more:
            self._orders_made.append({"names": payload["identifiers"], "jwk": jwk, "proved": set()})
            return self._order(len(self._orders_made) - 1, 201)
        return self._step(place, [int(part) for part in more], payload)

    def _account(self, jwk: dict[str, str], payload: dict[str, Any]) -> Reply:
        if not payload.get("termsOfServiceAgreed"):
            return Reply(403, {"type": f"{_URN}userActionRequired"})
        if jwk not in self._accounts:
            self._accounts.append(jwk)
        where = f"{self.url}/account/{self._accounts.index(jwk)}"
        return Reply(201, {"status": "valid"}, {"Location": where})

    def _step(self, place: str, at: list[int], payload: dict[str, Any]) -> Reply:
        order = self._orders_made[at[0]]
        if place == "order":
            return self._order(at[0])
        if place == "authz":
            return self._authorization(at[0], at[1])
        if place == "try":
            if self._is_shown(order, at[1]):
                order["proved"].add(at[1])
            return Reply(200, {"status": "processing"})
        if place == "finalize":
            self._chains[at[0]] = self._issue(_bytes(payload["csr"]))
            return self._order(at[0])
        return Reply(
            200, self._chains[at[0]], {"Content-Type": "application/pem-certificate-chain"}
        )

    def _order(self, number: int, status: int = 200) -> Reply:
        order = self._orders_made[number]
        ready = len(order["proved"]) == len(order["names"])
        steps = [f"{self.url}/authz/{number}/{place}" for place in range(len(order["names"]))]
        said = {
            "status": "ready" if ready else "pending",
            "authorizations": steps,
            "finalize": f"{self.url}/finalize/{number}",
        }
        if number in self._chains:
            said |= {"status": "valid", "certificate": f"{self.url}/chain/{number}"}
        return Reply(status, said, {"Location": f"{self.url}/order/{number}"})

    def _authorization(self, number: int, place: int) -> Reply:
        order = self._orders_made[number]
        name = order["names"][place]["value"].removeprefix("*.")
        way = {"type": "dns-01", "url": f"{self.url}/try/{number}/{place}", "token": f"t{place}"}
        return Reply(
            200,
            {
                "status": "valid" if place in order["proved"] else "pending",
                "identifier": {"type": "dns", "value": name},
                "challenges": [way],
            },
        )

    def _is_shown(self, order: dict[str, Any], place: int) -> bool:
        """Whether a name server that answers shows the proof (sections 8.1 and 8.4)."""
        thumb = url_safe(hashlib.sha256(msgspec.json.encode(order["jwk"], order="sorted")).digest())
        proof = url_safe(hashlib.sha256(f"t{place}.{thumb}".encode()).digest())
        name = "_acme-challenge." + order["names"][place]["value"].removeprefix("*.")
        return any(f'"{proof}"' in host.values(name, "TXT") for host in self._asks)

    def _issue(self, request: bytes) -> bytes:
        asked = x509.load_der_x509_csr(request)
        now = dt.datetime.fromtimestamp(self._clock.now_ms() / 1_000, dt.UTC)
        made = x509.CertificateBuilder(
            self._name, asked.subject, asked.public_key(), x509.random_serial_number()
        )
        made = made.not_valid_before(now).not_valid_after(now + dt.timedelta(days=_DAYS))
        by = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        made = made.add_extension(by, critical=False)
        for extension in asked.extensions:
            made = made.add_extension(extension.value, extension.critical)
        self.issued += 1
        signed = made.sign(self._key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM)


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _verify(said: dict[str, str], jwk: dict[str, str]) -> None:
    """Raises InvalidSignature."""
    x, y = (int.from_bytes(_bytes(jwk[part]), "big") for part in ("x", "y"))
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    halves = _bytes(said["signature"])
    numbers = (int.from_bytes(part, "big") for part in (halves[:_HALF], halves[_HALF:]))
    content = f"{said['protected']}.{said['payload']}".encode()
    public.verify(encode_dss_signature(*numbers), content, ec.ECDSA(hashes.SHA256()))
