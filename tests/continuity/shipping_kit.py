"""Stores that fail in every way, and a reader of what was shipped that shares nothing with ours."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pyrage

from venire.adapters.objects.named import Place, open_store
from venire.continuity.journal.news import Pace
from venire.continuity.journal.segments import FIRST_CHAIN, check_follows, open_segment
from venire.continuity.journal.shipper import Shipper
from venire.continuity.journal.slices import Slices
from venire.continuity.journal.stores import Store
from venire.continuity.recovery.claiming import hand_of
from venire.kernel.ports import NamedObject, NamedObjects
from venire.kernel.vendors import AccountClosed, VendorUnavailable
from venire.record.note import Signer
from venire.storage.journal import JournalEntry
from venire.storage.world import World

SEED = b"k" * 32
PUBLIC = str(Signer("venire.test/record", SEED).verifier)
KEY = pyrage.x25519.Identity.generate()
QUICK = Pace(gap_s=0.01, look_s=0.05, patience_s=0.15, glance_s=0.01)
_SEGMENT = re.compile(r"journal/(\d{8})/(\d{20})-(\d{20})\.seg")


class Moody:
    """A store as it is told to be: `mood` is how it fails, `lies` what it makes of a write."""

    def __init__(self, inner: NamedObjects | None = None) -> None:
        self.inner: NamedObjects = inner or open_store(Place(url="memory:///"))
        self.mood = ""
        self.lies = ""
        self.puts = 0

    async def _feel(self) -> None:
        if self.mood == "down":
            raise VendorUnavailable("no_answer")
        if self.mood == "closed":
            raise AccountClosed("access_refused")
        if self.mood == "hangs":
            await asyncio.Event().wait()

    async def put(self, name: str, content: bytes, *, create: bool = False) -> None:
        await self._feel()
        self.puts += 1
        if self.lies == "drops":
            return
        if self.lies == "halves":
            content = content[: len(content) // 2]
        await self.inner.put(name, content, create=create)

    async def get(self, name: str, most: int) -> bytes | None:
        await self._feel()
        return await self.inner.get(name, most)

    async def read(self, name: str, length: int) -> bytes | None:
        await self._feel()
        return await self.inner.read(name, length)

    async def size(self, name: str) -> int | None:
        await self._feel()
        return await self.inner.size(name)

    async def listing(self, prefix: str, after: str = "") -> list[NamedObject]:
        await self._feel()
        return await self.inner.listing(prefix, after)

    async def delete(self, names: Sequence[str]) -> None:
        await self._feel()
        await self.inner.delete(names)


def store(objects: NamedObjects, name: str = "first", call_s: float = 0.2) -> Store:
    return Store(name, objects, call_s=call_s)


def signed(world: World) -> Slices:
    """Cuts that carry the site's signature, and know it again."""
    return Slices(world.storage, [KEY.to_public()], *hand_of(PUBLIC, SEED))


def shipper(world: World, *stores: Store, pace: Pace = QUICK) -> Shipper:
    slices = signed(world)
    return Shipper(world, stores, slices, origin="venire.test/record", pace=pace)


@contextlib.asynccontextmanager
async def shipping(
    world: World, *stores: Store, pace: Pace = QUICK
) -> AsyncIterator[tuple[Shipper, asyncio.Task[None]]]:
    """A shipper at work while the block runs; what it raised is in the task."""
    made = shipper(world, *stores, pace=pace)
    task = asyncio.create_task(made.run())
    try:
        yield made, task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def segments_in(objects: NamedObjects, generation: int = 1) -> list[tuple[int, int, str]]:
    found = [(_SEGMENT.fullmatch(one.name), one.name) for one in await objects.listing("journal/")]
    return sorted(
        (int(match[2]), int(match[3]), name)
        for match, name in found
        if match is not None and int(match[1]) == generation
    )


async def journal_in(
    objects: NamedObjects, generation: int = 1, chain: bytes = FIRST_CHAIN
) -> list[JournalEntry]:
    """Everything that was shipped in a generation, proven: opened, chained, without overlap."""
    entries: list[JournalEntry] = []
    reached = 0
    for first, last, name in await _longest(objects, generation):
        assert first > reached
        content = await objects.get(name, 1 << 30)
        assert content is not None
        segment = open_segment(content, [KEY])
        header = segment.header
        assert (header.generation, header.first, header.last) == (generation, first, last)
        check_follows(header, chain)
        chain, reached = header.chain_bytes, last
        entries += segment.entries
    return entries


async def _longest(objects: NamedObjects, generation: int) -> list[tuple[int, int, str]]:
    kept: list[tuple[int, int, str]] = []
    everything = await segments_in(objects, generation)
    for one in sorted(everything, key=lambda one: (one[0], -one[1])):
        if not kept or one[1] > kept[-1][1]:
            kept.append(one)
    return kept


async def until(check: Callable[[], Awaitable[bool]], within_s: float = 8.0) -> None:
    """Wait for something to come to pass."""
    async with asyncio.timeout(within_s):
        while not await check():  # noqa: ASYNC110 - a store has no event for this
            await asyncio.sleep(0.01)


async def caught_up(world: World, objects: NamedObjects, generation: int = 1) -> None:
    """Wait until a store has the whole journal of the host, as far as it goes now."""
    newest = (await world.storage.journal(0, 100_000))[-1].sequence

    async def there() -> bool:
        found = await segments_in(objects, generation)
        return bool(found) and max(last for _, last, _ in found) >= newest

    await until(there)
