"""What is known of each vendor, in rows that all processes and the next start share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from venire.continuity.vendors.breaker import SHUT, Health
from venire.events import Event, VendorReset, VendorShut
from venire.kernel.errors import Conflict
from venire.storage.tables.vendors import VENDOR_STATES, VendorStateRow
from venire.storage.verbs import Put
from venire.storage.world import World

_TRIES: Final = 8
_MOST: Final = 100


def _health(row: VendorStateRow) -> Health:
    return Health(
        state=row.state,
        since_ms=row.since_ms,
        until_ms=row.until_ms,
        rests=row.rests,
        said=row.said,
        last_success_ms=row.last_success_ms,
        last_fault_ms=row.last_fault_ms,
    )


async def load(world: World, kind: str) -> dict[str, Health]:
    """How the vendors of a kind do; one never asked is missing."""
    rows = await world.storage.range(VENDOR_STATES, (kind,), limit=_MOST)
    return {row.name: _health(row) for row in rows}


async def change(world: World, kind: str, name: str, step: Callable[[Health], Health]) -> Health:
    """Write what a step makes of a vendor's health; being shut and being reset are told."""
    for _ in range(_TRIES):
        row = await world.storage.get(VENDOR_STATES, (kind, name))
        before = Health() if row is None else _health(row)
        after = step(before)
        if after == before and row is not None:
            return after
        version = 0 if row is None else row.version
        made = VendorStateRow(
            kind=kind,
            name=name,
            version=version + 1,
            state=after.state,
            since_ms=after.since_ms,
            until_ms=after.until_ms,
            rests=after.rests,
            said=after.said,
            last_success_ms=after.last_success_ms,
            last_fault_ms=after.last_fault_ms,
        )
        try:
            await world.storage.commit(
                f"vendor:{kind}:{name}",
                [Put(VENDOR_STATES, made)],
                _told(kind, name, before, after),
                expect=version,
            )
        except Conflict:
            continue
        return after
    raise Conflict("try_again", "This changed meanwhile: try again")


def _told(kind: str, name: str, before: Health, after: Health) -> Sequence[Event]:
    if before.state != SHUT and after.state == SHUT:
        return [VendorShut(kind, name)]
    if before.state == SHUT and after.state != SHUT:
        return [VendorReset(kind, name)]
    return []


def merged(known: Health, rows: Health | None) -> Health:
    """What this process counts, under what the rows say: another process may have shut it."""
    if rows is None or rows.state == known.state:
        return known
    return msgspec.structs.replace(rows, faults=known.faults)
