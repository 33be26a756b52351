"""An alert on its way: one channel after another until the jury room is opened.

Every step is saved before it is taken, with a timer that finishes it: killed anywhere, the alert
goes on from where it stood, and what it sends twice is one message, one letter.
"""

from __future__ import annotations

from typing import Final

import msgspec

from venire.cases import store
from venire.cases.alert_channels import CHANNELS, Handed
from venire.cases.court import Court
from venire.jury import alert_book, chats, choices
from venire.jury.alerts import (
    Alert,
    AlertState,
    Health,
    HealthState,
    Phase,
    failed,
    next_channel,
    order_of,
    quiet_until_ms,
    worked,
)
from venire.kernel.clock import HOUR_MS, MINUTE_MS
from venire.kernel.errors import Conflict
from venire.storage.timers import TimerHandler

_LOOK_MS: Final = MINUTE_MS
_STEPS_MOST: Final = 12


async def begin(court: Court, juror_id: int) -> None:
    """Tell a juror that there is a summons; not again within the hours of the policy."""
    world = court.world
    before = await alert_book.load(world.storage, juror_id)
    now_ms = world.now_ms()
    pause_ms = court.policy.jury.alert_hours * HOUR_MS
    if before is not None and now_ms < before.begun_at_ms + pause_ms:
        return
    version = 0 if before is None else before.version
    alert = Alert(juror_id, world.ids.next(), now_ms, now_ms, version=version)
    try:
        await alert_book.save(world, alert)
    except Conflict:
        # Another summons of the same moment has begun it.
        return
    await go_on(court, juror_id, alert.id)


async def go_on(court: Court, juror_id: int, alert_id: int) -> None:
    """Take every step of an alert that is due."""
    for _ in range(_STEPS_MOST):
        alert = await alert_book.load(court.world.storage, juror_id)
        if alert is None or alert.id != alert_id or alert.state != "telling":
            return
        if alert.next_at_ms > court.world.now_ms():
            return
        try:
            await _step(court, alert)
        except Conflict as conflict:
            if conflict.code != "version_moved":
                raise


async def _step(court: Court, alert: Alert) -> None:
    world, now_ms = court.world, court.world.now_ms()
    if not await _waits(court, alert.juror_id):
        await _save(court, alert, state="over")
        return
    chosen = await choices.load(world.storage, alert.juror_id)
    quiet_ms = quiet_until_ms(chosen, now_ms)
    if quiet_ms is not None and alert.phase != "posted":
        await _save(court, alert, next_at_ms=quiet_ms)
        return
    if alert.phase == "due":
        handed = await CHANNELS[alert.tried[-1]].send(court, alert)
        await _note(court, alert, handed)
    elif alert.phase == "posted":
        await _note(court, alert, await CHANNELS[alert.tried[-1]].look(court, alert))
    else:
        await _next(court, alert, chosen)


async def _waits(court: Court, juror_id: int) -> bool:
    """Whether there still is an invitation to hear of."""
    now_ms = court.world.now_ms()
    rows = await store.summons_of(court.world.storage, juror_id)
    return any(row.state == "offered" and row.deadline_ms > now_ms for row in rows)


async def _next(court: Court, alert: Alert, chosen: choices.Choices) -> None:
    """Choose the next way, and say so before it is gone."""
    storage = court.world.storage
    learned: list[Health] = []
    if alert.phase == "sent":
        known = await alert_book.health(storage, alert.juror_id, alert.tried[-1])
        learned = [msgspec.structs.replace(known, unopened=known.unopened + 1)]
    healths = await alert_book.healths(storage, alert.juror_id)
    order = order_of(chosen.channels, healths, court.world.now_ms())
    channel = next_channel(order, alert.tried)
    if channel is None:
        await _save(court, alert, state="unreached", learned=learned)
        return
    await _save(court, alert, tried=(*alert.tried, channel), phase="due", learned=learned)


async def _note(court: Court, alert: Alert, handed: Handed) -> None:
    """What a way has answered: wait for the juror, look again, or go on to the next one."""
    now_ms = court.world.now_ms()
    channel = alert.tried[-1]
    wait_ms = court.policy.jury.next_channel_minutes * MINUTE_MS
    known = await alert_book.health(court.world.storage, alert.juror_id, channel)
    told_ms = alert.told_at_ms if alert.phase == "posted" else now_ms
    if handed.outcome == "told":
        learned = [worked(known, now_ms)]
        await _save(court, alert, phase="sent", next_at_ms=now_ms + wait_ms, learned=learned)
    elif handed.outcome == "posted" and now_ms < (told_ms or now_ms) + wait_ms:
        next_ms = now_ms + _LOOK_MS
        await _save(court, alert, phase="posted", next_at_ms=next_ms, told_at_ms=told_ms)
    else:
        health: HealthState = "dead" if handed.outcome == "dead" else "failing"
        said = handed.said or "no_answer"
        learned = [failed(known, health, said, now_ms)]
        await _save(court, alert, phase="", learned=learned)


async def _save(
    court: Court,
    alert: Alert,
    *,
    learned: list[Health] | None = None,
    state: AlertState | None = None,
    tried: tuple[str, ...] | None = None,
    phase: Phase | None = None,
    next_at_ms: int | None = None,
    told_at_ms: int | None = None,
) -> None:
    changed = msgspec.structs.replace(
        alert,
        state=alert.state if state is None else state,
        tried=alert.tried if tried is None else tried,
        phase=alert.phase if phase is None else phase,
        next_at_ms=court.world.now_ms() if next_at_ms is None else next_at_ms,
        told_at_ms=alert.told_at_ms if told_at_ms is None else told_at_ms,
    )
    await alert_book.save(court.world, changed, learned or ())


def timers(court: Court) -> dict[str, TimerHandler]:
    """What the timers of this part do: the next way to a juror; a way that was never proved."""

    async def alert(key: str) -> None:
        juror_id, alert_id, _ = (int(part) for part in key.split(":"))
        await go_on(court, juror_id, alert_id)

    return {alert_book.TIMER: alert, **chats.timers(court.world)}
