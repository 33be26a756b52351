"""The journal from a place on, out of stores: fetched ahead, proven by its chain, applied in order.

What cannot be proven is never applied. Where a segment is damaged in one store it is taken from
another; where none has it whole, the walk ends at the last proven place and says what it knows of
the rest.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

import msgspec
from pyrage.x25519 import Identity

from venire.continuity.journal import lineage, segments
from venire.continuity.journal.lineage import Generation, Road, Stretch
from venire.continuity.journal.segments import Check, Header, Segment
from venire.continuity.recovery.fetching import Damage
from venire.continuity.recovery.sources import OfStores
from venire.kernel.errors import Invalid, Problem
from venire.storage.journal import JournalEntry

_AHEAD: Final = 6
_AT_ONCE: Final = 4_000
_LATER_MOST: Final = 1_000_000


class Target(Protocol):
    """Where entries go."""

    def apply(self, entries: Iterable[JournalEntry], schema: int) -> int:
        """Write entries, in order; how many were new."""


class Gap(msgspec.Struct, frozen=True):
    """Where the walk ended before the end: nothing after `after` is proven.

    `upto` is the highest place that the stores tell of, `upto_ms` when that was, 0 where that is
    not known.
    """

    after: int
    upto: int
    upto_ms: int
    code: str
    paths: tuple[str, ...]


class Place(msgspec.Struct, frozen=True):
    """A proven place of the journal: of which generation, when, and the chain there."""

    generation: int
    sequence: int
    at_ms: int
    chain: bytes | None


@dataclasses.dataclass
class Walk:
    """One pass over the journal of a line of generations."""

    stores: OfStores
    line: dict[int, int | None]
    generations: dict[int, Generation]
    identities: Sequence[Identity]
    check: Check | None = None
    until_ms: int | None = None
    told: Callable[[int, int], None] = lambda _done, _total: None
    damages: list[Damage] = dataclasses.field(default_factory=list)
    later: list[JournalEntry] = dataclasses.field(default_factory=list)
    """With `until_ms`: what came after it, for what must be erased all the same."""
    later_schema: int = 1
    gap: Gap | None = None
    applied: int = 0
    _stopped: bool = False

    async def run(self, target: Target, start: Place) -> Place:
        """Apply what follows from `start`; the last proven place."""
        place = start
        ahead = _Ahead(self, self._planned(start))
        try:
            for generation in [one for one in self.line if one >= start.generation]:
                if generation > place.generation:
                    place = self._entered(generation, place)
                place = await self._generation(target, place, ahead)
                if self.gap is not None:
                    break
        finally:
            await ahead.close()
        return place

    def _entered(self, generation: int, place: Place) -> Place:
        """A later host's turn: it must have gone on from here, or from before."""
        after = self.generations[generation].after if generation in self.generations else None
        chain = place.chain
        if after is not None and (chain is None or after.sequence == place.sequence):
            chain = bytes.fromhex(after.chain)
        return Place(generation, place.sequence, place.at_ms, chain)

    def _planned(self, start: Place) -> list[Stretch]:
        """The segments in the order in which they will be asked for, if all is well."""
        planned: list[Stretch] = []
        position = start.sequence
        for generation in [one for one in self.line if one >= start.generation]:
            road = self._road(generation)
            cut = self.line[generation]
            while (found := road.choices(position)) and (cut is None or position < cut):
                planned.append(found[0])
                position = found[0].last
            position = position if cut is None else min(position, cut)
        return planned

    def _road(self, generation: int) -> Road:
        there = self.stores.everything()
        return Road(one for one in there if one.generation == generation)

    async def _generation(self, target: Target, place: Place, ahead: _Ahead) -> Place:
        cut, road = self.line[place.generation], self._road(place.generation)
        waiting: list[JournalEntry] = []
        schema = 0
        reached = place
        while cut is None or reached.sequence < cut:
            segment = await self._next(reached, road, ahead)
            if segment is None:
                break
            if waiting and (schema != segment.header.schema or len(waiting) >= _AT_ONCE):
                await self._apply(target, waiting, schema)
                waiting = []
            schema = segment.header.schema
            taken, reached = self._taken(segment, reached, cut)
            waiting += taken
            self.told(reached.sequence, reached.sequence)
        if waiting:
            await self._apply(target, waiting, schema)
        return reached

    async def _apply(self, target: Target, entries: list[JournalEntry], schema: int) -> None:
        self.applied += await asyncio.to_thread(target.apply, entries, schema)

    def _taken(
        self, segment: Segment, place: Place, cut: int | None
    ) -> tuple[list[JournalEntry], Place]:
        """The entries of a segment that count, and the place after them."""
        new = [one for one in segment.entries if one.sequence > place.sequence]
        counting = [one for one in new if cut is None or one.sequence <= cut]
        taken: list[JournalEntry] = []
        for one in counting:
            if self._stopped or (self.until_ms is not None and one.at_ms > self.until_ms):
                self._stopped = True
                self.later_schema = segment.header.schema
                if len(self.later) < _LATER_MOST:
                    self.later.append(one)
            else:
                taken.append(one)
        last = counting[-1].sequence if counting else place.sequence
        if not self._stopped:
            at_ms = max([place.at_ms, *(one.at_ms for one in taken)])
            whole = last == segment.header.last
            here = segment.header.chain_bytes if whole else chain_at(segment, last)
            return taken, Place(place.generation, last, at_ms, here)
        # Walked on for what is to be erased: the place that counts stands in `stopped_at`.
        if self.stopped_at is None:
            stop = taken[-1].sequence if taken else place.sequence
            at_ms = max([place.at_ms, *(one.at_ms for one in taken)])
            chain = chain_at(segment, stop) if taken else place.chain
            self.stopped_at = Place(place.generation, stop, at_ms, chain)
        chain = segment.header.chain_bytes if last == segment.header.last else None
        return taken, Place(place.generation, last, place.at_ms, chain)

    stopped_at: Place | None = None

    # finding the next one

    async def _next(self, place: Place, road: Road, ahead: _Ahead) -> Segment | None:
        """The segment that goes on from a place and is proven to; None at the end, or at a gap."""
        refused: list[str] = []
        codes: list[str] = []
        for found in road.choices(place.sequence):
            segment = await ahead.segment(found)
            if segment is None:
                codes.append("segment_damaged")
            elif await self._continues(segment.header, place):
                return segment
            else:
                codes.append("segment_missing")
            refused.append(found.path)
        if refused:
            await self._note_gap(place, codes[0], refused)
        return None

    async def _continues(self, header: Header, place: Place) -> bool:
        """Whether nothing can be missing between a place and a segment."""
        previous = bytes.fromhex(header.previous)
        if place.chain is not None:
            if header.first > place.sequence:
                return previous == place.chain
            return any(
                last == place.sequence and chain == place.chain.hex()
                for _, last, chain in header.links
            )
        return header.first <= place.sequence + 1 or await self._anchored(header, place)

    async def _anchored(self, header: Header, place: Place) -> bool:
        """Whether a segment that begins later than the next place goes on from what lies below."""
        previous = bytes.fromhex(header.previous)
        below = self.stores.everything()
        before = [
            one
            for one in below
            if one.generation == place.generation and one.last <= place.sequence
        ]
        if before:
            found = await fetch(self, max(before, key=lambda one: one.last))
            return found is not None and found.header.chain_bytes == previous
        known = self.generations.get(place.generation)
        if known is None:
            return False
        if known.after is None:
            return previous == lineage.START_CHAIN
        return known.after.sequence <= place.sequence and known.after.chain == previous.hex()

    async def _note_gap(self, place: Place, code: str, paths: list[str]) -> None:
        there = [one for one in self.stores.everything() if one.generation in self.line]
        newest = max(there, key=lambda one: (one.generation, one.last))
        upto_ms = 0
        for shelf in self.stores.holders(newest):
            try:
                upto_ms = segments.read_header(await shelf.get(newest.path)).at_ms
            except Problem:
                continue
            break
        self.gap = Gap(place.sequence, newest.last, upto_ms, code, tuple(paths))


class _Ahead:
    """Segments that are being fetched before they are asked for."""

    def __init__(self, walk: Walk, planned: list[Stretch]) -> None:
        self._walk = walk
        self._planned = planned
        self._tasks: dict[Stretch, asyncio.Task[Segment | None]] = {}

    async def segment(self, wanted: Stretch) -> Segment | None:
        """A segment, opened; None where no store has it whole."""
        if wanted in self._planned:
            del self._planned[: self._planned.index(wanted)]
        for stretch in [wanted, *self._planned[:_AHEAD]]:
            if stretch not in self._tasks:
                self._tasks[stretch] = asyncio.create_task(fetch(self._walk, stretch))
        found = await self._tasks.pop(wanted)
        if wanted in self._planned:
            self._planned.remove(wanted)
        return found

    async def close(self) -> None:
        """Ask for no more."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)


async def fetch(walk: Walk, stretch: Stretch) -> Segment | None:
    """A segment from the first store that has it whole."""
    for shelf in walk.stores.holders(stretch):
        try:
            content = await shelf.get(stretch.path)
            segment = await asyncio.to_thread(
                segments.open_segment, content, walk.identities, walk.check
            )
            named = (segment.header.generation, segment.header.first, segment.header.last)
            if named != (stretch.generation, stretch.first, stretch.last):
                raise Invalid("segment_misnamed", "it does not belong here", path=stretch.path)
        except Problem as problem:
            walk.damages.append(Damage(shelf.name, stretch.path, problem.code))
        else:
            return segment
    return None


def chain_at(segment: Segment, sequence: int) -> bytes:
    """The chain as it would be, had the segment ended at one of its places."""
    chain = bytes.fromhex(segment.header.previous)
    for first, last, _ in segment.header.links or (
        (segment.header.first, segment.header.last, ""),
    ):
        part = [one for one in segment.entries if first <= one.sequence <= min(last, sequence)]
        if not part:
            break
        chain = segments.chained(chain, segments.encode_entries(part))
    return chain


def end_of(walk: Walk, place: Place) -> Place:
    """The place that a restore ends at: where `until_ms` stopped it, else where it came to."""
    return walk.stopped_at or place
