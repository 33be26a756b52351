from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from venire.kernel.errors import Unavailable
from venire.server.acknowledging import kept_first

pytestmark = pytest.mark.anyio


class Keeping:
    """Counts what waited for it; refuses when it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.refuses = False

    async def kept(self) -> None:
        self.asked += 1
        if self.refuses:
            raise Unavailable("not_kept_elsewhere", "ask again in a minute")


async def _answer(request):
    return PlainTextResponse("done", 422 if request.url.path == "/wrong" else 200)


@pytest.fixture
def keeping() -> Keeping:
    return Keeping()


@pytest.fixture
async def client(keeping):
    inner = Starlette(routes=[Route("/{rest}", _answer, methods=["GET", "POST", "DELETE"])])
    transport = httpx.ASGITransport(app=kept_first(inner, keeping.kept))
    async with httpx.AsyncClient(transport=transport, base_url="http://venire.test") as opened:
        yield opened


async def test_a_write_waits_and_a_read_or_a_refusal_does_not(client, keeping):
    assert (await client.get("/a")).text == "done"
    assert (await client.post("/wrong")).status_code == 422
    assert keeping.asked == 0
    assert (await client.post("/a")).text == "done"
    assert (await client.delete("/a")).text == "done"
    assert keeping.asked == 2


async def test_what_no_store_took_is_not_acknowledged(client, keeping):
    keeping.refuses = True
    answer = await client.post("/a")
    assert answer.status_code == 503
    assert answer.json()["code"] == "not_kept_elsewhere"
    assert "done" not in answer.text
