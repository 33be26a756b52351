"""Vendors in memory: processors and payers that say and do what a test orders, behind failover."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from venire.adapters.payouts.bank_file import Iso20022File, Template
from venire.continuity.vendors.failover import Failover
from venire.kernel.money import (
    Checkout,
    CheckoutAsk,
    Destination,
    Digits,
    Fact,
    Forged,
    Notice,
    Payee,
    PayoutAsk,
    PayoutSeen,
)
from venire.kernel.vendors import Rejected, VendorFault
from venire.treasury.desk import Money
from venire.treasury.membership_rules import Price, Prices

PRICES = Prices(
    memberships=(
        Price(currency="EUR", amount=500, period="month"),
        Price(currency="EUR", amount=5_000, period="year"),
    ),
    donations=(Price(currency="EUR", amount=100, most=100_000),),
)
SARI = Destination("bank", name="Sari", account="0012345678", bic="BMRIIDJA", channel="ID_BCA")


class Processor:
    """A processor of payments in. `faults`: raised by the next calls, one each."""

    def __init__(self) -> None:
        self.lists = frozenset({"paid", "refunded", "disputed", "dispute_won", "dispute_lost"})
        self.faults: list[VendorFault | float] = []
        self.begun: list[CheckoutAsk] = []
        self.listed: list[Fact] = []
        self.ended: list[str] = []
        self.refunds: list[tuple[str, int, str]] = []

    def takes(self, currency: str) -> bool:
        return currency == "EUR"

    async def _may_fail(self) -> None:
        if self.faults:
            fault = self.faults.pop(0)
            if isinstance(fault, float):
                await asyncio.sleep(fault)
            else:
                raise fault

    async def start(self, ask: CheckoutAsk) -> Checkout:
        await self._may_fail()
        self.begun.append(ask)
        return Checkout(f"https://pay.test/{ask.payment_id}", f"cs_{ask.payment_id}")

    async def fetch(self, reference: str) -> Sequence[Fact]:
        raise NotImplementedError(reference)

    async def since(self, from_ms: int, cursor: str = "") -> tuple[Sequence[Fact], str]:
        await self._may_fail()
        start = int(cursor or 0)
        found = [one for one in self.listed if one.at_ms >= from_ms]
        following = str(start + 3) if start + 3 < len(found) else ""
        return found[start : start + 3], following

    async def refund(self, fact: Fact, amount: int, key: str) -> None:
        await self._may_fail()
        if key not in {one[2] for one in self.refunds}:
            self.refunds.append((fact.reference, amount, key))

    async def cancel(self, renewal: str) -> None:
        await self._may_fail()
        self.ended.append(renewal)

    async def check(self) -> None:
        await self._may_fail()

    def read_webhook(self, raw: bytes, headers: Mapping[str, str], now_ms: int) -> Notice:
        del raw, headers, now_ms
        raise Forged("signature")


class Payer:
    """A payer. `doubts`: pays, and then hangs, so many times. `paid`: what it did, by key."""

    def __init__(self, way: str = "bank") -> None:
        self.way = way
        self.faults: list[VendorFault] = []
        self.doubts = 0
        self.lost = 0
        self.paid: dict[str, PayoutAsk] = {}
        self.others: list[tuple[int, PayoutSeen]] = []
        self.calls: list[str] = []
        self.state = "sent"

    def serves(self, to: Destination, currency: str) -> bool:
        return to.way == self.way and currency in {"EUR", "IDR"}

    async def pay(self, ask: PayoutAsk) -> PayoutSeen:
        self.calls.append(f"pay {ask.key}")
        if self.faults:
            raise self.faults.pop(0)
        if self.lost:
            # The request never arrived, and nobody says so.
            self.lost -= 1
            await asyncio.sleep(60)
        self.paid[ask.key] = ask
        if self.doubts:
            self.doubts -= 1
            await asyncio.sleep(60)
        return self.seen(ask)

    def seen(self, ask: PayoutAsk) -> PayoutSeen:
        return PayoutSeen(self.state, f"tr_{ask.payout_id}", fee=5)

    async def look(self, ask: PayoutAsk, reference: str) -> PayoutSeen:
        del reference
        self.calls.append(f"look {ask.key}")
        if self.faults:
            raise self.faults.pop(0)
        if ask.key not in self.paid:
            raise Rejected("not_found")
        return self.seen(ask)

    async def since(self, from_ms: int, cursor: str = "") -> Any:
        del from_ms
        start = int(cursor or 0)
        found = [(ask.payout_id, self.seen(ask)) for ask in self.paid.values()] + self.others
        following = str(start + 2) if start + 2 < len(found) else ""
        return found[start : start + 2], following

    async def payee(self, to: Destination) -> Payee:
        del to
        return Payee(may_be_paid=False, state="restricted", missing=("id_number",))

    async def check(self) -> None:
        return

    def read_webhook(self, raw: bytes, headers: Mapping[str, str], now_ms: int) -> Notice:
        del raw, headers, now_ms
        raise Forged("signature")


def money_with(
    world: Any, processors: Any = None, payers: Any = None, *, bank: bool = True
) -> Money:
    """What moves money, from vendors in memory: the real failover, no canaries, short waits."""
    template = Template(
        "Yayasan Venire",
        account="1234567890",
        bic="CENAIDJA",
        currencies=frozenset({"EUR", "IDR"}),
    )
    digits = Digits()
    return Money(
        payments=Failover(world, "payments", processors or {}, try_s=0.3, share=0.0),
        payouts=Failover(world, "payouts", payers or {}, try_s=0.3, share=0.0),
        prices=PRICES,
        digits=digits,
        bank=Iso20022File(template, digits) if bank else None,
        bank_title="juror pay",
        currencies=("EUR",),
    )
