"""Rounds of the public beacon over HTTP. Source: drand's HTTP API, version 1.

Implements `kernel.ports.RandomnessSource`. All places are asked at once; each has a few seconds and
a few hundred bytes. What they answer is checked by whoever asked (`jury/beacon.py`).
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Sequence
from typing import Final

import httpx
import msgspec

from venire.adapters.push.addresses import Gate, NotAllowed
from venire.kernel.ports import Beacon

_log = logging.getLogger(__name__)
_WHOLE_S: Final = 8.0
_STEP_S: Final = 4.0
_ANSWER_BYTES: Final = 4_096
_SIGNATURE_CHARACTERS: Final = 96
_OK: Final = 200


class DrandRelays:
    """Relays of one drand chain, by their addresses (`https://api.drand.sh`)."""

    def __init__(self, addresses: Sequence[str], chain: str, gate: Gate) -> None:
        self._addresses = tuple(address.rstrip("/") for address in addresses)
        self._chain = chain
        self._gate = gate
        self._client: httpx.AsyncClient | None = None

    async def close(self) -> None:
        """End the connections that are open."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                timeout=_STEP_S,
                follow_redirects=False,
                # A proxy of the environment would connect where the gate has not looked.
                trust_env=False,
                verify=ssl.create_default_context(),
                limits=httpx.Limits(max_connections=8, max_keepalive_connections=0),
            )
        return self._client

    async def ask(self, number: int | None) -> list[Beacon]:
        """See the port."""
        name = "latest" if number is None else str(number)
        answers = await asyncio.gather(*(self._answer(place, name) for place in self._addresses))
        return [answer for answer in answers if answer is not None]

    async def _answer(self, place: str, name: str) -> Beacon | None:
        try:
            async with asyncio.timeout(_WHOLE_S):
                content = await self._get(f"{place}/{self._chain}/public/{name}")
            said = msgspec.json.decode(content, type=Beacon)
        except (NotAllowed, OSError, TimeoutError, httpx.HTTPError, httpx.InvalidURL) as error:
            _log.info("beacon_unanswered", extra={"error": type(error).__name__})
            return None
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            _log.warning("beacon_malformed")
            return None
        return said if len(said.signature) == _SIGNATURE_CHARACTERS else None

    async def _get(self, url: str) -> bytes:
        """The body of an address; empty for any answer but a short one with status 200."""
        target = await self._gate.target(url)
        shown = f"[{target.address}]" if ":" in target.address else target.address
        usual = 443 if target.scheme == "https" else 80
        host = target.host if target.port == usual else f"{target.host}:{target.port}"
        request = self._opened().build_request(
            "GET",
            f"{target.scheme}://{shown}:{target.port}{target.path}",
            headers={
                "Host": host,
                "User-Agent": "Venire",
                "Accept": "application/json",
                # A few hundred bytes: nothing is to be unfolded here.
                "Accept-Encoding": "identity",
            },
            # Dialled by address, proved by name: the certificate must be the name's.
            extensions={"sni_hostname": target.host},
        )
        response = await self._opened().send(request, stream=True)
        content = bytearray()
        try:
            async for part in response.aiter_raw():
                content += part
                if len(content) > _ANSWER_BYTES:
                    return b""
        finally:
            await response.aclose()
        return bytes(content) if response.status_code == _OK else b""
