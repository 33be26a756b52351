"""From `[[vendors]]` and `[[prices]]` to what moves money: the registry of its adapters.

A processor's `secret_file` holds two lines: the key of its interface, and the secret of its
webhooks. Options: `address` (BTCPay needs one), `currencies` (`EUR,USD`), `store` (BTCPay); of the
bank's file `name`, `form`, `iban` or `account`, `bic`, `sepa` (`yes`), `title`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, cast

from venire.adapters.payments import stripe_api, xendit_api
from venire.adapters.payments.btcpay import BtcPay
from venire.adapters.payments.stripe import Stripe
from venire.adapters.payments.xendit import Xendit
from venire.adapters.payouts.bank_file import Form, Iso20022File, Template
from venire.adapters.payouts.stripe_connect import StripeConnect
from venire.adapters.payouts.xendit import XenditPayouts
from venire.cases.policy import Policy
from venire.continuity.vendors.failover import Failover
from venire.kernel.errors import Invalid
from venire.kernel.money import Digits
from venire.kernel.ports import PaymentService, PayoutService
from venire.server.settings import Settings
from venire.server.vendor_settings import (
    Kind,
    VendorSettings,
    of_kind,
    option,
    placed,
    secret_of,
    unknown_adapter,
)
from venire.storage.world import World
from venire.treasury.desk import Money
from venire.treasury.membership_rules import Prices, prices_of

CHECKOUT_S: Final = 5.0
"""Somebody waits for the page: one processor has so long before the next is asked."""
PAYOUT_S: Final = 20.0
PAYOUT_SHARE: Final = 0.0
"""Jurors' money goes the operator's first way: that the others serve us shows each night, when
every vendor is asked for its list."""
BANK_FILE: Final = "bank-file"


class _Given:
    """A vendor's block with its secrets read, and what every adapter takes."""

    def __init__(
        self, folder: Path, vendor: VendorSettings, digits: Digits, loopback: bool
    ) -> None:
        lines = secret_of(folder, vendor).splitlines()
        self.vendor = vendor
        self.key = lines[0].strip() if lines else ""
        self.hook = lines[1].strip() if len(lines) > 1 else ""
        self.more: dict[str, Any] = {"loopback": loopback}
        self.digits = digits
        if not self.key or (vendor.kind == "payments" and not self.hook):
            raise Invalid(
                "settings_invalid",
                f"vendors: {vendor.kind} {vendor.name!r}: secret_file: a line with the key, and one"
                " with the secret of its webhooks",
            )

    def in_currencies(self) -> dict[str, Any]:
        """What an adapter takes that can be told which currencies it is for."""
        named = option(self.vendor, "currencies", "")
        if not named:
            return self.more
        return {**self.more, "currencies": frozenset(one.strip() for one in named.split(","))}

    def at(self, address: str) -> str:
        """Where the vendor is."""
        return option(self.vendor, "address", address)


def _stripe(one: _Given) -> PaymentService:
    address = one.at(stripe_api.ADDRESS)
    return Stripe(one.key, one.hook, one.digits, address=address, **one.in_currencies())


def _xendit(one: _Given) -> PaymentService:
    address = one.at(xendit_api.ADDRESS)
    return Xendit(one.key, one.hook, one.digits, address=address, **one.in_currencies())


def _btcpay(one: _Given) -> PaymentService:
    address, store = option(one.vendor, "address"), option(one.vendor, "store")
    return BtcPay(address, one.key, store, one.hook, one.digits, **one.in_currencies())


def _stripe_connect(one: _Given) -> PayoutService:
    address = one.at(stripe_api.ADDRESS)
    return StripeConnect(one.key, one.hook, one.digits, address=address, **one.more)


def _xendit_payouts(one: _Given) -> PayoutService:
    address = one.at(xendit_api.ADDRESS)
    return XenditPayouts(one.key, one.hook, one.digits, address=address, **one.in_currencies())


PAYMENTS: Final[Mapping[str, Callable[[_Given], PaymentService]]] = {
    "stripe": _stripe,
    "xendit": _xendit,
    "btcpay": _btcpay,
}
PAYOUTS: Final[Mapping[str, Callable[[_Given], PayoutService]]] = {
    "stripe-connect": _stripe_connect,
    "xendit": _xendit_payouts,
}


def open_money(
    stack: contextlib.AsyncExitStack, settings: Settings, world: World, policy: Policy
) -> Money:
    """What moves money, by the settings of a site. Invalid `settings_invalid`."""
    return money_of(
        stack,
        world,
        folder=settings.folder,
        vendors=settings.vendors,
        prices=prices_of(settings.prices, settings.membership_grace_days),
        policy=policy,
        loopback=settings.acceptance,
    )


def money_of(
    stack: contextlib.AsyncExitStack,
    world: World,
    *,
    folder: Path,
    vendors: tuple[VendorSettings, ...],
    prices: Prices,
    policy: Policy,
    loopback: bool = False,
) -> Money:
    """What moves money, closed with the stack. Invalid `settings_invalid`.

    `loopback`: vendors may stand on this machine, for drills and tests.
    """
    pay = policy.pay
    digits = Digits({pay.currency: pay.digits})

    def services(kind: Kind, registry: Mapping[str, Callable[[_Given], Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for vendor in of_kind(vendors, kind):
            if kind == "payouts" and vendor.adapter == BANK_FILE:
                continue
            make = registry.get(vendor.adapter)
            if make is None:
                raise unknown_adapter(vendor, registry)
            with placed(vendor):
                service = make(_Given(folder, vendor, digits, loopback))
            stack.push_async_callback(service.close)
            found[vendor.name] = service
        return found

    bank = next((one for one in of_kind(vendors, "payouts") if one.adapter == BANK_FILE), None)
    return Money(
        payments=Failover[PaymentService](
            world, "payments", services("payments", PAYMENTS), try_s=CHECKOUT_S
        ),
        payouts=Failover[PayoutService](
            world, "payouts", services("payouts", PAYOUTS), try_s=PAYOUT_S, share=PAYOUT_SHARE
        ),
        prices=prices,
        digits=digits,
        bank=None if bank is None else _bank_file(bank, digits),
        bank_title="" if bank is None else option(bank, "title", ""),
        currencies=(pay.currency,),
    )


def _bank_file(vendor: VendorSettings, digits: Digits) -> Iso20022File:
    form = option(vendor, "form", "pain.001.001.09")
    currencies = option(vendor, "currencies", "IDR")
    template = Template(
        name=option(vendor, "name"),
        form=cast("Form", form),
        iban=option(vendor, "iban", "").replace(" ", ""),
        account=option(vendor, "account", "").replace(" ", ""),
        bic=option(vendor, "bic", ""),
        sepa=option(vendor, "sepa", "") == "yes",
        currencies=frozenset(one.strip() for one in currencies.split(",")),
    )
    return Iso20022File(template, digits)
