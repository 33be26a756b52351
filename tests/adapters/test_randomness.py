"""Rounds of the beacon over HTTP, from relays that answer, and from those that do anything else."""

from __future__ import annotations

import asyncio
import contextlib
import json

import pytest

from tests.kit.beacons import QUICKNET
from venire.adapters.push.addresses import Gate
from venire.adapters.randomness import DrandRelays
from venire.jury.beacon import CHAIN
from venire.kernel.ports import Beacon

pytestmark = [pytest.mark.anyio, pytest.mark.loopback]

SAID = json.dumps({"round": 1000, "randomness": "ab" * 32, "signature": QUICKNET[1000]}).encode()


@contextlib.asynccontextmanager
async def a_relay(body: bytes, *, head: bytes = b"HTTP/1.1 200 OK\r\n", pause_s: float = 0):
    """A server that answers everything alike; its address, and what it was asked."""
    asked: list[str] = []
    over = asyncio.Event()
    answering: set[asyncio.Task[None] | None] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering.add(asyncio.current_task())
        with contextlib.suppress(ConnectionError):
            request = await reader.readuntil(b"\r\n\r\n")
            asked.append(request.split(b" ")[1].decode())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), pause_s)
            length = f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
            writer.write(head + length + body)
            await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", asked
        over.set()
        await asyncio.gather(*(task for task in answering if task is not None))


async def ask(*places: str, number: int | None = 1000, loopback: bool = True) -> list[Beacon]:
    relays = DrandRelays(places, CHAIN, Gate(loopback=loopback))
    try:
        return await relays.ask(number)
    finally:
        await relays.close()


async def test_a_round_is_asked_for_by_chain_and_number():
    async with a_relay(SAID) as (place, asked):
        assert await ask(place + "/") == [Beacon(1000, QUICKNET[1000])]
        assert await ask(place, number=None) == [Beacon(1000, QUICKNET[1000])]
    assert asked == [f"/{CHAIN}/public/1000", f"/{CHAIN}/public/latest"]


@pytest.mark.parametrize(
    ("body", "head"),
    [
        (SAID, b"HTTP/1.1 404 Not Found\r\n"),
        (SAID, b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"),
        (b"", b"HTTP/1.1 200 OK\r\n"),
        (b"not json", b"HTTP/1.1 200 OK\r\n"),
        (b"[" * 4_000, b"HTTP/1.1 200 OK\r\n"),
        (b"\xff\xfe" + SAID, b"HTTP/1.1 200 OK\r\n"),
        (SAID + b" " * 100_000 + b"x", b"HTTP/1.1 200 OK\r\n"),
        (b'{"round": "x", "signature": 7}', b"HTTP/1.1 200 OK\r\n"),
        (b'{"round": 1000, "signature": "ab"}', b"HTTP/1.1 200 OK\r\n"),
        (SAID, b"nonsense\r\n"),
    ],
)
async def test_an_answer_that_is_no_round_is_no_answer(body, head):
    async with a_relay(body, head=head) as (place, asked):
        found = await ask(place)
    assert len(asked) == 1
    assert found == []


async def test_the_others_are_heard_beside_one_that_is_silent(monkeypatch):
    monkeypatch.setattr("venire.adapters.randomness._WHOLE_S", 0.3)
    async with (
        a_relay(SAID, pause_s=5) as (silent, _),
        a_relay(SAID) as (honest, _),
    ):
        found = await ask(silent, "http://127.0.0.1:1", honest)
    assert found == [Beacon(1000, QUICKNET[1000])]


@pytest.mark.parametrize(
    "place", ["https://127.0.0.1", "https://localhost", "http://192.0.2.1", "https://[::1]", "x"]
)
async def test_nothing_leads_inside(place):
    assert await ask(place, loopback=False) == []
