"""The only opener of the tables of alerts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

import msgspec

from venire.jury.alerts import Alert, AlertState, Health, HealthState, Phase
from venire.kernel.errors import Conflict
from venire.storage.tables.alerts import ALERTS, CHANNEL_HEALTH, AlertRow, ChannelHealthRow
from venire.storage.timers import timer
from venire.storage.verbs import Put, Storage, Write
from venire.storage.world import World

TIMER: Final = "alert"
_TRIED = msgspec.json.Decoder(tuple[str, ...])
_TRIES = 4
_CHANNELS_MOST = 20


def aggregate(juror_id: int) -> str:
    """The aggregate of a juror's alerts."""
    return f"alert:{juror_id}"


async def load(storage: Storage, juror_id: int) -> Alert | None:
    """The last alert of a juror."""
    row = await storage.get(ALERTS, (juror_id,))
    if row is None:
        return None
    return Alert(
        juror_id=row.juror_id,
        id=row.id,
        begun_at_ms=row.begun_at_ms,
        next_at_ms=row.next_at_ms,
        state=cast("AlertState", row.state),
        tried=_TRIED.decode(row.tried),
        phase=cast("Phase", row.phase),
        told_at_ms=row.told_at_ms,
        seen_at_ms=row.seen_at_ms,
        version=row.version,
    )


async def healths(storage: Storage, juror_id: int) -> list[Health]:
    """How the ways to a juror fare, as far as anything was ever sent."""
    rows = await storage.range(CHANNEL_HEALTH, (juror_id,), limit=_CHANNELS_MOST)
    return [
        Health(row.channel, cast("HealthState", row.health), row.said, row.since_ms, row.unopened)
        for row in rows
    ]


async def health(storage: Storage, juror_id: int, channel: str) -> Health:
    """How one way to a juror fares."""
    found = [one for one in await healths(storage, juror_id) if one.channel == channel]
    return found[0] if found else Health(channel)


async def save(world: World, alert: Alert, learned: Sequence[Health] = ()) -> Alert:
    """Save an alert as its next version, with the timer that looks at it again.

    `learned`: what its last step has shown of the ways. Raises Conflict `version_moved`.
    """
    row = AlertRow(
        juror_id=alert.juror_id,
        version=alert.version + 1,
        id=alert.id,
        state=alert.state,
        tried=msgspec.json.encode(alert.tried),
        phase=alert.phase,
        begun_at_ms=alert.begun_at_ms,
        told_at_ms=alert.told_at_ms,
        next_at_ms=alert.next_at_ms,
        seen_at_ms=alert.seen_at_ms,
    )
    place = aggregate(alert.juror_id)
    writes: list[Write] = [Put(ALERTS, row)]
    for one in learned:
        known = msgspec.structs.asdict(one)
        writes.append(Put(CHANNEL_HEALTH, ChannelHealthRow(juror_id=alert.juror_id, **known)))
    if alert.state == "telling":
        key = f"{alert.juror_id}:{alert.id}:{row.version}"
        writes.append(timer(place, TIMER, key, alert.next_at_ms))
    await world.storage.commit(place, writes, expect=alert.version)
    return msgspec.structs.replace(alert, version=alert.version + 1)


async def note_seen(world: World, juror_id: int) -> None:
    """The jury room was opened: nobody is told of what they are looking at."""
    for _ in range(_TRIES):
        alert = await load(world.storage, juror_id)
        if alert is None or alert.state != "telling":
            return
        now_ms = world.now_ms()
        seen = msgspec.structs.replace(alert, state="seen", seen_at_ms=now_ms)
        learned = []
        if alert.phase == "sent" and alert.tried:
            known = await health(world.storage, juror_id, alert.tried[-1])
            if known.unopened:
                learned = [msgspec.structs.replace(known, unopened=0)]
        try:
            await save(world, seen, learned)
        except Conflict:
            # It goes on to the next way at this moment.
            continue
        return
