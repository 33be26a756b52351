"""Amounts as each party writes them, and the words in which processors are spoken to.

An amount here is a whole number of the smallest units of a ledger's currency. How many digits of it
are behind the point is ISO 4217's to say, unless the operator keeps that ledger otherwise (whole
rupiah, say). A processor has a table of its own; what it cannot write exactly is never rounded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, DecimalException
from typing import Final, Literal

import msgspec

from venire.kernel.vendors import Rejected, VendorUnavailable

MOST: Final = 1 << 53
"""No amount goes beyond what every JSON reader keeps exact."""
NAME_CHARACTERS: Final = 200
"""What a processor calls something is shorter."""
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)
_USUAL: Final = 2
_DIGITS_OF: Final = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"), 0),
    **dict.fromkeys(("RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    "CLF": 4,
    "UYW": 4,
}

FactKind = Literal[
    "paid",
    "fee",
    "failed",
    "expired",
    "refunded",
    "refund_failed",
    "disputed",
    "dispute_won",
    "dispute_lost",
]
PayoutSaid = Literal["sent", "paid", "failed"]


def iso_digits(currency: str) -> int:
    """Digits behind the point by ISO 4217: two, unless the list says otherwise."""
    return _DIGITS_OF.get(currency, _USUAL)


class Digits:
    """How many digits of an amount are behind the point, in the books of this site.

    `kept`: currencies that the operator keeps otherwise than ISO 4217 has them.
    """

    def __init__(self, kept: Mapping[str, int] | None = None) -> None:
        self._kept = dict(kept or {})

    def of(self, currency: str) -> int:
        """Digits behind the point."""
        return self._kept.get(currency, iso_digits(currency))

    def sent(self, amount: int, currency: str, places: int, *, step: int = 1) -> int:
        """An amount in units of a processor that has `places` digits behind the point.

        `step`: what the units must be a multiple of. Rejected `amount_not_payable`.
        """
        mine = self.of(currency)
        units, lost = (
            (amount * 10 ** (places - mine), 0)
            if places >= mine
            else divmod(amount, 10 ** (mine - places))
        )
        if lost or units % step or not 0 < units <= MOST:
            raise Rejected("amount_not_payable")
        return int(units)

    def read(self, units: object, currency: str, places: int) -> int:
        """The amount of a processor's units. VendorUnavailable `amount_unreadable`."""
        return self.read_text(str(units), currency, places)

    def read_text(self, text: object, currency: str, places: int = 0) -> int:
        """The amount of a number as written (`1500.00`), less `places` digits behind the point."""
        try:
            value = Decimal(str(text)).scaleb(self.of(currency) - places)
        except DecimalException as error:
            raise VendorUnavailable("amount_unreadable") from error
        if not value.is_finite() or value != value.to_integral_value() or abs(value) > MOST:
            raise VendorUnavailable("amount_unreadable")
        return int(value)

    def written(self, amount: int, currency: str, *, most: int = _DIGITS_OF["CLF"]) -> str:
        """An amount as a number in whole currency: `12.50`. Rejected past `most` digits."""
        digits = min(self.of(currency), most)
        units = self.sent(amount, currency, digits)
        if not digits:
            return str(units)
        whole, part = divmod(units, 10**digits)
        return f"{whole}.{part:0{digits}d}"


# payments in


class CheckoutAsk(msgspec.Struct, frozen=True):
    """What somebody is about to pay. `payment_id` is ours, and goes along as the reference.

    `period`: `month` or `year` where it is to be paid again by itself, if the processor can.
    """

    payment_id: int
    currency: str
    amount: int
    title: str
    back_url: str
    period: str = ""
    language: str = "en"


class Checkout(msgspec.Struct, frozen=True):
    """Where to pay: an address of the processor's, and its name for the payment."""

    url: str
    reference: str
    renews: bool = False


class Fact(msgspec.Struct, frozen=True):
    """One thing that happened to money at a processor; known once, whoever tells it how often.

    `reference` names it there: a charge, a refund, a dispute. `payment_id` or `of` (a reference of
    the charge, or one of its `aliases`) says what it is about. `amount` None: what was asked.
    `renewal` is what ends the renewals that it began. What cannot be one (no name, no currency of
    three capitals, an amount below 0) is VendorUnavailable `fact_unreadable`.
    """

    kind: FactKind
    reference: str
    at_ms: int
    currency: str = ""
    amount: int | None = None
    payment_id: int | None = None
    of: str = ""
    aliases: tuple[str, ...] = ()
    renewal: str = ""

    def __post_init__(self) -> None:
        names = (self.reference, self.of, self.renewal, *self.aliases)
        sound = (
            self.reference not in {"", "None"}
            and all(len(one) <= NAME_CHARACTERS and one.isprintable() for one in names)
            and not any(" " in one for one in names)
            and (not self.currency or _CURRENCY.fullmatch(self.currency) is not None)
            and (self.amount is None or 0 <= self.amount <= MOST)
        )
        if not sound:
            raise VendorUnavailable("fact_unreadable")


class Notice(msgspec.Struct, frozen=True):
    """A webhook whose sender is known. `facts` is empty for a kind that says nothing about money.

    `payouts`: what it says of payouts, as (our payout's id, what was seen).
    """

    id: str
    kind: str
    at_ms: int
    facts: tuple[Fact, ...] = ()
    payouts: tuple[tuple[int, PayoutSeen], ...] = ()


class Forged(Exception):  # noqa: N818 - named after what happened
    """A webhook that is not from whom it says, or too old to be believed. `said` is a code."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


# payouts


class Destination(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where somebody's money goes. `way` says which of the fields are filled.

    `bank`: name of the holder, `iban` or `account` number, and the bank's `bic`; `channel` is a
    processor's code of the bank (`ID_BCA`). `connect`: an account at a processor.
    """

    way: Literal["bank", "connect"]
    name: str = ""
    iban: str = ""
    account: str = ""
    bic: str = ""
    channel: str = ""
    country: str = ""


class PayoutAsk(msgspec.Struct, frozen=True):
    """A payout as a vendor is asked for it. `key` is the same at every try."""

    payout_id: int
    key: str
    currency: str
    amount: int
    to: Destination
    title: str = ""


class PayoutSeen(msgspec.Struct, frozen=True):
    """What a vendor knows of a payout. `said`: its own code, nothing about anybody."""

    state: PayoutSaid
    reference: str = ""
    fee: int = 0
    said: str = ""


class BankLine(msgspec.Struct, frozen=True):
    """One payment of a file for the bank."""

    payout_id: int
    amount: int
    to: Destination


class BankOrder(msgspec.Struct, frozen=True):
    """A file for the bank, before it is written. The same order is the same file."""

    file_id: int
    currency: str
    made_at_ms: int
    lines: tuple[BankLine, ...]
    title: str = ""


class Payee(msgspec.Struct, frozen=True):
    """How far a processor has come with checking who somebody is (identity, sanctions).

    `missing`: its own names of what it waits for.
    """

    may_be_paid: bool
    state: str
    missing: tuple[str, ...] = ()
