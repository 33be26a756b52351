"""The routes of money: memberships, donations, webhooks, where jurors are paid, the treasury."""

from __future__ import annotations

from venire.api import memberships, payout_destinations, treasury_desk, webhooks
from venire.api.routing import Options, Route
from venire.treasury.webhooks import BODY_BYTES

_STILL = Options(while_suspended=True)
_T = "/api/v1/admin/treasury"
_FILE = f"{_T}/files/{{currency}}/{{id}}"

MONEY: tuple[Route, ...] = (
    Route("GET", "/api/v1/memberships/prices", memberships.prices, "open"),
    Route("GET", "/api/v1/memberships", memberships.show, "read:accounts", options=_STILL),
    Route("DELETE", "/api/v1/memberships", memberships.cancel, "write:accounts", options=_STILL),
    Route("POST", "/api/v1/memberships/checkout", memberships.join, "write:accounts", "checkout"),
    Route("POST", "/api/v1/donations/checkout", memberships.donate, "open", "checkout"),
    Route(
        "POST",
        "/api/v1/webhooks/payments/{vendor}",
        webhooks.take,
        "open",
        "webhook",
        doc="a processor tells what happened; signed, never with a token",
        options=Options(body_bytes=BODY_BYTES),
    ),
    Route("GET", "/api/v1/jury/payout_destination", payout_destinations.show, "juror"),
    Route("PUT", "/api/v1/jury/payout_destination", payout_destinations.choose, "juror"),
    Route(
        "DELETE",
        "/api/v1/jury/payout_destination",
        payout_destinations.forget,
        "juror",
        options=_STILL,
    ),
    Route("GET", _T, treasury_desk.show, "admin:read:accounts"),
    Route("POST", f"{_T}/fund", treasury_desk.fund, "admin:write:accounts"),
    Route("POST", f"{_T}/settled", treasury_desk.settled, "admin:write:accounts"),
    Route("POST", f"{_T}/files", treasury_desk.make_file, "admin:write:accounts"),
    Route("GET", _FILE, treasury_desk.download_file, "admin:write:accounts"),
    Route("POST", f"{_FILE}/sent", treasury_desk.file_sent, "admin:write:accounts"),
    Route("POST", f"{_FILE}/settle", treasury_desk.settle_file, "admin:write:accounts"),
    Route("POST", f"{_T}/payments/{{id}}/refund", treasury_desk.refund, "admin:write:accounts"),
    Route("GET", f"{_T}/payees/{{id}}", treasury_desk.payee, "admin:read:accounts"),
)
