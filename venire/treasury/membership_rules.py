"""Until when a membership is paid, from the payments alone. Pure.

A payment that stands adds a period to what was paid for already, or to its own moment if that has
passed; in order of the processors' moments, so that the order in which they were told is nothing.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Invalid
from venire.treasury.income import Known, Payment, stands
from venire.treasury.model import MOST

Period = Literal["month", "year"]
State = Literal["none", "active", "grace", "lapsed"]
Reminder = Literal["ask", "ended", "over"]
ASK: Final = "ask"
ENDED: Final = "ended"
OVER: Final = "over"
ASK_BEFORE_MS: Final = 7 * DAY_MS
"""So long before the end somebody who is not renewed by a processor is asked to pay again."""
_MONTHS: Final[dict[str, int]] = {"month": 1, "year": 12}


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[[prices]]` of venire.toml. `amount` is in minor units, of a donation the least.

    `period`: `month` or `year` of a membership; empty for donations.
    """

    currency: str
    amount: int
    period: str = ""
    most: int = 0


class Prices(msgspec.Struct, frozen=True):
    """What may be paid for. `grace_days`: how long a membership goes on unpaid."""

    memberships: tuple[Price, ...] = ()
    donations: tuple[Price, ...] = ()
    grace_days: int = 14

    def membership(self, currency: str, amount: int, period: str) -> Price:
        """The price that somebody names. Invalid `price_unknown`."""
        for price in self.memberships:
            if (price.currency, price.period) == (currency, period) and amount == price.amount:
                return price
        raise Invalid("price_unknown", "There is no membership at this price")

    def donation(self, currency: str, amount: int) -> Price:
        """What a donation has to keep to. Invalid `amount_not_allowed`, `price_unknown`."""
        for price in self.donations:
            if price.currency == currency:
                most = price.most or MOST
                if not price.amount <= amount <= most:
                    raise Invalid(
                        "amount_not_allowed",
                        "A donation is at least and at most so much",
                        least=price.amount,
                        most=most,
                    )
                return price
        raise Invalid("price_unknown", "Nothing is taken in this currency")


def prices_of(listed: Iterable[Price], grace_days: int) -> Prices:
    """The prices of the settings. Invalid `settings_invalid`."""
    found = tuple(listed)
    for price in found:
        currency = price.currency
        sound = len(currency) == 3 and currency.isascii() and currency.isupper()  # noqa: PLR2004
        if not sound or not currency.isalpha() or price.period not in {"", *_MONTHS}:
            raise Invalid("settings_invalid", "prices: currency as EUR; period month, year or none")
        if not 0 < price.amount <= MOST or not 0 <= price.most <= MOST:
            raise Invalid("settings_invalid", "prices: amount in minor units, above 0")
    if not 0 <= grace_days <= 366:  # noqa: PLR2004
        raise Invalid("settings_invalid", "membership_grace_days lies between 0 and 366")
    return Prices(
        tuple(one for one in found if one.period),
        tuple(one for one in found if not one.period),
        grace_days,
    )


class Paid(msgspec.Struct, frozen=True):
    """What the payments of a member come to. `paid_until_ms` 0: nothing was ever paid.

    `payment`: the newest that counts; `vendor`: where; `renewal`: what ends its renewals there.
    `stale`: renewals of other payments, as (vendor, renewal): nobody is to be charged twice.
    """

    paid_until_ms: int = 0
    payment: Payment | None = None
    vendor: str = ""
    renewal: str = ""
    stale: tuple[tuple[str, str], ...] = ()


def paid(payments: Iterable[tuple[Payment, list[Known]]]) -> Paid:
    """What a member has paid for. Less than was asked, or in another currency, buys nothing."""
    counted: list[tuple[int, str, str, Payment]] = []
    renewals: dict[int, tuple[str, str]] = {}
    for payment, facts in payments:
        if payment.purpose != "membership":
            continue
        counted += [
            (fact.at_ms, fact.vendor, fact.reference, payment)
            for fact in stands(facts)
            if fact.ledger == payment.ledger and fact.amount >= payment.amount
        ]
        for fact in sorted(facts, key=lambda one: (one.at_ms, one.reference)):
            if fact.renewal:
                renewals[payment.id] = (fact.vendor, fact.renewal)
    if not counted:
        return Paid()
    counted.sort(key=lambda one: one[:3])
    until_ms = 0
    for at_ms, _, _, payment in counted:
        until_ms = later(max(until_ms, at_ms), payment.period)
    newest, vendor = counted[-1][3], counted[-1][1]
    mine = renewals.pop(newest.id, ("", ""))[1]
    return Paid(until_ms, newest, vendor, mine, tuple(sorted(renewals.values())))


def later(at_ms: int, period: str) -> int:
    """The same moment a month or a year on; the 31st becomes the last day of a shorter month."""
    moment = dt.datetime.fromtimestamp(at_ms // 1_000, tz=dt.UTC)
    month = moment.month - 1 + _MONTHS.get(period, 0)
    year, month = moment.year + month // 12, month % 12 + 1
    day = min(moment.day, calendar.monthrange(year, month)[1])
    return round(moment.replace(year=year, month=month, day=day).timestamp()) * 1_000


def state(paid_until_ms: int, grace_days: int, now_ms: int) -> State:
    """How a membership stands: who has paid keeps it, a dead processor or not."""
    if not paid_until_ms:
        return "none"
    if now_ms < paid_until_ms:
        return "active"
    return "grace" if now_ms < paid_until_ms + grace_days * DAY_MS else "lapsed"


def asks_at(paid_until_ms: int, *, renews: bool, cancelled: bool) -> int | None:
    """When a member is asked to pay again; None for one who does not want to go on.

    A processor that renews is given a day past the end: then its silence says enough.
    """
    if cancelled or not paid_until_ms:
        return None
    return paid_until_ms + DAY_MS if renews else paid_until_ms - ASK_BEFORE_MS


def reminded(paid_until_ms: int, grace_days: int, now_ms: int) -> Reminder:
    """What a member is told now: that it ends, that it has ended and goes on, that it is over."""
    stands = state(paid_until_ms, grace_days, now_ms)
    return ASK if stands == "active" else ENDED if stands == "grace" else OVER
