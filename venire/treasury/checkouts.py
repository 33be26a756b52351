"""From the wish to pay to an address of a processor's: the first that serves us, in one request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from venire.kernel.errors import Invalid, Throttled, Unavailable
from venire.kernel.i18n import translate
from venire.kernel.money import Checkout, CheckoutAsk
from venire.kernel.ports import PaymentService
from venire.kernel.vendors import Rejected, VendorFault, VendorUnavailable
from venire.storage.world import World
from venire.treasury import payments
from venire.treasury.desk import Money
from venire.treasury.income import Payment, Purpose

OPEN_MOST: Final = 20
_URL_CHARACTERS: Final = 4_000
_OPEN_MS: Final = 3_600_000
"""Somebody who begins so many payments in an hour is trying cards, or trying us."""


async def begin(
    world: World,
    money: Money,
    *,
    purpose: Purpose,
    currency: str,
    amount: int,
    back: str,
    language: str,
    account_id: int | None = None,
    period: str = "",
) -> tuple[Payment, Checkout]:
    """Begin a payment; `back` is the path of ours to return to.

    Raises Invalid `price_unknown`, `amount_not_allowed`, `currency_not_taken`, `payment_refused`;
    Throttled
    `too_many_payments`; Unavailable `payments_unavailable`.
    """
    if purpose == "membership":
        money.prices.membership(currency, amount, period)
    else:
        money.prices.donation(currency, amount)
    among = [name for name, one in money.payments.services.items() if one.takes(currency)]
    if not among:
        raise Invalid("currency_not_taken", "No processor of this site takes this currency")
    if account_id is not None:
        await _check_pace(world, account_id)
    made = await payments.start(
        world,
        purpose=purpose,
        ledger=currency,
        amount=amount,
        account_id=account_id,
        period=period,
    )
    ask = CheckoutAsk(
        payment_id=made.id,
        currency=currency,
        amount=amount,
        title=f"{world.site.title}: {_named(purpose, language)}",
        back_url=f"{world.site.base_url}{back}",
        period=period,
        language=language,
    )
    vendor, checkout = await _started(world, money, ask, among)
    await payments.note_checkout(world, made.id, vendor, checkout.reference)
    return made, checkout


def _named(purpose: Purpose, language: str) -> str:
    """What somebody pays for, as it stands on the processor's page."""
    if purpose == "membership":
        return translate(language, "Membership")
    return translate(language, "Donation")


async def _started(
    world: World, money: Money, ask: CheckoutAsk, among: Sequence[str]
) -> tuple[str, Checkout]:
    """The checkout of the first processor that makes one, and which it is."""

    async def start(service: PaymentService) -> Checkout:
        begun = await service.start(ask)
        if not _leads_out(world, begun.url):
            # What stands behind a button of ours is a page, and no script of somebody else's.
            raise VendorUnavailable("address_unusable")
        return begun

    try:
        done = await money.payments.call(start, among=among)
    except Rejected as fault:
        raise Invalid("payment_refused", "The processor refuses this payment") from fault
    except VendorFault as fault:
        raise Unavailable(
            "payments_unavailable", "No processor takes payments at this moment: try again later"
        ) from fault
    return done.vendor, done.value


def _leads_out(world: World, url: str) -> bool:
    schemes = ("https://", "http://127.0.0.1:") if world.site.acceptance else ("https://",)
    return url.startswith(schemes) and url.isprintable() and len(url) <= _URL_CHARACTERS


async def _check_pace(world: World, account_id: int) -> None:
    recent = await payments.of_account(world, account_id, limit=OPEN_MOST)
    since_ms = world.now_ms() - _OPEN_MS
    if len(recent) == OPEN_MOST and recent[-1].started_at_ms > since_ms:
        raise Throttled("too_many_payments", "Too many payments begun", retry_after_s=600)
