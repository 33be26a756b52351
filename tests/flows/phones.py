"""A whole house behind a real socket, its members with Mastodon.py as their app; a clock to move.

Nothing is pumped: the relay runs as in `venire run`. Only timers wait for `settle`, since the clock
stands until it is moved.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx
import uvicorn
from anyio.from_thread import BlockingPortal, start_blocking_portal
from mastodon import Mastodon, StreamListener

from tests.kit.courthouse import Courthouse, open_courthouse
from tests.kit.schema import SchemaChecker
from tests.kit.site import Member
from venire.api.app import create_app
from venire.api.settings import ApiSettings
from venire.people import sessions
from venire.server.connections import BoundedProtocol
from venire.server.sockets import FrameProtocol
from venire.storage.relay import Relay
from venire.web.routes import lost_page, web_routes

T = TypeVar("T")
PASSWORD = "long enough to be one"
SCOPES = ["read", "write", "follow"]
SETTINGS = ApiSettings(confirmed_contact_required=False, minimum_age=0, rate_limits=False)

_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Never spoken here; to read the machine's certificates for each client takes longer than it."""


class Heard(StreamListener):  # type: ignore[misc]
    """What came in over a stream, in its order: its kind and its whole text."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []

    def on_any_event(self, name: str, data: Any) -> None:
        told = data.to_json() if hasattr(data, "to_json") else str(data)
        self.events.append((name, told))


class Phones:
    """The house, and the apps of those who live in it."""

    def __init__(self, portal: BlockingPortal, house: Courthouse, app: SchemaChecker) -> None:
        self._portal = portal
        self.house = house
        self.url = house.world.site.base_url
        self._app = app
        self._streams: list[Any] = []
        self.outside = self.browser(None)

    def call(self, work: Callable[..., Coroutine[Any, Any, T]], *given: Any) -> T:
        """Run something where the house lives."""
        return self._portal.call(work, *given)

    def settle(self) -> None:
        """Wait until everything is heard and every due timer has fired."""
        self.call(self.house.settle)

    def pass_time(self, by_ms: int) -> None:
        """Move the clock, and let what is due then happen."""
        self.house.site.clock.advance(by_ms)
        self.settle()

    def sign_up(self, name: str, **profile: Any) -> Mastodon:
        """Somebody new, in their app."""
        client_id, secret = Mastodon.create_app("Phone", scopes=SCOPES, api_base_url=self.url)
        phone = Mastodon(
            client_id=client_id,
            client_secret=secret,
            api_base_url=self.url,
            ratelimit_method="throw",
            request_timeout=10,
        )
        phone.create_account(name, PASSWORD, f"{name}@mail.test", agreement=True, scopes=SCOPES)
        if profile:
            phone.account_update_credentials(**profile)
        return phone

    def member(self, name: str, role: str = "member") -> Member:
        """Somebody who acts through what is no part of Mastodon's API."""
        return self.call(self.house.site.member, name, role)

    def anonymous(self) -> Mastodon:
        """An app that nobody has signed in to."""
        return Mastodon(api_base_url=self.url, ratelimit_method="throw", request_timeout=10)

    def listen(self, stream: Callable[..., Any], *given: Any) -> Heard:
        """Open a stream in an app; it is open when this returns."""
        heard = Heard()
        handle = stream(*given, heard, run_async=True, timeout=300)
        self._streams.append(handle)
        until(handle.is_receiving)
        return heard

    def close(self) -> None:
        """End what would never end by itself."""
        for handle in self._streams:
            handle.close()
        self.outside.close()

    def browser(self, phone: Mastodon | Member | None) -> httpx.Client:
        """One client for programs and pages: its token, and the cookie of being signed in."""
        headers = {}
        if isinstance(phone, Member):
            headers = {**phone.headers, **self._cookie(phone.id)}
        elif phone is not None:
            token = {"Authorization": f"Bearer {phone.access_token}"}
            headers = {**token, **self._cookie(int(phone.me().id))}
        return httpx.Client(base_url=self.url, headers=headers, verify=_TLS, trust_env=False)

    def _cookie(self, account_id: int) -> dict[str, str]:
        secret = self.call(sessions.start_session, self.house.world, account_id)
        return {"Cookie": f"venire_session={secret}"}

    def faults(self) -> list[str]:
        """Answers that are not as Mastodon documents them; its document knows few refusals."""
        return [fault for fault in dict.fromkeys(self._app.faults) if " 422 " not in fault]


def until(find: Callable[[], T], seconds: float = 15.0) -> T:
    """What `find` finds, when it does."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if found := find():
            return found
        time.sleep(0.01)
    raise AssertionError("it did not come to pass")


def letters(phone: Mastodon) -> list[str]:
    """What the site has written to somebody, the newest first."""
    found = phone.notifications(types=["mention"], limit=80)
    return [one.status.content for one in found if one.status.visibility == "direct"]


@contextlib.contextmanager
def open_phones(folder: Path, *, jurors: int = 0, bench: int = 1) -> Iterator[Phones]:
    """Such a house in a folder, living in a thread of its own, on a free port of the loopback."""
    # Named a TCP socket, its connections send what they have without waiting for more.
    kind = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    with socket.socket(*kind) as listening, start_blocking_portal(backend="asyncio") as portal:
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)
        served = portal.wrap_async_context_manager(_served(folder, listening, jurors, bench))
        with served as (house, app):
            phones = Phones(portal, house, app)
            try:
                yield phones
            finally:
                phones.close()
            assert not phones.faults(), "\n".join(phones.faults())


@contextlib.asynccontextmanager
async def _served(
    folder: Path, listening: socket.socket, jurors: int, bench: int
) -> AsyncIterator[tuple[Courthouse, SchemaChecker]]:
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    async with open_courthouse(folder, base_url=url) as house:
        relay = Relay(house.site.storage, house.site.subscriptions)
        house.site.storage.on_commit(relay.wake)
        relay.start()

        async def settle() -> None:
            async with asyncio.timeout(60):
                while not await relay.drained():
                    relay.wake()
                    await asyncio.sleep(0.002)

        house.site.settle = settle  # type: ignore[method-assign]
        if jurors:
            await house.seat_pool(jurors, bench=bench)
        application = create_app(
            house.court,
            SETTINGS,
            extra_routes=web_routes(house.court, SETTINGS),
            problem_page=lost_page(house.court, SETTINGS),
        )
        app = SchemaChecker(application)
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                http=BoundedProtocol,
                ws=FrameProtocol,
                ws_per_message_deflate=False,
                timeout_graceful_shutdown=2,
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield house, app
        finally:
            application.streaming.close()
            server.should_exit = True
            await serving
            await relay.stop()
