"""What drills have shown, kept with the site that they are about."""

from __future__ import annotations

from typing import Final

from venire.continuity.vendors.register import DRILLS, EVERYTHING, Drilled
from venire.kernel.clock import DAY_MS
from venire.storage.tables.vendors import DRILL_RESULTS, DrillResultRow
from venire.storage.world import World

_KEPT_MS: Final = 730 * DAY_MS
NAMES: Final = tuple(
    sorted(
        {
            *(name for names in DRILLS.values() for name in names),
            "passkey-domain-lost",
            "media-revoked",
            "return",
            EVERYTHING,
        }
    )
)
"""Every drill of the design (continuity, Drills)."""


async def note(
    world: World, drill: str, *, passed: bool, switched_ms: int | None, result: bytes
) -> Drilled:
    """Keep what a drill showed, as of now."""
    row = DrillResultRow(drill, world.now_ms(), "vendors", passed, switched_ms, result)
    await world.storage.put(DRILL_RESULTS, row, expires_at_ms=row.at_ms + _KEPT_MS)
    return _drilled(row)


async def newest(world: World) -> dict[str, Drilled]:
    """The last result of each drill; one never run is missing."""
    found = {}
    for name in NAMES:
        for row in await world.storage.range(DRILL_RESULTS, (name,), limit=1):
            found[name] = _drilled(row)
    return found


def _drilled(row: DrillResultRow) -> Drilled:
    switched_s = None if row.switched_ms is None else row.switched_ms / 1_000
    return Drilled(row.drill, row.at_ms, row.passed, switched_s)
