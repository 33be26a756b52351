# ruff: noqa: INP001 - scripts, not a package
"""Where each microsecond of a home read goes: parts of it, in process, warm; CPU of this process.

venire benchmark --data DIR --only instance     (seeds a site into DIR)
python benchmarks/home_read.py DIR
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvloop

from venire.api.app import create_app
from venire.api.entities.status import status_page
from venire.people.tokens import authenticate
from venire.posts.home import home
from venire.posts.model import Window
from venire.posts.sight import Sight
from venire.server.run import api_settings
from venire.server.settings import load_settings
from venire.server.wiring import open_house

_READERS = 40
_ROUNDS, _READS, _TURN = 5, 300, 8


async def _cost(name: str, work: Callable[[int], Awaitable[Any]]) -> None:
    """Print the least of some rounds; the loop turns now and then, as it does when serving."""
    best = float("inf")
    for _ in range(_ROUNDS):
        started = time.process_time()
        for number in range(_READS):
            await work(number % _READERS)
            if number % _TURN == 0:
                await asyncio.sleep(0)
        best = min(best, (time.process_time() - started) / _READS)
    print(f"{name:44}{best * 1e6:8.1f} us")  # noqa: T201 - a script prints


def _scope(path: str, token: str) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"limit=20",
        "root_path": "",
        "headers": [(b"host", b"localhost"), (b"authorization", f"Bearer {token}".encode())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 1),
        "extensions": {},
    }


async def _empty() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _nowhere(_message: Any) -> None:
    return


async def _measure(folder: Path) -> None:
    seeded = json.loads((folder / "benchmark.json").read_text())
    tokens = [member["token"] for member in seeded["members"]][:_READERS]
    settings = load_settings({"data": str(folder), "profile": "acceptance", "port": 3000})
    async with open_house(settings) as house:
        world = house.world
        app = create_app(house.court, api_settings(settings, house.court.policy))
        bearers = [await authenticate(world, token) for token in tokens]
        ids = [bearer.account.id for bearer in bearers if bearer and bearer.account]
        sights = [await Sight.of(world, one) for one in ids]
        pages = [
            (await home(world, one, Window(limit=20), sight)).items
            for one, sight in zip(ids, sights, strict=True)
        ]

        async def choose(reader: int) -> None:
            sight = await Sight.of(world, ids[reader])
            await home(world, ids[reader], Window(limit=20), sight)

        async def ask(path: str, reader: int) -> None:
            await app(_scope(path, tokens[reader]), _empty, _nowhere)

        await _cost("a whole read", lambda one: ask("/api/v1/timelines/home", one))
        await _cost("  edge, routing, an empty answer", lambda one: ask("/health", one))
        await _cost("  token to account", lambda one: authenticate(world, tokens[one]))
        await _cost("  blocks, mutes, followees", lambda one: Sight.of(world, ids[one]))
        await _cost("  those and choosing 20 posts", choose)
        await _cost(
            "  writing 20 posts",
            lambda one: status_page(world, pages[one], ids[one], sight=sights[one]),
        )


def main() -> None:
    """Measure on a copy of a seeded folder."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "data"
        shutil.copytree(sys.argv[1], copy)
        uvloop.run(_measure(copy))


if __name__ == "__main__":
    main()
