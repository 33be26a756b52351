"""What members hear about their payments, and admins about the books: messages, each once."""

from __future__ import annotations

from typing import Final

from venire.cases import delivery
from venire.cases.court import Court
from venire.cases.operator_news import admins
from venire.events import BooksDiffer
from venire.kernel.clock import utc_day
from venire.kernel.i18n import translate
from venire.people import actions as people
from venire.storage.timers import TimerHandler
from venire.storage.verbs import Envelope
from venire.treasury import memberships, paying

HEARS: Final = (BooksDiffer,)


def timers(court: Court) -> dict[str, TimerHandler]:
    """What the clocks of memberships and payouts do; without vendors there are none to ask."""

    async def due(key: str) -> None:
        await ask_to_pay(court, key)

    async def renewal(key: str) -> None:
        if court.money is not None:
            await memberships.end_renewal(court.world, court.money, key)

    handlers: dict[str, TimerHandler] = {memberships.TIMER: due, memberships.RENEWAL_TIMER: renewal}
    if court.money is not None:
        handlers |= paying.timers(court.world, court.money)
    return handlers


async def ask_to_pay(court: Court, key: str) -> None:
    """Ask a member for the next payment: the card once more, and nothing else is lost."""
    row = await memberships.due(court.world, key)
    if row is None:
        return
    language = await people.language_of(court.world, row.account_id)
    values = {
        "day": utc_day(row.paid_until_ms),
        "url": f"{court.world.site.base_url}/membership",
    }
    if row.renews:
        text = translate(
            language,
            "Your membership was not renewed. It is paid until {day} and goes on for a while:"
            " please enter your card again: {url}",
            **values,
        )
    else:
        text = translate(
            language,
            "Your membership is paid until {day}. Nothing is charged by itself: to go on, pay"
            " again: {url}",
            **values,
        )
    told = f"membership:{row.account_id}:{row.paid_until_ms}"
    await delivery.tell(court, row.account_id, text, key=told)
    await memberships.note_asked(court.world, row)


async def tell_of_differences(court: Court, envelope: Envelope) -> None:
    """Tell the admins that a processor's list and the books say different things."""
    event = envelope.event
    if not isinstance(event, BooksDiffer):
        return
    for account_id in await admins(court):
        text = translate(
            await people.language_of(court.world, account_id),
            "The books and the list of the processor {vendor} differ on {day}: an admin has to"
            " look.",
            vendor=event.name,
            day=event.key,
        )
        told = f"books:{event.name}:{event.key}:{account_id}"
        await delivery.tell(court, account_id, text, key=told)
