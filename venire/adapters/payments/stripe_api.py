"""Stripe over HTTP: version, keys, errors, amounts. docs.stripe.com: API, Errors, Currencies.

The version is pinned: what an account is upgraded to must not change what our calls mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from venire.adapters.http import VendorHttp
from venire.adapters.payments.signatures import mapping
from venire.kernel.money import Digits
from venire.kernel.vendors import (
    AccountClosed,
    Rejected,
    VendorFault,
    VendorThrottled,
    VendorUnavailable,
    fault_of_status,
)

ADDRESS: Final = "https://api.stripe.com"
VERSION: Final = "2024-10-28.acacia"
_ZERO: Final = frozenset(
    "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split()  # noqa: SIM905
)
_THREE: Final = frozenset("BHD JOD KWD OMR TND".split())  # noqa: SIM905
"""Their last digit must be 0. ISK and UGX are written with two digits, always 0."""
_WHOLE: Final = frozenset({"ISK", "UGX"})
_OUT: Final = frozenset({"account_closed", "account_invalid", "platform_account_required"})
_LATER: Final = frozenset(
    {"lock_timeout", "idempotency_key_in_use", "idempotency_error", "balance_insufficient"}
)
_NOT_FOUND: Final = 404
_CONFLICT: Final = 409


def places(currency: str) -> tuple[int, int]:
    """Digits behind the point, and what the units must be a multiple of."""
    if currency in _ZERO:
        return 0, 1
    if currency in _THREE:
        return 3, 10
    return 2, 100 if currency in _WHOLE else 1


class StripeApi:
    """Calls with one secret key."""

    def __init__(
        self, key: str, digits: Digits, *, address: str = ADDRESS, loopback: bool = False
    ) -> None:
        headers = {"Authorization": f"Bearer {key}", "Stripe-Version": VERSION}
        self._http = VendorHttp(
            address, headers=headers, loopback=loopback, answer_bytes=4 * 1024 * 1024
        )
        self._digits = digits

    async def close(self) -> None:
        """End the connections that are open."""
        await self._http.close()

    async def post(self, path: str, form: Mapping[str, str], key: str) -> dict[str, Any]:
        """Change something, once for its key."""
        answer = await self._http.ask("POST", path, form=form, headers={"Idempotency-Key": key})
        return _read(answer.status, answer.json(), answer.retry_after_s, doubt=True)

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Read something."""
        answer = await self._http.ask("GET", path, query=query)
        return _read(answer.status, answer.json(), answer.retry_after_s, doubt=False)

    async def delete(self, path: str) -> None:
        """End something; what is not there any more has ended."""
        answer = await self._http.ask("DELETE", path)
        if answer.status != _NOT_FOUND:
            _read(answer.status, answer.json(), answer.retry_after_s, doubt=False)

    def units(self, amount: int, currency: str) -> str:
        """An amount as Stripe is told. Rejected `amount_not_payable`."""
        digits, step = places(currency)
        return str(self._digits.sent(amount, currency, digits, step=step))

    def amount(self, units: object, currency: object) -> int:
        """An amount as Stripe tells it."""
        name = str(currency).upper()
        return self._digits.read(units, name, places(name)[0])


def _read(status: int, said: Any, retry_after_s: float | None, *, doubt: bool) -> dict[str, Any]:
    """The object of an answer; a success that holds an error is none."""
    found = mapping(said)
    error = mapping(found.get("error"))
    if 200 <= status < 300 and not error:  # noqa: PLR2004 - HTTP
        if not found:
            raise VendorUnavailable("answer_unreadable", in_doubt=doubt)
        return found
    code = str(error.get("code") or error.get("type") or "")
    raise _fault(status, code, retry_after_s, doubt=doubt)


def _fault(status: int, code: str, retry_after_s: float | None, *, doubt: bool) -> VendorFault:
    if code in _OUT:
        return AccountClosed(code)
    if code == "rate_limit":
        return VendorThrottled(code, retry_after_s)
    if code in _LATER or status == _CONFLICT:
        # Of the same key another call is under way, or was another: that one may have succeeded.
        return VendorUnavailable(
            code or "conflict", in_doubt=doubt and code != "balance_insufficient"
        )
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP
        return VendorUnavailable(code or "error_inside", in_doubt=doubt)
    if status == _NOT_FOUND:
        return Rejected("not_found")
    return fault_of_status(status, code, retry_after_s)
