"""A site behind a real socket on 127.0.0.1, for clients that know nothing of ASGI."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import uvicorn

from tests.kit.site import OpenSite, open_site
from venire.server.connections import BoundedProtocol
from venire.server.sockets import FrameProtocol
from venire.storage.relay import Relay

T = TypeVar("T")


class Served:
    """A site that is being served; `call` runs a coroutine where the site lives."""

    def __init__(self, site: OpenSite, url: str, loop: asyncio.AbstractEventLoop) -> None:
        self.site = site
        self.url = url
        self._loop = loop

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    def close_streams(self) -> None:
        """End what would never end by itself."""
        self._loop.call_soon_threadsafe(self.site.app.streaming.close)


class _Thread:
    def __init__(self, folder: Path, listening: socket.socket, options: dict[str, Any]) -> None:
        self._folder = folder
        self._listening = listening
        self._options = options
        self._ready = threading.Event()
        self._server: uvicorn.Server | None = None
        self.served: Served | None = None
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="served-site")

    def start(self) -> Served:
        self._thread.start()
        if not self._ready.wait(30) or self.served is None:
            raise AssertionError("the site did not start") from self.failure
        return self.served

    def stop(self) -> None:
        if self._server is not None:
            if self.served is not None:
                self.served.close_streams()
            self._server.should_exit = True
        self._thread.join(30)
        if self.failure is not None:
            raise self.failure

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - told to the test's own thread
            self.failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        async with open_site(self._folder, base_url=url, **self._options) as site:
            relay = Relay(site.storage, site.subscriptions)
            site.storage.on_commit(relay.wake)
            relay.start()
            config = uvicorn.Config(
                site.checker,
                log_config=None,
                access_log=False,
                lifespan="off",
                http=BoundedProtocol,
                ws=FrameProtocol,
                ws_per_message_deflate=False,
                timeout_graceful_shutdown=2,
            )
            self._server = uvicorn.Server(config)
            self.served = Served(site, url, asyncio.get_running_loop())
            self._ready.set()
            try:
                await self._server.serve(sockets=[self._listening])
            finally:
                await relay.stop()


@contextlib.contextmanager
def serve_site(folder: Path, **options: Any) -> Iterator[Served]:
    """Serve a site until the block ends; `options` are those of `open_site`."""
    # Named a TCP socket, its connections send what they have without waiting for more.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)
        thread = _Thread(folder, listening, options)
        try:
            yield thread.start()
        finally:
            thread.stop()
