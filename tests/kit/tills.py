"""A house whose processors and payers stand on this machine: real HTTP, in the right order."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncIterator
from typing import Any

from tests.kit.courthouse import Courthouse
from venire.adapters.payouts.bank_file import Iso20022File, Template
from venire.cli.drills.counterparts.server import served
from venire.cli.drills.counterparts.stripe import StripeCounterpart
from venire.cli.drills.counterparts.xendit import XenditCounterpart
from venire.continuity.vendors.failover import Failover
from venire.kernel.money import Digits
from venire.treasury.desk import Money
from venire.treasury.membership_rules import Price, Prices

PRICES = Prices(
    memberships=(
        Price(currency="IDR", amount=5_000_000, period="month"),
        Price(currency="EUR", amount=500, period="month"),
    ),
    donations=(Price(currency="IDR", amount=1_000_000, most=100_000_000),),
)


@dataclasses.dataclass
class Tills:
    """The stand-ins behind a house, first `cards-a` and then `cards-b`."""

    house: Courthouse
    stripe: StripeCounterpart
    xendit: XenditCounterpart
    money: Money

    def at(self, vendor: str) -> Any:
        """A stand-in by its name in the settings."""
        return self.stripe if vendor == "cards-a" else self.xendit

    async def deliver(self, vendor: str, webhook: tuple[dict[str, str], bytes]) -> Any:
        """A processor delivers a webhook."""
        headers, raw = webhook
        path = f"/api/v1/webhooks/payments/{vendor}"
        return await self.house.site.client.post(path, content=raw, headers=headers)


@contextlib.asynccontextmanager
async def open_tills(house: Courthouse, *, currency: str = "EUR") -> AsyncIterator[Tills]:
    """Give a house processors, payers and a bank; jurors are paid in `currency`."""
    stripe, xendit = StripeCounterpart(), XenditCounterpart()
    stripe.now_s = xendit.now_s = house.site.clock.now_ms() // 1_000
    digits = Digits()
    template = Template(
        "Yayasan Venire",
        account="1234567890",
        bic="CENAIDJA",
        currencies=frozenset({"EUR", "IDR"}),
    )
    async with contextlib.AsyncExitStack() as stack:
        for one in (stripe, xendit):
            stack.enter_context(served(one))
        services = {"cards-a": stripe.adapter(digits), "cards-b": xendit.adapter(digits)}
        payers = {"pay-a": stripe.payouts(digits), "pay-b": xendit.payouts(digits)}
        for service in (*services.values(), *payers.values()):
            stack.push_async_callback(service.close)
        money = Money(
            payments=Failover(house.world, "payments", services, try_s=1.5, share=0.0),
            payouts=Failover(house.world, "payouts", payers, try_s=1.5, share=0.0),
            prices=PRICES,
            digits=digits,
            bank=Iso20022File(template, digits),
            bank_title="juror pay",
            currencies=(currency,),
        )
        object.__setattr__(house.court, "money", money)
        yield Tills(house, stripe, xendit, money)
