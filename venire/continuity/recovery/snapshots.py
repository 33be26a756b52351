"""Snapshots in stores: parts of the data file, encrypted, each sent to a store once.

A part that has not changed since an earlier snapshot for the same recipients has the same name, and
is there already. Each store has manifests of its own, since a part is not encrypted to the same
bytes twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec
from pyrage.x25519 import Recipient

from venire import __version__
from venire.continuity.journal.identities import new_challenge, seal
from venire.continuity.recovery import captured, manifests
from venire.continuity.recovery.captured import Facts
from venire.continuity.recovery.manifests import PART_BYTES, Inner, Manifest, Part
from venire.kernel.chance import Chance
from venire.kernel.errors import Problem, Unavailable


class Shelf(Protocol):
    """A store of named objects, as far as snapshots need it."""

    @property
    def name(self) -> str:
        """What the operator calls it."""

    async def get(self, path: str) -> bytes:
        """The whole object. NotFound `object_missing`; Unavailable `store_unreachable`."""

    async def put(self, path: str, content: bytes) -> None:
        """Write it, whether or not it is there."""

    async def add(self, path: str, content: bytes) -> bool:
        """Write it where nothing is; whether it was this call that wrote it."""

    async def listing(self, prefix: str, after: str = "") -> dict[str, int]:
        """The names below a prefix, each with its size; only those after one, where given."""

    async def remove(self, path: str) -> None:
        """Remove it; harmless where it is not there."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Whose snapshot it is, what its parts are named with; `generation` 0 is what the data says."""

    site: str
    naming_key: bytes
    generation: int = 0


class Shipped(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot cost in one store. `sent` counts bytes; `error` is a code, or empty."""

    store: str
    path: str = ""
    parts: int = 0
    sent_parts: int = 0
    sent: int = 0
    error: str = ""


class _Delivery:
    """One snapshot on its way to one store."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.known: dict[str, Part] = {}
        self.there: dict[str, int] = {}
        self.parts: list[Part] = []
        self.sent_parts = 0
        self.sent = 0
        self.failure: Problem | None = None

    async def look(self) -> None:
        """Find what earlier snapshots left here."""
        self.there = await self.shelf.listing("parts/")
        for found in manifests.find(await self.shelf.listing("snapshots/"))[-3:]:
            try:
                manifest = manifests.decode(await self.shelf.get(found.path), found.path)
            except Problem:
                # One that cannot be read is worth nothing here; the restore will name it.
                continue
            for part in manifest.parts:
                # A store that lies about a write lists less than what was sent: send it again.
                if self.there.get(part.path) == part.stored:
                    self.known[part.path] = part

    async def take(self, path: str, content: bytes, made: Callable[[], bytes]) -> None:
        """Send a part unless it is there."""
        if self.failure is not None:
            return
        part = self.known.get(path)
        if part is None:
            sealed = await asyncio.to_thread(made)
            part = part_of(path, len(content), sealed)
            await self.send(part.path, sealed)
            self.known[path] = part
            self.sent_parts += 1
        self.parts.append(part)

    async def send(self, path: str, content: bytes) -> None:
        """Send one object; a failure ends this delivery, not the others."""
        if self.failure is None:
            try:
                await self.shelf.put(path, content)
            except Problem as problem:
                self.failure = problem
            else:
                self.sent += len(content)


def part_of(path: str, size: int, sealed: bytes) -> Part:
    """What the manifest says of an object."""
    return Part(path, size, len(sealed), hashlib.sha256(sealed).hexdigest())


async def take_physical(
    data: Path,
    shelves: Sequence[Shelf],
    origin: Origin,
    recipients: Sequence[Recipient],
    *,
    now_ms: int,
    chance: Chance,
    sign: manifests.Sign | None = None,
) -> list[Shipped]:
    """Ship a copy of the data file, as it stands now, to every store that takes it.

    Raises Unavailable `snapshot_nowhere` where none did; as `captured`.
    """
    deliveries = [_Delivery(shelf) for shelf in shelves]
    await asyncio.gather(*(_look(one) for one in deliveries))
    with contextlib.ExitStack() as stack:
        # Copying and checking read the whole file: never on the loop.
        taking = captured.captured(data, now_ms, chance)
        copy, facts = await asyncio.to_thread(stack.enter_context, taking)
        generation = origin.generation or facts.generation
        if not generation:
            raise Unavailable(
                "not_shipping_yet", "the site has not told its stores of itself yet: start it"
            )
        # Other recipients, other names: what lies there already is sealed for the earlier ones.
        naming_key = captured.naming_key_for(origin.naming_key, list(map(str, recipients)))
        origin = msgspec.structs.replace(origin, generation=generation, naming_key=naming_key)
        cut = captured.pieces(copy, PART_BYTES)
        while content := await asyncio.to_thread(next, cut, b""):
            name = await asyncio.to_thread(captured.name_of, content, origin.naming_key)
            await _spread(deliveries, f"parts/{name[:2]}/{name}", content, recipients)
    await _close(
        deliveries, origin, facts, recipients, data, now_ms=now_ms, chance=chance, sign=sign
    )
    return _told(deliveries)


async def _look(delivery: _Delivery) -> None:
    try:
        await delivery.look()
    except Problem as problem:
        delivery.failure = problem


async def _spread(
    deliveries: Sequence[_Delivery], path: str, content: bytes, recipients: Sequence[Recipient]
) -> None:
    """Encrypt a part once, however many stores lack it."""
    sealed: list[bytes] = []

    def made() -> bytes:
        if not sealed:
            sealed.append(seal(captured.pack(content), recipients))
        return sealed[0]

    lacking = [one for one in deliveries if path not in one.known]
    if lacking:
        await asyncio.to_thread(made)
    await asyncio.gather(*(one.take(path, content, made) for one in deliveries))


async def _close(
    deliveries: Sequence[_Delivery],
    origin: Origin,
    facts: Facts,
    recipients: Sequence[Recipient],
    data: Path,
    *,
    now_ms: int,
    chance: Chance,
    sign: manifests.Sign | None,
    kind: manifests.Kind = "physical",
) -> None:
    """The files beside the data, then the manifest, which makes the snapshot be there."""
    packed = msgspec.msgpack.encode(captured.carried_files(data))
    files = await asyncio.to_thread(lambda: seal(captured.pack(packed), recipients))
    place = f"{manifests.folder_of(origin.generation, facts.sequence)}/files.age"
    inner = Inner(naming_key=origin.naming_key, counts=facts.counts, cursors=facts.cursors)
    sealed = seal(msgspec.msgpack.encode(inner), recipients)
    challenges = {
        text: new_challenge(recipient, chance)
        for text, recipient in zip(map(str, recipients), recipients, strict=True)
    }
    for one in deliveries:
        await one.send(place, files)
        manifest = Manifest(
            format=manifests.FORMAT,
            kind=kind,
            generation=origin.generation,
            sequence=facts.sequence,
            through=facts.sequence,
            at_ms=now_ms,
            newest_ms=facts.newest_ms,
            schema=facts.schema,
            program=__version__,
            site=origin.site,
            size=facts.size,
            record_size=facts.record_size,
            record_root=facts.record_root,
            recipients=tuple(map(str, recipients)),
            challenges=challenges,
            parts=tuple(one.parts),
            files=part_of(place, len(packed), files),
            inner=sealed,
        )
        await one.send(manifest.place, msgspec.json.encode(manifests.signed(manifest, sign)))


def _told(deliveries: Sequence[_Delivery]) -> list[Shipped]:
    told = [
        Shipped(
            store=one.shelf.name,
            parts=len(one.parts),
            sent_parts=one.sent_parts,
            sent=one.sent,
            error="" if one.failure is None else one.failure.code,
        )
        for one in deliveries
    ]
    if all(one.error for one in told):
        raise Unavailable(
            "snapshot_nowhere",
            "no store took the snapshot",
            stores={one.store: one.error for one in told},
        )
    return told


async def destroy_old(shelf: Shelf, now_ms: int) -> int:
    """Remove the snapshots that are past their time, and the parts that only they had.

    Returns how many objects went. What was erased from the site goes with them (30 days). Where a
    manifest cannot be read nothing goes: what it needs is not known.
    """
    read = [
        manifests.decode(await shelf.get(found.path), found.path)
        for found in manifests.find(await shelf.listing("snapshots/"))
    ]
    stays = manifests.kept([manifest.at_ms for manifest in read], now_ms)
    if all(stays):
        return 0
    gone = 0
    for manifest, stay in zip(read, stays, strict=True):
        if not stay:
            # The manifest first: killed after it, what is left is no snapshot.
            await shelf.remove(manifest.place)
            gone += 1
    kept = [manifest for manifest, stay in zip(read, stays, strict=True) if stay]
    needed = {part.path for one in kept for part in (*one.parts, one.files)}
    needed |= {one.place for one in kept}
    for prefix in ("parts/", "snapshots/"):
        for path in sorted(await shelf.listing(prefix)):
            if path not in needed:
                await shelf.remove(path)
                gone += 1
    return gone
