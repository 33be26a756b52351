"""An authority that does what it should not: with a desk that checks every signature and nonce."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import NameOID

from venire.adapters.certificates import acme
from venire.adapters.certificates.acme import Acme, fits
from venire.adapters.certificates.signing import AccountKey, Binding
from venire.adapters.http import Answer
from venire.kernel.errors import Invalid
from venire.kernel.vendors import (
    AccountClosed,
    Rejected,
    VendorFault,
    VendorThrottled,
    VendorUnavailable,
)

pytestmark = pytest.mark.anyio
HERE = "https://ca.example"
NAMES = ("site.example", "*.site.example")


def unpacked(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def request(*names):
    key = ec.generate_private_key(ec.SECP256R1())
    listed = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    made = x509.CertificateSigningRequestBuilder(x509.Name([]))
    made = made.add_extension(listed, critical=False).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.DER)


class Desk:
    """The authority behind `VendorHttp.ask`. `wrong` names what it does that it should not."""

    def __init__(self, wrong=""):
        self.wrong = wrong
        self.asked = []
        self.nonces = {"n0"}
        self.bound = None
        self.handed_over = None
        self.looked = 0
        self.refused = 0
        self.key = ec.generate_private_key(ec.SECP256R1())

    async def ask(self, method, path, *, body=None, headers=None):
        self.asked.append((method, path))
        assert method != "POST" or headers["Content-Type"] == "application/jose+json"
        fresh = f"n{len(self.asked)}"
        self.nonces.add(fresh)
        status, found, told = self._answer(method, path, body)
        content = found if isinstance(found, bytes) else json.dumps(found).encode()
        return Answer(status, {"replay-nonce": fresh, **told}, content)

    async def close(self):
        """Nothing is open."""

    def _answer(self, method, path, body):
        if self.wrong == "broken":
            return 500, b"<html>", {}
        if path == "/dir":
            return 200, self._directory(), {}
        if method == "HEAD":
            return 200, b"", {}
        if path.startswith("/renewal/"):
            wish = {"start": "2026-03-01T00:00:00Z", "end": "2026-03-02T00:00:00Z"}
            odd = {
                "window_odd": {"start": 7},
                "window_turned": dict(zip(wish, [*wish.values()][::-1], strict=True)),
            }
            return 200, {"suggestedWindow": odd.get(self.wrong, wish)}, {}
        return self._signed(path, body)

    def _directory(self):
        there = "https://elsewhere.example" if self.wrong == "leads_elsewhere" else HERE
        found = {"newNonce": f"{HERE}/nonce", "newAccount": f"{there}/account"}
        if self.wrong == "directory_short":
            return found
        renewal = {} if self.wrong == "no_window" else {"renewalInfo": f"{HERE}/renewal"}
        meta = {"meta": {"caaIdentities": ["ca.example"]}}
        return found | renewal | meta | {"newOrder": f"{HERE}/order"}

    def _signed(self, path, body):
        said = json.loads(body)
        header = json.loads(unpacked(said["protected"]))
        assert header["url"] == HERE + path
        if header["nonce"] not in self.nonces or self._is_unlucky():
            return 400, {"type": "urn:ietf:params:acme:error:badNonce"}, {}
        self.nonces.remove(header["nonce"])
        if path == "/account":
            self.known = header["jwk"]
        else:
            assert header["kid"] == f"{HERE}/account/1"
            assert "jwk" not in header
        self._check(said, header)
        payload = json.loads(unpacked(said["payload"])) if said["payload"] else None
        return getattr(self, "on" + path.replace("/", "_"))(payload)

    def _is_unlucky(self):
        self.refused += self.wrong in {"nonces", "one_nonce"}
        return self.wrong == "nonces" or (self.wrong == "one_nonce" and self.refused == 1)

    def _check(self, said, header):
        numbers = (int.from_bytes(unpacked(self.known[part]), "big") for part in ("x", "y"))
        public = ec.EllipticCurvePublicNumbers(*numbers, ec.SECP256R1()).public_key()
        halves = unpacked(said["signature"])
        signature = encode_dss_signature(
            *(int.from_bytes(h, "big") for h in (halves[:32], halves[32:]))
        )
        content = f"{said['protected']}.{said['payload']}".encode()
        assert header["alg"] == "ES256"
        public.verify(signature, content, ec.ECDSA(hashes.SHA256()))

    def on_account(self, payload):
        self.bound = payload.get("externalAccountBinding")
        if self.wrong == "account_revoked":
            return 200, {"status": "revoked"}, {"location": f"{HERE}/account/1"}
        problems = {"terms": (403, "userActionRequired"), "limits": (429, "rateLimited")}
        if self.wrong in problems:
            status, kind = problems[self.wrong]
            return status, {"type": f"urn:ietf:params:acme:error:{kind}"}, {"retry-after": "60"}
        return 201, {"status": "valid"}, {"location": f"{HERE}/account/1"}

    def on_order(self, payload):
        refused = {
            "name_refused": "rejectedIdentifier",
            "strange_kind": "somethingNew",
            "caa": "caa",
        }
        if self.wrong in refused:
            return 403, {"type": f"urn:ietf:params:acme:error:{refused[self.wrong]}"}, {}
        if self.wrong == "yes_and_no":
            return 201, {"type": "urn:ietf:params:acme:error:serverInternal"}, {}
        self.names = [one["value"] for one in payload["identifiers"]]
        steps = [f"{HERE}/proof/{number}" for number in range(len(self.names))]
        return 201, {"status": "pending", "authorizations": steps}, {"location": f"{HERE}/order/1"}

    def on_proof_0(self, _payload):
        return self._proof(0)

    def on_proof_1(self, _payload):
        return self._proof(1)

    def _proof(self, number):
        ways = [{"type": "http-01", "url": f"{HERE}/x", "token": "t"}]
        if self.wrong != "no_dns":
            way = {"type": "dns-01", "url": f"{HERE}/try/{number}", "token": f"t{number}"}
            ways.append(way)
        status = "valid" if self.looked >= 2 else "pending"
        if self.wrong == "proof_unfound" and self.looked:
            status = "invalid"
            ways[-1]["error"] = {"type": "urn:ietf:params:acme:error:unauthorized"}
        name = self.names[number].removeprefix("*.")
        return (
            200,
            {"status": status, "identifier": {"type": "dns", "value": name}, "challenges": ways},
            {},
        )

    def on_try_0(self, _payload):
        self.looked += 1
        return 200, {"status": "pending"}, {}

    on_try_1 = on_try_0

    def on_order_1(self, _payload):
        if self.wrong == "order_lost":
            problem = {"type": "urn:ietf:params:acme:error:badCSR"}
            return 200, {"status": "invalid", "error": problem}, {}
        if self.handed_over is None:
            return 200, {"status": "ready", "finalize": f"{HERE}/finalize"}, {}
        return 200, {"status": "valid", "certificate": f"{HERE}/certificate"}, {}

    def on_finalize(self, payload):
        self.handed_over = unpacked(payload["csr"])
        return 200, {"status": "processing"}, {}

    def on_certificate(self, _payload):
        if self.wrong == "no_certificate":
            return 200, b"<html>", {}
        asked = x509.load_der_x509_csr(self.handed_over)
        names = ["other.example"] if self.wrong == "other_names" else self.names
        public = self.key.public_key() if self.wrong == "other_key" else asked.public_key()
        now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Desk")])
        made = x509.CertificateBuilder(who, who, public, x509.random_serial_number())
        made = made.not_valid_before(now).not_valid_after(now + dt.timedelta(days=90))
        listed = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        by = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        made = made.add_extension(listed, critical=False).add_extension(by, critical=False)
        chain = made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        return 200, chain, {}


class Zone:
    """What was shown, in order."""

    def __init__(self):
        self.shown = []

    async def publish(self, records):
        self.shown.append({(one.name, one.kind): one.values for one in records})


@pytest.fixture
def zone(monkeypatch):
    monkeypatch.setattr(acme, "_LOOK_S", 0.001)
    return Zone()


def service(desk, binding=None, **more):
    key = AccountKey(ec.generate_private_key(ec.SECP256R1()), binding)
    made = Acme(f"{HERE}/dir", key, terms_agreed=True, **more)
    made._http = desk
    return made


async def fault_of(work) -> VendorFault:
    with pytest.raises(VendorFault) as caught:
        await work
    return caught.value


@pytest.mark.parametrize("wrong", ["", "one_nonce"])
async def test_a_certificate_comes_of_proofs_that_are_shown_and_taken_away(zone, wrong):
    desk, asked = Desk(wrong), request(*NAMES)
    made = service(desk)
    chain = await made.issue(asked, zone.publish)
    assert fits(chain, asked)
    assert desk.handed_over == asked
    name = ("_acme-challenge.site.example", "TXT")
    thumb = hashlib.sha256(
        json.dumps(dict(sorted(made._key.jwk.items())), separators=(",", ":")).encode()
    )
    said = base64.urlsafe_b64encode(thumb.digest()).rstrip(b"=").decode()
    proofs = {
        base64.urlsafe_b64encode(hashlib.sha256(f"t{n}.{said}".encode()).digest())
        .rstrip(b"=")
        .decode()
        for n in (0, 1)
    }
    assert [set(shown[name]) for shown in zone.shown] == [proofs, set()]
    assert await made.window(chain) == (1_772_323_200_000, 1_772_409_600_000)
    assert await made.caa_names() == {"ca.example"}


@pytest.mark.parametrize(
    ("wrong", "kind", "said"),
    [
        ("broken", VendorUnavailable, "http_500"),
        ("leads_elsewhere", VendorUnavailable, "leads_elsewhere"),
        ("directory_short", VendorUnavailable, "directory_strange"),
        ("nonces", VendorUnavailable, "badNonce"),
        ("terms", AccountClosed, "userActionRequired"),
        ("account_revoked", AccountClosed, "account_not_valid"),
        ("limits", VendorThrottled, "rateLimited"),
        ("name_refused", AccountClosed, "rejectedIdentifier"),
        ("strange_kind", VendorUnavailable, "somethingNew"),
        ("caa", VendorUnavailable, "caa"),
        ("yes_and_no", VendorUnavailable, "answer_strange"),
        ("no_dns", VendorUnavailable, "no_dns_challenge"),
        ("proof_unfound", VendorUnavailable, "proof_unauthorized"),
        ("order_lost", Rejected, "badCSR"),
        ("no_certificate", VendorUnavailable, "certificate_strange"),
        ("other_names", VendorUnavailable, "certificate_strange"),
        ("other_key", VendorUnavailable, "certificate_strange"),
    ],
)
async def test_each_thing_that_goes_wrong_has_its_class_and_leaves_no_proof(
    zone, wrong, kind, said
):
    fault = await fault_of(service(Desk(wrong)).issue(request(*NAMES), zone.publish))
    assert (type(fault), fault.said) == (kind, said)
    assert not zone.shown or not any(zone.shown[-1].values())


async def test_how_long_to_wait_is_told(zone):
    fault = await fault_of(service(Desk("limits")).issue(request(*NAMES), zone.publish))
    assert fault.retry_after_s == 60


async def test_a_binding_is_signed_with_its_secret_and_not_told(zone):
    desk, secret = Desk(), b"a secret of the binding"
    await service(desk, Binding("kid-1", secret)).check()
    header = json.loads(unpacked(desk.bound["protected"]))
    assert header == {"alg": "HS256", "kid": "kid-1", "url": f"{HERE}/account"}
    assert json.loads(unpacked(desk.bound["payload"])) == desk.known
    assert secret not in json.dumps(desk.bound).encode()


@pytest.mark.parametrize("wrong", ["window_odd", "window_turned"])
async def test_a_window_that_is_none_is_not_believed(zone, wrong):
    desk = Desk()
    chain = await service(desk).issue(request(*NAMES), zone.publish)
    desk.wrong = wrong
    assert (await fault_of(service(desk).window(chain))).said == "answer_strange"
    desk.wrong = "no_window"
    assert await service(desk).window(chain) is None
    assert await service(desk).window(b"no chain") is None


async def test_what_is_no_request_is_asked_of_nobody(zone):
    desk = Desk()
    for strange in (b"", b"no request", request(*(f"n{n}.example" for n in range(101)))):
        with pytest.raises(Invalid):
            await service(desk).issue(strange, zone.publish)
    assert desk.asked == []
