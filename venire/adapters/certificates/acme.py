"""Certificates by ACME with dns-01. Sources: RFC 8555 (ACME), RFC 9773 (renewal information).

Implements `kernel.ports.CertificateService`. All of it happens at one origin, the one that the
operator named: a directory that leads elsewhere is no answer. What an authority refuses is sorted
by what another one could do about it: a name that this one will not serve is our account refused,
which a person has to see; a proof that was not found may be found by the next.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec
from cryptography import x509

from venire.adapters.certificates.signing import AccountKey
from venire.adapters.http import Answer, VendorHttp
from venire.adapters.push.encryption import url_safe
from venire.kernel.errors import Invalid
from venire.kernel.vendors import (
    AccountClosed,
    Rejected,
    VendorFault,
    VendorThrottled,
    VendorUnavailable,
    fault_of_status,
)
from venire.kernel.zones import DnsRecord

T = TypeVar("T")
Publish = Callable[[Sequence[DnsRecord]], Awaitable[None]]
_WHOLE_S: Final = 150.0
_LOOK_S: Final = 1.0
_LONGEST_LOOK_S: Final = 15.0
_TRIES: Final = 4
_MOST_NAMES: Final = 100
_PROOF_TTL_S: Final = 60
_URN: Final = "urn:ietf:params:acme:error:"
_CLOSED: Final = frozenset(
    {
        "accountDoesNotExist",
        "externalAccountRequired",
        "rejectedIdentifier",
        "unauthorized",
        "userActionRequired",
    }
)
_OURS: Final = frozenset({"badCSR", "badPublicKey", "malformed", "unsupportedIdentifier"})
_NEEDED: Final = ("newNonce", "newAccount", "newOrder")


class Order(msgspec.Struct, frozen=True, rename="camel"):
    """An order (RFC 8555 section 7.1.3), as far as it is needed."""

    status: str
    authorizations: tuple[str, ...] = ()
    finalize: str = ""
    certificate: str = ""
    error: dict[str, Any] | None = None


class Challenge(msgspec.Struct, frozen=True):
    """A way to prove a name (section 8)."""

    type: str
    url: str
    token: str = ""
    error: dict[str, Any] | None = None


class Identifier(msgspec.Struct, frozen=True):
    """What is to be proved: for a wildcard the name without its star."""

    type: str
    value: str


class Authorization(msgspec.Struct, frozen=True):
    """One name and how it may be proved (section 7.1.4)."""

    status: str
    identifier: Identifier
    challenges: tuple[Challenge, ...] = ()


class Acme:
    """Implements `kernel.ports.CertificateService`. `directory`: where the authority begins.

    `terms_agreed`: the operator has read the authority's terms of service; without that no account.
    """

    def __init__(
        self,
        directory: str,
        account: AccountKey,
        *,
        terms_agreed: bool,
        contact: str = "",
        context: ssl.SSLContext | None = None,
        whole_s: float = _WHOLE_S,
        loopback: bool = False,
    ) -> None:
        parts = urlsplit(directory)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._begin = directory
        self._http = VendorHttp(
            self._origin, context=context, headers={"Accept": "*/*"}, loopback=loopback
        )
        self._key = account
        self._terms_agreed = terms_agreed
        self._contact = contact
        self._whole_s = whole_s
        self._turn = asyncio.Lock()
        self._known: dict[str, Any] = {}
        self._account = ""
        self._nonce = ""

    async def close(self) -> None:
        """End the connections that are open."""
        await self._http.close()

    async def issue(self, request: bytes, publish: Publish) -> bytes:
        """See `CertificateService.issue`."""
        names = _names(request)
        try:
            async with asyncio.timeout(self._whole_s), self._turn:
                await self._sign_in()
                where, order = await self._order(names)
                await self._prove(order, publish)
                return await self._fetch(where, request)
        except TimeoutError:
            # Whatever became of it costs nobody anything: the order ends by itself.
            raise VendorUnavailable("timeout") from None

    async def window(self, chain: bytes) -> tuple[int, int] | None:
        """See `CertificateService.window` (RFC 9773 section 4)."""
        where = (await self._directory()).get("renewalInfo")
        name = _renewal_name(chain)
        if not where or not name:
            return None
        answer = await self._plain("GET", f"{where}/{name}")
        try:
            said = answer.json()["suggestedWindow"]
            found = tuple(
                round(dt.datetime.fromisoformat(said[each]).timestamp() * 1_000)
                for each in ("start", "end")
            )
        except (TypeError, KeyError, ValueError, OverflowError):
            raise VendorUnavailable("answer_strange") from None
        if found[0] >= found[1]:
            raise VendorUnavailable("answer_strange")
        return found[0], found[1]

    async def caa_names(self) -> frozenset[str]:
        """See `CertificateService.caa_names` (RFC 8555 section 7.1.1, `caaIdentities`)."""
        meta = (await self._directory()).get("meta")
        listed = meta.get("caaIdentities") if isinstance(meta, dict) else None
        return frozenset(name for name in listed or () if isinstance(name, str))

    async def check(self) -> None:
        """See `CertificateService.check`: our account is looked up, or made."""
        async with self._turn:
            await self._sign_in()

    async def _directory(self) -> dict[str, Any]:
        if not self._known:
            answer = await self._plain("GET", self._begin)
            found = answer.json()
            if not isinstance(found, dict) or not all(found.get(name) for name in _NEEDED):
                raise VendorUnavailable("directory_strange")
            self._known = found
        return self._known

    async def _sign_in(self) -> None:
        """The same key is the same account, however often it is told; nothing is kept of it."""
        self._known = {}
        where = str((await self._directory())["newAccount"])
        said: dict[str, Any] = {"termsOfServiceAgreed": self._terms_agreed}
        if self._contact:
            said["contact"] = [f"mailto:{self._contact}"]
        if bound := self._key.bound(where):
            said["externalAccountBinding"] = bound
        self._account = ""
        answer = await self._post(where, said)
        if (_json(answer) or {}).get("status", "valid") != "valid":
            raise AccountClosed("account_not_valid")
        self._account = answer.headers.get("location", "")
        if not self._account:
            raise VendorUnavailable("answer_strange")

    async def _order(self, names: Sequence[str]) -> tuple[str, Order]:
        said = {"identifiers": [{"type": "dns", "value": name} for name in names]}
        answer = await self._post(str((await self._directory())["newOrder"]), said)
        return answer.headers.get("location", ""), _converted(answer, Order)

    async def _prove(self, order: Order, publish: Publish) -> None:
        """Show a proof for each name that still needs one, and take the proofs away again."""
        if len(order.authorizations) > _MOST_NAMES:
            raise VendorUnavailable("answer_strange")
        open_: list[tuple[str, Challenge]] = []
        values: dict[str, list[str]] = {}
        for where in order.authorizations:
            found = _converted(await self._post(where, None), Authorization)
            if found.status == "valid":
                continue
            way = next((one for one in found.challenges if one.type == "dns-01"), None)
            if way is None or found.status != "pending":
                raise VendorUnavailable("no_dns_challenge")
            open_.append((where, way))
            name = f"_acme-challenge.{found.identifier.value}"
            values.setdefault(name, []).append(self._key.proof(way.token))
        if not open_:
            return
        proofs = [
            DnsRecord(name, "TXT", tuple(sorted(set(shown))), _PROOF_TTL_S)
            for name, shown in values.items()
        ]
        try:
            await publish(proofs)
            for _, way in open_:
                await self._post(way.url, {})
            for where, _ in open_:
                await self._proved(where)
        finally:
            await publish([msgspec.structs.replace(proof, values=()) for proof in proofs])

    async def _proved(self, where: str) -> None:
        while True:
            answer = await self._post(where, None)
            found = _converted(answer, Authorization)
            if found.status == "valid":
                return
            if found.status != "pending":
                kinds = [_kind(one.error) for one in found.challenges if one.error]
                # Not `unauthorized` as for an account: it did not find what we showed.
                raise VendorUnavailable(f"proof_{kinds[0] if kinds else found.status}")
            await asyncio.sleep(_pause(answer))

    async def _fetch(self, where: str, request: bytes) -> bytes:
        """Hand the request over as soon as it may be; wait for what comes of it."""
        handed_over = False
        while True:
            answer = await self._post(where, None)
            order = _converted(answer, Order)
            if order.status == "valid" and order.certificate:
                break
            if order.status == "invalid":
                raise _fault(_kind(order.error), None)
            if order.status == "ready" and not handed_over:
                await self._post(order.finalize, {"csr": url_safe(request)})
                handed_over = True
                continue
            await asyncio.sleep(_pause(answer))
        accepted = {"Accept": "application/pem-certificate-chain"}
        chain = (await self._post(order.certificate, None, accepted)).body
        if not fits(chain, request):
            raise VendorUnavailable("certificate_strange")
        return chain

    async def _post(
        self, where: str, payload: Any, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Say something signed. A nonce that is refused is one that we did not choose: again."""
        kind = {"Content-Type": "application/jose+json", **(headers or {})}
        for last in (False,) * (_TRIES - 1) + (True,):
            if not self._nonce:
                await self._plain("HEAD", str((await self._directory())["newNonce"]))
            nonce, self._nonce = self._nonce, ""
            body = self._key.sign(where, nonce, payload, self._account)
            answer = await self._ask("POST", where, body=body, headers=kind)
            if answer.good:
                return answer
            kind_of_fault = _kind(_json(answer))
            if kind_of_fault != "badNonce" or last:
                raise _fault(kind_of_fault, answer)
        raise VendorUnavailable("nonce_refused")

    async def _plain(self, method: str, where: str) -> Answer:
        answer = await self._ask(method, where)
        if not answer.good:
            raise _fault(_kind(_json(answer)), answer)
        return answer

    async def _ask(self, method: str, where: str, **sent: Any) -> Answer:
        parts = urlsplit(where)
        if f"{parts.scheme}://{parts.netloc}" != self._origin:
            raise VendorUnavailable("leads_elsewhere")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        answer = await self._http.ask(method, path, **sent)
        self._nonce = answer.headers.get("replay-nonce", self._nonce)
        return answer


def fits(chain: bytes, request: bytes) -> bool:
    """Whether a chain begins with a certificate for the key and the names of a request."""
    try:
        first = x509.load_pem_x509_certificates(chain)[0]
        asked = x509.load_der_x509_csr(request)
        held = first.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (ValueError, IndexError, x509.ExtensionNotFound):
        return False
    named = frozenset(name.lower() for name in held.value.get_values_for_type(x509.DNSName))
    return first.public_key() == asked.public_key() and named >= frozenset(_names(request))


def _names(request: bytes) -> list[str]:
    try:
        asked = x509.load_der_x509_csr(request)
        held = asked.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (ValueError, x509.ExtensionNotFound):
        raise Invalid("certificate_request_invalid", "a request names its names") from None
    names = held.value.get_values_for_type(x509.DNSName)
    if not 0 < len(names) <= _MOST_NAMES:
        raise Invalid("certificate_request_invalid", f"a request has 1 to {_MOST_NAMES} names")
    return names


def _renewal_name(chain: bytes) -> str:
    """By what the authority knows a certificate (RFC 9773 section 4.1)."""
    try:
        first = x509.load_pem_x509_certificates(chain)[0]
        found = first.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    except (ValueError, IndexError, x509.ExtensionNotFound):
        return ""
    issuer = found.value.key_identifier
    number = first.serial_number
    serial = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return f"{url_safe(issuer)}.{url_safe(serial)}" if issuer else ""


def _pause(answer: Answer) -> float:
    return min(answer.retry_after_s or _LOOK_S, _LONGEST_LOOK_S)


def _json(answer: Answer) -> dict[str, Any] | None:
    found = answer.json()
    return found if isinstance(found, dict) else None


def _converted(answer: Answer, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise VendorUnavailable("answer_strange") from None


def _kind(problem: Mapping[str, Any] | None) -> str:
    """The kind of a problem document (RFC 8555 section 6.7), or nothing."""
    said = (problem or {}).get("type")
    plain = said.removeprefix(_URN) if isinstance(said, str) and said.startswith(_URN) else ""
    return plain if plain.isascii() and plain.isalnum() else ""


def _fault(kind: str, answer: Answer | None) -> VendorFault:
    if kind == "rateLimited":
        return VendorThrottled(kind, answer.retry_after_s if answer else None)
    if kind in _CLOSED:
        return AccountClosed(kind)
    if kind in _OURS:
        return Rejected(kind)
    if kind or answer is None:
        return VendorUnavailable(kind or "order_invalid")
    return fault_of_status(answer.status, retry_after_s=answer.retry_after_s)
