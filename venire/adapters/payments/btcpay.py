"""BTCPay Server, run by the site or by friends. docs.btcpayserver.org: Greenfield API, webhooks.

What no bank can stop, and off unless the operator names it. A refund there is claimed by whoever
paid, so it is made by hand in BTCPay itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from venire.adapters.http import VendorHttp, segment
from venire.adapters.payments.signatures import (
    check_age,
    check_any,
    mapping,
    opened,
    our_id,
    readable,
    rows,
    signed_hex,
)
from venire.kernel.clock import DAY_MS
from venire.kernel.money import Checkout, CheckoutAsk, Digits, Fact, FactKind, Forged, Notice
from venire.kernel.vendors import Rejected, VendorUnavailable, fault_of_status

TOLERANCE_MS: Final = DAY_MS
"""A delivery is repeated for some hours with the moment of the first one."""
_PAGE: Final = 50
_SECOND_MS: Final = 1_000
_NOT_FOUND: Final = 404


class BtcPay:
    """Implements `kernel.ports.PaymentService` for one store."""

    lists: frozenset[FactKind] = frozenset({"paid"})

    def __init__(
        self,
        address: str,
        key: str,
        store: str,
        webhook_secret: str,
        digits: Digits,
        *,
        loopback: bool = False,
        currencies: frozenset[str] = frozenset(),
    ) -> None:
        self._http = VendorHttp(
            address,
            headers={"Authorization": f"token {key}"},
            loopback=loopback,
            answer_bytes=4 * 1024 * 1024,
        )
        self._store = f"/api/v1/stores/{segment(store)}"
        self._secret = webhook_secret
        self._digits = digits
        self._currencies = currencies

    async def close(self) -> None:
        """End the connections that are open."""
        await self._http.close()

    def takes(self, currency: str) -> bool:
        """See the port: any that the store has a rate for, unless the operator named some."""
        return not self._currencies or currency in self._currencies

    async def check(self) -> None:
        """See the port."""
        await self._ask("GET", self._store)

    async def start(self, ask: CheckoutAsk) -> Checkout:
        """See the port."""
        ours = str(ask.payment_id)
        made = await self._ask(
            "POST",
            f"{self._store}/invoices",
            {
                "amount": self._digits.written(ask.amount, ask.currency),
                "currency": ask.currency,
                "metadata": {"orderId": ours, "itemDesc": ask.title},
                "checkout": {
                    "redirectURL": f"{ask.back_url}?paid={ours}",
                    "defaultLanguage": ask.language,
                },
            },
        )
        url, reference = mapping(made).get("checkoutLink"), mapping(made).get("id")
        if not isinstance(url, str) or not isinstance(reference, str) or not url:
            raise VendorUnavailable("answer_unreadable")
        return Checkout(url, reference)

    async def fetch(self, reference: str) -> Sequence[Fact]:
        """See the port."""
        found = await self._ask("GET", f"{self._store}/invoices/{segment(reference)}")
        return self._invoice(mapping(found))

    async def since(self, from_ms: int, cursor: str = "") -> tuple[Sequence[Fact], str]:
        """See the port."""
        start = int(cursor) if cursor.isdigit() else 0
        query = {
            "startDate": str(from_ms // _SECOND_MS),
            "status": "Settled",
            "skip": str(start),
            "take": str(_PAGE),
        }
        found = rows(await self._ask("GET", f"{self._store}/invoices", query=query))
        facts = readable(found, self._invoice)
        return facts, str(start + _PAGE) if len(found) == _PAGE else ""

    async def refund(self, fact: Fact, amount: int, key: str) -> None:
        """See the port: whoever paid has to say where to."""
        del fact, amount, key
        raise Rejected("refund_by_hand")

    async def cancel(self, renewal: str) -> None:
        """See the port: nothing renews itself here."""
        del renewal

    def read_webhook(self, raw: bytes, headers: Mapping[str, str], now_ms: int) -> Notice:
        """See the port. `BTCPay-Sig: sha256=` over the body, which holds the moment itself."""
        if not self._secret:
            raise Forged("signature")
        given = headers.get("btcpay-sig", "")
        check_any([given], f"sha256={signed_hex(self._secret, raw)}")
        event = opened(raw)
        kind, at_ms = str(event.get("type")), _moment(event.get("timestamp"))
        check_age(at_ms, now_ms, TOLERANCE_MS)
        name = event.get("originalDeliveryId") or event.get("deliveryId")
        if not isinstance(name, str) or not 0 < len(name) <= 200:  # noqa: PLR2004
            raise Forged("malformed")
        ours = our_id(mapping(event.get("metadata")).get("orderId"))
        reference = str(event.get("invoiceId"))
        kinds: dict[str, FactKind] = {
            "InvoiceSettled": "paid",
            "InvoiceExpired": "expired",
            "InvoiceInvalid": "failed",
        }
        facts: tuple[Fact, ...] = ()
        if kind in kinds:
            # How much is not said: an invoice is settled when what was asked has come.
            facts = (Fact(kinds[kind], reference, at_ms, payment_id=ours),)
        return Notice(name, kind, at_ms, facts)

    def _invoice(self, one: dict[str, Any]) -> Sequence[Fact]:
        if one.get("status") != "Settled":
            return ()
        currency = str(one.get("currency"))
        ours = our_id(mapping(one.get("metadata")).get("orderId"))
        amount = self._digits.read_text(one.get("amount"), currency)
        at_ms = _moment(one.get("createdTime"))
        return [Fact("paid", str(one.get("id")), at_ms, currency, amount, ours)]

    async def _ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        answer = await self._http.ask(method, path, json=body, query=query)
        said = answer.json()
        code = str(mapping(said).get("code") or "")
        if answer.status == _NOT_FOUND:
            raise Rejected("not_found")
        if not answer.good:
            raise fault_of_status(answer.status, code, answer.retry_after_s)
        if said is None or code:
            raise VendorUnavailable(code or "answer_unreadable", in_doubt=method == "POST")
        return said


def _moment(seconds: object) -> int:
    known = isinstance(seconds, int | float) and 0 <= seconds < 1 << 40
    return int(seconds) * _SECOND_MS if known else 0  # type: ignore[call-overload]
