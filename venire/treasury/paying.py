"""Payouts through vendors: asked for once, and never of two.

An attempt is a row before its vendor is asked. While it is in doubt that vendor alone is asked
again, under the same key, for as long as it takes; no other vendor, no file, no second key. Only
one that certainly paid nothing lets the next one try, and when none is left the payout waits for
the next file for the bank, which always works. A payout is *sent* before anybody is asked, so that
its juror cannot take it back meanwhile.
"""

from __future__ import annotations

import logging
from typing import Final

import msgspec

from venire.events import PayoutMoved
from venire.kernel.clock import DAY_MS, HOUR_MS, MINUTE_MS
from venire.kernel.errors import Conflict, Problem
from venire.kernel.money import Destination, PayoutAsk, PayoutSeen
from venire.kernel.ports import PayoutService
from venire.kernel.vendors import Rejected, VendorFault, VendorUnavailable
from venire.storage.tables.paying_out import (
    PAYOUT_ATTEMPTS,
    PAYOUT_QUEUE,
    PayoutAttemptRow,
    PayoutQueueRow,
)
from venire.storage.timers import TimerHandler, timer
from venire.storage.verbs import Envelope, Put, Write
from venire.storage.world import World
from venire.treasury import destinations, payouts, store
from venire.treasury.desk import Money, name_of
from venire.treasury.model import MOST, Payout, PayoutState

_log = logging.getLogger(__name__)
HEARS: Final = (PayoutMoved,)
TIMER: Final = "payout"
BANK: Final = "bank_file"
"""The vendor of what is in a file; no name in the settings has an underscore."""
TRYING: Final = "trying"
TAKEN: Final = "taken"
REFUSED: Final = "refused"
_ATTEMPTS_MOST: Final = 100
_WAITS_MS: Final = (MINUTE_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, 6 * HOUR_MS, DAY_MS)
_OURS: Final = frozenset({"amount_not_payable"})
"""Rejections that say something of the vendor's interface and nothing of the juror's account."""


async def on_payout_moved(world: World, money: Money, envelope: Envelope) -> None:
    """Have a payout paid that was just asked for."""
    event = envelope.event
    if isinstance(event, PayoutMoved) and event.state == "asked":
        await advance(world, money, event.ledger, event.juror_id, event.payout_id)


async def wake(world: World, juror_id: int) -> None:
    """Look soon at a payout that waits for its juror to say where to; the juror has said it."""
    for ledger in await payouts.ledgers(world, juror_id):
        desk = await store.desk(world.storage, ledger, juror_id)
        if desk.open_id is not None:
            due = timer("", TIMER, f"{ledger}:{juror_id}:{desk.open_id}", world.now_ms())
            await world.storage.put(due.table, due.row)


def timers(world: World, money: Money) -> dict[str, TimerHandler]:
    """What the clock of a payout does."""

    async def look_again(key: str) -> None:
        ledger, juror_id, payout_id = key.split(":")
        try:
            await advance(world, money, ledger, int(juror_id), int(payout_id))
        except Problem:
            # A key that is lost, say: a person has to see to it, and it waits.
            _log.exception("payout_stands_still", extra={"payout": int(payout_id)})
            due = timer("", TIMER, key, world.now_ms() + _WAITS_MS[-2])
            await world.storage.put(due.table, due.row)

    return {TIMER: look_again}


async def attempts(world: World, payout_id: int) -> list[PayoutAttemptRow]:
    """Who was asked to pay, in order."""
    return await world.storage.range(PAYOUT_ATTEMPTS, (payout_id,), limit=_ATTEMPTS_MOST)


async def advance(world: World, money: Money, ledger: str, juror_id: int, payout_id: int) -> None:
    """Go on with a payout from wherever it stands; killed anywhere, this may run again.

    It never raises for what a vendor does: a clock of its own asks again.
    """
    payout = await store.payout(world.storage, ledger, juror_id, payout_id)
    if payout is None or payout.state not in {"asked", "sent"}:
        return
    to = await destinations.load(world, juror_id)
    if to is None:
        # Nobody knows where to: it waits as asked, and the juror may choose or take it back.
        return
    made = await attempts(world, payout_id)
    if made and made[-1].vendor == BANK and made[-1].state != REFUSED:
        # It is in a file: only a person knows what the bank did.
        return
    one = _Payout(world, money, payout, to)
    try:
        if made and made[-1].state != REFUSED:
            await one.ask_again(made[-1])
        else:
            await one.next_vendor(made)
    except Conflict:
        # Another process goes on with the very same payout.
        return


class _Payout:
    """A payout on its way."""

    def __init__(self, world: World, money: Money, payout: Payout, to: Destination) -> None:
        self.world = world
        self.money = money
        self.payout = payout
        self.to = to

    def ask_of(self, key: str) -> PayoutAsk:
        """What a vendor is asked."""
        return PayoutAsk(
            payout_id=self.payout.id,
            key=key,
            currency=self.payout.ledger,
            amount=self.payout.amount,
            to=self.to,
            title=self.money.bank_title or self.world.site.title,
        )

    async def next_vendor(self, made: list[PayoutAttemptRow]) -> None:
        """Ask the vendors that were not asked yet, in turn; then leave it to the bank."""
        tried = {one.vendor for one in made}
        among = [
            name
            for name, one in self.money.payouts.services.items()
            if name not in tried and one.serves(self.to, self.payout.ledger)
        ]
        if not among:
            await self.leave_to_bank()
            return
        if self.payout.state == "asked":
            await self.move("sent")
        number = len(made)
        asked: list[PayoutAttemptRow] = []

        async def pay(service: PayoutService) -> PayoutSeen:
            name = name_of(self.money.payouts.services, service)
            row = await self.begin(name, number + len(asked))
            asked.append(row)
            try:
                return await service.pay(self.ask_of(row.attempt_key))
            except VendorFault as fault:
                if not _in_doubt(fault):
                    asked[-1] = await self.end(row, REFUSED, said=fault.said)
                raise

        try:
            done = await self.money.payouts.call(pay, among=among, once=True)
        except Rejected as fault:
            await self.rejected(fault, asked)
            return
        except VendorFault as fault:
            if asked and asked[-1].state == TRYING:
                _log.warning("payout_in_doubt", extra={"said": fault.said})
                return
            await self.leave_to_bank()
            return
        await self.seen(asked[-1], done.value)

    async def rejected(self, fault: Rejected, asked: list[PayoutAttemptRow]) -> None:
        """A vendor will not pay this: the account is at fault, or only its way of being paid."""
        if fault.said in _OURS or not asked:
            await self.leave_to_bank()
        else:
            await self.move("failed", said=fault.said)

    async def begin(self, vendor: str, number: int) -> PayoutAttemptRow:
        """Note that a vendor is about to be asked, before it is."""
        now_ms = self.world.now_ms()
        row = PayoutAttemptRow(
            payout_id=self.payout.id,
            number=number,
            ledger=self.payout.ledger,
            juror_id=self.payout.juror_id,
            vendor=vendor,
            attempt_key=f"payout-{self.payout.id}-{number}",
            state=TRYING,
            reference="",
            said="",
            tries=1,
            at_ms=now_ms,
            version=1,
        )
        await self.commit(row, wait_ms=_WAITS_MS[0])
        return row

    async def end(
        self, row: PayoutAttemptRow, state: str, *, said: str = "", reference: str = ""
    ) -> PayoutAttemptRow:
        """Note what came of an attempt."""
        known = msgspec.structs.replace(
            row,
            state=state,
            said=said,
            reference=reference or row.reference,
            tries=row.tries + 1,
            version=row.version + 1,
        )
        wait_ms = _WAITS_MS[min(row.tries, len(_WAITS_MS) - 1)]
        await self.commit(known, wait_ms=None if state == REFUSED else wait_ms)
        return known

    async def commit(self, row: PayoutAttemptRow, *, wait_ms: int | None) -> None:
        """Write an attempt, and when it is looked at again."""
        place = f"payout_attempt:{row.payout_id}:{row.number}"
        writes: list[Write] = [Put(PAYOUT_ATTEMPTS, row)]
        if wait_ms is not None:
            key = f"{self.payout.ledger}:{self.payout.juror_id}:{self.payout.id}"
            writes.append(timer(place, TIMER, key, self.world.now_ms() + wait_ms))
        # Also elsewhere: a site restored without it could ask another vendor.
        await self.world.storage.commit(place, writes, expect=row.version - 1, durable="remote")

    async def ask_again(self, row: PayoutAttemptRow) -> None:
        """Ask the same vendor what became of it; if it knows nothing, the same once more."""
        ask = self.ask_of(row.attempt_key)

        async def look(service: PayoutService) -> PayoutSeen:
            try:
                return await service.look(ask, row.reference)
            except Rejected as fault:
                if fault.said != "not_found" or row.state != TRYING:
                    raise VendorUnavailable(fault.said, in_doubt=True) from fault
            return await service.pay(ask)

        try:
            seen = await self.money.payouts.call_one(row.vendor, look)
        except Rejected as fault:
            # It was asked under the same key and says no: then it has paid nothing before either.
            asked = [await self.end(row, REFUSED, said=fault.said)]
            await self.rejected(fault, asked)
            return
        except VendorFault as fault:
            await self.end(row, row.state, said=fault.said)
            return
        await self.seen(row, seen)

    async def seen(self, row: PayoutAttemptRow, seen: PayoutSeen) -> None:
        """Carry over what a vendor knows of it."""
        if seen.state == "failed":
            await self.end(row, REFUSED, said=seen.said or "failed", reference=seen.reference)
            await self.move("failed", said=seen.said or "failed")
            return
        await self.end(row, TAKEN, said=seen.said, reference=seen.reference)
        if seen.state == "paid":
            await self.move("paid", fee=seen.fee, said=seen.reference)

    async def leave_to_bank(self) -> None:
        """Let it wait for the next file for the bank, where the bank could pay it."""
        bank = self.money.bank
        if bank is None or not bank.serves(self.to, self.payout.ledger):
            if self.payout.state == "sent":
                await self.move("failed", said="no_way_left")
            return
        row = PayoutQueueRow(
            self.payout.ledger, self.payout.id, self.payout.juror_id, self.world.now_ms()
        )
        await self.world.storage.put(PAYOUT_QUEUE, row)

    async def move(self, state: PayoutState, *, fee: int = 0, said: str = "") -> None:
        """Note it on the payout itself, which posts it to the books."""
        kept = fee if self.payout.amount + fee <= MOST else 0
        self.payout = await payouts.move(
            self.world,
            self.payout.ledger,
            self.payout.juror_id,
            self.payout.id,
            state,
            fee=kept,
            said=said,
        )


def _in_doubt(fault: VendorFault) -> bool:
    return isinstance(fault, VendorUnavailable) and fault.in_doubt


async def told(world: World, money: Money, vendor: str, payout_id: int, seen: PayoutSeen) -> str:
    """Take in what a vendor says by itself of a payout: posted, known, or differs."""
    every = await attempts(world, payout_id)
    made = [one for one in every if one.vendor == vendor]
    if not made:
        return "differs"
    if made[-1].number < every[-1].number:
        # Somebody else was asked since: a late word of this one must not have it owed, and paid,
        # once more; and if it has paid after all, two have.
        return "differs" if seen.state == "paid" else "known"
    ledger, juror_id = made[-1].ledger, made[-1].juror_id
    there = await store.payout(world.storage, ledger, juror_id, payout_id)
    to = await destinations.load(world, juror_id)
    if there is None or there.state == seen.state:
        return "known"
    if there.state not in {"asked", "sent"}:
        # Paid, and now it says otherwise: a person has to look.
        return "differs" if seen.state != "sent" else "known"
    await _Payout(world, money, there, to or Destination("bank")).seen(made[-1], seen)
    return "posted"
