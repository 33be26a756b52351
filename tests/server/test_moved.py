"""What the old address of a site answers: the way on, and to nobody else."""

from __future__ import annotations

import pytest
from starlette.types import Message, Receive

from venire.server.moved import led_on

pytestmark = pytest.mark.anyio

_TO = "https://new.example"


async def _unread() -> Message:
    raise AssertionError


async def _location(target: bytes) -> str:
    told: list[Message] = []

    async def send(message: Message) -> None:
        told.append(message)

    receive: Receive = _unread
    scope = {"type": "http", "method": "GET", "query_string": b"a=1", "raw_path": target}
    await led_on({**scope, "path": target.decode()}, receive, send, _TO)
    return dict(told[0]["headers"])[b"location"].decode()


@pytest.mark.parametrize(
    "target", [b"/@ann/1", b"//other.example/", b"@other.example/", b".other.example/", b"*", b""]
)
async def test_no_request_makes_the_new_address_part_of_another_one(target):
    assert (await _location(target)).startswith(f"{_TO}/")


async def test_a_reader_is_led_to_the_same_page_there():
    assert await _location(b"/@ann/1") == f"{_TO}/@ann/1?a=1"
