"""BTCPay Server's stand-in: the invoices of one store, and webhooks that it signs."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from venire.adapters.payments.btcpay import BtcPay
from venire.adapters.payments.signatures import signed_hex
from venire.cli.drills.counterparts.server import Call, Counterpart, Reply
from venire.kernel.money import Digits

KEY: Final = "greenfield-standin"
STORE: Final = "standin"
SECRET: Final = "webhook-standin"  # noqa: S105 - of a stand-in


class BtcPayCounterpart(Counterpart):
    """Remembers invoices; `now_s` is its own clock."""

    name = "btcpay"

    def __init__(self, now_s: int = 1_767_225_600) -> None:
        super().__init__()
        self.now_s = now_s
        self.invoices: dict[str, dict[str, Any]] = {}
        self.ended: list[str] = []
        self._count = 0

    def adapter(self, digits: Digits | None = None, **more: Any) -> BtcPay:
        """The adapter on this stand-in."""
        return BtcPay(self.url, KEY, STORE, SECRET, digits or Digits(), loopback=True, **more)

    def answer(self, call: Call) -> Reply:
        """The store and its invoices."""
        at = f"/api/v1/stores/{STORE}"
        if call.headers.get("authorization") != f"token {KEY}":
            return self.refusal(401)
        if call.path == at:
            return Reply(200, {"id": STORE, "name": "stand-in"})
        if call.path == f"{at}/invoices" and call.method == "POST":
            return self._invoice(call.json())
        if call.path == f"{at}/invoices":
            begins, skip = int(call.query["startDate"]), int(call.query["skip"])
            listed = [
                one
                for one in self.invoices.values()
                if one["createdTime"] >= begins and one["status"] == call.query["status"]
            ]
            return Reply(200, listed[skip : skip + int(call.query["take"])])
        found = self.invoices.get(call.path.removeprefix(f"{at}/invoices/"))
        return self.refusal(404) if found is None else Reply(200, found)

    def _invoice(self, wanted: dict[str, Any]) -> Reply:
        self._count += 1
        name = f"Inv{self._count:010d}"
        self.invoices[name] = {
            "id": name,
            "storeId": STORE,
            "status": "New",
            "createdTime": self.now_s,
            "checkoutLink": f"{self.url}/i/{name}",
            **wanted,
        }
        return Reply(200, self.invoices[name])

    def refusal(self, status: int) -> Reply:
        """A refusal as BTCPay words it."""
        headers = {"Retry-After": "7"} if status == 429 else {}  # noqa: PLR2004 - HTTP
        return Reply(status, {"code": "as-ordered", "message": "as ordered"}, headers)

    def inside(self, call: Call) -> Reply:
        """A success that holds an error."""
        del call
        return Reply(200, {"code": "generic-error", "message": "as ordered"})

    def pay(self, payment_id: int) -> tuple[dict[str, str], bytes]:
        """An invoice is settled; the webhook of it."""
        invoice = next(
            one for one in self.invoices.values() if one["metadata"]["orderId"] == str(payment_id)
        )
        invoice["status"] = "Settled"
        return self.webhook("InvoiceSettled", invoice)

    def webhook(
        self, kind: str, invoice: dict[str, Any], *, at_s: int | None = None
    ) -> tuple[dict[str, str], bytes]:
        """A signed event about an invoice, as headers and body."""
        self._count += 1
        event = {
            "deliveryId": f"d{self._count}",
            "originalDeliveryId": f"d{self._count}",
            "isRedelivery": False,
            "type": kind,
            "timestamp": self.now_s if at_s is None else at_s,
            "storeId": STORE,
            "invoiceId": invoice["id"],
            "metadata": invoice.get("metadata", {}),
        }
        raw = msgspec.json.encode(event)
        return {"btcpay-sig": f"sha256={signed_hex(SECRET, raw)}"}, raw
