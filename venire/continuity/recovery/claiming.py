"""Taking the next generation: from then on nobody else ships to these stores.

The name is created where none is, so of two hosts that try at once one gets it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from venire.continuity.journal import lineage
from venire.continuity.journal.lineage import After, Generation
from venire.continuity.recovery.snapshots import Shelf
from venire.kernel.errors import Conflict, Problem
from venire.storage.migrations import SCHEMA_VERSION

_TRIES = 20


class Claimed(msgspec.Struct, frozen=True):
    """Which generation this host is now, and the stores that could not be told so."""

    generation: int
    refused: tuple[str, ...] = ()


async def claim(
    shelves: Sequence[Shelf],
    after: After,
    *,
    site: str,
    origin: str,
    program: str,
    now_ms: int,
) -> Claimed:
    """Take a generation above all that any store tells of. Conflict `generation_contested`.

    A store that does not answer is named: whoever ships there is not stopped by this.
    """
    number = after.generation
    for shelf in shelves:
        try:
            there = lineage.generations_in(await shelf.listing("generations/"))
        except Problem:
            continue
        number = max([number, *there])
    for _ in range(_TRIES):
        number += 1
        mine = Generation(
            generation=number,
            started_at_ms=now_ms,
            site=site,
            origin=origin,
            after=after,
            schema=SCHEMA_VERSION,
            program=program,
        )
        content = msgspec.json.encode(mine)
        refused: list[str] = []
        taken = False
        for shelf in shelves:
            try:
                taken = not await shelf.add(lineage.generation_path(number), content) or taken
            except Problem:
                refused.append(shelf.name)
        if not taken:
            return Claimed(number, tuple(refused))
    raise Conflict("generation_contested", "other hosts take generations of this site: stop them")


async def claim_exactly(
    shelf: Shelf,
    number: int,
    after: After,
    *,
    site: str,
    origin: str,
    program: str,
    now_ms: int,
) -> None:
    """Take this generation and no other. Conflict `moved_elsewhere` where somebody has it."""
    mine = Generation(
        generation=number,
        started_at_ms=now_ms,
        site=site,
        origin=origin,
        after=after,
        schema=SCHEMA_VERSION,
        program=program,
    )
    if not await shelf.add(lineage.generation_path(number), msgspec.json.encode(mine)):
        raise Conflict("moved_elsewhere", "another host is this site now", generation=number)
