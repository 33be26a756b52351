"""How far a member has read a timeline, so that their next device goes on from there."""

from __future__ import annotations

import msgspec

from venire.kernel.errors import Conflict, Invalid
from venire.kernel.ids import AccountId, parse_id
from venire.storage.tables.people import MARKERS, MarkerRow
from venire.storage.verbs import Put
from venire.storage.world import World

TIMELINES = ("home", "notifications")


class Marker(msgspec.Struct, frozen=True):
    """The last id that was read of a timeline; `version` counts its moves."""

    timeline: str
    last_read_id: str
    version: int
    updated_at_ms: int


def _marker(row: MarkerRow) -> Marker:
    return Marker(row.timeline, row.last_read_id, row.version, row.updated_at_ms)


async def load_markers(world: World, account_id: AccountId) -> list[Marker]:
    """Every marker of a member."""
    rows = await world.storage.range(MARKERS, (account_id,))
    return [_marker(row) for row in rows]


async def move_marker(
    world: World, account_id: AccountId, timeline: str, last_read_id: str
) -> Marker:
    """Note how far a timeline was read. Conflict `version_moved` when two devices collide."""
    if timeline not in TIMELINES or parse_id(last_read_id) is None:
        raise Invalid("marker_invalid", "a marker names home or notifications, and an id")
    old = await world.storage.get(MARKERS, (account_id, timeline))
    version = 0 if old is None else old.version
    row = MarkerRow(account_id, timeline, version + 1, last_read_id, world.now_ms())
    try:
        await world.storage.commit(
            f"marker:{account_id}:{timeline}", [Put(MARKERS, row)], expect=version
        )
    except Conflict as error:
        raise Conflict("try_again", "Conflict during update, please try again") from error
    return _marker(row)
