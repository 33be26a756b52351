"""A membership that nobody renews never ends in silence: told a week before, at its end, and after.

Each time a message in the site, in which stands until when it goes on unpaid, and a letter with a
link. Who pays anew, or has ended it, hears no more; a host that was away says what is so now.
"""

from __future__ import annotations

import hashlib

from venire.cases import delivery
from venire.cases.court import Court
from venire.kernel.clock import DAY_MS, utc_day
from venire.kernel.i18n import translate
from venire.people import actions as people
from venire.people import letters
from venire.storage.tables.payments import MembershipRow
from venire.treasury import memberships
from venire.treasury.membership_rules import ASK, ENDED, reminded


async def ask_to_pay(court: Court, key: str) -> None:
    """Say how a membership stands, and how it goes on: the card once more, and nothing is lost."""
    world = court.world
    row = await memberships.due(world, key)
    if row is None:
        return
    grace = 0 if court.money is None else court.money.prices.grace_days
    over_ms = row.paid_until_ms + grace * DAY_MS
    stage = reminded(row.paid_until_ms, grace, world.now_ms())
    language = await people.language_of(world, row.account_id)
    told = f"membership:{row.account_id}:{row.paid_until_ms}:{stage}"
    text = _text(language, stage, row, over_ms, f"{world.site.base_url}/membership")
    await delivery.tell(court, row.account_id, text, key=told)
    await letters.send(world, row.account_id, letters.MEMBERSHIP, letter_id=_letter(told))
    # What follows is there before this is over: killed in between, both are done again.
    if stage == ASK:
        await memberships.remind_at(world, row, "ended", row.paid_until_ms)
    if stage in {ASK, ENDED}:
        await memberships.remind_at(world, row, "over", over_ms)
    await memberships.note_asked(world, row)


def _letter(told: str) -> int:
    """The letter's id: of one piece of news there is one letter, however often it is told."""
    return int.from_bytes(hashlib.sha256(told.encode()).digest()[:8], "big") >> 1


def _text(language: str, stage: str, row: MembershipRow, over_ms: int, url: str) -> str:
    values = {"day": utc_day(row.paid_until_ms), "last": utc_day(over_ms), "url": url}
    if stage == ASK:
        return translate(
            language,
            "Your membership is paid until {day}. Nothing is charged by itself: to go on, pay"
            " again: {url} Unpaid, it goes on until {last} and is over then.",
            **values,
        )
    if stage == ENDED and row.renews:
        return translate(
            language,
            "Your membership was not renewed. It was paid until {day} and goes on until {last}:"
            " please enter your card again: {url}",
            **values,
        )
    if stage == ENDED:
        return translate(
            language,
            "Your membership was paid until {day}. It goes on until {last} and is over then: to"
            " keep it, pay again: {url}",
            **values,
        )
    return translate(
        language,
        "Your membership is over: it was paid until {day} and went on until {last}. Your account"
        " stays as it is. To begin again: {url}",
        **values,
    )
