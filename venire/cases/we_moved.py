"""Tells every member where the site is now: by letter and by push, which outlive its old name.

Begins with a beacon that leads elsewhere than the one before, and goes through all accounts page by
page; killed anywhere, it goes on with the page it was at. A letter is one for a beacon and an
account.
"""

from __future__ import annotations

import hashlib
import logging
from typing import Final

from venire.cases.court import Court
from venire.cases.device_news import tell_devices
from venire.events import BeaconPublished
from venire.kernel.i18n import translate
from venire.people import letters
from venire.people.model import ACTIVE
from venire.storage.tables.people import ACCOUNTS
from venire.storage.timers import TimerHandler, timer
from venire.storage.verbs import Envelope

_log = logging.getLogger(__name__)
HEARS: Final = (BeaconPublished,)
TIMER: Final = "we_moved"
MOVED: Final = "moved"
_PAGE: Final = 100


async def hear(court: Court, envelope: Envelope) -> None:
    """A beacon that leads elsewhere: everybody is to hear of it. One that is renewed does not."""
    event = envelope.event
    if isinstance(event, BeaconPublished) and event.kind == MOVED:
        await _later(court, event.sequence, b"")


async def _later(court: Court, sequence: int, cursor: bytes) -> None:
    aggregate = f"we_moved:{sequence}"
    key = f"{sequence}:{cursor.hex()}"
    await court.world.storage.commit(
        aggregate, [timer(aggregate, TIMER, key, court.world.now_ms())]
    )


async def go_on(court: Court, key: str) -> None:
    """Tell one page of accounts, and plan the next."""
    sequence, _, place = key.partition(":")
    cursor = bytes.fromhex(place) or None
    rows, after = await court.world.storage.scan(ACCOUNTS, cursor, _PAGE)
    for row in rows:
        if row.state == ACTIVE:
            await _tell(court, int(sequence), row.id)
    if after is not None:
        await _later(court, int(sequence), after)
    else:
        _log.info("everybody_was_told_where_we_are", extra={"sequence": int(sequence)})


async def _tell(court: Court, sequence: int, account_id: int) -> None:
    digest = hashlib.sha256(f"we moved {sequence} {account_id}".encode()).digest()
    news_id = int.from_bytes(digest[:8], "big") >> 1
    await letters.send(court.world, account_id, letters.MOVED, letter_id=news_id)
    domain = court.world.site.domain
    await tell_devices(
        court,
        account_id,
        news_id,
        lambda language: translate(language, "We are now at {address}", address=domain),
    )


def timers(court: Court) -> dict[str, TimerHandler]:
    """What the timer of this part does."""

    async def tell(key: str) -> None:
        await go_on(court, key)

    return {TIMER: tell}
