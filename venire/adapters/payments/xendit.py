"""Xendit: payment sessions, cards with American Express among them. docs.xendit.co: Sessions.

A session is paid once: nothing is charged again by itself. Our payment's id is its `reference_id`,
which the list of transactions repeats, so that is what a charge is called here. A dispute is booked
when it is decided (docs.xendit.co: Dispute webhooks); until then nothing was taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from venire.adapters.http import segment
from venire.adapters.payments.signatures import (
    body_id,
    mapping,
    moment_ms,
    opened,
    our_id,
    readable,
)
from venire.adapters.payments.xendit_api import ADDRESS, XenditApi, check_fresh
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

_COUNTRIES: Final = {
    "IDR": "ID",
    "PHP": "PH",
    "VND": "VN",
    "THB": "TH",
    "MYR": "MY",
    "SGD": "SG",
}
_PAID: Final = frozenset({"payment_session.completed", "payment.capture", "payment.succeeded"})
_SUCCESS: Final = frozenset({"COMPLETED", "SUCCEEDED", "CAPTURED"})
_DECIDED: Final[dict[str, FactKind]] = {
    "dispute.won": "dispute_won",
    "dispute.lost": "dispute_lost",
}


class Xendit:
    """Implements `kernel.ports.PaymentService`. `token`: of its webhooks."""

    lists: frozenset[FactKind] = frozenset({"paid", "fee", "refunded"})

    def __init__(
        self,
        key: str,
        token: str,
        digits: Digits,
        *,
        address: str = ADDRESS,
        loopback: bool = False,
        currencies: frozenset[str] = frozenset(_COUNTRIES),
    ) -> None:
        self._api = XenditApi(key, token, digits, address=address, loopback=loopback)
        self._currencies = currencies

    async def close(self) -> None:
        """End the connections that are open."""
        await self._api.close()

    def takes(self, currency: str) -> bool:
        """See the port."""
        return currency in self._currencies

    async def check(self) -> None:
        """See the port."""
        await self._api.get("/balance")

    async def start(self, ask: CheckoutAsk) -> Checkout:
        """See the port."""
        ours = str(ask.payment_id)
        made = await self._api.post(
            "/sessions",
            {
                "reference_id": ours,
                "session_type": "PAY",
                "mode": "PAYMENT_LINK",
                "amount": self._api.number(ask.amount, ask.currency),
                "currency": ask.currency,
                "country": _COUNTRIES.get(ask.currency, "ID"),
                "locale": ask.language if ask.language in {"en", "id"} else "en",
                "description": ask.title,
                "success_return_url": f"{ask.back_url}?paid={ours}",
                "cancel_return_url": ask.back_url,
            },
        )
        url, reference = made.get("payment_link_url"), made.get("payment_session_id")
        if not isinstance(url, str) or not isinstance(reference, str) or not url:
            raise VendorUnavailable("answer_unreadable")
        return Checkout(url, reference)

    async def fetch(self, reference: str) -> Sequence[Fact]:
        """See the port."""
        found = mapping(await self._api.get(f"/sessions/{segment(reference)}"))
        return self._paid(found, moment_ms(found.get("updated") or found.get("created")))

    async def since(self, from_ms: int, cursor: str = "") -> tuple[Sequence[Fact], str]:
        """See the port: payments, then refunds."""
        kind, _, after = (cursor or "PAYMENT:").partition(":")
        found, following = await self._api.transactions(kind, from_ms, after)
        facts = readable(found, lambda one: self._listed(kind, one))
        if following:
            return facts, f"{kind}:{following}"
        return facts, "REFUND:" if kind == "PAYMENT" else ""

    async def refund(self, fact: Fact, amount: int, key: str) -> None:
        """See the port."""
        request = next((one for one in fact.aliases if one.startswith("pr-")), fact.reference)
        await self._api.post(
            "/refunds",
            {
                "payment_request_id": request,
                "reference_id": f"{fact.payment_id}-{key}",
                "amount": self._api.number(amount, fact.currency),
                "currency": fact.currency,
                "reason": "REQUESTED_BY_CUSTOMER",
            },
            key,
        )

    async def cancel(self, renewal: str) -> None:
        """See the port: nothing renews itself here."""
        del renewal

    def read_webhook(self, raw: bytes, headers: Mapping[str, str], now_ms: int) -> Notice:
        """See the port. `x-callback-token` is compared; the event's own moment tells its age."""
        self._api.check_webhook(headers)
        event = opened(raw)
        at_ms = check_fresh(event, now_ms)
        kind, thing = str(event.get("event")), mapping(event.get("data"))
        try:
            facts = self._facts(kind, thing or event, at_ms)
        except VendorUnavailable as error:
            raise Forged(error.said) from error
        # Nothing signs the header that names the event, so the bytes are its name.
        return Notice(body_id(raw), kind, at_ms, tuple(facts))

    def _facts(self, kind: str, thing: dict[str, Any], at_ms: int) -> Sequence[Fact]:
        if kind in _PAID:
            return self._paid(thing, at_ms)
        if kind == "payment_session.expired":
            reference = str(thing.get("payment_session_id"))
            ours = our_id(thing.get("reference_id"))
            return [Fact("expired", reference, at_ms, payment_id=ours)]
        if kind in {"refund.succeeded", "refund.failed"}:
            # One of the documented examples holds the event once more inside.
            inner = mapping(thing.get("data"))
            return self._refunded(kind, inner or thing, at_ms)
        return self._disputed(_DECIDED[kind], thing, at_ms) if kind in _DECIDED else ()

    def _disputed(self, kind: FactKind, one: dict[str, Any], at_ms: int) -> Sequence[Fact]:
        currency, sums = str(one.get("currency")), mapping(one.get("amount"))
        number = sums.get("terminal") or sums.get("initial")
        amount = self._api.amount(number, currency)
        about = str(one.get("payment_id") or "")
        ours = our_id(one.get("reference_id"))
        return [Fact(kind, str(one.get("id")), at_ms, currency, amount, ours, of=about)]

    def _paid(self, one: dict[str, Any], told_ms: int) -> Sequence[Fact]:
        # A webhook says when it was delivered, which may be a day after the payment.
        at_ms = _moment(one, told_ms)
        ours = our_id(one.get("reference_id"))
        if str(one.get("status")) not in _SUCCESS or ours is None:
            return ()
        currency = str(one.get("currency"))
        number = one.get("amount", one.get("request_amount"))
        names = [one.get("payment_request_id"), one.get("payment_id")]
        return [
            Fact(
                "paid",
                str(ours),
                at_ms,
                currency,
                self._api.amount(number, currency),
                ours,
                aliases=tuple(str(name) for name in names if name),
            )
        ]

    def _refunded(self, kind: str, one: dict[str, Any], at_ms: int) -> Sequence[Fact]:
        currency = str(one.get("currency"))
        about = str(one.get("payment_request_id") or one.get("payment_id") or "")
        return [
            Fact(
                "refunded" if kind == "refund.succeeded" else "refund_failed",
                str(one.get("id")),
                at_ms,
                currency,
                self._api.amount(one.get("amount"), currency),
                _ours_of_refund(one),
                of=about,
            )
        ]

    def _listed(self, kind: str, one: dict[str, Any]) -> Sequence[Fact]:
        if one.get("status") != "SUCCESS":
            return ()
        currency, at_ms = str(one.get("currency")), moment_ms(one.get("created"))
        amount = self._api.amount(one.get("amount"), currency)
        if kind == "REFUND":
            reference, ours = str(one.get("product_id")), _ours_of_refund(one)
            return [Fact("refunded", reference, at_ms, currency, amount, ours)]
        ours = our_id(one.get("reference_id"))
        if ours is None:
            return ()
        found = [Fact("paid", str(ours), at_ms, currency, amount, ours)]
        fee = self._api.fee(one)
        if fee:
            found.append(Fact("fee", str(ours), at_ms, currency, fee, ours, of=str(ours)))
        return found


def _moment(one: Mapping[str, Any], told_ms: int) -> int:
    """When something last changed, and not after we were told of it."""
    try:
        return min(moment_ms(one.get("updated") or one.get("created")), told_ms)
    except VendorUnavailable:
        return told_ms


def _ours_of_refund(one: Mapping[str, Any]) -> int | None:
    """Our payment's id: what we call a refund begins with it."""
    return our_id(str(one.get("reference_id")).partition("-")[0])
