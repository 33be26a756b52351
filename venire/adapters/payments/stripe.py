"""Stripe: Checkout Sessions, subscriptions, signed webhooks. docs.stripe.com: Checkout, Webhooks.

A membership is a subscription there, so that Stripe charges it again; what it was for and until
when it is paid stays in our books. Every object that money moves with carries our payment's id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from venire.adapters.http import segment
from venire.adapters.payments.signatures import (
    check_age,
    check_any,
    mapping,
    opened,
    our_id,
    readable,
    rows,
    signed_hex,
    timestamp_ms,
)
from venire.adapters.payments.stripe_api import ADDRESS, StripeApi
from venire.kernel.money import (
    Checkout,
    CheckoutAsk,
    Digits,
    Fact,
    FactKind,
    Forged,
    Notice,
)
from venire.kernel.vendors import VendorUnavailable

TOLERANCE_MS: Final = 300_000
_PAGE: Final = "100"
_REFUNDS: Final = frozenset(
    {"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"}
)
_DISPUTES: Final = frozenset(
    {
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
    }
)
_INVOICES: Final = frozenset({"invoice.paid", "invoice.payment_succeeded"})


class Stripe:
    """Implements `kernel.ports.PaymentService`. `signing_secret`: of the webhook's address."""

    lists: frozenset[FactKind] = frozenset(
        {"paid", "fee", "refunded", "refund_failed", "disputed", "dispute_won", "dispute_lost"}
    )

    def __init__(
        self,
        key: str,
        signing_secret: str,
        digits: Digits,
        *,
        address: str = ADDRESS,
        loopback: bool = False,
        currencies: frozenset[str] = frozenset(),
    ) -> None:
        self._api = StripeApi(key, digits, address=address, loopback=loopback)
        self._signing_secret = signing_secret
        self._currencies = currencies

    async def close(self) -> None:
        """End the connections that are open."""
        await self._api.close()

    def takes(self, currency: str) -> bool:
        """See the port: any, unless the operator named some."""
        return not self._currencies or currency in self._currencies

    async def check(self) -> None:
        """See the port."""
        await self._api.get("/v1/balance")

    async def start(self, ask: CheckoutAsk) -> Checkout:
        """See the port."""
        ours, again = str(ask.payment_id), bool(ask.period)
        carrier = "subscription_data" if again else "payment_intent_data"
        form = {
            "mode": "subscription" if again else "payment",
            "client_reference_id": ours,
            "metadata[payment_id]": ours,
            f"{carrier}[metadata][payment_id]": ours,
            "line_items[0][quantity]": "1",
            "line_items[0][price_data][currency]": ask.currency.lower(),
            "line_items[0][price_data][unit_amount]": self._api.units(ask.amount, ask.currency),
            "line_items[0][price_data][product_data][name]": ask.title,
            "success_url": f"{ask.back_url}?paid={ours}",
            "cancel_url": ask.back_url,
            "locale": ask.language if ask.language in {"en", "id"} else "auto",
        }
        if again:
            form["line_items[0][price_data][recurring][interval]"] = ask.period
        made = await self._api.post("/v1/checkout/sessions", form, f"checkout-{ours}")
        url, reference = made.get("url"), made.get("id")
        if not isinstance(url, str) or not isinstance(reference, str) or not url:
            raise VendorUnavailable("answer_unreadable")
        return Checkout(url, reference, renews=again)

    async def fetch(self, reference: str) -> Sequence[Fact]:
        """See the port."""
        found = await self._api.get(f"/v1/checkout/sessions/{segment(reference)}")
        at_ms = _moment(found)
        if found.get("mode") == "subscription":
            invoice = found.get("invoice")
            if not isinstance(invoice, str) or not invoice:
                return ()
            return self._invoice(await self._api.get(f"/v1/invoices/{segment(invoice)}"), at_ms)
        return self._session("", found, at_ms)

    async def since(self, from_ms: int, cursor: str = "") -> tuple[Sequence[Fact], str]:
        """See the port: charges, then refunds, then disputes."""
        part, _, after = (cursor or "charges:").partition(":")
        query = {"created[gte]": str(from_ms // 1_000), "limit": _PAGE}
        if after:
            query["starting_after"] = after
        if part == "charges":
            query |= {"expand[0]": "data.balance_transaction", "expand[1]": "data.invoice"}
        page = await self._api.get(f"/v1/{part}", query)
        found = rows(page.get("data"))
        read = {"charges": self._charge, "refunds": self._refund, "disputes": self._dispute}
        facts = readable(found, read[part])
        if page.get("has_more") and found:
            return facts, f"{part}:{found[-1].get('id')}"
        following = {"charges": "refunds:", "refunds": "disputes:", "disputes": ""}
        return facts, following[part]

    async def refund(self, fact: Fact, amount: int, key: str) -> None:
        """See the port."""
        form = {
            "payment_intent": fact.reference,
            "amount": self._api.units(amount, fact.currency),
            "metadata[payment_id]": str(fact.payment_id or ""),
        }
        await self._api.post("/v1/refunds", form, key)

    async def cancel(self, renewal: str) -> None:
        """See the port."""
        await self._api.delete(f"/v1/subscriptions/{segment(renewal)}")

    def read_webhook(self, raw: bytes, headers: Mapping[str, str], now_ms: int) -> Notice:
        """See the port. `Stripe-Signature: t=...,v1=...` over `t.body`, at most 300 s old."""
        check_stripe(raw, headers, self._signing_secret, now_ms)
        event = opened(raw)
        kind, at_ms = str(event.get("type")), _moment(event)
        thing = mapping(mapping(event.get("data")).get("object"))
        try:
            facts = self._facts(kind, thing, at_ms)
        except VendorUnavailable as error:
            raise Forged(error.said) from error
        return Notice(event_id(event), kind, at_ms, tuple(facts))

    def _facts(self, kind: str, thing: dict[str, Any], at_ms: int) -> Sequence[Fact]:
        if kind.startswith("checkout.session."):
            return self._session(kind, thing, at_ms)
        if kind in _INVOICES:
            return self._invoice(thing, at_ms)
        if kind in _REFUNDS:
            return self._refund(thing)
        return self._dispute(thing) if kind in _DISPUTES else ()

    def _session(self, kind: str, one: dict[str, Any], at_ms: int) -> Sequence[Fact]:
        """What a checkout says; of a subscription its invoices say more."""
        ours = our_id(one.get("client_reference_id"))
        reference = str(one.get("payment_intent") or one.get("id"))
        if kind.endswith(("expired", "async_payment_failed")) or one.get("status") == "expired":
            name: FactKind = "failed" if kind.endswith("failed") else "expired"
            return [Fact(name, str(one.get("id")), at_ms, payment_id=ours)]
        if one.get("payment_status") != "paid" or one.get("mode") == "subscription":
            return ()
        currency = str(one.get("currency")).upper()
        amount = self._api.amount(one.get("amount_total"), currency)
        return [Fact("paid", reference, at_ms, currency, amount, ours)]

    def _invoice(self, one: dict[str, Any], at_ms: int) -> Sequence[Fact]:
        details = mapping(mapping(one.get("subscription_details")).get("metadata"))
        reference = one.get("payment_intent")
        if one.get("status") != "paid" or not reference or not one.get("subscription"):
            return ()
        currency = str(one.get("currency")).upper()
        return [
            Fact(
                "paid",
                str(reference),
                at_ms,
                currency,
                self._api.amount(one.get("amount_paid"), currency),
                our_id(details.get("payment_id")),
                renewal=str(one.get("subscription")),
            )
        ]

    def _charge(self, one: dict[str, Any]) -> Sequence[Fact]:
        """A charge of the list, with its fee where it is known."""
        reference = one.get("payment_intent")
        if one.get("status") != "succeeded" or not reference:
            return ()
        invoice = mapping(one.get("invoice"))
        details = mapping(mapping(invoice.get("subscription_details")).get("metadata"))
        ours = our_id(mapping(one.get("metadata")).get("payment_id"))
        ours = ours or our_id(details.get("payment_id"))
        currency, at_ms = str(one.get("currency")).upper(), _moment(one)
        amount = self._api.amount(one.get("amount_captured", one.get("amount")), currency)
        renewal = str(invoice.get("subscription") or "")
        found = [Fact("paid", str(reference), at_ms, currency, amount, ours, renewal=renewal)]
        moved = mapping(one.get("balance_transaction"))
        # Where the account is kept in another currency, the fee is not in this ledger's.
        if moved.get("fee") and str(moved.get("currency")).upper() == currency:
            fee = self._api.amount(moved.get("fee"), currency)
            found.append(Fact("fee", str(reference), at_ms, currency, fee, ours, of=str(reference)))
        return found

    def _refund(self, one: dict[str, Any]) -> Sequence[Fact]:
        state = str(one.get("status"))
        if state not in {"succeeded", "pending", "failed", "canceled"}:
            return ()
        kind: FactKind = "refund_failed" if state in {"failed", "canceled"} else "refunded"
        return self._about(kind, one)

    def _dispute(self, one: dict[str, Any]) -> Sequence[Fact]:
        """A dispute that has taken money; an inquiry (`warning_...`) has not."""
        state = str(one.get("status"))
        if state.startswith("warning") or state == "prevented":
            return ()
        kind: FactKind = "disputed"
        if state in {"won", "lost"}:
            kind = "dispute_won" if state == "won" else "dispute_lost"
        return self._about(kind, one)

    def _about(self, kind: FactKind, one: dict[str, Any]) -> Sequence[Fact]:
        currency = str(one.get("currency")).upper()
        charge = str(one.get("payment_intent") or one.get("charge") or "")
        ours = our_id(mapping(one.get("metadata")).get("payment_id"))
        amount = self._api.amount(one.get("amount"), currency)
        return [Fact(kind, str(one.get("id")), _moment(one), currency, amount, ours, of=charge)]


def check_stripe(raw: bytes, headers: Mapping[str, str], secret: str, now_ms: int) -> None:
    """Whether Stripe signed these bytes, at most 300 s ago. Forged `signature`, `stale`."""
    parts = [part.partition("=") for part in headers.get("stripe-signature", "").split(",")]
    times = [value for name, _, value in parts if name.strip() == "t"]
    given = [value for name, _, value in parts if name.strip() == "v1"]
    if len(times) != 1 or not secret:
        raise Forged("signature")
    at_ms = timestamp_ms(times[0])
    check_any(given, signed_hex(secret, times[0].encode() + b"." + raw))
    check_age(at_ms, now_ms, TOLERANCE_MS)


def event_id(event: Mapping[str, Any]) -> str:
    """Stripe's name of an event. Forged `malformed`."""
    found = event.get("id")
    if not isinstance(found, str) or not 0 < len(found) <= 200:  # noqa: PLR2004
        raise Forged("malformed")
    return found


def _moment(one: Mapping[str, Any]) -> int:
    created = one.get("created")
    return created * 1_000 if isinstance(created, int) and 0 <= created < 1 << 40 else 0
