"""Memberships: a row that follows from the payments, and a clock that asks for the next one.

What was paid for is ours to remember, never a processor's: one that dies, or throws us out, costs
a member a card entered once more, and nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

import msgspec

from venire.events import AccountDeleted, PaymentMoved
from venire.kernel.clock import HOUR_MS
from venire.kernel.errors import Conflict
from venire.people.departures import LEAVING
from venire.storage.tables.payments import MEMBERSHIPS, MembershipRow
from venire.storage.timers import timer
from venire.storage.verbs import Envelope, Put, Write
from venire.storage.world import World
from venire.treasury import leavers, payments
from venire.treasury import membership_rules as rules
from venire.treasury.desk import Money
from venire.treasury.income import Payment

_log = logging.getLogger(__name__)

HEARS: Final = (PaymentMoved,)
TIMER: Final = "membership"
RENEWAL_TIMER: Final = "renewal"
_RETRY_MS: Final = 6 * HOUR_MS
_RETRIES: Final = 100
_TRIES: Final = 8


async def load(world: World, account_id: int) -> MembershipRow | None:
    """What a member has paid for; None for who never paid."""
    return await world.storage.get(MEMBERSHIPS, (account_id,))


async def on_payment_moved(world: World, envelope: Envelope) -> None:
    """Let a membership follow from what is known of its payments."""
    event = envelope.event
    if not isinstance(event, PaymentMoved):
        return
    payment = await payments.load(world, event.payment_id)
    if payment is None or payment.purpose != "membership":
        return
    await leavers.note(world, payment)
    if payment.account_id is not None:
        await follow(world, payment.account_id)


async def follow(world: World, account_id: int) -> None:
    """Work out a membership from its payments; doing it again changes nothing."""
    for _ in range(_TRIES):
        left = await leavers.departure_of(world, account_id)
        if left is not None and left.state != LEAVING:
            # What is being erased is not written anew.
            return
        row = await load(world, account_id)
        made = [
            (one, await payments.facts(world, one.id)) for one in await _paid_for(world, account_id)
        ]
        paid = rules.paid(made)
        if paid.payment is None and row is None:
            return
        before = row or _blank(account_id)
        after = _following(before, paid)
        if left is not None:
            # Paid after they had gone, or told of late: nobody is asked to go on.
            ended_ms = before.cancelled_at_ms or world.now_ms()
            after = msgspec.structs.replace(after, renews=False, cancelled_at_ms=ended_ms)
        if after == before and row is not None:
            return
        ends = paid.stale
        if after.cancelled_at_ms is not None and paid.renewal:
            # Charged although they had ended it: the processor is told once more.
            ends = (*ends, (paid.vendor, paid.renewal))
        try:
            await _put(world, after, ends)
        except Conflict:
            continue
        if left is None and await leavers.departure_of(world, account_id) is not None:
            # They left between the look and the write, and their leaving found nothing to end.
            continue
        return
    raise Conflict("try_again", "This changed meanwhile: try again")


def _following(before: MembershipRow, paid: rules.Paid) -> MembershipRow:
    """A membership as its payments make it."""
    again = paid.payment is not None and paid.payment.id != before.payment_id
    renews = bool(paid.renewal) and (again or before.cancelled_at_ms is None)
    after = msgspec.structs.replace(
        before,
        paid_until_ms=paid.paid_until_ms,
        vendor=paid.vendor,
        renews=renews,
        # Who pays anew after having cancelled wants to go on.
        cancelled_at_ms=None if again else before.cancelled_at_ms,
    )
    if paid.payment is None:
        return after
    return msgspec.structs.replace(
        after,
        ledger=paid.payment.ledger,
        amount=paid.payment.amount,
        period=paid.payment.period,
        payment_id=paid.payment.id,
    )


async def _paid_for(world: World, account_id: int) -> list[Payment]:
    found = await payments.of_account(world, account_id)
    return [one for one in found if one.purpose == "membership"]


def _blank(account_id: int) -> MembershipRow:
    return MembershipRow(
        account_id=account_id,
        ledger="",
        amount=0,
        period="",
        paid_until_ms=0,
        payment_id=0,
        vendor="",
        renews=False,
        cancelled_at_ms=None,
        asked_for_ms=0,
        version=0,
    )


async def _put(world: World, row: MembershipRow, ends: Sequence[tuple[str, str]] = ()) -> None:
    following = msgspec.structs.replace(row, version=row.version + 1)
    writes: list[Write] = [Put(MEMBERSHIPS, following)]
    due_ms = rules.asks_at(
        row.paid_until_ms, renews=row.renews, cancelled=row.cancelled_at_ms is not None
    )
    place = f"membership:{row.account_id}"
    if due_ms is not None and row.asked_for_ms < row.paid_until_ms:
        writes.append(timer(place, TIMER, f"{row.account_id}:{row.paid_until_ms}", due_ms))
    for vendor, renewal in ends:
        key = f"{row.account_id}:0:{vendor}:{renewal}"
        writes.append(timer(place, RENEWAL_TIMER, key, world.now_ms()))
    await world.storage.commit(place, writes, expect=row.version)


async def cancel(world: World, account_id: int) -> MembershipRow | None:
    """Note that a member does not want to go on; what is paid for stays theirs.

    A clock in the same commit ends the renewals at the processor, however long that one is silent.
    """
    for _ in range(_TRIES):
        row = await load(world, account_id)
        if row is None:
            return None
        renewal = await renewal_of(world, row)
        if row.cancelled_at_ms is not None:
            return row
        ended = msgspec.structs.replace(row, cancelled_at_ms=world.now_ms(), renews=False)
        try:
            await _put(world, ended, [(row.vendor, renewal)] if renewal else [])
        except Conflict:
            continue
        return ended
    raise Conflict("try_again", "This changed meanwhile: try again")


async def renewal_of(world: World, row: MembershipRow) -> str:
    """What ends the renewals of a membership at its processor."""
    facts = await payments.facts(world, row.payment_id)
    named = [one for one in facts if one.renewal and one.vendor == row.vendor]
    return max(named, key=lambda one: (one.at_ms, one.reference)).renewal if named else ""


async def end_renewal(world: World, money: Money, key: str) -> None:
    """End a renewal at its processor; while that one does not answer, ask again later."""
    account, tries, vendor, renewal = key.split(":", 3)
    if await leavers.renewal_ended(money, vendor, renewal) or int(tries) >= _RETRIES:
        return
    again = f"{account}:{int(tries) + 1}:{vendor}:{renewal}"
    due_ms = world.now_ms() + _RETRY_MS
    later = timer(f"membership:{account}", RENEWAL_TIMER, again, due_ms)
    await world.storage.put(later.table, later.row)


async def on_account_deleted(world: World, envelope: Envelope) -> None:
    """Whoever leaves is charged no more."""
    if isinstance(envelope.event, AccountDeleted):
        await cancel(world, envelope.event.account_id)


async def due(world: World, key: str) -> MembershipRow | None:
    """Whether a member is to hear of the next payment now; the row, if so.

    `key`: account and moment, of the first time; a third part of each later one.
    """
    account, until, *later = key.split(":")
    row = await load(world, int(account))
    if row is None or row.cancelled_at_ms is not None or row.paid_until_ms != int(until):
        return None
    return row if later or row.asked_for_ms < row.paid_until_ms else None


async def remind_at(world: World, row: MembershipRow, stage: str, at_ms: int) -> None:
    """Have a member told again at a later moment, unless they have paid by then."""
    key = f"{row.account_id}:{row.paid_until_ms}:{stage}"
    again = timer(f"membership:{row.account_id}", TIMER, key, at_ms)
    await world.storage.put(again.table, again.row)


async def note_asked(world: World, row: MembershipRow) -> None:
    """Note that a member was asked for what follows `paid_until_ms`; again is the same."""
    if row.asked_for_ms == row.paid_until_ms:
        return
    asked = msgspec.structs.replace(row, asked_for_ms=row.paid_until_ms, version=row.version + 1)
    writes: list[Write] = [Put(MEMBERSHIPS, asked)]
    try:
        await world.storage.commit(f"membership:{row.account_id}", writes, expect=row.version)
    except Conflict:
        # It moved on at this moment: the timer of what it is now will see.
        return
