"""Calls to a vendor that the operator named: one deadline over the whole call, little read of it.

The address stands in the settings, so it is not looked at as one that members type is
(`push/addresses.py`). But the answer is anybody's who has come between: no redirect is followed, no
proxy of the environment is asked, and an answer that is long, packed or slow is no answer.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import logging
import ssl
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import httpx
import msgspec

from venire.kernel.errors import Invalid
from venire.kernel.vendors import VendorUnavailable

WHOLE_S: Final = 10.0
ANSWER_BYTES: Final = 256 * 1024
_CONNECT_S: Final = 3.0
_AT_ONCE: Final = 32
_LONGEST_WAIT_S: Final = 86_400
_HARMLESS = frozenset({"GET", "HEAD"})
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
"""Faults before a byte of the request had left."""


class Answer(msgspec.Struct, frozen=True):
    """What a vendor answered. The names of `headers` are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def good(self) -> bool:
        """Whether the status is a success. What is inside may say otherwise."""
        return 200 <= self.status < 300  # noqa: PLR2004 - HTTP

    @property
    def retry_after_s(self) -> float | None:
        """How long the vendor asks us to wait, in seconds (RFC 9110 section 10.2.3); no dates."""
        said = self.headers.get("retry-after", "")
        known = said.isascii() and said.isdigit() and len(said) <= len(str(_LONGEST_WAIT_S))
        return min(float(said), _LONGEST_WAIT_S) if known else None

    def json(self) -> Any:
        """The body as JSON; None where it is none, which is no answer either."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None


class VendorHttp:
    """A vendor's HTTP interface at one address. `headers` go with every call, secrets among them.

    `loopback`: plain http to this machine itself, for tests and drills. `private`: plain http to an
    address of a private network, for a device that stands beside the host and knows no TLS.
    """

    def __init__(
        self,
        address: str,
        *,
        headers: Mapping[str, str] | None = None,
        loopback: bool = False,
        private: bool = False,
        whole_s: float = WHOLE_S,
        answer_bytes: int = ANSWER_BYTES,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._address = checked_address(address, loopback=loopback, private=private)
        self._headers = {"Accept": "application/json", "User-Agent": "Venire", **(headers or {})}
        self._whole_s = whole_s
        self._answer_bytes = answer_bytes
        self._context = context
        self._client: httpx.AsyncClient | None = None

    async def close(self) -> None:
        """End the connections that are open."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def ask(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        body: bytes | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask once; whatever status comes is an answer. `path` begins with a slash, quoted already.

        `body`: bytes as they are, whose kind is in `headers`.

        Raises VendorUnavailable: `in_doubt` where the request may have arrived and is not harmless.
        """
        sent = {**self._headers, "Accept-Encoding": "identity", **(headers or {})}
        content = body
        if json is not None:
            content = msgspec.json.encode(json)
            sent["Content-Type"] = "application/json"
        elif form is not None:
            content = urlencode(form).encode()
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        where = f"{self._address}{path}" + (f"?{urlencode(query)}" if query else "")
        doubt = method not in _HARMLESS
        try:
            async with asyncio.timeout(self._whole_s):
                return await self._converse(method, where, sent, content, doubt=doubt)
        except _UNSENT as error:
            raise VendorUnavailable(_kind(error)) from None
        except TimeoutError:
            raise VendorUnavailable("timeout", in_doubt=doubt) from None
        except (httpx.HTTPError, OSError, httpx.InvalidURL) as error:
            # Without its cause: the library's errors hold the whole request, with our key in it.
            raise VendorUnavailable(_kind(error), in_doubt=doubt) from None

    async def _converse(
        self,
        method: str,
        where: str,
        headers: Mapping[str, str],
        content: bytes | None,
        *,
        doubt: bool,
    ) -> Answer:
        client = self._opened()
        request = client.build_request(method, where, headers=dict(headers), content=content)
        response = await client.send(request, stream=True)
        try:
            if response.headers.get("content-encoding", "identity") != "identity":
                # Nobody asked for it, and a few bytes of it may be a gigabyte.
                raise VendorUnavailable("answer_packed", in_doubt=doubt)
            parts, size = [], 0
            async for part in response.aiter_raw():
                size += len(part)
                if size > self._answer_bytes:
                    raise VendorUnavailable("answer_too_long", in_doubt=doubt)
                parts.append(part)
        finally:
            await response.aclose()
        named = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, named, b"".join(parts))

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            # It writes down every address that it asks, and some vendors want a key in theirs.
            logging.getLogger("httpx").setLevel(logging.WARNING)
            connect_s = min(_CONNECT_S, self._whole_s)
            self._client = httpx.AsyncClient(
                timeout=httpx.Timeout(self._whole_s, connect=connect_s),
                follow_redirects=False,
                trust_env=False,
                verify=self._context or ssl.create_default_context(),
                # None is kept: of a vendor that answers twice, the second answer would be taken
                # for that of the next call.
                limits=httpx.Limits(max_connections=_AT_ONCE, max_keepalive_connections=0),
            )
        return self._client


def checked_address(address: str, *, loopback: bool = False, private: bool = False) -> str:
    """An address of a vendor, without the last slash. Invalid `vendor_address_invalid`.

    Plain http goes to literal addresses alone, where it is allowed at all: a name may change.
    """
    refusal = Invalid(
        "vendor_address_invalid", f"a vendor's address begins with https://: {address[:200]!r}"
    )
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise refusal from None
    host = parts.hostname or ""
    odd = parts.query or parts.fragment or parts.username is not None or parts.password is not None
    if not host or odd or port == 0 or any(sign.isspace() for sign in address):
        raise refusal
    if parts.scheme == "https":
        return address.rstrip("/")
    if parts.scheme == "http" and _is_near(host, loopback=loopback, private=private):
        return address.rstrip("/")
    raise refusal


def _is_near(host: str, *, loopback: bool, private: bool) -> bool:
    if host == "localhost":
        return loopback
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return False
    if found.is_loopback:
        return loopback
    return private and found.is_private and not (found.is_unspecified or found.is_link_local)


def basic(username: str, password: str) -> dict[str, str]:
    """The header of basic authentication (RFC 7617)."""
    plain = f"{username}:{password}".encode()
    return {"Authorization": "Basic " + base64.b64encode(plain).decode()}


def segment(text: str) -> str:
    """One segment of a path: nothing in it leads anywhere else."""
    return quote(text, safe="") if text.strip(".") else quote(text, safe="").replace(".", "%2E")


def _kind(error: BaseException) -> str:
    return type(error).__name__.lower()
