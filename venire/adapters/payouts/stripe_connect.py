"""Stripe Connect: transfers to jurors' own accounts there. docs.stripe.com: Connect, Transfers.

Stripe asks them who they are and looks at sanctions lists; we see how far it has come. Indonesian
accounts may be out of reach: the other ways are for those.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from venire.adapters.http import segment
from venire.adapters.payments.signatures import mapping, opened, our_id, rows
from venire.adapters.payments.stripe import check_stripe, event_id
from venire.adapters.payments.stripe_api import ADDRESS, StripeApi
from venire.kernel.money import Destination, Digits, Notice, Payee, PayoutAsk, PayoutSeen
from venire.kernel.vendors import AccountClosed, Rejected, VendorUnavailable

_ACCOUNT: Final = re.compile(r"acct_[A-Za-z0-9]{8,40}", re.ASCII)
_PAGE: Final = "100"
_THEIRS: Final = "account_invalid"
"""No such account, or it has nothing to do with us: said of the one that a call names."""


class StripeConnect:
    """Implements `kernel.ports.PayoutService`: a transfer is there as soon as it is made."""

    def __init__(
        self,
        key: str,
        signing_secret: str,
        digits: Digits,
        *,
        address: str = ADDRESS,
        loopback: bool = False,
    ) -> None:
        self._api = StripeApi(key, digits, address=address, loopback=loopback)
        self._signing_secret = signing_secret

    async def close(self) -> None:
        """End the connections that are open."""
        await self._api.close()

    def serves(self, to: Destination, currency: str) -> bool:
        """See the port: an account there, in any currency."""
        return to.way == "connect" and bool(_ACCOUNT.fullmatch(to.account)) and bool(currency)

    async def check(self) -> None:
        """See the port."""
        await self._api.get("/v1/balance")

    async def pay(self, ask: PayoutAsk) -> PayoutSeen:
        """See the port."""
        ours = str(ask.payout_id)
        form = {
            "amount": self._api.units(ask.amount, ask.currency),
            "currency": ask.currency.lower(),
            "destination": ask.to.account,
            "transfer_group": f"payout-{ours}",
            "metadata[payout_id]": ours,
            "description": ask.title,
        }
        try:
            made = await self._api.post("/v1/transfers", form, ask.key)
        except AccountClosed as fault:
            if fault.said != _THEIRS:
                raise
            raise Rejected(fault.said) from fault
        seen = _seen(made)
        if not seen.reference:
            raise VendorUnavailable("answer_unreadable", in_doubt=True)
        return seen

    async def look(self, ask: PayoutAsk, reference: str) -> PayoutSeen:
        """See the port. Rejected `not_found`."""
        if reference:
            return _seen(await self._api.get(f"/v1/transfers/{segment(reference)}"))
        query = {"transfer_group": f"payout-{ask.payout_id}", "limit": _PAGE}
        listed = rows((await self._api.get("/v1/transfers", query)).get("data"))
        # Its word that there is nothing of ours lets it be asked once more: so it is ours, or none.
        found = [one for one in listed if _ours(one) == ask.payout_id]
        if listed and not found:
            raise VendorUnavailable("answer_of_another", in_doubt=True)
        if not found:
            raise Rejected("not_found")
        return _seen(found[0])

    async def since(
        self, from_ms: int, cursor: str = ""
    ) -> tuple[Sequence[tuple[int, PayoutSeen]], str]:
        """See the port."""
        query = {"created[gte]": str(from_ms // 1_000), "limit": _PAGE}
        if cursor:
            query["starting_after"] = cursor
        page = await self._api.get("/v1/transfers", query)
        found = rows(page.get("data"))
        seen = [(_ours(one), _seen(one)) for one in found]
        following = str(found[-1].get("id")) if page.get("has_more") and found else ""
        return [(ours, one) for ours, one in seen if ours is not None], following

    async def payee(self, to: Destination) -> Payee:
        """See the port: what Stripe still asks of the person."""
        try:
            found = await self._api.get(f"/v1/accounts/{segment(to.account)}")
        except AccountClosed as fault:
            if fault.said != _THEIRS:
                raise
            # Theirs is none of this payer's: that must not put ours out, whoever typed it in.
            raise Rejected(fault.said) from fault
        wants = mapping(found.get("requirements"))
        missing = wants.get("currently_due")
        named = [str(one) for one in missing] if isinstance(missing, list) else []
        able = bool(found.get("payouts_enabled"))
        state = str(wants.get("disabled_reason") or ("enabled" if able else "restricted"))
        return Payee(able, state, tuple(named[:50]))

    def read_webhook(self, raw: bytes, headers: Mapping[str, str], now_ms: int) -> Notice:
        """See the port."""
        check_stripe(raw, headers, self._signing_secret, now_ms)
        event = opened(raw)
        kind = str(event.get("type"))
        thing = mapping(mapping(event.get("data")).get("object"))
        ours = _ours(thing) if kind.startswith("transfer.") else None
        told = () if ours is None else ((ours, _seen(thing)),)
        created = event.get("created")
        at_ms = created * 1_000 if isinstance(created, int) else now_ms
        return Notice(event_id(event), kind, at_ms, payouts=told)


def _ours(one: Mapping[str, Any]) -> int | None:
    return our_id(mapping(one.get("metadata")).get("payout_id"))


def _seen(one: Mapping[str, Any]) -> PayoutSeen:
    reference = one.get("id")
    named = reference if isinstance(reference, str) else ""
    if one.get("reversed"):
        return PayoutSeen("failed", named, said="reversed")
    return PayoutSeen("paid", named)
