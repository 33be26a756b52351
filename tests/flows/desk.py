"""A house with a notice desk and an operator at it, and notices as outside bodies send them."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import struct
import zlib
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.kit.courthouse import Courthouse, open_courthouse
from tests.kit.site import Member, OpenSite
from venire.notices import actions, intake
from venire.notices.model import Envelope, Notice
from venire.storage.relay import Relay

HEAD = {
    "provider": "aws",
    "reference": "AWS-2021-01",
    "kind": "items",
    "category": "incitement_to_violence",
    "reply_to": "abuse@provider.example",
}


class Desk:
    """The house, and `operator`, an admin who handles its notices."""

    def __init__(self, house: Courthouse, operator: Member) -> None:
        self.house = house
        self.operator = operator

    async def upload(
        self,
        document: dict[str, Any] | bytes,
        files: Iterable[tuple[str, bytes]] = (),
        *,
        sender: Member | None = None,
        name: str = "notice.json",
    ) -> httpx.Response:
        """POST /api/v1/notices as multipart, and nothing more."""
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        parts = [("notice", (name, content))]
        parts += [(f"file{place}", each) for place, each in enumerate(files)]
        return await (sender or self.operator).post("/api/v1/notices", files=parts)

    async def send(
        self,
        items: Sequence[Any],
        files: Iterable[tuple[str, bytes]] = (),
        *,
        sender: Member | None = None,
        **head: Any,
    ) -> str:
        """Send a notice that must be taken, and let the desk work on it; its reference."""
        document = {**HEAD, **head, "items": items}
        answer = await self.upload(document, files, sender=sender)
        assert answer.status_code == 202, answer.text
        assert answer.json()["items"] == len(items)
        await self.house.settle()
        return str(answer.json()["ref"])

    async def receive(self, path: Path, **known: Any) -> Notice:
        """What `venire notice import PATH` does beside a running site."""
        world = self.house.world
        parcel = intake.open_path(path)
        parsed = intake.parse_document(
            parcel.document,
            now_ms=world.now_ms(),
            name=parcel.name,
            files=parcel.files,
            envelope=Envelope(**known),
        )
        kept = await actions.receive(
            world,
            self.house.court.objects,
            self.house.court.policy.notices,
            actions.Delivery(parsed, parcel.document, parcel.files),
            actions.Sender("", verified=True, posts_per_day=0),
        )
        await self.house.settle()
        return kept

    async def show(self, ref: str | int) -> dict[str, Any]:
        answer = await self.operator.get(f"/api/v1/notices/{ref}")
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def states(self, ref: str | int) -> dict[int, str]:
        """Item number -> its state, or its code where it cannot be read."""
        items = (await self.show(ref))["items"]
        return {item["n"]: item["code"] or item["state"] for item in items}

    async def shown_to(self, viewer: Member, post_id: str) -> bool:
        answer = await viewer.get(f"/api/v1/statuses/{post_id}")
        assert answer.status_code in {200, 404}
        return answer.status_code == 200

    def url(self, author: Member, post_id: str) -> str:
        return f"{self.house.world.site.base_url}/@{author.username}/{post_id}"


@contextlib.asynccontextmanager
async def open_desk(folder: Path, *, jurors: int = 0) -> AsyncIterator[Desk]:
    async with open_courthouse(folder) as house:
        # Before the jurors come: they settle too.
        house.site.settle = functools.partial(_settle, house.site)  # type: ignore[method-assign]
        if jurors:
            await house.seat_pool(jurors)
        yield Desk(house, await house.site.member("operator", role="admin"))


async def _settle(site: OpenSite) -> None:
    """As the kit's, but those who wait are woken, as in a running site: no half second each."""
    relay = Relay(site.storage, site.subscriptions, pause_s=0.001)
    relay.start()
    try:
        async with asyncio.timeout(60):
            while not await relay.drained():
                relay.wake()
                await asyncio.sleep(0.001)
    finally:
        await relay.stop()


def png(width: int = 64, height: int = 64, *, padding: int = 0) -> bytes:
    """A sound black PNG; `padding`: bytes of a chunk that every decoder skips."""
    rows = zlib.compress(b"\x00" * (height * ((width + 7) // 8 + 1)), 9)
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"prVt", b"\x00" * padding)] if padding else [(b"IHDR", head)]
    chunks += [(b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
