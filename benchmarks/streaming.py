"""What a post costs where thousands listen: `python -m benchmarks.streaming [SOCKETS ...]`.

A site in a process of its own behind the server that runs it, clients in another, both on this
machine: a client reads 1,000 sockets in about 10 ms, which is part of what "last" says.
"""

# ruff: noqa: INP001 - a command, not a package

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import resource
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
import uvicorn
import uvloop
from rich.console import Console
from rich.table import Table as Printed
from websockets.asyncio.client import ClientConnection, connect

from venire.api.app import create_app
from venire.api.settings import ApiSettings
from venire.api.streaming.route import WORD_BYTES
from venire.kernel.ids import AccountId
from venire.people import actions as people
from venire.people import follows
from venire.posts import actions as posts
from venire.posts.model import Draft
from venire.server.settings import Settings
from venire.server.sockets import FrameProtocol
from venire.server.wiring import open_house

SIZES = (1_000, 5_000)
FIRES = 8
_CROWD = 64
_TEXT = "Air sudah surut di kampung kami, terima kasih semua. " * 8


def raise_limit() -> None:
    """As many files as this machine lets us open."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def proportional_mib() -> float:
    """The proportional share of memory of this process, in MiB."""
    for line in Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1_024
    return 0.0


@contextlib.asynccontextmanager
async def served(folder: Path, listening: socket.socket) -> AsyncIterator[Any]:
    """A site behind uvicorn, with its author; no workers, so that streaming is all that is paid."""
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    settings = Settings(data=str(folder), profile="acceptance", base_url=url)
    async with open_house(settings) as house:
        app = create_app(house.court, ApiSettings(confirmed_contact_required=False))
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws=FrameProtocol,
            ws_per_message_deflate=False,
            ws_max_size=WORD_BYTES,
            ws_ping_interval=30,
            ws_ping_timeout=30,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield house.world
        finally:
            app.streaming.close()
            server.should_exit = True
            await task


async def run_site(folder: Path, pipe: Connection, listening: socket.socket, sockets: int) -> None:
    """The site's process: makes members, posts when told, says what it cost."""
    async with served(folder, listening) as world:
        author = await people.create_account(world, "author", "author@mail.test", "correct horse")
        tokens = []
        for n in range(sockets):
            one = await people.create_account(world, f"m{n}", f"m{n}@mail.test", "correct horse")
            await follows.follow(world, AccountId(int(one.id)), int(author.id))
            tokens.append(one.access_token)
        pipe.send((tokens, proportional_mib()))
        while await asyncio.to_thread(pipe.recv) == "post":
            before = time.process_time()
            await posts.publish(world, int(author.id), Draft(text=_TEXT))
            committed = time.perf_counter()
            pipe.send(committed)
            await asyncio.to_thread(pipe.recv)
            pipe.send((time.process_time() - before, proportional_mib()))


def site_process(folder: str, pipe: Connection, listening: socket.socket, sockets: int) -> None:
    """Where the site runs."""
    raise_limit()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run_site(Path(folder), pipe, listening, sockets))


class Ears:
    """Every socket of the client's side, and when each heard the last event."""

    def __init__(self) -> None:
        self.lines: list[ClientConnection] = []
        self.readers: list[asyncio.Task[None]] = []
        self.heard: list[float] = []
        self.all_heard = asyncio.Event()

    async def open(self, port: int, stream: str, tokens: list[str]) -> None:
        """Connect them, some at a time."""
        gate = asyncio.Semaphore(_CROWD)
        uri = f"ws://127.0.0.1:{port}/api/v1/streaming?stream={stream}"

        async def one(token: str) -> None:
            async with gate:
                headers = {"Authorization": f"Bearer {token}"}
                line = await connect(
                    uri, additional_headers=headers, compression=None, ping_interval=None
                )
            self.lines.append(line)
            self.readers.append(asyncio.create_task(self._read(line)))

        await asyncio.gather(*(one(token) for token in tokens))

    async def _read(self, line: ClientConnection) -> None:
        with contextlib.suppress(Exception):
            async for _ in line:
                self.heard.append(time.perf_counter())
                if len(self.heard) == len(self.lines):
                    self.all_heard.set()

    async def close(self) -> None:
        """Hang up."""
        for reader in self.readers:
            reader.cancel()
        await asyncio.gather(*(line.close() for line in self.lines), return_exceptions=True)


async def measure(stream: str, sockets: int, pipe: Connection, port: int) -> dict[str, float]:
    """Open so many sockets, post some times, and say how it went."""
    tokens, before_mib = await asyncio.to_thread(pipe.recv)
    ears = Ears()
    started = time.perf_counter()
    await ears.open(port, stream, tokens)
    opened_s = time.perf_counter() - started
    lasts: list[float] = []
    middles: list[float] = []
    costs: list[float] = []
    mib = 0.0
    for _ in range(FIRES):
        ears.heard.clear()
        ears.all_heard.clear()
        pipe.send("post")
        async with asyncio.timeout(30):
            await ears.all_heard.wait()
        committed = await asyncio.to_thread(pipe.recv)
        pipe.send("done")
        cost_s, mib = await asyncio.to_thread(pipe.recv)
        lasts.append((max(ears.heard) - committed) * 1e3)
        middles.append((statistics.median(ears.heard) - committed) * 1e3)
        costs.append(cost_s * 1e3)
        await asyncio.sleep(0.3)
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{port}/api/v1/streaming/health")
        answer.raise_for_status()
    await ears.close()
    pipe.send("end")
    return {
        "connecting, ms each": opened_s / sockets * 1e3,
        "last socket, ms (median)": statistics.median(lasts),
        "last socket, ms (worst)": max(lasts),
        "middle socket, ms": statistics.median(middles),
        "server CPU per post, ms": statistics.median(costs),
        "server PSS, MiB": mib,
        "per socket, KiB": (mib - before_mib) / sockets * 1_024,
    }


def benchmark(stream: str, sockets: int) -> dict[str, float]:
    """One site, one stream, so many sockets."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(2_048)
        here, there = multiprocessing.Pipe()
        process = multiprocessing.get_context("fork").Process(
            target=site_process, args=(folder, there, listening, sockets)
        )
        process.start()
        try:
            port = listening.getsockname()[1]
            return asyncio.run(measure(stream, sockets, here, port))
        finally:
            process.join(30)
            process.kill()


def main(sizes: tuple[int, ...]) -> None:
    """Measure each stream with each number of sockets; one column for each, and JSON."""
    raise_limit()
    columns = {(one, size): benchmark(one, size) for size in sizes for one in ("public", "user")}
    printed = Printed(title="one post, told to WebSockets")
    printed.add_column("measure")
    for stream, size in columns:
        printed.add_column(f"{size:,} {stream}", justify="right")
    for name in next(iter(columns.values())):
        printed.add_row(name, *(f"{column[name]:,.1f}" for column in columns.values()))
    console = Console()
    console.print(printed)
    console.print(json.dumps({f"{size} {one}": column for (one, size), column in columns.items()}))


if __name__ == "__main__":
    main(tuple(int(word) for word in sys.argv[1:]) or SIZES)
