"""Xendit's stand-in: sessions, refunds, payouts, its list of transactions, its webhooks."""

from __future__ import annotations

import base64
from typing import Any, Final

import msgspec

from venire.adapters.payments.xendit import Xendit
from venire.adapters.payouts.xendit import XenditPayouts
from venire.cli.drills.counterparts.server import Call, Counterpart, Reply
from venire.kernel.clock import iso_ms
from venire.kernel.money import Digits

KEY: Final = "xnd_standin"
TOKEN: Final = "callback-standin"  # noqa: S105 - of a stand-in
_PAGE: Final = 2
_FEE: Final = 4_000
_CODES: Final = {
    401: "INVALID_API_KEY",
    403: "REQUEST_FORBIDDEN_ERROR",
    404: "DATA_NOT_FOUND",
    429: "RATE_LIMIT_EXCEEDED",
    400: "API_VALIDATION_ERROR",
    500: "SERVER_ERROR",
}


class XenditCounterpart(Counterpart):
    """Remembers sessions, payouts and what moved money; `now_s` is its own clock."""

    name = "xendit"

    def __init__(self, now_s: int = 1_767_225_600) -> None:
        super().__init__()
        self.now_s = now_s
        self.sessions: dict[str, dict[str, Any]] = {}
        self.sent: dict[str, dict[str, Any]] = {}
        self.moved: list[dict[str, Any]] = []
        self.ended: list[str] = []
        self._answers: dict[str, Reply] = {}
        self._count = 0

    def adapter(self, digits: Digits | None = None, **more: Any) -> Xendit:
        """The adapter for payments on this stand-in."""
        return Xendit(KEY, TOKEN, digits or Digits(), address=self.url, loopback=True, **more)

    def payouts(self, digits: Digits | None = None) -> XenditPayouts:
        """The adapter for payouts on this stand-in."""
        return XenditPayouts(KEY, TOKEN, digits or Digits(), address=self.url, loopback=True)

    def answer(self, call: Call) -> Reply:
        """Sessions, refunds, payouts, transactions."""
        known = base64.b64encode(f"{KEY}:".encode()).decode()
        if call.headers.get("authorization") != f"Basic {known}":
            return self.refusal(401)
        key = call.headers.get("idempotency-key", "")
        if key and key in self._answers:
            return self._answers[key]
        reply = self._answer(call)
        if key:
            self._answers[key] = reply
        return reply

    def _answer(self, call: Call) -> Reply:
        if call.method == "POST":
            made = {
                "/sessions": self._session,
                "/refunds": self._refund,
                "/v2/payouts": self._payout,
            }.get(call.path)
            return self.refusal(404) if made is None else made(call.json())
        if call.path == "/balance":
            return Reply(200, {"balance": 1_000_000})
        if call.path == "/transactions":
            return self._transactions(call)
        if call.path == "/v2/payouts":
            found = self.sent.get(call.query.get("reference_id", ""))
            return Reply(200, [] if found is None else [found])
        session = self.sessions.get(call.path.removeprefix("/sessions/"))
        return self.refusal(404) if session is None else Reply(200, session)

    def _transactions(self, call: Call) -> Reply:
        listed = [
            one
            for one in self.moved
            if one["type"] == call.query.get("types")
            and one["created"] >= call.query.get("created[gte]", "")
        ]
        names = [one["id"] for one in listed]
        after = call.query.get("after_id")
        begin = names.index(after) + 1 if after in names else 0
        page = listed[begin : begin + _PAGE]
        return Reply(200, {"data": page, "has_more": begin + _PAGE < len(listed)})

    def refusal(self, status: int) -> Reply:
        """A refusal with a code of Xendit's."""
        headers = {"Retry-After": "7"} if status == 429 else {}  # noqa: PLR2004 - HTTP
        code = _CODES.get(status, "SERVER_ERROR" if status >= 500 else "UNSUPPORTED")  # noqa: PLR2004
        return Reply(status, {"error_code": code, "message": "as ordered"}, headers)

    def suspended(self, call: Call) -> Reply:
        """A business that was put out."""
        del call
        return Reply(400, {"error_code": "BUSINESS_SUSPENDED", "message": "as ordered"})

    def inside(self, call: Call) -> Reply:
        """A success that holds an error."""
        del call
        return Reply(200, {"error_code": "CHANNEL_ERROR", "message": "as ordered"})

    def _named(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}-{self._count:024d}"

    @property
    def _now(self) -> str:
        return iso_ms(self.now_s * 1_000)

    def _session(self, wanted: dict[str, Any]) -> Reply:
        name = self._named("ps")
        self.sessions[name] = {
            **wanted,
            "payment_session_id": name,
            "status": "ACTIVE",
            "created": self._now,
            "updated": self._now,
            "payment_link_url": f"https://pay.invalid/{name}",
        }
        return Reply(201, self.sessions[name])

    def _refund(self, wanted: dict[str, Any]) -> Reply:
        made = {"id": self._named("rfd"), "status": "SUCCEEDED", "created": self._now, **wanted}
        self._move("REFUND", made["id"], made["reference_id"], wanted["amount"], wanted["currency"])
        return Reply(200, made)

    def _payout(self, wanted: dict[str, Any]) -> Reply:
        made = {"id": self._named("disb"), "status": "ACCEPTED", "created": self._now, **wanted}
        self.sent[wanted["reference_id"]] = made
        self._move(
            "DISBURSEMENT",
            made["id"],
            made["reference_id"],
            wanted["amount"],
            wanted["currency"],
            status="PENDING",
        )
        return Reply(200, made)

    def _move(
        self,
        kind: str,
        product: str,
        reference: str,
        amount: float,
        currency: str,
        status: str = "SUCCESS",
    ) -> None:
        fee = {"xendit_fee": _FEE, "value_added_tax": 0} if kind != "REFUND" else {}
        self.moved.append(
            {
                "id": self._named("txn"),
                "product_id": product,
                "type": kind,
                "status": status,
                "reference_id": reference,
                "currency": currency,
                "amount": amount,
                "fee": fee,
                "created": self._now,
            }
        )

    # what payers and banks do

    def pay(self, payment_id: int) -> tuple[dict[str, str], bytes]:
        """Somebody pays a session; the webhook of it."""
        session = next(
            one for one in self.sessions.values() if one["reference_id"] == str(payment_id)
        )
        session |= {
            "status": "COMPLETED",
            "updated": self._now,
            "payment_request_id": self._named("pr"),
            "payment_id": self._named("py"),
        }
        self._move(
            "PAYMENT",
            session["payment_id"],
            session["reference_id"],
            session["amount"],
            session["currency"],
        )
        return self.webhook("payment_session.completed", session)

    def give_back(self, payment_id: int, amount: int) -> tuple[dict[str, str], bytes]:
        """A refund of so many whole units; the webhook of it."""
        session = next(
            one for one in self.sessions.values() if one["reference_id"] == str(payment_id)
        )
        reply = self._refund(
            {
                "payment_request_id": session["payment_request_id"],
                "reference_id": f"{payment_id}-by-hand",
                "amount": amount,
                "currency": session["currency"],
            }
        )
        return self.webhook("refund.succeeded", reply.content)

    def settle(self, payout_id: int, status: str) -> tuple[dict[str, str], bytes]:
        """The bank has decided about a payout; the webhook of it."""
        made = self.sent[str(payout_id)]
        made["status"] = status
        for one in self.moved:
            if one["product_id"] == made["id"]:
                one["status"] = {"SUCCEEDED": "SUCCESS"}.get(status, status)
        return self.webhook(f"payout.{status.lower()}", made)

    def webhook(self, kind: str, thing: dict[str, Any]) -> tuple[dict[str, str], bytes]:
        """An event about something, as headers and body."""
        event = {"event": kind, "business_id": "b", "created": self._now, "data": thing}
        return {"x-callback-token": TOKEN, "webhook-id": "w"}, msgspec.json.encode(event)
