"""Behind the shipper: short segments become long ones, old ones are destroyed.

A long segment is made from the host's own journal, written and read back before the short ones go;
killed in between, both are there and a reader takes the longer one. It is compared with what was
shipped: a store whose segments are not those of the journal is told of.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from venire.continuity.journal.lineage import Stretch, stretches_in
from venire.continuity.journal.segments import (
    HEADER_BYTES,
    MOST_LINKS,
    Header,
    Link,
    chained,
    encode_entries,
    read_header,
)
from venire.continuity.journal.shipping import Line
from venire.continuity.journal.slices import Slices
from venire.kernel.clock import DAY_MS, MINUTE_MS
from venire.kernel.errors import Unavailable
from venire.kernel.ports import NamedObject
from venire.storage.journal import JournalEntry
from venire.storage.world import World

_log = logging.getLogger(__name__)
KEPT_MS: Final = 30 * DAY_MS
_SETTLED_MS: Final = 10 * MINUTE_MS
_FEWEST: Final = 8
_BYTES: Final = 16 * 1024 * 1024
_PAGE: Final = 1_024
_MANIFEST: Final = re.compile(r"snapshots/([0-9]{8})/([0-9]{20})/manifest\.json")


class Tidied(msgspec.Struct, frozen=True):
    """What was done: segments written, segments replaced by them, objects destroyed for age."""

    written: int
    replaced: int
    destroyed: int


async def tidy(world: World, line: Line, slices: Slices) -> Tidied:
    """Compact what has settled and destroy what is over 30 days old, in one store."""
    if line.place is None:
        return Tidied(0, 0, 0)
    destroyed = await destroy_old(world, line)
    objects = await line.store.names(f"journal/{line.generation:08d}/")
    objects = [one for one in objects if one.name not in line.belongings.strange]
    await _drop_covered(line, objects)
    written = replaced = 0
    for group in groups(objects, world.now_ms() - _SETTLED_MS, line.place.sequence):
        made = await _compact(world, line, slices, group)
        if made:
            written, replaced = written + 1, replaced + made
    return Tidied(written, replaced, destroyed)


def groups(
    objects: Sequence[NamedObject], before_ms: int, upto: int
) -> list[list[tuple[Stretch, int]]]:
    """Runs of neighbouring short segments that are worth one long one (pure)."""
    sizes = {one.name: one for one in objects}
    kept = outermost(stretches_in(sizes))
    found: list[list[tuple[Stretch, int]]] = []
    run: list[tuple[Stretch, int]] = []
    total = 0
    for stretch in kept:
        one = sizes[stretch.path]
        short = one.size < _BYTES // 4 and one.at_ms < before_ms and stretch.last <= upto
        if not short or len(run) >= MOST_LINKS or total + one.size > _BYTES // 4:
            found.append(run)
            run, total = [], 0
        if short:
            run.append((stretch, one.size))
            total += one.size
    found.append(run)
    return [one for one in found if len(one) >= _FEWEST]


def outermost(stretches: Sequence[Stretch]) -> list[Stretch]:
    """The segments that no longer one covers, in order (pure)."""
    kept: list[Stretch] = []
    for one in sorted(stretches, key=lambda one: (one.first, -one.last)):
        if not kept or one.last > kept[-1].last:
            kept.append(one)
    return kept


async def _drop_covered(line: Line, objects: Sequence[NamedObject]) -> None:
    """What a longer segment replaced and a crash left."""
    there = stretches_in(one.name for one in objects)
    inside: dict[Stretch, list[str]] = {}
    longest = None
    for one in sorted(there, key=lambda one: (one.first, -one.last)):
        if longest is None or one.last > longest.last:
            longest = one
        else:
            inside.setdefault(longest, []).append(one.path)
    for longer, paths in inside.items():
        # One that is half there, or somebody else's, makes up for nothing.
        if await line.belongings.held(longer) is not None:
            await line.store.destroy(paths)


async def _compact(
    world: World, line: Line, slices: Slices, group: Sequence[tuple[Stretch, int]]
) -> int:
    """Replace a run of segments by one; how many it replaced."""
    stretches = [stretch for stretch, _ in group]
    entries = await _journal(world, stretches[0].first, stretches[-1].last)
    first, last = await _header(line, stretches[0]), await _header(line, stretches[-1])
    previous = bytes.fromhex(first.previous)
    links = await asyncio.to_thread(links_of, stretches, entries, previous)
    if links is None:
        # The host has pruned it: they stay short.
        return 0
    if links[-1][2] != last.chain:
        raise Unavailable("store_differs", "a store's segments are not those of the journal")
    header, content = await asyncio.to_thread(
        slices.compacted, entries, line.generation, previous, links
    )
    whole = Stretch(line.generation, header.first, header.last)
    await line.store.replace(whole.path, content)
    line.known(whole.path)
    await line.store.destroy([one.path for one in stretches])
    return len(stretches)


def links_of(
    stretches: Sequence[Stretch], entries: Sequence[JournalEntry], previous: bytes
) -> list[Link] | None:
    """The chain at the end of each segment, from the journal; None where it has not all of them."""
    links: list[Link] = []
    chain, rest = previous, iter(entries)
    ahead = next(rest, None)
    for stretch in stretches:
        part: list[JournalEntry] = []
        while ahead is not None and ahead.sequence <= stretch.last:
            part.append(ahead)
            ahead = next(rest, None)
        if not part or (part[0].sequence, part[-1].sequence) != (stretch.first, stretch.last):
            return None
        chain = chained(chain, encode_entries(part))
        links.append((stretch.first, stretch.last, chain.hex()))
    return links


async def _journal(world: World, first: int, last: int) -> list[JournalEntry]:
    entries: list[JournalEntry] = []
    after = first - 1
    while after < last:
        page = await world.storage.journal(after, _PAGE)
        if not page:
            break
        after = page[-1].sequence
        entries += itertools.takewhile(lambda one: one.sequence <= last, page)
    return entries


async def _header(line: Line, stretch: Stretch) -> Header:
    return read_header(await line.store.begin_of(stretch.path, HEADER_BYTES) or b"")


async def destroy_old(world: World, line: Line) -> int:
    """Destroy segments over 30 days old, by the store's own clock where ours is ahead.

    Never what no later snapshot makes up for: without one, nothing could be restored any more.
    """
    objects = await line.store.names("journal/")
    newest_ms = max((one.at_ms for one in objects), default=0)
    before_ms = min(world.now_ms(), newest_ms) - KEPT_MS
    old = stretches_in(one.name for one in objects if one.at_ms < before_ms)
    if not old:
        return 0
    covered = newest_snapshot(one.name for one in await line.store.names("snapshots/"))
    needless = [one for one in old if (one.generation, one.last) <= covered]
    if len(needless) < len(old):
        _log.critical("snapshot_missing", extra={"store": line.store.name})
    await line.store.destroy([one.path for one in needless])
    return len(needless)


def newest_snapshot(names: Iterable[str]) -> tuple[int, int]:
    """Generation and place of the newest complete snapshot among names; zeros without one."""
    found = (_MANIFEST.fullmatch(name) for name in names)
    return max(((int(one[1]), int(one[2])) for one in found if one), default=(0, 0))
