"""Infobip's stand-in: statuses inside of successes, ids that are taken once."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from venire.adapters.sms.infobip import Infobip
from venire.cli.drills.counterparts.server import Call, Counterpart, Reply

KEY: Final = "stand-in-key"
SENDER: Final = "Venire"
NUMBERS: Final = {
    "15005550001": (5, 52, "REJECTED_DESTINATION"),
    "15005550004": (5, 10, "REJECTED_DND"),
}
"""What a text to these numbers is refused with: group, id and name of the status."""


class InfobipCounterpart(Counterpart):
    """Keeps what it was given in `texts`, by the message's id."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: dict[str, dict[str, str]] = {}

    @property
    def sent(self) -> list[tuple[str, str]]:
        """To whom which text went."""
        return [(f"+{one['to']}", one["text"]) for one in self.texts.values()]

    def adapter(self, **more: Any) -> Infobip:
        """The adapter on this stand-in."""
        return Infobip(self.url, KEY, sender=SENDER, loopback=True, **more)

    def answer(self, call: Call) -> Reply:
        """The balance, and messages."""
        if call.headers.get("authorization") != f"App {KEY}":
            return self.refusal(401)
        if (call.method, call.path) == ("GET", "/account/1/balance"):
            return Reply(200, {"balance": 47.79, "currency": "EUR"})
        if (call.method, call.path) != ("POST", "/sms/3/messages"):
            return self.refusal(404)
        message = call.json()["messages"][0]
        place = message["destinations"][0]
        key, to = place["messageId"], place["to"]
        if to in NUMBERS:
            return _status(key, to, *NUMBERS[to])
        if key in self.texts:
            return _status(key, to, 5, 23, "REJECTED_DUPLICATE_MESSAGE_ID")
        hook = message.get("webhooks", {}).get("delivery", {}).get("url", "")
        self.texts[key] = {"to": to, "text": message["content"]["text"], "hook": hook}
        return _status(key, to, 1, 26, "PENDING_ACCEPTED")

    def refusal(self, status: int) -> Reply:
        """A refusal as this vendor words it."""
        name = {401: "UNAUTHORIZED", 403: "FORBIDDEN", 429: "TOO_MANY_REQUESTS"}
        told = {"messageId": name.get(status, "BAD_REQUEST"), "text": "as ordered"}
        headers = {"Retry-After": "7"} if status == 429 else {}  # noqa: PLR2004 - HTTP
        return Reply(status, {"requestError": {"serviceException": told}}, headers)

    def inside(self, call: Call) -> Reply:
        """A success that says that nothing will be sent."""
        del call
        return _status("x", "x", 5, 21, "REJECTED_SYSTEM_ERROR")

    def report(self, key: str, group: int, name: str) -> tuple[str, bytes, str]:
        """A receipt of a message: where it goes, its body, and no signature."""
        status = {"groupId": group, "name": name}
        told = {"results": [{"messageId": key, "status": status}]}
        return self.texts[key]["hook"], msgspec.json.encode(told), ""


def _status(key: str, to: str, group: int, number: int, name: str) -> Reply:
    status = {
        "groupId": group,
        "id": number,
        "name": name,
        "groupName": name.split("_", maxsplit=1)[0],
    }
    one = {"messageId": key, "status": status, "destination": to}
    return Reply(200, {"bulkId": "b", "messages": [one]})
