"""A store outside of the host, as backups use it: names under one prefix, deadlines, read back.

What is called by a deadline's end is `VendorUnavailable`; a write counts once its size was asked
for anew. Where things lie is in `lineage.py` and `snapshots.py`.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from venire.kernel.errors import Conflict, NotFound, Unavailable
from venire.kernel.ports import NamedObject, NamedObjects
from venire.kernel.vendors import VendorFault, VendorUnavailable

T = TypeVar("T")
CALL_S: Final = 10.0
"""How long a call may take, besides the time for its bytes."""
_BYTES_PER_S: Final = 128 * 1024
_LISTING_S: Final = 120.0
OBJECT_BYTES: Final = 64 * 1024 * 1024
"""More than anything that is written here."""


@dataclasses.dataclass(frozen=True)
class Store:
    """One of the operator's stores. `owner` and `country` are for the vendor register."""

    name: str
    objects: NamedObjects
    owner: str = ""
    country: str = ""
    call_s: float = CALL_S

    # as the shipper asks: faults of `kernel.vendors`

    async def create(self, path: str, content: bytes) -> bool:
        """Write a new object and read its size back; False where the name is taken."""
        if not await self.write_new(path, content):
            return False
        await self.check_kept(path, len(content))
        return True

    async def write_new(self, path: str, content: bytes) -> bool:
        """Write a new object, to be checked by the caller; False where the name is taken."""
        try:
            await self._within(self.objects.put(path, content, create=True), len(content))
        except Conflict:
            return False
        return True

    async def replace(self, path: str, content: bytes) -> None:
        """Write an object, whether or not it is there, and read its size back."""
        await self._within(self.objects.put(path, content), len(content))
        await self.check_kept(path, len(content))

    async def check_kept(self, path: str, size: int) -> None:
        """Believe a write no more than its trace. VendorUnavailable `write_not_kept`."""
        if await self.size(path) != size:
            raise VendorUnavailable("write_not_kept")

    async def fetch(self, path: str, most: int = OBJECT_BYTES) -> bytes | None:
        """An object; None where there is none. TooLarge `object_too_large`."""
        return await self._within(self.objects.get(path, most), most)

    async def begin_of(self, path: str, length: int) -> bytes | None:
        """The first bytes of an object."""
        return await self._within(self.objects.read(path, length), length)

    async def size(self, path: str) -> int | None:
        """How many bytes an object has."""
        return await self._within(self.objects.size(path))

    async def names(self, prefix: str, after: str = "") -> list[NamedObject]:
        """What lies below a prefix."""
        return await self._within(
            self.objects.listing(prefix, after), int(_LISTING_S * _BYTES_PER_S)
        )

    async def destroy(self, paths: Sequence[str]) -> None:
        """Forget objects."""
        if paths:
            await self._within(self.objects.delete(paths), len(paths) * 1024)

    async def _within(self, work: Awaitable[T], size: int = 0) -> T:
        try:
            async with asyncio.timeout(self.call_s + size / _BYTES_PER_S):
                return await work
        except TimeoutError as error:
            raise VendorUnavailable("too_slow", in_doubt=True) from error

    # as snapshots and restores ask (`snapshots.Shelf`): problems, with the store's name

    async def get(self, path: str) -> bytes:
        """The whole object. NotFound `object_missing`; Unavailable `store_unreachable`."""
        async with self._telling():
            content = await self.fetch(path)
        if content is None:
            raise NotFound("object_missing", store=self.name, path=path)
        return content

    async def put(self, path: str, content: bytes) -> None:
        """Write it, whether or not it is there. Unavailable `store_unreachable`."""
        async with self._telling():
            await self.replace(path, content)

    async def add(self, path: str, content: bytes) -> bool:
        """Write it where nothing is; False where there is. Unavailable `store_unreachable`."""
        async with self._telling():
            return await self.create(path, content)

    async def listing(self, prefix: str, after: str = "") -> dict[str, int]:
        """The names below a prefix, each with its size. Unavailable `store_unreachable`."""
        async with self._telling():
            return {one.name: one.size for one in await self.names(prefix, after)}

    async def remove(self, path: str) -> None:
        """Remove it; harmless where it is not there. Unavailable `store_unreachable`."""
        async with self._telling():
            await self.destroy([path])

    @asynccontextmanager
    async def _telling(self) -> AsyncIterator[None]:
        try:
            yield
        except VendorFault as fault:
            raise Unavailable(
                "store_unreachable",
                "a store outside of the host does not do what it is asked",
                store=self.name,
                fault=fault.name,
                said=fault.said,
            ) from fault
