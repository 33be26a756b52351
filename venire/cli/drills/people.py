"""The drill's people: everyone signs up through the API, like anyone else."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

import httpx

from venire.kernel.errors import Unavailable

_AT_ONCE = 24
_TRIES = 4
_IDLE_S = 20.0
Progress = Callable[[int], None]


@dataclasses.dataclass(frozen=True, slots=True)
class Member:
    """An account of the drill and the token it acts with."""

    name: str
    id: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """The Authorization header."""
        return {"authorization": f"Bearer {self.token}"}


def open_client(url: str) -> httpx.AsyncClient:
    """A client for one site: kept-open connections, no redirects, no proxy of the environment."""
    return httpx.AsyncClient(
        base_url=url,
        timeout=60,
        trust_env=False,
        limits=httpx.Limits(
            max_connections=64, max_keepalive_connections=64, keepalive_expiry=_IDLE_S
        ),
    )


async def call(
    client: httpx.AsyncClient, method: str, path: str, member: Member | None = None, **sent: Any
) -> httpx.Response:
    """One request; a connection that broke is tried again where that is safe."""
    headers = {} if member is None else member.headers
    for attempt in range(_TRIES):
        try:
            return await client.request(method, path, headers=headers, **sent)
        except httpx.TransportError:
            if attempt == _TRIES - 1 or method not in {"GET", "PUT", "DELETE"}:
                raise
            await asyncio.sleep(0.2 * 2**attempt)
    raise Unavailable("site_gone", "the site does not answer")


async def answer(
    client: httpx.AsyncClient, method: str, path: str, member: Member | None = None, **sent: Any
) -> Any:
    """The JSON of a request that must succeed."""
    response = await call(client, method, path, member, **sent)
    if not response.is_success:
        raise Unavailable(
            "site_refused", f"{method} {path}: {response.status_code} {response.text[:300]}"
        )
    return response.json()


async def app_token(client: httpx.AsyncClient) -> str:
    """A token of the drill's own app, which sign-ups go through."""
    app = await answer(
        client,
        "POST",
        "/api/v1/apps",
        json={
            "client_name": "Venire drill",
            "redirect_uris": "urn:ietf:wg:oauth:2.0:oob",
            "scopes": "read write follow push",
        },
    )
    granted = await answer(
        client,
        "POST",
        "/oauth/token",
        json={
            "grant_type": "client_credentials",
            "client_id": app["client_id"],
            "client_secret": app["client_secret"],
            "scope": "read write follow push",
        },
    )
    return str(granted["access_token"])


async def sign_up(
    client: httpx.AsyncClient, app: str, names: Iterable[str], progress: Progress
) -> dict[str, Member]:
    """Sign everyone up; return them by name."""
    gate = asyncio.Semaphore(_AT_ONCE)
    members: dict[str, Member] = {}
    visitor = Member("", "", app)

    async def one(name: str) -> None:
        async with gate:
            made = await answer(
                client,
                "POST",
                "/api/v1/accounts",
                visitor,
                json={
                    "username": name,
                    "email": f"{name}@drill.invalid",
                    "password": f"drill password of {name}",
                    "agreement": True,
                    "locale": "en",
                    "date_of_birth": "1980-01-01",
                },
            )
            members[name] = Member(name, "", str(made["access_token"]))
            progress(1)

    await asyncio.gather(*(one(name) for name in names))
    return members


async def whoami(client: httpx.AsyncClient, member: Member) -> str:
    """The account id behind a token."""
    shown = await answer(client, "GET", "/api/v1/accounts/verify_credentials", member)
    return str(shown["id"])
