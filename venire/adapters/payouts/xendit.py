"""Xendit payouts to bank accounts and wallets. docs.xendit.co: Payouts (v2), payout webhooks.

Version 2 of its interface: the one whose whole request is documented in public.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from venire.adapters.payments.signatures import body_id, mapping, opened, our_id, rows
from venire.adapters.payments.xendit_api import ADDRESS, XenditApi, check_fresh
from venire.kernel.money import (
    Destination,
    Digits,
    Notice,
    Payee,
    PayoutAsk,
    PayoutSaid,
    PayoutSeen,
)
from venire.kernel.vendors import Rejected, VendorUnavailable

_STATES: Final[dict[str, PayoutSaid]] = {
    "ACCEPTED": "sent",
    "REQUESTED": "sent",
    "PENDING": "sent",
    "SUCCEEDED": "paid",
    "SUCCESS": "paid",
    "FAILED": "failed",
    "CANCELLED": "failed",
    "REVERSED": "failed",
    "VOIDED": "failed",
}
_SAID: Final = 60


class XenditPayouts:
    """Implements `kernel.ports.PayoutService`. `token`: of its webhooks."""

    def __init__(
        self,
        key: str,
        token: str,
        digits: Digits,
        *,
        address: str = ADDRESS,
        loopback: bool = False,
        currencies: frozenset[str] = frozenset({"IDR"}),
    ) -> None:
        self._api = XenditApi(key, token, digits, address=address, loopback=loopback)
        self._currencies = currencies

    async def close(self) -> None:
        """End the connections that are open."""
        await self._api.close()

    def serves(self, to: Destination, currency: str) -> bool:
        """See the port: a bank by Xendit's own code of it."""
        named = bool(to.channel and to.account and to.name)
        return to.way == "bank" and named and currency in self._currencies

    async def check(self) -> None:
        """See the port."""
        await self._api.get("/balance")

    async def pay(self, ask: PayoutAsk) -> PayoutSeen:
        """See the port."""
        made = await self._api.post(
            "/v2/payouts",
            {
                "reference_id": str(ask.payout_id),
                "channel_code": ask.to.channel,
                "channel_properties": {
                    "account_holder_name": ask.to.name,
                    "account_number": ask.to.account,
                },
                "amount": self._api.number(ask.amount, ask.currency),
                "currency": ask.currency,
                "description": ask.title,
            },
            ask.key,
        )
        return _seen(made)

    async def look(self, ask: PayoutAsk, reference: str) -> PayoutSeen:
        """See the port. Rejected `not_found`."""
        del reference
        said = await self._api.get("/v2/payouts", {"reference_id": str(ask.payout_id)})
        listed = rows(said.get("data") if isinstance(said, dict) else said)
        found = [one for one in listed if our_id(one.get("reference_id")) == ask.payout_id]
        if listed and not found:
            raise VendorUnavailable("answer_of_another", in_doubt=True)
        if not found:
            raise Rejected("not_found")
        return _seen(found[0])

    async def since(
        self, from_ms: int, cursor: str = ""
    ) -> tuple[Sequence[tuple[int, PayoutSeen]], str]:
        """See the port."""
        found, following = await self._api.transactions("DISBURSEMENT", from_ms, cursor)
        seen: list[tuple[int, PayoutSeen]] = []
        for one in found:
            ours = our_id(one.get("reference_id"))
            state = _STATES.get(str(one.get("status")))
            if ours is not None and state is not None:
                fee = self._api.fee(one)
                seen.append((ours, PayoutSeen(state, str(one.get("product_id")), fee)))
        return seen, following

    async def payee(self, to: Destination) -> Payee:
        """See the port: the bank at the other end knows its customer; nothing is told here."""
        del to
        return Payee(may_be_paid=True, state="by_bank")

    def read_webhook(self, raw: bytes, headers: Mapping[str, str], now_ms: int) -> Notice:
        """See the port."""
        self._api.check_webhook(headers)
        event = opened(raw)
        at_ms = check_fresh(event, now_ms)
        kind, thing = str(event.get("event")), mapping(event.get("data"))
        ours = our_id(thing.get("reference_id"))
        known = kind.startswith("payout.") and str(thing.get("status")) in _STATES
        told = ((ours, _seen(thing)),) if ours is not None and known else ()
        return Notice(body_id(raw), kind, at_ms, payouts=told)


def _seen(one: Mapping[str, Any]) -> PayoutSeen:
    state = _STATES.get(str(one.get("status")))
    reference = one.get("id")
    if state is None or not isinstance(reference, str):
        raise VendorUnavailable("answer_unreadable", in_doubt=True)
    return PayoutSeen(state, reference, said=str(one.get("failure_code") or "")[:_SAID])
