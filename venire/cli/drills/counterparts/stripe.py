"""Stripe's stand-in: checkouts, charges, refunds, disputes, transfers, webhooks that it signs."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from venire.adapters.payments.signatures import signed_hex
from venire.adapters.payments.stripe import Stripe
from venire.adapters.payouts.stripe_connect import StripeConnect
from venire.cli.drills.counterparts.server import Call, Counterpart, Reply
from venire.kernel.money import Digits

KEY: Final = "sk_test_standin"
SIGNING: Final = "whsec_standin"
ACCOUNT: Final = "acct_1Standin00000"
_PAGE: Final = 2
_CODES: Final = {429: "rate_limit", 400: "parameter_invalid", 409: "idempotency_key_in_use"}
_FEE: Final = 30


class StripeCounterpart(Counterpart):
    """Remembers everything in lists by kind; `now_s` is its own clock."""

    name = "stripe"

    def __init__(self, now_s: int = 1_767_225_600) -> None:
        super().__init__()
        self.now_s = now_s
        self.things: dict[str, dict[str, dict[str, Any]]] = {
            name: {} for name in ("sessions", "charges", "refunds", "disputes", "transfers")
        }
        self.ended: list[str] = []
        self._answers: dict[str, Reply] = {}
        self._count = 0

    def adapter(self, digits: Digits | None = None, **more: Any) -> Stripe:
        """The adapter for payments on this stand-in."""
        return Stripe(KEY, SIGNING, digits or Digits(), address=self.url, loopback=True, **more)

    def payouts(self, digits: Digits | None = None) -> StripeConnect:
        """The adapter for payouts on this stand-in."""
        return StripeConnect(KEY, SIGNING, digits or Digits(), address=self.url, loopback=True)

    def answer(self, call: Call) -> Reply:
        """Checkouts, refunds, transfers, accounts, lists; the same key again is the same answer."""
        if call.headers.get("authorization") != f"Bearer {KEY}":
            return self.refusal(401)
        key = call.headers.get("idempotency-key", "")
        if key and key in self._answers:
            return self._answers[key]
        reply = self._answer(call)
        if key:
            self._answers[key] = reply
        return reply

    def _answer(self, call: Call) -> Reply:
        parts = call.path.removeprefix("/v1/").split("/")
        if call.method == "POST":
            made = {
                "checkout/sessions": self._session,
                "refunds": self._refund,
                "transfers": self._transfer,
            }.get("/".join(parts))
            return self.refusal(404) if made is None else Reply(200, made(call.form))
        if call.method == "DELETE" and parts[0] == "subscriptions":
            self.ended.append(parts[1])
            return Reply(200, {"id": parts[1], "status": "canceled"})
        if parts == ["balance"]:
            return Reply(200, {"object": "balance", "available": []})
        if parts[0] == "accounts":
            due = ["individual.id_number"]
            wants = {"currently_due": due, "disabled_reason": "requirements.past_due"}
            return Reply(200, {"id": parts[1], "payouts_enabled": False, "requirements": wants})
        kind = "sessions" if parts[0] == "checkout" else parts[0]
        if kind not in self.things:
            return self.refusal(404)
        return self._read(call, kind, parts[-1] if parts[-1] != kind else "")

    def _read(self, call: Call, kind: str, one: str) -> Reply:
        if one:
            found = self.things[kind].get(one)
            return self.refusal(404) if found is None else Reply(200, found)
        listed = [
            thing
            for thing in reversed(self.things[kind].values())
            if thing["created"] >= int(call.query.get("created[gte]", "0"))
            and call.query.get("transfer_group", thing.get("transfer_group"))
            == thing.get("transfer_group")
        ]
        names = [thing["id"] for thing in listed]
        after = call.query.get("starting_after")
        begin = names.index(after) + 1 if after in names else 0
        page = listed[begin : begin + _PAGE]
        return Reply(200, {"object": "list", "data": page, "has_more": begin + _PAGE < len(listed)})

    def refusal(self, status: int) -> Reply:
        """A refusal as Stripe words it."""
        code = _CODES.get(status, "")
        error = {"type": "invalid_request_error", "message": "as ordered"}
        headers = {"Retry-After": "7"} if status == 429 else {}  # noqa: PLR2004 - HTTP
        return Reply(status, {"error": {**error, **({"code": code} if code else {})}}, headers)

    def suspended(self, call: Call) -> Reply:
        """An account that was closed."""
        del call
        return Reply(400, {"error": {"type": "api_error", "code": "account_closed"}})

    def inside(self, call: Call) -> Reply:
        """A success that holds an error."""
        del call
        return Reply(200, {"error": {"type": "api_error", "code": "processing_error"}})

    def _named(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}_{self._count:014d}"

    def _keep(self, kind: str, thing: dict[str, Any]) -> dict[str, Any]:
        self.things[kind][thing["id"]] = {"created": self.now_s, **thing}
        return self.things[kind][thing["id"]]

    def _session(self, form: dict[str, str]) -> dict[str, Any]:
        line = "line_items[0][price_data]"
        name = self._named("cs_test")
        return self._keep(
            "sessions",
            {
                "id": name,
                "object": "checkout.session",
                "mode": form["mode"],
                "status": "open",
                "payment_status": "unpaid",
                "client_reference_id": form["client_reference_id"],
                "currency": form[f"{line}[currency]"],
                "amount_total": int(form[f"{line}[unit_amount]"]),
                "payment_intent": None,
                "subscription": None,
                "invoice": None,
                "url": f"https://checkout.invalid/{name}",
            },
        )

    def _refund(self, form: dict[str, str]) -> dict[str, Any]:
        charge = next(
            one
            for one in self.things["charges"].values()
            if one["payment_intent"] == form["payment_intent"]
        )
        return self._keep(
            "refunds",
            {
                "id": self._named("re"),
                "object": "refund",
                "status": "succeeded",
                "amount": int(form["amount"]),
                "currency": charge["currency"],
                "payment_intent": charge["payment_intent"],
                "charge": charge["id"],
                "metadata": {},
            },
        )

    def _transfer(self, form: dict[str, str]) -> dict[str, Any]:
        return self._keep(
            "transfers",
            {
                "id": self._named("tr"),
                "object": "transfer",
                "amount": int(form["amount"]),
                "currency": form["currency"],
                "destination": form["destination"],
                "transfer_group": form["transfer_group"],
                "metadata": {"payout_id": form["metadata[payout_id]"]},
                "reversed": False,
            },
        )

    # what payers and their banks do

    def pay(self, payment_id: int) -> tuple[dict[str, str], bytes]:
        """Somebody pays a checkout; the webhook of it."""
        session = next(
            one
            for one in self.things["sessions"].values()
            if one["client_reference_id"] == str(payment_id)
        )
        again = session["mode"] == "subscription"
        invoice = None
        if again:
            session["subscription"] = session["subscription"] or self._named("sub")
            invoice = {
                "id": self._named("in"),
                "object": "invoice",
                "status": "paid",
                "currency": session["currency"],
                "amount_paid": session["amount_total"],
                "subscription": session["subscription"],
                "subscription_details": {"metadata": {"payment_id": str(payment_id)}},
            }
        charge = self._keep(
            "charges",
            {
                "id": self._named("ch"),
                "object": "charge",
                "status": "succeeded",
                "amount": session["amount_total"],
                "amount_captured": session["amount_total"],
                "currency": session["currency"],
                "payment_intent": self._named("pi"),
                "metadata": {} if again else {"payment_id": str(payment_id)},
                "invoice": invoice,
                "balance_transaction": {"fee": _FEE, "currency": session["currency"]},
            },
        )
        session |= {
            "status": "complete",
            "payment_status": "paid",
            "payment_intent": None if again else charge["payment_intent"],
        }
        if invoice is not None:
            invoice["payment_intent"] = charge["payment_intent"]
            return self.webhook("invoice.paid", invoice)
        return self.webhook("checkout.session.completed", session)

    def give_back(self, payment_id: int, amount: int) -> tuple[dict[str, str], bytes]:
        """Somebody gives a part back in the processor's own pages; the webhook of it."""
        charge = self.charge_of(payment_id)
        made = self._refund({"payment_intent": charge["payment_intent"], "amount": str(amount)})
        return self.webhook("refund.created", made)

    def dispute(self, payment_id: int, status: str) -> tuple[dict[str, str], bytes]:
        """A payer disputes a charge, or the dispute is decided; the webhook of it."""
        charge = self.charge_of(payment_id)
        there = [
            one
            for one in self.things["disputes"].values()
            if one["payment_intent"] == charge["payment_intent"]
        ]
        dispute = (
            there[0]
            if there
            else self._keep(
                "disputes",
                {
                    "id": self._named("dp"),
                    "object": "dispute",
                    "amount": charge["amount"],
                    "currency": charge["currency"],
                    "payment_intent": charge["payment_intent"],
                    "charge": charge["id"],
                    "metadata": {},
                },
            )
        )
        dispute["status"] = status
        over = status in {"won", "lost"}
        return self.webhook(f"charge.dispute.{'closed' if over else 'created'}", dispute)

    def charge_of(self, payment_id: int) -> dict[str, Any]:
        """The newest charge of a payment."""
        found = [
            one
            for one in self.things["charges"].values()
            if str(payment_id) in {one["metadata"].get("payment_id"), _of_invoice(one)}
        ]
        return found[-1]

    def webhook(
        self, kind: str, thing: dict[str, Any], *, at_s: int | None = None
    ) -> tuple[dict[str, str], bytes]:
        """A signed event about something, as headers and body."""
        event = {
            "id": self._named("evt"),
            "object": "event",
            "type": kind,
            "created": self.now_s,
            "data": {"object": thing},
        }
        return self.signed(msgspec.json.encode(event), at_s)

    def signed(self, raw: bytes, at_s: int | None = None) -> tuple[dict[str, str], bytes]:
        """Bytes with a signature of now, or of `at_s`."""
        stamp = str(self.now_s if at_s is None else at_s)
        mark = signed_hex(SIGNING, stamp.encode() + b"." + raw)
        return {"stripe-signature": f"t={stamp},v1={mark}"}, raw


def _of_invoice(charge: dict[str, Any]) -> str | None:
    invoice = charge["invoice"]
    if invoice is None:
        return None
    return str(invoice["subscription_details"]["metadata"]["payment_id"])
