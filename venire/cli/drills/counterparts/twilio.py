"""Twilio's stand-in: one account that sends texts, and says inside its answers what went wrong."""

from __future__ import annotations

import hashlib
from typing import Any, Final
from urllib.parse import urlencode

from venire.adapters.sms.twilio import Twilio
from venire.cli.drills.counterparts.server import Call, Counterpart, Reply

ACCOUNT: Final = "AC" + "0f" * 16
TOKEN: Final = "stand-in-token"  # noqa: S105 - of a stand-in
SENDER: Final = "+15005550006"
_CODES: Final = {401: 20003, 403: 20003, 404: 20404, 429: 20429, 500: 20500, 503: 20503}
NUMBERS: Final = {"+15005550001": 21211, "+15005550004": 21610, "+15005550009": 21614}
"""As Twilio's own test credentials: what a text to these numbers is refused with."""


class TwilioCounterpart(Counterpart):
    """Keeps what it was given in `texts`, by the message's id."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: dict[str, dict[str, str]] = {}

    @property
    def sent(self) -> list[tuple[str, str]]:
        """To whom which text went."""
        return [(form["To"], form["Body"]) for form in self.texts.values()]

    def adapter(self, **more: Any) -> Twilio:
        """The adapter on this stand-in."""
        return Twilio(ACCOUNT, TOKEN, sender=SENDER, address=self.url, loopback=True, **more)

    def answer(self, call: Call) -> Reply:
        """The account and its messages."""
        at = f"/2010-04-01/Accounts/{ACCOUNT}"
        if call.method == "GET" and call.path == f"{at}.json":
            return Reply(200, {"sid": ACCOUNT, "status": "active"})
        if call.method != "POST" or call.path != f"{at}/Messages.json":
            return self.refusal(404)
        form = call.form
        if form.get("To") in NUMBERS:
            return _error(400, NUMBERS[form["To"]])
        missing = not form.get("Body") or not (form.get("From") or form.get("MessagingServiceSid"))
        if missing or not form.get("To"):
            return _error(400, 21604)
        reference = "SM" + hashlib.md5(str(len(self.texts)).encode()).hexdigest()  # noqa: S324
        self.texts[reference] = form
        return Reply(201, _message(reference, "queued", None))

    def refusal(self, status: int) -> Reply:
        """A refusal with a code of its own."""
        return _error(status, _CODES.get(status, 0))

    def suspended(self, call: Call) -> Reply:
        """A suspended account is still shown; nothing is sent for it."""
        if call.method == "GET":
            return Reply(200, {"sid": ACCOUNT, "status": "suspended"})
        return _error(403, 20005)

    def inside(self, call: Call) -> Reply:
        """A message that is made and has failed already."""
        del call
        return Reply(201, _message("SM" + "a" * 32, "failed", 30008))

    def report(self, reference: str, state: str, code: str = "") -> tuple[str, bytes, str]:
        """A receipt of a message: where it goes, its body, its signature."""
        where = self.texts[reference]["StatusCallback"]
        fields = {"MessageSid": reference, "MessageStatus": state, "AccountSid": ACCOUNT}
        if code:
            fields["ErrorCode"] = code
        signature = self.adapter().signature(where, list(fields.items()))
        return where, urlencode(fields).encode(), signature.decode()


def _message(reference: str, status: str, code: int | None) -> dict[str, Any]:
    return {"sid": reference, "status": status, "error_code": code, "error_message": None}


def _error(status: int, code: int) -> Reply:
    told = {"code": code, "message": "as ordered", "more_info": "", "status": status}
    headers = {"Retry-After": "7"} if status == 429 else {}  # noqa: PLR2004 - HTTP
    return Reply(status, told if code else b"", headers)
