"""Tells every member where the site is now: by letter and by push, which outlive its old name.

Begins with a beacon that leads elsewhere than the one before, and goes through all accounts page by
page; killed anywhere, it goes on with the page it was at. A letter is one for a beacon and an
account. A letter says where the site is that sends it, so nobody is told before that is where the
beacon leads: what was published on the old host is told by the new one.
"""

from __future__ import annotations

import hashlib
import logging
from typing import Final

from venire.cases.court import Court
from venire.cases.device_news import tell_devices
from venire.events import BeaconPublished
from venire.kernel.clock import MINUTE_MS
from venire.kernel.i18n import translate
from venire.people import letters
from venire.people.model import ACTIVE
from venire.record.note import split_note
from venire.storage.tables.beacons import BEACONS
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
        if not await _is_there(court):
            hint = "members are told once base_url is the beacon's first address"
            _log.warning("we_moved_waits", extra={"at": court.world.site.base_url, "hint": hint})
        await _later(court, event.sequence, b"")


async def _later(court: Court, sequence: int, cursor: bytes, in_ms: int = 0) -> None:
    aggregate = f"we_moved:{sequence}"
    key = f"{sequence}:{cursor.hex()}"
    await court.world.storage.commit(
        aggregate, [timer(aggregate, TIMER, key, court.world.now_ms() + in_ms)]
    )


async def _is_there(court: Court) -> bool:
    """Whether this site is where its newest beacon leads first, or at its onion address."""
    site = court.world.site
    row = await court.world.storage.get(BEACONS, (site.beacon_site or site.domain,))
    if row is None:
        return False
    lines = [line.partition(" ") for line in split_note(row.signed)[0].splitlines()]
    first = next((told for name, _, told in lines if name == "address"), "")
    onion = next((told for name, _, told in lines if name == "onion"), "")
    return site.base_url in {first, onion}


async def go_on(court: Court, key: str) -> None:
    """Tell one page of accounts, and plan the next."""
    sequence, _, place = key.partition(":")
    cursor = bytes.fromhex(place) or None
    if not await _is_there(court):
        await _later(court, int(sequence), cursor or b"", MINUTE_MS)
        return
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
    address = court.world.site.host
    await tell_devices(
        court,
        account_id,
        news_id,
        lambda language: translate(language, "We are now at {address}", address=address),
    )


def timers(court: Court) -> dict[str, TimerHandler]:
    """What the timer of this part does."""

    async def tell(key: str) -> None:
        await go_on(court, key)

    return {TIMER: tell}
