"""What a site pays jurors, and how it looks after them: sections `pay` and `jury` of the policy."""

from __future__ import annotations

import re
from typing import Final

import msgspec

_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)
_DIGITS_MOST: Final = 4
_MOST: Final = 1 << 40
_DIGITS: Final = 2
_DIGITS_OF: Final = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"), 0),
    **dict.fromkeys(("RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
"""Digits behind the point by ISO 4217, of the currencies that have not two."""


class PayPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a paid juror gets for a valid ballot, in minor units of the currency (ISO 4217).

    `digits`: how many of them are behind the point when an amount is written. `budget` is for a
    month; `terms` names the version of the terms that a promise was made under. A rate of 0 pays
    nobody.
    """

    currency: str = "EUR"
    digits: int = 2
    rate: int = 25
    budget: int = 50_000
    terms: str = "2026-11"

    def written(self, amount: int, currency: str = "") -> str:
        """An amount as people read it: `EUR 1.25`; also in a `currency` of former times."""
        currency = currency or self.currency
        digits = self.digits
        if currency != self.currency:
            digits = _DIGITS_OF.get(currency, _DIGITS)
        if not digits:
            return f"{currency} {amount}"
        sign = "-" if amount < 0 else ""
        whole, part = divmod(abs(amount), 10**digits)
        return f"{currency} {sign}{whole}.{part:0{digits}d}"


def pay_faults(pay: PayPolicy) -> list[tuple[str, str]]:
    """What no arithmetic could make work, as (place, problem)."""
    checks = (
        ("pay.currency", _CURRENCY.fullmatch(pay.currency) is None, "three capital letters"),
        ("pay.digits", not 0 <= pay.digits <= _DIGITS_MOST, "must lie between 0 and 4"),
        ("pay.rate", not 0 <= pay.rate <= _MOST, "minor units, 0 or more"),
        ("pay.budget", not 0 <= pay.budget <= _MOST, "minor units, 0 or more"),
        ("pay.terms", not 0 < len(pay.terms) <= 32, "1 to 32 characters"),  # noqa: PLR2004
    )
    return [(place, problem) for place, wrong, problem in checks if wrong]
