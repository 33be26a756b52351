"""Who has left is charged no more, and gets back what was charged after they had gone.

A subscription may be paid for after its account was closed: a checkout that was still open, a
charge that was on its way. Its webhook comes late, or again. So each time something becomes known
of a membership's payment, its payer is looked for; where they have left, a clock ends the renewals
at the processor and asks it to pay back what it took since, as often as it takes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from venire.kernel.clock import HOUR_MS
from venire.kernel.errors import Conflict, Invalid, Unavailable
from venire.kernel.ports import PaymentService
from venire.kernel.vendors import Rejected, VendorFault
from venire.people import departures
from venire.storage.tables.roll import DepartureRow
from venire.storage.timers import timer
from venire.storage.world import World
from venire.treasury import payments, refunding
from venire.treasury.desk import Money
from venire.treasury.income import Known, Payment, stands

_log = logging.getLogger(__name__)
TIMER: Final = "leaver_payment"
RETRY_MS: Final = 6 * HOUR_MS
RETRIES: Final = 100


class ByHand(NamedTuple):
    """What a processor does not do for us: its name in the settings, and the payment."""

    vendor: str
    payment_id: int


class Owed(NamedTuple):
    """What leaving asks for: renewals to end, as (vendor, renewal); the charge to pay back."""

    ends: tuple[tuple[str, str], ...]
    charge: Known | None


def owed(facts: Iterable[Known], left_ms: int) -> Owed:
    """What is to be done about the payment of somebody who left at a moment. Pure.

    What was charged before stays ours: it was for a time in which they were members.
    """
    told = list(facts)
    ends = dict.fromkeys((one.vendor, one.renewal) for one in told if one.renewal)
    paid = sorted(stands(told), key=lambda one: (one.at_ms, one.reference))
    newest = paid[-1] if paid else None
    late = newest is not None and newest.at_ms > left_ms
    return Owed(tuple(sorted(ends)), newest if late else None)


async def departure_of(world: World, account_id: int) -> DepartureRow | None:
    """How somebody left; None for who is here, or came back."""
    found = await departures.load_departure(world, account_id)
    return None if found is None or found.state == departures.RETURNED else found


async def left_ms(world: World, payment: Payment) -> int | None:
    """When the payer of a membership left; None while they are here.

    Where nobody is named any more, the account was erased: it left a week ago at the latest.
    """
    if payment.purpose != "membership":
        return None
    if payment.account_id is None:
        return world.now_ms() - departures.GRACE_MS
    left = await departure_of(world, payment.account_id)
    return None if left is None else left.asked_at_ms


async def note(world: World, payment: Payment) -> None:
    """Have a payment looked at where its payer has left; again is the same."""
    if await left_ms(world, payment) is not None:
        await _later(world, payment.id, 0, world.now_ms())


async def _later(world: World, payment_id: int, tries: int, due_ms: int) -> None:
    due = timer(f"leaver:{payment_id}", TIMER, f"{payment_id}:{tries}", due_ms)
    await world.storage.put(due.table, due.row)


async def settle(world: World, money: Money, key: str) -> Sequence[ByHand]:
    """End the renewals and ask for the money back; what a person has to do by hand.

    A processor that does not answer is asked again later, for a month.
    """
    number, _, tries = key.partition(":")
    payment = await payments.load(world, int(number))
    gone_ms = None if payment is None else await left_ms(world, payment)
    if payment is None or gone_ms is None:
        return ()
    wanted = owed(await payments.facts(world, payment.id), gone_ms)
    silent = [
        name for name, renewal in wanted.ends if not await renewal_ended(money, name, renewal)
    ]
    by_hand: list[str] = []
    if wanted.charge is not None:
        try:
            await refunding.refund(world, money, payment.id, None)
        except Conflict:
            # It was paid back, or lost in a dispute, at this moment.
            pass
        except Invalid:
            by_hand.append(wanted.charge.vendor)
        except Unavailable:
            silent.append(wanted.charge.vendor)
    if silent and int(tries) < RETRIES:
        await _later(world, payment.id, int(tries) + 1, world.now_ms() + RETRY_MS)
    elif silent:
        by_hand += silent
    return [ByHand(name, payment.id) for name in dict.fromkeys(by_hand)]


async def renewal_ended(money: Money, vendor: str, renewal: str) -> bool:
    """End a renewal at its processor; False where that one does not say that it has ended."""

    async def end(service: PaymentService) -> None:
        await service.cancel(renewal)

    try:
        await money.payments.call_one(vendor, end)
    except VendorFault as fault:
        if isinstance(fault, Rejected) and fault.said == "not_found":
            # There is no such renewal any more.
            return True
        _log.warning("renewal_goes_on", extra={"vendor": vendor, "said": fault.said})
        return False
    return True
