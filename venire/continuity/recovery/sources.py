"""What lies in the stores that a restore may use: looked at once, side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from venire.continuity.journal import lineage, turns
from venire.continuity.journal.lineage import Generation, Stretch
from venire.continuity.journal.segments import Check
from venire.continuity.recovery import manifests
from venire.continuity.recovery.fetching import Damage
from venire.continuity.recovery.manifests import Manifest
from venire.continuity.recovery.snapshots import Shelf
from venire.kernel.errors import NotFound, Problem

_MANIFESTS_READ = 100
"""More than are kept: 48 of two days, 28 of a month."""


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """What one store has; `error` is a code where it could not be read."""

    shelf: Shelf
    generations: dict[int, Generation] = {}
    told: dict[int, bytes] = {}
    snapshots: tuple[Manifest, ...] = ()
    stretches: frozenset[Stretch] = frozenset()
    checkpoint: bytes = b""
    damages: tuple[Damage, ...] = ()
    error: str = ""


async def look(
    shelves: Sequence[Shelf], until_ms: int | None = None, through: int | None = None
) -> list[Inventory]:
    """Every store's inventory. NotFound `backup_not_found` where none of them has a snapshot."""
    found = list(await asyncio.gather(*(_look(shelf, until_ms, through) for shelf in shelves)))
    if not any(one.snapshots for one in found):
        raise NotFound(
            "backup_not_found",
            "no snapshot of a site was found: is it the right store, and the right prefix?",
            stores={one.shelf.name: one.error or "no snapshot" for one in found},
            damaged=[f"{one.store}: {one.path}" for each in found for one in each.damages],
        )
    return found


async def _look(shelf: Shelf, until_ms: int | None, through: int | None) -> Inventory:
    damages: list[Damage] = []
    try:
        generations: dict[int, Generation] = {}
        told: dict[int, bytes] = {}
        for number in lineage.generations_in(await shelf.listing("generations/")):
            path = lineage.generation_path(number)
            try:
                told[number] = await shelf.get(path)
                generations[number] = lineage.decode_generation(told[number], path)
            except Problem as problem:
                damages.append(Damage(shelf.name, path, problem.code))
        snapshots = [
            one
            for one in await _snapshots(shelf, damages)
            if (until_ms is None or one.newest_ms <= until_ms)
            and (through is None or one.through <= through)
        ]
        stretches = lineage.stretches_in(await shelf.listing("journal/"))
        try:
            checkpoint = await shelf.get("checkpoint")
        except NotFound:
            checkpoint = b""
    except Problem as problem:
        return Inventory(shelf=shelf, error=problem.code, damages=tuple(damages))
    return Inventory(
        shelf=shelf,
        generations=generations,
        told=told,
        snapshots=tuple(snapshots),
        stretches=frozenset(stretches),
        checkpoint=checkpoint,
        damages=tuple(damages),
    )


async def _snapshots(shelf: Shelf, damages: list[Damage]) -> list[Manifest]:
    """Manifests that can be read, newest first."""
    read: list[Manifest] = []
    for found in reversed(manifests.find(await shelf.listing("snapshots/"))):
        if len(read) == _MANIFESTS_READ:
            break
        try:
            read.append(manifests.decode(await shelf.get(found.path), found.path))
        except Problem as problem:
            damages.append(Damage(shelf.name, found.path, problem.code))
    return read


def believed(inventories: Sequence[Inventory], check: Check | None) -> list[Inventory]:
    """Without the turns that somebody made up: by one, all that came after a place of it is gone.

    Earlier programs signed none, so only what follows one that is signed has to be.
    """
    signed = {
        (one.shelf.name, number)
        for one in inventories
        for number, content in one.told.items()
        if check is not None and turns.is_ours(content, lineage.generation_path(number), check)
    }
    first = min((number for _, number in signed), default=None)
    return [one if first is None else _without(one, signed, first) for one in inventories]


def _without(one: Inventory, signed: set[tuple[str, int]], first: int) -> Inventory:
    strange = [n for n in one.generations if n > first and (one.shelf.name, n) not in signed]
    kept = {n: turn for n, turn in one.generations.items() if n not in strange}
    paths = [lineage.generation_path(number) for number in strange]
    damages = [Damage(one.shelf.name, path, "turn_foreign") for path in paths]
    return msgspec.structs.replace(one, generations=kept, damages=(*one.damages, *damages))


def known_generations(inventories: Sequence[Inventory]) -> dict[int, Generation]:
    """All generations that any store tells of."""
    return {
        number: generation for one in inventories for number, generation in one.generations.items()
    }


def line_of(inventories: Sequence[Inventory]) -> dict[int, int | None]:
    """The generations whose journal counts; where none is told of, those of the snapshots."""
    line = lineage.cuts(known_generations(inventories))
    if line:
        return line
    newest = max((m.generation for one in inventories for m in one.snapshots), default=0)
    return {newest: None}


def candidates(
    inventories: Sequence[Inventory], kinds: Sequence[str]
) -> list[tuple[Manifest, list[Shelf]]]:
    """Snapshots that may be begun with, best first, each with the stores to take parts from.

    The newest, whichever store has it; of two alike the kind named first.
    """
    line = line_of(inventories)
    found = [
        (manifest, one.shelf)
        for one in inventories
        for manifest in one.snapshots
        if manifest.kind in kinds and lineage.counts(line, manifest.generation, manifest.sequence)
    ]
    found.sort(key=lambda one: (-one[0].through, kinds.index(one[0].kind)))
    everywhere = [one.shelf for one in inventories if not one.error]
    return [
        (manifest, [shelf, *(other for other in everywhere if other is not shelf)])
        for manifest, shelf in found
    ]


class OfStores(msgspec.Struct, frozen=True):
    """The journal's segments in several stores: who has which."""

    inventories: tuple[Inventory, ...]

    def everything(self) -> set[Stretch]:
        """All segments that anybody has."""
        return {stretch for one in self.inventories for stretch in one.stretches}

    def holders(self, stretch: Stretch) -> list[Shelf]:
        """The stores that have this segment."""
        return [one.shelf for one in self.inventories if stretch in one.stretches]


def newest_shown(inventories: Sequence[Inventory]) -> int:
    """The highest place of the journal that any name of an object tells of."""
    line = line_of(inventories)
    places = [
        stretch.last if line.get(stretch.generation) is None else stretch.first
        for one in inventories
        for stretch in one.stretches
        if stretch.generation in line
    ]
    return max([*places, *(m.through for one in inventories for m in one.snapshots)], default=0)
