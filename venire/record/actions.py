"""The sequencer: one writer of the log. An entry has a durable index before anything follows.

Entries, tiles, keys and head are one commit, conditional on the head's version: so there are never
two roots for one size, and a key is in the log exactly once, whatever dies when. A checkpoint is
signed only for a head that has been committed.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Sequence

from venire.kernel.errors import Conflict, NotFound, TooLarge, Unavailable
from venire.record import store, tree
from venire.record.checkpoint import sign_checkpoint
from venire.record.model import ENTRIES, HASH_BYTES, Checkpoint, Tile
from venire.record.note import Signer
from venire.record.tiles import encode_bundle, tiles_for
from venire.storage.tables.record import HeadRow
from venire.storage.verbs import Storage
from venire.storage.world import World

_log = logging.getLogger(__name__)
_BATCH_ENTRIES = 32
_BATCH_BYTES = 36 * 1024
_ELSEWHERE_S = 2.0
"""How long who asks for a checkpoint waits for a new one to be told, where there is an old one."""
ENTRY_BYTES = 16 * 1024
"""Far below the 65,535 of C2SP: an entry and its tiles must fit one commit on every engine."""


@dataclasses.dataclass(slots=True)
class _Waiting:
    key: str
    entry: bytes
    index: asyncio.Future[int]


async def newest_epoch(storage: Storage) -> int:
    """The epoch of the log that goes on: 0, unless a restore had to begin another one."""
    epoch = 0
    while await store.head(storage, epoch + 1) is not None:
        epoch += 1
    return epoch


class Sequencer:
    """Appends to the log of one epoch, in the leader process. Others only read it."""

    def __init__(self, world: World, signer: Signer, *, epoch: int = 0) -> None:
        self._world = world
        self._signer = signer
        self._epoch = epoch
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._signed: tuple[int, bytes] | None = None

    @property
    def origin(self) -> str:
        """The log's name, fixed at first start."""
        return self._signer.verifier.name

    @property
    def epoch(self) -> int:
        """Which of the site's logs it is."""
        return self._epoch

    @property
    def signer(self) -> Signer:
        """Who signs its checkpoints."""
        return self._signer

    @property
    def verifier_key(self) -> str:
        """The public key in note format, `name+hash+key`."""
        return str(self._signer.verifier)

    def start(self) -> None:
        """Begin to append."""
        self._task = asyncio.create_task(self._work(), name="sequencer")

    async def stop(self) -> None:
        """Stop; what waits is told, and asked again by its own case at the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def append(self, key: str, entry: bytes) -> int:
        """Append an entry under an idempotency key; return its durable index.

        The same key gives the same index, and the first entry under it stays. Raises TooLarge
        `entry_too_large`.
        """
        if len(entry) > ENTRY_BYTES:
            raise TooLarge("entry_too_large", bytes=len(entry), limit=ENTRY_BYTES)
        there = await store.index_of(self._world.storage, key)
        if there is not None:
            return there
        waiting = _Waiting(key, entry, asyncio.get_running_loop().create_future())
        self._queue.put_nowait(waiting)
        return await waiting.index

    async def _work(self) -> None:
        while True:
            batch = [await self._queue.get()]
            size = len(batch[0].entry)
            while len(batch) < _BATCH_ENTRIES and size < _BATCH_BYTES and not self._queue.empty():
                batch.append(self._queue.get_nowait())
                size += len(batch[-1].entry)
            try:
                await self._append(batch)
            except asyncio.CancelledError:
                for waiting in batch:
                    waiting.index.cancel()
                raise
            except Exception as error:  # noqa: BLE001 - its callers must hear of it; the work goes on
                _log.exception("append_failed")
                for waiting in batch:
                    if not waiting.index.done():
                        waiting.index.set_exception(error)

    async def _append(self, batch: Sequence[_Waiting]) -> None:
        while True:
            new: dict[str, list[_Waiting]] = {}
            for waiting in batch:
                there = await store.index_of(self._world.storage, waiting.key)
                if there is None:
                    new.setdefault(waiting.key, []).append(waiting)
                elif not waiting.index.done():
                    waiting.index.set_result(there)
            if not new:
                return
            entries = [(key, same[0].entry) for key, same in new.items()]
            try:
                first = await self._commit(entries)
            except Conflict:
                # Another process moved the head: its keys may be ours, so look again.
                continue
            for index, same in enumerate(new.values(), first):
                for waiting in same:
                    if not waiting.index.done():
                        waiting.index.set_result(index)
            return

    async def _commit(self, entries: Sequence[tuple[str, bytes]]) -> int:
        storage = self._world.storage
        before = await store.head(storage, self._epoch)
        frontier = store.frontier_of(before)
        last = await store.last_tiles(storage, self._epoch, frontier.size)
        hashes = [tree.leaf_hash(entry) for _, entry in entries]

        def read(wanted: Tile) -> bytes:
            content = last.get((wanted.level, wanted.index), b"")[: wanted.width * HASH_BYTES]
            if len(content) != wanted.width * HASH_BYTES:
                raise NotFound("tile_missing", level=wanted.level, index=wanted.index)
            return content

        written = tiles_for(frontier.size, hashes, read)
        grown = tree.extend(frontier, hashes)
        version = 0 if before is None else before.version
        row = HeadRow(
            epoch=self._epoch,
            size=grown.size,
            root=tree.root(grown),
            frontier=b"".join(grown.peaks),
            at_ms=self._world.now_ms(),
            version=version + 1,
        )
        await storage.commit(
            f"record:{self._epoch}",
            store.growth(row, entries, frontier.size, written),
            expect=version,
            durable="remote",
        )
        return frontier.size

    # reading

    async def size(self) -> int:
        """How many entries the log has."""
        row = await store.head(self._world.storage, self._epoch)
        return 0 if row is None else row.size

    async def checkpoint(self) -> bytes:
        """The signed head (C2SP tlog-checkpoint), of what is committed and nothing else.

        What is told can never be untold: so it lies outside of this host first, where a store is
        set up. Until then the one before is told. Unavailable `not_kept_elsewhere` without one.
        """
        row = await store.head(self._world.storage, self._epoch)
        size = 0 if row is None else row.size
        if self._signed is None or self._signed[0] != size:
            before = self._signed
            try:
                async with asyncio.timeout(None if before is None else _ELSEWHERE_S):
                    await self._world.storage.kept_elsewhere(strict=True)
            except (Unavailable, TimeoutError):
                if before is None:
                    raise
                return before[1]
            root = tree.EMPTY_ROOT if row is None else row.root
            signed = sign_checkpoint(Checkpoint(self.origin, size, root), self._signer)
            self._signed = (size, signed)
        return self._signed[1]

    async def resource(self, wanted: Tile) -> bytes:
        """A tile or an entry bundle by its C2SP place. Raises NotFound `tile_not_found`."""
        if wanted.level == ENTRIES:
            rows = await store.bundle(self._world.storage, self._epoch, wanted.index, wanted.width)
            if len(rows) == wanted.width:
                return encode_bundle([row.entry for row in rows])
        else:
            content = await store.tile(self._world.storage, self._epoch, wanted)
            if content is not None:
                return content
        raise NotFound("tile_not_found", "the record is not that long")
