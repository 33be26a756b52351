"""A whole site in the test's own process: storage, relay, API, members; no socket, no waiting."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.kit.blank import open_storage
from tests.kit.schema import SchemaChecker
from venire.api.app import create_app
from venire.api.settings import ApiSettings
from venire.cases.court import Court
from venire.kernel.chance import SeededChance
from venire.kernel.clock import ManualClock
from venire.kernel.ids import Ids
from venire.kernel.vault import Vault
from venire.people import actions as people
from venire.people import counts
from venire.people.model import Created
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.relay import Relay, Subscription
from venire.storage.world import Site, World

BASE_URL = "http://venire.test"


class Absent:
    """A part of the court that this site was not given: touching it is a test's mistake."""

    def __init__(self, name: str) -> None:
        self.__dict__["_absent"] = name

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"this site has no {self._absent}; it was asked for .{name}")


class Member:
    """Someone with a token, and a client that sends it."""

    def __init__(self, site: OpenSite, created: Created) -> None:
        self.site = site
        self.created = created
        self.id = int(created.id)
        self.username = created.username
        self.headers = {"Authorization": f"Bearer {created.access_token}"}

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.site.client.get(path, headers=self.headers, **more)

    async def post(self, path: str, **more: Any) -> httpx.Response:
        return await self.site.client.post(path, headers=self.headers, **more)

    async def put(self, path: str, **more: Any) -> httpx.Response:
        return await self.site.client.put(path, headers=self.headers, **more)

    async def patch(self, path: str, **more: Any) -> httpx.Response:
        return await self.site.client.patch(path, headers=self.headers, **more)

    async def delete(self, path: str, **more: Any) -> httpx.Response:
        return await self.site.client.delete(path, headers=self.headers, **more)


@dataclasses.dataclass
class OpenSite:
    """An open site. `clock` moves when it is told to; `settle` lets every subscriber hear."""

    court: Court
    clock: ManualClock
    storage: SqliteStorage
    app: Any
    checker: SchemaChecker
    client: httpx.AsyncClient
    subscriptions: Sequence[Subscription]
    relay: Relay | None = None

    @property
    def world(self) -> World:
        return self.court.world

    async def member(self, username: str, role: str = "member") -> Member:
        created = await people.create_account(
            self.world, username, f"{username}@mail.test", "correct horse", role
        )
        return Member(self, created)

    async def settle(self) -> None:
        if self.relay is None:
            self.relay = Relay(self.storage, self.subscriptions, breath_s=0.0)
        relay = self.relay
        relay.start()
        try:
            for _ in range(2_000):
                if await relay.drained():
                    return
                relay.wake()
                await asyncio.sleep(0.002)
            raise AssertionError("the relay did not come to rest")
        finally:
            await relay.stop()


def usual_subscriptions(world: World) -> tuple[Subscription, ...]:
    """What the people room hears."""
    return (
        Subscription(
            counts.CURSOR,
            hears=counts.HEARS,
            page=lambda page, position: counts.on_page(world, page, position),
        ),
    )


@contextlib.asynccontextmanager
async def open_site(
    folder: Path,
    *,
    base_url: str = BASE_URL,
    acceptance: bool = True,
    settings: ApiSettings | None = None,
    parts: Callable[[World], dict[str, Any]] | None = None,
    subscriptions: Callable[[Court], Sequence[Subscription]] | None = None,
    extra_routes: Sequence[Any] = (),
    begins_ms: int | None = None,
    **app_options: Any,
) -> AsyncIterator[OpenSite]:
    """Open a site in a folder; at the end every answer must have fitted the schema.

    `parts`: fields of the court besides its world; those not given are `Absent`. `begins_ms`: when
    the clock begins, where that matters.
    """
    clock = ManualClock() if begins_ms is None else ManualClock(begins_ms)
    ids = Ids(clock)
    storage = open_storage(folder, clock, ids)
    world = World(
        storage=storage,
        clock=clock,
        chance=SeededChance("tests"),
        ids=ids,
        site=Site(
            domain=httpx.URL(base_url).netloc.decode(),
            base_url=base_url,
            acceptance=acceptance,
        ),
        sealing=Vault(bytes(32)),
    )
    court = make_court(world, **(parts(world) if parts is not None else {}))
    app = create_app(court, settings or ApiSettings(), extra_routes=extra_routes, **app_options)
    checker = SchemaChecker(app)
    transport = httpx.ASGITransport(app=checker, client=("203.0.113.9", 40_000))
    async with httpx.AsyncClient(transport=transport, base_url=base_url) as client:
        hears = subscriptions(court) if subscriptions is not None else usual_subscriptions(world)
        try:
            yield OpenSite(court, clock, storage, app, checker, client, hears)
        finally:
            await storage.close()
    assert not checker.faults, "\n".join(dict.fromkeys(checker.faults))


def make_court(world: World, **parts: Any) -> Court:
    """A court with some of its parts; the others are `Absent`."""
    fields = {field.name: Absent(field.name) for field in dataclasses.fields(Court)}
    # A site without vendors is a whole site: its members are told that it has none.
    fields |= {"phones": None, "chats": None, "money": None}
    return Court(**{**fields, "world": world, **parts})
