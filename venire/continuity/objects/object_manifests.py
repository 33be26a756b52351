"""What should be where, compared once a day with what is: so that a loss is known, and mended.

All objects of a kind in order make a Merkle tree (RFC 6962); its root stays for a year, the list
itself lies in DATA/manifests. Each store is asked for everything it has; of a share of its objects
every byte is read. What a store lost, or has otherwise, it gets anew from the folder; what the
folder lost it gets from a store; a store that lost everything is filled again so.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from venire.adapters.objects.local import LocalObjects
from venire.continuity.objects import object_book
from venire.continuity.objects.mirrored_objects import MirroredObjects
from venire.continuity.objects.object_book import GONE, KEPT, MISSING, names_of
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Problem
from venire.kernel.vendors import VendorFault
from venire.record import tree
from venire.storage.tables.objects import OBJECT_MANIFESTS, ObjectManifestRow, StoredObjectRow
from venire.storage.world import World

_log = logging.getLogger(__name__)
SHARE: Final = 0.01
LEAST: Final = 20
"""Of each store so many of the objects are read in full each day: a hundredth, or twenty."""
_FEW: Final = 2_000
_KEPT_MS: Final = 400 * DAY_MS
_TOMBSTONE_MS: Final = 90 * DAY_MS
_PIECE: Final = 1024 * 1024
_LUCK: Final = 1 << 32
_WIDTH: Final = 256
_SPOOL: Final = 64 * 1024


class StoreReport(msgspec.Struct, omit_defaults=False):
    """How one store compares. Counts of objects; `size` in bytes.

    `held`: listed with the right size. `lost`: not there, or of another size. `read` in full, and
    of those `spoilt`. `strange`: there, and known to nobody. `reachable`: whether it answered.
    """

    held: int = 0
    size: int = 0
    lost: int = 0
    read: int = 0
    spoilt: int = 0
    strange: int = 0
    reachable: bool = True


class Manifest(msgspec.Struct, frozen=True):
    """A comparison: what there is, by `root`, and how each store compares."""

    kind: str
    at_ms: int
    objects: int
    size: int
    root: str
    here_lost: int
    stores: dict[str, StoreReport]


def leaf(row: StoredObjectRow) -> bytes:
    """The line of an object in the list: key, size, name outside, size outside."""
    return f"{row.key} {row.size} {row.sealed_key or '-'} {row.sealed_size}\n".encode()


class _Shelves:
    """What each store should have, by the first two digits of the name; many go to the disk."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._files = [
            stack.enter_context(tempfile.SpooledTemporaryFile(_SPOOL))  # noqa: SIM115 - the stack closes it
            for _ in range(_WIDTH)
        ]
        self.count = 0

    def add(self, row: StoredObjectRow) -> None:
        """Note an object that has a name outside."""
        line = f"{row.sealed_key} {row.sealed_size} {row.key} {row.state} {row.stores}\n"
        self._files[int(row.sealed_key[:2], 16)].write(line.encode())
        self.count += 1

    def of(self, number: int) -> dict[str, tuple[int, str, str, frozenset[str]]]:
        """Name outside -> size there, key, state, stores."""
        file = self._files[number]
        file.seek(0)
        found = {}
        for line in file:
            sealed, size, key, state, *stores = line.decode().strip().split(" ")
            names = frozenset(stores[0].split(",")) if stores else frozenset()
            found[sealed] = (int(size), key, state, names)
        return found


async def compare(
    world: World, objects: MirroredObjects, folder: Path, *, share: float = SHARE
) -> Manifest:
    """Compare, mend what can be mended, and write down what was found.

    `folder`: where the list goes. `share`: of the objects that are read in full, `LEAST` at least.
    """
    with contextlib.ExitStack() as stack:
        shelves = _Shelves(stack)
        count, size, root, here_lost = await _listed(world, objects, shelves, folder)
        reports: dict[str, StoreReport] = {}
        for name in objects.vendors.names:
            at_least = max(share, LEAST / max(shelves.count, 1))
            reports[name] = await _Comparing(objects, name, at_least).all_of(shelves)
        made = Manifest(objects.kind, world.now_ms(), count, size, root.hex(), here_lost, reports)
    row = ObjectManifestRow(
        kind=made.kind,
        at_ms=made.at_ms,
        objects=count,
        size=size,
        root=root,
        stores=msgspec.json.encode(reports),
    )
    await world.storage.put(OBJECT_MANIFESTS, row, expires_at_ms=made.at_ms + _KEPT_MS)
    _log.info("objects_compared", extra={"kind": made.kind, "objects": count})
    objects.wake()
    return made


async def newest(world: World, kind: str) -> Manifest | None:
    """The last comparison; one that is to come, by a clock that was ahead, is none."""
    before = (world.now_ms() + 1,)
    rows = await world.storage.range(OBJECT_MANIFESTS, (kind,), below=before, limit=1)
    if not rows:
        return None
    row = rows[0]
    stores = msgspec.json.decode(row.stores, type=dict[str, StoreReport])
    return Manifest(kind, row.at_ms, row.objects, row.size, row.root.hex(), 0, stores)


async def _listed(
    world: World, objects: MirroredObjects, shelves: _Shelves, folder: Path
) -> tuple[int, int, bytes, int]:
    """Write the list; have what the folder lost brought back; forget old tombstones."""
    await _adopt(world, objects)
    fresh = _fresh_list(folder, objects.kind)
    frontier, size, lost = tree.EMPTY, 0, 0
    with fresh.open("wb") as file:
        async for row in object_book.every(world, objects.kind):
            if row.sealed_key:
                shelves.add(row)
            if row.due_at_ms is not None and row.due_at_ms > world.now_ms() + DAY_MS:
                # Nothing is put off for longer: a clock was ahead.
                row = await object_book.settle(world, row, world.now_ms()) or row  # noqa: PLW2901
            if row.state == GONE:
                await _tombstone(world, row)
                continue
            line = leaf(row)
            frontier = tree.append(frontier, tree.leaf_hash(line))
            size += row.size
            file.write(line)
            if await _lost_here(objects.local, row):
                lost += 1
                await _mend_here(objects, row)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / f"{objects.kind}.txt")
    return frontier.size, size, tree.root(frontier), lost


def _fresh_list(folder: Path, kind: str) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / f".{kind}.fresh"


async def _adopt(world: World, objects: MirroredObjects) -> None:
    """Announce what the folder had before there was another store; finish what was cut off."""
    async for key, size in objects.local.keys():
        row = await object_book.load(world, objects.kind, key)
        if row is None or row.state == MISSING:
            await object_book.announce(world, objects.kind, key, size)
        elif row.state == GONE:
            await objects.local.delete(key)


async def _tombstone(world: World, row: StoredObjectRow) -> None:
    old = world.now_ms() - row.changed_at_ms > _TOMBSTONE_MS
    if old and not row.stores and row.due_at_ms is None:
        await object_book.forget(world, row)


async def _lost_here(local: LocalObjects, row: StoredObjectRow) -> bool:
    try:
        return await local.size(row.key) != row.size
    except Problem:
        return True


async def _mend_here(objects: MirroredObjects, row: StoredObjectRow) -> None:
    if not row.sealed_key or not row.stores:
        return
    try:
        await objects.brought_back(row)
    except (Problem, VendorFault, OSError):
        _log.warning("object_not_brought_back", extra={"kind": row.kind}, exc_info=True)


class _Comparing:
    """Compares one store with what it should have, and has mended what is not so."""

    def __init__(self, objects: MirroredObjects, name: str, share: float) -> None:
        self._objects = objects
        self._name = name
        self._share = share
        self.report = StoreReport()

    async def all_of(self, shelves: _Shelves) -> StoreReport:
        """Go through everything; a store that does not answer is reported as such."""
        try:
            # The first call goes by the book, so that one that refuses us is known to.
            await self._objects.vendors.call_one(self._name, lambda store: store.size("0" * 64))
            if shelves.count <= _FEW:
                listed = await self._listing("")
                for number in range(_WIDTH):
                    start = f"{number:02x}"
                    mine = {one: listed[one] for one in listed if one.startswith(start)}
                    await self._shelf(shelves.of(number), mine)
            else:
                for number in range(_WIDTH):
                    await self._shelf(shelves.of(number), await self._listing(f"{number:02x}"))
        except VendorFault:
            _log.warning("store_not_compared", extra={"vendor": self._name}, exc_info=True)
            self.report.reachable = False
        return self.report

    async def _listing(self, start: str) -> dict[str, int]:
        store = self._objects.vendors.services[self._name]
        return {key: size async for key, size in store.keys(start)}

    async def _shelf(
        self,
        wanted: Mapping[str, tuple[int, str, str, frozenset[str]]],
        there: Mapping[str, int],
    ) -> None:
        report, name = self.report, self._name
        report.strange += sum(1 for sealed in there if sealed not in wanted)
        for sealed, (size, key, state, names) in wanted.items():
            if state == GONE:
                if sealed in there and name not in names:
                    await self._remove_again(key)
            elif name not in names:
                await self._have_due(key)
            elif there.get(sealed) != size:
                report.lost += 1
                await self._objects.mistrust(name, key)
            elif await self._whole(sealed, key):
                report.held += 1
                report.size += size

    async def _whole(self, sealed: str, key: str) -> bool:
        """Whether an object is as it should be, as far as is looked."""
        objects = self._objects
        if int.from_bytes(objects.world.chance.token(4), "big") / _LUCK >= self._share:
            return True
        self.report.read += 1
        found = await objects.vendors.call_one(self._name, lambda store: store.look(sealed))
        if found != "held":
            self.report.spoilt += 1
            await objects.mistrust(self._name, key)
            return False
        row = await object_book.load(objects.world, objects.kind, key)
        if row is not None and row.state != GONE and await _spoilt_here(objects.local, row):
            await _mend_here(objects, row)
        return True

    async def _remove_again(self, key: str) -> None:
        """Said to be removed, and is not."""
        row = await object_book.load(self._objects.world, self._objects.kind, key)
        if row is not None and row.state == GONE:
            left = object_book.joined(names_of(row) | {self._name})
            now_ms = self._objects.world.now_ms()
            await object_book.settle(self._objects.world, row, now_ms, stores=left)

    async def _have_due(self, key: str) -> None:
        """A store that lacks an object by our own rows gets it, unless it is on its way."""
        row = await object_book.load(self._objects.world, self._objects.kind, key)
        if row is not None and row.state == KEPT and row.due_at_ms is None:
            world = self._objects.world
            await object_book.settle(world, row, world.now_ms())


async def _spoilt_here(local: LocalObjects, row: StoredObjectRow) -> bool:
    digest = hashlib.sha256()
    for start in range(0, row.size, _PIECE):
        digest.update(await local.read(row.key, start, _PIECE))
    return digest.hexdigest() != row.key
