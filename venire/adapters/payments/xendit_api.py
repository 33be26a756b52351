"""Xendit over HTTP: keys, errors, amounts, its list of transactions. docs.xendit.co: API reference.

Amounts are numbers in whole currency; rupiah and dong have no part of one.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, Final

from venire.adapters.http import VendorHttp, basic
from venire.adapters.payments.signatures import mapping, moment_ms, rows
from venire.kernel.clock import DAY_MS, iso_ms
from venire.kernel.money import Digits, Forged
from venire.kernel.vendors import (
    AccountClosed,
    Rejected,
    VendorFault,
    VendorThrottled,
    VendorUnavailable,
    fault_of_status,
)

ADDRESS: Final = "https://api.xendit.co"
STALE_MS: Final = 3 * DAY_MS
"""Webhooks are repeated for a day; the token in them proves no age, so old ones are refused."""
_WHOLE: Final = frozenset({"IDR", "VND", "JPY"})
_PAGE: Final = "50"
_OUT: Final = frozenset(
    {"INVALID_API_KEY", "REQUEST_FORBIDDEN_ERROR", "BUSINESS_SUSPENDED", "ACCOUNT_SUSPENDED"}
)
_LATER: Final = frozenset(
    {
        "INSUFFICIENT_BALANCE",
        "CHANNEL_UNAVAILABLE",
        "MAINTENANCE",
        "TEMPORARILY_UNAVAILABLE",
        "REFUND_IN_PROGRESS",
    }
)
_NOT_HERE: Final = frozenset(
    {
        "INVALID_PAYMENT_CHANNEL",
        "INVALID_CURRENCY",
        "INVALID_COUNTRY",
        "SESSION_TYPE_NOT_SUPPORTED",
        "MODE_NOT_SUPPORTED",
        "INVALID_MERCHANT_SETTINGS",
    }
)
"""What this account was not opened for: nobody's card is at fault, and another processor may do."""
_REFUSED: Final = {
    "REFUND_NOT_SUPPORTED": "refund_by_hand",
    "PARTIAL_REFUND_NOT_SUPPORTED": "refund_by_hand",
    "SKIP_3DS_FORBIDDEN": "card",
    "DATA_NOT_FOUND": "not_found",
    "NOT_FOUND": "not_found",
}
"""Of one card or way to pay, some told with 403: our account is served all the same."""
_CONFLICT: Final = 409


class XenditApi:
    """Calls with one secret key. `token`: what its webhooks carry."""

    def __init__(
        self,
        key: str,
        token: str,
        digits: Digits,
        *,
        address: str = ADDRESS,
        loopback: bool = False,
    ) -> None:
        self._http = VendorHttp(
            address, headers=basic(key, ""), loopback=loopback, answer_bytes=4 * 1024 * 1024
        )
        self._token = token
        self._digits = digits

    async def close(self) -> None:
        """End the connections that are open."""
        await self._http.close()

    async def post(self, path: str, body: Any, key: str = "") -> dict[str, Any]:
        """Change something."""
        headers = {"Idempotency-key": key} if key else {}
        answer = await self._http.ask("POST", path, json=body, headers=headers)
        said = answer.json()
        check_answer(answer.status, said, answer.retry_after_s, doubt=True)
        if not isinstance(said, dict) or not said:
            raise VendorUnavailable("answer_unreadable", in_doubt=True)
        return said

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """Read something."""
        answer = await self._http.ask("GET", path, query=query)
        said = answer.json()
        check_answer(answer.status, said, answer.retry_after_s, doubt=False)
        if said is None:
            raise VendorUnavailable("answer_unreadable")
        return said

    async def transactions(
        self, kind: str, from_ms: int, after: str
    ) -> tuple[list[dict[str, Any]], str]:
        """A page of what moved money, and after which the next one is; empty at the end."""
        query = {"types": kind, "created[gte]": iso_ms(from_ms), "limit": _PAGE}
        if after:
            query["after_id"] = after
        page = mapping(await self.get("/transactions", query))
        found = rows(page.get("data"))
        more = bool(page.get("has_more")) and bool(found)
        return found, str(found[-1].get("id")) if more else ""

    def number(self, amount: int, currency: str) -> float | int:
        """An amount as Xendit is told. Rejected `amount_not_payable`."""
        text = self._digits.written(amount, currency, most=0 if currency in _WHOLE else 2)
        return float(text) if "." in text else int(text)

    def amount(self, number: object, currency: object) -> int:
        """An amount as Xendit tells it."""
        return self._digits.read_text(number, str(currency))

    def fee(self, one: Mapping[str, Any]) -> int:
        """What a transaction has cost, taxes with it."""
        parts = mapping(one.get("fee"))
        if parts.get("status") in {"CANCELED", "REVERSED"}:
            return 0
        kept = [
            parts.get(name)
            for name in ("xendit_fee", "value_added_tax", "third_party_withholding_tax")
        ]
        return sum(self.amount(part, one.get("currency")) for part in kept if part)

    def check_webhook(self, headers: Mapping[str, str]) -> None:
        """Whether a webhook carries our token. Forged `signature`."""
        given = headers.get("x-callback-token", "")
        if not self._token or not hmac.compare_digest(given.encode(), self._token.encode()):
            raise Forged("signature")


def check_fresh(event: Mapping[str, Any], now_ms: int) -> int:
    """When a webhook was delivered, within the days of its repeats. Forged `stale`, `malformed`.

    One about a dispute is the dispute itself, which has no such moment but its last change.
    """
    try:
        at_ms = moment_ms(event.get("created") or event.get("updated_at"))
    except VendorUnavailable as error:
        raise Forged("malformed") from error
    if abs(now_ms - at_ms) > STALE_MS:
        raise Forged("stale")
    return at_ms


def check_answer(status: int, said: Any, retry_after_s: float | None, *, doubt: bool) -> None:
    """Raise the fault of an answer that is no success, or holds an error all the same."""
    code = str(mapping(said).get("error_code") or "")
    if 200 <= status < 300 and not code:  # noqa: PLR2004 - HTTP
        return
    raise _fault(status, code, retry_after_s, doubt=doubt)


def _fault(status: int, code: str, retry_after_s: float | None, *, doubt: bool) -> VendorFault:
    said = _of_code(code, retry_after_s)
    if said is not None:
        return said
    if status == _CONFLICT:
        # A key or reference that was used before: what was asked then may well have been done.
        return VendorUnavailable(code or "conflict", in_doubt=doubt)
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP
        return VendorUnavailable(code, in_doubt=doubt)
    return fault_of_status(status, code, retry_after_s)


def _of_code(code: str, retry_after_s: float | None) -> VendorFault | None:
    """The class of a code, whatever the status; None where the status says more."""
    if code == "RATE_LIMIT_EXCEEDED":
        return VendorThrottled(code, retry_after_s)
    if code in _OUT:
        return AccountClosed(code)
    if code in _LATER | _NOT_HERE:
        return VendorUnavailable(code)
    return Rejected(_REFUSED[code]) if code in _REFUSED else None
