"""One object store made of several: the host's folder, and behind it stores of different owners.

A write is acknowledged when the folder has it, durably; the rest follows from the queue, in the
leader (`object_mirroring`). A read is the folder's, and goes on to the others after 300 ms, or at
once where the folder has nothing. What leaves the host is sealed, media too: an object does not
know whether a private post shows it. No address of a vendor is ever in a row.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import logging
import os
import tempfile
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, BinaryIO, Final

from venire.adapters.objects.bucket import Bucket
from venire.adapters.objects.local import LocalObjects
from venire.adapters.objects.sealing import HEAD, PART_BYTES, Seal, Span, sealed_size, span
from venire.continuity.objects import object_book
from venire.continuity.objects.hedging import BUDGET_S, first_of
from venire.continuity.objects.object_book import GONE, KEPT, names_of
from venire.continuity.vendors import breaker, vendor_states
from venire.continuity.vendors.breaker import SHUT, Health
from venire.continuity.vendors.failover import Failover
from venire.kernel.errors import Invalid, Problem, Refused, Unavailable
from venire.kernel.vendors import VendorFault, VendorUnavailable
from venire.storage.tables.objects import StoredObjectRow
from venire.storage.world import World

_log = logging.getLogger(__name__)
KIND: Final = "objects"
EVIDENCE: Final = "evidence"
MEDIA: Final = "media"
TRY_S: Final = 900.0
"""A film of 99 MB over a slow line; what hangs ends by the adapter's own deadline."""
_PIECE: Final = 16 * PART_BYTES
_WHOLE: Final = 256 * 1024 * 1024
_REFILLS: Final = 2
_TRIES: Final = 8


class MirroredObjects:
    """`kernel.ports.ObjectStore` of one kind, evidence or media.

    `stores`: by name, in the order in which they are asked. Evidence is never deleted: nothing in
    the house lets go of what a case or a notice rests on, whoever asks.
    """

    def __init__(
        self,
        world: World,
        kind: str,
        local: LocalObjects,
        stores: Mapping[str, Bucket],
        seal: Seal,
        *,
        budget_s: float = BUDGET_S,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self.world = world
        self.kind = kind
        self.local = local
        self.seal = seal
        self.vendors: Failover[Bucket] = Failover(world, KIND, stores, try_s=TRY_S, share=0.0)
        self.wake = wake
        self._budget_s = budget_s
        self._behind: dict[str, asyncio.Task[None]] = {}
        self._room = asyncio.Semaphore(_REFILLS)

    @property
    def names(self) -> frozenset[str]:
        """The stores outside."""
        return frozenset(self.vendors.names)

    async def put(self, content: bytes) -> str:
        """Keep bytes; return their key. Unavailable `objects_failing` where no place takes them."""
        key = hashlib.sha256(content).hexdigest()
        await self._kept(key, len(content), self.local.put(content), io.BytesIO(content))
        return key

    async def put_file(self, file: BinaryIO) -> str:
        """Keep a file, from its beginning, without holding it in memory; return its key."""
        key = await asyncio.to_thread(_digest, file)
        size = os.fstat(file.fileno()).st_size
        await self._kept(key, size, self.local.put_file(file), file)
        return key

    async def _kept(
        self,
        key: str,
        size: int,
        writing: Coroutine[Any, Any, str],
        file: BinaryIO,
    ) -> None:
        """Announce and write at once: the row costs no time that the disk would not."""
        told, written = await asyncio.gather(
            object_book.announce(self.world, self.kind, key, size), writing, return_exceptions=True
        )
        if isinstance(told, BaseException):
            raise told
        if isinstance(written, Unavailable):
            _log.error("folder_refuses_objects", extra={"kind": self.kind})
            await self._elsewhere(key, size, file, written)
        elif isinstance(written, BaseException):
            raise written
        self.wake()

    async def _elsewhere(self, key: str, size: int, file: BinaryIO, why: Unavailable) -> None:
        """Have the first store that can take what the folder refuses, before anybody is told."""
        try:
            with tempfile.TemporaryFile() as sealed:
                row = await self.sealed_into(key, size, _reader(file), sealed)
                if row is None:
                    raise why
                done = await self.vendors.call(lambda store: store.put_file(sealed))
                kept = await object_book.settle(
                    self.world,
                    row,
                    self.world.now_ms(),
                    state=KEPT,
                    stores=object_book.joined(names_of(row) | {done.vendor}),
                )
        except (OSError, VendorFault) as error:
            raise why from error
        if kept is None:
            raise why

    async def get(self, key: str) -> bytes | None:
        """The bytes of a key, from whoever has them, checked."""
        stored: list[StoredObjectRow] = []

        async def rest() -> bytes | None:
            row = await self._known(key)
            if row is None:
                return None
            if row.size > _WHOLE:
                raise Refused("object_too_large", "read it in parts", limit=_WHOLE)
            stored.append(row)
            return await self._from_stores(row, 0, row.size)

        found = await first_of([lambda: self.local.get(key), rest], self._budget_s)
        if found is None or hashlib.sha256(found).hexdigest() != key:
            return None
        if stored:
            self.refill(stored[0])
        return found

    async def size(self, key: str) -> int | None:
        """How many bytes a key has; no store is asked."""
        try:
            found = await self.local.size(key)
        except Unavailable:
            found = None
        if found is None:
            row = await self._known(key)
            found = None if row is None else row.size
        return found

    async def read(self, key: str, start: int, length: int) -> bytes:
        """A part of the bytes of a key; what comes from outside is checked, what is here not."""
        if length <= 0 or start < 0:
            return b""
        stored: list[StoredObjectRow] = []

        async def here() -> bytes | None:
            return await self.local.read(key, start, length) or None

        async def rest() -> bytes | None:
            row = await self._known(key)
            if row is None or start >= row.size:
                return None
            stored.append(row)
            return await self._from_stores(row, start, min(length, row.size - start))

        found = await first_of([here, rest], self._budget_s)
        if stored and found is not None:
            self.refill(stored[0])
        return found or b""

    async def delete(self, key: str) -> None:
        """Forget the bytes of a key, here now and in every store as soon as it can be reached.

        Refused `evidence_is_kept` for evidence.
        """
        if self.kind == EVIDENCE:
            raise Refused("evidence_is_kept", "what a case or a notice rests on is not deleted")
        await object_book.bury(self.world, self.kind, key, self.names)
        await self.local.delete(key)
        self.wake()

    async def close(self) -> None:
        """Leave what is being brought back; the next read does it."""
        for task in self._behind.values():
            task.cancel()
        await asyncio.gather(*self._behind.values(), return_exceptions=True)

    async def _known(self, key: str) -> StoredObjectRow | None:
        """An object that some store has."""
        row = await object_book.load(self.world, self.kind, key)
        if row is None or row.state == GONE or not row.sealed_key or not row.stores:
            return None
        return row

    async def asked(self, row: StoredObjectRow) -> list[str]:
        """The stores that have an object, those that serve first."""
        having = [name for name in self.vendors.names if name in names_of(row)]
        healths = await vendor_states.load(self.world, KIND)
        order = breaker.order(having, healths, self.world.now_ms(), luck=1.0, share=0.0)
        shut = [name for name in having if name not in order]
        # One that refuses our account may still hand out what it has: it is asked last.
        return [*order, *shut]

    async def _from_stores(self, row: StoredObjectRow, start: int, length: int) -> bytes | None:
        names = await self.asked(row)
        if not names:
            raise Unavailable("objects_failing", "no store that has this can be asked")
        try:
            return await first_of(
                [lambda name=name: self._from(name, row, start, length) for name in names],  # type: ignore[misc]
                self._budget_s,
            )
        except VendorFault as fault:
            raise Unavailable("objects_failing", "no store hands this out now") from fault

    async def _from(self, name: str, row: StoredObjectRow, start: int, length: int) -> bytes | None:
        """A part of an object from one store. VendorFault where it has it not, or other bytes."""
        if length <= 0:
            # Nothing is known of an empty object but its name, which the caller checks.
            return b""
        asked = span(start, length, row.size)

        sealed = await self.vendors.call_one(
            name, lambda store: store.read(row.sealed_key, asked.start, asked.length)
        )
        # An answer all the same: one object that is lost says nothing of the others.
        try:
            plain = self._opened(row, asked, sealed)
        except Invalid as error:
            self._behind_once(f"lost {name} {row.key}", lambda: self.mistrust(name, row.key))
            raise VendorUnavailable("wrong_bytes") from error
        return plain[asked.skip : asked.skip + length]

    def _opened(self, row: StoredObjectRow, asked: Span, sealed: bytes) -> bytes:
        if len(sealed) != asked.length:
            raise Invalid("object_spoilt", "a store has not all of it")
        return self.seal.opened(row.key, asked.first, sealed, row.size)

    async def mistrust(self, name: str, key: str) -> None:
        """Look whether a store has an object no more, or other bytes: then it gets it anew.

        Other bytes go only where the folder or another store has the object: what a network did to
        one answer must not cost the last copy.
        """
        for _ in range(_TRIES):
            row = await object_book.load(self.world, self.kind, key)
            if row is None or name not in names_of(row) or row.state == GONE:
                return
            outside, others = row.sealed_key, names_of(row) - {name}
            found = await self.vendors.call_one(name, lambda store, at=outside: store.look(at))  # type: ignore[misc]
            if found == "held":
                return
            extra = {"kind": self.kind, "vendor": name, "key": key, "found": found}
            if found == "spoilt":
                if not others and await self.local.size(key) != row.size:
                    _log.critical("last_copy_spoilt", extra=extra)
                    return
                await self.vendors.call_one(name, lambda store, at=outside: store.delete(at))  # type: ignore[misc]
            left, now_ms = object_book.joined(others), self.world.now_ms()
            if await object_book.settle(self.world, row, now_ms, stores=left) is not None:
                _log.error("object_lost_in_store", extra=extra)
                self.wake()
                return

    def refill(self, row: StoredObjectRow) -> None:
        """Bring an object back into the folder, behind whoever was just served."""
        self._behind_once(f"refill {row.key}", lambda: self.brought_back(row))

    def _behind_once(self, name: str, work: Callable[[], Awaitable[object]]) -> None:
        if name in self._behind:
            return

        async def done() -> None:
            async with self._room:
                try:
                    await work()
                except (Problem, VendorFault, OSError):
                    _log.warning("object_not_mended", extra={"kind": self.kind}, exc_info=True)

        task = asyncio.create_task(done())
        self._behind[name] = task
        task.add_done_callback(lambda _: self._behind.pop(name, None))

    async def brought_back(self, row: StoredObjectRow) -> bool:
        """Write an object into the folder from the stores; whether it is there then, and right."""
        with tempfile.TemporaryFile() as whole:
            for start in range(0, row.size, _PIECE):
                part = await self._from_stores(row, start, min(_PIECE, row.size - start))
                await asyncio.to_thread(whole.write, part or b"")
            if await asyncio.to_thread(_digest, whole) != row.key:
                return False
            await self.local.put_file(whole)
        now = await object_book.load(self.world, self.kind, row.key)
        if now is None or now.state == GONE:
            await self.local.delete(row.key)
            return False
        return True

    async def sealed_into(
        self,
        key: str,
        size: int,
        read: Callable[[int, int], Coroutine[Any, Any, bytes]],
        sealed: BinaryIO,
    ) -> StoredObjectRow | None:
        """Seal an object into a file, and write down under which name it goes out.

        None where its row moved on meanwhile. Invalid `object_spoilt` where what was read is not
        the object.
        """
        plain, outside = hashlib.sha256(), hashlib.sha256(HEAD)
        await asyncio.to_thread(sealed.write, HEAD)
        for start in range(0, max(size, 1), _PIECE):
            part = await read(start, min(_PIECE, size - start)) if size else b""
            plain.update(part)
            ends = start + _PIECE >= size
            out = await asyncio.to_thread(
                self.seal.sealed, key, start // PART_BYTES, part, ends=ends
            )
            outside.update(out)
            await asyncio.to_thread(sealed.write, out)
        if plain.hexdigest() != key:
            raise Invalid("object_spoilt", "the folder has other bytes")
        await asyncio.to_thread(sealed.flush)
        row = await object_book.load(self.world, self.kind, key)
        if row is None or row.state == GONE:
            return None
        if row.sealed_key == outside.hexdigest():
            return row
        return await object_book.settle(
            self.world,
            row,
            row.due_at_ms,
            size=size,
            sealed_key=outside.hexdigest(),
            sealed_size=sealed_size(size),
        )


def serving(healths: Mapping[str, Health], name: str, now_ms: int) -> bool:
    """Whether a store may be written to now."""
    health = healths.get(name, Health())
    return health.state != SHUT and breaker.may_be_asked(health, now_ms)


def _digest(file: BinaryIO) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def _reader(file: BinaryIO) -> Callable[[int, int], Coroutine[Any, Any, bytes]]:
    def part(start: int, length: int) -> bytes:
        file.seek(start)
        return file.read(length)

    return lambda start, length: asyncio.to_thread(part, start, length)
