"""What admins hear about the books and about leavers' payments; what the clocks of money do."""

from __future__ import annotations

from typing import Final

from venire.cases import delivery, membership_news
from venire.cases.court import Court
from venire.cases.operator_news import admins
from venire.events import BooksDiffer
from venire.kernel.i18n import translate
from venire.people import actions as people
from venire.storage.timers import TimerHandler
from venire.storage.verbs import Envelope
from venire.treasury import leavers, memberships, paying
from venire.treasury.desk import Money

HEARS: Final = (BooksDiffer,)


def timers(court: Court) -> dict[str, TimerHandler]:
    """What the clocks of memberships and payouts do; without vendors there are none to ask."""

    async def due(key: str) -> None:
        await membership_news.ask_to_pay(court, key)

    async def renewal(key: str) -> None:
        if court.money is not None:
            await memberships.end_renewal(court.world, court.money, key)

    async def left(key: str) -> None:
        if court.money is not None:
            await settle_with_leaver(court, court.money, key)

    handlers: dict[str, TimerHandler] = {
        memberships.TIMER: due,
        memberships.RENEWAL_TIMER: renewal,
        leavers.TIMER: left,
    }
    if court.money is not None:
        handlers |= paying.timers(court.world, court.money)
    return handlers


async def settle_with_leaver(court: Court, money: Money, key: str) -> None:
    """End what somebody who left would still be charged; tell admins what is to be done by hand."""
    for one in await leavers.settle(court.world, money, key):
        for account_id in await admins(court):
            text = translate(
                await people.language_of(court.world, account_id),
                "Payment {payment} at {vendor} goes on or was taken though its member has left, and"
                " {vendor} does not end it or pay it back by itself: do it there by hand.",
                payment=str(one.payment_id),
                vendor=one.vendor,
            )
            told = f"leaver:{one.payment_id}:{one.vendor}:{account_id}"
            await delivery.tell(court, account_id, text, key=told)


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
