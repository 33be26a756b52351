"""Stand-ins of chat services: what an alert is received by, as each of them speaks."""

from __future__ import annotations

from typing import Any, Final

from venire.adapters.chat.apprise_chat import AppriseChat
from venire.cli.drills.counterparts.server import Call, Counterpart, Reply

SECRETS: Final = {
    "ntfy": "tk_standinstandinstandinstandin1",
    "matrix": "stand-in-token",
    "telegram": "123456789:standinstandinstandinstandinstandin",
    "slack": "xoxb-1234-1234-4ddbc191d40ee098cbaae6f3523ada2d",
    "signal": "",
}
RECIPIENTS: Final = {
    "ntfy": "juror-topic-7f3a",
    "matrix": "!room:home.test",
    "telegram": "12315544",
    "slack": "U01ABCDEF",
    "signal": "+6281234567890",
}


class ChatCounterpart(Counterpart):
    """One service. Keeps what it was given in `said`: to whom, and what."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self.service = service
        self.said: list[tuple[str, str]] = []

    @property
    def recipient(self) -> str:
        """Somebody who can be reached here."""
        return RECIPIENTS[self.service]

    def adapter(self, **more: Any) -> AppriseChat:
        """The adapter on this stand-in."""
        options = {"address": self.url, "from": "+15005550006"}
        return AppriseChat(self.service, SECRETS[self.service], options, loopback=True, **more)

    def answer(self, call: Call) -> Reply:
        """What this service is asked, and how it answers."""
        answer: Reply = getattr(self, f"_{self.service}")(call)
        return answer

    def suspended(self, call: Call) -> Reply:
        """Slack says it inside; the others refuse."""
        del call
        if self.service == "slack":
            return Reply(200, {"ok": False, "error": "account_inactive"})
        return self.refusal(401)

    def inside(self, call: Call) -> Reply:
        """A success that is none."""
        del call
        return Reply(200, {"ok": False, "error": "channel_not_found", "description": "no"})

    def refusal(self, status: int) -> Reply:
        """A refusal in JSON."""
        return Reply(status, {"ok": False, "error": "refused", "code": status})

    def _ntfy(self, call: Call) -> Reply:
        if call.path == "/v1/health":
            return Reply(200, {"healthy": True})
        told = call.json() or {}
        self.said.append((str(told.get("topic")), str(told.get("message"))))
        return Reply(200, {"id": "x"})

    def _matrix(self, call: Call) -> Reply:
        if "whoami" in call.path:
            return Reply(200, {"user_id": "@us:home.test"})
        if "/join" in call.path:
            return Reply(200, {"room_id": self.recipient})
        if "/send/" in call.path:
            self.said.append((self.recipient, str((call.json() or {}).get("body"))))
            return Reply(200, {"event_id": "$e"})
        return Reply(200, {"user_id": "@us:home.test", "access_token": "t", "joined_rooms": []})

    def _telegram(self, call: Call) -> Reply:
        if not call.path.endswith("/getMe"):
            told = call.json() or {}
            self.said.append((str(told.get("chat_id")), str(told.get("text"))))
        return Reply(200, {"ok": True, "result": {}})

    def _slack(self, call: Call) -> Reply:
        if not call.path.endswith("auth.test"):
            told = call.json() or {}
            text = str(told.get("attachments", [{}])[0].get("text", told.get("text")))
            self.said.append((str(told.get("channel")), text))
        return Reply(200, {"ok": True, "channel": "C", "ts": "1"})

    def _signal(self, call: Call) -> Reply:
        if call.path == "/v1/about":
            return Reply(200, {"versions": ["v1", "v2"]})
        told = call.json() or {}
        self.said.append((str(told.get("recipients", [""])[0]), str(told.get("message"))))
        return Reply(201, {"timestamp": "1"})
