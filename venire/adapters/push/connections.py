"""Connections to wherever a gate lets through: opened when first needed, none kept."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import httpx

from venire.adapters.push.addresses import Target


class Connections:
    """One client for addresses that a `Gate` has looked at. `step_s`: each wait; `most` at once."""

    def __init__(self, step_s: float, most: int) -> None:
        self._step_s = step_s
        self._most = most
        self._client: httpx.AsyncClient | None = None

    async def close(self) -> None:
        """End the connections that are open."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def send(
        self, method: str, target: Target, headers: Mapping[str, str], content: bytes | None = None
    ) -> httpx.Response:
        """Ask a target by its address, under its name; the body of the answer is still to be read.

        Raises what httpx does.
        """
        shown, host = _bracketed(target.address), _bracketed(target.host)
        usual = 443 if target.scheme == "https" else 80
        client = self._opened()
        request = client.build_request(
            method,
            f"{target.scheme}://{shown}:{target.port}{target.path}",
            headers={**headers, "Host": host if target.port == usual else f"{host}:{target.port}"},
            content=content,
            # Dialled by address, proved by name: the certificate must be the name's.
            extensions={"sni_hostname": target.host},
        )
        return await client.send(request, stream=True)

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                timeout=self._step_s,
                follow_redirects=False,
                # A proxy of the environment would connect where the gate has not looked.
                trust_env=False,
                verify=ssl.create_default_context(),
                # Pools know an address, not a name: a connection proved for one name is not kept
                # for another that lies behind the same address.
                limits=httpx.Limits(max_connections=self._most, max_keepalive_connections=0),
            )
        return self._client


def _bracketed(place: str) -> str:
    return f"[{place}]" if ":" in place else place
