"""Rounds of the public beacon over HTTP. Source: drand's HTTP API, version 1.

Implements `kernel.ports.RandomnessSource`. All places are asked at once; each has a few seconds and
a few hundred bytes. What they answer is checked by whoever asked (`jury/beacon.py`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

import httpx
import msgspec

from venire.adapters.push.addresses import Gate, NotAllowed
from venire.adapters.push.connections import Connections
from venire.kernel.ports import Beacon

_log = logging.getLogger(__name__)
_WHOLE_S: Final = 8.0
_STEP_S: Final = 4.0
_AT_ONCE: Final = 8
_ANSWER_BYTES: Final = 4_096
_SIGNATURE_CHARACTERS: Final = 96
_OK: Final = 200


class DrandRelays:
    """Relays of one drand chain, by their addresses (`https://api.drand.sh`)."""

    def __init__(self, addresses: Sequence[str], chain: str, gate: Gate) -> None:
        self._addresses = tuple(address.rstrip("/") for address in addresses)
        self._chain = chain
        self._gate = gate
        self._connections = Connections(_STEP_S, _AT_ONCE)

    async def close(self) -> None:
        """End the connections that are open."""
        await self._connections.close()

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
        headers = {
            "User-Agent": "Venire",
            "Accept": "application/json",
            # A few hundred bytes: nothing is to be unfolded here.
            "Accept-Encoding": "identity",
        }
        response = await self._connections.send("GET", target, headers)
        content = bytearray()
        try:
            async for part in response.aiter_raw():
                content += part
                if len(content) > _ANSWER_BYTES:
                    return b""
        finally:
            await response.aclose()
        return bytes(content) if response.status_code == _OK else b""
