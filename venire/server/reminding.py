"""A vendor that refuses this site's account is told of again each day, until somebody has looked.

Once is missed by who was asleep, and the next loss finds one vendor less.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from venire.cases.court import Court
from venire.cases.operator_news import say_shut
from venire.continuity.vendors.breaker import SHUT
from venire.continuity.vendors.survey import survey
from venire.kernel.clock import DAY_MS

_log = logging.getLogger(__name__)
_LOOK_S: Final = 600.0


async def keep_reminding(court: Court) -> None:
    """Look every ten minutes until cancelled. In the leader alone."""
    told: set[str] = set()
    while True:
        try:
            await remind(court, told)
        except Exception:  # noqa: BLE001 - who cannot be told now can be in ten minutes
            _log.exception("operator_not_reminded")
        await asyncio.sleep(_LOOK_S)


async def remind(court: Court, told: set[str]) -> None:
    """Tell the admins of every vendor that has been shut for a day, once a day; `told` is kept."""
    now_ms = court.world.now_ms()
    for listed, health in (await survey(court.world)).vendors:
        days = (now_ms - health.since_ms) // DAY_MS
        if health.state != SHUT or days < 1:
            continue
        key = f"vendor-still:{listed.kind}:{listed.name}:{health.since_ms}:{days}"
        if key not in told:
            await say_shut(court, listed.kind, listed.name, key=key)
            told.add(key)
