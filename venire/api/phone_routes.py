"""The routes of texts and chats: members' numbers, jurors' addresses, vendors' receipts."""

from __future__ import annotations

from venire.api import juror_chats, phones, text_reports
from venire.api.routing import Options, Route

_STILL = Options(while_suspended=True)
_P = "/api/v1/accounts/phone"
_C = "/api/v1/jury/chats"
_RECEIPT_BYTES = 64 * 1024

PHONES: tuple[Route, ...] = (
    Route("GET", _P, phones.show, "read:accounts", options=_STILL),
    Route("POST", _P, phones.ask, "write:accounts", "phone"),
    Route("POST", f"{_P}/verify", phones.verify, "write:accounts", "phone"),
    Route("DELETE", _P, phones.remove, "write:accounts", options=_STILL),
    Route("GET", "/api/v1/admin/texts", phones.figures, "admin:read:accounts"),
    Route("POST", "/api/v1/admin/texts", phones.switch, "admin:write:accounts"),
    Route("GET", _C, juror_chats.show, "juror", options=_STILL),
    Route("POST", _C, juror_chats.begin, "juror", "phone"),
    Route("POST", f"{_C}/{{service}}/prove", juror_chats.prove, "juror", "phone"),
    Route("DELETE", f"{_C}/{{service}}", juror_chats.forget, "juror", options=_STILL),
    Route(
        "POST",
        "/api/v1/vendors/texts/{name}/{secret}",
        text_reports.receive,
        "open",
        "receipt",
        "from a vendor of texts: signed by it, or at an address that it alone was told",
        Options(body_bytes=_RECEIPT_BYTES),
    ),
)
