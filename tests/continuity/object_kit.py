"""Stores that do as they are told: away, closed, slow, full, lying, forgetful."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from obstore.store import MemoryStore

from venire.adapters.objects.bucket import Bucket
from venire.adapters.objects.local import LocalObjects
from venire.adapters.objects.sealing import Seal
from venire.continuity.objects.mirrored_objects import EVIDENCE, MEDIA, MirroredObjects
from venire.continuity.objects.object_mirroring import Mirroring
from venire.kernel.vendors import AccountClosed, VendorUnavailable
from venire.storage.world import World


class Outside(Bucket):
    """A store in memory. `mood`: well, away, closed, full, hangs, lies (about writes)."""

    def __init__(self) -> None:
        super().__init__(MemoryStore())
        self.mood = "well"
        self.asked: list[str] = []
        self.spoilt: set[str] = set()

    @contextlib.asynccontextmanager
    async def _watched(self, size: int) -> AsyncIterator[None]:
        if self.mood == "hangs":
            await asyncio.sleep(3_600)
        if self.mood == "away":
            raise VendorUnavailable("failing")
        if self.mood == "closed":
            raise AccountClosed("forbidden")
        async with super()._watched(size):
            yield

    async def put_file(self, file: io.BufferedIOBase) -> str:
        self.asked.append("put")
        if self.mood == "full":
            raise VendorUnavailable("full")
        if self.mood == "lies":
            return "0" * 64
        return await super().put_file(file)

    async def read(self, key: str, start: int, length: int) -> bytes:
        self.asked.append("read")
        part = await super().read(key, start, length)
        return bytes(len(part)) if key in self.spoilt else part

    async def look(self, key: str) -> str:
        return "spoilt" if key in self.spoilt else await super().look(key)

    async def delete(self, key: str) -> None:
        self.spoilt.discard(key)
        await super().delete(key)

    def lose_everything(self) -> None:
        self._opened = MemoryStore()

    async def everything(self) -> dict[str, bytes]:
        return {key: await self.get(key) or b"" async for key, _ in self.keys("")}


@dataclasses.dataclass
class Place:
    """A site's objects: `folder` of media, stores a and b, the worker."""

    world: World
    folder: Path
    a: Outside
    b: Outside
    media: MirroredObjects
    evidence: MirroredObjects
    mirroring: Mirroring

    async def settle(self) -> None:
        """Work until nothing is due any more, the clock standing still."""
        for _ in range(20):
            if not await self.mirroring.work():
                return
        raise AssertionError("the queue did not come to rest")

    def restarted(self) -> Place:
        """The same after the process was killed: nothing is remembered but rows and files."""
        return place_at(self.world, self.folder.parent, self.a, self.b)

    def files(self) -> Iterator[Path]:
        return self.folder.glob("??/*")


SECRET = b"s" * 32


def place_at(
    world: World, folder: Path, a: Outside | None = None, b: Outside | None = None
) -> Place:
    """Objects over a folder and two stores."""
    one, two = a or Outside(), b or Outside()
    kinds = {}
    for kind in (MEDIA, EVIDENCE):
        kinds[kind] = MirroredObjects(
            world,
            kind,
            LocalObjects(folder / kind),
            {"a": one, "b": two},
            Seal(SECRET, kind),
            budget_s=0.05,
        )
    mirroring = Mirroring(world, kinds)
    return Place(world, folder / MEDIA, one, two, kinds[MEDIA], kinds[EVIDENCE], mirroring)
