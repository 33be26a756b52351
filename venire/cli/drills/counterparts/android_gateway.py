"""The stand-in of a phone with the app SMSGate, or of a server before it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any, Final

import msgspec

from venire.adapters.sms.android_gateway import AndroidGateway
from venire.cli.drills.counterparts.server import Call, Counterpart, Reply

USERNAME: Final = "sms"
PASSWORD: Final = "stand-in-word"  # noqa: S105 - of a stand-in
SIGNING_KEY: Final = "stand-in-signing-key"


class AndroidCounterpart(Counterpart):
    """Keeps what it was given in `texts`, by the message's id."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: dict[str, dict[str, Any]] = {}

    @property
    def sent(self) -> list[tuple[str, str]]:
        """To whom which text went."""
        return [(one["phoneNumbers"][0], one["textMessage"]["text"]) for one in self.texts.values()]

    def adapter(self, **more: Any) -> AndroidGateway:
        """The adapter on this stand-in."""
        more.pop("reports_at", "")
        return AndroidGateway(
            self.url, USERNAME, PASSWORD, signing_key=SIGNING_KEY, loopback=True, **more
        )

    def answer(self, call: Call) -> Reply:
        """Messages, one by one."""
        known = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
        if call.headers.get("authorization") != f"Basic {known}":
            return self.refusal(401)
        if call.method == "GET":
            return self.refusal(404)
        wanted = call.json()
        if wanted["id"] in self.texts:
            return self.refusal(409)
        self.texts[wanted["id"]] = wanted
        return _state(wanted, "Pending")

    def suspended(self, call: Call) -> Reply:
        """A password that was changed."""
        del call
        return self.refusal(401)

    def inside(self, call: Call) -> Reply:
        """A message that is taken and has failed already."""
        return _state(call.json() or {"id": "", "phoneNumbers": []}, "Failed")

    def report(self, key: str, event: str, at_s: int) -> tuple[dict[str, str], bytes]:
        """A receipt of a message: its headers, and its body."""
        payload = {"messageId": key, "phoneNumber": "+62"}
        body = msgspec.json.encode({"event": event, "id": "e", "payload": payload})
        said = body + str(at_s).encode()
        signature = hmac.new(SIGNING_KEY.encode(), said, hashlib.sha256).hexdigest()
        return {"x-timestamp": str(at_s), "x-signature": signature}, body


def _state(wanted: dict[str, Any], state: str) -> Reply:
    recipients = [{"phoneNumber": one, "state": state} for one in wanted["phoneNumbers"]]
    return Reply(202, {"id": wanted["id"], "state": state, "recipients": recipients})
